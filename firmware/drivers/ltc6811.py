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

from array import array

from cellwarden.loops import group_into, same
from cellwarden.ticks import MASK
from firmware.drivers.ltc6811_link import Ltc6811Link, frame_of
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
SUM_FACTOR = 20  # a sum of cells counts 2 mV, a cell 0.1 mV

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
ADCVSC = 0x0567  # all cells, and their sum in the middle of them
ADAX = 0x0560
ADSTAT = 0x0568
CVST = (0x0327, 0x0347)
AXST = (0x0527, 0x0547)
STATST = (0x052F, 0x054F)
CLRCELL = 0x0711
CLRAUX = 0x0712
CLRSTAT = 0x0713
DIAGN = 0x0715
_ALL = (ADCV, ADCVSC, ADOW_PULL_UP, ADOW_PULL_DOWN, ADOL, ADAX, ADSTAT) + CVST + AXST + STATST
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
_ALL_BITS = bytes((0xFF,) * 8)


def in_range(code, limits):
    """True when ``code`` lies within ``limits``, ends included."""
    return limits[0] <= code <= limits[1]


class Ltc6811Chain(Ltc6811Link):
    """All chips of one chain; ``send``, ``read`` and ``good`` are those of the link."""

    def __init__(self, spi, cs, chips):
        super().__init__(spi, cs, chips, _ALL)
        size = 4 + 8 * chips
        self._write_config = frame_of(_WRCFGA, size)
        self._read_config = frame_of(_RDCFGA, size)
        self._read_cell = tuple(frame_of(code, size) for code in _RDCV)
        self._read_aux = tuple(frame_of(code, size) for code in _RDAUX)
        self._read_status = tuple(frame_of(code, size) for code in _RDSTAT)
        self._clear_group = 0
        self._discharge = bytearray(2 * chips)  # DCC 8..1, DCC 12..9 of each chip
        self.sum_code = array("H", bytearray(2 * chips))
        self.sum_ok = bytearray(chips)
        self.cleared = bytearray(chips)
        self.config_ok = bytearray(chips)
        self.mux_fail = bytearray(chips)
        self.overheated = bytearray(chips)
        self.resets_seen = 0
        for chip in range(chips):
            at = 4 + 8 * chip
            self._write_config[at : at + 4] = _CONFIG

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
        self.send(frame)

    def check_config(self):
        """Read the configuration back; ``config_ok[k]`` tells which chips hold what was sent.

        A chip that answers with another configuration has been reset (its watchdog, power or
        thermal shutdown) or has not understood: write again.
        """
        self.read(self._read_config)
        sent = self._write_config
        rx = self.rx
        last = self.chips - 1
        result = True
        for chip in range(self.chips):
            held = self.good[chip]
            if held:
                at = 4 + 8 * chip
                sent_at = 4 + 8 * (last - chip)
                held = same(rx, at, sent, sent_at, _CONFIG_MASK, 6)
                if not held:
                    self.resets_seen = (self.resets_seen + 1) & MASK
            self.config_ok[chip] = held
            if not held:
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
        self.read(self._read_cell[group])
        rx = self.rx
        for chip in range(self.chips):
            clear = same(rx, 4 + 8 * chip, _CLEARED, 0, _ALL_BITS, 8)
            self.cleared[chip] = clear & self.good[chip]
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
            self.mux_fail[chip] = (self.rx[4 + 8 * chip + 5] >> 1) & 1 if self.good[chip] else 0
        return result

    def read_sums(self):
        """Fetch ``sum_code[k]`` of a conversion ADCVSC; it counts where ``sum_ok[k]`` is 1."""
        self.read(self._read_status[0])
        rx = self.rx
        for chip in range(self.chips):
            at = 4 + 8 * chip
            code = rx[at] | (rx[at + 1] << 8)
            known = self.good[chip] and code != NOT_CONVERTED
            self.sum_ok[chip] = 1 if known else 0
            if known:
                self.sum_code[chip] = code

    def read_overheated(self):
        """Fetch ``overheated[k]``: a thermal shutdown since the last status read.

        To be called before CLRSTAT, which sets that flag for its own purposes.
        """
        self.read(self._read_status[1])
        for chip in range(self.chips):
            self.overheated[chip] = self.rx[4 + 8 * chip + 5] & 1 if self.good[chip] else 0

    def _read_groups(self, frames, per_chip, code_out, ok_out):
        missing = 0
        first = 0
        for frame in frames:
            self.read(frame)
            missing += group_into(
                self.rx, self.chips, self.good, first, per_chip, code_out, ok_out
            )
            first += 3
        return missing == 0
