"""Attributes of the simulated board's GATT server, with MicroPython's manners.

A value holds 20 bytes until the firmware gives it more; what a central writes beyond is cut off
without a word; in append mode writes pile up until the firmware reads. As MicroPython's binding
of NimBLE does it (extmod/nimble/modbluetooth_nimble.c, ``characteristic_access_cb``; the store
is ``mp_bluetooth_gatts_db_*`` in extmod/modbluetooth.c). Permissions are checked here and not
by bumble, which takes any encrypted connection for an authenticated one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from bumble import att, core, gatt

DEFAULT_SIZE = 20

_READ, _WRITES = 0x0002, 0x000C
_READ_ENCRYPTED, _READ_AUTHENTICATED, _READ_AUTHORIZED = 0x0200, 0x0400, 0x0800
_WRITE_ENCRYPTED, _WRITE_AUTHENTICATED, _WRITE_AUTHORIZED = 0x1000, 0x2000, 0x4000
_READ_NEEDS = (_READ_ENCRYPTED, _READ_AUTHENTICATED, _READ_AUTHORIZED)
_WRITE_NEEDS = (_WRITE_ENCRYPTED, _WRITE_AUTHENTICATED, _WRITE_AUTHORIZED)


class Peer(Protocol):
    """What a permission asks of a connection."""

    encrypted: bool
    authenticated: bool


@dataclass
class Value:
    """One characteristic value or descriptor."""

    flags: int
    data: bytearray = field(default_factory=bytearray)
    size: int = DEFAULT_SIZE
    append: bool = False

    def write_local(self, data: bytes) -> None:
        self.size = max(self.size, len(data))
        self.data = bytearray(data)

    def read_local(self, offset: int) -> bytes:
        """What lies from ``offset`` on."""
        return bytes(self.data[offset:])

    def resize(self, size: int, append: bool) -> None:
        self.size, self.append, self.data = size, append, bytearray()

    def write_remote(self, data: bytes) -> None:
        kept = self.data if self.append else bytearray()
        self.data = bytearray((kept + data)[: self.size])

    def check(self, peer: Peer, allowed: int, needs: tuple[int, int, int], denied: int) -> None:
        """Raise what a central is told that may not do this."""
        encrypted, authenticated, authorized = needs
        if not self.flags & allowed:
            raise att.ATT_Error(error_code=att.ErrorCode(denied))
        if self.flags & (encrypted | authenticated) and not peer.encrypted:
            raise att.ATT_Error(error_code=att.ErrorCode.INSUFFICIENT_AUTHENTICATION)
        if self.flags & authenticated and not peer.authenticated:
            raise att.ATT_Error(error_code=att.ErrorCode.INSUFFICIENT_AUTHENTICATION)
        if self.flags & authorized:
            raise att.ATT_Error(error_code=att.ErrorCode.INSUFFICIENT_AUTHORIZATION)

    def may_read(self, peer: Peer) -> None:
        self.check(peer, _READ, _READ_NEEDS, att.ErrorCode.READ_NOT_PERMITTED)

    def may_write(self, peer: Peer) -> None:
        self.check(peer, _WRITES, _WRITE_NEEDS, att.ErrorCode.WRITE_NOT_PERMITTED)


class Definition:
    """A service definition as the firmware's shim packs it, made into bumble's services.

    ``peer_of(bearer)`` is the connection of a bearer; ``written(peer, attribute)`` hears of every
    write that was let through.
    """

    def __init__(
        self,
        packed: bytes,
        services: int,
        peer_of: Callable[[Any], Any],
        written: Callable[[Any, att.Attribute[bytes]], None],
    ) -> None:
        self._bytes = iter(packed)
        self._peer_of = peer_of
        self._written = written
        self.values: list[tuple[att.Attribute[bytes], Value]] = []  # in the order of handles
        self.services = [self._service() for _ in range(services)]

    def _uuid(self) -> core.UUID:
        size = next(self._bytes)
        return core.UUID.from_bytes(bytes(self._take(size)))

    def _take(self, count: int) -> Iterator[int]:
        for _ in range(count):
            yield next(self._bytes)

    def _flags(self) -> int:
        (flags,) = struct.unpack("<H", bytes(self._take(2)))
        return int(flags)

    def _service(self) -> gatt.Service:
        uuid = self._uuid()
        return gatt.Service(uuid, [self._characteristic() for _ in range(next(self._bytes))])

    def _characteristic(self) -> gatt.Characteristic[bytes]:
        uuid, flags = self._uuid(), self._flags()
        value = Value(flags)
        made: gatt.Characteristic[bytes] = gatt.Characteristic(
            uuid, gatt.Characteristic.Properties(flags & 0x7F), att.Attribute.Permissions(3)
        )
        self._join(made, value)
        made.descriptors = [self._descriptor() for _ in range(next(self._bytes))]
        return made

    def _descriptor(self) -> gatt.Descriptor:
        uuid, flags = self._uuid(), self._flags()
        made = gatt.Descriptor(uuid, att.Attribute.Permissions(3))
        self._join(made, Value(flags))
        return made

    def _join(self, attribute: att.Attribute[bytes], value: Value) -> None:
        def read(bearer: Any) -> bytes:
            value.may_read(self._peer_of(bearer))
            return bytes(value.data)

        def write(bearer: Any, data: bytes) -> None:
            peer = self._peer_of(bearer)
            value.may_write(peer)
            value.write_remote(data)
            self._written(peer, attribute)

        attribute.value = att.AttributeValueV2(read, write)  # type: ignore[assignment]
        self.values.append((attribute, value))
