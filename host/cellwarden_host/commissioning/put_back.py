"""Limits that are tightened for a moment: on the disk before they are on the board.

Where such a file is found at a connect, the pages say so and offer to put the old limits back:
it needs the password, so nothing does it by itself, except the next proof. A limit
that somebody else has changed meanwhile is left alone. Until it has been put back, the board
protects earlier than it was set to, never later.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import catalog, kept, rehearsal, transaction
from ..board import Board, Values
from ..data_folder import folder
from ..problems import Refused
from ..rehearsal import Key
from ..words import Said, listed, say
from ..words import schema as schema_words

_FORMAT = "cellwarden tightened limits"


def _path(machine_code: str) -> Path:
    return folder() / "commissioning" / f"{kept.file_name(machine_code)}.tightened.json"


def remember(machine_code: str, rule: str, before: dict[Key, int], tight: dict[Key, int]) -> None:
    """Called before the board is written."""
    if not machine_code:
        raise Refused(say("The board tells no machine code: nothing could be put back by name"))
    limits = [
        {"name": name, "element": element, "before": before[name, element], "tight": count}
        for (name, element), count in tight.items()
    ]
    kept.write_json(
        _path(machine_code),
        {"format": _FORMAT, "machine_code": machine_code, "rule": rule, "limits": limits},
    )


def pending(machine_code: str) -> str:
    """The rule whose limits are still tightened on this board, as far as this PC knows."""
    document = _document(machine_code)
    return str(document["rule"]) if document else ""


def put_back(board: Board, machine_code: str) -> Said | None:
    """Undo what is written down for this board, in words; None when there is nothing.

    Needs a session. The file goes only when the board has been written and read back.
    """
    document = _document(machine_code)
    if document is None:
        return None
    if board.read([catalog.NAMED["machine_code"]]).texts["machine_code"] != machine_code:
        raise Refused(say("This is another board than the one whose limits were tightened"))
    now = board.read(rehearsal.NEEDED)
    wanted = {
        (one["name"], one["element"]): one["before"]
        for one in document["limits"]
        if now.all(one["name"])[one["element"]] == one["tight"]
    }
    left: list[str] = []
    if rehearsal.play(now, wanted).problem is not None:
        wanted, left = _fitting(now, wanted)
    if wanted:
        transaction.write(board, wanted)
    _path(machine_code).unlink(missing_ok=True)
    if left:
        return say(
            "The limits have been put back, except {names}: they do not fit what somebody has "
            "set meanwhile, and stay tightened",
            names=listed(schema_words.name_of(name) for name in left),
        )
    return say("The limits that a proof had tightened have been put back")


def _fitting(now: Values, wanted: dict[Key, int]) -> tuple[dict[Key, int], list[str]]:
    """As much of ``wanted`` as fits the settings, and the names of the rest."""
    fits: dict[Key, int] = {}
    for key, count in wanted.items():
        if rehearsal.play(now, {**fits, key: count}).problem is None:
            fits[key] = count
    return fits, [name for name, element in wanted if (name, element) not in fits]


def _document(machine_code: str) -> dict[str, Any] | None:
    document = kept.read_json(_path(machine_code)) if machine_code else None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        return None
    whole = all(
        one["name"] in catalog.SETTING and isinstance(one["before"], int)
        for one in document["limits"]
    )
    return document if whole else None
