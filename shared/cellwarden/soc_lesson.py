"""Learns the capacity between an empty and a full pack, whichever comes first.

A look at the charge near one end, then one near the other, with every ampere second between
them counted: the charge moved, over what the curve says has moved, is the capacity. The
manual's calibration is one such lesson; so is any deep cycle of use. It must never take a
lesson over time that nobody counted, nor from looks that are not sure of the charge.
"""

from .soc_filter import GAIN_UNIT, UNIT
from .whole_numbers import root

LOW_PPM = 80_000
HIGH_PPM = 920_000
_WIDTH_MOST = 400  # 2 %, in units
_LEAST_PPM = 300_000  # counted; less is no lesson
_MOST_PPM = 2_000_000
_LEARNED_LEAST = 330  # 0.5 %: what the gain of the current is worth
_CURVE_PPM = 15_000  # what the curve and cell differ by anyway
NONE, LOW, HIGH = 0, 1, 2


class SocLesson:
    def __init__(self):
        self.end = NONE  # where the first look was
        self.path_ppm = 0  # counted since
        self.at_ppm = 0
        self.width = 0
        self.gain = 0
        self.sigma = 0

    def forget(self):
        self.end = NONE

    def move(self, ppm):
        """Charge was counted, without what is learned of the gain."""
        if self.end:
            self.path_ppm += ppm
            if not -_MOST_PPM < self.path_ppm < _MOST_PPM:
                self.end = NONE

    def look(self, low_ppm, middle_ppm, high_ppm):
        """A look at the charge; true when it ends a lesson: see ``gain`` and ``sigma``."""
        width = (high_ppm - low_ppm) // (2 * UNIT)
        if width > _WIDTH_MOST or LOW_PPM < middle_ppm < HIGH_PPM:
            return False
        end = LOW if middle_ppm <= LOW_PPM else HIGH
        told = False
        if self.end and self.end != end and abs(self.path_ppm) > _LEAST_PPM:
            told = self._learn(middle_ppm, width)
        if self.end != end or width <= self.width or told:
            self.end = end
            self.path_ppm = 0
            self.at_ppm = middle_ppm
            self.width = width
        return told

    def _learn(self, at_ppm, width):
        counted = self.path_ppm // 1000
        seen = max(-1000, min(1000, (at_ppm - self.at_ppm) // 1000))
        if counted * seen <= 0:
            return False
        self.gain = (seen - counted) * GAIN_UNIT // (counted if counted > 0 else -counted)
        if counted < 0:
            self.gain = -self.gain
        own = root(width * width + self.width * self.width) * UNIT + _CURVE_PPM
        self.sigma = max(_LEARNED_LEAST, own // 1000 * GAIN_UNIT // abs(counted))
        return True
