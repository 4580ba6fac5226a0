"""The radio of a simulated board: what its ``bluetooth`` module asks, and who else is on the air.

Costs nothing until somebody uses it: bumble is loaded when the firmware switches the radio on,
or when a central of another process connects to the HCI port. There is no thread: the air lives
in the board's own loop and on the board's time (``radio_loop.py``). Bonds are not kept here but
by the firmware, so a power cut loses what it has not stored.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from .clock import Clock
from .layout import ops

if TYPE_CHECKING:
    from .poller import Poller
    from .radio_air import Air
    from .radio_loop import VirtualLoop
    from .radio_stack import Settings, Stack

INTERVAL_MS = 15  # what phones choose for a connection that is in use
_EVENTS_MAX = 64  # more than a board's stack would queue
_NO_DATA = b"\0" * ops.RADIO_EVENT_SIZE
_Answer = tuple[int, bytes]


class Radio:
    """``fire(slot)`` interrupts the firmware. ``address`` is the controller's public one."""

    def __init__(
        self,
        clock: Clock,
        fire: Callable[[int], None],
        address: str,
        interval_ms: float = INTERVAL_MS,
    ) -> None:
        self.address = address
        self._clock = clock
        self._fire = fire
        self._interval_ms = interval_ms
        self._poller: Poller | None = None
        self._listener: socket.socket | None = None
        self._loop: VirtualLoop | None = None
        self._air: Air | None = None
        self._server: asyncio.Server | None = None
        self._ports = 0
        self._stack: Stack | None = None
        self._settings: Settings | None = None
        self._slot = -1
        self._events: deque[tuple[bytes, asyncio.Future[bytes | None] | None]] = deque()
        self._asked: asyncio.Future[bytes | None] | None = None
        self.lost_events = 0
        self._calls: dict[int, Callable[[int, int, bytes], _Answer]] = {
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

    # --- the air

    @property
    def loop(self) -> VirtualLoop:
        """The radio's loop; made when first asked for, and with it the air."""
        self._make_air()
        assert self._loop is not None
        return self._loop

    @property
    def air(self) -> Air:
        self._make_air()
        assert self._air is not None
        return self._air

    @property
    def on(self) -> bool:
        """Whether the firmware has switched it on."""
        return self._stack is not None

    def pump(self) -> None:
        """Let everything happen that happens at this moment of the board's time."""
        if self._loop is not None:
            self._loop.pump()

    def attach(self, poller: Poller) -> None:
        """Sockets are looked after wherever the board waits."""
        self._poller = poller

    def listen(self) -> int:
        """Open the HCI port for centrals of other processes; returns its number."""
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self._listener.setblocking(False)
            if self._loop is not None:
                self._serve()
            elif self._poller is not None:
                self._poller.add(self._listener.fileno(), self._make_air)
        return int(self._listener.getsockname()[1])

    def _make_air(self) -> None:
        if self._loop is not None:
            return
        from .radio_air import Air
        from .radio_loop import VirtualLoop

        logger = logging.getLogger("bumble")
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.ERROR)  # a refused pairing is no news here
        self._loop = VirtualLoop(self._clock)
        self._air = Air(self._interval_ms / 1000)
        if self._poller is not None:
            self._poller.add(self._loop.fileno, self.pump)
        if self._listener is not None:
            self._serve()

    def _serve(self) -> None:
        assert self._listener is not None and self._loop is not None
        if self._poller is not None:
            self._poller.remove(self._listener.fileno())
        self._server = self._run(self._loop.create_server(self._port, sock=self._listener))

    def _port(self) -> asyncio.Protocol:
        from .radio_air import HciPort

        self._ports += 1
        return HciPort(self.air, self._ports)

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """What ``coroutine`` returns; it needs nothing but this moment."""
        task = self.loop.create_task(coroutine)
        self.pump()
        return task.result()

    def _do(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call something of the stack inside its loop."""

        async def inside() -> Any:
            return function(*args)

        return self._run(inside())

    # --- power

    def switch_off(self) -> None:
        """Power is gone, a reset, or ``active(False)``: the links drop, nothing is remembered."""
        stack, self._stack = self._stack, None
        self._settings = None
        self._slot = -1
        if stack is not None:
            self._do(self.air.cut, stack.station)
        self._events.clear()
        self._asked = None

    def close(self) -> None:
        """Free loop, port and sockets. Harmless when repeated."""
        if self._listener is not None and self._poller is not None:
            self._poller.remove(self._listener.fileno())
        if self._loop is not None and not self._loop.is_closed():
            if self._poller is not None:
                self._poller.remove(self._loop.fileno)
            self.switch_off()
            self._loop.call_soon(self._hang_up)
            self._loop.pump()
            self._loop.finish()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
        for station in self.air.stations():
            port = station.hci_sink
            if port is not None and hasattr(port, "close"):
                port.close()

    # --- calls of the firmware

    def call(self, function: int, flags: int, arg: int, data: bytes) -> _Answer:
        """Result word and payload for one RADIO question."""
        if function == ops.RADIO_NEXT:
            return self._next()
        if function == ops.RADIO_ACTIVE:
            return self._active(flags, arg), b""
        if function == ops.RADIO_ANSWER:
            return self._answered(data if flags else None), b""
        from .radio_stack import ENODEV, RadioError

        size = 0
        if function == ops.RADIO_READ:
            size = ops.RADIO_PIECE
        elif function == ops.RADIO_GET:
            size = {ops.RADIO_MAC: 6, ops.RADIO_GAP_NAME: 32}.get(flags, 0)
        try:
            if self._stack is None or function not in self._calls:
                raise RadioError(ENODEV)
            result, reply = self._calls[function](flags, arg, data)
        except RadioError as error:
            if function == ops.RADIO_REGISTER:
                size = 2 * _attributes(data, flags)
            return ops.RADIO_ERROR | error.number, bytes(size)
        return result, reply + bytes(max(0, size - len(reply)))

    def _active(self, flags: int, slot: int) -> int:
        if flags == 0:
            self.switch_off()
        elif flags == 1 and self._stack is None:
            from .radio_stack import Settings, Stack

            self._slot = slot
            self._settings = Settings()
            self._stack = self._do(
                Stack, self.air, self.address, self._settings, self._tell, self._ask
            )
            self._run(self._stack.switch_on())
            self._later(self._stack.restore_identity())
        return int(self._stack is not None)

    def _later(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Start something that waits for the firmware."""
        self._waiting = self.loop.create_task(coroutine)
        self.pump()

    def _advertise(self, flags: int, interval_us: int, data: bytes) -> _Answer:
        assert self._stack is not None
        if not flags & 1:
            self._run(self._stack.stop_advertising())
            return 0, b""
        cut = 1 + data[0]
        first = data[1:cut] if flags & 4 else None
        second = data[cut:] if flags & 8 else None
        self._run(self._stack.advertise(interval_us, bool(flags & 2), first, second))
        return 0, b""

    def _register(self, services: int, _arg: int, data: bytes) -> _Answer:
        assert self._stack is not None
        handles = self._do(self._stack.register, data, services)
        return 0, struct.pack(f"<{len(handles)}H", *handles)

    def _read(self, _flags: int, arg: int, _data: bytes) -> _Answer:
        assert self._stack is not None
        value = self._stack.value(arg & 0xFFFF)
        left = value.read_local(arg >> 16)
        if value.append and len(left) <= ops.RADIO_PIECE:
            value.data.clear()
        return len(left), left[: ops.RADIO_PIECE]

    def _write(self, flags: int, handle: int, data: bytes) -> _Answer:
        assert self._stack is not None
        self._do(self._stack.write, handle, data, bool(flags & 1))
        return 0, b""

    def _notify(self, flags: int, arg: int, data: bytes) -> _Answer:
        assert self._stack is not None
        payload = data if flags & 2 else None
        self._do(self._stack.notify, arg & 0xFFFF, arg >> 16, payload, bool(flags & 1))
        return 0, b""

    def _buffer(self, append: int, arg: int, _data: bytes) -> _Answer:
        assert self._stack is not None
        self._stack.value(arg & 0xFFFF).resize(arg >> 16, bool(append))
        return 0, b""

    def _disconnect(self, _flags: int, number: int, _data: bytes) -> _Answer:
        assert self._stack is not None
        if number not in self._stack.links:
            return 0, b""
        self._later(self._stack.disconnect(number))
        return 1, b""

    def _pair(self, _flags: int, number: int, _data: bytes) -> _Answer:
        assert self._stack is not None
        self._do(self._stack.ask_to_pair, number)
        return 0, b""

    def _passkey(self, action: int, passkey: int, data: bytes) -> _Answer:
        assert self._stack is not None
        number = int.from_bytes(data[:2], "little")
        self._do(self._stack.passkey, number, action, passkey)
        return 0, b""

    def _set(self, option: int, value: int, data: bytes) -> _Answer:
        from .radio_stack import EINVAL, RadioError

        assert self._stack is not None and self._settings is not None
        if option == ops.RADIO_GAP_NAME:
            if len(data) > 31:
                raise RadioError(EINVAL)
            self._settings.gap_name = data
        elif option == ops.RADIO_MTU:
            if not 23 <= value <= 517:
                raise RadioError(EINVAL)
            self._settings.mtu = self._stack.device.gatt_server.max_mtu = value
        elif option in _FIELDS:
            setattr(self._settings, _FIELDS[option], value)
        return 0, b""

    def _get(self, option: int, _arg: int, _data: bytes) -> _Answer:
        assert self._settings is not None
        if option == ops.RADIO_MAC:
            return 0, bytes.fromhex(self.address.replace(":", ""))
        if option == ops.RADIO_GAP_NAME:
            return len(self._settings.gap_name), self._settings.gap_name
        return (self._settings.mtu if option == ops.RADIO_MTU else _RXBUF), b""

    # --- events for the firmware

    def _tell(self, code: int, numbers: tuple[int, ...], *pieces: bytes | None) -> None:
        self._queue(_event(code, numbers, pieces), None)

    async def _ask(
        self, code: int, numbers: tuple[int, ...], *pieces: bytes | None
    ) -> bytes | None:
        future: asyncio.Future[bytes | None] = self.loop.create_future()
        self._queue(_event(code, numbers, pieces), future)
        return await future

    def _queue(self, event: bytes, future: asyncio.Future[bytes | None] | None) -> None:
        if self._stack is None and self._slot < 0:
            return  # switched off meanwhile
        if len(self._events) >= _EVENTS_MAX:
            self.lost_events += 1
            return
        self._events.append((event, future))
        self._fire(self._slot)

    def _next(self) -> _Answer:
        if not self._events:
            return 0, _NO_DATA
        event, self._asked = self._events.popleft()
        return 1, event + bytes(ops.RADIO_EVENT_SIZE - len(event))

    def _answered(self, value: bytes | None) -> int:
        future, self._asked = self._asked, None
        if future is not None and not future.done():
            self.loop.call_soon(future.set_result, value)
            self.pump()
        return 0


_RXBUF = 128
_FIELDS = {
    ops.RADIO_BOND: "bond",
    ops.RADIO_MITM: "mitm",
    ops.RADIO_IO: "io",
    ops.RADIO_LE_SECURE: "le_secure",
}


def _event(code: int, numbers: tuple[int, ...], pieces: tuple[bytes | None, ...]) -> bytes:
    packed = struct.pack(f"<BB{len(numbers)}I", code, len(numbers), *numbers)
    for piece in pieces:
        packed += bytes((ops.RADIO_NONE,)) if piece is None else bytes((len(piece),)) + piece
    return packed + bytes((ops.RADIO_END,))


def _attributes(packed: bytes, services: int) -> int:
    """How many handles a definition asks for."""
    at = count = 0
    for _ in range(services):
        at += 1 + packed[at]
        at += 1
        for _ in range(packed[at - 1]):
            at += 1 + packed[at] + 2
            at += 1
            count += 1
            for _ in range(packed[at - 1]):
                at += 1 + packed[at] + 2
                count += 1
    return count
