"""Every rule of the table through the one engine: trips in time, and holds."""

from rule_bench import ALL, STEP_MS, Bench, commissioned

from cellwarden import ids
from cellwarden import schema_data as schema
from cellwarden.protection import ACTIVE, IDLE, PENDING


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
