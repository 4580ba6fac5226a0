"""How much more or less charge each cell holds than the mean, where its voltage can tell.

A look is taken when the pack has been calm for a quarter of an hour: every cell's voltage,
averaged over twelve rounds of one cell a time, is put on the OCV curve. It is believed only
where the curve is steep against what cannot be known of a mean cell (hysteresis, rest that is
not over); a cell that lies where the curve is flat is taken to lie at the edge of the steep
part: at least so far from the others. In between the differences are kept, less what balancing
takes, and their standard deviation grows with time and with charge moved.

Differences in 0.01 % of the capacity, more than the mean is positive. Each look is handed to
the search for leaks (cell_leak.py). It must never make a difference out of a flat stretch.
"""

from array import array

from . import ids
from .cell_leak import CellLeak, root
from .readings import MAX_CELLS
from .readout import ABSENT_16
from .ticks import elapsed_ms

_CALM_PART = 40  # current below this part of the capacity an hour
_CALM_LEAST_MA = 200
_CALM_MS = 900_000
_AGAIN_MS = 600_000
_ROUND_MOST_MS = 600_000
_ROUNDS = 12  # 12 x 5000 mV fit 16 bits
# What the mean cell may be off its curve without anybody knowing, in 0.1 mV: hysteresis after
# charging or discharging. LFP: Dreyer et al., Nature Materials 9 (2010) 448, some 20 mV
# between the branches; the others are our choice.
_UNSURE_DMV = bytes((0, 50, 200, 50, 100, 100))
# Over twice that the curve may take this much charge (0.01 %), or it is flat here.
_FLAT = 400
_CELL_ERROR_DMV = 15  # what a mean reading may change against the others between looks
_LEAST_SIGMA = 10
_EDGE_STEPS = 40
_SIGMA_MOST = 2000
_SIGMA_SHOWN = 500
_SIGMA_A_DAY = 12
_SIGMA_MOVED = 30  # permille of the charge moved since: cells differ in capacity
_RANGE = 20_000
_BOOKED_MOST_MS = 200_000
_BALANCE_PERCENT = 72  # of the time; the rest is measuring, and a tick's own work

_WAIT = 0
_COLLECT = 1
_EDGES = 2
_CONVERT = 3
_BELIEVE = 4
_LEAK = 5

# The newest look: its doubt, hour of service, charge.
_SIGMA = 0
_HOUR = 1
_PERMILLE = 2


class CellCharge:
    """``sigma`` (0.01 %) is the doubt about all differences now; ``leak`` looks for leaks."""

    def __init__(self, board):
        self.difference = array("h", [0] * MAX_CELLS)
        self.sigma = _SIGMA_MOST
        self.leak = CellLeak()
        self.cells = 0
        self.looked = array("i", (_SIGMA_MOST, 0, 0))
        self._ohm = board.BALANCE_OHM
        self._look = array("H", [0] * MAX_CELLS)  # sums of mV, then 0.01 % of charge
        self._stage = _WAIT
        self._cell = 0
        self._rounds = 0
        self._stirred = True
        self._calm_ms = 0
        self._rest_ms = _AGAIN_MS  # since the newest look
        self._round_ms = 0  # how long the last round took
        self._begun_ms = 0
        self._hours = 0
        self._low_dmv = 0  # the steep part around the mean, and the same as charge
        self._high_dmv = 0
        self._low = 0
        self._high = 0
        self._edge = 0
        self._charge = 0  # the mean cell's
        self._look_sigma = 0
        self._gain = 0  # 1/256

    def forget_all(self, cells):
        """Other cells: nothing is known of them."""
        self.cells = cells
        self._stage = _WAIT
        self._cell = self._calm_ms = 0
        self.looked[_SIGMA] = self.sigma = _SIGMA_MOST
        self.leak.forget_all()

    def update(self, r, live, balance, curve, soc_permille, uptime_s, now_ms):
        """Every fourth tick, one cell a time; ``soc_permille`` is negative while not known."""
        n = self.cells
        if n < 3 or not live[ids.CHEMISTRY]:
            return
        current = r.current_ma
        calm_ma = max(live[ids.CAPACITY_MAH] // _CALM_PART, _CALM_LEAST_MA)
        if not (r.cells_valid and current.valid) or abs(current.value) > calm_ma:
            self._stirred = True
        i = self._cell
        if i >= n:
            # An odd number of visits a round: never in step with the balancer's even slots.
            self._cell = i + 1
            if i & 1 == 0:
                self._cell = 0
                self._round(live, curve, soc_permille, uptime_s, now_ms)
            return
        if balance[i] and r.cells_valid:
            self._balanced(i, r.cell_mv[i], live[ids.CAPACITY_MAH])
        stage = self._stage
        if stage == _EDGES:
            self._find_edges(_UNSURE_DMV[live[ids.CHEMISTRY]], curve)
            return
        if stage == _COLLECT:
            self._look[i] += r.cell_mv[i]
        elif stage == _CONVERT:
            dmv = max(self._low_dmv, min(self._look[i], self._high_dmv))
            self._look[i] = curve.ppm_at(dmv) // 100
        elif stage == _BELIEVE:
            moved = self._look[i] - self._charge - self.difference[i]
            self.difference[i] += (moved * self._gain + 128) >> 8
        elif stage == _LEAK:
            value = self._look[i]
            side = 1 if value >= self._high else -1 if value <= self._low else 0
            if self.leak.compare(i, n, value - self._charge, side):
                self._stage = _WAIT
        self._cell = i + 1

    def _balanced(self, i, mv, capacity_mah):
        """Its resistor has been on since the round before, but for the measuring."""
        ua = mv * _BALANCE_PERCENT * 10 // self._ohm
        mas = ua * (min(self._round_ms, _BOOKED_MOST_MS) // 100) // 10_000
        if self.leak.take(i, mas, capacity_mah):
            self.difference[i] = max(-_RANGE, self.difference[i] - self.leak.UNIT)

    def _round(self, live, curve, soc_permille, uptime_s, now_ms):
        """After the last cell: time passes, and the next stage begins."""
        gone_ms = self._round_ms = min(elapsed_ms(now_ms, self._begun_ms), _ROUND_MOST_MS)
        self._begun_ms = now_ms
        self._rest_ms = min(self._rest_ms + gone_ms, _AGAIN_MS)
        self._calm_ms = 0 if self._stirred else min(self._calm_ms + gone_ms, _CALM_MS)
        stirred = self._stirred
        self._stirred = False
        stage = self._stage
        if stage == _WAIT:
            if uptime_s // 3600 != self._hours:
                self._hours = uptime_s // 3600
                self.leak.grow_older(self._hours, self.cells)
            self._age(soc_permille)
            if self._calm_ms >= _CALM_MS and self._rest_ms >= _AGAIN_MS:
                self._stage = _COLLECT
                self._rounds = 0
                for i in range(self.cells):
                    self._look[i] = 0
        elif stage == _COLLECT:
            self._rounds += 1
            if stirred:
                self._stage = _WAIT
            elif self._rounds == _ROUNDS:
                self._rest_ms = 0
                self._begin_look(_UNSURE_DMV[live[ids.CHEMISTRY]], curve)
        elif stage == _CONVERT:
            self._weigh(soc_permille)
        elif stage == _BELIEVE:
            due = self.leak.begin(self._charge, self._look_sigma, self._hours)
            self._stage = _LEAK if due else _WAIT

    def _begin_look(self, unsure, curve):
        total = 0
        look = self._look
        for i in range(self.cells):
            look[i] = look[i] * 10 // _ROUNDS
            total += look[i]
        mean_dmv = total // self.cells
        span = self._span(mean_dmv, unsure, curve)
        self._stage = _EDGES if span <= _FLAT else _WAIT
        self._look_sigma = max(_LEAST_SIGMA, span * _CELL_ERROR_DMV // (2 * unsure))
        self._low_dmv = self._high_dmv = mean_dmv
        self._edge = 0

    def _span(self, dmv, unsure, curve):
        """Charge (0.01 %) that the curve takes around here; much where it ends or is flat."""
        low = curve.ppm_at(dmv - unsure)
        high = curve.ppm_at(dmv + unsure)
        if low <= 0 or high >= 1_000_000:
            return _FLAT + 1
        return (high - low) // 100

    def _find_edges(self, unsure, curve):
        """How far the steep part goes, a step a tick, downwards and then upwards."""
        edge = self._edge
        self._edge = edge + 1
        if edge < _EDGE_STEPS:
            if self._span(self._low_dmv - unsure, unsure, curve) <= _FLAT:
                self._low_dmv -= unsure
            else:
                self._edge = _EDGE_STEPS
            return
        if edge < 2 * _EDGE_STEPS:
            if self._span(self._high_dmv + unsure, unsure, curve) <= _FLAT:
                self._high_dmv += unsure
                return
        self._stage = _CONVERT
        self._low = curve.ppm_at(self._low_dmv) // 100
        self._high = curve.ppm_at(self._high_dmv) // 100

    def _weigh(self, soc_permille):
        """The mean without highest and lowest, and what the look is worth against the belief."""
        look = self._look
        n = self.cells
        total = high = 0
        low = 0xFFFF
        for i in range(n):
            value = look[i]
            total += value
            if value > high:
                high = value
            if value < low:
                low = value
        self._charge = (total - high - low) // (n - 2)
        self._age(soc_permille)
        mine = self.sigma
        new = self._look_sigma
        self._gain = mine * mine * 256 // (mine * mine + new * new)
        looked = self.looked
        looked[_SIGMA] = self.sigma = max(_LEAST_SIGMA, new * root(self._gain * 256) // 256)
        looked[_HOUR] = self._hours
        looked[_PERMILLE] = soc_permille
        self._stage = _BELIEVE

    def _age(self, soc_permille):
        """The doubt grows."""
        looked = self.looked
        sigma = looked[_SIGMA] + (self._hours - looked[_HOUR]) * _SIGMA_A_DAY // 24
        moved = abs(soc_permille - looked[_PERMILLE]) * 10
        self.sigma = min(sigma + moved * _SIGMA_MOVED // 1000, _SIGMA_MOST)

    @property
    def known(self):
        return self.sigma <= _SIGMA_SHOWN

    def register(self, cell):
        """A cell's difference, as its register shows it."""
        if not self.known or cell >= self.cells:
            return ABSENT_16
        return self.difference[cell] & 0xFFFF
