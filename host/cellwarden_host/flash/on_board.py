"""What runs on the board while it is flashed, and the calls of it.

A few functions are defined on the board once; after that a call is one line. Their memory is
what a board without firmware has many times over. Nothing here decides anything: what to write,
move and remove, and in which order, is plan.py's and transfer.py's.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..problems import Refused
from .remote import BoardError, Remote

STAGING = "/.flash"  # files wait here, each named by its place and contents
_PART = STAGING + "/part"  # the one that is being written
_CHUNK = 1536  # bytes a line, 2 kB as base64
_FULL = ("ENOSPC", "OSError: 28")

_TOOLS = """
import os, hashlib, json, time
from binascii import hexlify, a2b_base64
def _hash(path):
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(512))
    with open(path, "rb") as file:
        while True:
            n = file.readinto(buffer)
            if not n:
                return hexlify(digest.digest()).decode()
            digest.update(buffer[:n])
def _write(data):
    _file.write(a2b_base64(data))
    time.sleep_ms(1)  # boot.py's timer feeds the watchdog
def _tree(path):
    try:
        if not os.stat(path)[0] & 0x4000:
            print(path, _hash(path))
            return
        found = list(os.ilistdir(path))
    except OSError:
        return
    for entry in found:
        _tree(path + "/" + entry[0])
def _folder(path):
    done = ""
    for part in path.split("/")[1:-1]:
        done += "/" + part
        try:
            os.mkdir(done)
        except OSError as error:
            if error.errno != 17:  # it is there
                raise
def _move(old, new):
    _folder(new)
    try:
        os.rename(old, new)
    except OSError:
        os.remove(new)
        os.rename(old, new)
def _gone(path):
    try:
        os.remove(path)
    except OSError:
        pass
def _clear(path):
    try:
        found = list(os.ilistdir(path))
    except OSError:
        return
    for entry in found:
        each = path + "/" + entry[0]
        if entry[1] & 0x4000:
            _clear(each)
        else:
            os.remove(each)
    os.rmdir(path)
"""

_ASK = """
import sys, os, json
def _board():
    try:
        import board
        return board.NAME
    except Exception:
        return ""
def _version():
    try:
        from firmware import version
        return version.VERSION
    except Exception:
        return ""
_room = os.statvfs("/")
_made = sys.implementation
print(json.dumps([sys.platform, list(_made[1])[:3], getattr(_made, "_machine", ""),
    _board(), _version(), _room[1], _room[3] * _room[1]]))
"""

# The pack's voltage by the board's own divider, with the drivers that lie on it: all outputs
# are set to off by this once more.
_PACK = """
try:
    import machine, board
    from firmware.hardware import Hardware
    _pack = Hardware(board, machine).pack
    print(_pack.mv if _pack.read() else "")
except Exception:
    pass
"""

# As main.py loads it, but without running it.
_LOAD = """
import gc, json
gc.threshold(16_384)
import loader
loader.forget()
from firmware.start import run
from firmware import version
import board
print(json.dumps([board.NAME, version.VERSION]))
"""

_RESET = """
try:
    from firmware import restart
    restart.mean(restart.COMMAND)
except Exception:
    pass
import machine
machine.reset()
"""


class BoardFull(Refused):
    """No room for old and new beside each other."""


@dataclass(frozen=True)
class About:
    """Who answers on the port. ``board`` and ``firmware`` are empty on a new one."""

    platform: str
    version: tuple[int, ...]
    machine: str
    board: str
    firmware: str
    block: int
    free: int

    @property
    def simulated(self) -> bool:
        return self.platform not in FAMILIES

    @property
    def micropython(self) -> str:
        return ".".join(map(str, self.version))


# What sys.platform says on a board of each family.
FAMILIES = {"rp2": "rp2040", "esp32": "esp32"}


class BoardFiles:
    """The board's files by way of its REPL."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._ready = False

    def enter(self) -> None:
        """Soft reset: boot.py runs anew, and all modules are forgotten."""
        self._ready = False
        self._remote.enter()

    def about(self) -> About:
        said = _last_json(self._remote.exec(_ASK))
        return About(said[0], tuple(said[1]), *said[2:])

    def pack_mv(self) -> int | None:
        """The pack's voltage; None when the board cannot tell."""
        said = self._remote.exec(_PACK).strip()
        return int(said) if said.isdigit() else None

    def hashes(self, roots: Iterable[str]) -> dict[str, str]:
        """SHA-256 of all files below these folders and of these files, made on the board."""
        code = f"for _each in {list(roots)!r}:\n _tree(_each)"
        lines = [line.rpartition(" ") for line in self._run(code).splitlines()]
        return {path: digest for path, _, digest in lines}

    def write(self, name: str, data: bytes, sha256: str) -> Iterable[int]:
        """Write a staged file, yielding the bytes that went; it gets its name when it is whole."""
        self._run(f"_folder({_PART!r})\n_file = open({_PART!r}, 'wb')")
        for at in range(0, len(data), _CHUNK):
            piece = data[at : at + _CHUNK]
            self._run(f"_write({b64encode(piece)!r})")
            yield len(piece)
        self._run("_file.close()")
        if self._run(f"print(_hash({_PART!r}))").strip() != sha256:
            raise Refused("a file arrived damaged; the board is as it was. Repeat the command")
        self._run(f"_move({_PART!r}, {name!r})")

    def move(self, old: str, new: str) -> None:
        self._run(f"_move({old!r}, {new!r})")

    def remove(self, path: str) -> None:
        self._run(f"_gone({path!r})")

    def clear(self) -> None:
        """Remove what waits."""
        self._run(f"_clear({STAGING!r})")

    def load(self) -> tuple[str, str]:
        """Load the whole firmware without running it; the board's name and the version."""
        name, version = _last_json(self._remote.exec(_LOAD))
        return name, version

    def reset(self) -> None:
        """Start the board as power-on does; it is noted that this was meant."""
        self._remote.leave(_RESET)

    def bootloader(self) -> None:
        """Leave for the RP2040's loader, whose drive takes a UF2 file."""
        self._remote.leave("import machine\nmachine.bootloader()")

    def _run(self, code: str) -> str:
        try:
            if not self._ready:
                self._remote.exec(_TOOLS)
                self._ready = True
            return self._remote.exec(code)
        except BoardError as error:
            if any(word in str(error) for word in _FULL):
                raise BoardFull(
                    "the board is full; remove files of your own from it (`mpremote fs ls` "
                    "lists them) and repeat the command. Nothing was changed"
                ) from error
            raise


def _last_json(text: str) -> Any:
    """boot.py or a driver may have printed something before."""
    return json.loads(text.strip().splitlines()[-1])
