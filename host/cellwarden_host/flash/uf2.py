"""UF2 files: blocks of 256 bytes, each with the address where the RP2040's loader puts it.

Format after Microsoft's UF2 specification, family numbers after its uf2families.json: 512-byte
blocks with three magic words, a flag for the family number, a number and a count. The loader
restarts the board when ``count`` blocks have come, so files that are joined are numbered anew.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..problems import BadInput

RP2040 = 0xE48BFF56
_FAMILIES = {
    0xE48BFF56: "an RP2040",
    0xE48BFF59: "an RP2350",
    0xE48BFF5A: "an RP2350",
    0x1C5F21B0: "an ESP32",
}
PAGE = 256
SECTOR = 4096
_BLOCK = 512
_START = (0x0A324655, 0x9E5D5157)
_END = 0x0AB16F30
_HAS_FAMILY = 0x2000
_NOT_FLASH = 0x1
_HEAD = struct.Struct("<8I")


@dataclass(frozen=True)
class Uf2:
    """``pages``: address -> 256 bytes."""

    family: int
    pages: Mapping[int, bytes]

    @property
    def contents(self) -> bytes:
        """All pages one after the other, for looking for words in them."""
        return b"".join(self.pages[address] for address in sorted(self.pages))


def is_uf2(data: bytes) -> bool:
    return len(data) >= _BLOCK and _HEAD.unpack_from(data)[:2] == _START


def read(data: bytes, name: str = "the file") -> Uf2:
    """The pages of a UF2 file; ``BadInput`` when it is none, or is cut short."""
    if not is_uf2(data) or len(data) % _BLOCK:
        raise BadInput(f"{name} is no UF2 file, or only a part of one")
    pages = {}
    families = set()
    for at in range(0, len(data), _BLOCK):
        first, second, flags, address, size, _, _, family = _HEAD.unpack_from(data, at)
        (end,) = struct.unpack_from("<I", data, at + _BLOCK - 4)
        if (first, second) != _START or end != _END or size > _BLOCK - 36:
            raise BadInput(f"{name} is damaged at byte {at}")
        if flags & _NOT_FLASH:
            continue
        families.add(family if flags & _HAS_FAMILY else 0)
        pages[address] = data[at + 32 : at + 32 + size]
    if len(families) != 1:
        raise BadInput(f"{name} is for several kinds of processor, or for none")
    return Uf2(families.pop(), pages)


def check_rp2040(file: Uf2, name: str) -> None:
    if file.family != RP2040:
        kind = _FAMILIES.get(file.family, "another processor")
        raise BadInput(f"{name} is for {kind}, the board has an RP2040")


def written(pages: Mapping[int, bytes], family: int = RP2040) -> bytes:
    """A UF2 file of these pages, in the order of their addresses."""
    out = []
    for number, address in enumerate(sorted(pages)):
        page = pages[address].ljust(PAGE, b"\xff")
        head = _HEAD.pack(*_START, _HAS_FAMILY, address, PAGE, number, len(pages), family)
        out.append(head + page.ljust(_BLOCK - 36, b"\0") + struct.pack("<I", _END))
    return b"".join(out)


def pages_of(image: bytes, base: int) -> dict[int, bytes]:
    """Pages of a memory image; sectors that hold nothing are left out.

    A sector with anything in it goes whole: the loader erases a sector once, before its first
    page.
    """
    pages = {}
    for sector in range(0, len(image), SECTOR):
        if image[sector : sector + SECTOR].strip(b"\xff"):
            for at in range(sector, sector + SECTOR, PAGE):
                pages[base + at] = image[at : at + PAGE]
    return pages


def joined(files: Iterable[Mapping[int, bytes]]) -> dict[int, bytes]:
    """Several sets of pages in one; ``BadInput`` when two claim the same flash."""
    together: dict[int, bytes] = {}
    sectors: set[int] = set()
    for pages in files:
        mine = {address // SECTOR for address in pages}
        if mine & sectors:
            raise BadInput("MicroPython and the file system overlap: it is another board's build")
        sectors |= mine
        together |= pages
    return together
