"""After the restart: what runs now, and whether it has shown that it works.

Asking is part of it: a new firmware confirms itself once it has answered a request.
"""

from __future__ import annotations

from .. import catalog
from ..board import Board, Values
from ..problems import NoConnection, Refused
from ..words import say
from .plan import Plan
from .progress import CONFIRM, Outcome, Pace, Progress, Told

_PATIENCE_S = 120.0
_POLL_S = 0.5
_NAMES = ("slot_running", "slot_trial", "since_start_s", "update_state", "slot_other_state")


def confirmed(board: Board, made: Plan, told: Told, pace: Pace, was_away: bool = False) -> Outcome:
    """Wait until the board is back and what runs is confirmed; say what runs."""
    end_s = pace.now_s() + _PATIENCE_S
    version = ""
    started = was_away
    while pace.now_s() < end_s:
        told(Progress(CONFIRM))
        try:
            values = board.read(
                [catalog.NAMED["firmware_version"]] + [catalog.READING[name] for name in _NAMES]
            )
        except NoConnection:
            pace.wait(_POLL_S)
            _again(board)
            continue
        # Before the restart the old firmware still says "switching".
        started = started or values.word("update_state") != "switching"
        version = values.texts["firmware_version"]
        if started and not values.known("slot_trial"):
            return _outcome(made, version, values)
        pace.wait(_POLL_S)
    if version:
        raise Refused(
            say("{version} runs, and has not confirmed itself yet; look again", version=version)
        )
    raise NoConnection(
        say(
            "the board has not answered since the switch-over. It goes back by itself when the "
            "new firmware does not work; ask again in a while: cellwarden read"
        )
    )


def _again(board: Board) -> None:
    try:
        board.reopen()
    except NoConnection:
        pass  # not back yet


def _outcome(made: Plan, version: str, values: Values) -> Outcome:
    bad = values.word("slot_other_state") == "bad"
    if version == made.version and not bad:
        text = say("{version} runs now", version=version)
        return Outcome(version, True, text)
    text = say(
        "the new firmware {new} did not work; {version} runs again (cellwarden journal says why)",
        new=made.version,
        version=version,
    )
    return Outcome(version, False, text)
