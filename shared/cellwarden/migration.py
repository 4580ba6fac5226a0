"""The stored form of the settings: register addresses with values, so that it outlives schemas.

Layout, little-endian: schema version (u16), number of pairs (u16), then pairs of register
address (u16) and value (i32); settings first, then the registers of stored texts. An address
keeps its meaning for ever, so a newer or older schema reads it all the same: an address it does
not know is dropped, a setting that is missing takes its default. Checksum, sequence and copies
are the record store's. Whether the result is valid as a whole is not judged here.
"""

from struct import pack_into, unpack_from

from . import ids, packed
from . import schema_data as schema

_HEAD = 4
_PAIR = 6
_HOLE = 0xFF
# What ``pack`` writes at most: settings, and texts that may be written.
MAX_BYTES = _HEAD + _PAIR * (schema.SETTING_COUNT + sum(schema.TEXT_REGISTERS))


def pack(value, texts, buf):
    """Write all settings and stored texts into ``buf``; return the number of bytes."""
    registers = texts.stored_registers()
    pack_into("<HH", buf, 0, schema.SCHEMA_VERSION, schema.SETTING_COUNT + len(registers))
    at = _HEAD
    for i in range(schema.SETTING_COUNT):
        pack_into("<Hi", buf, at, packed.u16(schema.SETTING_ADDRESS, i), value[i])
        at += _PAIR
    for address in registers:
        pack_into("<Hi", buf, at, address, texts.word(address))
        at += _PAIR
    return at


def unpack(buf, n, staged, check):
    """Fill ``staged`` from a payload of ``n`` bytes; False when it is malformed.

    Defaults that depend on chemistry follow the chemistry that is stored.
    """
    if n < _HEAD or n != _HEAD + _PAIR * unpack_from("<HH", buf, 0)[1]:
        return False
    seen = bytearray(schema.SETTING_COUNT)
    for at in range(_HEAD, n, _PAIR):
        address, value = unpack_from("<Hi", buf, at)
        index = _element_at(address)
        if index >= 0:
            staged[index] = value
            seen[index] = 1
    chemistry = staged[ids.CHEMISTRY] if seen[ids.CHEMISTRY] else ids.CHEMISTRY_NONE
    if not 0 <= chemistry <= ids.CHEMISTRY_NA_POLYANION:
        return False
    for index in range(schema.SETTING_COUNT):
        if not seen[index]:
            staged[index] = check.default_of(chemistry, index)
    return True


def unpack_texts(buf, n, texts):
    """Take the stored texts out of a payload that ``unpack`` has accepted."""
    for at in range(_HEAD, n, _PAIR):
        address, value = unpack_from("<Hi", buf, at)
        texts.put_word(address, value)


def _element_at(address):
    """Setting whose first register this is, or -1."""
    at = address - schema.SETTINGS_BASE
    if not 0 <= at < len(schema.SETTING_AT):
        return -1
    index = schema.SETTING_AT[at]
    if index == _HOLE or packed.u16(schema.SETTING_ADDRESS, index) != address:
        return -1
    return index
