"""Holds each chip's cell readings against that chip's own sum of them.

A register with a stuck bit passes every check of its packet, and on one cell of 24 it hides
inside the 2 % that pack voltage and sum of cells may differ. The chip measures the voltage
across all its inputs on another path and keeps it in another register; here the two are
compared. Twice in a row beyond the tolerance, and the chip's cells are not to be believed;
nor are they when the chip gives no sum for a second.

Facts: LTC6811 datasheet, "Measuring Cell Voltages and Sum of All Cells (ADCVSC)": the sum is
converted in the middle of the cells, so that a moving current shifts both alike; its register
counts 2 mV. Ours: the tolerance, wider than the tenths of a percent by which a sum may err.
"""

from cellwarden.loops import sum_of
from firmware.drivers.ltc6811 import ADCV, ADCVSC, CHANNELS, SUM_FACTOR

_EVERY = 5  # cycles; after a disagreement every one, until it agrees again
_TOLERANCE_CODE = 500  # 50 mV ...
_TOLERANCE_PART = 200  # ... and 0.5 %
_DISAGREEMENTS = 2
_MISSES = 10


class CellSums:
    """``bad[chip]`` is 1 while the chip's cells must not be believed."""

    def __init__(self, chain):
        self._chain = chain
        self.bad = bytearray(chain.chips)
        self._off = bytearray(chain.chips)  # disagreements in a row
        self._missed = bytearray(chain.chips)  # sums in a row that did not come
        self._wait = 0
        self._due = False

    def start(self):
        """Start the conversion of all cells, with their sum when it is due."""
        self._due = self._wait == 0
        if not self._due:
            self._wait -= 1
        self._chain.start_cells(ADCVSC if self._due else ADCV)

    def judge(self, code, ok):
        """After the cells were read: compare, if their sum was converted with them."""
        if not self._due:
            return
        self._due = False
        self._wait = _EVERY - 1
        chain = self._chain
        chain.read_sums()
        for chip in range(chain.chips):
            total = sum_of(code, ok, chip * CHANNELS, CHANNELS)
            if total < 0:
                self._wait = 0  # those cells count for nothing, and neither do they here
            elif not chain.sum_ok[chip]:
                self._missed[chip] = min(self._missed[chip] + 1, _MISSES)
                self._wait = 0
            else:
                self._missed[chip] = 0
                apart = total - chain.sum_code[chip] * SUM_FACTOR
                if -self._tolerance(total) <= apart <= self._tolerance(total):
                    self._off[chip] = 0
                else:
                    self._off[chip] = min(self._off[chip] + 1, _DISAGREEMENTS)
                    self._wait = 0
            off = self._off[chip] >= _DISAGREEMENTS or self._missed[chip] >= _MISSES
            self.bad[chip] = 1 if off else 0

    def _tolerance(self, total):
        return _TOLERANCE_CODE + total // _TOLERANCE_PART
