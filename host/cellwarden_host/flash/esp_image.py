"""MicroPython's .bin for the ESP32: what it is for, and where its file system begins.

The file is flashed at 0x1000 and carries the loader, the partition table and the program. Its
layout is MicroPython's own (ports/esp32: makeimg.py and the partitions-*.csv files), the
table's format ESP-IDF's: 32 bytes an entry, magic 0xAA 0x50, type, subtype, offset, size, label.
Where the partition "vfs" lies differs between builds, so it is read, not known.
"""

from __future__ import annotations

import struct

from ..problems import BadInput

START = 0x1000
_TABLE = 0x8000
_ENTRY = struct.Struct("<2sBBII16sI")
_MAGIC = b"\xaa\x50"
_ENTRIES = 95
_IMAGE_MAGIC = 0xE9
_CHIP_AT = 12  # of the loader's extended header
_ESP32 = 0
_FILE_SYSTEM = b"vfs"


def check_esp32(data: bytes, name: str) -> None:
    if len(data) < _TABLE or data[0] != _IMAGE_MAGIC:
        raise BadInput(f"{name} is no MicroPython .bin for an ESP32")
    (chip,) = struct.unpack_from("<H", data, _CHIP_AT)
    if chip != _ESP32:
        raise BadInput(f"{name} is for another chip of the ESP32 family")


def file_system(data: bytes, name: str) -> tuple[int, int]:
    """Address and size of the partition for files."""
    for number in range(_ENTRIES):
        at = _TABLE - START + number * _ENTRY.size
        if at + _ENTRY.size > len(data):
            break
        magic, _, _, offset, size, label, _ = _ENTRY.unpack_from(data, at)
        if magic != _MAGIC:
            break
        if label.rstrip(b"\0") == _FILE_SYSTEM:
            return offset, size
    raise BadInput(f"{name} has no partition for files")


def joined(data: bytes, image: bytes, name: str) -> bytes:
    """One file for 0x1000: MicroPython, nothing, the file system."""
    offset, size = file_system(data, name)
    if len(image) > size or offset - START < len(data):
        raise BadInput(f"the file system does not fit into {name}")
    return data.ljust(offset - START, b"\xff") + image
