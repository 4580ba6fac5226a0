"""YMODEM, the board's side: bytes and time in, bytes to send out, a file into a sink.

No clock, no I/O, no allocation a byte. Blocks of 128 or 1024 bytes with CRC-16, the name and size
in block 0 (which may have either length), one file a session. It is patient with the line: time
is measured between bytes and never for a whole block (one of 1024 bytes takes 1.07 s at 9600
baud), a block that came twice is acknowledged and not kept again, noise is skipped, and a lone
CAN (ZMODEM's greeting has one) cancels nothing. It must never hand the sink a byte of a block
whose checksum is wrong, a byte twice, or one behind the size that block 0 told.

The sink has, all called while the sender waits for an answer, so that flash may take its time:
    begin(name, size) -> True to take the file; size is -1 where the sender told none
    write(buf, n) -> True when the first n bytes of buf are kept
    end() -> True when the whole file is there and good: asked before the last block is
        acknowledged where the size is known, since senders like ``sb`` hear no refusal later
Source: C. Forsberg, "XMODEM/YMODEM Protocol Reference" (1988); what lrzsz's ``sb`` really sends.
"""

from array import array

SOH, STX, EOT, ACK, NAK, CAN = 0x01, 0x02, 0x04, 0x06, 0x15, 0x18
_ASK = b"C"
_YES = b"\x06"
_NO = b"\x15"
_YES_ASK = b"\x06C"
CANCEL = b"\x18\x18\x18\x18\x18"
_BACKSPACE = 0x08

RUNNING, DONE, FAILED = 0, 1, 2

ASK_MS = 2_000  # between two 'C', while nobody sends
GAP_MS = 1_000  # between two bytes of a block
QUIET_MS = 100  # silence behind what was wrong, before it is asked for again
BLOCK_MS = 5_000  # for the next block to begin
_ASKS = 30
_TRIES = 10
_LONGEST = 1024
_MASK = 0x3FFFFFFF

_BLOCK_0, _DATA, _LAST = 0, 1, 2  # what comes next: the name, the file, the empty block 0


def _table():
    table = array("H", bytearray(512))
    for i in range(256):
        crc = i << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
        table[i] = crc
    return table


_TABLE = _table()


def crc16(buf, start, end, crc=0):
    """CRC-16 of XMODEM carried on over ``buf[start:end]``: 0 over a block and its checksum."""
    table = _TABLE
    for i in range(start, end):
        crc = (crc << 8 & 0xFF00) ^ table[crc >> 8 ^ buf[i]]
    return crc


class Receiver:
    """``start``, then ``feed`` with what came in (or nothing); each returns bytes to send."""

    def __init__(self, sink):
        self.state = RUNNING
        self.why = ""  # FAILED: "cancelled", "silence", "noise", "refused", "short", "bad"
        self.received = 0  # bytes of the file that the sink has
        self.size = -1
        self._sink = sink
        self._buf = bytearray(3 + _LONGEST + 2)
        self._have = 0  # of the block that comes in
        self._length = 0  # of that block with head and checksum, once it has begun
        self._crc = 0
        self._summed = 3
        self._phase = _BLOCK_0
        self._next = 0  # number of the block that is due
        self._whole = False  # the sink has found the file good
        self._ended = False  # one EOT has been heard, and asked for again
        self._cans = 0
        self._wrong = False  # something came that was no block: ask again once it is quiet
        self._tries = 0
        self._heard_ms = 0
        self._said_ms = 0

    def start(self, now_ms):
        """Invite the sender."""
        self._heard_ms = now_ms
        return self._say(_ASK, now_ms)

    def cancel(self, why="cancelled"):
        """Give up; what to send, so that the other side does too."""
        self.state = FAILED
        self.why = why
        return CANCEL

    def feed(self, buf, n, now_ms):
        """Take ``n`` received bytes, 0 for none; returns what is to be sent now."""
        if self.state != RUNNING:
            return b""
        if not n:
            return self._silence(now_ms)
        self._heard_ms = now_ms
        answer = b""
        at = 0
        while at < n and self.state == RUNNING:
            if self._length:
                at += self._fill(buf, at, n)
                if self._have == self._length > 0:
                    answer = self._block(now_ms) or answer
            else:
                answer = self._begin(buf[at], now_ms) or answer
                at += 1
        return answer

    def _say(self, what, now_ms):
        self._said_ms = now_ms
        return what

    def _begin(self, byte, now_ms):
        """The first byte behind a block, or noise."""
        self._cans = self._cans + 1 if byte == CAN else 0
        if byte == SOH or byte == STX:
            self._buf[0] = byte
            self._have = 1
            self._length = 3 + (128 if byte == SOH else _LONGEST) + 2
            self._crc = 0
            self._summed = 3
        elif byte == EOT and self._phase != _BLOCK_0 and not self._wrong:
            return self._end_of_file(now_ms)
        elif self._cans == 2:
            self.state = FAILED
            self.why = "cancelled"
        elif byte != CAN:
            self._wrong = True
        return b""

    def _fill(self, buf, at, n):
        """Copy what belongs to the block and sum it up as it comes; bytes used."""
        have = self._have
        take = min(n - at, (3 if have < 3 else self._length) - have)
        own = self._buf
        own[have : have + take] = memoryview(buf)[at : at + take]
        self._have = have = have + take
        if have > 3:
            self._crc = crc16(own, self._summed, have, self._crc)
            self._summed = have
        elif have == 3 and own[1] ^ own[2] != 0xFF:
            self._shift(own[1], own[2])
        return take

    def _shift(self, second, third):
        """What looked like a head was none: the block may begin a little further on."""
        self._have = self._length = 0
        self._wrong = True
        self._begin(second, 0)
        if self._length:
            self._buf[1] = third
            self._have = 2
        else:
            self._begin(third, 0)

    def _block(self, now_ms):
        """A whole block is there."""
        number = self._buf[1]
        length = self._length - 5
        good = self._crc == 0
        self._have = self._length = 0
        if not good:
            self._wrong = True
            return b""
        self._wrong = False
        self._ended = False
        if self._phase == _BLOCK_0:
            return self._name(length, now_ms) if number == 0 else self._again(_NO, now_ms)
        if self._phase == _LAST:
            if number == 0:
                self.state = DONE
                return _YES if not self._buf[3] else CANCEL  # a second file is not taken
            return self._say(_YES, now_ms)
        if number == self._next:
            return self._data(length, now_ms)
        if number == (self._next - 1) & 0xFF:
            self._tries = 0
            first = self._next == 1 and not self.received
            return self._say(_YES_ASK if first else _YES, now_ms)
        return self._again(_NO, now_ms)

    def _name(self, length, now_ms):
        """Block 0: the file's name, a zero, its size in decimal, and what nobody needs."""
        block = bytes(self._buf[3 : 3 + length])
        name, _, rest = block.partition(b"\0")
        if not name:
            return self.cancel("short")  # the sender has no file
        size = -1
        for digit in rest:
            if not 0x30 <= digit <= 0x39:
                break
            size = max(size, 0) * 10 + digit - 0x30
            if size > _MASK:
                break
        if not self._sink.begin(name, size):
            return self.cancel("refused")
        self.size = size
        self._phase = _DATA
        self._next = 1
        self._tries = 0
        return self._say(_YES_ASK, now_ms)

    def _data(self, length, now_ms):
        if self.size >= 0:
            length = min(length, self.size - self.received)
        if length and not self._sink.write(memoryview(self._buf)[3 : 3 + length], length):
            return self.cancel("refused")
        self.received += length
        self._next = (self._next + 1) & 0xFF
        self._tries = 0
        if self.received == self.size and not self._end():
            return self.cancel("bad")
        return self._say(_YES, now_ms)

    def _end(self):
        self._whole = self._whole or self._sink.end()
        return self._whole

    def _end_of_file(self, now_ms):
        """EOT: asked for a second time, since noise may look like one."""
        if self._phase == _LAST:
            return self._say(_YES_ASK, now_ms)  # the answer got lost
        if not self._ended:
            self._ended = True
            return self._say(_NO, now_ms)
        if self.received < self.size:
            return self.cancel("short")
        if not self._end():
            return self.cancel("bad")
        self._phase = _LAST
        self._tries = 0
        return self._say(_YES_ASK, now_ms)

    def _again(self, what, now_ms):
        """Ask once more, or give up."""
        self._tries += 1
        if self._tries > (_ASKS if self._phase == _BLOCK_0 else _TRIES):
            if self._phase == _LAST:
                self.state = DONE  # the file is there; only the farewell is missing
                return b""
            return self.cancel("noise" if self._wrong else "silence")
        return self._say(what, now_ms)

    def _silence(self, now_ms):
        """Nothing came in: is it time to say something?"""
        silent_ms = (now_ms - self._heard_ms) & _MASK
        if self._length:
            if silent_ms < GAP_MS:
                return b""
            if self._cancelled_inside():
                return self.cancel()
            self._have = self._length = 0
            self._wrong = True
        said_ms = (now_ms - self._said_ms) & _MASK
        if self._phase == _BLOCK_0:
            if silent_ms < QUIET_MS or said_ms < ASK_MS:
                return b""
            answer = self._again(_ASK, now_ms)
        elif self._wrong:
            if silent_ms < QUIET_MS:
                return b""
            answer = self._again(_NO, now_ms)
        else:
            # Before the first block, and behind the last, the sender waits for a 'C'.
            asks = self._next == 1 and not self.received or self._phase == _LAST
            if said_ms < (ASK_MS if asks else BLOCK_MS):
                return b""
            answer = self._again(_ASK if asks else _NO, now_ms)
        self._wrong = False
        self._heard_ms = now_ms
        return answer

    def _cancelled_inside(self):
        """A sender that was stopped inside a block ends it with CANs, and backspaces."""
        cans = 0
        for i in range(self._have - 1, 2, -1):
            byte = self._buf[i]
            if byte == CAN:
                cans += 1
            elif byte != _BACKSPACE:
                break
        return cans >= 4
