"""The estimator: exact counting, honest doubt, anchors, and a shown value that never jumps."""

from pack_bench import Pack

from cellwarden import ids, ocv_curves
from cellwarden.estimator import (
    FULL_HOLD_MS,
    SIGMA_FULL,
    SIGMA_SET,
    SIGMA_UNKNOWN,
    SLEW_MS,
    STATE_SIZE,
    Estimator,
    of_permille,
    permille_of,
    root,
)
from heap_proof import prove_no_allocation

HOUR_MS = 3_600_000
CAPACITY = 100_000


class Bench(Pack):
    """``run(ms, step_ms)``: current flows, samples come, the estimator is updated."""

    def __init__(self, chemistry=ids.CHEMISTRY_NMC, soc=None):
        Pack.__init__(self, chemistry, 8)
        self.charge = Estimator()
        if soc is not None:
            self.cell_mv = [ocv_curves.mv_at(chemistry, soc)] * 8
            self.run(100)
            self.charge.set_soc(soc)

    def run(self, ms, step_ms=100):
        for _ in range(ms // step_ms):
            self.pass_time(step_ms)
            if "current" not in self.lost:
                self.charge.add_current(self.current_ma, step_ms)
            self.update()
        return self.charge

    def update(self):
        self.charge.update(self.readings, self.quantities, self.settings, self.now_ms)


def test_before_any_voltage_nothing_is_known():
    bench = Bench()
    bench.lost = ("cells",)
    bench.run(1000)
    assert not bench.charge.known
    bench.lost = ()
    bench.run(100)
    assert bench.charge.known


def test_the_first_guess_comes_from_voltage_and_says_how_bad_it_is():
    bench = Bench()
    bench.cell_mv = [ocv_curves.mv_at(ids.CHEMISTRY_NMC, 600)] * 8
    bench.run(200)
    assert abs(bench.charge.soc_permille - 600) <= 5
    assert bench.charge.soc_sigma_permille >= SIGMA_UNKNOWN - 5


def test_charge_is_counted_to_the_last_milliampere_hour():
    bench = Bench(soc=500)
    bench.current_ma = -50_000
    bench.run(HOUR_MS, 5000)
    assert bench.charge.discharged_mah == 50_000
    assert abs(bench.charge.soc_permille - 0) <= 2
    bench = Bench(soc=500)
    bench.current_ma = 20_000
    bench.run(HOUR_MS, 5000)
    assert bench.charge.charged_mah == 20_000
    assert abs(bench.charge.soc_permille - 700) <= 2


def test_odd_currents_and_times_lose_nothing():
    e = Estimator()
    total = 0
    seed = 7
    for _ in range(2000):
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFF
        current_ma = seed % 600_001
        gone_ms = seed % 97 + 1
        e.add_current(current_ma, gone_ms)
        total += current_ma * gone_ms
    assert e.charged_mah == total // HOUR_MS
    assert e.discharged_mah == 0


def test_the_largest_currents_stay_within_small_integers():
    e = Estimator()
    for sign in (1, -1):
        for _ in range(20):
            e.add_current(sign * 2_000_000, 1000)
    assert e.charged_mah == e.discharged_mah == 40_000_000_000 // HOUR_MS


def test_a_gap_in_the_samples_is_doubt_not_charge():
    bench = Bench(soc=500)
    before = bench.charge.soc_sigma_permille
    bench.charge.add_current(10_000, 60_000)
    bench.run(100)
    assert bench.charge.charged_mah <= 10_000 * 10_000 // HOUR_MS + 1
    assert bench.charge.soc_sigma_permille > before


def test_doubt_grows_with_charge_moved_and_with_time():
    bench = Bench(soc=500)
    bench.temp_dc = [-50] * 6  # too cold for a correction by voltage
    bench.run(10 * HOUR_MS, 5000)
    rested = bench.charge.soc_sigma_permille
    assert SIGMA_SET < rested < SIGMA_SET + 30
    busy = Bench(soc=500)
    for sign in (1, -1) * 5:
        busy.current_ma = sign * 40_000
        busy.run(HOUR_MS, 5000)
    assert busy.charge.soc_sigma_permille > rested + 10


def test_a_rested_pack_is_corrected_where_the_curve_tells_something():
    bench = Bench(soc=800)
    bench.charge.set_soc(500)
    bench.charge._sigma_mah = CAPACITY // 5
    minutes = bench.live[ids.REST_MINUTES]
    bench.run((minutes - 1) * 60_000, 5000)
    assert abs(bench.charge.soc_permille - 500) <= 3
    bench.run(30 * 60_000, 5000)
    assert abs(bench.charge.soc_permille - 800) <= 30
    assert bench.charge.soc_sigma_permille < 50


def test_a_flat_stretch_corrects_nothing():
    bench = Bench(ids.CHEMISTRY_LFP, soc=600)
    bench.charge.set_soc(500)
    bench.charge._sigma_mah = CAPACITY // 5
    bench.run(100 * 60_000, 5000)
    assert abs(bench.charge.soc_permille - 500) <= 3


def test_the_knee_of_a_flat_curve_does_correct():
    bench = Bench(ids.CHEMISTRY_LFP, soc=40)
    bench.charge.set_soc(300)
    bench.charge._sigma_mah = CAPACITY // 5
    bench.run(100 * 60_000, 5000)
    assert bench.charge.soc_permille < 100


def test_current_starts_the_rest_anew_and_cold_cells_do_not_correct():
    bench = Bench(soc=800)
    bench.charge.set_soc(500)
    bench.charge._sigma_mah = CAPACITY // 5
    for _ in range(5):
        bench.current_ma = -5000
        bench.run(5000, 5000)
        bench.current_ma = 0
        bench.run(50 * 60_000, 5000)
    assert abs(bench.charge.soc_permille - 500) <= 5
    bench = Bench(soc=800)
    bench.charge.set_soc(500)
    bench.charge._sigma_mah = CAPACITY // 5
    bench.temp_dc = [-50] * 6
    bench.run(100 * 60_000, 5000)
    assert abs(bench.charge.soc_permille - 500) <= 3


def test_one_rest_corrects_once():
    bench = Bench(soc=800)
    bench.charge.set_soc(500)
    bench.charge._sigma_mah = CAPACITY // 5
    bench.run(70 * 60_000, 5000)
    after = bench.charge.soc_sigma_permille
    bench.run(120 * 60_000, 5000)
    assert bench.charge.soc_sigma_permille >= after


def test_every_new_rest_corrects_again():
    bench = Bench(soc=800)
    bench.charge._sigma_mah = CAPACITY // 5
    bench.run(70 * 60_000, 5000)
    bench.current_ma = -5000
    bench.run(5000, 5000)
    bench.current_ma = 0
    bench.charge.set_soc(400)
    bench.charge._sigma_mah = CAPACITY // 5
    bench.run(100 * 60_000, 5000)
    assert abs(bench.charge.soc_permille - 800) <= 30


def test_full_is_charge_voltage_with_little_current_for_a_while():
    bench = Bench(soc=800)
    bench.cell_mv = [4150] * 8
    bench.current_ma = 20_000
    bench.run(60_000)
    assert not bench.charge.full
    bench.current_ma = 3000
    bench.run(FULL_HOLD_MS - 1000)
    assert not bench.charge.full
    bench.run(2000)
    assert bench.charge.full
    bench.run(SLEW_MS * 500, SLEW_MS)
    assert bench.charge.soc_permille == 1000
    assert bench.charge.soc_sigma_permille <= SIGMA_FULL + 2
    bench.cell_mv = [4000] * 8
    bench.current_ma = -30_000
    bench.run(600_000, 5000)
    assert not bench.charge.full


def test_a_discharging_pack_at_high_voltage_is_not_full():
    bench = Bench(soc=800)
    bench.cell_mv = [4150] * 8
    bench.current_ma = -1000
    bench.run(60_000)
    assert not bench.charge.full


def test_empty_is_the_lowest_cell_at_its_limit_without_much_current():
    bench = Bench(soc=200)
    bench.cell_mv = [2900] * 7 + [2750]
    bench.current_ma = -10_000
    bench.run(5000)
    bench.run(SLEW_MS * 500, SLEW_MS)
    assert bench.charge.soc_permille == 0
    heavy = Bench(soc=200)
    heavy.cell_mv = [2900] * 7 + [2750]
    heavy.current_ma = -80_000
    heavy.run(5000)
    assert heavy.charge.soc_permille > 190


def test_what_is_shown_follows_a_correction_slowly():
    bench = Bench(soc=800)
    bench.cell_mv = [4150] * 8
    bench.current_ma = 3000
    bench.run(FULL_HOLD_MS + 1000)
    assert bench.charge.full
    before = bench.charge.soc_permille
    assert before < 830
    for _ in range(500):
        bench.run(500)
        now = bench.charge.soc_permille
        assert 0 <= now - before <= 2
        before = now


def test_a_person_sets_it_at_once():
    bench = Bench(soc=500)
    bench.charge.set_soc(730)
    assert bench.charge.soc_permille == 730
    bench.run(200)
    assert abs(bench.charge.soc_permille - 730) <= 1
    assert bench.charge.remaining_mah == 73_000


def test_charge_never_leaves_its_range():
    bench = Bench(soc=20)
    bench.current_ma = -50_000
    bench.run(HOUR_MS, 5000)
    assert bench.charge.soc_permille == 0 and bench.charge.remaining_mah == 0
    bench.current_ma = 90_000
    bench.cell_mv = [3900] * 8
    bench.run(2 * HOUR_MS, 5000)
    assert bench.charge.soc_permille == 1000
    assert bench.charge.remaining_mah == CAPACITY


def test_cycles_are_charge_taken_out_over_capacity():
    bench = Bench(soc=500)
    for _ in range(250):
        bench.charge.add_current(-360_000, 10_000)
    bench.run(100)
    assert bench.charge.discharged_mah == 250_000
    assert bench.charge.cycles_tenths == 25


def test_another_capacity_keeps_the_share():
    bench = Bench(soc=400)
    bench.live[ids.CAPACITY_MAH] = 200_000
    bench.run(100)
    assert abs(bench.charge.soc_permille - 400) <= 1
    assert bench.charge.full_mah == 200_000


def test_state_survives_a_restart_with_a_little_more_doubt():
    bench = Bench(soc=640)
    bench.current_ma = -7000
    bench.run(600_000, 5000)
    stored = bytearray(STATE_SIZE + 3)
    assert bench.charge.state_into(stored, 3) == STATE_SIZE
    again = Bench()
    again.charge.state_from(stored, 3)
    again.cell_mv = [3000] * 8
    again.run(100)
    was, now = bench.charge, again.charge
    assert abs(now.soc_permille - was.soc_permille) <= 1
    assert now.discharged_mah == was.discharged_mah
    assert now.soc_sigma_permille > was.soc_sigma_permille


def test_arithmetic_helpers():
    assert permille_of(1, 0) == 0
    assert permille_of(1_500_000, 2_000_000) == 750
    assert of_permille(333, 2_000_000) == 666_000
    for n in (0, 1, 2, 15, 16, 17, 999_999, 1_000_000, 0x3FFFFFFF):
        r = root(n)
        assert r * r <= n < (r + 1) * (r + 1)


def test_counting_and_updating_allocate_nothing():
    bench = Bench(soc=500)

    def step():
        bench.charge.add_current(-2_000_000, 1000)
        bench.charge.add_current(2_000_000, 1000)
        bench.update()

    prove_no_allocation(step, repeats=100)
