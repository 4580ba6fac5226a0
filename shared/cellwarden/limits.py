"""What a charger may give and a load may take: CVL, CCL, DCL.

Each limit is its setting, tapered by the cell voltage, the temperatures and the charge, and
reaches zero before the protection of the same quantity would trip. It falls at once and rises
slowly, so that a charger that follows it settles instead of swinging. It is zero at once while
cells, current or temperatures are not known, and while the direction is forbidden.
"""

from . import ids

FULL = 1000  # factors are in 1/1000
# Rise of a limit: this part of the setting each tick of 100 ms (10 s from nothing to all).
RISE_PART = 100
# Charging tapers over this much below the charge voltage, to this factor at it...
TAPER_MV = 50
AT_CHARGE_VOLTAGE = 100
# ...and to nothing this part of the way from there to over-voltage level 1.
END_PART = 2
# Discharging tapers from the warning down to this part of the way above level 1.
EMPTY_PART = 4
LEAST_SPAN_MV = 40
# Temperatures: nothing within this of a limit, everything from that on.
TEMP_NONE_DC = 10
TEMP_ALL_DC = 100
# Below this charge the load is asked to be gentle, down to this factor at 0 %.
LOW_SOC_PERMILLE = 50
AT_EMPTY = 300
# Charge voltage falls by half of what the highest cell is over, and rises a millivolt a cell.
CVL_PART = 2


def ramp(value, nothing_at, all_at):
    """0 at ``nothing_at`` and beyond, 1000 at ``all_at`` and beyond, a line between."""
    span = all_at - nothing_at
    if span > 0:
        if value <= nothing_at:
            return 0
        if value >= all_at:
            return FULL
    else:
        if value >= nothing_at:
            return 0
        if value <= all_at:
            return FULL
    return (value - nothing_at) * FULL // span


class Limits:
    """``cvl_mv``, ``ccl_ma``, ``dcl_ma``; ``stop_requested`` (FORBID_ bits) and
    ``charger_lost`` are set by the controller before ``update``."""

    def __init__(self):
        self.cvl_mv = 0
        self.ccl_ma = 0
        self.dcl_ma = 0
        self.stop_requested = 0
        self.charger_lost = False
        self._ccl_ma = 0  # the tapered limits, also while blind
        self._dcl_ma = 0

    def update(self, readings, quantities, protection, estimator, settings):
        live = settings.live
        if not settings.commissioned:
            self.cvl_mv = self.ccl_ma = self.dcl_ma = 0
            self._ccl_ma = self._dcl_ma = 0
            return
        blind = self._is_blind(readings, quantities, live)
        if not blind:
            q = quantities.value
            self._update_cvl(q[ids.Q_CELL_MAX_MV], live)
            charge = self._charge_factor(quantities, estimator, live)
            self._ccl_ma = self._follow(self._ccl_ma, live[ids.CHARGE_CURRENT_MA], charge)
            discharge = self._discharge_factor(quantities, estimator, live)
            self._dcl_ma = self._follow(self._dcl_ma, live[ids.DISCHARGE_CURRENT_MA], discharge)
        stop = protection.forbids | self.stop_requested
        no_charge = self.charger_lost or stop & ids.FORBID_CHARGE or not live[ids.CHARGE_WANTED]
        no_discharge = stop & ids.FORBID_DISCHARGE or not live[ids.DISCHARGE_WANTED]
        if no_charge:
            self._ccl_ma = 0
        if no_discharge:
            self._dcl_ma = 0
        self.ccl_ma = 0 if blind else self._ccl_ma
        self.dcl_ma = 0 if blind else self._dcl_ma

    def _is_blind(self, readings, quantities, live):
        """Not valid now, or no fresh sample for half the fault-tolerance time."""
        if not (readings.cells_valid and readings.temps_valid and readings.current_ma.valid):
            return True
        valid = quantities.valid
        if not (valid[ids.Q_CELL_MAX_MV] and valid[ids.Q_TEMP_MAX_DC]):
            return True
        age = quantities.value
        return (
            age[ids.Q_CELLS_AGE_MS] * 2 >= live[ids.BOARD_FTT_CELLS_MS]
            or age[ids.Q_CURRENT_AGE_MS] * 2 >= live[ids.BOARD_FTT_CURRENT_MS]
            or age[ids.Q_TEMPS_AGE_MS] * 2 >= live[ids.BOARD_FTT_TEMPS_MS]
        )

    def _charge_mv(self, live):
        """Charge voltage a cell, kept below over-voltage level 1."""
        highest = live[ids.CELL_OV1_MV] - LEAST_SPAN_MV
        wanted = live[ids.CHARGE_CELL_MV]
        return wanted if wanted < highest else highest

    def _update_cvl(self, cell_max_mv, live):
        cells = live[ids.CELL_COUNT]
        charge_mv = self._charge_mv(live)
        target = cells * charge_mv
        over_mv = cell_max_mv - charge_mv
        if over_mv > 0:
            target -= over_mv * cells // CVL_PART
        if target > self.cvl_mv + cells and self.cvl_mv > 0:
            target = self.cvl_mv + cells
        self.cvl_mv = target if target > 0 else 0

    def _charge_factor(self, quantities, estimator, live):
        q = quantities.value
        charge_mv = self._charge_mv(live)
        cell_mv = q[ids.Q_CELL_MAX_MV]
        if cell_mv < charge_mv:
            factor = ramp(cell_mv, charge_mv, charge_mv - TAPER_MV)
            factor = AT_CHARGE_VOLTAGE + factor * (FULL - AT_CHARGE_VOLTAGE) // FULL
        else:
            end_mv = charge_mv + (live[ids.CELL_OV1_MV] - charge_mv) // END_PART
            factor = ramp(cell_mv, end_mv, charge_mv) * AT_CHARGE_VOLTAGE // FULL
        if estimator.full:
            return 0
        hot = ramp(q[ids.Q_CHARGE_HOT_MARGIN_DC], TEMP_NONE_DC, TEMP_ALL_DC)
        cold = ramp(q[ids.Q_CHARGE_COLD_MARGIN_DC], TEMP_NONE_DC, TEMP_ALL_DC)
        return min(factor, hot, cold, self._power_factor(quantities))

    def _discharge_factor(self, quantities, estimator, live):
        q = quantities.value
        uv1_mv = live[ids.CELL_UV1_MV]
        span = live[ids.CELL_UV_WARN_MV] - uv1_mv
        if span < LEAST_SPAN_MV:
            span = LEAST_SPAN_MV
        factor = ramp(q[ids.Q_CELL_MIN_MV], uv1_mv + span // EMPTY_PART, uv1_mv + span)
        low = AT_EMPTY + (FULL - AT_EMPTY) * estimator.soc_permille // LOW_SOC_PERMILLE
        hot = ramp(q[ids.Q_DISCHARGE_HOT_MARGIN_DC], TEMP_NONE_DC, TEMP_ALL_DC)
        cold = ramp(q[ids.Q_DISCHARGE_COLD_MARGIN_DC], TEMP_NONE_DC, TEMP_ALL_DC)
        return min(factor, low, hot, cold, self._power_factor(quantities))

    def _power_factor(self, quantities):
        if not quantities.valid[ids.Q_POWER_MARGIN_DC]:
            return FULL  # not fitted: the rules say whether it must be
        return ramp(quantities.value[ids.Q_POWER_MARGIN_DC], TEMP_NONE_DC, TEMP_ALL_DC)

    def _follow(self, now_ma, most_ma, factor):
        """Down at once, up by a small step."""
        target = most_ma // FULL * factor + most_ma % FULL * factor // FULL
        step = most_ma // RISE_PART
        return target if target <= now_ma + step else now_ma + step
