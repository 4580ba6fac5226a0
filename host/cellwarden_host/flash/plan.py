"""What a board holds against what it should hold: what to send, to put in place, to remove.

Only folders and files that are wholly ours are compared; /data, /lib and a person's own files
are never looked at. A stale .py beside a new .mpy would be loaded in its place, so what we do
not know in our folders goes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..problems import Refused
from ..sim.image import FIXED_PACKAGES, SLOT_PACKAGES, flash_files
from .on_board import STAGING, About

MAIN = "/main.py"
BOOT = "/boot.py"
KEYS = "/loader/keys"  # of the releases that the board trusts
# Folders and files of ours. The other slot, the record of which slot runs and an image on its
# way go: what was flashed is what is to run. So do the folders of before there were slots.
_OURS = (
    *FIXED_PACKAGES.values(),
    *SLOT_PACKAGES.values(),
    *("/a.fw", "/a.man", "/b.fw", "/b.man", "/boot1.rec", "/boot2.rec", "/update.img"),
)
_SPARE_BLOCKS = 8  # LittleFS writes new before it frees old
_FOLDER_BLOCKS = 2


@dataclass(frozen=True)
class File:
    """One file of the firmware: its place, what it holds, and where it waits before."""

    path: str
    data: bytes
    sha256: str
    staged: str

    @classmethod
    def of(cls, path: str, data: bytes) -> File:
        name = hashlib.sha256(path.encode() + b"\0" + data).hexdigest()[:24]
        return cls(path, data, hashlib.sha256(data).hexdigest(), f"{STAGING}/{name}")


@dataclass(frozen=True)
class Plan:
    """``send`` differs and is not on the board; ``waiting`` came with an earlier run."""

    files: tuple[File, ...]
    send: tuple[File, ...]
    waiting: tuple[File, ...]
    remove: tuple[str, ...]
    same: int
    has_main: bool
    keeps_keys: bool  # of its own, which nobody asked to change

    @property
    def size(self) -> int:
        return sum(len(file.data) for file in self.send)

    @property
    def place(self) -> list[File]:
        """What has to be put in place, main.py last and boot.py before it."""
        late = {BOOT: 1, MAIN: 2}
        return sorted(
            (*self.send, *self.waiting), key=lambda file: (late.get(file.path, 0), file.path)
        )

    @property
    def changes(self) -> bool:
        return bool(self.send or self.waiting or self.remove)


def wanted(board: str, simulated: bool, keys: bytes | None = None) -> tuple[File, ...]:
    """Every file of the firmware, compiled for the board's processor or the simulator's.

    ``keys``: records of the keys that the board is to trust (default: the development key's).
    """
    files = flash_files(board, simulated=simulated, keys=keys)
    return tuple(
        File.of(path, file if isinstance(file, bytes) else Path(file).read_bytes())
        for path, file in sorted(files.items())
    )


def roots(files: Iterable[File]) -> tuple[str, ...]:
    """Where a board is looked at: our folders, our files beside them, and what waits."""
    beside = [file.path for file in files if file.path.count("/") == 1]
    return (*dict.fromkeys((*_OURS, *beside)), STAGING)


def make(files: Iterable[File], held: Mapping[str, str], keep_keys: bool = False) -> Plan:
    """The plan for a board that holds ``held`` (path -> SHA-256).

    ``keep_keys``: keys that are there already stay, whichever they are.
    """
    files = tuple(files)
    keeps_keys = keep_keys and any(
        file.path == KEYS and held.get(KEYS, file.sha256) != file.sha256 for file in files
    )
    if keeps_keys:
        files = tuple(file for file in files if file.path != KEYS)
    differ = [file for file in files if held.get(file.path) != file.sha256]
    names = {KEYS, *(file.path for file in files)}
    known = {file.staged for file in files}
    stale = [path for path in held if path not in names and path not in known]
    return Plan(
        files,
        send=tuple(file for file in differ if held.get(file.staged) != file.sha256),
        waiting=tuple(file for file in differ if held.get(file.staged) == file.sha256),
        remove=tuple(sorted(stale)),
        same=len(files) - len(differ),
        has_main=MAIN in held,
        keeps_keys=keeps_keys,
    )


def check_room(plan: Plan, about: About) -> None:
    """Old and new lie on the board together for a while: refuse at once what cannot fit."""
    block = about.block
    folders = {file.path.rpartition("/")[0] for file in plan.send} | {STAGING}
    blocks = sum(-(-len(file.data) // block) for file in plan.send)
    blocks += _SPARE_BLOCKS + _FOLDER_BLOCKS * len(folders)
    if plan.send and blocks * block > about.free:
        raise Refused(
            f"the board is full: {about.free // 1024} kB are free, "
            f"{blocks * block // 1024} kB are needed; remove files of your own from it "
            "(`mpremote fs ls` lists them) and repeat the command. Nothing was changed"
        )
