"""From readings to the quantities that rules judge, each with validity and a sample count.

A rule never looks at raw readings: it looks at one quantity here, so a new rule needs at most
a new line. A quantity that cannot be known is invalid, and stays so; it is never guessed.
"""

from array import array

from . import ids
from . import schema_data as schema
from .loops import cells_sum
from .readings import TEMP_BALANCE_BOARD, TEMP_BATTERY_4, TEMP_COUNT, TEMP_OK, TEMP_POWER_BOARD
from .ticks import elapsed_ms

# An age that has grown past an hour stays there: ticks wrap after six days.
_AGE_CAP_MS = 3_600_000
# Currents are held against a switch only once it has had this long to move.
_SETTLE_MS = 100
# Sum of cells and pack voltage are compared when sampled within this of each other.
_SAME_TIME_MS = 150
_BATTERY_SENSORS = TEMP_BATTERY_4 + 1
# A current step of a twentieth of the rating must move at least one cell's reading.
_STILL_PART = 20

_CURRENT_QUANTITIES = bytes(
    (
        ids.Q_CHARGE_MA,
        ids.Q_DISCHARGE_MA,
        ids.Q_CHARGE_PERCENT,
        ids.Q_DISCHARGE_PERCENT,
        ids.Q_CHARGE_STUCK_ON_MA,
        ids.Q_DISCHARGE_STUCK_ON_MA,
        ids.Q_OV_CHARGE_MA,
        ids.Q_UV_DISCHARGE_MA,
        ids.Q_UV2_DISCHARGE_MA,
        ids.Q_UNSTOPPED_CHARGE_MA,
        ids.Q_UNSTOPPED_DISCHARGE_MA,
    )
)
_CELL_QUANTITIES = bytes(
    (
        ids.Q_CELL_MAX_MV,
        ids.Q_CELL_MIN_MV,
        ids.Q_CELL_DIFF_MV,
        ids.Q_CELL_DIFF_JUDGED_MV,
        ids.Q_STRAY_MV,
    )
)
_BATTERY_TEMP_QUANTITIES = bytes(
    (
        ids.Q_TEMP_MAX_DC,
        ids.Q_TEMP_MIN_DC,
        ids.Q_TEMPS_SPREAD_DC,
        ids.Q_CHARGE_HOT_MARGIN_DC,
        ids.Q_CHARGE_COLD_MARGIN_DC,
        ids.Q_DISCHARGE_HOT_MARGIN_DC,
        ids.Q_DISCHARGE_COLD_MARGIN_DC,
    )
)
_TEMP_QUANTITIES = _BATTERY_TEMP_QUANTITIES + bytes(
    (
        ids.Q_POWER_TEMP_DC,
        ids.Q_POWER_MARGIN_DC,
        ids.Q_BALANCE_TEMP_DC,
        ids.Q_SENSOR_FAULTS,
    )
)


class Quantities:
    """``value[q]``, ``valid[q]``, ``count[q]`` (fresh samples) and ``where[q]`` (1-based cell
    or sensor, 0 for none), indexed by ``ids.Q_*``."""

    def __init__(self, start_ms):
        n = schema.QUANTITY_COUNT
        self.value = array("i", [0] * n)
        self.valid = bytearray(n)
        self.count = array("i", [0] * n)
        self.where = bytearray(n)
        self.cell_sum_mv = 0
        self._cells_found = array("i", [0] * 6)  # what cells_sum tells
        self.backup = 0  # directions forbidden with no second limit behind, told before update
        self.heater_ma = 0  # told as well: what the heater draws in front of the switches
        self._start_ms = start_ms
        self._updates = 0
        self._group_count = array("i", [0] * n)
        self._seen_cells = 0
        self._seen_temps = -1
        self._seen_wires = 0
        self._feedback_agrees = False  # as it did at the last update, and all that is told
        self._fingerprint = 0
        self._still_ma = 0
        self._still_samples = 0

    def update(self, r, live, active, switchgear, soc_permille, conditions, now_ms):
        """Judge a whole set: called once a tick, before protection."""
        self._updates = (self._updates + 1) & 0x3FFFFFFF
        self._cells(r, live)
        self._pack(r)
        self._temps(r, live)
        if live[ids.CELL_COUNT]:  # without cells there is nothing that could be lost
            self._age(ids.Q_CELLS_AGE_MS, r.cells_ms, r.cells_count, now_ms)
            self._age(ids.Q_OPEN_WIRE_AGE_MS, r.open_wire_ms, r.open_wire_count, now_ms)
        else:
            self._start_ms = now_ms
        self._age(ids.Q_TEMPS_AGE_MS, r.temps_ms, r.temps_count, now_ms)
        self._age(ids.Q_PACK_AGE_MS, r.pack_mv.sampled_ms, r.pack_mv.count, now_ms)
        self._feedback(r, switchgear, now_ms)
        self._conditions(conditions, switchgear)
        if soc_permille >= 0:
            self._flag(ids.Q_SOC_PERCENT, soc_permille // 10)
        else:
            self.valid[ids.Q_SOC_PERCENT] = 0
        self.update_current(r, live, active, switchgear, now_ms)

    def update_current(self, r, live, active, switchgear, now_ms):
        """The part that follows each current sample and the hardware's own trips."""
        self._updates = (self._updates + 1) & 0x3FFFFFFF
        self._age(ids.Q_CURRENT_AGE_MS, r.current_ma.sampled_ms, r.current_ma.count, now_ms)
        self._flag(ids.Q_SHORT_LATCHED, r.short_circuit)
        self._flag(ids.Q_FAST_OVERCURRENT, r.fast_overcurrent)
        current = r.current_ma
        valid = self.valid
        if valid[ids.Q_CHARGE_MA] != current.valid:
            known = 1 if current.valid else 0
            for q in _CURRENT_QUANTITIES:
                valid[q] = known
        if not current.valid:
            return
        ma = current.value
        into = ma if ma > 0 else 0
        out = -ma if ma < 0 else 0
        s = switchgear
        charge_open = not s.charge_on and elapsed_ms(now_ms, s.charge_since_ms) >= _SETTLE_MS
        discharge_open = (
            not s.discharge_on
            and not s.precharge_on
            and elapsed_ms(now_ms, s.discharge_since_ms) >= _SETTLE_MS
        )
        passing = into if charge_open else 0
        leaving = out - self.heater_ma if discharge_open and out > self.heater_ma else 0
        over = active[ids.RULE_CELL_OV1] >= 2 or active[ids.RULE_PACK_OV] >= 2
        under = active[ids.RULE_CELL_UV1] >= 2 or active[ids.RULE_PACK_UV] >= 2
        below = active[ids.RULE_CELL_UV2] >= 2
        backup = self.backup
        value = self.value
        value[ids.Q_CHARGE_MA] = into
        value[ids.Q_DISCHARGE_MA] = out
        value[ids.Q_CHARGE_PERCENT] = into * 100 // live[ids.CHARGE_CURRENT_MA]
        value[ids.Q_DISCHARGE_PERCENT] = out * 100 // live[ids.DISCHARGE_CURRENT_MA]
        value[ids.Q_CHARGE_STUCK_ON_MA] = passing
        value[ids.Q_DISCHARGE_STUCK_ON_MA] = leaving
        value[ids.Q_OV_CHARGE_MA] = passing if over else 0
        value[ids.Q_UV_DISCHARGE_MA] = leaving if under else 0
        value[ids.Q_UV2_DISCHARGE_MA] = leaving if below else 0
        value[ids.Q_UNSTOPPED_CHARGE_MA] = passing if backup & ids.FORBID_CHARGE else 0
        value[ids.Q_UNSTOPPED_DISCHARGE_MA] = leaving if backup & ids.FORBID_DISCHARGE else 0
        samples = self.count
        count = current.count
        for q in _CURRENT_QUANTITIES:
            samples[q] = count

    def _put(self, q, value, count):
        self.value[q] = value
        self.valid[q] = 1
        self.count[q] = count

    def _flag(self, q, value):
        """What is known at every moment: a change counts as a sample."""
        if self.value[q] != value or not self.valid[q]:
            self._put(q, int(value), self._updates)

    def tell(self, q, value, where):
        """What another part works out; negative while it does not know."""
        if value < 0:
            self.valid[q] = 0
        else:
            self.where[q] = where
            self._flag(q, value)

    def _age(self, q, sampled_ms, count, now_ms):
        """Age of a group of samples; from the start while there never was one."""
        if count == self._group_count[q] and self.value[q] >= _AGE_CAP_MS:
            age = _AGE_CAP_MS
        else:
            age = elapsed_ms(now_ms, sampled_ms if count else self._start_ms)
        self._group_count[q] = count
        self.value[q] = age
        self.valid[q] = 1
        self.count[q] = self._updates

    def _cells(self, r, live):
        if not r.cells_valid:
            for q in _CELL_QUANTITIES:
                self.valid[q] = 0
            return
        if r.cells_count == self._seen_cells and self.valid[ids.Q_CELL_MAX_MV]:
            return
        self._seen_cells = r.cells_count
        n = live[ids.CELL_COUNT]
        if n == 0:
            return
        found = self._cells_found
        cells_sum(r.cell_mv, n, found)
        high = found[0]
        low = found[2]
        low_at = found[3] + 1
        self.cell_sum_mv = found[4]
        where = self.where
        where[ids.Q_CELL_MAX_MV] = found[1] + 1
        where[ids.Q_CELL_MIN_MV] = low_at
        where[ids.Q_CELL_DIFF_MV] = where[ids.Q_CELL_DIFF_JUDGED_MV] = low_at
        count = r.cells_count
        self._put(ids.Q_CELL_MAX_MV, high, count)
        self._put(ids.Q_CELL_MIN_MV, low, count)
        self._put(ids.Q_CELL_DIFF_MV, high - low, count)
        self._put(ids.Q_STRAY_MV, r.stray_mv, count)
        current = r.current_ma
        if current.valid and abs(current.value) <= live[ids.CELL_DIFF_MAX_MA]:
            self._put(ids.Q_CELL_DIFF_JUDGED_MV, high - low, count)
        else:
            self.valid[ids.Q_CELL_DIFF_JUDGED_MV] = 0
        self._frozen(found[5], current, live)

    def _frozen(self, fingerprint, current, live):
        """Cells that do not move at all while the current does are a stuck converter's."""
        if fingerprint != self._fingerprint or not current.valid:
            self._fingerprint = fingerprint
            self._still_ma = current.value
            self._still_samples = 0
        elif abs(current.value - self._still_ma) * _STILL_PART >= live[ids.BOARD_RATING_MA]:
            self._still_samples += 1
        self._flag(ids.Q_FROZEN_SAMPLES, self._still_samples)

    def _pack(self, r):
        pack = r.pack_mv
        if not pack.valid:
            self.valid[ids.Q_PACK_MV] = self.valid[ids.Q_SUM_ERROR_PERMILLE] = 0
            return
        self._put(ids.Q_PACK_MV, pack.value, pack.count)
        apart = (pack.sampled_ms - r.cells_ms + _SAME_TIME_MS) & 0x3FFFFFFF
        if r.cells_valid and pack.value > 0 and apart <= 2 * _SAME_TIME_MS:
            error = abs(self.cell_sum_mv - pack.value) * 1000 // pack.value
            self._put(ids.Q_SUM_ERROR_PERMILLE, error, r.cells_count)
        elif r.cells_valid and pack.value <= 0:
            self._put(ids.Q_SUM_ERROR_PERMILLE, 1000, r.cells_count)
        else:
            self.valid[ids.Q_SUM_ERROR_PERMILLE] = 0

    def _temps(self, r, live):
        if not r.temps_valid:
            self._seen_temps = -1
            for q in _TEMP_QUANTITIES:
                self.valid[q] = 0
            return
        if r.temps_count == self._seen_temps:
            return
        self._seen_temps = r.temps_count
        fitted = live[ids.TEMPS_FITTED]
        count = r.temps_count
        known = faults = high = low = high_at = low_at = 0
        for i in range(TEMP_COUNT):
            if not fitted >> i & 1:
                continue
            if r.temp_state[i] != TEMP_OK:
                faults += 1
                self.where[ids.Q_SENSOR_FAULTS] = i + 1
            elif i < _BATTERY_SENSORS:
                dc = r.temp_dc[i]
                if not known or dc > high:
                    high = dc
                    high_at = i + 1
                if not known or dc < low:
                    low = dc
                    low_at = i + 1
                known += 1
        if not fitted & 0x0F:
            faults += 1  # a battery whose temperature nobody knows is not worked
        self._put(ids.Q_SENSOR_FAULTS, faults, count)
        self.where[ids.Q_TEMP_MAX_DC] = high_at
        self.where[ids.Q_TEMP_MIN_DC] = low_at
        if known:
            self._put(ids.Q_TEMP_MAX_DC, high, count)
            self._put(ids.Q_TEMP_MIN_DC, low, count)
            self._put(ids.Q_TEMPS_SPREAD_DC, high - low, count)
            self._put(ids.Q_CHARGE_HOT_MARGIN_DC, live[ids.CHARGE_OT_DC] - high, count)
            self._put(ids.Q_CHARGE_COLD_MARGIN_DC, low - live[ids.CHARGE_UT_DC], count)
            self._put(ids.Q_DISCHARGE_HOT_MARGIN_DC, live[ids.DISCHARGE_OT_DC] - high, count)
            self._put(ids.Q_DISCHARGE_COLD_MARGIN_DC, low - live[ids.DISCHARGE_UT_DC], count)
        else:
            for q in _BATTERY_TEMP_QUANTITIES:
                self.valid[q] = 0
        self._board_temp(r, fitted, TEMP_POWER_BOARD, ids.Q_POWER_TEMP_DC)
        if self.valid[ids.Q_POWER_TEMP_DC]:
            margin = live[ids.POWER_OT_DC] - self.value[ids.Q_POWER_TEMP_DC]
            self._put(ids.Q_POWER_MARGIN_DC, margin, count)
        else:
            self.valid[ids.Q_POWER_MARGIN_DC] = 0
        self._board_temp(r, fitted, TEMP_BALANCE_BOARD, ids.Q_BALANCE_TEMP_DC)

    def _board_temp(self, r, fitted, sensor, q):
        if fitted >> sensor & 1 and r.temp_state[sensor] == TEMP_OK:
            self._put(q, r.temp_dc[sensor], r.temps_count)
            self.where[q] = sensor + 1
        else:
            self.valid[q] = 0

    def _feedback(self, r, switchgear, now_ms):
        if r.open_wire_count != self._seen_wires:
            self._seen_wires = r.open_wire_count
            cut = sum(r.open_wire)
            if cut:
                self._name_wire(r.open_wire)
            self._put(ids.Q_OPEN_WIRES, cut, r.open_wire_count)
        known = r.feedback_valid
        s = switchgear
        agree = known and r.charge_feedback == s.charge_on
        agree = agree and r.discharge_feedback == s.discharge_on
        if agree and self._feedback_agrees:
            return
        self._feedback_agrees = agree
        sensed = r.charge_feedback
        self._switch(ids.Q_CHARGE_STUCK_OFF, known, s.charge_on and not sensed)
        self._switch(ids.Q_CHARGE_FEEDBACK_ON, known, sensed and not s.charge_on)
        sensed = r.discharge_feedback
        self._switch(ids.Q_DISCHARGE_STUCK_OFF, known, s.discharge_on and not sensed)
        self._switch(ids.Q_DISCHARGE_FEEDBACK_ON, known, sensed and not s.discharge_on)

    def _name_wire(self, wires):
        for i in range(len(wires)):
            if wires[i]:
                self.where[ids.Q_OPEN_WIRES] = i

    def _switch(self, q, known, wrong):
        if known:
            self._flag(q, 1 if wrong else 0)
        else:
            self.valid[q] = 0

    def _conditions(self, c, switchgear):
        value = self.value
        if (
            self.valid[ids.Q_STATE_LOST]
            and value[ids.Q_PRECHARGE_NO_CAPACITOR] == switchgear.precharge_no_capacitor
            and value[ids.Q_PRECHARGE_SHORT] == switchgear.precharge_short
            and value[ids.Q_PRECHARGE_STUCK] == switchgear.precharge_stuck
            and value[ids.Q_SETTINGS_LOST] == c.settings_lost
            and value[ids.Q_UNCOMMISSIONED] == c.uncommissioned
            and value[ids.Q_UNCALIBRATED] == c.uncalibrated
            and value[ids.Q_SELF_TEST_FAILURES] == c.self_test_failures
            and value[ids.Q_LEASE_OVER] == c.lease_over
            and value[ids.Q_WATCHDOG_RESTART] == c.watchdog_restart
            and value[ids.Q_TICK_LATE_MS] == c.tick_late_ms
            and value[ids.Q_CHARGER_SILENT] == c.charger_silent
            and value[ids.Q_HEATER_FAULT] == c.heater_fault
            and value[ids.Q_FACTORY_PASSWORD] == c.factory_password
            and value[ids.Q_NO_SECONDARY] == c.no_secondary
            and value[ids.Q_STORAGE_FAILED] == c.storage_failed
            and value[ids.Q_STATE_LOST] == c.state_lost
        ):
            return  # nothing is new, as nearly always
        self._flag(ids.Q_PRECHARGE_NO_CAPACITOR, switchgear.precharge_no_capacitor)
        self._flag(ids.Q_PRECHARGE_SHORT, switchgear.precharge_short)
        self._flag(ids.Q_PRECHARGE_STUCK, switchgear.precharge_stuck)
        self._flag(ids.Q_SETTINGS_LOST, c.settings_lost)
        self._flag(ids.Q_UNCOMMISSIONED, c.uncommissioned)
        self._flag(ids.Q_UNCALIBRATED, c.uncalibrated)
        self._flag(ids.Q_SELF_TEST_FAILURES, c.self_test_failures)
        self._flag(ids.Q_LEASE_OVER, c.lease_over)
        self._flag(ids.Q_WATCHDOG_RESTART, c.watchdog_restart)
        self._flag(ids.Q_TICK_LATE_MS, c.tick_late_ms)
        self._flag(ids.Q_CHARGER_SILENT, c.charger_silent)
        self._flag(ids.Q_HEATER_FAULT, c.heater_fault)
        self._flag(ids.Q_FACTORY_PASSWORD, c.factory_password)
        self._flag(ids.Q_NO_SECONDARY, c.no_secondary)
        self._flag(ids.Q_STORAGE_FAILED, c.storage_failed)
        self._flag(ids.Q_STATE_LOST, c.state_lost)
