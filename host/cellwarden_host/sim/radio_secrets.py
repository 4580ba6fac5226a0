"""Bonds of the simulated radio, as the firmware is asked to keep them.

Nothing is remembered here: a key is what the firmware hands back. Types, keys and sizes are
NimBLE's (``ble_secret_store_write`` in MicroPython's extmod/nimble/modbluetooth_nimble.c): type 1
our keys, type 2 the peer's, key the peer's address with its type in front, and a value of 80
bytes nobody but the stack reads; type 10 is our identity resolving key.
"""

from __future__ import annotations

import struct

from bumble import hci, keys

OUR_KEYS, PEER_KEYS, OUR_IRK = 1, 2, 10
IRK_NAME = b"irk"

_FORM = struct.Struct("<7sBB16s16s39x")
_AUTHENTICATED, _SECURE, _HAS_IRK = 1, 2, 4
assert _FORM.size == 80


def key_of(address: hci.Address) -> bytes:
    """Under which a bond with ``address`` is kept."""
    return bytes((address.address_type & 1,)) + bytes(address)


def packed(address: hci.Address, found: keys.PairingKeys) -> bytes:
    """A bond as the bytes that the firmware keeps."""
    ltk = found.ltk or found.ltk_central or found.ltk_peripheral
    assert ltk is not None
    irk = found.irk.value if found.irk else None
    flags = (_AUTHENTICATED if ltk.authenticated else 0) | (_SECURE if found.ltk else 0)
    if irk:
        flags |= _HAS_IRK
    return _FORM.pack(key_of(address), flags, len(ltk.value), ltk.value, irk or bytes(16))


def unpacked(value: bytes | None) -> keys.PairingKeys | None:
    """The bond in ``value``, or None when these are no such bytes."""
    if value is None or len(value) != _FORM.size:
        return None
    _, flags, size, ltk, irk = _FORM.unpack(value)
    authenticated = bool(flags & _AUTHENTICATED)
    key = keys.PairingKeys.Key(ltk[:size], authenticated)
    return keys.PairingKeys(
        ltk=key if flags & _SECURE else None,
        ltk_peripheral=None if flags & _SECURE else key,
        irk=keys.PairingKeys.Key(irk, authenticated) if flags & _HAS_IRK else None,
    )
