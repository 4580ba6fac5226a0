"""A Modbus client's line to a stepped board: waiting for an answer is advancing virtual time."""

from __future__ import annotations

from .board import SimBoard


class SteppedTransport:
    """Transport of ``modbus_rtu.client.Client`` over one RS485 port of ``board``.

    ``turnaround_us`` is the newest answer's delay: from the request's last bit on the line to
    the answer's first.
    """

    def __init__(self, board: SimBoard, label: str = "rs485_2", step_ms: float = 1) -> None:
        self._board = board
        self._label = label
        self._line = board.peripherals.line_of[label]
        self._step_ms = step_ms
        self._asked_us = 0
        self._came = bytearray()
        self.turnaround_us: int | None = None

    def write(self, data: bytes) -> None:
        now_us = self._board.clock.now_us
        byte_us = self._line.bits * 1_000_000 / (self._line.baud or 9600)
        self._board.uart_send(self._label, bytes(data))
        self._asked_us = now_us + int(len(data) * byte_us)
        self.turnaround_us = None

    def read(self, max_bytes: int, timeout_ms: float) -> bytes:
        waited_ms = 0.0
        while not self._came and waited_ms < timeout_ms:
            self._collect()
            if not self._came:
                self._board.advance(self._step_ms)
                waited_ms += self._step_ms
        self._collect()
        data = bytes(self._came[:max_bytes])
        del self._came[:max_bytes]
        return data

    def discard(self) -> None:
        self._collect()
        self._came.clear()

    def _collect(self) -> None:
        for end_us, data in self._board.uart_take(self._label):
            if self.turnaround_us is None and self._line.baud:
                length_us = len(data) * self._line.bits * 1_000_000 // self._line.baud
                self.turnaround_us = end_us - length_us - self._asked_us
            self._came += data
