"""Carries a plan out, so that a cable pulled at any byte leaves a board that starts safely.

1. New files are written under other names and proven by their hash: the old firmware is whole.
2. main.py goes: from here on a start ends at the prompt with every output off.
3. Files are renamed into place, unknown ones in our folders removed, boot.py last of these.
4. What was put in place is hashed there once more, and after a soft reset the whole firmware
   is loaded, not run.
5. main.py comes back, and the board is reset.

Each step can be repeated: a second run finds what waits and what is in place, and goes on.
"""

from __future__ import annotations

from collections.abc import Callable

from ..problems import Refused
from .on_board import STAGING, BoardFiles, BoardFull
from .plan import MAIN, File, Plan
from .remote import BoardError

# Called with the path of the file under way and the bytes that have just gone.
Progress = Callable[[str, int], None]


def carry_out(board: BoardFiles, plan: Plan, name: str, progress: Progress) -> str:
    """Everything up to main.py in its place; returns the version that the board then has."""
    for path in plan.remove:
        if path.startswith(STAGING):  # waited for a firmware that is not wanted any more
            board.remove(path)
    try:
        for file in plan.send:
            for size in board.write(file.staged, file.data, file.sha256):
                progress(file.path, size)
    except BoardFull:
        board.clear()  # the firmware that is there needs room for what it stores
        raise
    main = next(file for file in plan.files if file.path == MAIN)
    if plan.changes:
        _put_aside(board, plan, main)
    for file in plan.place:
        if file.path != MAIN:
            board.move(file.staged, file.path)
    for path in plan.remove:
        board.remove(path)
    version = _proven(board, plan, name)
    if plan.changes:
        board.move(main.staged, main.path)
        board.clear()
    return version


def _put_aside(board: BoardFiles, plan: Plan, main: File) -> None:
    """Take main.py away; one that is to stay waits with the others."""
    if main in plan.place:
        board.remove(MAIN)
    elif plan.has_main:
        board.move(MAIN, main.staged)


def _proven(board: BoardFiles, plan: Plan, name: str) -> str:
    """What was put in place is what was meant, and the whole firmware loads."""
    placed = [file for file in plan.place if file.path != MAIN]
    held = board.hashes(file.path for file in placed)
    wrong = [file.path for file in placed if held.get(file.path) != file.sha256]
    if wrong:
        raise Refused(
            f"{wrong[0]} on the board is not what was written; its outputs stay off. "
            "Repeat the command; if it happens again, its flash is worn"
        )
    board.enter()
    try:
        found, version = board.load()
    except BoardError as error:
        raise Refused(
            f"the firmware does not load on this board, so its outputs stay off:\n{error}"
        ) from error
    if found != name:
        raise Refused(f"the board says that it is {found!r}, not {name!r}; its outputs stay off")
    return version
