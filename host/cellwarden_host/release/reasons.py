"""Why an image is refused, in a sentence for a person: what is wrong and what to do about it."""

from __future__ import annotations

from board_update.image import Bad

from ..words import Said, say


def told(bad: Bad) -> Said:
    """The sentence for a refusal; its detail in brackets, where it has one."""
    said = _SENTENCES.get(bad.reason)
    if said is None:
        return say("the image is refused: {reason}", reason=bad.reason)
    if not bad.detail:
        return said
    return say("{sentence} ({detail})", sentence=said, detail=bad.detail)


_SENTENCES = {
    "truncated": say("the image is not complete: fetch it again"),
    "too big": say("the image is larger than it says, or than a board can take"),
    "format": say("this is no firmware image that can be read here"),
    "hash": say("the image is damaged: fetch it again"),
    "signature": say("the image is not signed with a key that is trusted here"),
    "development key": say(
        "the image is signed with the development key, which everybody has; sign it with your own"
    ),
    "board": say("the image is for another board"),
    "hardware": say("the image is for another hardware revision of this board"),
    "version": say("the image is older than what runs; going back has to be asked for"),
    "micropython": say(
        "the image does not run on the board's MicroPython: install the one it was made for first"
    ),
    "missing": say("a file of the firmware is missing"),
    "running": say("the board still tries what it got last; wait until that is confirmed"),
}
