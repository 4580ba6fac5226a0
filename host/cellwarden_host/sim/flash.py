"""The flash chip: NOR semantics, time, wear of a power cut at any write. Backed by a file.

Erasing sets all bits of a 4 kB sector, programming clears bits, a page of 256 bytes at a time.
Times are those of a W25Q16-class chip as its datasheet gives them (sector erase 45 ms typical,
400 ms worst; page program 0.4 ms typical, 3 ms worst), during which an RP2040 that runs from
the same chip stands still.
"""

import mmap
from pathlib import Path

SECTOR = 4096
PAGE = 256
SECTORS = 352  # 1.4 MB of file system, as on a 2 MB RP2040 board
READ_US_PER_KB = 20

TYPICAL_US = (45_000, 400)  # erase a sector, program a page
WORST_US = (400_000, 3_000)


class PowerCut(Exception):
    """Power went away in the middle of a flash operation."""


class FlashChip:
    """``writes`` counts page programs and sector erases since the file was opened."""

    def __init__(self, path, sectors=SECTORS):
        self.path = Path(path)
        self.sectors = sectors
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(b"\xff" * (sectors * SECTOR))
        self._file = open(self.path, "r+b")
        self._cells = mmap.mmap(self._file.fileno(), sectors * SECTOR)
        self.erase_us, self.program_us = TYPICAL_US
        self.writes = 0
        self._cut_at = None
        self._cut_torn = True

    def close(self):
        self._cells.close()
        self._file.close()

    def cut_after_writes(self, count, torn=True):
        """Cut power at the write after ``count`` more; ``torn`` leaves that one half done."""
        self._cut_at = self.writes + count
        self._cut_torn = torn

    def cancel_cut(self):
        self._cut_at = None

    @property
    def fd(self):
        """The chip's file, for the firmware to read."""
        return self._file.fileno()

    def read(self, address, size):
        return self._cells[address : address + size]

    def erase(self, sector):
        """Erase one sector; returns the microseconds it takes."""
        start = sector * SECTOR
        size = SECTOR if not self._cuts_now() else SECTOR // 2 if self._cut_torn else 0
        self._cells[start : start + size] = b"\xff" * size
        self._count()
        return self.erase_us

    def program(self, address, data):
        """Program page by page; returns the microseconds it takes."""
        spent_us = 0
        at = 0
        while at < len(data):
            piece = data[at : at + PAGE - (address + at) % PAGE]
            size = len(piece)
            if self._cuts_now():
                size = size // 2 if self._cut_torn else 0
            old = self._cells[address + at : address + at + size]
            new = bytes(was & now for was, now in zip(old, piece[:size], strict=True))
            self._cells[address + at : address + at + size] = new
            self._count()
            spent_us += self.program_us
            at += len(piece)
        return spent_us

    def _cuts_now(self):
        return self._cut_at is not None and self.writes >= self._cut_at

    def _count(self):
        cuts = self._cuts_now()
        self.writes += 1
        if cuts:
            self._cut_at = None
            raise PowerCut
