"""The estimator: exact counting, honest doubt, and voltage believed only where it tells."""

from estimator_bench import HOUR_MS, MINUTE_MS, Bench, rested_mv, wrong_bench

from cellwarden import estimator, ids
from cellwarden.estimator import SIGMA_UNKNOWN, STRETCH_MS
from heap_proof import prove_no_allocation

# --- the first belief ---------------------------------------------------------------------------


def test_before_any_voltage_nothing_is_known():
    bench = Bench()
    bench.lost = ("cells",)
    bench.run(1000)
    assert not bench.charge.known
    assert bench.charge.sigma_ppm == 1_000_000
    bench.lost = ()
    bench.run(100)
    assert bench.charge.known


def test_the_first_guess_comes_from_voltage_and_says_how_bad_it_is():
    bench = Bench()
    bench.rest_at(600)
    bench.run(200)
    assert abs(bench.charge.soc_permille - 600) <= 5
    assert bench.charge.soc_sigma_permille >= SIGMA_UNKNOWN - 5


# --- counting -----------------------------------------------------------------------------------


def test_charge_is_counted_to_the_last_milliampere_hour():
    bench = Bench(soc=500)
    bench.current_ma = -50_000
    bench.run(HOUR_MS // 10, 1000)
    assert bench.charge.discharged_mah == 5_000
    bench.current_ma = 20_000
    bench.run(HOUR_MS // 10, 1000)
    assert bench.charge.charged_mah == 2_000


def test_what_is_counted_is_believed_while_the_voltage_agrees():
    bench = Bench(soc=500)
    bench.current_ma = 20_000
    for tenth in range(1, 11):
        bench.rest_at(500 + 20 * tenth)
        bench.charge.polarisation.scale = 51  # cells almost without resistance
        bench.run(HOUR_MS // 10, 1000)
    assert abs(bench.charge.soc_permille - 700) <= 30


def test_a_gap_in_the_samples_is_doubt_not_charge():
    bench = Bench(soc=500)
    bench.charge.begin(500, 20)
    bench.charge.add_current(10_000, MINUTE_MS)
    bench.run(100)
    assert bench.charge.charged_mah <= 10_000 * 10_000 // HOUR_MS + 1
    assert bench.charge.soc_sigma_permille >= 22


def test_doubt_grows_with_time_and_with_charge_moved():
    sigma = []
    for current_ma in (0, 40_000):
        bench = Bench(soc=500)
        bench.lost = ("cells",)  # nothing but the count
        bench.charge.begin(500, 10)
        idle = 10_000
        for hour in range(12):
            bench.current_ma = current_ma = -current_ma
            bench.run(HOUR_MS, 10_000)
            assert bench.charge.sigma_ppm >= (sigma[hour] if len(sigma) == 12 else idle)
            idle = bench.charge.sigma_ppm
            if current_ma == 0:
                sigma.append(idle)
    # 700 ppm an hour for the current's zero.
    assert 12_000 < sigma[-1] < 14_500
    assert bench.charge.sigma_ppm > sigma[-1]


def test_charge_never_leaves_its_range():
    bench = Bench(soc=20)
    bench.current_ma = -50_000
    bench.lost = ("cells",)
    bench.run(HOUR_MS // 4, 5000)
    assert bench.charge.soc_permille == 0 and bench.charge.remaining_mah == 0
    bench.current_ma = 90_000
    bench.run(2 * HOUR_MS, 5000)
    assert bench.charge.soc_permille == 1000
    assert bench.charge.remaining_mah == bench.charge.full_mah


def test_the_largest_and_smallest_packs_with_the_largest_currents():
    for capacity_mah in (1000, 2_000_000):
        bench = Bench(soc=500, capacity_mah=capacity_mah)
        for current_ma in (2_000_000, -2_000_000, 1, -1):
            bench.current_ma = current_ma
            bench.run(5 * MINUTE_MS, 1000)
            assert 0 <= bench.charge.soc_permille <= 1000
            assert bench.charge.full_mah > 0


def test_cycles_are_charge_taken_out_over_capacity():
    bench = Bench(soc=500)
    for _ in range(250):
        bench.charge.add_current(-360_000, 10_000)
    bench.run(100)
    assert bench.charge.discharged_mah == 250_000
    assert bench.charge.cycles_tenths == 25


# --- correction by voltage ----------------------------------------------------------------------


def test_a_rested_pack_is_corrected_where_the_curve_tells_something():
    bench = wrong_bench(ids.CHEMISTRY_NMC, 800, 500)
    bench.run(2 * HOUR_MS, 5000)
    assert abs(bench.charge.soc_permille - 800) <= 20
    assert bench.charge.soc_sigma_permille < 30


def test_a_strangers_curve_is_believed_less_than_the_cells_own():
    bench = wrong_bench(ids.CHEMISTRY_NMC, 800, 500, own=False)
    bench.run(2 * HOUR_MS, 5000)
    wrong = abs(bench.charge.soc_permille - 800)
    assert 5 < wrong < 2 * bench.charge.soc_sigma_permille
    own = wrong_bench(ids.CHEMISTRY_NMC, 800, 500)
    own.run(2 * HOUR_MS, 5000)
    assert own.charge.sigma_ppm * 2 < bench.charge.sigma_ppm


def test_a_flat_stretch_corrects_nothing():
    bench = wrong_bench(ids.CHEMISTRY_LFP, 540, 480, 40, own=False)
    bench.run(2 * HOUR_MS, 5000)
    assert abs(bench.charge.soc_permille - 480) <= 10
    assert bench.charge.soc_sigma_permille >= 35


def test_the_knee_of_a_flat_curve_does_correct():
    bench = wrong_bench(ids.CHEMISTRY_LFP, 40, 300)
    bench.run(2 * HOUR_MS, 5000)
    assert abs(bench.charge.soc_permille - 40) < 20
    assert bench.charge.soc_sigma_permille < 30


def test_no_rest_however_long_makes_certain():
    """Looks at one voltage all err alike: more of them are not more knowledge."""
    bench = wrong_bench(ids.CHEMISTRY_NMC, 800, 500)
    bench.run(4 * HOUR_MS, 5000)
    after = bench.charge.sigma_ppm
    bench.run(20 * HOUR_MS, 10_000)
    assert bench.charge.sigma_ppm > after * 7 // 10
    assert bench.charge.sigma_ppm > 5_000


def test_cells_that_may_not_have_rested_are_doubted_as_the_settings_say():
    sigma = []
    for minutes in (5, 240):
        bench = wrong_bench(ids.CHEMISTRY_NMC, 800, 500)
        bench.live[ids.REST_MINUTES] = minutes
        bench.run(HOUR_MS // 3, 5000)
        sigma.append(bench.charge.sigma_ppm)
    assert sigma[0] < sigma[1]


def test_cold_cells_at_work_are_believed_less():
    sigma = []
    for temp_dc in (250, -100):
        bench = wrong_bench(ids.CHEMISTRY_NMC, 800, 500)
        bench.temp_dc = [temp_dc] * 6
        bench.current_ma = -20_000
        bench.run(HOUR_MS // 6, 5000)
        sigma.append(bench.charge.sigma_ppm)
    assert sigma[0] < sigma[1]


def test_voltage_under_load_is_not_taken_for_rested():
    """A resistance of 1 mOhm and 50 A: what would be 10 % by the curve alone."""
    bench = Bench(soc=500)
    bench.charge.begin(500, 30)
    bench.current_ma = -50_000
    bench.cell_mv = [rested_mv(ids.CHEMISTRY_NMC, 490) - 50] * 8
    bench.run(MINUTE_MS + STRETCH_MS, 1000)
    bench.run(MINUTE_MS, 1000)
    assert abs(bench.charge.soc_permille - 490) <= 30
    assert bench.charge.polarisation_dmv < -200
    assert not bench.charge.settled


def test_without_voltages_nothing_is_corrected():
    bench = wrong_bench(ids.CHEMISTRY_NMC, 800, 500)
    bench.lost = ("cells",)
    bench.run(2 * HOUR_MS, 5000)
    assert abs(bench.charge.soc_permille - 500) <= 3
    assert bench.charge.soc_sigma_permille >= 200


def test_without_a_current_no_voltage_is_believed_either():
    """Nobody knows what the current does to it."""
    bench = wrong_bench(ids.CHEMISTRY_NMC, 800, 500)
    bench.lost = ("current",)
    bench.run(2 * HOUR_MS, 5000)
    assert abs(bench.charge.soc_permille - 500) <= 3


# --- cost ---------------------------------------------------------------------------------------


def test_counting_and_updating_allocate_nothing():
    bench = Bench(soc=500)
    ticks = bytearray(1)

    def step():
        """A second of large currents: every part of the work comes by in 100 of them."""
        ticks[0] = (ticks[0] + 1) % 60
        bench.readings.current_ma.value = 2_000_000 if ticks[0] < 30 else -2_000_000
        bench.charge.add_current(bench.readings.current_ma.value, 1000)
        bench.now_ms += 1000
        bench.update()

    prove_no_allocation(step, repeats=300)
    assert bench.charge.polarisation.squares


def test_nothing_of_the_estimator_is_more_than_one_part_of_the_work():
    """A tick that closes a stretch leaves its parts to the ticks after it, one each."""
    bench = Bench(soc=500)
    seen = []
    for _ in range(STRETCH_MS // 100 + 10):
        bench.run(100)
        seen.append(bench.charge._part)
    at = seen.index(estimator._DROP)
    parts = (estimator._DROP, estimator._LEARN, estimator._LOOK, estimator._WEIGH, estimator._WAIT)
    assert tuple(seen[at : at + 5]) == parts
