"""One flashing from the port to the version that is read back; says each step as it goes.

Asks nothing: the command line has asked before. The board is interrupted from the first moment
on, so its outputs go off even for a look; it is always started again at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .. import catalog
from ..board import Board
from ..board_check.folder import Folder
from ..link import Line
from ..problems import BadInput, NoConnection, Problem, Refused
from . import find, interpreter, plan, remote
from .interpreter import OLDEST, Image
from .on_board import FAMILIES, About, BoardFiles
from .plan import Plan

TOUCH_MV = 60_000
RESTART_S = 30.0
_RETRY_S = 0.5
_BAUD = catalog.SETTING["rs485_2_baud"].default * 100

Say = Callable[[str], None]


@dataclass(frozen=True)
class Look:
    """A board at its prompt, and what is to be done with it."""

    about: About
    pack_mv: int | None
    plan: Plan


def look(files: BoardFiles, board: Folder, keys: bytes | None = None) -> Look:
    """Everything there is to know before the first byte is written; refuses what cannot work.

    ``keys``: those the board is to trust; without, it keeps what it has, and a new board trusts
    the development key.
    """
    about = files.about()
    check_family(about, board)
    if about.version < OLDEST:
        raise Refused(
            f"the board runs MicroPython {about.micropython}, {'.'.join(map(str, OLDEST))} is the "
            "oldest that the firmware runs on: repeat with --micropython FILE"
        )
    wanted = plan.wanted(board.name, about.simulated, keys)
    made = plan.make(wanted, files.hashes(plan.roots(wanted)), keep_keys=keys is None)
    plan.check_room(made, about)
    return Look(about, files.pack_mv() if about.firmware else None, made)


def check_family(about: About, board: Folder) -> None:
    """Refuse a folder for another processor. The simulator takes any."""
    if about.simulated:
        return
    if board.name == "sim":
        raise Refused("the board sim is only simulated; which one is this? cellwarden boards")
    here, wanted = FAMILIES[about.platform], str(board.get("FAMILY"))
    if here != wanted:
        raise Refused(
            f"the board on this port has an {here.upper()}, {board.name} is for an "
            f"{wanted.upper()}; nothing was changed"
        )


def warning(pack_mv: int | None) -> str:
    """What a person should know who is about to touch the cable; empty below 60 V."""
    if pack_mv is None:
        return (
            "the pack's voltage is not known: above 60 V it is dangerous to touch, and a port "
            "that is not isolated bypasses the low-side switches. Isolated port, or no pack"
        )
    if pack_mv > TOUCH_MV:
        return (
            f"the pack has {pack_mv / 1000:.1f} V: dangerous to touch, and a port that is not "
            "isolated bypasses the low-side switches. Go on only through an isolated port"
        )
    return ""


def with_micropython(
    port: str, tool: str, board: Folder, image: Image | None, fetch: Callable[[], Image], say: Say
) -> str:
    """Make sure that the MicroPython that was given answers, or on a board that has none one
    that can be fetched; the port where the board is then, or nothing when it was left alone."""
    try:
        with remote.opened(port, tool) as opened:
            files = BoardFiles(opened)
            about = files.about()
            check_family(about, board)
            if image is None or about.simulated or image.version == about.version:
                return ""
            if about.platform == "rp2":
                say("leaving for the RP2040's loader")
                files.bootloader()
    except remote.NoAnswer:
        if board.get("FAMILY") != "esp32":
            raise
        image = image or fetch()
    if board.get("FAMILY") == "esp32":
        say(f"installing {image.words} by esptool")
        interpreter.by_esptool(port, image)
        return port
    drive = find.wait_for(
        find.uf2_drives,
        RESTART_S,
        "the board's UF2 drive did not appear; plug it in with BOOTSEL held and repeat",
    )
    return on_drive(drive, board, image, say)


def on_drive(drive: Path, board: Folder, image: Image, say: Say) -> str:
    """Install on a board that waits as a UF2 drive; the port it then has."""
    name = find.describes(drive)
    if name and name != "RPI-RP2":
        raise Refused(f"the drive {drive} is a {name}, not an RP2040")
    say(f"installing {image.words} on {drive}")
    family = board.get("FAMILY")
    others = set(find.usb_ports(family))
    return interpreter.by_drive(
        drive, image, lambda: [port for port in find.usb_ports(family) if port not in others]
    )


@contextmanager
def restarted(files: BoardFiles) -> Iterator[None]:
    """Start the board in the end, also after a refusal; not when the cable is out."""
    try:
        yield
    except (Refused, BadInput, KeyboardInterrupt):
        with suppress(Problem):
            files.enter()
            files.reset()
        raise
    files.reset()


def read_back(port: str) -> str:
    """The version that the running firmware tells over RS485, once it is up."""
    row = catalog.NAMED["firmware_version"]
    end = time.monotonic() + RESTART_S
    while True:
        try:
            with Line(port, _BAUD) as line:
                return Board(line).read([row]).texts[row.name]
        except NoConnection as problem:
            if time.monotonic() > end:
                raise Problem(
                    f"flashed and verified, but the firmware does not answer on {port}: {problem}"
                ) from problem
        time.sleep(_RETRY_S)
