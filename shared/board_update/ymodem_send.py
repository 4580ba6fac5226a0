"""YMODEM, the host's side: hands one file to whoever asks with 'C'. Bytes and time in, bytes out.

No clock, no I/O. The receiver drives: a block is sent when the one before was acknowledged, and
again on NAK or after a long silence. A sender whose board talks to people as well (a menu) is
told where the answers begin: bytes that mean nothing are skipped. It must never take one answer
for two: what was received before a block had left cannot be about that block.
"""

from .ymodem import ACK, CAN, CANCEL, DONE, EOT, FAILED, NAK, RUNNING, SOH, STX, crc16

_ASK = 0x43
_MASK = 0x3FFFFFFF
_PADDING = b"\x1a"
ANSWER_MS = 12_000  # the board may write flash, or check a whole file, before it answers
PATIENCE_MS = 60_000  # for the first 'C'
_TRIES = 10

_INVITED, _NAMED, _WANTED, _SENDING, _ENDING, _LEAVING, _LEFT = range(7)


def block(number, data, length):
    """One block with head and checksum; ``data`` is filled up to ``length``."""
    pad = b"\0" if number == 0 and length == 128 else _PADDING
    body = data + pad * (length - len(data))
    crc = crc16(body, 0, length)
    head = bytes((SOH if length == 128 else STX, number & 0xFF, ~number & 0xFF))
    return head + body + bytes((crc >> 8, crc & 0xFF))


class Sender:
    """Feed it what came in; each call returns bytes to send now. ``sent`` is acknowledged."""

    def __init__(self, name, data, length=1024):
        self.state = RUNNING
        self.why = ""  # FAILED: "cancelled", "refused" (the file), "silence", "stopped"
        self.size = len(data)
        self.sent = 0
        self.repeats = 0
        self._data = data
        self._name = name
        self._most = length
        self._length = 0  # of the file's part in the block under way
        self._number = 0
        self._waits = _INVITED
        self._last = b""
        self._tries = 0
        self._cans = 0
        self._since_ms = -1

    def start(self, now_ms):
        """Wait for the first 'C'."""
        self._since_ms = now_ms

    def stop(self):
        """A person wants it to end: what to send."""
        self.state = FAILED
        self.why = "stopped"
        return CANCEL

    def feed(self, buf, now_ms):
        """``buf`` came in; bytes to send, or nothing."""
        for i in range(len(buf)):
            if self.state != RUNNING:
                break
            out = self._hear(buf[i], now_ms)
            if out:
                return out  # whatever came with it is older than what is sent now
        if self.state == RUNNING and not buf:
            return self._silence(now_ms)
        return b""

    def _hear(self, byte, now_ms):
        self._cans = self._cans + 1 if byte == CAN else 0
        if self._cans == 2:
            if self._waits == _LEFT:
                self.state = DONE
                return b""
            self.state = FAILED
            known = self._waits in (_NAMED, _ENDING) or self.sent + self._length == self.size
            self.why = "refused" if known else "cancelled"
            return b""
        waits = self._waits
        if byte == NAK:
            if waits == _INVITED:
                return b""
            if waits == _LEAVING:
                return b""
            return self._repeat(now_ms)  # a receiver also asks for a second EOT, as it may
        if byte == _ASK:
            if waits == _INVITED:
                return self._next_block(now_ms, _NAMED, self._block_0())
            if waits == _WANTED:
                return self._go_on(now_ms)
            if waits == _LEAVING:
                return self._next_block(now_ms, _LEFT, block(0, b"", 128))
            # Any other was sent before the block under way had been heard.
            return b""
        if byte == ACK:
            if waits == _NAMED:
                self._wait(_WANTED, now_ms)
            elif waits == _SENDING:
                self.sent += self._length
                return self._go_on(now_ms)
            elif waits == _ENDING:
                self._wait(_LEAVING, now_ms)
            elif waits == _LEFT:
                self.state = DONE
        return b""

    def _block_0(self):
        told = self._name + b"\0" + str(self.size).encode() + b" 0 0 0"
        return block(0, told, 128 if len(told) < 128 else 1024)

    def _go_on(self, now_ms):
        data = self._data[self.sent : self.sent + self._most]
        self._length = len(data)
        if not data:
            return self._next_block(now_ms, _ENDING, bytes((EOT,)))
        self._number += 1
        length = 128 if len(data) <= 128 else self._most
        return self._next_block(now_ms, _SENDING, block(self._number, data, length))

    def _next_block(self, now_ms, waits, what):
        self._wait(waits, now_ms)
        self._last = what
        return what

    def _wait(self, waits, now_ms):
        self._waits = waits
        self._tries = 0
        self._since_ms = now_ms

    def _say(self, what, now_ms):
        self._since_ms = now_ms
        return what

    def _repeat(self, now_ms):
        self._tries += 1
        self.repeats += 1
        if self._tries > _TRIES:
            self.state = FAILED
            self.why = "silence"
            return CANCEL
        return self._say(self._last, now_ms)

    def _silence(self, now_ms):
        silent_ms = (now_ms - self._since_ms) & _MASK
        if self._waits == _INVITED:
            if silent_ms < PATIENCE_MS:
                return b""
        elif self._waits in (_LEAVING, _LEFT) and silent_ms >= ANSWER_MS:
            self.state = DONE  # the board has the file; only its farewell is missing
            return b""
        elif silent_ms < ANSWER_MS:
            return b""
        elif self._waits != _WANTED:
            return self._repeat(now_ms)
        self.state = FAILED
        self.why = "silence"
        return CANCEL
