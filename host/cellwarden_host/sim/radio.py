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
    from .radio_calls import Calls
    from .radio_loop import VirtualLoop
    from .radio_stack import Stack

INTERVAL_MS = 15  # what phones choose for a connection that is in use
_WRITES_MAX = 200  # events that wait; further writes are not told of, only counted
_GATTS_WRITE = 3
_ENODEV = 19  # what the stack says while it is off
_GET_SIZES = {ops.RADIO_MAC: 6, ops.RADIO_GAP_NAME: 32}
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
        self._calls: Calls | None = None
        self._slot = -1
        self._events: deque[tuple[bytes, asyncio.Future[bytes | None] | None]] = deque()
        self._asked: asyncio.Future[bytes | None] | None = None
        self.lost_events = 0

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

    def status(self) -> dict[str, Any]:
        """What a person asks about it."""
        stack = self._stack
        return {
            "on": stack is not None,
            "advertising": stack is not None and stack.station.le_legacy_advertiser.enabled,
            "connections": []
            if stack is None
            else [link.status() for link in stack.links.values()],
            "lost_events": self.lost_events,
        }

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
            self._listener = _listening_socket()
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

        # A refused pairing is no news here, and no refused write command an error.
        for name, level in (("bumble", logging.ERROR), ("bumble.gatt_server", logging.CRITICAL)):
            logger = logging.getLogger(name)
            if logger.level == logging.NOTSET:
                logger.setLevel(level)
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
        self._calls = None
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
        size = {ops.RADIO_READ: ops.RADIO_PIECE, ops.RADIO_REGISTER: arg}.get(function, 0)
        if function == ops.RADIO_GET:
            size = _GET_SIZES.get(flags, 0)
        if self._calls is None:
            return ops.RADIO_ERROR | _ENODEV, bytes(size)
        result, reply = self._run(self._calls.answer(function, flags, arg, data))
        return result, reply + bytes(size - len(reply))

    def _active(self, flags: int, slot: int) -> int:
        if flags == 0:
            self.switch_off()
        elif flags == 1 and self._stack is None:
            from .radio_calls import Calls
            from .radio_stack import Stack

            self._slot = slot
            self._stack = self._do(Stack, self.air, self.address, self._tell, self._ask)
            self._run(self._stack.security.switch_on())
            self._calls = Calls(self._stack)
            self._waiting = self.loop.create_task(self._stack.security.restore_identity())
            self.pump()
        return int(self._stack is not None)

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
        if self._slot < 0:
            return  # switched off meanwhile
        if len(self._events) >= _WRITES_MAX and event[0] == _GATTS_WRITE:
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


def _listening_socket() -> socket.socket:
    # Named as TCP, or asyncio leaves Nagle's algorithm on and every answer takes 40 ms more.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.bind(("127.0.0.1", 0))
    made.listen()
    made.setblocking(False)
    return made


def _event(code: int, numbers: tuple[int, ...], pieces: tuple[bytes | None, ...]) -> bytes:
    packed = struct.pack(f"<BB{len(numbers)}I", code, len(numbers), *numbers)
    for piece in pieces:
        packed += bytes((ops.RADIO_NONE,)) if piece is None else bytes((len(piece),)) + piece
    return packed + bytes((ops.RADIO_END,))
