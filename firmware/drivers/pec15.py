"""PEC-15, the packet check of the LTC68xx family: CRC-15 of polynomial 0x4599, seed 16.

Facts from Analog Devices' LTC681x library (``pec15_calc``) and the LTC6811 datasheet: the
15-bit remainder is sent shifted left by one, high byte first.
"""

from array import array


def _build_table():
    table = array("H", bytearray(512))
    for index in range(256):
        remainder = index << 7
        for _ in range(8):
            if remainder & 0x4000:
                remainder = (remainder << 1) ^ 0x4599
            else:
                remainder = remainder << 1
        table[index] = remainder & 0x7FFF
    return table


TABLE = _build_table()


def pec15(data, start, length):
    """The check of ``length`` bytes of ``data`` from ``start``, as it goes over the wire."""
    table = TABLE
    remainder = 16
    for i in range(start, start + length):
        remainder = ((remainder << 8) & 0x7FFF) ^ table[(remainder >> 7) ^ data[i]]
    return remainder << 1
