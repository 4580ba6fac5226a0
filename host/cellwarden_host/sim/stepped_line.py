"""A stepped board's RS485-2 as the update engine uses it, and its clock: no real time passes."""

from __future__ import annotations

from typing import Any

from ..update.progress import Pace

_STEP_MS = 1
# The quickest a USB adapter turns round: nobody talks within a bit of the board's last one.
_TURN_MS = 0.125


class StepLine:
    """What ``link.Line`` offers, in virtual time, to a board with ``on_reply``. Rates count: what
    is said at another rate than the board's is heard as nothing. ``cut`` takes the cable away."""

    def __init__(
        self, board: Any, baud: int = 115_200, label: str = "rs485_2", step_ms: float = _STEP_MS
    ) -> None:
        self.port = label
        self.baud = baud
        self.cut = False
        self.highest = 1_000_000  # what the cable can
        self._board = board
        self._line = board.peripherals.line_of[label]
        self._step_ms = step_ms
        self._came = bytearray()
        board.on_reply[label] = self._hear

    def write(self, data: bytes) -> None:
        self._board.advance(2)
        self.put(data)

    def put(self, data: bytes) -> None:
        self._board.advance(_TURN_MS)
        if self._heard():
            self._board.uart_send(self.port, bytes(data))

    def take(self, timeout_ms: float) -> bytes:
        first = self.read(1, timeout_ms)
        rest, self._came = bytes(self._came), bytearray()
        return first + rest

    def read(self, max_bytes: int, timeout_ms: float) -> bytes:
        waited_ms = 0.0
        while not self._came and waited_ms < timeout_ms:
            self._board.advance(self._step_ms)
            waited_ms += self._step_ms
        data = bytes(self._came[:max_bytes])
        del self._came[:max_bytes]
        return data

    def discard(self) -> None:
        self._came.clear()

    def set_baud(self, baud: int) -> None:
        self.baud = baud

    def _heard(self) -> bool:
        return not self.cut and bool(self._line.baud == self.baud <= self.highest)

    def _hear(self, _end_us: int, data: bytes) -> None:
        if self._heard():
            self._came += data


class StepPace(Pace):
    """The board's own time."""

    def __init__(self, board: Any) -> None:
        self._board = board

    def now_s(self) -> float:
        return float(self._board.clock.now_us / 1e6)

    def wait(self, seconds: float) -> None:
        self._board.advance(seconds * 1000)
