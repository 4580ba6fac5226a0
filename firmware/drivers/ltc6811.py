"""A daisy chain of LTC6811-1 cell monitors behind an LTC6820 isoSPI bridge.

Starts conversions and reads results as two calls, so that nobody waits for an ADC; writes the
configuration and proves it by reading it back. It never passes on data whose packet check is
wrong, and never a result that was not seen to be cleared before: a register that still holds
its power-up value 0xFFFF has not been converted. The discharge timer stays off, so that
balancing ends by itself 2 s after the last word from the controller.

Facts: LTC6811-1/-2 datasheet (command codes, register groups, wake-up, watchdog) and Analog
Devices' LTC681x library. Codes are 0.1 mV. Chip 0 is the nearest one; in a write the farthest
chip's data go first, in a read the nearest chip's come first.
"""

from cellwarden.ticks import MASK, elapsed_ms
from firmware.clock import now_ms, sleep_us
from firmware.drivers.pec15 import pec15

CHANNELS = 12
AUX_INPUTS = 6  # GPIO 1-5, second reference
AUX_VREF2 = 5
STATUS_VALUES = 4  # sum of cells / 20, die temperature, analog supply, digital supply
STATUS_SUM, STATUS_DIE, STATUS_ANALOG, STATUS_DIGITAL = range(4)

# Conversion times in normal (7 kHz) mode, rounded up; and of the reference after a reset.
CELLS_MS = 3
AUX_MS = 3
STATUS_MS = 2
REFERENCE_MS = 5

NOT_CONVERTED = 0xFFFF

# What a healthy chip shows, in 0.1 mV: second reference (3 V; wider than its +/- 0.5 %, which
# leaves cells within 2 %), analog and digital supply.
VREF2_RANGE = (29_500, 30_500)
ANALOG_RANGE = (45_000, 55_000)
DIGITAL_RANGE = (27_000, 36_000)

# Conversion and clear commands, normal mode, discharge not permitted while measuring.
ADCV = 0x0360
ADOW_PULL_UP = 0x0368
ADOW_PULL_DOWN = 0x0328
ADOL = 0x0301
ADAX = 0x0560
ADSTAT = 0x0568
CVST = (0x0327, 0x0347)
AXST = (0x0527, 0x0547)
STATST = (0x052F, 0x054F)
CLRCELL = 0x0711
CLRAUX = 0x0712
CLRSTAT = 0x0713
DIAGN = 0x0715
_ALL = (ADCV, ADOW_PULL_UP, ADOW_PULL_DOWN, ADOL, ADAX, ADSTAT) + CVST + AXST + STATST
_ALL += (CLRCELL, CLRAUX, CLRSTAT, DIAGN)

_WRCFGA = 0x0001
_RDCFGA = 0x0002
_RDCV = (0x0004, 0x0006, 0x0008, 0x000A)
_RDAUX = (0x000C, 0x000E)
_RDSTAT = (0x0010, 0x0012)

# Configuration: all GPIO pull-downs off, reference on, 27/7/0.026 kHz modes. The comparison
# thresholds are not used as limits; being non-zero, they tell a chip that has been reset.
_CONFIG = bytes((0xFC, 0x52, 0x27, 0xA2))
# GPIO bits read back the pin's level and bit 1 the timer pin: only REFON and ADCOPT compare.
_CONFIG_MASK = bytes((0x05, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF))

_CLEARED = bytes((0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x66, 0x4C))
_IDLE_MS = 3  # the isoSPI port falls asleep 4.3 ms after the last word at the earliest
_READY_US = 10
_WAKE_US = 400
_LOST_AFTER = 3  # attempts in a row without one good frame


def in_range(code, limits):
    """True when ``code`` lies within ``limits``, ends included."""
    return limits[0] <= code <= limits[1]


def _frame(command, length):
    """A transmit buffer: command, its check, and 0xFF where chips will answer."""
    frame = bytearray(length)
    frame[0] = command >> 8
    frame[1] = command & 0xFF
    check = pec15(frame, 0, 2)
    frame[2] = check >> 8
    frame[3] = check & 0xFF
    for i in range(4, length):
        frame[i] = 0xFF
    return frame


class Ltc6811Chain:
    """All chips of one chain. ``good[k]`` tells whether chip k's newest frame may be used."""

    def __init__(self, spi, cs, chips):
        self._spi = spi
        self._cs = cs
        self.chips = chips
        size = 4 + 8 * chips
        self._rx = bytearray(size)
        self._commands = {code: _frame(code, 4) for code in _ALL}
        self._write_config = _frame(_WRCFGA, size)
        self._read_config = _frame(_RDCFGA, size)
        self._read_cell = tuple(_frame(code, size) for code in _RDCV)
        self._read_aux = tuple(_frame(code, size) for code in _RDAUX)
        self._read_status = tuple(_frame(code, size) for code in _RDSTAT)
        self._spoken_ms = (now_ms() - 1000) & MASK
        self._clear_group = 0
        self._discharge = bytearray(2 * chips)  # DCC 8..1, DCC 12..9 of each chip
        self.good = bytearray(chips)
        self.cleared = bytearray(chips)
        self.config_ok = bytearray(chips)
        self.mux_fail = bytearray(chips)
        self.overheated = bytearray(chips)
        self._heard = bytearray(chips)  # any good frame in this attempt
        self._silent = bytearray(chips)  # attempts in a row without one
        self.pec_errors = 0
        self.resets_seen = 0
        for chip in range(chips):
            at = 4 + 8 * chip
            self._write_config[at : at + 4] = _CONFIG

    # -- talking -------------------------------------------------------------------------

    def wake(self):
        """Wake idle isoSPI ports, unless the chain was spoken to a moment ago."""
        if elapsed_ms(now_ms(), self._spoken_ms) > _IDLE_MS:
            for _ in range(self.chips):
                self._cs.value(0)
                self._cs.value(1)
                sleep_us(_READY_US)

    def wake_from_sleep(self):
        """Wake chips that have slept (or were just powered): 0.4 ms a chip."""
        for _ in range(self.chips):
            self._cs.value(0)
            sleep_us(_WAKE_US)
            self._cs.value(1)
            sleep_us(_READY_US)

    def command(self, code):
        """Send one of the commands named above to every chip."""
        self.wake()
        self._cs.value(0)
        try:
            self._spi.write(self._commands[code])
        finally:
            self._cs.value(1)
        self._spoken_ms = now_ms()

    def _exchange(self, frame):
        self._cs.value(0)
        try:
            self._spi.write_readinto(frame, self._rx)
        finally:
            self._cs.value(1)
        self._spoken_ms = now_ms()

    def _read(self, frame):
        """Read a register group of every chip, a second time where a check was wrong.

        Reading does not change a register, so the second read may replace the first. True
        when every chip's data are good.
        """
        self.wake()
        for _attempt in range(2):
            self._exchange(frame)
            rx = self._rx
            all_good = True
            for chip in range(self.chips):
                at = 4 + 8 * chip
                check = pec15(rx, at, 6)
                if rx[at + 6] == check >> 8 and rx[at + 7] == check & 0xFF:
                    self.good[chip] = 1
                    self._heard[chip] = 1
                else:
                    self.good[chip] = 0
                    self.pec_errors = (self.pec_errors + 1) & MASK
                    all_good = False
            if all_good:
                break
        return all_good

    # -- configuration and discharge -----------------------------------------------------

    def clear_discharge(self):
        """Want no discharge switch; ``write_config`` sends it."""
        for at in range(len(self._discharge)):
            self._discharge[at] = 0

    def want_discharge(self, channel):
        """Want one channel's discharge switch on, besides those wanted already."""
        chip = channel // CHANNELS
        bit = channel - chip * CHANNELS
        if bit < 8:
            self._discharge[2 * chip] |= 1 << bit
        else:
            self._discharge[2 * chip + 1] |= 1 << (bit - 8)

    def discharging(self):
        """True when any discharge switch is wanted."""
        for bits in self._discharge:
            if bits:
                return True
        return False

    def write_config(self, muted):
        """Send every chip its configuration; ``muted`` keeps all discharge switches off."""
        frame = self._write_config
        last = self.chips - 1
        for chip in range(self.chips):
            at = 4 + 8 * (last - chip)
            frame[at + 4] = 0 if muted else self._discharge[2 * chip]
            frame[at + 5] = 0 if muted else self._discharge[2 * chip + 1]
            check = pec15(frame, at, 6)
            frame[at + 6] = check >> 8
            frame[at + 7] = check & 0xFF
        self.wake()
        self._cs.value(0)
        try:
            self._spi.write(frame)
        finally:
            self._cs.value(1)
        self._spoken_ms = now_ms()

    def check_config(self):
        """Read the configuration back; ``config_ok[k]`` tells which chips hold what was sent.

        A chip that answers with another configuration has been reset (its watchdog, power or
        thermal shutdown) or has not understood: write again.
        """
        self._read(self._read_config)
        sent = self._write_config
        rx = self._rx
        last = self.chips - 1
        result = True
        for chip in range(self.chips):
            same = self.good[chip]
            if same:
                at = 4 + 8 * chip
                sent_at = 4 + 8 * (last - chip)
                for i in range(6):
                    if (rx[at + i] ^ sent[sent_at + i]) & _CONFIG_MASK[i]:
                        same = 0
                if not same:
                    self.resets_seen = (self.resets_seen + 1) & MASK
            self.config_ok[chip] = same
            if not same:
                result = False
        return result

    # -- measuring -----------------------------------------------------------------------

    def start_cells(self, code=ADCV):
        """Clear the cell registers, see that they are clear, and start a conversion.

        One of the four groups is looked at each time, in turn: a chip that ignores commands
        still answers with good checks, and only this tells its old results from new ones.
        """
        self.command(CLRCELL)
        group = self._clear_group
        self._clear_group = (group + 1) & 3
        self._read(self._read_cell[group])
        rx = self._rx
        for chip in range(self.chips):
            at = 4 + 8 * chip
            clear = self.good[chip]
            for i in range(8):
                if rx[at + i] != _CLEARED[i]:
                    clear = 0
            self.cleared[chip] = clear
        self.command(code)

    def start_aux(self, code=ADAX):
        """Clear the auxiliary registers and convert GPIO 1-5 and the second reference."""
        self.command(CLRAUX)
        self.command(code)

    def start_status(self, code=ADSTAT):
        """Clear the status registers and convert sum of cells, die temperature, supplies."""
        self.command(CLRSTAT)
        self.command(code)

    def read_cells(self, code_out, ok_out):
        """Read all cell channels; True when every channel of every chip is good."""
        result = self._read_groups(self._read_cell, CHANNELS, code_out, ok_out)
        for chip in range(self.chips):
            if not self.cleared[chip]:
                result = False
                for channel in range(chip * CHANNELS, (chip + 1) * CHANNELS):
                    ok_out[channel] = 0
        return result

    def read_aux(self, code_out, ok_out):
        """Read GPIO 1-5 and the second reference, six values a chip."""
        return self._read_groups(self._read_aux, AUX_INPUTS, code_out, ok_out)

    def read_status(self, code_out, ok_out):
        """Read four status values a chip, and the verdict of the last DIAGN (``mux_fail``)."""
        result = self._read_groups(self._read_status, STATUS_VALUES, code_out, ok_out)
        for chip in range(self.chips):  # the second group is still in the buffer
            self.mux_fail[chip] = (self._rx[4 + 8 * chip + 5] >> 1) & 1 if self.good[chip] else 0
        return result

    def read_overheated(self):
        """Fetch ``overheated[k]``: a thermal shutdown since the last status read.

        To be called before CLRSTAT, which sets that flag for its own purposes.
        """
        self._read(self._read_status[1])
        for chip in range(self.chips):
            self.overheated[chip] = self._rx[4 + 8 * chip + 5] & 1 if self.good[chip] else 0

    def _read_groups(self, frames, per_chip, code_out, ok_out):
        result = True
        first = 0
        rx = self._rx
        for frame in frames:
            self._read(frame)
            values = per_chip - first
            if values > 3:
                values = 3
            for chip in range(self.chips):
                good = self.good[chip]
                if not good:
                    result = False
                at = 4 + 8 * chip
                to = chip * per_chip + first
                for i in range(values):
                    code = rx[at] | (rx[at + 1] << 8)
                    at += 2
                    if good and code != NOT_CONVERTED:
                        code_out[to + i] = code
                        ok_out[to + i] = 1
                    else:
                        ok_out[to + i] = 0
                        result = False
            first += 3
        return result

    def end_attempt(self):
        """Close one measuring attempt; the number of chips that have fallen silent."""
        lost = 0
        for chip in range(self.chips):
            if self._heard[chip]:
                self._silent[chip] = 0
            elif self._silent[chip] < 255:
                self._silent[chip] += 1
            self._heard[chip] = 0
            if self._silent[chip] >= _LOST_AFTER:
                lost += 1
        return lost
