"""What a charger may give and a load may take: CVL, CCL, DCL, and what limits them.

``current_limit.py`` says how a current limit follows cell voltage, resistance, temperature and
charge, ``charge_voltage.py`` how CVL does; here stands what they are held to, and what has the
last word: zero at once beyond a cell voltage short of the protection's, while readings are
missing, while the direction is forbidden, and before a relay opens.

Full: CCL is 0 and CVL stays, until the estimator calls the pack full no more; what is lost
until then is not worth a charge. Empty: DCL is 0 until charge current has been seen or a cell
has far more voltage than a rest after work could give it; a load that starts again on what the
cells recover by resting would only stop again.

Half of the work is done each tick; whatever means zero is looked at in every one.
"""

from . import ids
from .charge_voltage import ChargeVoltage
from .current_limit import FULL, CurrentLimit
from .ticks import MASK

# Factors (1/1000) to which the end of a charge, and of a discharge, brings the current down,
# as far as the state of charge is known this well.
AT_FULL = 500
AT_EMPTY = 300
SOC_KNOWN_PERMILLE = 100

# CCL holds the highest cell a little above the charge voltage, so that a good charger is led
# by its own constant voltage: this, or a part of the way to the warning. It is zero half way
# on to level 1, and at the warning at the latest.
HOLD_MV = 8
HOLD_PART = 3
CUT_LEAST_MV = 10
CUT_MOST_MV = 100
LEAST_SPAN_MV = 40  # from the charge voltage to level 1, from level 1 to the warning
LEAST_PACK_MV = 20  # from the charge voltage to the pack's own limit, a cell
# DCL holds the lowest cell half way from level 1 to its warning, and is zero half as far.
FLOOR_PART = 2
STOP_PART = 2
MOST_SPAN_MV = 400

# Resistance of a cell: twice what is measured, for the measured one is the mean cell's at the
# first moment; where nobody has measured it, or got something out of all proportion, that of a
# poor cell (micro-ohm times mAh). More in the cold, 3.3 times at -20 degC, measured or not:
# too much only makes a limit arrive later where it belongs, too little makes it swing.
UNKNOWN_UOHM_MAH = 150_000_000
LEAST_PART = 5
MOST_TIMES = 2
MOST_UOHM = 200_000
ROOM_DC = 250
COLD_SPAN_DC = 200

# The pack is empty when cell voltage leaves less than this part of the setting, at a current
# below that part of it, so many times in a row (2 s). Charge counts as seen from this part of
# the capacity an hour.
EMPTY_PART = 50
EMPTY_FLOW_PART = 20
EMPTY_TURNS = 10
CHARGE_SEEN_PART = 200

STEP_MS = 1000  # a step of time is this long at most: after a pause nothing jumps
_TURN_MASK = 0xF  # what changes slowly is looked at every 16 ticks


class Limits:
    """``cvl_mv``, ``ccl_ma``, ``dcl_ma`` and what limits the two; ``stop_requested`` (FORBID_
    bits) and ``charger_lost`` are set by the controller before ``update``."""

    def __init__(self):
        self.cvl_mv = 0
        self.ccl_ma = 0
        self.dcl_ma = 0
        self.charge_by = self.discharge_by = ids.CHARGE_LIMITED_BY_IS_NOT_COMMISSIONED
        self.stop_requested = 0
        self.charger_lost = False
        self._voltage = ChargeVoltage()
        self._charge = CurrentLimit(
            ids.Q_CHARGE_HOT_MARGIN_DC,
            ids.Q_CHARGE_COLD_MARGIN_DC,
            ids.CHARGE_LIMITED_BY_IS_FULL,
            AT_FULL,
        )
        self._discharge = CurrentLimit(
            ids.Q_DISCHARGE_HOT_MARGIN_DC,
            ids.Q_DISCHARGE_COLD_MARGIN_DC,
            ids.CHARGE_LIMITED_BY_IS_EMPTY,
            AT_EMPTY,
        )
        self._revision = -1
        self._unwanted = 0  # FORBID_ bits of switches that a person has turned off
        self._unknown_uohm = 0
        self._seen_charge_ma = 0
        self._hold_mv = 0
        self._charge_end_mv = 0
        self._floor_mv = 0
        self._stop_mv = 0
        self._refilled_mv = 0
        self._empty_turns = 0
        self._turn = 0
        self._uohm = 1
        self._ms = 0
        self._dt_ms = 0
        self._half_cells_ms = 0
        self._half_current_ms = 0
        self._half_temps_ms = 0

    def update(self, readings, quantities, protection, estimator, settings, now_ms):
        """Once a tick."""
        if settings.revision != self._revision:
            self._revision = settings.revision
            self._take(settings.live)
            self._turn = 0
        if not settings.commissioned:
            self.cvl_mv = self.ccl_ma = self.dcl_ma = 0
            self._voltage.mv = self._charge.ma = self._discharge.ma = 0
            self.charge_by = self.discharge_by = ids.CHARGE_LIMITED_BY_IS_NOT_COMMISSIONED
            return
        value = quantities.value
        stop = protection.forbids | self.stop_requested | self._unwanted
        if self.charger_lost:
            stop |= ids.FORBID_CHARGE
        valid = quantities.valid
        # Not valid now, or no fresh sample for half the fault-tolerance time.
        if not (
            valid[ids.Q_CELL_MAX_MV]
            and valid[ids.Q_CHARGE_MA]
            and valid[ids.Q_TEMP_MAX_DC]
            and value[ids.Q_CELLS_AGE_MS] < self._half_cells_ms
            and value[ids.Q_CURRENT_AGE_MS] < self._half_current_ms
            and value[ids.Q_TEMPS_AGE_MS] < self._half_temps_ms
        ):
            if stop:
                self._stop(stop, protection.forbids)
            self.ccl_ma = self.dcl_ma = 0
            self.charge_by = self.discharge_by = ids.CHARGE_LIMITED_BY_IS_MISSING_READINGS
            return
        turn = self._turn = (self._turn + 1) & _TURN_MASK
        if turn & 1:
            if turn == 1:
                self._uohm = self._resistance(estimator, value[ids.Q_TEMP_MIN_DC])
            dt_ms = (now_ms - self._ms) & MASK
            self._ms = now_ms
            self._dt_ms = dt_ms if dt_ms < STEP_MS else STEP_MS
            self._charge_turn(quantities, readings.current_ma.value, estimator)
        else:
            self._discharge_turn(quantities, readings.current_ma.value, estimator)
        if value[ids.Q_CELL_MAX_MV] >= self._charge_end_mv:
            stop |= ids.FORBID_CHARGE
        if value[ids.Q_CELL_MIN_MV] <= self._stop_mv:
            stop |= ids.FORBID_DISCHARGE
        if stop:
            self._stop(stop, protection.forbids)

    def _stop(self, stop, forbids):
        """Zero at once."""
        if stop & ids.FORBID_CHARGE:
            self.ccl_ma = self._charge.ma = 0
            self.charge_by = self._why(ids.FORBID_CHARGE, forbids)
        if stop & ids.FORBID_DISCHARGE:
            self.dcl_ma = self._discharge.ma = 0
            self.discharge_by = self._why(ids.FORBID_DISCHARGE, forbids)

    def _why(self, bit, forbids):
        """What makes a limit zero."""
        if forbids & bit:
            return ids.CHARGE_LIMITED_BY_IS_PROTECTION
        if self._unwanted & bit:
            return ids.CHARGE_LIMITED_BY_IS_SWITCHED_OFF
        if self.stop_requested & bit:
            return ids.CHARGE_LIMITED_BY_IS_SWITCH_OPENING
        if self.charger_lost and bit == ids.FORBID_CHARGE:
            return ids.CHARGE_LIMITED_BY_IS_LOST_CHARGER
        return ids.CHARGE_LIMITED_BY_IS_CELL_VOLTAGE

    def _take(self, live):
        """What follows from the settings alone."""
        self._half_cells_ms = (live[ids.BOARD_FTT_CELLS_MS] + 1) // 2
        self._half_current_ms = (live[ids.BOARD_FTT_CURRENT_MS] + 1) // 2
        self._half_temps_ms = (live[ids.BOARD_FTT_TEMPS_MS] + 1) // 2
        self._unwanted = (0 if live[ids.CHARGE_WANTED] else ids.FORBID_CHARGE) | (
            0 if live[ids.DISCHARGE_WANTED] else ids.FORBID_DISCHARGE
        )
        cells = max(1, live[ids.CELL_COUNT])
        self._voltage.cells = cells
        capacity_mah = max(1, live[ids.CAPACITY_MAH])
        self._unknown_uohm = min(MOST_UOHM, UNKNOWN_UOHM_MAH // capacity_mah)
        self._seen_charge_ma = capacity_mah // CHARGE_SEEN_PART + 1
        charge = self._charge
        charge.most_ma = live[ids.CHARGE_CURRENT_MA]
        over_mv = live[ids.CELL_OV1_MV]
        warn_mv = live[ids.CELL_OV_WARN_MV]
        charge_mv = min(
            live[ids.CHARGE_CELL_MV],
            over_mv - LEAST_SPAN_MV,
            live[ids.PACK_OV_MV] // cells - LEAST_PACK_MV,
        )
        self._voltage.cell_mv = charge_mv
        gap_mv = (warn_mv if warn_mv > charge_mv else over_mv) - charge_mv
        hold_mv = charge_mv + min(HOLD_MV, gap_mv // HOLD_PART)
        self._hold_mv = hold_mv
        end_mv = (hold_mv + over_mv) // 2
        if hold_mv < warn_mv < end_mv:
            end_mv = warn_mv
        charge.cut_mv = min(CUT_MOST_MV, max(CUT_LEAST_MV, end_mv - hold_mv))
        self._charge_end_mv = hold_mv + charge.cut_mv
        discharge = self._discharge
        discharge.most_ma = live[ids.DISCHARGE_CURRENT_MA]
        under_mv = max(live[ids.CELL_UV1_MV], live[ids.PACK_UV_MV] // cells)
        span_mv = live[ids.CELL_UV_WARN_MV] - under_mv
        span_mv = min(MOST_SPAN_MV, max(LEAST_SPAN_MV, span_mv))
        self._floor_mv = under_mv + span_mv // FLOOR_PART
        self._stop_mv = under_mv + span_mv // FLOOR_PART // STOP_PART
        discharge.cut_mv = self._floor_mv - self._stop_mv
        self._refilled_mv = live[ids.CELL_UV_RECOVER_MV] + span_mv

    def _resistance(self, estimator, coldest_dc):
        """A cell's resistance, rather too high than too low."""
        unknown = self._unknown_uohm
        uohm = estimator.resistance_uohm
        if not uohm or uohm > unknown * MOST_TIMES:
            uohm = unknown
        else:
            uohm = max(uohm << 1, unknown // LEAST_PART + 1)
        if coldest_dc < ROOM_DC:
            uohm += uohm * (ROOM_DC - coldest_dc) // COLD_SPAN_DC
        return uohm

    def _charge_turn(self, quantities, current_ma, estimator):
        spare = FULL
        if estimator.soc_sigma_permille <= SOC_KNOWN_PERMILLE:
            spare = FULL - estimator.soc_permille
        way = self._charge
        way.step(
            quantities,
            current_ma,
            self._hold_mv - quantities.value[ids.Q_CELL_MAX_MV],
            spare,
            estimator.full,
            self._uohm,
            self._dt_ms,
        )
        self.ccl_ma = way.ma
        self.charge_by = way.by

    def _discharge_turn(self, quantities, current_ma, estimator):
        spare = FULL
        if estimator.soc_sigma_permille <= SOC_KNOWN_PERMILLE:
            spare = estimator.soc_permille
        low_mv = quantities.value[ids.Q_CELL_MIN_MV]
        empty = self._empty_turns
        if empty and (current_ma >= self._seen_charge_ma or low_mv >= self._refilled_mv):
            empty = 0
        way = self._discharge
        way.step(
            quantities,
            -current_ma,
            low_mv - self._floor_mv,
            spare,
            empty >= EMPTY_TURNS,
            self._uohm,
            self._dt_ms,
        )
        self.dcl_ma = way.ma
        self.discharge_by = way.by
        if way.by == ids.CHARGE_LIMITED_BY_IS_CELL_VOLTAGE:
            most = way.most_ma
            if way.ma * EMPTY_PART > most or -current_ma * EMPTY_FLOW_PART > most:
                empty = 0
            else:
                empty += 1
        self._empty_turns = empty
        self._voltage.step(quantities, self._dt_ms)
        self.cvl_mv = self._voltage.mv
