"""BQ76952 battery monitor on I2C: registers, subcommands, transfer buffer, CRC.

From TI's data sheet SLUSE13 and technical reference manual SLUUBY2: after each data byte a
CRC-8 (polynomial 0x07; for the first byte over both addresses and the register too), a wrong
one is not acknowledged; 0x3E/0x3F take a subcommand and read back 0xFF until it is done; the
answer stands in 0x40-0x5F with its check in 0x60 and its length in 0x61; data are taken when
check and length are written together. Data memory changes only in CONFIG_UPDATE mode, in which
nothing is measured or protected. The device number is 0x7695. Nothing here knows a driver.
"""

import struct

from .bq76952_chip import CONFIG_UPDATE, DEEPSLEEP, FET_EN, NORMAL, SHUTDOWN, SLEEP, Chip
from .bq76952_memory import END, FIRST

ADDRESS = 0x08
I2C_WITH_CRC = (0x11, 0x12)
DONE_US = {0x0090: 2_000, 0x0092: 1_000, 0x0004: 8_500, 0x0005: 450, 0x0076: 660, 0x0075: 660}
_WITH_DATA = (0x0084, 0x0098)
_BYTE_US = 25
TWICE_US = 4_000_000


def crc8(data):
    check = 0
    for byte in data:
        check ^= byte
        for _ in range(8):
            check = (check << 1 ^ 0x07 if check & 0x80 else check << 1) & 0xFF
    return check


class Bq76952:
    """I2cDevice. Faults are attributes; ``transactions`` and ``bytes`` count the traffic."""

    def __init__(self, outside, seed=1):
        self.chip = Chip(outside, seed)
        self.silent = False  # fault: acknowledges nothing
        self.noise_every = 0  # fault: every so many bytes read, one bit is wrong
        self.ignore_config = False  # fault: never enters CONFIG_UPDATE
        self.device_number = 0x7695
        self.reset_after = None  # fault: a full reset after so many more transactions
        self.transactions = self.bytes = 0
        self._noise_at = 0
        self.crc = False
        self._power_up_bus()

    def _power_up_bus(self):
        self.crc = self.chip.memory.block(0x9239)[0] in I2C_WITH_CRC
        self._pointer = 0
        self._buffer = bytearray(32)
        self._subcommand = 0
        self._check = self._length = 0
        self._done_us = 0
        self._last = (0, -TWICE_US)  # newest command and when, for those wanted twice

    def reset(self, now_us):
        """Supply dipped, or the RESET subcommand."""
        self.chip.power_up(now_us)
        self._power_up_bus()

    # --- I2cDevice --------------------------------------------------------------------------

    def write(self, data, now_us):
        """True when all bytes were acknowledged; those before a wrong check were taken."""
        if not self._begin(now_us, len(data)):
            return False
        if not data:
            return True
        register = self._pointer = data[0]
        rest = data[1:]
        if not self.crc:
            for byte in rest:
                self._store(register, byte, now_us)
                register = register + 1 & 0x7F
        else:
            covered = bytes((ADDRESS << 1, register))
            for at in range(0, len(rest), 2):
                pair = rest[at : at + 2]
                if len(pair) < 2 or crc8(covered + pair[:1]) != pair[1]:
                    return False
                self._store(register, pair[0], now_us)
                register = register + 1 & 0x7F
                covered = b""
        if rest:
            self.chip.protections.heard(now_us)
        return True

    def read(self, length, now_us):
        """As many bytes as wanted, with a check after each when that is on."""
        if not self._begin(now_us, length):
            return None
        self.chip.protections.heard(now_us)
        out = bytearray()
        covered = bytes((ADDRESS << 1, self._pointer, ADDRESS << 1 | 1))
        while len(out) < length:
            # each byte is fetched when its turn comes
            self.chip.catch_up(now_us - _BYTE_US * (length - len(out)))
            byte = self._load(self._pointer, now_us)
            self._pointer = self._pointer + 1 & 0x7F
            out.append(byte)
            if self.crc:
                out.append(crc8(covered + bytes((byte,))))
                covered = b""
        for i in range(length):
            self._noise_at += 1
            if self.noise_every and self._noise_at % self.noise_every == 0:
                out[i] ^= 1 << (self._noise_at // self.noise_every) % 8
        return bytes(out[:length])

    def _begin(self, now_us, count):
        self.transactions += 1
        self.bytes += count + 1
        self.chip.outside.advance(now_us)
        self.chip.catch_up(now_us - _BYTE_US * count)
        if self.reset_after is not None:
            self.reset_after -= 1
            if self.reset_after < 0:
                self.reset_after = None
                self.reset(now_us)
        return not self.silent and self.chip.mode != SHUTDOWN

    # --- registers --------------------------------------------------------------------------

    def _load(self, register, now_us):
        chip = self.chip
        if 0x40 <= register < 0x60:
            return self._buffer[register - 0x40]
        if register in (0x3E, 0x3F):
            if now_us < self._done_us:
                return 0xFF
            return self._subcommand >> (8 * (register - 0x3E)) & 0xFF
        if register == 0x60:
            return self._check
        if register == 0x61:
            return self._length
        if 0x02 <= register <= 0x07:
            group = "ABC"[(register - 2) // 2]
            p = chip.protections
            return (p.status if register & 1 else p.alert)[group]
        if register == 0x7F:
            return chip.fet_status()
        word = self._word(register & ~1)
        return word >> (8 * (register & 1)) & 0xFF

    def _word(self, register):
        chip = self.chip
        if register == 0x12:
            return self._battery_status()
        if 0x14 <= register < 0x3A:
            return chip.results[(register - 0x14) // 2] & 0xFFFF
        if register == 0x3A:
            return chip.current & 0xFFFF
        if register == 0x62:
            return chip.alarm
        if register == 0x66:
            return chip.alarm_enable
        if 0x68 <= register <= 0x7A:
            return chip.temps_dk[(register - 0x68) // 2] & 0xFFFF
        if register == 0x0A:  # alert of A in the low byte, status in the high one
            return chip.permanent << 8
        if register == 0x00:
            return 4 if chip.mode == DEEPSLEEP else 0
        return 0

    def _battery_status(self):
        chip = self.chip
        tripped = any(chip.protections.status.values())
        bits = (
            (chip.mode == CONFIG_UPDATE, 0), (chip.sleep_enabled, 2), (chip.por, 3),
            (chip.watchdog_bit, 4), (True, 8), (tripped, 11), (bool(chip.permanent), 12),
            (chip.mode == SLEEP, 15),
        )  # fmt: skip
        return sum(1 << at for on, at in bits if on)

    def _store(self, register, byte, now_us):
        if register == 0x3E:
            self._subcommand = self._subcommand & 0xFF00 | byte
        elif register == 0x3F:
            self._subcommand = byte << 8 | self._subcommand & 0xFF
            self._prepare(now_us)
        elif 0x40 <= register < 0x60:
            self._buffer[register - 0x40] = byte
        elif register == 0x60:
            self._check = byte
        elif register == 0x61:
            self._length = byte
            self._take(now_us)
        elif register in (0x62, 0x63):
            self.chip.alarm &= ~(byte << (8 * (register & 1)))
        elif register in (0x66, 0x67):
            shift = 8 * (register & 1)
            self.chip.alarm_enable &= ~(0xFF << shift)
            self.chip.alarm_enable |= byte << shift

    # --- subcommands ------------------------------------------------------------------------

    def _prepare(self, now_us):
        """Carry out a command, and put what can be read into the buffer."""
        code = self._subcommand
        answer = self._answer(code)
        if answer is None:
            self._command(code, now_us)
            answer = b""
        self._buffer[:] = answer.ljust(32, b"\0")
        self._length = len(answer) + 4
        self._check = ~(sum(answer) + (code & 0xFF) + (code >> 8)) & 0xFF
        self._done_us = now_us + DONE_US.get(code, 400)

    def _answer(self, code):
        chip = self.chip
        if FIRST <= code < END:
            return chip.memory.block(code)
        if code == 0x0001:
            return struct.pack("<H", self.device_number)
        if code == 0x0005:
            return struct.pack("<H", chip.memory.signature())
        if code == 0x0057:
            return struct.pack("<H", chip.manufacturing)
        if code == 0x0076:
            whole = int(chip.passq_ah // 1)
            part = int((chip.passq_ah - whole) * 2**32)
            return struct.pack("<iII20x", whole, part, int(chip.clock_s))
        if code == 0x0083:
            return struct.pack("<H", chip.balancing)
        if code == 0x0097:
            return bytes((chip.protections.host_off,))
        if code in _WITH_DATA:
            return bytes(2)
        return None

    def _command(self, code, now_us):
        chip = self.chip
        twice = self._last[0] == code and now_us - self._last[1] <= TWICE_US
        self._last = (code, now_us)
        if code == 0x0012:
            self.reset(now_us)
        elif code == 0x0022:
            chip.manufacturing ^= FET_EN
        elif code == 0x0090 and not self.ignore_config and chip.mode in (NORMAL, SLEEP):
            chip.mode = CONFIG_UPDATE
            chip.balancing = 0
            chip.protections.all_off()
        elif code == 0x0092 and chip.mode == CONFIG_UPDATE:
            chip.por = chip.watchdog_bit = False
            chip.restart(now_us)
        elif code == 0x29BC:
            self.crc = chip.memory.block(0x9239)[0] in I2C_WITH_CRC
        elif code in (0x0093, 0x0094, 0x0095, 0x0096):
            p = chip.protections
            p.host_off = {0x93: p.host_off | 3, 0x94: p.host_off | 12, 0x95: 15, 0x96: 0}[code]
        elif code in (0x0099, 0x009A):
            chip.sleep_enabled = code == 0x0099
            if code == 0x009A and chip.mode == SLEEP:
                chip.mode = NORMAL
        elif code == 0x0082:
            chip.passq_ah = 0.5
        elif code == 0x000F and twice:
            chip.mode = DEEPSLEEP
            chip.protections.all_off()
        elif code == 0x000E and chip.mode == DEEPSLEEP:
            chip.restart(now_us)
        elif code == 0x0010 and twice:
            chip.mode = SHUTDOWN
            chip.protections.all_off()
        chip.switch_now()

    def _take(self, now_us):
        """Check and length are there: the data go where they belong, if they are right."""
        code, count = self._subcommand, self._length - 4
        data = bytes(self._buffer[: max(0, count)])
        total = sum(data) + (code & 0xFF) + (code >> 8)
        if not 0 < count <= 32 or ~total & 0xFF != self._check:
            return
        chip = self.chip
        if FIRST <= code < END:
            if chip.mode == CONFIG_UPDATE:
                chip.memory.write(code, data)
        elif code == 0x0097:
            chip.protections.host_off = data[0] & 0x0F
            chip.switch_now()
        elif code == 0x0083 and count == 2:
            chip.start_balancing(data[0] | data[1] << 8, now_us)
