"""The estimator's anchors and memory: full, what is shown, the capacity, what is stored."""

from estimator_bench import HOUR_MS, MINUTE_MS, Bench, wrong_bench

from cellwarden import ids
from cellwarden.estimator import (
    FULL_ENDS_PPM,
    FULL_HOLD_MS,
    SIGMA_RESTART,
    SIGMA_SET,
    SLEW_PPM_S,
    STATE_SIZE,
    Estimator,
)
from cellwarden.ocv_curves import OcvCurve

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
