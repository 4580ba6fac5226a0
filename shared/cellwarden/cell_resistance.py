"""Resistance of each cell, from what its voltage does when the current makes a step.

Eight sets of cells and currents are kept; when the current has stepped between the oldest and
the newest of them, the cells are worked out one a tick from these frozen sets, so that no tick
is long. What comes out is the resistance of the first second (ohmic and charge transfer, with
the cell's share of its connection), brought to 25 degC by a typical factor. A step counts
by its square, as in a least-squares fit, so 5 mV steps of a front end average out; what lies
far from what is known is cut down, and moves it only so far. Logs of one set a second are taken
from set to set. Nothing is learned while the temperature is not known, or below a tenth of the
charge, where resistance is another.

Units: uohm; a temperature factor in percent. Nothing here knows time but that of the samples.
"""

from array import array

from . import ids
from .readings import MAX_CELLS
from .readout import ABSENT_16
from .ticks import elapsed_ms

_SETS = 8  # three before a step, two in which it may happen, three after it
_SLOW_MS = 300  # sets further apart than this are compared one by one
_GAP_MS = 1500  # and further apart than this not at all
_LEAST_MA = 2000  # a step, and at least this part of the capacity an hour
_LEAST_PART = 20
# Weight of a step: the square of how many least steps it is, up to here.
_MOST_STEPS = 8
# Weight that is remembered; from the second on cells are shown, from the third steps are cut.
_INFO_MOST = 1024
_INFO_KNOWN = 192
_INFO_CUT = 16
_CUT_PART = 4  # cut to this part of the resistance, and what 5 mV make of it
_CUT_MV = 5
_DV_MOST = 9000
_R_MOST = 500_000
_SOC_LEAST = 100
_SHOWN_MOST = 32_000

# Against 25 degC, every 10 K from -30 degC on: Arrhenius with 21 kJ/mol, between that of the
# electrolyte's conduction (17 kJ/mol) and of charge transfer (35 kJ/mol) in the parameter sets
# that PyBaMM distributes (Chen 2020, Nyman 2008); 1 less at 20 and 30 degC, to be 100 at 25.
_PERCENT = array("H", (655, 444, 305, 215, 156, 114, 86, 67, 52, 41))
_COLDEST_DC = -300


def percent_at(temp_dc):
    """Resistance at this temperature, in percent of that at 25 degC."""
    at = temp_dc - _COLDEST_DC
    if at <= 0:
        return _PERCENT[0]
    low = at // 100
    if low >= len(_PERCENT) - 1:
        return _PERCENT[len(_PERCENT) - 1]
    return _PERCENT[low] + (_PERCENT[low + 1] - _PERCENT[low]) * (at % 100) // 100


class _Slices:
    def __getitem__(self, what):
        return what


class CellResistance:
    """``mean_uohm`` of all cells at 25 degC and ``now_uohm`` at their temperature now, both 0
    until ``known``."""

    def __init__(self):
        self.known = False
        self.mean_uohm = 0
        self.now_uohm = 0
        self.r16 = array("i", [0] * MAX_CELLS)  # 1/16 uohm
        self.info = array("i", (0,))  # weight of all steps
        self.cells = 0
        self._mv = array("H", [0] * (_SETS * MAX_CELLS))
        self._ma = array("i", [0] * _SETS)
        # Made once: a slice written in a tick would be allocated there.
        self._set = [_Slices()[i * MAX_CELLS : (i + 1) * MAX_CELLS] for i in range(_SETS)]
        self._sets = 0  # held in a row
        self._at = 0  # where the newest lies
        self._seen = 0
        self._ms = 0
        self._armed = False
        self._cell = -1  # being worked out
        self._wide = 1  # sets before, and after
        self._before = 0  # first set of each
        self._after = 0
        self._step_ma = 0  # the step, times _wide
        self._spread_ma = 0
        self._weight = 0
        self._percent = 100
        self._temps = -1

    def forget_all(self, cells):
        """Other cells: nothing is known of them."""
        self.cells = cells
        self.info[0] = self._sets = self.mean_uohm = self.now_uohm = 0
        self.known = False
        self._cell = -1

    def update(self, r, q, live, soc_permille):
        """Every second tick; ``soc_permille`` is negative while it is not known."""
        known = q.valid[ids.Q_TEMP_MIN_DC]
        if known and r.temps_count != self._temps:
            self._temps = r.temps_count
            mean_dc = (q.value[ids.Q_TEMP_MIN_DC] + q.value[ids.Q_TEMP_MAX_DC]) >> 1
            self._percent = percent_at(mean_dc)
            self.now_uohm = self.mean_uohm * self._percent // 100
        if self._cell >= 0:
            self._work()
        elif r.cells_count != self._seen:
            self._seen = r.cells_count
            current = r.current_ma
            known = known and r.cells_valid and current.valid and self.cells
            if known and not 0 <= soc_permille < _SOC_LEAST:
                self._keep(r, current.value, live[ids.CAPACITY_MAH] // _LEAST_PART)
            else:
                self._sets = 0

    def _keep(self, r, current_ma, least_ma):
        """One more set; is there a step in those that are held?"""
        gap_ms = elapsed_ms(r.cells_ms, self._ms)
        self._ms = r.cells_ms
        if gap_ms > _GAP_MS:
            self._sets = 0
        at = self._at = (self._at + 1) % _SETS
        self._mv[self._set[at]] = r.cell_mv
        self._ma[at] = current_ma
        if self._sets < _SETS:
            self._sets += 1
        if least_ma < _LEAST_MA:
            least_ma = _LEAST_MA
        if gap_ms > _SLOW_MS:
            if self._sets > 1:
                self._wide = 1
                self._look((at - 1) % _SETS, at, least_ma)
        elif self._sets == _SETS:
            self._wide = 3
            self._look((at + 1) % _SETS, (at - 2) % _SETS, least_ma)

    def _look(self, before, after, least_ma):
        """A step between the sets from ``before`` on and those from ``after`` on?"""
        ma = self._ma
        wide = self._wide
        if abs(ma[(after + wide - 1) % _SETS] - ma[before]) < least_ma:
            self._armed = False
            return
        self._spread_ma = 0
        step_ma = self._sum(after) - self._sum(before)
        size_ma = abs(step_ma)
        if size_ma < wide * least_ma or 2 * wide * self._spread_ma > size_ma:
            self._armed = False
            return
        # Voltage and current of a set are milliseconds apart, and a step may fall between: one
        # set later that set lies in the gap.
        if wide > 1 and not self._armed:
            self._armed = True
            return
        self._armed = False
        steps = min(size_ma // (wide * least_ma), _MOST_STEPS)
        self._weight = steps * steps
        self._before = before
        self._after = after
        self._step_ma = step_ma
        self._cell = 0

    def _sum(self, first):
        ma = self._ma
        low = high = total = ma[first]
        for i in range(1, self._wide):
            value = ma[(first + i) % _SETS]
            total += value
            low = min(low, value)
            high = max(high, value)
        self._spread_ma = max(self._spread_ma, high - low)
        return total

    def _work(self):
        """One cell; after the last one the step is part of what is known."""
        i = self._cell
        mv = self._mv
        dv = 0
        for k in range(self._wide):
            dv += mv[(self._after + k) % _SETS * MAX_CELLS + i]
            dv -= mv[(self._before + k) % _SETS * MAX_CELLS + i]
        di = self._step_ma // 10
        if abs(dv) <= _DV_MOST:
            # mV over 10 mA is a tenth of an ohm.
            uohm = dv * 100_000 // di * 100 // self._percent
            self._take(i, max(-_R_MOST, min(uohm, _R_MOST)) * 16, abs(di))
        self._cell = i + 1
        if self._cell == self.cells:
            self._cell = -1
            self._sets = 0
            self.info[0] = min(self.info[0] + self._weight, _INFO_MOST)
            self.sum_up()

    def _take(self, i, new, di):
        """A least-squares step of one cell, in 1/16 uohm."""
        info = self.info[0]
        old = self.r16[i]
        moved = new - old
        if info >= _INFO_CUT:
            most = abs(old) // _CUT_PART + _CUT_MV * self._wide * 1_600_000 // di
            moved = max(-most, min(moved, most))
        whole = info + self._weight
        self.r16[i] = old + (moved * self._weight + whole // 2) // whole

    def sum_up(self):
        """What follows from the cells, after a step or after a restart."""
        self.known = self.info[0] >= _INFO_KNOWN and self.cells > 0
        if self.known:
            total = 0
            for i in range(self.cells):
                total += self.r16[i] >> 4
            self.mean_uohm = max(0, total // self.cells)
            self.now_uohm = self.mean_uohm * self._percent // 100

    def register(self, cell):
        """A cell's resistance at 25 degC in 10 uohm, as its register shows it."""
        if not self.known or cell >= self.cells:
            return ABSENT_16
        return max(0, min((self.r16[cell] + 80) // 160, _SHOWN_MOST))
