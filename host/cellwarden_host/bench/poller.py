"""A Modbus master that knows no pause: the next request follows a reply at once.

"At once" is what the standard lets it do, 1.75 ms of silence above 19200 baud. It counts what
was asked, answered and never answered, and how long each reply took to begin, all in virtual
time. Works on a ``Rig``.
"""

from __future__ import annotations

from modbus_rtu import crc

from .rig import Rig

GAP_US = 1750
GIVE_UP_US = 200_000
_BITS = 10  # of a character, 8N1


def read_request(address: int, count: int, unit: int = 1) -> bytes:
    """Function 3, with its checksum."""
    frame = bytearray((unit, 3, address >> 8, address & 0xFF, count >> 8, count & 0xFF, 0, 0))
    crc.append(frame, 6)
    return bytes(frame)


def reply_bytes(request: bytes) -> int:
    """Length of the reply to a read (function 3) or a write (function 16)."""
    return 5 + 2 * int.from_bytes(request[4:6], "big") if request[1] == 3 else 8


class Poller:
    """Asks on one port for ever; ``stop`` ends it."""

    def __init__(self, rig: Rig, label: str, baud: int, request: bytes) -> None:
        self.asked = 0
        self.answered = 0
        self.refused = 0
        self.lost = 0
        self.turnaround_us: list[int] = []
        self._rig = rig
        self._label = label
        self._baud = baud
        self._request = request
        self._length = reply_bytes(request)
        self.sent_us = 0  # when the newest request's last byte was on the line
        self.newest = b""  # the newest good reply
        self._stopped = False
        rig.on_reply[label] = self._reply
        self._ask()

    def stop(self) -> None:
        """Ask no more; what is on its way is not counted as lost."""
        self._stopped = True
        self._rig.clock.cancel(self._alarm("late"))

    def _alarm(self, name: str) -> tuple[str, str, str]:
        return ("bench", self._label, name)

    def _line_us(self, characters: int) -> int:
        return characters * _BITS * 1_000_000 // self._baud

    def _ask(self) -> None:
        if self._stopped:
            return
        clock = self._rig.clock
        self.asked += 1
        self._rig.uart_send(self._label, self._request)
        self.sent_us = clock.now_us + self._line_us(len(self._request))
        clock.set(self._alarm("late"), self.sent_us + GIVE_UP_US, self._give_up)

    def _give_up(self) -> None:
        self.lost += 1
        self._ask()

    def _reply(self, end_us: int, data: bytes) -> None:
        clock = self._rig.clock
        clock.cancel(self._alarm("late"))
        if len(data) == self._length:
            self.answered += 1
            self.newest = data
            self.turnaround_us.append(end_us - self._line_us(len(data)) - self.sent_us)
        else:
            self.refused += 1
        due_us = max(end_us + GAP_US, clock.now_us)
        clock.set(self._alarm("next"), due_us, self._ask)
