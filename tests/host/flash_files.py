"""Files that look like MicroPython's own, small, for the tests of flashing."""

import struct

from cellwarden_host.flash import uf2

RP2350 = 0xE48BFF59


def micropython_uf2(version="1.28.0", family=uf2.RP2040, size=0x3000):
    """A UF2 file for the start of flash that says its version."""
    text = b"\0MicroPython v" + version.encode() + b" on 2026-04-06; Raspberry Pi Pico\0"
    image = text.ljust(size, b"\x55")
    pages = {0x10000000 + at: image[at : at + 256] for at in range(0, size, 256)}
    return uf2.written(pages, family)


def micropython_bin(version="1.28.0", chip=0, vfs=(0x200000, 0x200000)):
    """A .bin for 0x1000 with loader, partition table and a program."""
    data = bytearray(b"\xff" * 0x10000)
    data[0] = 0xE9
    struct.pack_into("<H", data, 12, chip)
    rows = [(0x9000, 0x6000, b"nvs"), (0x10000, 0x1F0000, b"factory"), (*vfs, b"vfs")]
    for number, (offset, size, label) in enumerate(rows):
        entry = struct.pack("<2sBBII16sI", b"\xaa\x50", 1, 2, offset, size, label, 0)
        data[0x7000 + 32 * number : 0x7000 + 32 * number + 32] = entry
    text = b"MicroPython v" + version.encode() + b" on 2026"
    data[0xF000 : 0xF000 + len(text)] = text
    return bytes(data)
