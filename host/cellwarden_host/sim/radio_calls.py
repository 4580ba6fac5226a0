"""The firmware's calls of its radio, from the bytes on the wire to the stack and back.

One method a function of ``simops.RADIO_*``; each answers with a result word and a payload, and
runs in the radio's loop. What goes wrong becomes the errno that MicroPython would raise.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable

from bumble import core, hci

from .layout import ops
from .radio_stack import EINVAL, EIO, ENODEV, RadioError, Stack

_RXBUF = 128  # kept for those who ask; events have no ring buffer here, as on the rp2 port
_NAME_MAX = 31
_MTU_MIN, _MTU_MAX = 23, 517
_FIELDS = {
    ops.RADIO_BOND: "bond",
    ops.RADIO_MITM: "mitm",
    ops.RADIO_IO: "io",
    ops.RADIO_LE_SECURE: "le_secure",
}
Answer = tuple[int, bytes]


class Calls:
    """``answer`` carries one out."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._waiting: set[asyncio.Task[None]] = set()
        self._calls: dict[int, Callable[[int, int, bytes], Awaitable[Answer]]] = {
            ops.RADIO_ADVERTISE: self._advertise,
            ops.RADIO_REGISTER: self._register,
            ops.RADIO_READ: self._read,
            ops.RADIO_WRITE: self._write,
            ops.RADIO_NOTIFY: self._notify,
            ops.RADIO_BUFFER: self._buffer,
            ops.RADIO_DISCONNECT: self._disconnect,
            ops.RADIO_PAIR: self._pair,
            ops.RADIO_PASSKEY: self._passkey,
            ops.RADIO_SET: self._set,
            ops.RADIO_GET: self._get,
        }

    async def answer(self, function: int, flags: int, arg: int, data: bytes) -> Answer:
        try:
            if function not in self._calls:
                raise RadioError(ENODEV)
            return await self._calls[function](flags, arg, data)
        except RadioError as error:
            return ops.RADIO_ERROR | error.number, b""
        except (core.BaseBumbleError, hci.HCI_Error):
            return ops.RADIO_ERROR | EIO, b""

    async def _advertise(self, flags: int, interval_us: int, data: bytes) -> Answer:
        if not flags & 1:
            await self._stack.stop_advertising()
            return 0, b""
        cut = 1 + data[0]
        first = data[1:cut] if flags & 4 else None
        second = data[cut:] if flags & 8 else None
        await self._stack.advertise(interval_us, bool(flags & 2), first, second)
        return 0, b""

    async def _register(self, services: int, _arg: int, data: bytes) -> Answer:
        handles = self._stack.register(data, services)
        return 0, struct.pack(f"<{len(handles)}H", *handles)

    async def _read(self, _flags: int, arg: int, _data: bytes) -> Answer:
        value = self._stack.value(arg & 0xFFFF)
        left = value.read_local(arg >> 16)
        if value.append and len(left) <= ops.RADIO_PIECE:
            value.data.clear()
        return len(left), left[: ops.RADIO_PIECE]

    async def _write(self, send_update: int, handle: int, data: bytes) -> Answer:
        self._stack.write(handle, data, bool(send_update))
        return 0, b""

    async def _notify(self, flags: int, arg: int, data: bytes) -> Answer:
        payload = data if flags & 2 else None
        self._stack.notify(arg & 0xFFFF, arg >> 16, payload, bool(flags & 1))
        return 0, b""

    async def _buffer(self, append: int, arg: int, _data: bytes) -> Answer:
        self._stack.value(arg & 0xFFFF).resize(arg >> 16, bool(append))
        return 0, b""

    async def _disconnect(self, _flags: int, number: int, _data: bytes) -> Answer:
        if number not in self._stack.links:
            return 0, b""
        task = asyncio.get_running_loop().create_task(self._stack.disconnect(number))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        return 1, b""

    async def _pair(self, _flags: int, number: int, _data: bytes) -> Answer:
        self._stack.security.request(self._stack.link(number))
        return 0, b""

    async def _passkey(self, action: int, passkey: int, data: bytes) -> Answer:
        link = self._stack.link(int.from_bytes(data[:2], "little"))
        if not self._stack.security.inject(link, action, passkey):
            raise RadioError(EINVAL)
        return 0, b""

    async def _set(self, option: int, value: int, data: bytes) -> Answer:
        settings = self._stack.settings
        if option == ops.RADIO_GAP_NAME:
            if len(data) > _NAME_MAX:
                raise RadioError(EINVAL)
            settings.gap_name = data
        elif option == ops.RADIO_MTU:
            if not _MTU_MIN <= value <= _MTU_MAX:
                raise RadioError(EINVAL)
            settings.mtu = self._stack.device.gatt_server.max_mtu = value
        elif option in _FIELDS:
            setattr(settings, _FIELDS[option], value)
        return 0, b""

    async def _get(self, option: int, _arg: int, _data: bytes) -> Answer:
        settings = self._stack.settings
        if option == ops.RADIO_MAC:
            return 0, self._stack.address
        if option == ops.RADIO_GAP_NAME:
            return len(settings.gap_name), settings.gap_name
        return (settings.mtu if option == ops.RADIO_MTU else _RXBUF), b""
