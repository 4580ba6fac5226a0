"""A battery sensor that rises faster than current, heater and surroundings can explain.

Each sensor has a second temperature, the explained one. It falls with the sensor at once, and
rises with it as far as there is heat to explain it: what the current makes in a cell (twice
I^2 R, because the resistance of a step is only part of it, and what the reaction takes or
gives), the heater, boards warmer than the cells. Heat not seen yet stays good for ten minutes,
since it takes its time from the core of a cell to its sensor. What is left over is followed
with five minutes' delay, so a steady rise of 1.2 degC a minute stands 6 degC above the explained
temperature. All that is generous: an unexplained rise is heat from inside a cell or a joint.

Milli-degC inside, samples are smoothed over 20 s; one sensor a time. It only tells; nothing
here decides.

Heat capacity: 830..1130 J/kgK (batterydesign.net, from measurements on NCA, NMC and LFP cells)
with the mass of light cells: 14 g/Ah NMC (LG M50), 19 g/Ah LFP (EVE LF280K), 26 g/Ah LTO
(Toshiba SCiB 20 Ah), some 20 and 25 g/Ah of sodium-ion cells. The reaction: 0.1 V, which is
0.33 mV/K at 300 K, about the most that published entropy coefficients of these cells reach.
"""

from array import array

from . import ids
from .readings import TEMP_BATTERY_4, TEMP_COUNT, TEMP_OK, TEMP_POWER_BOARD
from .ticks import elapsed_ms

_SENSORS = TEMP_BATTERY_4 + 1
_HEAT_J = bytes((12, 12, 18, 22, 18, 22))  # J/K a cell of 1 Ah
_REACTION_MV = 100
# Resistance times capacity, in mV at the current of one hour: while none is learned, and the
# least that is believed of one that is. A new cell has 30 to 100.
_UNKNOWN_MV = 250
_LEAST_MV = 100
_MOST_MV = 1000
_HEATER_TIMES = 3  # it does not warm all cells alike
_HEATER_MV = 4000  # the most a cell gives it
# In 0.1 s, as all times that are multiplied here.
_SURROUNDINGS = 12_000
_KEEPS = 6_000
_FOLLOWS = 3_000
_SMOOTH = 200
_GAP = 600
_KEPT_MK = 15_000
_DIFFERENCE_MK = 50_000
_MOST_MW = 50_000  # an Ah
_MOST_PERCENT = 3000
_MOST_SUMS = 100
_WARMER_MK = 200_000
_NOWHERE_DC = 30_000


class SelfHeating:
    """``rise_dc`` above what is explained, at sensor ``where``; -1 while no sensor tells."""

    def __init__(self, board):
        self.rise_dc = -1
        self.where = 0
        self._heater_ma = getattr(board, "HEATER_MA", 0)
        self._is_mk = array("i", [0] * _SENSORS)
        self._explained_mk = array("i", [0] * _SENSORS)
        self._kept_mk = array("i", [0] * _SENSORS)
        self._seen = array("i", [-1] * _SENSORS)  # which set of temperatures, and when
        self._ms = array("i", [0] * _SENSORS)
        self._known = bytearray(_SENSORS)
        self._sensor = 0
        self._worst_mk = -1
        self._worst_at = 0
        self._sum = 0  # of the current, percent of the capacity an hour
        self._squares = 0
        self._samples = 0
        self._made_rest = 0
        self._made_ms = 0

    def update(self, r, live, now_uohm, heater_on, now_ms):
        """Every fourth tick."""
        current = r.current_ma
        capacity_mah = live[ids.CAPACITY_MAH]
        if not capacity_mah:
            return
        if current.valid and self._samples < _MOST_SUMS:
            percent = min(abs(current.value) * 100 // capacity_mah, _MOST_PERCENT)
            self._sum += percent
            self._squares += percent * percent
            self._samples += 1
        s = self._sensor
        if s == 0:
            self._make(live, now_uohm, heater_on, now_ms)
        fitted = live[ids.TEMPS_FITTED]
        if not r.temps_valid or not fitted >> s & 1 or r.temp_state[s] != TEMP_OK:
            self._known[s] = 0
        elif r.temps_count != self._seen[s]:
            self._judge(s, r, fitted)
        if self._known[s]:
            rise_mk = self._is_mk[s] - self._explained_mk[s]
            if rise_mk > self._worst_mk:
                self._worst_mk = rise_mk
                self._worst_at = s + 1
        self._sensor = s + 1
        if s + 1 == _SENSORS:
            self.rise_dc = self._worst_mk // 100
            self.where = self._worst_at
            self._worst_mk = -1
            self._sensor = 0

    def _make(self, live, now_uohm, heater_on, now_ms):
        """Heat made since the last round, as the temperature it gives a cell."""
        gone = min(elapsed_ms(now_ms, self._made_ms) // 100, _GAP)
        self._made_ms = now_ms
        capacity_mah = live[ids.CAPACITY_MAH]
        made_mw = 0  # a cell of 1 Ah
        n = self._samples
        if n:
            drop_mv = _UNKNOWN_MV
            if now_uohm:
                part = capacity_mah // 100 + 1
                drop_mv = min(now_uohm, 50_000_000 // part) * part // 5000  # twice I * R
                drop_mv = max(_LEAST_MV, min(drop_mv, _MOST_MV))
            made_mw = self._squares // n // 10 * drop_mv // 1000
            made_mw += self._sum // n * _REACTION_MV // 100
            self._sum = self._squares = self._samples = 0
        if heater_on:
            made_mw += self._heater_ma * _HEATER_MV // capacity_mah * _HEATER_TIMES
        per_mk = 10 * _HEAT_J[live[ids.CHEMISTRY]]
        made = self._made_rest + min(made_mw, _MOST_MW) * gone
        self._made_rest = made % per_mk
        for s in range(_SENSORS):
            self._kept_mk[s] = min(self._kept_mk[s] + made // per_mk, _KEPT_MK)

    def _judge(self, s, r, fitted):
        """A new sample of one sensor."""
        gone = elapsed_ms(r.temps_ms, self._ms[s]) // 100
        self._seen[s] = r.temps_count
        self._ms[s] = r.temps_ms
        mk = r.temp_dc[s] * 100
        if not self._known[s] or gone > _GAP:
            self._known[s] = 1
            self._is_mk[s] = self._explained_mk[s] = mk
            self._kept_mk[s] = 0
            return
        is_mk = self._is_mk[s]
        is_mk += (mk - is_mk) * min(gone, _SMOOTH) // _SMOOTH
        kept = self._kept_mk[s] * (_KEEPS - gone) // _KEEPS
        warmer_mk = self._around_dc(r, fitted) * 100 - is_mk
        if 0 < warmer_mk < _WARMER_MK:
            kept += warmer_mk * gone // _SURROUNDINGS
        explained = self._explained_mk[s]
        if explained < is_mk:
            used = min(kept, is_mk - explained)
            kept -= used
            explained += used
            explained += min(is_mk - explained, _DIFFERENCE_MK) * gone // _FOLLOWS
        else:
            explained = is_mk
        self._is_mk[s] = is_mk
        self._explained_mk[s] = explained
        self._kept_mk[s] = min(kept, _KEPT_MK)

    def _around_dc(self, r, fitted):
        """The cooler of the boards: the other may be warm by its own work."""
        around_dc = _NOWHERE_DC
        for s in range(TEMP_POWER_BOARD, TEMP_COUNT):
            if not fitted >> s & 1 or r.temp_state[s] != TEMP_OK:
                return _NOWHERE_DC
            around_dc = min(around_dc, r.temp_dc[s])
        return around_dc
