"""Passive balancing: which cells give charge to their resistors now.

Begins when a cell has reached the start voltage and the spread the set difference, ends well
below both. Time is cut into slots: a choice holds for a whole slot, never takes two adjacent
channels, never more of a heat-sink group than the balancing board's temperature allows, and
leaves out slots so that no cell's mean current exceeds the setting. It must never draw from a
cell when balancing is forbidden, the cells are not known, or the pack is discharging hard.
"""

from . import ids
from .ocv_curves import OcvCurve
from .readings import MAX_CELLS
from .ticks import elapsed_ms

SLOT_MS = 4000
# Stops this far below the start voltage, and at this part of the start difference.
STOP_BELOW_MV = 30
STOP_PART = 2
# Discharging faster than this part of the capacity an hour hides what the cells hold.
HARD_PART = 20
# Resistors of one group that may be on, by how far the board is from its limit (0.1 degC).
COOL_DC = 200
WARM_DC = 100
HOT_DC = 50
MOST_COOL = 3
MOST_WARM = 2
MOST_HOT = 1
MOST_UNKNOWN = 2  # no sensor on the balancing board
MINUTES_MAX = 32_000


class Balancer:
    """``count`` cells are on now; ``minutes`` until balanced, 0 when not balancing."""

    def __init__(self, board):
        self.count = 0
        self.minutes = 0
        self.active = False
        self._ohm = board.BALANCE_OHM
        self._group = board.BALANCE_GROUP
        self._curve = OcvCurve()
        self._wants = bytearray(MAX_CELLS)
        self._odd = 0
        self._credit = 100
        self._slot_ms = 0
        self._choosing = True

    def update(self, readings, quantities, protection, estimator, settings, now_ms, commands):
        live = settings.live
        if not self._is_allowed(readings, quantities, protection, live):
            self._rest(commands)
            self.active = False
            self.minutes = 0
            self._choosing = True
            return
        if not self._choosing and elapsed_ms(now_ms, self._slot_ms) < SLOT_MS:
            return
        self._choosing = False
        self._slot_ms = now_ms
        self._rest(commands)
        wanting = self._choose_wants(readings, quantities, live)
        if not wanting:
            self.minutes = 0
            return
        high_mv = quantities.value[ids.Q_CELL_MAX_MV]
        actual_ma = high_mv // self._ohm if high_mv >= self._ohm else 1
        duty = live[ids.BALANCE_MA] * 100 // actual_ma
        duty = duty if duty < 100 else 100
        self._curve.follow(settings)
        self._predict(quantities, live, actual_ma, duty, wanting)
        self._credit += duty
        if self._credit < 100:
            return
        self._credit -= 100
        self._switch_on(quantities, live, commands)

    def _is_allowed(self, readings, quantities, protection, live):
        if not live[ids.EQUALIZATION] or protection.forbids & ids.FORBID_BALANCE:
            return False
        valid = quantities.valid
        if not (readings.cells_valid and valid[ids.Q_CELL_MAX_MV] and readings.current_ma.valid):
            return False
        # The driver takes no notice of ages, so neither may an old choice stay on.
        if quantities.value[ids.Q_CELLS_AGE_MS] >= live[ids.BOARD_FTT_CELLS_MS]:
            return False
        hard_ma = live[ids.CAPACITY_MAH] // HARD_PART
        return -readings.current_ma.value <= (hard_ma if hard_ma > 1000 else 1000)

    def _rest(self, commands):
        balance = commands.balance
        for i in range(MAX_CELLS):
            balance[i] = 0
        self.count = 0

    def _choose_wants(self, readings, quantities, live):
        """Marks the cells that have too much; returns how many."""
        high_mv = quantities.value[ids.Q_CELL_MAX_MV]
        low_mv = quantities.value[ids.Q_CELL_MIN_MV]
        start_mv = live[ids.BALANCE_START_MV]
        start_diff_mv = live[ids.BALANCE_DIFF_MV]
        stop_mv = start_mv - STOP_BELOW_MV
        stop_diff_mv = start_diff_mv // STOP_PART
        if self.active:
            self.active = high_mv >= stop_mv and high_mv - low_mv > stop_diff_mv
        else:
            self.active = high_mv >= start_mv and high_mv - low_mv >= start_diff_mv
        wants = self._wants
        wanting = 0
        for i in range(live[ids.CELL_COUNT]):
            mv = readings.cell_mv[i]
            want = self.active and mv >= stop_mv and mv - low_mv > stop_diff_mv
            wants[i] = want
            wanting += want
        return wanting

    def _most_of_group(self, quantities, live):
        if not quantities.valid[ids.Q_BALANCE_TEMP_DC]:
            return MOST_UNKNOWN
        margin_dc = live[ids.BALANCE_OT_DC] - quantities.value[ids.Q_BALANCE_TEMP_DC]
        if margin_dc >= COOL_DC:
            return MOST_COOL
        if margin_dc >= WARM_DC:
            return MOST_WARM
        return MOST_HOT if margin_dc >= HOT_DC else 0

    def _switch_on(self, quantities, live, commands):
        """Every second channel, odd and even in turns; the cells of a group take turns too."""
        cells = live[ids.CELL_COUNT]
        most = self._most_of_group(quantities, live)
        wants = self._wants
        balance = commands.balance
        self._odd ^= 1
        if not self._any(self._odd, cells):
            self._odd ^= 1
        shift = (self._slot_ms // SLOT_MS // 2) * 2
        first = 0
        while first < cells:
            size = cells - first
            if size > self._group:
                size = self._group
            used = 0
            for k in range(size):
                i = first + (k + shift) % size
                if used < most and wants[i] and i % 2 == self._odd:
                    balance[i] = 1
                    used += 1
            self.count += used
            first += size

    def _any(self, odd, cells):
        for i in range(odd, cells, 2):
            if self._wants[i]:
                return True
        return False

    def _predict(self, quantities, live, actual_ma, duty, wanting):
        """Charge between highest and lowest cell, over the mean current its turns give it."""
        high_ppm = self._curve.ppm_at(quantities.value[ids.Q_CELL_MAX_MV] * 10)
        low_ppm = self._curve.ppm_at(quantities.value[ids.Q_CELL_MIN_MV] * 10)
        over_mah = live[ids.CAPACITY_MAH] // 1000 * ((high_ppm - low_ppm) // 1000)
        # Odd and even take turns, and a crowded group shares what its heat sink can lose.
        share = 2 if wanting > 1 else 1
        most = self._most_of_group(quantities, live)
        groups = (live[ids.CELL_COUNT] + self._group - 1) // self._group
        crowd = wanting // (groups * most) if most else 0
        share = crowd if crowd > share else share
        mean_100ma = actual_ma * duty // share
        if most == 0 or mean_100ma == 0:
            self.minutes = MINUTES_MAX
            return
        minutes = over_mah * 60 // mean_100ma * 100 + 1
        self.minutes = minutes if minutes < MINUTES_MAX else MINUTES_MAX
