"""The checksum of Modbus RTU frames (CRC-16, polynomial 0xA001 reflected, start 0xFFFF).

Sent low byte first, so that the checksum of a whole good frame, its own two bytes included,
is 0: a receiver need not know where the checksum begins. Must never allocate.
"""

from array import array

START = 0xFFFF


def _table():
    table = array("H", [0] * 256)
    for i in range(256):
        crc = i
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        table[i] = crc
    return table


TABLE = _table()


def update(crc, buf, start, end):
    """Carry ``crc`` over ``buf[start:end]``."""
    table = TABLE
    for i in range(start, end):
        crc = (crc >> 8) ^ table[(crc ^ buf[i]) & 0xFF]
    return crc


def append(buf, length):
    """Put the checksum of the first ``length`` bytes behind them; return the new length."""
    crc = update(START, buf, 0, length)
    buf[length] = crc & 0xFF
    buf[length + 1] = crc >> 8
    return length + 2
