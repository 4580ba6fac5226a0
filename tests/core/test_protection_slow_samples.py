"""A delay is real time: it may end between two samples that come slower than ticks do."""

from test_protection import STEP_MS, Bench

from cellwarden import ids
from cellwarden.protection import ACTIVE, IDLE, PENDING

RULE = ids.RULE_CHARGE_OT
QUANTITY = ids.Q_TEMP_MAX_DC
SAMPLE_MS = 1000


def wait(bench, ms):
    """Ticks without a fresh sample."""
    for _ in range(ms // STEP_MS):
        bench.now_ms += STEP_MS
        bench.p.judge(bench.now_ms, False)


def test_a_delay_ends_between_samples():
    bench = Bench()
    delay_ms = bench.live[ids.TEMP_DELAY_MS]
    bench.run(RULE, bench.broken(RULE), STEP_MS)
    for _ in range(delay_ms // SAMPLE_MS - 1):
        wait(bench, SAMPLE_MS - STEP_MS)
        bench.run(RULE, bench.broken(RULE), STEP_MS)
    wait(bench, SAMPLE_MS - STEP_MS)
    assert bench.p.state[RULE] == PENDING
    wait(bench, STEP_MS)
    assert bench.p.state[RULE] == ACTIVE


def test_a_good_sample_ends_the_wait():
    bench = Bench()
    bench.run(RULE, bench.broken(RULE), STEP_MS)
    wait(bench, SAMPLE_MS)
    bench.run(RULE, bench.harmless(RULE), STEP_MS)
    wait(bench, 2 * bench.live[ids.TEMP_DELAY_MS])
    assert bench.p.state[RULE] == IDLE


def test_time_alone_is_no_second_sample():
    bench = Bench()
    rule = ids.RULE_SUM_MISMATCH  # wants three samples
    bench.run(rule, bench.broken(rule), STEP_MS)
    wait(bench, 60_000)
    assert bench.p.state[rule] == PENDING


def test_a_value_that_is_lost_does_not_trip():
    bench = Bench()
    bench.run(RULE, bench.broken(RULE), STEP_MS)
    bench.q.valid[QUANTITY] = 0
    wait(bench, 60_000)
    assert bench.p.state[RULE] == PENDING
