"""What an update would do, read from the file and the board before anything is changed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from board_update.image import version_number

from .. import catalog
from ..board import Board, Declined, Values
from ..problems import Refused
from ..release import reading
from ..words import Said, say

_TEXTS = ("board_name", "firmware_version")
_READINGS = (
    "slot_running",
    "slot_trial",
    "slot_other_state",
    "update_state",
    "update_id",
    "update_size",
    "update_bytes",
    "hold_fitted",
    "charge_switch",
    "discharge_switch",
    "precharge_switch",
)
_NO_REGISTER = 2  # exception code


@dataclass(frozen=True)
class Plan:
    """``running`` and ``board_name`` are empty where no firmware answered."""

    path: Path
    data: bytes
    version: str
    board_name: str
    running: str
    live: bool  # the board takes it over Modbus, in use
    outputs_on: bool
    hold: bool  # and keeps its outputs through the switch-over
    resume_at: int  # bytes of this very file that the board has already
    older: bool  # an older version was asked for

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def mark(self) -> int:
        """What tells this image from another on the wire."""
        return zlib.crc32(self.data) & 0xFFFF

    @property
    def drops_load(self) -> bool:
        """The switch-over opens outputs that are on."""
        return self.outputs_on and not self.hold

    def lines(self) -> list[Said]:
        """The plan for a person."""
        told = [
            say(
                "Runs now: {running}; the file holds {version} for {board}, {size} bytes",
                running=self.running or say("nothing that answers"),
                version=self.version,
                board=self.board_name,
                size=self.size,
            )
        ]
        if self.running == self.version:
            told.append(say("This version runs already; it will be installed again"))
        if self.resume_at:
            told.append(say("The board has {count} bytes of it already", count=self.resume_at))
        return told


def plan(board: Board | None, path: Path, *, older: bool = False) -> Plan:
    """Check the file, and that it is for this board; without a board, the file alone."""
    return planned(board, reading.opened(Path(path)), str(path), older=older)


def planned(board: Board | None, release: reading.Release, path: str, *, older: bool) -> Plan:
    """The plan for an image that is whole; ``path`` is what a person calls it."""
    header = release.header
    values = None if board is None else _asked(board)
    running = name = ""
    if values is not None:
        name, running = (values.texts[text] for text in _TEXTS)
        if name != header.board:
            raise Refused(
                say(
                    "{path} is for the board {wanted}, this one is a {name}; nothing was done",
                    path=path,
                    wanted=header.board,
                    name=name,
                )
            )
        if not older and _number(running) > header.version:
            raise Refused(
                say(
                    "{path} holds version {version}, {running} runs; going back has to be asked "
                    "for (--allow-older)",
                    path=path,
                    version=header.version_text,
                    running=running,
                )
            )
    made = Plan(
        path=Path(path),
        data=release.data,
        version=header.version_text,
        board_name=header.board,
        running=running,
        live=values is not None and values.one("slot_running") is not None,
        outputs_on=values is not None
        and any(values.known(name) for name in _READINGS if name.endswith("_switch")),
        hold=values is not None and bool(values.known("hold_fitted")),
        resume_at=0,
        older=older,
    )
    return made if values is None else resumed(made, values)


def resumed(made: Plan, values: Values) -> Plan:
    """The plan, with what the board has of this very image already."""
    same = values.known("update_size") == made.size and values.known("update_id") == made.mark
    if values.word("update_state") != "receiving" or not same:
        return made
    return Plan(**{**made.__dict__, "resume_at": values.known("update_bytes")})


def _asked(board: Board) -> Values:
    try:
        return board.read(
            [catalog.NAMED[name] for name in _TEXTS]
            + [catalog.READING[name] for name in _READINGS]
        )
    except Declined as error:
        if error.code != _NO_REGISTER:
            raise
        raise Refused(
            say(
                "what runs on this board is older than updates over RS485; install this version "
                "over USB once: cellwarden flash"
            )
        ) from error


def _number(version: str) -> int:
    try:
        return int(version_number(version))
    except ValueError:
        return 0
