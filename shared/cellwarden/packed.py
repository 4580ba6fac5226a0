"""Numbers out of packed columns (schema_data.py), little-endian, without allocating.

``struct.unpack_from`` makes a tuple each time; these do not, on any controller, as long as the
number itself fits 30 bits. Must never be given an index outside its column.
"""


def u16(column, index):
    """Unsigned 16-bit number ``index`` of ``column``."""
    at = 2 * index
    return column[at] | column[at + 1] << 8


def s16(column, index):
    """Signed 16-bit number ``index`` of ``column``."""
    value = u16(column, index)
    return value if value < 0x8000 else value - 0x10000


def s32(column, index):
    """Signed 32-bit number ``index`` of ``column``."""
    at = 4 * index
    top = column[at + 3]
    if top >= 0x80:
        top -= 0x100  # before shifting: the sum never leaves 30 bits
    return (column[at] | column[at + 1] << 8 | column[at + 2] << 16) + (top << 24)
