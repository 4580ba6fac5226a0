"""What is told only when it is new is told at once, and whatever else stays the same."""

import boards.sim as board
from cellwarden import ids
from cellwarden import schema_data as schema
from cellwarden.access import Access
from cellwarden.conditions import Conditions
from cellwarden.controller import Controller
from cellwarden.quantities import Quantities
from cellwarden.readings import Readings
from cellwarden.readout import ABSENT
from cellwarden.settings import Settings
from cellwarden.switchgear import Switchgear

FACTS = {
    "settings_lost": ids.Q_SETTINGS_LOST,
    "uncommissioned": ids.Q_UNCOMMISSIONED,
    "uncalibrated": ids.Q_UNCALIBRATED,
    "self_test_failures": ids.Q_SELF_TEST_FAILURES,
    "lease_over": ids.Q_LEASE_OVER,
    "watchdog_restart": ids.Q_WATCHDOG_RESTART,
    "tick_late_ms": ids.Q_TICK_LATE_MS,
    "charger_silent": ids.Q_CHARGER_SILENT,
    "heater_fault": ids.Q_HEATER_FAULT,
    "factory_password": ids.Q_FACTORY_PASSWORD,
    "no_secondary": ids.Q_NO_SECONDARY,
    "storage_failed": ids.Q_STORAGE_FAILED,
    "state_lost": ids.Q_STATE_LOST,
}
PRECHARGE = {
    "precharge_no_capacitor": ids.Q_PRECHARGE_NO_CAPACITOR,
    "precharge_short": ids.Q_PRECHARGE_SHORT,
    "precharge_stuck": ids.Q_PRECHARGE_STUCK,
}


class Bench:
    """Quantities of a board at rest, updated tick by tick."""

    def __init__(self):
        self.live = Settings(board).live
        self.readings = Readings()
        self.readings.feedback_valid = True
        self.gear = Switchgear(board)
        self.conditions = Conditions()
        self.q = Quantities(0)
        self.now_ms = 0
        self.tick()

    def tick(self):
        self.now_ms += 100
        rules = bytes(schema.RULE_COUNT)
        self.q.update(self.readings, self.live, rules, self.gear, -1, self.conditions, self.now_ms)

    def told(self, quantity):
        assert self.q.valid[quantity]
        return self.q.value[quantity], self.q.count[quantity]


def test_every_fact_is_told_in_the_tick_in_which_it_changes_and_counts_as_a_sample_once():
    bench = Bench()
    parts = [(bench.conditions, FACTS), (bench.gear, PRECHARGE)]
    for part, names in parts:
        for name in names:
            before, count = bench.told(names[name])
            setattr(part, name, 1 - before)
            bench.tick()
            value, fresh = bench.told(names[name])
            assert value == 1 - before and fresh != count, name
            bench.tick()
            assert bench.told(names[name]) == (value, fresh), name


def test_feedback_that_disagrees_or_is_lost_is_told_at_once():
    bench = Bench()
    r = bench.readings
    bench.tick()
    for field, quantity in (
        ("charge_feedback", ids.Q_CHARGE_FEEDBACK_ON),
        ("discharge_feedback", ids.Q_DISCHARGE_FEEDBACK_ON),
    ):
        setattr(r, field, 1)
        bench.tick()
        assert bench.told(quantity)[0] == 1
        setattr(r, field, 0)
        bench.tick()
        assert bench.told(quantity)[0] == 0
    r.feedback_valid = False
    bench.tick()
    assert not bench.q.valid[ids.Q_CHARGE_FEEDBACK_ON]
    r.feedback_valid = True
    bench.tick()
    assert bench.told(ids.Q_CHARGE_FEEDBACK_ON)[0] == 0


def test_a_current_that_is_lost_and_comes_back_takes_its_quantities_along():
    bench = Bench()
    current = bench.readings.current_ma
    for _ in range(2):
        assert not bench.q.valid[ids.Q_CHARGE_MA]
        current.put(1000, bench.now_ms)
        bench.tick()
        assert bench.told(ids.Q_CHARGE_MA)[0] == 1000 and bench.q.valid[ids.Q_UV_DISCHARGE_MA]
        current.miss()
        bench.tick()


def test_readings_are_of_the_newest_tick_whenever_somebody_asks():
    c = Controller(board, Settings(board), Access(bytes), 0)
    assert c.readout[ids.R_PACK_10MV] == ABSENT
    for mv in (88_000, 89_000):
        c.readings.pack_mv.put(mv, 100)
        c.tick(100)
        assert c.readout[ids.R_PACK_10MV] == mv // 10
        assert c.readout[ids.R_TICKS] == c.ticks
