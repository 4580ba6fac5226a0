"""The estimator: exact counting, honest doubt, anchors, and a shown value that never jumps."""

from pack_bench import Pack

from cellwarden import estimator, ids
from cellwarden.estimator import (
    FULL_ENDS_PPM,
    FULL_HOLD_MS,
    SIGMA_RESTART,
    SIGMA_SET,
    SIGMA_UNKNOWN,
    SLEW_PPM_S,
    STATE_SIZE,
    STRETCH_MS,
    Estimator,
)
from cellwarden.ocv_curves import POINTS, OcvCurve
from cellwarden.ocv_data import POSITIONS
from heap_proof import prove_no_allocation

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


def rested_mv(chemistry, permille):
    curve = OcvCurve()
    curve.select(chemistry)
    return (curve.dmv_at(permille * 1000) + 5) // 10


class Bench(Pack):
    """``run(ms, step_ms)``: current flows, samples come, the estimator is updated.

    The cells have the rested voltage of ``soc``; the estimator was told the same by a person.
    """

    def __init__(self, chemistry=ids.CHEMISTRY_NMC, soc=None, capacity_mah=100_000):
        Pack.__init__(self, chemistry, 8, capacity_mah=capacity_mah)
        self.chemistry = chemistry
        self.charge = Estimator()
        if soc is not None:
            self.rest_at(soc)
            self.run(100)
            self.charge.set_soc(soc)

    def know_curve(self):
        """The typical curve of the chemistry is said to be the cells' own."""
        for i in range(POINTS):
            at = POSITIONS[2 * i] | POSITIONS[2 * i + 1] << 8
            self.live[ids.OCV_MV + i] = rested_mv(self.chemistry, at)
        self.settings.revision += 1

    def rest_at(self, permille):
        self.cell_mv = [rested_mv(self.chemistry, permille)] * 8

    def run(self, ms, step_ms=100):
        for _ in range(ms // step_ms):
            self.pass_time(step_ms)
            if "current" not in self.lost:
                self.charge.add_current(self.current_ma, step_ms)
            self.update()
        return self.charge

    def update(self):
        self.charge.update(self.readings, self.quantities, self.settings, self.now_ms)

    def store(self):
        """A new estimator with what this one stored."""
        data = bytearray(STATE_SIZE)
        self.charge.state_into(data, 0)
        again = Estimator()
        again.state_from(data, 0)
        return again


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


def wrong_bench(chemistry, soc, believed, sigma=200, own=True):
    bench = Bench(chemistry)
    if own:
        bench.know_curve()
    bench.rest_at(soc)
    bench.run(100)
    bench.charge.begin(believed, sigma)
    return bench


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


# --- full ---------------------------------------------------------------------------------------


def full_bench(current_ma=3000):
    bench = Bench(soc=960)
    bench.cell_mv = [bench.live[ids.CHARGE_CELL_MV]] * 8
    bench.current_ma = current_ma
    return bench


def test_full_is_charge_voltage_with_little_current_for_a_while():
    bench = full_bench(20_000)
    bench.run(MINUTE_MS)
    assert not bench.charge.full
    bench.current_ma = 3000
    bench.run(FULL_HOLD_MS - 1000)
    assert not bench.charge.full
    bench.run(2000)
    assert bench.charge.full


def test_full_may_idle_a_little_below_nothing():
    """A charger that has let go, and the board's own consumption."""
    bench = full_bench(-400)
    bench.run(FULL_HOLD_MS + 1000)
    assert bench.charge.full


def test_a_discharging_pack_at_high_voltage_is_not_full():
    bench = full_bench(-1000)
    bench.run(MINUTE_MS)
    assert not bench.charge.full


def test_a_moment_of_more_current_begins_the_wait_anew():
    bench = full_bench()
    bench.run(FULL_HOLD_MS - 1000)
    bench.current_ma = 20_000
    bench.run(100)
    bench.current_ma = 3000
    bench.run(FULL_HOLD_MS - 1000)
    assert not bench.charge.full


def test_full_ends_after_two_percent():
    assert FULL_ENDS_PPM == 20_000
    bench = full_bench()
    bench.run(FULL_HOLD_MS + 1000)
    assert bench.charge.full
    bench.current_ma = -36_000  # 1 % in 100 s
    for seconds, full in ((150, True), (100, False)):
        bench.lost = ("cells",)  # only the count speaks
        bench.run(seconds * 1000, 1000)
        bench.lost = ()
        bench.run(100)
        assert bench.charge.full == full


def test_a_full_charge_below_the_curves_end_is_not_a_hundred_percent():
    curve = OcvCurve()
    curve.select(ids.CHEMISTRY_NMC)
    bench = full_bench(1000)
    bench.run(3 * HOUR_MS, 5000)
    ends_at = curve.ppm_at(bench.live[ids.CHARGE_CELL_MV] * 10) // 1000
    assert bench.charge.full
    assert ends_at < 1000
    assert abs(bench.charge.soc_permille - ends_at) <= 25


# --- what is shown ------------------------------------------------------------------------------


def test_what_is_shown_follows_a_correction_slowly():
    bench = wrong_bench(ids.CHEMISTRY_NMC, 900, 500, 250)
    most = SLEW_PPM_S // 2000 + 1  # 1/1000 in 500 ms
    before = bench.charge.soc_permille
    furthest = 0
    for _ in range(4 * 900):
        bench.run(500, 500)
        now = bench.charge.soc_permille
        assert -1 <= now - before <= most
        before = now
        furthest = max(furthest, abs(bench.charge.soc_ppm // 1000 - now))
    assert furthest > 20
    assert abs(bench.charge.soc_ppm // 1000 - before) <= 1


def test_what_is_shown_but_not_believed_is_doubted_more():
    bench = wrong_bench(ids.CHEMISTRY_NMC, 900, 500, 250)
    for _ in range(4 * 300):
        bench.run(500, 500)
        behind = abs(bench.charge.soc_ppm // 1000 - bench.charge.soc_permille)
        if behind > 50:
            own = bench.charge.sigma_ppm // 1000
            assert bench.charge.soc_sigma_permille >= own + behind // 2 - 1
            return
    raise AssertionError("never behind")


def test_a_person_sets_it_at_once():
    bench = Bench(ids.CHEMISTRY_LFP, soc=500)
    bench.charge.set_soc(730)
    assert bench.charge.soc_permille == 730
    assert bench.charge.soc_sigma_permille == SIGMA_SET
    bench.run(200)
    assert abs(bench.charge.soc_permille - 730) <= 1
    assert abs(bench.charge.remaining_mah - 73_000) <= 100


# --- capacity -----------------------------------------------------------------------------------


def test_another_capacity_keeps_the_share():
    bench = Bench(soc=400)
    bench.live[ids.CAPACITY_MAH] = 200_000
    bench.run(100)
    assert abs(bench.charge.soc_permille - 400) <= 1
    assert abs(bench.charge.full_mah - 200_000) <= 100


def test_from_empty_to_full_teaches_the_capacity():
    """A pack of 60 Ah that was sold as 100: the manual's step 4."""
    bench = wrong_bench(ids.CHEMISTRY_NMC, 20, 20)
    bench.run(HOUR_MS, 5000)
    bench.current_ma = 6_000
    for part in range(1, 97):
        bench.rest_at(20 + 10 * part)
        bench.run(6 * MINUTE_MS, 5000)
    bench.current_ma = 0
    bench.run(HOUR_MS, 5000)
    assert abs(bench.charge.full_mah - 60_000) <= 3_000


# --- stored -------------------------------------------------------------------------------------


def test_state_survives_a_restart_with_a_little_more_doubt():
    bench = Bench(soc=640)
    bench.charge.begin(640, 20)
    bench.current_ma = -7000
    bench.run(600_000, 5000)
    stored = bytearray(STATE_SIZE + 5)
    stored[:] = b"\xa5" * len(stored)
    assert bench.charge.state_into(stored, 3) == STATE_SIZE
    assert bytes(stored[:3]) == b"\xa5" * 3 and bytes(stored[-2:]) == b"\xa5" * 2
    again = Bench()
    again.charge.state_from(stored, 3)
    again.cell_mv = [3000] * 8
    again.run(100)
    was, now = bench.charge, again.charge
    assert abs(now.soc_permille - was.soc_permille) <= 1
    assert now.discharged_mah == was.discharged_mah
    assert now.full_mah == was.full_mah
    assert now.soc_sigma_permille > was.soc_sigma_permille


def test_every_number_that_is_stored_comes_back():
    bench = full_bench()
    bench.run(FULL_HOLD_MS + 1000, 500)
    for current_ma in (-30_000, 20_000) * 3:
        bench.cell_mv = [4000 + current_ma // 1000] * 8
        bench.current_ma = current_ma
        bench.run(10 * MINUTE_MS, 5000)
    e = bench.charge
    e.count.charged_wh, e.count.discharged_wh = 123_456, 999_999_999
    e.filter.offset, e.filter.gain = -1234, -20_000
    e.polarisation.recall(7000, 9000)
    first, second = bytearray(STATE_SIZE), bytearray(STATE_SIZE)
    e.state_into(first, 0)
    again = Estimator()
    again.state_from(first, 0)
    again.state_into(second, 0)
    # But for the doubt, which a restart adds to.
    assert first[:16] == second[:16] and first[20:36] == second[20:36]
    assert first[40:] == second[40:]
    assert again.full == e.full
    assert again.filter.offset == -1234 and again.filter.gain == -20_000
    assert again.polarisation.scale == e.polarisation.scale
    assert again.sigma_ppm >= e.sigma_ppm


def test_doubt_after_a_restart_is_at_least_its_own():
    bench = Bench(soc=500)
    bench.charge.begin(500, 1)
    assert bench.store().sigma_ppm >= SIGMA_RESTART * 1000


def test_state_of_nothing_is_nothing():
    empty = Estimator()
    data = bytearray(STATE_SIZE)
    empty.state_into(data, 0)
    again = Estimator()
    again.state_from(data, 0)
    assert not again.known and not again.full


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
    assert seen[at : at + 5] == [1, 2, 3, 4, 0]
