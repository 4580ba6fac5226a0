"""Publishes the state of the core as the readings of the register map, for whoever asks.

``readout[ids.R_*]`` holds each reading as a number in the unit of the schema, or ABSENT where
it is not known. Nothing is decided here, and nothing stale is shown as fresh.
"""

from array import array

from . import ids
from . import schema_data as schema
from .protection import ACTIVE
from .readings import TEMP_COUNT, TEMP_OK
from .readout import ABSENT
from .whole_numbers import permille_of

_QUANTITIES = (
    (ids.R_CELL_MAX_MV, ids.Q_CELL_MAX_MV),
    (ids.R_CELL_MIN_MV, ids.Q_CELL_MIN_MV),
    (ids.R_CELL_DIFF_MV, ids.Q_CELL_DIFF_MV),
    (ids.R_TEMP_MAX_DC, ids.Q_TEMP_MAX_DC),
    (ids.R_TEMP_MIN_DC, ids.Q_TEMP_MIN_DC),
    (ids.R_CELL_LEAK_SURE, ids.Q_CELL_LEAK),
    (ids.R_SELF_HEATING_DC, ids.Q_SELF_HEATING_DC),
)
_RULE_WORDS = 6


class Bits:
    """Flags as registers of 16 bits, packed anew only after one of them has changed."""

    def __init__(self, flags, first, words):
        self._flags = flags
        self._first = first  # reading of the first register
        self._words = words
        self._seen = bytearray(b"\xff" * len(flags))

    def publish(self, out, least):
        """A flag counts from ``least`` on; true when anything is new."""
        flags = self._flags
        seen = self._seen
        if flags == seen:
            return False
        count = len(flags)
        for word in range(self._words):
            bits = 0
            bit = 1
            for at in range(16 * word, min(16 * word + 16, count)):
                seen[at] = flags[at]
                if flags[at] >= least:
                    bits |= bit
                bit <<= 1
            out[self._first + word] = bits
        return True


class Publisher:
    """Fills ``readout`` from the parts of one controller."""

    def __init__(self, controller):
        self._c = controller
        self.readout = array("i", [ABSENT] * schema.READING_COUNT)
        self.readout[ids.R_SCHEMA_VERSION] = schema.SCHEMA_VERSION
        self.readout[ids.R_BOARD_RATING_MA] = controller.board.RATING_MA
        self._wires = Bits(controller.readings.open_wire, ids.R_OPEN_WIRE_LOW, 3)
        self._balancing = Bits(controller.commands.balance, ids.R_BALANCING_LOW, 2)
        self._active = Bits(controller.protection.state, ids.R_RULE_BITS, _RULE_WORDS)
        self._temps_seen = -1
        self._fitted_seen = 0
        self._ticks = 0  # what is published is of this tick
        self.restart_cause = 0
        self.tick_ms = 0
        self.free_bytes = 0

    def publish(self, ticks, now_ms):
        """Before ``readout`` is read; costs nothing until there has been another tick."""
        if ticks == self._ticks:
            return
        self._ticks = ticks
        self._measured()
        self._charge()
        self._health()
        self._switches()
        self._rules()
        self._board(now_ms)

    def _measured(self):
        out = self.readout
        c = self._c
        r = c.readings
        q = c.quantities
        for reading, quantity in _QUANTITIES:
            out[reading] = q.value[quantity] if q.valid[quantity] else ABSENT
        cells = r.cells_valid
        out[ids.R_CELL_MAX_NUMBER] = q.where[ids.Q_CELL_MAX_MV] if cells else ABSENT
        out[ids.R_CELL_MIN_NUMBER] = q.where[ids.Q_CELL_MIN_MV] if cells else ABSENT
        out[ids.R_CELL_SUM_10MV] = q.cell_sum_mv // 10 if cells else ABSENT
        self._scalar(ids.R_PACK_10MV, r.pack_mv, 10)
        self._scalar(ids.R_BUS_10MV, r.bus_mv, 10)
        self._scalar(ids.R_CHARGER_10MV, r.charger_mv, 10)
        self._scalar(ids.R_CURRENT_MA, r.current_ma, 1)
        known = r.current_ma.valid and r.pack_mv.valid
        # Split so that 600 A at 100 V stays a small integer.
        power = r.current_ma.value // 100 * (r.pack_mv.value // 10) // 1000 if known else ABSENT
        out[ids.R_POWER_W] = power
        fitted = c.settings.live[ids.TEMPS_FITTED]
        if not r.temps_valid or r.temps_count != self._temps_seen or fitted != self._fitted_seen:
            self._temps(r, fitted)
        self._wires.publish(out, 1)

    def _temps(self, r, fitted):
        self._temps_seen = r.temps_count if r.temps_valid else -1
        self._fitted_seen = fitted
        for i in range(TEMP_COUNT):
            known = r.temps_valid and fitted >> i & 1 and r.temp_state[i] == TEMP_OK
            self.readout[ids.R_TEMP_DC + i] = r.temp_dc[i] if known else ABSENT

    def _scalar(self, reading, scalar, divisor):
        known = scalar.valid and scalar.fitted
        self.readout[reading] = scalar.value // divisor if known else ABSENT

    def _charge(self):
        out = self.readout
        e = self._c.estimator
        known = e.known
        out[ids.R_SOC_PERMILLE] = e.soc_permille if known else ABSENT
        out[ids.R_SOC_SIGMA_PERMILLE] = e.soc_sigma_permille if known else ABSENT
        out[ids.R_REMAINING_MAH] = e.remaining_mah if known else ABSENT
        out[ids.R_FULL_MAH] = e.full_mah
        out[ids.R_CYCLES] = e.cycles_tenths
        out[ids.R_CHARGED_MAH] = e.charged_mah
        out[ids.R_DISCHARGED_MAH] = e.discharged_mah
        out[ids.R_CHARGED_WH] = e.count.charged_wh
        out[ids.R_DISCHARGED_WH] = e.count.discharged_wh
        rated = self._c.settings.live[ids.CAPACITY_MAH]
        out[ids.R_SOH_PERMILLE] = permille_of(e.full_mah, rated) if rated else ABSENT
        out[ids.R_SOH_SIGMA_PERMILLE] = e.capacity_sigma_permille if rated else ABSENT
        out[ids.R_LEARNED_OFFSET_MA] = e.offset_ma
        out[ids.R_POLARISATION_DMV] = e.polarisation_dmv if known else ABSENT
        limits = self._c.limits
        out[ids.R_CVL_10MV] = limits.cvl_mv // 10
        out[ids.R_CCL_MA] = limits.ccl_ma
        out[ids.R_DCL_MA] = limits.dcl_ma
        out[ids.R_CHARGE_LIMITED_BY] = limits.charge_by
        out[ids.R_DISCHARGE_LIMITED_BY] = limits.discharge_by
        left = self._c.time_left
        out[ids.R_TIME_TO_FULL_MIN] = left.to_full_min
        out[ids.R_TIME_TO_EMPTY_MIN] = left.to_empty_min

    def _health(self):
        out = self.readout
        q = self._c.quantities
        cells = self._c.cells
        resistance = cells.resistance
        known = resistance.known
        out[ids.R_RESISTANCE_10UOHM] = resistance.mean_uohm // 10 if known else ABSENT
        known = cells.charge.known
        out[ids.R_CELL_CHARGE_SIGMA] = cells.charge.sigma if known else ABSENT
        known = q.valid[ids.Q_CELL_LEAK]
        out[ids.R_CELL_LEAK_NUMBER] = q.where[ids.Q_CELL_LEAK] if known else ABSENT
        known = q.valid[ids.Q_SELF_HEATING_DC]
        out[ids.R_SELF_HEATING_SENSOR] = q.where[ids.Q_SELF_HEATING_DC] if known else ABSENT

    def _switches(self):
        out = self.readout
        c = self._c
        s = c.switchgear
        out[ids.R_CHARGE_SWITCH] = int(s.charge_on)
        out[ids.R_DISCHARGE_SWITCH] = int(s.discharge_on)
        out[ids.R_PRECHARGE_SWITCH] = int(s.precharge_on)
        out[ids.R_HEATER_SWITCH] = int(c.commands.heater)
        out[ids.R_SECONDARY_FIRED] = int(s.fired or s.spent)
        out[ids.R_SWITCH_OPERATIONS] = s.operations
        out[ids.R_LOADED_OPERATIONS] = s.loaded_operations
        out[ids.R_BOARD_STATE] = s.state
        self._balancing.publish(out, 1)
        out[ids.R_BALANCING] = c.balancer.count
        out[ids.R_BALANCE_MINUTES] = c.balancer.minutes if c.balancer.minutes >= 0 else ABSENT

    def _rules(self):
        out = self.readout
        p = self._c.protection
        if self._active.publish(out, ACTIVE):
            self._count_rules(p.state)
        out[ids.R_LOUDEST] = p.loudest
        forbids = p.forbids
        rule = p.forbidding(ids.FORBID_CHARGE) if forbids & ids.FORBID_CHARGE else -1
        out[ids.R_CHARGE_OFF_RULE] = rule if rule >= 0 else ABSENT
        rule = p.forbidding(ids.FORBID_DISCHARGE) if forbids & ids.FORBID_DISCHARGE else -1
        out[ids.R_DISCHARGE_OFF_RULE] = rule if rule >= 0 else ABSENT

    def _count_rules(self, state):
        warnings = protections = 0
        for r in range(schema.RULE_COUNT):
            if state[r] >= ACTIVE:
                if schema.RULE_FORBIDS[r]:
                    protections += 1
                else:
                    warnings += 1
        self.readout[ids.R_WARNINGS] = warnings
        self.readout[ids.R_PROTECTIONS] = protections

    def _board(self, now_ms):
        out = self.readout
        c = self._c
        live = c.settings.live
        out[ids.R_UPTIME_S] = c.uptime_s
        out[ids.R_SINCE_START_S] = c.uptime_s - c.start_uptime_s
        out[ids.R_TICK_LATE_WORST_MS] = c.tick_late_worst_ms
        out[ids.R_TICK_MS] = self.tick_ms
        out[ids.R_TICKS] = c.ticks
        out[ids.R_PEC_ERRORS] = c.readings.pec_errors
        out[ids.R_RESTART_CAUSE] = self.restart_cause
        out[ids.R_SELF_TEST] = c.conditions.self_test_failures
        out[ids.R_JOURNAL_FIRST] = c.journal.first
        out[ids.R_JOURNAL_NEXT] = c.journal.next
        out[ids.R_WINDOW_LEFT_S] = c.calibration.window_left_s(now_ms)
        lease = c.lease
        out[ids.R_LEASE_LEFT] = lease.left
        out[ids.R_LEASE_STATE] = lease.state
        out[ids.R_LEASE_CLOCK_S] = lease.clock_s
        out[ids.R_LEASE_DATE_S] = lease.clock_s + lease.base_s if lease.base_s else ABSENT
        check_s = lease.check_left_s
        out[ids.R_LEASE_CHECK_LEFT_S] = check_s if check_s >= 0 else ABSENT
        out[ids.R_CHARGE_OC_LIVE_MA] = live[ids.CHARGE_OC_MA]
        out[ids.R_DISCHARGE_OC_LIVE_MA] = live[ids.DISCHARGE_OC_MA]
        out[ids.R_DISCHARGE_PEAK_LIVE_MA] = live[ids.DISCHARGE_PEAK_MA]
        out[ids.R_FREE_BYTES] = self.free_bytes
        out[ids.R_CHEMISTRY_NAME] = live[ids.CHEMISTRY]
        out[ids.R_CELLS_IN_SERIES] = live[ids.CELL_COUNT]
