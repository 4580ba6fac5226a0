"""Learns the capacity between an empty and a full pack, whichever comes first.

A look at the charge near one end, then one near the other, with every ampere second between
them counted: the charge moved, over what the curve says has moved, is the capacity. The
manual's calibration is one such lesson; so is any deep cycle of use. Better looks at the same
end make a better lesson. It must never take a lesson over time that nobody counted, nor from
looks that are not sure of the charge.
"""

from array import array

from .soc_filter import GAIN_UNIT, UNIT
from .whole_numbers import root

LOW_PPM = 120_000
HIGH_PPM = 880_000
_WIDTH_MOST = 1000  # 5 %, in units
_LEAST_PPM = 300_000  # counted; less is no lesson
_MOST_PPM = 2_000_000
_LEARNED_LEAST = 330  # 0.5 %: what the gain of the current is worth
_CURVE_PPM = 10_000  # what the curve and cell differ by anyway
_LOW, _HIGH = 0, 1
_NO_LESSON = 1 << 29
KEPT = 6  # numbers to keep over a restart


class SocLesson:
    def __init__(self):
        # For either end: the charge looked at, half the look's width (0: none), counted since.
        self.ends = array("i", (0, 0, 0, 0, 0, 0))
        self.gain = 0
        self.sigma = 0
        self._best = _NO_LESSON

    def forget(self):
        self.ends[2] = self.ends[3] = 0
        self._best = _NO_LESSON

    def move(self, ppm):
        """Charge was counted, without what is learned of the gain."""
        ends = self.ends
        for end in range(2):  # a tuple of the two would be allocated
            if ends[2 + end]:
                path = ends[4 + end] + ppm
                ends[4 + end] = path
                if not -_MOST_PPM < path < _MOST_PPM:
                    ends[2 + end] = 0

    def look(self, low_ppm, middle_ppm, high_ppm):
        """A look at the charge; true when it teaches something: see ``gain`` and ``sigma``."""
        width = max((high_ppm - low_ppm) // (2 * UNIT), 1)
        if width > _WIDTH_MOST or LOW_PPM < middle_ppm < HIGH_PPM:
            return False
        end = _LOW if middle_ppm <= LOW_PPM else _HIGH
        ends = self.ends
        anew = not ends[2 + end] or abs(ends[4 + end]) > _LEAST_PPM
        if anew:
            self._best = _NO_LESSON
        told = self._learn(middle_ppm, width, 1 - end)
        if anew or width <= ends[2 + end]:
            ends[end] = middle_ppm
            ends[2 + end] = width
            ends[4 + end] = 0
        return told

    def _learn(self, at_ppm, width, other):
        ends = self.ends
        counted = ends[4 + other] // 1000
        if not ends[2 + other] or abs(ends[4 + other]) <= _LEAST_PPM:
            return False
        seen = max(-1000, min(1000, (at_ppm - ends[other]) // 1000))
        if counted * seen <= 0:
            return False
        both = width * width + ends[2 + other] * ends[2 + other]
        sigma = (root(both) * UNIT + _CURVE_PPM) // 1000 * GAIN_UNIT // abs(counted)
        sigma = max(_LEARNED_LEAST, sigma)
        if sigma >= self._best:
            return False
        self._best = self.sigma = sigma
        self.gain = (seen - counted) * GAIN_UNIT // counted
        return True
