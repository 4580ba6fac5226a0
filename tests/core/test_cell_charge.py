"""Charge of each cell against the others: looked at where the curve tells, kept where not."""

from health_bench import CAPACITY, HOUR_MS, Bench

from cellwarden import ids
from cellwarden.readout import ABSENT_16
from heap_proof import prove_no_allocation

MINUTE_MS = 60_000
STEP_MS = 2000
SPREAD = (3000, 0, 0, -12_000, 0, 5000, -3000, 0)  # ppm around the mean, its extremes left out


def shown(bench, cell):
    value = bench.health.register(2, cell)
    if value == ABSENT_16:
        return None
    return value - 0x10000 if value & 0x8000 else value


def resting(ppm, chemistry=ids.CHEMISTRY_NMC, spread=SPREAD):
    bench = Bench(chemistry)
    bench.charge_ppm = [ppm + part for part in spread]
    bench.charge.known = True
    bench.charge.soc_permille = ppm // 1000
    return bench


def rest(bench, ms=30 * MINUTE_MS):
    bench.current_ma = 0
    bench.run(ms, STEP_MS)


def test_nothing_is_known_before_a_quarter_of_an_hour_of_calm():
    bench = resting(400_000)
    rest(bench, 14 * MINUTE_MS)
    assert shown(bench, 0) is None
    rest(bench, 8 * MINUTE_MS)
    assert shown(bench, 0) is not None
    assert shown(bench, 8) is None  # no such cell


def test_each_cell_is_told_against_the_mean():
    bench = resting(400_000)
    rest(bench)
    for i in range(8):
        assert abs(shown(bench, i) - SPREAD[i] // 100) <= 15, (i, shown(bench, i))
    assert 0 < bench.health.charge.sigma < 100


def test_a_front_end_of_5_mv_steps_is_enough():
    bench = resting(400_000)
    bench.step_mv = 5
    rest(bench)
    for i in range(8):
        assert abs(shown(bench, i) - SPREAD[i] // 100) <= 30, (i, shown(bench, i))


def test_a_current_that_is_not_small_is_no_rest():
    bench = resting(600_000)
    bench.current_ma = -CAPACITY // 30
    bench.run(40 * MINUTE_MS, STEP_MS)
    assert shown(bench, 0) is None


def test_the_plateau_tells_nothing():
    for ppm in (300_000, 500_000, 700_000, 900_000):
        bench = resting(ppm, ids.CHEMISTRY_LFP)
        rest(bench)
        assert shown(bench, 0) is None, ppm


def test_where_the_plateau_ends_it_tells_at_least_how_far_a_cell_is_behind():
    spread = (0, 0, 0, -40_000, 0, 0, 1000, 0)
    bench = resting(994_000, ids.CHEMISTRY_LFP, spread)
    rest(bench)
    assert -400 <= shown(bench, 3) <= -30
    for i in (0, 1, 2, 4):
        assert abs(shown(bench, i)) <= 20, (i, shown(bench, i))


def test_the_ends_of_a_curve_tell_nothing():
    for ppm in (-30_000, 1_050_000):
        bench = resting(ppm)
        rest(bench)
        assert shown(bench, 0) is None, ppm


def test_between_looks_it_is_kept_and_the_doubt_grows():
    bench = resting(400_000)
    rest(bench)
    before, sigma = shown(bench, 3), bench.health.charge.sigma
    bench.current_ma = -CAPACITY // 10
    bench.run(HOUR_MS, STEP_MS)
    bench.charge.soc_permille = 300
    bench.run(24 * HOUR_MS, 20_000)
    assert bench.health.charge.sigma > sigma + 20
    assert shown(bench, 3) == before
    bench.run(480 * HOUR_MS, 60_000)
    bench.charge.soc_permille = 1000
    bench.run(480 * HOUR_MS, 60_000)
    assert shown(bench, 3) is None


def test_what_balancing_takes_is_taken_off():
    bench = resting(400_000)
    rest(bench)
    before, other = shown(bench, 5), shown(bench, 4)
    bench.current_ma = CAPACITY // 10  # no look in between
    # 4 V over 100 ohm for most of the time: 29 mA, 1.4 Ah in 50 hours.
    for _ in range(50):
        bench.charge_ppm = [500_000] * 8
        bench.commands.balance[5] = 1
        bench.run(HOUR_MS, 20_000)
    assert before - 160 <= shown(bench, 5) <= before - 100
    assert shown(bench, 4) == other


def test_other_cells_are_not_believed_to_be_the_old_ones():
    bench = resting(400_000)
    rest(bench)
    bench.live[ids.CHEMISTRY] = ids.CHEMISTRY_LTO
    bench.settings.revision += 1
    bench.tick()
    assert shown(bench, 0) is None


def test_a_lost_set_of_cells_spoils_the_look_and_no_more():
    bench = resting(400_000)
    rest(bench, 15 * MINUTE_MS + 10_000)
    bench.lost = ("cells",)
    bench.run(5000, 1000)
    bench.lost = ()
    rest(bench, 14 * MINUTE_MS)
    assert shown(bench, 0) is None
    rest(bench, 8 * MINUTE_MS)
    assert shown(bench, 0) is not None


def test_nothing_is_allocated_in_any_stage():
    bench = resting(400_000)
    rest(bench, 14 * MINUTE_MS)
    part = bench.health.charge
    balance = bench.commands.balance
    balance[2] = 1
    curve = bench.charge.curve

    def step():
        bench.now_ms = (bench.now_ms + 5000) & 0x3FFFFFFF
        bench.sample()
        part.update(bench.readings, bench.live, balance, curve, 400, 360_000, bench.now_ms)

    prove_no_allocation(step, 600)
    assert part.known
