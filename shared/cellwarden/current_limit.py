"""One direction's current limit: what may flow so that the cell in question stays in bounds.

The limit is the current that now flows, and as much more as brings the highest (lowest) cell
to where it is to be held: the room left in voltage over the resistance. Whether a charger
follows, and how late, does not change that sum, so a limit does not swing, as long as the
resistance is not taken for less than half of what it is. Temperatures and the state of charge
only cap it. It falls within a second or so and rises slowly; it is never above its setting.
"""

from . import ids

FULL = 1000  # factors are in 1/1000
# A limit follows what it should be within this time downwards, and from nothing to all in...
FALL_MS = 1000
RISE_MS = 10_000
# Temperatures: nothing within this of a limit, everything from that on.
TEMP_NONE_DC = 10
TEMP_ALL_DC = 100
# In the last part of the charge, either way, down to a factor at its end.
GENTLE_PERMILLE = 50
_WIDEST_MV = 1000  # in nV it still is a small integer


class CurrentLimit:
    """``ma``, and ``by`` what it is held down (CHARGE_LIMITED_BY_IS_*, the same both ways)."""

    def __init__(self, hot, cold, ended, at_end):
        self.ma = 0  # also kept while readings are missing
        self.by = ids.CHARGE_LIMITED_BY_IS_RISING
        self.most_ma = 0  # the setting
        self.cut_mv = 0  # so far beyond where the cell is held, nothing is left
        self._hot = hot  # quantities: margins to the temperature limits of this direction
        self._cold = cold
        self._ended = ended  # what to call the end of this direction
        self._at_end = at_end  # factor there

    def step(self, quantities, flow_ma, room_mv, spare_permille, over, uohm, dt_ms):
        """``flow_ma`` is the current this way, ``room_mv`` what the cell is short of where it
        is held, ``spare_permille`` the charge left to go; ``over``: this direction has ended."""
        most = self.most_ma
        if over:
            target = 0
            by = self._ended
        else:
            target = most
            by = ids.CHARGE_LIMITED_BY_IS_SETTING
            value = quantities.value
            margin = value[self._hot]
            why = ids.CHARGE_LIMITED_BY_IS_HEAT
            other = value[self._cold]
            if other < margin:
                margin = other
                why = ids.CHARGE_LIMITED_BY_IS_COLD
            other = value[ids.Q_POWER_MARGIN_DC]
            # Where the sensor is not fitted, the rules say whether it must be.
            if other < margin and quantities.valid[ids.Q_POWER_MARGIN_DC]:
                margin = other
                why = ids.CHARGE_LIMITED_BY_IS_POWER_BOARD
            if margin < TEMP_ALL_DC:
                by = why
                margin -= TEMP_NONE_DC
                target = most * margin // (TEMP_ALL_DC - TEMP_NONE_DC) if margin > 0 else 0
            if spare_permille < GENTLE_PERMILLE:
                least = self._at_end
                gentle = least + (FULL - least) * spare_permille // GENTLE_PERMILLE
                gentle = most * gentle // FULL
                if gentle < target:
                    target = gentle
                    by = ids.CHARGE_LIMITED_BY_IS_STATE_OF_CHARGE
            free = self._free_ma(flow_ma, room_mv, uohm)
            if free < target:
                target = free if free > 0 else 0
                by = ids.CHARGE_LIMITED_BY_IS_CELL_VOLTAGE
        ma = self.ma
        if target < ma:
            ma -= (ma - target) * dt_ms // FALL_MS + 1
            self.ma = ma if ma > target else target
        elif target > ma:
            ma += most * dt_ms // RISE_MS
            if ma < target:
                by = ids.CHARGE_LIMITED_BY_IS_RISING
                target = ma
            self.ma = target
        self.by = by

    def _free_ma(self, flow_ma, room_mv, uohm):
        """What the cell's voltage allows."""
        if room_mv >= 0:
            return flow_ma + (room_mv if room_mv < _WIDEST_MV else _WIDEST_MV) * 1_000_000 // uohm
        left_mv = room_mv + self.cut_mv
        if left_mv <= 0:
            return 0
        free = flow_ma + room_mv * 1_000_000 // uohm
        # Further beyond where it is held, one that does not obey is told ever less.
        half_mv = (self.cut_mv + 1) >> 1
        return free // half_mv * left_mv if left_mv < half_mv and free > 0 else free
