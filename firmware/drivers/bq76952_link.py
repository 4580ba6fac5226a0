"""The wire to a BQ76952: I2C with or without CRC, direct commands, the transfer buffer.

Knows bytes and their checks, not what they mean. Every exchange is checked and tried again a
few times from the beginning; what did not come through is said, never guessed, and nothing
here raises or allocates after ``prepare()``.

Facts: TI's BQ76952 technical reference manual (SLUUBY2: subcommands at 0x3E, transfer buffer
at 0x40, check and length at 0x60 written together), TI's software guide SLUAA11 (CRC-8 of
polynomial 0x07 after each byte; that of the first byte covers addresses and register as well).
While a subcommand is being worked on, 0x3E does not read back what was written (Libre Solar's
bq769x2 driver). A read is repeated with its register, or it would go on one byte too far (the
same project's issue 53).
"""

from cellwarden.ticks import MASK
from firmware.clock import now_ms

SUBCOMMAND = 0x3E
BUFFER = 0x40
CHECK = 0x60
BLOCK = 32  # bytes in the transfer buffer
_OVERHEAD = 4  # the length counts two bytes of address, check and length as well

_ATTEMPTS = 3
_LOST_AFTER = 3  # measuring attempts in a row without one good answer


def _build_table():
    table = bytearray(256)
    for index in range(256):
        remainder = index
        for _ in range(8):
            remainder = (remainder << 1) ^ 0x07 if remainder & 0x80 else remainder << 1
            remainder &= 0xFF
        table[index] = remainder
    return table


_TABLE = _build_table()


def crc8(data, count):
    """The check of the first ``count`` bytes of ``data``."""
    check = 0
    for i in range(count):
        check = _TABLE[check ^ data[i]]
    return check


class Bq76952Link:
    """``read`` leaves its bytes in ``data``; ``write`` and ``send`` take theirs from ``out``."""

    def __init__(self, i2c, address=0x08, crc=True):
        self._i2c = i2c
        self._address = address
        self.crc = crc  # how the chip is spoken to at present
        self.data = bytearray(64)
        self.out = bytearray(2 + BLOCK)
        self._pointer = bytearray(1)
        self._head = bytearray((address << 1, 0, (address << 1) | 1, 0))
        self._buffers = {}  # number of bytes on the wire -> a buffer of that size
        self.prepare((1, 2, 3, 4, 6, 12, 20, BLOCK, 48))
        self.spoken_ms = now_ms()  # when the chip was last known to have heard
        self.asked = -1  # the newest subcommand or address in the transfer buffer
        self.crc_errors = 0
        self.nacks = 0
        self.sure = False  # the newest read was good: the chip speaks as it is spoken to
        self._heard = False
        self._silent = 0  # attempts in a row without a good answer

    def prepare(self, sizes):
        """Make buffers for exchanges of so many bytes each; allocates."""
        for count in sizes:
            for length in (count, 2 * count, count + 1, 2 * count + 1):
                if length not in self._buffers:
                    self._buffers[length] = bytearray(length)

    def read(self, register, count, attempts=_ATTEMPTS):
        """Read ``count`` registers from ``register`` on; True when all checks are right."""
        self._pointer[0] = register
        frame = self._buffers[2 * count if self.crc else count]
        for _attempt in range(attempts):
            try:
                self._i2c.writeto(self._address, self._pointer, False)
                self._i2c.readfrom_into(self._address, frame)
            except OSError:
                self.nacks = (self.nacks + 1) & MASK
                continue
            if self._take(frame, register, count):
                self._heard = self.sure = True
                self.spoken_ms = now_ms()
                return True
            self.crc_errors = (self.crc_errors + 1) & MASK
        self.sure = False
        return False

    def _take(self, frame, register, count):
        data = self.data
        if not self.crc:
            for i in range(count):
                data[i] = frame[i]
            return True
        head = self._head
        head[1] = register
        head[3] = frame[0]
        if crc8(head, 4) != frame[1]:
            return False
        data[0] = frame[0]
        table = _TABLE
        at = 2
        for i in range(1, count):
            value = frame[at]
            if table[value] != frame[at + 1]:
                return False
            data[i] = value
            at += 2
        return True

    def write(self, register, count, attempts=_ATTEMPTS):
        """Write the first ``count`` bytes of ``out``; False when the chip refused each time."""
        out = self.out
        if self.crc:
            frame = self._buffers[2 * count + 1]
            head = self._head
            head[1] = register
            table = _TABLE
            check = table[table[table[head[0]] ^ register] ^ out[0]]
            for i in range(count):
                frame[2 * i + 1] = out[i]
                frame[2 * i + 2] = table[out[i]] if i else check
        else:
            frame = self._buffers[count + 1]
            for i in range(count):
                frame[i + 1] = out[i]
        frame[0] = register
        for _attempt in range(attempts):
            try:
                self._i2c.writeto(self._address, frame)
                self.spoken_ms = now_ms()
                return True
            except OSError:
                self.nacks = (self.nacks + 1) & MASK
        return False

    # -- subcommands and data memory -----------------------------------------------------

    def command(self, code, attempts=_ATTEMPTS):
        """Send a subcommand without data, or ask for the answer of one that has an answer.

        One that toggles something must not be repeated blindly: ``attempts`` 1.
        """
        self.asked = code
        self.out[0] = code & 0xFF
        self.out[1] = code >> 8
        return self.write(SUBCOMMAND, 2, attempts)

    def done(self, code):
        """True when the chip says that it has worked on ``code`` and waits for the next."""
        if not self.read(SUBCOMMAND, 2):
            return False
        return self.data[0] == code & 0xFF and self.data[1] == code >> 8

    def fetch(self, code):
        """Bring the answer of ``code`` into ``data``; how many bytes, or -1 for none.

        Not done yet, a length that cannot be, or a wrong sum all mean none.
        """
        if not self.done(code) or not self.read(CHECK, 2):
            return -1
        check = self.data[0]
        count = self.data[1] - _OVERHEAD
        if not 0 < count <= BLOCK:
            return -1
        if not self.read(BUFFER, count if 2 * count in self._buffers else BLOCK):
            return -1
        if self._sum(code, self.data, 0, count) != check:
            self.crc_errors = (self.crc_errors + 1) & MASK
            return -1
        return count

    def send(self, code, count):
        """Send ``count`` bytes, found in ``out`` from index 2 on, to a subcommand or address."""
        self.asked = code
        out = self.out
        out[0] = code & 0xFF
        out[1] = code >> 8
        check = self._sum(code, out, 2, count)
        if not self.write(SUBCOMMAND, count + 2):
            return False
        out[0] = check
        out[1] = count + _OVERHEAD
        return self.write(CHECK, 2)

    @staticmethod
    def _sum(code, data, start, count):
        total = (code & 0xFF) + (code >> 8)
        for i in range(start, start + count):
            total += data[i]
        return ~total & 0xFF

    def end_attempt(self):
        """Close one measuring attempt; 1 when the chip has fallen silent, else 0."""
        if self._heard:
            self._silent = 0
        elif self._silent < _LOST_AFTER:
            self._silent += 1
        self._heard = False
        return 1 if self._silent >= _LOST_AFTER else 0
