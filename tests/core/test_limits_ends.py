"""Limits near the ends of charge: cell voltage and resistance, full and empty, the spread."""

from limits_bench import TICK_MS, TURN_MS, Bench

from cellwarden import ids
from cellwarden.limits import EMPTY_TURNS


def test_a_charge_voltage_above_the_protection_is_held_below_it():
    bench = Bench()
    bench.set(ids.CHARGE_CELL_MV, 4300)
    limits = bench.at(4150)
    assert limits.cvl_mv < 8 * bench.live[ids.CELL_OV1_MV]
    assert bench.at(4199).ccl_ma == 0
    bench.set(ids.PACK_OV_MV, 8 * 4000)
    assert bench.at(3900).cvl_mv < 8 * 4000
    assert bench.at(3999).ccl_ma == 0


def test_one_high_cell_holds_the_whole_pack():
    bench = Bench()
    bench.cell_mv[3] = 4190
    limits = bench.run()
    assert limits.ccl_ma == 0 and limits.cvl_mv < 8 * 4150


def test_a_full_pack_asks_for_no_more_until_it_is_full_no_longer():
    bench = Bench()
    bench.estimator.full = True
    cvl_mv = bench.at(4148).cvl_mv
    assert bench.limits.ccl_ma == 0
    assert bench.limits.charge_by == ids.CHARGE_LIMITED_BY_IS_FULL
    assert bench.limits.dcl_ma == bench.live[ids.DISCHARGE_CURRENT_MA]
    bench.at(4090)  # it rests
    assert bench.limits.ccl_ma == 0 and bench.limits.cvl_mv == cvl_mv
    bench.estimator.full = False
    assert bench.run().ccl_ma > 0


def test_near_both_ends_of_its_charge_a_pack_is_gentle_if_its_charge_is_known():
    bench = Bench()
    live = bench.live
    bench.estimator.soc_permille = 0
    bench.run()
    assert 0 < bench.limits.dcl_ma < live[ids.DISCHARGE_CURRENT_MA] // 2
    assert bench.limits.discharge_by == ids.DISCHARGE_LIMITED_BY_IS_STATE_OF_CHARGE
    assert bench.limits.ccl_ma == live[ids.CHARGE_CURRENT_MA]
    bench.estimator.soc_permille = 1000
    bench.run()
    assert 0 < bench.limits.ccl_ma < live[ids.CHARGE_CURRENT_MA] * 3 // 4
    assert bench.limits.charge_by == ids.CHARGE_LIMITED_BY_IS_STATE_OF_CHARGE
    assert bench.limits.dcl_ma == live[ids.DISCHARGE_CURRENT_MA]
    bench.estimator.soc_sigma_permille = 200
    assert bench.run().ccl_ma == live[ids.CHARGE_CURRENT_MA]


def test_resistance_keeps_the_weakest_cell_up_under_the_load_to_come():
    bench = Bench()
    bench.estimator.resistance_uohm = 1000
    bench.at(3000)
    free_ma = bench.limits.dcl_ma
    bench = Bench()
    bench.estimator.resistance_uohm = 3000
    bench.at(3000)
    most_ma = bench.limits.dcl_ma
    assert 0 < most_ma < free_ma
    assert bench.limits.discharge_by == ids.DISCHARGE_LIMITED_BY_IS_CELL_VOLTAGE
    # What that current pulls it down leaves it above level 1.
    assert 3000 - most_ma * 3000 // 1_000_000 > bench.live[ids.CELL_UV1_MV]


def test_resistance_keeps_the_highest_cell_down_under_the_charge_to_come():
    bench = Bench()
    bench.estimator.resistance_uohm = 1000
    bench.at(4120)
    ccl_ma = bench.limits.ccl_ma
    assert 0 < ccl_ma < bench.live[ids.CHARGE_CURRENT_MA]
    assert 4120 + ccl_ma * 1000 // 1_000_000 < bench.live[ids.CELL_OV_WARN_MV]


def test_a_limit_does_not_depend_on_whether_the_charger_follows_yet():
    bench = Bench()
    bench.estimator.resistance_uohm = 1000
    bench.at(4100)
    idle_ma = bench.limits.ccl_ma
    bench.current_ma = idle_ma
    # Twice the resistance is what is reckoned with.
    bench.at(4100 + idle_ma * 2000 // 1_000_000)
    assert abs(bench.limits.ccl_ma - idle_ma) <= 1000


def test_a_resistance_nobody_knows_is_a_poor_cells_and_more_in_the_cold():
    limits_ma = []
    for dc in (250, 100, -50):
        bench = Bench()
        bench.temp_dc = [dc] * 4 + [250, 250]
        limits_ma.append(bench.at(2950).dcl_ma)
    assert limits_ma[0] > limits_ma[1] > limits_ma[2] > 0


def test_a_measured_resistance_out_of_all_proportion_changes_little():
    bench = Bench()
    bench.at(2950)
    unknown_ma = bench.limits.dcl_ma
    for uohm in (900_000_000, 50_000):
        bench = Bench()
        bench.estimator.resistance_uohm = uohm
        assert bench.at(2950).dcl_ma == unknown_ma
    bench = Bench()
    bench.estimator.resistance_uohm = 1
    assert bench.at(2885).dcl_ma < bench.live[ids.DISCHARGE_CURRENT_MA]


def emptied():
    """A pack that a small load has brought down to where nothing is left."""
    bench = Bench(ids.CHEMISTRY_LFP)
    bench.at(3200)
    bench.current_ma = -2000
    bench.at(2600)
    assert bench.limits.dcl_ma == 0
    assert bench.limits.discharge_by == ids.DISCHARGE_LIMITED_BY_IS_EMPTY
    bench.current_ma = 0
    return bench


def test_an_empty_pack_gives_nothing_on_what_it_recovers_by_resting():
    bench = emptied()
    assert bench.at(3000).dcl_ma == 0  # above the recovery voltage of the protection


def test_charge_current_ends_empty():
    bench = emptied()
    bench.current_ma = 5000
    bench.at(3000)
    bench.current_ma = 0
    assert bench.run().dcl_ma > 0


def test_a_cell_far_up_ends_empty():
    bench = emptied()
    assert bench.at(3300).dcl_ma == bench.live[ids.DISCHARGE_CURRENT_MA]


def test_a_heavy_load_that_pulls_a_cell_down_does_not_make_the_pack_empty():
    bench = Bench(ids.CHEMISTRY_LFP)
    bench.current_ma = -80_000
    bench.at(2600)
    assert bench.limits.dcl_ma < 80_000
    bench.current_ma = 0
    assert bench.at(3000).dcl_ma > 0
    bench.cell_mv = [2510] * 8  # a moment, seen without its current
    bench.run((EMPTY_TURNS - 2) * TURN_MS)
    assert bench.at(3000).dcl_ma > 0


def test_the_voltage_limit_makes_room_for_the_spread_near_the_end_only():
    bench = Bench()
    bench.cell_mv = [4000] * 7 + [4030]
    assert bench.run().cvl_mv == 8 * 4150
    bench.cell_mv = [4110] * 7 + [4140]
    # All cells as much higher as the highest has room for.
    assert bench.run(60_000).cvl_mv == 7 * 4120 + 4150
    bench.cell_mv = [4020] * 7 + [4120]
    assert bench.run(60_000).cvl_mv == 7 * 4050 + 4150


def test_the_voltage_limit_glides():
    bench = Bench()
    bench.at(4100)
    bench.cell_mv = [4050] * 7 + [4140]
    before_mv = bench.limits.cvl_mv
    for _ in range(300):
        bench.run(TICK_MS)
        assert 0 <= before_mv - bench.limits.cvl_mv <= 8 * 5
        before_mv = bench.limits.cvl_mv
    assert before_mv == 7 * 4060 + 4150


def test_a_charger_with_too_high_a_voltage_is_told_ever_less():
    bench = Bench()
    bench.at(4155)
    first_mv = bench.limits.cvl_mv
    later_mv = bench.run(60_000).cvl_mv
    assert first_mv - 8 * 40 < later_mv < first_mv - 8 * 20
    bench.run(600_000)
    assert bench.limits.cvl_mv == 8 * (4150 - 50)  # no further


def test_at_the_ends_of_all_ranges_limits_stay_in_theirs():
    for capacity_mah, current_ma, uohm in (
        (1, 2_000_000, 0),
        (1, -2_000_000, 1),
        (2_000_000, 2_000_000, 1),
        (2_000_000, -2_000_000, 100_000_000),
    ):
        bench = Bench(capacity_mah=capacity_mah)
        bench.set(ids.CHARGE_CURRENT_MA, 600_000)
        bench.set(ids.DISCHARGE_CURRENT_MA, 600_000)
        bench.estimator.resistance_uohm = uohm
        bench.estimator.soc_permille = 20
        bench.current_ma = current_ma
        for mv in (0, 2850, 3700, 4140, 4160, 5000):
            bench.at(mv)
            assert 0 <= bench.limits.ccl_ma <= 600_000
            assert 0 <= bench.limits.dcl_ma <= 600_000
