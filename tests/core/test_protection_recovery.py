"""How each rule of the table clears: recovery, retries, latches, a person, a restart."""

from rule_bench import ALL, STEP_MS, Bench

from cellwarden import ids, protection_state
from cellwarden import schema_data as schema
from cellwarden.protection import ACTIVE, IDLE, LATCHED, PENDING


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
