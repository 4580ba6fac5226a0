"""The flash chip as a block device for LittleFS; the chip itself is in the host process.

NOR flash: erasing a sector sets every bit, programming clears bits. While either runs the
processor stands still, as on an RP2040; the host lets that time pass. A start reads 15,000
times, 4 MB in all, so what only looks is read from the chip's file without asking anybody, and
the host hears of it now and then, for the time it takes.
"""

import os

import simlink
import simops

SECTOR = 4096
_TOLD_AT = 4096


class Flash:
    def __init__(self, sectors):
        self.sectors = sectors
        self._cells = open(int(os.getenv("CELLWARDEN_SIM_FLASH_FD")), "rb")
        self._untold = 0  # bytes read whose time has not passed

    def readblocks(self, block, buf, offset=0):
        self._cells.seek(block * SECTOR + offset)
        self._cells.readinto(buf)
        self._untold += len(buf)
        if self._untold >= _TOLD_AT:
            simlink.call(simops.FLASH_READ, 0, 0, self._untold, 0, 0)
            self._untold = 0

    def writeblocks(self, block, buf, offset=None):
        if offset is None:
            # The plain protocol: whole sectors, erased first.
            for i in range(len(buf) // SECTOR):
                self.ioctl(6, block + i)
            offset = 0
        size = len(buf)
        view = memoryview(buf)
        done = 0
        while done < size:
            piece = min(simops.PAYLOAD_MAX, size - done)
            simlink.tx[8 : 8 + piece] = view[done : done + piece]
            address = block * SECTOR + offset + done
            simlink.call(simops.FLASH_PROGRAM, 0, 0, address, piece, 0)
            done += piece

    def ioctl(self, op, arg):
        if op == 4:
            return self.sectors
        if op == 5:
            return SECTOR
        if op == 6:
            simlink.call(simops.FLASH_ERASE, 0, 0, arg, 0, 0)
        return 0
