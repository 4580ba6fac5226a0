"""Every rule of the table through the one engine: trips, holds, recovers, retries, latches."""

from array import array

import boards.sim as board
from cellwarden import ids, protection_state
from cellwarden import schema_data as schema
from cellwarden.protection import ACTIVE, IDLE, LATCHED, PENDING, Protection
from cellwarden.settings import Settings

STEP_MS = 100
ALL = range(schema.RULE_COUNT)
OVER, HYSTERESIS = 1, 8


class FakeQuantities:
    """Values that a test sets by hand; each ``put`` is one fresh sample."""

    def __init__(self):
        n = schema.QUANTITY_COUNT
        self.value = array("i", [0] * n)
        self.valid = bytearray(n)
        self.count = array("i", [0] * n)

    def put(self, q, value):
        self.value[q] = value
        self.valid[q] = 1
        self.count[q] += 1


def commissioned(chemistry=ids.CHEMISTRY_NMC):
    settings = Settings(board)
    settings.begin(1)
    settings.preset(chemistry)
    settings.write(ids.CELL_COUNT, 24)
    settings.write(ids.CAPACITY_MAH, 100_000)
    settings.write(ids.CONFIRMED, 1)
    assert settings.commit(True) == ids.COMMIT_RESULT_IS_OK
    return settings


class Bench:
    """One protection engine with a clock that the test owns."""

    def __init__(self, start_ms=0):
        self.live = commissioned().live
        # An hour of ticks for each test of deep discharge would take too long.
        self.live[schema.RULE_DELAY[ids.RULE_DEEP_DISCHARGE]] = 30_000
        self.q = FakeQuantities()
        self.p = Protection(self.q, self.live)
        self.now_ms = start_ms

    def run(self, rule, value, ms, until=None):
        """Feed ``value`` for ``ms``; stop early once the rule's state is ``until``."""
        for _ in range(ms // STEP_MS):
            self.now_ms = (self.now_ms + STEP_MS) & 0x3FFFFFFF
            self.q.put(schema.RULE_QUANTITY[rule], value)
            self.p.judge(self.now_ms, False)
            self.p.events = 0
            if until is not None and self.p.state[rule] == until:
                return True
        return until is None

    def limit(self, rule):
        return self.live[schema.RULE_TRIP[rule]]

    def over(self, rule):
        return bool(schema.RULE_BITS[rule] & OVER)

    def broken(self, rule):
        """A value exactly at the limit: over means >=, under means <=."""
        return self.limit(rule)

    def harmless(self, rule):
        return self.limit(rule) - 1 if self.over(rule) else self.limit(rule) + 1

    def recovered(self, rule):
        recover = self.live[schema.RULE_RECOVER[rule]]
        if schema.RULE_BITS[rule] & HYSTERESIS:
            return self.limit(rule) - recover if self.over(rule) else self.limit(rule) + recover
        return recover

    def trip(self, rule):
        delay_ms = self.live[schema.RULE_DELAY[rule]]
        self.run(rule, self.broken(rule), delay_ms + 1000)
        assert self.p.state[rule] >= ACTIVE, rule

    def delay_ms(self, rule):
        return self.live[schema.RULE_DELAY[rule]]


def test_every_rule_trips_at_its_limit_after_its_delay_and_not_before():
    for rule in ALL:
        bench = Bench()
        delay_ms = bench.delay_ms(rule)
        bench.run(rule, bench.harmless(rule), 2000)
        assert bench.p.state[rule] == IDLE, rule
        early = delay_ms // STEP_MS * STEP_MS
        if early > STEP_MS:
            bench.run(rule, bench.broken(rule), early)
            assert bench.p.state[rule] == PENDING, rule
        bench.run(rule, bench.broken(rule), delay_ms + STEP_MS * 4 - early)
        assert bench.p.state[rule] >= ACTIVE, rule
        forbids = schema.RULE_FORBIDS[rule]
        assert bench.p.forbids & forbids == forbids, rule
        assert bench.p.loudest >= schema.RULE_LOUD[rule], rule


def test_every_delay_is_right_across_the_wrap_of_the_clock():
    for rule in ALL:
        delay_ms = bench_delay = Bench().delay_ms(rule)
        bench = Bench(start_ms=(0x40000000 - bench_delay // 2) & 0x3FFFFFFF)
        if delay_ms >= 2 * STEP_MS:
            bench.run(rule, bench.broken(rule), delay_ms // STEP_MS * STEP_MS)
            assert bench.p.state[rule] == PENDING, rule
        bench.trip(rule)


def test_a_value_that_recovers_within_the_delay_trips_nothing():
    for rule in ALL:
        bench = Bench()
        if bench.delay_ms(rule) < 3 * STEP_MS:
            continue
        for _ in range(5):
            bench.run(rule, bench.broken(rule), bench.delay_ms(rule) - STEP_MS)
            bench.run(rule, bench.harmless(rule), STEP_MS)
        assert bench.p.state[rule] == IDLE, rule


def test_deep_discharge_takes_an_hour():
    live = commissioned().live
    assert live[schema.RULE_DELAY[ids.RULE_DEEP_DISCHARGE]] == 3_600_000


def test_the_same_sample_seen_twice_counts_once():
    bench = Bench()
    rule = ids.RULE_CELL_OV2
    bench.q.put(ids.Q_CELL_MAX_MV, 5000)
    for _ in range(50):
        bench.now_ms += STEP_MS
        bench.p.judge(bench.now_ms, False)
    assert bench.p.state[rule] == PENDING


def test_a_value_nobody_knows_neither_trips_nor_clears():
    for rule in ALL:
        bench = Bench()
        q = schema.RULE_QUANTITY[rule]
        bench.q.put(q, bench.broken(rule))
        bench.q.valid[q] = 0
        for _ in range(40):
            bench.now_ms += STEP_MS
            bench.q.count[q] += 1
            bench.p.judge(bench.now_ms, False)
        assert bench.p.state[rule] == IDLE, rule
        bench.trip(rule)
        bench.q.value[q] = bench.recovered(rule)
        bench.q.valid[q] = 0
        for _ in range(400):
            bench.now_ms += STEP_MS
            bench.q.count[q] += 1
            bench.p.judge(bench.now_ms, False)
        assert bench.p.state[rule] >= ACTIVE, rule


def test_no_rule_clears_between_its_limit_and_its_recovery():
    for rule in ALL:
        bench = Bench()
        bench.p.context.charging = bench.p.context.discharging = False
        bench.p.context.load_removed = bench.p.context.charger_removed = True
        bench.trip(rule)
        past = bench.recovered(rule) + 1 if bench.over(rule) else bench.recovered(rule) - 1
        if bench.over(rule) and past >= bench.limit(rule):
            continue
        if not bench.over(rule) and past <= bench.limit(rule):
            continue
        bench.run(rule, past, 30_000)
        assert bench.p.state[rule] >= ACTIVE, rule


def test_rules_that_wait_for_nothing_clear_after_their_recovery_delay():
    for rule in ALL:
        if schema.RULE_WAIT[rule] != ids.WAIT_NONE:
            continue
        bench = Bench()
        bench.trip(rule)
        wait_ms = bench.live[schema.RULE_RECOVER_DELAY[rule]]
        if wait_ms > STEP_MS:
            bench.run(rule, bench.recovered(rule), wait_ms - STEP_MS)
            assert bench.p.state[rule] >= ACTIVE, rule
        bench.run(rule, bench.recovered(rule), 3 * STEP_MS)
        assert bench.p.state[rule] == IDLE, rule


def test_what_a_rule_forbids_is_allowed_again_once_it_has_cleared():
    bench = Bench()
    bench.trip(ids.RULE_OPEN_WIRE)
    assert bench.p.forbids == schema.RULE_FORBIDS[ids.RULE_OPEN_WIRE]
    bench.run(ids.RULE_OPEN_WIRE, 0, 200)
    assert bench.p.forbids == 0 and bench.p.loudest == 0


def test_rules_that_wait_for_a_person_stay_until_one_releases_them():
    for rule in ALL:
        if schema.RULE_WAIT[rule] != ids.WAIT_PERSON:
            continue
        bench = Bench()
        c = bench.p.context
        c.charging = c.discharging = c.load_removed = c.charger_removed = True
        bench.trip(rule)
        assert bench.p.state[rule] == LATCHED, rule
        bench.run(rule, bench.recovered(rule), 60_000)
        assert bench.p.state[rule] == LATCHED, rule
        bench.p.clear_latches(bench.now_ms)
        bench.run(rule, bench.recovered(rule), 2 * STEP_MS)
        assert bench.p.state[rule] == IDLE, rule


def test_an_empty_cell_that_a_person_takes_on_may_be_charged_until_it_has_recovered_once():
    for rule in (ids.RULE_DEEP_DISCHARGE, ids.RULE_CELL_UV2):
        bench = Bench()
        bench.trip(rule)
        bench.p.clear_latches(bench.now_ms)
        bench.run(rule, bench.broken(rule), 60_000)
        assert bench.p.state[rule] == LATCHED
        bench.p.take_on(rule, bench.now_ms)
        bench.run(rule, bench.broken(rule), 60_000)
        assert bench.p.state[rule] == IDLE
        bench.run(rule, bench.recovered(rule) + 100, 1000)
        bench.trip(rule)


def test_only_rules_that_wait_for_confirmation_can_be_taken_on():
    bench = Bench()
    rule = ids.RULE_CELL_OV2
    bench.trip(rule)
    bench.p.take_on(rule, bench.now_ms)
    bench.run(rule, bench.broken(rule), 1000)
    assert bench.p.state[rule] == LATCHED


def test_the_hour_of_a_deeply_discharged_cell_forbids_nothing_before_it_is_over():
    bench = Bench()
    q = ids.Q_CELL_MIN_MV
    bench.live[schema.RULE_DELAY[ids.RULE_CELL_UV2]] = 1_000_000
    bench.live[schema.RULE_DELAY[ids.RULE_CELL_UV1]] = 1_000_000
    bench.q.put(q, 1000)
    bench.p.judge(100, False)
    assert bench.p.state[ids.RULE_DEEP_DISCHARGE] == PENDING
    assert not bench.p.pending & ids.FORBID_CHARGE


def test_an_hour_that_sleep_interrupts_goes_on_after_it():
    bench = Bench()
    rule = ids.RULE_DEEP_DISCHARGE
    bench.live[schema.RULE_DELAY[rule]] = 3_600_000
    saved = bytearray(256)
    bench.run(rule, bench.broken(rule), 130_000)  # the board was awake for a while
    cycles = 0
    while not bench.p.is_active(rule) and cycles < 61:
        cycles += 1
        bench.run(rule, bench.broken(rule), 10_000)
        n = protection_state.dump(bench.p, saved, 0, bench.now_ms)
        bench = Bench()
        bench.live[schema.RULE_DELAY[rule]] = 3_600_000
        protection_state.load(bench.p, saved, 0, n, bench.now_ms, 60_000)
    assert bench.p.is_active(rule) and cycles >= 57


def test_a_rule_recovers_after_a_week_of_waiting_too():
    bench = Bench()
    rule = ids.RULE_CELL_OV1
    bench.trip(rule)
    for _ in range(200):  # hours
        bench.now_ms = (bench.now_ms + 3_600_000) & 0x3FFFFFFF
        bench.run(rule, bench.recovered(rule), 100)
        assert bench.p.is_active(rule)
    bench.p.context.charger_removed = True
    bench.run(rule, bench.recovered(rule), 200)
    assert not bench.p.is_active(rule)


def test_a_rule_whose_sensor_is_not_fitted_any_more_is_forgotten():
    bench = Bench()
    bench.trip(ids.RULE_POWER_OT)
    bench.p.forget(ids.RULE_POWER_OT)
    assert bench.p.forbids == 0


def test_a_person_cannot_release_what_has_not_recovered():
    for rule in ALL:
        if schema.RULE_WAIT[rule] != ids.WAIT_PERSON:
            continue
        bench = Bench()
        bench.trip(rule)
        bench.p.clear_latches(bench.now_ms)
        bench.run(rule, bench.broken(rule), 10_000)
        # The release is not kept for later: recovering now changes nothing.
        bench.run(rule, bench.recovered(rule), 10_000)
        assert bench.p.state[rule] == LATCHED, rule


def test_over_voltage_waits_for_discharge_or_for_the_charger_to_go():
    for flag in ("discharging", "charger_removed"):
        bench = Bench()
        rule = ids.RULE_CELL_OV1
        bench.trip(rule)
        bench.run(rule, bench.recovered(rule), 60_000)
        assert bench.p.is_active(rule)
        setattr(bench.p.context, flag, True)
        bench.run(rule, bench.recovered(rule), 200)
        assert not bench.p.is_active(rule)


def test_under_voltage_takes_three_load_removals_then_only_a_charger():
    bench = Bench()
    rule = ids.RULE_CELL_UV1
    for attempt in range(3):
        bench.trip(rule)
        bench.p.context.load_removed = True
        assert bench.run(rule, bench.recovered(rule), 10_000, until=IDLE), attempt
        bench.p.context.load_removed = False
    bench.trip(rule)
    assert bench.p.state[rule] == LATCHED
    bench.p.context.load_removed = True
    bench.run(rule, bench.recovered(rule), 600_000)
    assert bench.p.is_active(rule)
    bench.p.context.charging = True
    bench.run(rule, bench.limit(rule) + 50, 5_000)
    assert not bench.p.is_active(rule)
    assert bench.p.retries[rule] == 0


def test_a_charger_does_not_clear_under_voltage_while_the_cell_is_still_below():
    bench = Bench()
    rule = ids.RULE_CELL_UV1
    bench.trip(rule)
    bench.p.context.charging = True
    bench.run(rule, bench.limit(rule), 60_000)
    assert bench.p.is_active(rule)


def test_over_current_is_retried_three_times_and_then_latches_until_the_load_is_gone():
    for rule in (ids.RULE_DISCHARGE_OC, ids.RULE_CHARGE_OC, ids.RULE_FAST_OVERCURRENT):
        bench = Bench()
        for attempt in range(3):
            bench.trip(rule)
            assert bench.p.state[rule] == ACTIVE
            bench.run(rule, 0, 29_000)
            assert bench.p.is_active(rule), attempt
            bench.run(rule, 0, 2_000)
            assert not bench.p.is_active(rule), attempt
        bench.trip(rule)
        assert bench.p.state[rule] == LATCHED
        bench.run(rule, 0, 600_000)
        assert bench.p.state[rule] == LATCHED
        bench.p.context.load_removed = bench.p.context.charger_removed = True
        bench.run(rule, 0, 1_000)
        assert not bench.p.is_active(rule)


def test_used_retries_are_forgiven_after_ten_good_minutes():
    bench = Bench()
    rule = ids.RULE_DISCHARGE_OC
    bench.trip(rule)
    bench.run(rule, 0, 32_000)
    assert bench.p.retries[rule] == 1
    bench.run(rule, 0, 601_000)
    assert bench.p.retries[rule] == 0


def test_latches_and_retries_survive_a_restart_and_passing_warnings_do_not():
    bench = Bench()
    bench.run(ids.RULE_CELL_OV2, 4500, 6000)
    bench.trip(ids.RULE_SOC_LOW)
    bench.p.retries[ids.RULE_DISCHARGE_OC] = 2
    saved = bytearray(256)
    n = protection_state.dump(bench.p, saved, 4, bench.now_ms)
    after = Bench()
    protection_state.load(after.p, saved, 4, n, after.now_ms, 0)
    assert after.p.state[ids.RULE_CELL_OV2] == LATCHED
    assert after.p.state[ids.RULE_CELL_OV1] == ACTIVE
    assert after.p.state[ids.RULE_SOC_LOW] == IDLE
    assert after.p.retries[ids.RULE_DISCHARGE_OC] == 2
    assert after.p.forbids & ids.FORBID_SECONDARY


def test_fast_judging_looks_only_at_rules_that_follow_the_current():
    bench = Bench()
    bench.q.put(ids.Q_SHORT_LATCHED, 1)
    bench.q.put(ids.Q_SETTINGS_LOST, 1)
    bench.p.judge(STEP_MS, True)
    assert bench.p.is_active(ids.RULE_SHORT_CIRCUIT)
    assert not bench.p.is_active(ids.RULE_SETTINGS_LOST)


def test_each_change_of_a_rule_is_an_event_for_the_journal():
    bench = Bench()
    rule = ids.RULE_CELLS_LOST
    bench.q.put(ids.Q_CELLS_AGE_MS, 5000)
    bench.p.judge(STEP_MS, False)
    assert bench.p.events == 2  # the stale warning and the loss
    assert bench.p.event_rule[1] == rule and bench.p.event_kind[1] == 1


def test_judging_allocates_nothing():
    try:
        import micropython
    except ImportError:
        return
    if not hasattr(micropython, "heap_lock"):
        return
    bench = Bench()
    for q in range(schema.QUANTITY_COUNT):
        bench.q.put(q, 0)
    bench.p.judge(100, False)
    bench.p.events = 0
    now_ms = 0
    micropython.heap_lock()
    try:
        for value in (5000, 0, -5000, 700, 0):
            for _ in range(30):
                now_ms += 100
                for q in range(schema.QUANTITY_COUNT):
                    bench.q.put(q, value)
                bench.p.judge(now_ms, True)
                bench.p.judge(now_ms, False)
                bench.p.events = 0
    finally:
        micropython.heap_unlock()
