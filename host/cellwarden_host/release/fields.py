"""What a release or a slot says of itself, taken from a board's definition and its files."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from board_update import image
from cellwarden.tables import SCHEMA_VERSION
from firmware.version import VERSION

from ..problems import BadInput, Refused
from ..words import say
from . import packing
from .packing import Fields

_MPY_MAGIC = ord("M")
_MPY_MACHINE = 2  # in a file's flags: the processor, above the two bits of the sub-version


def manifest(board: str, files: Mapping[str, bytes], version: str = VERSION) -> bytes:
    """What describes a slot that is filled over the REPL: hashes, and no signature."""
    return packing.manifest(files, fields_of(board, files, version))


def fields_of(
    board: str,
    files: Mapping[str, bytes],
    version: str = VERSION,
    hardware: tuple[int, int] | None = None,
) -> Fields:
    if hardware is None:
        revision = importlib.import_module(f"boards.{board}").HARDWARE_REVISION
        hardware = (revision, revision)
    try:
        image.version_number(version)
    except ValueError:
        raise BadInput(
            say("{version} is no version: three numbers are needed, as in 1.2.3", version=version)
        ) from None
    return Fields(board, hardware, version, SCHEMA_VERSION, mpy_of(files))


def mpy_of(files: Mapping[str, bytes]) -> int:
    """What MicroPython must say of itself (sys.implementation._mpy) to take all these files:
    the version, and the processor if one of them holds machine code."""
    starts = {data[:3].ljust(3, b"\0") for data in files.values()}
    needed = {
        version | (flags << 8 if flags >> _MPY_MACHINE else 0) for _, version, flags in starts
    }
    versions = {each & 0xFF for each in needed}
    native = {each for each in needed if each >> 8}
    compiled = all(magic == _MPY_MAGIC for magic, _, _ in starts)
    if not compiled or len(versions) > 1 or len(native) > 1:
        raise Refused(say("the files are not all compiled for one MicroPython"))
    return max(needed, default=0)
