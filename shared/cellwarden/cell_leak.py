"""Which cell loses charge by itself: looks at the same charge, days apart, are compared.

What a look (cell_charge.py) says of a cell against the others depends on the charge at which
it was taken: cells differ in capacity, curves are not those of these very cells. At the same
charge all that is the same again, so some looks are kept, and a later one near the same charge
is compared with each that is 2 to 10 days old. What has changed, beyond what balancing took,
and against the mean of the others, is a leak; it is weighed by the time between the looks and
by what they are worth. A cell is only said to leak by what is left of its rate after twice its
doubt, and after part of what balancing took from it lately. A cell that was only known to have
at most some charge (side -1) cannot have its rate lowered, and is not kept.

Rates in 0.001 % of the capacity a day, losing is positive; hours are hours of service. It must
never compare over a time of unknown length (a board without power).
"""

from array import array

from .readings import MAX_CELLS
from .readout import ABSENT_16

# What is remembered besides the looks: comparisons made, what the worst cell is sure to lose
# (0.01 % a day, -1 while not known) and its number, weight, hour of the newest comparison.
PAIRS = 0
WORST = 1
WHERE = 2
_INFO = 3
_PAIRED_H = 4

_KEPT = 8
_EMPTY = -1
_FAR = 0xFFFF
_NO_LOOK = 0x80
# In 0.01 % of charge; cells differ in capacity by some percent.
_SAME = 500
_SPREAD_PERCENT = 8
# In hours.
_YOUNGEST_H = 48
_OLDEST_H = 240
_NEXT_H = 48  # another look is kept at the same charge once the newest is this old
_SPACING_H = 24  # looks are kept this far apart, so that there are some of every age
_IDLE_H = 168  # a kept look that was of no use for so long gives up its place
_AGAIN_H = 12  # a kept look is not compared again before
_FORGET_H = 720
_DAY_H = 24
_LEAST_PAIRS = 3
_RATE_MOST = 32_000
_SIGMAS = 2
# What balancing took is believed to half: the curve may be steeper or flatter than that of
# these cells, resistors and shares of time differ. A quarter less each day remembers four days.
_TOOK_H = 96
_TOOK_DOUBT = 2400  # half of 0.2 %, in 0.001 %, times hours a day


def root(n):
    """Integer square root of up to 30 bits."""
    x = 0
    bit = 1 << 28
    while bit:
        if n >= x + bit:
            n -= x + bit
            x = (x >> 1) + bit
        else:
            x >>= 1
        bit >>= 2
    return x


class CellLeak:
    """``rate`` of each cell; ``facts`` tells what may be said of the worst one."""

    UNIT = 20  # kept differences count 0.2 % of the capacity

    def __init__(self):
        self.rate = array("h", [0] * MAX_CELLS)
        self.kept = bytearray(_KEPT * MAX_CELLS)  # signed differences in UNIT
        self.charge = array("h", [_EMPTY] * _KEPT)  # 0.01 %
        self.since_h = array("i", [0] * _KEPT)
        self.used_h = array("i", [0] * _KEPT)
        self.owed_mas = array("i", [0] * MAX_CELLS)  # balanced, less than a UNIT
        self.took = bytearray(MAX_CELLS)  # balanced lately, in UNIT
        self.facts = array("i", (0, -1, 0, 0, 0))
        self._capacity_mah = 1
        self._hours = 0
        self._look = 0  # being compared: its charge and doubt, and the kept look
        self._look_sigma = 0
        self._sigma = 0
        self._slot = 0
        self._young = False  # a young look is kept at this charge
        self._mean_known = False
        self._count = self._total = self._low = self._high = 0
        self._gain = 0  # 1/256
        self._most = 0
        self._doubt = 0
        self._took_doubt = 0
        self._worst = self._worst_at = 0

    def forget_all(self):
        """Other cells: nothing is known of them."""
        self.lose_time()
        for i in range(MAX_CELLS):
            self.rate[i] = self.owed_mas[i] = self.took[i] = 0
        self.facts[PAIRS] = self.facts[_INFO] = 0
        self.facts[WORST] = -1

    def lose_time(self):
        """Nobody knows how long the board was without power."""
        for k in range(_KEPT):
            self.charge[k] = _EMPTY

    def grow_older(self, hours, cells):
        """Once an hour."""
        self._hours = hours
        for k in range(_KEPT):
            if self.charge[k] != _EMPTY and hours - self.since_h[k] > _OLDEST_H:
                self.charge[k] = _EMPTY
        if hours - self.facts[_PAIRED_H] > _FORGET_H:
            self.facts[PAIRS] = self.facts[_INFO] = 0
            self.facts[WORST] = -1
        if hours % _DAY_H == 0:
            for i in range(cells):
                self.took[i] -= (self.took[i] + 3) >> 2

    # --- balancing ----------------------------------------------------------------------------

    def take(self, cell, mas, capacity_mah):
        """Balancing took ``mas`` from a cell; true whenever another UNIT is complete."""
        self._capacity_mah = capacity_mah
        unit_mas = capacity_mah * 36 // 5
        owed = self.owed_mas[cell] + mas
        if owed < unit_mas:
            self.owed_mas[cell] = owed
            return False
        self.owed_mas[cell] = min(owed - unit_mas, unit_mas)
        if self.took[cell] < 255:
            self.took[cell] += 1
        for k in range(_KEPT):
            at = k * MAX_CELLS + cell
            value = self.kept[at]
            if value > _NO_LOOK + 1 or 0 < value < _NO_LOOK:
                self.kept[at] = value - 1
            else:
                self.kept[at] = _NO_LOOK if value else 0xFF
        return True

    def _owed(self, cell):
        """In 0.01 % of the capacity."""
        return self.owed_mas[cell] * 25 // (self._capacity_mah * 9)

    # --- comparing ----------------------------------------------------------------------------

    def begin(self, charge, sigma, hours):
        """A look at ``charge`` waits to be compared or kept; false when neither is due."""
        self._hours = hours
        self._look = charge
        self._look_sigma = max(1, sigma * 3 // 2)
        self._young = False
        self._slot = -1
        return self._next()

    def _next(self):
        """The next kept look to compare with; after the last, maybe a place to keep this one."""
        hours = self._hours
        for k in range(self._slot + 1, _KEPT):
            charge = self.charge[k]
            if charge == _EMPTY or abs(charge - self._look) > _SAME:
                continue
            age_h = hours - self.since_h[k]
            if age_h < _NEXT_H:
                self._young = True
            if age_h >= _YOUNGEST_H and hours - self.used_h[k] >= _AGAIN_H:
                self._slot = k
                self._start(k)
                return True
        return self._slot < _KEPT and not self._young and self._place()

    def _start(self, k):
        self.used_h[k] = self._hours
        apart = abs(self.charge[k] - self._look)
        self._sigma = self._look_sigma + apart * _SPREAD_PERCENT // 100
        self._count = self._total = 0
        self._low = _FAR
        self._high = -_FAR
        self._mean_known = False

    def _place(self):
        """True when this look is to be kept: in an empty place, or that of an idle one."""
        hours = self._hours
        place = -1
        for k in range(_KEPT):
            if self.charge[k] == _EMPTY:
                place = k
            elif hours - self.since_h[k] < _SPACING_H:
                return False
            elif place < 0 and hours - self.used_h[k] > _IDLE_H:
                place = k
        if place < 0:
            return False
        self.charge[place] = self._look
        self.since_h[place] = self.used_h[place] = hours
        self._slot = place + _KEPT
        return True

    def compare(self, i, cells, difference, side):
        """Cell ``i`` of the look, all cells in order, again and again until this is true.

        ``side``: -1 when the cell has at most this charge, 1 when it has at least this.
        """
        last = i == cells - 1
        if self._slot >= _KEPT:
            self._keep(i, difference, side)
            return last
        value = self.kept[self._slot * MAX_CELLS + i]
        if value != _NO_LOOK and side <= 0:
            kept = value - 256 if value > _NO_LOOK else value
            change = difference - kept * self.UNIT + self._owed(i)
            if self._mean_known:
                self._learn(i, change - self._total, side)
            elif not side:
                self._count += 1
                self._total += change
                self._low = min(self._low, change)
                self._high = max(self._high, change)
        if not last:
            return False
        if not self._mean_known and self._count >= 3:
            self._weigh(cells)
            return False
        if self._mean_known:
            self._finish()
        return not self._next()

    def _keep(self, i, difference, side):
        value = (difference + self._owed(i) + self.UNIT // 2) // self.UNIT
        known = not side and -127 <= value <= 127
        self.kept[(self._slot - _KEPT) * MAX_CELLS + i] = value & 0xFF if known else _NO_LOOK

    def _weigh(self, cells):
        """All cells summed up: the mean change without the extremes, and what this is worth."""
        self._total = (self._total - self._low - self._high) // (self._count - 2)
        self._mean_known = True
        age_h = self._hours - self.since_h[self._slot]
        self._most = 3 * 240 * self._sigma // age_h
        worth = max(1, age_h * 64 // self._sigma)
        worth *= worth
        # A quarter is forgotten each time: pairs with one kept look share its error.
        self.facts[_INFO] += worth - (self.facts[_INFO] >> 2)
        self._gain = worth * 256 // self.facts[_INFO]
        took = 0
        for i in range(cells):
            took += self.took[i]
        self._took_doubt = _TOOK_DOUBT // min(age_h, _TOOK_H)
        self._doubt = (
            _SIGMAS * 15_360 // root(self.facts[_INFO]) + took * self._took_doubt // cells
        )
        self._worst = -1

    def _learn(self, i, change, side):
        age_h = self._hours - self.since_h[self._slot]
        moved = max(-_RATE_MOST, min(-change * 240 // age_h, _RATE_MOST)) - self.rate[i]
        if side and moved < 0:
            moved = 0  # it has lost at least so much
        if self.facts[PAIRS] >= _LEAST_PAIRS:
            moved = max(-self._most, min(moved, self._most))
        self.rate[i] += (moved * self._gain + 128) >> 8
        sure = (self.rate[i] - self._doubt - self.took[i] * self._took_doubt) // 10
        if sure > self._worst:
            self._worst = sure
            self._worst_at = i + 1

    def _finish(self):
        self.facts[_PAIRED_H] = self._hours
        self.facts[PAIRS] = min(self.facts[PAIRS] + 1, 255)
        if self.facts[PAIRS] >= _LEAST_PAIRS:
            self.facts[WORST] = max(0, self._worst)
            self.facts[WHERE] = self._worst_at if self._worst > 0 else 0

    def register(self, cell):
        """A cell's rate in 0.01 % a day, as its register shows it."""
        if self.facts[PAIRS] < _LEAST_PAIRS:
            return ABSENT_16
        return (self.rate[cell] + 5) // 10 & 0xFFFF
