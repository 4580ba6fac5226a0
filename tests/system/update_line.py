"""A stepped board's RS485-2 as the update engine uses it, and its clock: no real time passes."""

from cellwarden_host.update import Pace

_STEP_MS = 1


class StepLine:
    """What ``link.Line`` offers, in virtual time, to a WatchedBoard. Rates count: what is said at
    another rate than the board's is heard as nothing. ``cut`` takes the cable away."""

    def __init__(self, board, baud=115_200, label="rs485_2", step_ms=_STEP_MS):
        self.port = label
        self.baud = baud
        self.cut = False
        self.highest = 1_000_000  # what the cable can
        self._board = board
        self._line = board.peripherals.line_of[label]
        self._step_ms = step_ms
        self._came = bytearray()
        board.on_reply[label] = self._hear

    def write(self, data):
        self._board.advance(2)
        self.put(data)

    def put(self, data):
        if self._heard():
            self._board.uart_send(self.port, bytes(data))

    def take(self, timeout_ms):
        first = self.read(1, timeout_ms)
        rest, self._came = bytes(self._came), bytearray()
        return first + rest

    def read(self, max_bytes, timeout_ms):
        waited_ms = 0
        while not self._came and waited_ms < timeout_ms:
            self._board.advance(self._step_ms)
            waited_ms += self._step_ms
        data = bytes(self._came[:max_bytes])
        del self._came[:max_bytes]
        return data

    def discard(self):
        self._came.clear()

    def set_baud(self, baud):
        self.baud = baud

    def _heard(self):
        return not self.cut and self._line.baud == self.baud <= self.highest

    def _hear(self, _end_us, data):
        if self._heard():
            self._came += data


class StepPace(Pace):
    """The board's own time."""

    def __init__(self, board):
        self._board = board

    def now_s(self):
        return self._board.clock.now_us / 1e6

    def wait(self, seconds):
        self._board.advance(seconds * 1000)
