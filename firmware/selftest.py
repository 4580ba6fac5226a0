"""The start-up self-test of the measuring chips: nothing may switch on while one fails.

Runs before the first tick with outputs off and may wait for conversions. Uses the tests the
chips bring along: fixed patterns through each digital filter (CVST, AXST, STATST), the
multiplexer check (DIAGN), one cell on both converters (ADOL), the second reference and the
supplies; and the shunt monitor's identity, memory check and set-up. It ends with every result
register cleared: a pattern must never be taken for a cell, and a sampler whose conversion it
interrupted finds nothing, which is the truth.

Facts: LTC6811 datasheet, "Self-Test", "Accuracy Check", "MUX Decoder Check" and "ADC Overlap";
patterns 0x9555 and 0x6AAA in normal mode, as in Analog Devices' LTC681x library.
"""

from array import array

from firmware.clock import sleep_us
from firmware.drivers import ltc6811
from firmware.drivers.ina228 import DIAG_CONVERTED, DIAG_MEMORY_OK

AFE_SILENT = 1 << 0
AFE_CONFIG = 1 << 1
AFE_CELL_PATTERN = 1 << 2
AFE_AUX_PATTERN = 1 << 3
AFE_STATUS_PATTERN = 1 << 4
AFE_MUX = 1 << 5
AFE_OVERLAP = 1 << 6
AFE_REFERENCE = 1 << 7
AFE_SUPPLY = 1 << 8
SHUNT_SILENT = 1 << 9
SHUNT_IDENTITY = 1 << 10
SHUNT_CONFIG = 1 << 11
SHUNT_CONVERSION = 1 << 12

NAMES = {
    AFE_SILENT: "cell monitor does not answer",
    AFE_CONFIG: "cell monitor does not hold its configuration",
    AFE_CELL_PATTERN: "cell converter self-test",
    AFE_AUX_PATTERN: "auxiliary converter self-test",
    AFE_STATUS_PATTERN: "status converter self-test",
    AFE_MUX: "cell monitor multiplexer",
    AFE_OVERLAP: "the two cell converters disagree",
    AFE_REFERENCE: "cell monitor reference out of range",
    AFE_SUPPLY: "cell monitor supply out of range",
    SHUNT_SILENT: "current monitor does not answer",
    SHUNT_IDENTITY: "current monitor is another chip, or its memory check failed",
    SHUNT_CONFIG: "current monitor does not hold its configuration",
    SHUNT_CONVERSION: "current monitor does not convert",
}

_PATTERNS = (0x9555, 0x6AAA)
_OVERLAP_CODE = 20  # 2 mV
_OVERLAP_CHANNEL = 6  # cell 7, converted by both; the second result stands at cell 8


class SelfTest:
    """``run()`` gives a bit mask of what failed (0: all is well), by the names above."""

    def __init__(self, hardware):
        self._chain = hardware.chain
        self._shunt = hardware.shunt
        chips = hardware.chain.chips
        self._code = array("H", bytearray(2 * ltc6811.CHANNELS * chips))
        self._ok = bytearray(ltc6811.CHANNELS * chips)

    def run(self):
        """All tests; takes about 60 ms."""
        try:
            failed = self._cell_monitors()
        except OSError:
            failed = AFE_SILENT
        try:
            for code in (ltc6811.CLRCELL, ltc6811.CLRAUX, ltc6811.CLRSTAT):
                self._chain.command(code)
            self._chain.read_overheated()  # CLRSTAT has set the flag; reading releases it
        except OSError:
            failed |= AFE_SILENT
        try:
            failed |= self._current_monitor()
        except OSError:
            failed |= SHUNT_SILENT
        return failed

    def _cell_monitors(self):
        chain = self._chain
        chain.wake_from_sleep()
        chain.write_config(True)
        if not chain.check_config():  # the first words may have met a chip still asleep
            chain.wake_from_sleep()
            chain.write_config(True)
            if not chain.check_config():
                answered = 0
                for chip in range(chain.chips):
                    answered += chain.good[chip]
                return AFE_CONFIG if answered == chain.chips else AFE_SILENT
        self._wait(ltc6811.REFERENCE_MS)
        failed = 0
        for i in range(2):
            chain.start_cells(ltc6811.CVST[i])
            self._wait(ltc6811.CELLS_MS)
            if not self._pattern(chain.read_cells(self._code, self._ok), i, ltc6811.CHANNELS):
                failed |= AFE_CELL_PATTERN
            chain.start_aux(ltc6811.AXST[i])
            self._wait(ltc6811.AUX_MS)
            if not self._pattern(chain.read_aux(self._code, self._ok), i, ltc6811.AUX_INPUTS):
                failed |= AFE_AUX_PATTERN
            chain.start_status(ltc6811.STATST[i])
            self._wait(ltc6811.STATUS_MS)
            read = chain.read_status(self._code, self._ok)
            if not self._pattern(read, i, ltc6811.STATUS_VALUES):
                failed |= AFE_STATUS_PATTERN
        return failed | self._overlap() | self._reference() | self._supplies_and_mux()

    def _pattern(self, read, i, per_chip):
        if not read:
            return False
        for n in range(per_chip * self._chain.chips):
            if self._code[n] != _PATTERNS[i]:
                return False
        return True

    def _overlap(self):
        chain = self._chain
        chain.start_cells(ltc6811.ADOL)
        self._wait(ltc6811.CELLS_MS)
        chain.read_cells(self._code, self._ok)
        for chip in range(chain.chips):
            at = chip * ltc6811.CHANNELS + _OVERLAP_CHANNEL
            if not self._ok[at] or not self._ok[at + 1]:
                return AFE_OVERLAP
            if abs(self._code[at] - self._code[at + 1]) > _OVERLAP_CODE:
                return AFE_OVERLAP
        return 0

    def _reference(self):
        chain = self._chain
        chain.start_aux()
        self._wait(ltc6811.AUX_MS)
        chain.read_aux(self._code, self._ok)
        for chip in range(chain.chips):
            at = chip * ltc6811.AUX_INPUTS + ltc6811.AUX_VREF2
            if not self._ok[at] or not ltc6811.in_range(self._code[at], ltc6811.VREF2_RANGE):
                return AFE_REFERENCE
        return 0

    def _supplies_and_mux(self):
        chain = self._chain
        chain.start_status()
        self._wait(ltc6811.STATUS_MS)
        chain.command(ltc6811.DIAGN)
        self._wait(1)
        if not chain.read_status(self._code, self._ok):
            return AFE_SUPPLY
        failed = 0
        for chip in range(chain.chips):
            at = chip * ltc6811.STATUS_VALUES
            analog = self._code[at + ltc6811.STATUS_ANALOG]
            digital = self._code[at + ltc6811.STATUS_DIGITAL]
            if not ltc6811.in_range(analog, ltc6811.ANALOG_RANGE):
                failed |= AFE_SUPPLY
            if not ltc6811.in_range(digital, ltc6811.DIGITAL_RANGE):
                failed |= AFE_SUPPLY
            if chain.mux_fail[chip]:
                failed |= AFE_MUX
        return failed

    def _current_monitor(self):
        shunt = self._shunt
        if not shunt.identified():
            return SHUNT_IDENTITY
        if not shunt.configure():
            return SHUNT_CONFIG
        self._wait(3)
        diag = shunt.read_diag()
        if not diag & DIAG_MEMORY_OK:
            return SHUNT_IDENTITY
        return 0 if diag & DIAG_CONVERTED else SHUNT_CONVERSION

    def _wait(self, ms):
        sleep_us(ms * 1000)
