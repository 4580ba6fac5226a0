"""Limits: what they rest on, zero before a protection and at once when blind, and why."""

from limits_bench import CHEMISTRIES, SETTLE_MS, TICK_MS, TURN_MS, Bench

from cellwarden import ids
from cellwarden.current_limit import FALL_MS, RISE_MS
from cellwarden.limits import STEP_MS
from heap_proof import prove_no_allocation


def test_in_the_middle_the_settings_are_the_limits():
    bench = Bench()
    limits = bench.run()
    assert limits.ccl_ma == bench.live[ids.CHARGE_CURRENT_MA]
    assert limits.dcl_ma == bench.live[ids.DISCHARGE_CURRENT_MA]
    assert limits.cvl_mv == 8 * bench.live[ids.CHARGE_CELL_MV]


def test_an_uncommissioned_board_offers_nothing():
    bench = Bench()
    bench.run()
    bench.settings.commissioned = False
    bench.update()
    assert (bench.limits.cvl_mv, bench.limits.ccl_ma, bench.limits.dcl_ma) == (0, 0, 0)


def test_any_lost_reading_means_zero_at_once():
    for lost in ("cells", "temps", "current"):
        bench = Bench()
        bench.run()
        bench.lost = (lost,)
        bench.pass_time()
        bench.update()
        assert (bench.limits.ccl_ma, bench.limits.dcl_ma) == (0, 0)


def test_a_reading_nobody_refreshes_means_zero_before_its_fault_tolerance_time():
    bench = Bench()
    bench.run()
    bench.now_ms += bench.board.FTT_CELLS_MS // 2
    bench.readings.current_ma.put(0, bench.now_ms)
    bench.readings.temps_done(bench.now_ms)
    bench.quantities.update(
        bench.readings,
        bench.live,
        bench.protection.state,
        bench.protection,
        500,
        bench.conditions,
        bench.now_ms,
    )
    bench.update()
    assert (bench.limits.ccl_ma, bench.limits.dcl_ma) == (0, 0)


def test_one_bad_frame_does_not_starve_the_load_for_long():
    bench = Bench()
    before_ma = bench.run().dcl_ma
    bench.lost = ("cells",)
    bench.run(100)
    bench.lost = ()
    bench.run(TURN_MS)
    assert bench.limits.dcl_ma == before_ma


def test_a_forbidden_direction_has_no_limit_left():
    bench = Bench()
    bench.run()
    bench.protection.forbids = ids.FORBID_CHARGE
    bench.run(100)
    assert bench.limits.ccl_ma == 0 and bench.limits.dcl_ma > 0
    bench.protection.forbids = ids.FORBID_DISCHARGE
    bench.run(100)
    assert bench.limits.dcl_ma == 0


def test_a_waiting_relay_gets_its_zero():
    bench = Bench()
    bench.run()
    bench.limits.stop_requested = ids.FORBID_DISCHARGE
    bench.run(100)
    assert bench.limits.dcl_ma == 0 and bench.limits.ccl_ma > 0


def test_a_switch_turned_off_and_a_lost_charger_mean_zero():
    bench = Bench()
    bench.run()
    bench.limits.charger_lost = True
    bench.run(100)
    assert bench.limits.ccl_ma == 0 and bench.limits.dcl_ma > 0
    bench.limits.charger_lost = False
    bench.set(ids.DISCHARGE_WANTED, 0)
    bench.set(ids.CHARGE_WANTED, 0)
    bench.run(100)
    assert bench.limits.ccl_ma == 0 and bench.limits.dcl_ma == 0


def test_a_limit_rises_slowly_and_never_above_its_setting():
    bench = Bench()
    full_ma = bench.run().ccl_ma
    bench.cell_mv = [4190] * 8
    bench.run(100)
    assert bench.limits.ccl_ma == 0
    bench.cell_mv = [3700] * 8
    before_ma = ticks = 0
    while bench.limits.ccl_ma < full_ma:
        bench.run(100)
        ticks += 1
        assert 0 <= bench.limits.ccl_ma - before_ma <= full_ma * TURN_MS // RISE_MS
        if 0 < bench.limits.ccl_ma < full_ma:
            assert bench.limits.charge_by == ids.CHARGE_LIMITED_BY_IS_RISING
        before_ma = bench.limits.ccl_ma
    assert RISE_MS // TICK_MS <= ticks <= RISE_MS // TICK_MS + 2
    assert bench.limits.charge_by == ids.CHARGE_LIMITED_BY_IS_SETTING


def test_a_pause_is_no_reason_to_jump():
    bench = Bench()
    bench.run(100)
    bench.protection.forbids = ids.FORBID_CHARGE
    bench.run(TURN_MS)
    bench.protection.forbids = 0
    bench.pass_time(60_000)
    bench.update()
    bench.run(TURN_MS)
    assert (
        0
        < bench.limits.ccl_ma
        <= bench.live[ids.CHARGE_CURRENT_MA] * STEP_MS // RISE_MS
        + (bench.live[ids.CHARGE_CURRENT_MA] * TURN_MS // RISE_MS)
    )


def test_a_limit_falls_to_what_it_should_be_within_seconds():
    bench = Bench()
    full_ma = bench.run().ccl_ma
    half_dc = bench.live[ids.CHARGE_OT_DC] - 55  # half way from nothing to all
    bench.temp_dc = [half_dc] * 4 + [250, 250]
    bench.run(FALL_MS)
    assert full_ma // 2 < bench.limits.ccl_ma < full_ma * 3 // 4
    bench.run(10 * FALL_MS)
    assert bench.limits.ccl_ma == full_ma // 2


def test_beyond_its_end_a_limit_is_zero_in_the_same_tick():
    for turn in range(2):
        bench = Bench()
        bench.run(SETTLE_MS + turn * TICK_MS)
        bench.cell_mv[3] = bench.live[ids.CELL_OV1_MV] - 1
        bench.cell_mv[5] = bench.live[ids.CELL_UV1_MV] + 1
        bench.run(TICK_MS)
        assert (bench.limits.ccl_ma, bench.limits.dcl_ma) == (0, 0)
        assert bench.limits.charge_by == ids.CHARGE_LIMITED_BY_IS_CELL_VOLTAGE
        assert bench.limits.discharge_by == ids.DISCHARGE_LIMITED_BY_IS_CELL_VOLTAGE


def test_charging_stops_before_over_voltage_and_its_warning_in_every_chemistry():
    for chemistry in CHEMISTRIES:
        bench = Bench(chemistry)
        live = bench.live
        bench.at(live[ids.CELL_OV_WARN_MV])
        assert bench.limits.ccl_ma == 0
        assert bench.limits.cvl_mv < 8 * live[ids.CHARGE_CELL_MV]
        bench.at(live[ids.CHARGE_CELL_MV])
        assert 0 < bench.limits.ccl_ma <= live[ids.CHARGE_CURRENT_MA] // 5


def test_discharging_stops_before_under_voltage_in_every_chemistry():
    for chemistry in CHEMISTRIES:
        bench = Bench(chemistry)
        live = bench.live
        bench.at(live[ids.CELL_UV1_MV] + 1)
        assert bench.limits.dcl_ma == 0
        bench = Bench(chemistry)
        bench.at(live[ids.CELL_UV_WARN_MV])
        assert bench.limits.dcl_ma > live[ids.DISCHARGE_CURRENT_MA] // 2


def test_limits_shrink_towards_every_temperature_limit_and_end_before_it():
    live = Bench().live
    for dc, charge, discharge in (
        (live[ids.CHARGE_OT_DC] - 5, 0, True),
        (live[ids.CHARGE_UT_DC] + 5, 0, True),
        (live[ids.DISCHARGE_OT_DC] - 5, 0, False),
        (live[ids.DISCHARGE_UT_DC] + 5, 0, False),
    ):
        bench = Bench()
        bench.temp_dc = [dc] * 4 + [250, 250]
        bench.run()
        assert bench.limits.ccl_ma == charge
        assert (bench.limits.dcl_ma > 0) == discharge
    bench = Bench()
    bench.temp_dc = [400] * 4 + [250, 250]
    bench.run()
    assert 0 < bench.limits.ccl_ma < live[ids.CHARGE_CURRENT_MA]


def test_a_hot_power_board_gets_less_of_both():
    bench = Bench()
    bench.temp_dc[4] = bench.live[ids.POWER_OT_DC] - 50
    bench.run()
    assert 0 < bench.limits.ccl_ma < bench.live[ids.CHARGE_CURRENT_MA] // 2
    assert 0 < bench.limits.dcl_ma < bench.live[ids.DISCHARGE_CURRENT_MA] // 2


def test_what_limits_is_told():
    bench = Bench()
    limits = bench.limits
    bench.settings.commissioned = False
    bench.run(TICK_MS)
    assert limits.charge_by == limits.discharge_by == ids.CHARGE_LIMITED_BY_IS_NOT_COMMISSIONED
    bench.settings.commissioned = True
    bench.run()
    assert limits.charge_by == limits.discharge_by == ids.CHARGE_LIMITED_BY_IS_SETTING
    bench.lost = ("cells",)
    bench.run(TICK_MS)
    assert limits.charge_by == limits.discharge_by == ids.CHARGE_LIMITED_BY_IS_MISSING_READINGS
    bench.lost = ()
    bench.limits.charger_lost = True
    bench.run(TICK_MS)
    assert limits.charge_by == ids.CHARGE_LIMITED_BY_IS_LOST_CHARGER
    bench.limits.stop_requested = ids.FORBID_CHARGE | ids.FORBID_DISCHARGE
    bench.run(TICK_MS)
    assert limits.charge_by == limits.discharge_by == ids.CHARGE_LIMITED_BY_IS_SWITCH_OPENING
    bench.set(ids.DISCHARGE_WANTED, 0)
    bench.run(TICK_MS)
    assert limits.discharge_by == ids.CHARGE_LIMITED_BY_IS_SWITCHED_OFF
    bench.protection.forbids = ids.FORBID_DISCHARGE
    bench.run(TICK_MS)
    assert limits.discharge_by == ids.CHARGE_LIMITED_BY_IS_PROTECTION
    for sensors, by in (
        ([bench.live[ids.CHARGE_OT_DC] - 50] * 4 + [250, 250], ids.CHARGE_LIMITED_BY_IS_HEAT),
        ([bench.live[ids.CHARGE_UT_DC] + 50] * 4 + [250, 250], ids.CHARGE_LIMITED_BY_IS_COLD),
        (
            [250] * 4 + [bench.live[ids.POWER_OT_DC] - 50, 250],
            ids.CHARGE_LIMITED_BY_IS_POWER_BOARD,
        ),
    ):
        bench = Bench()
        bench.temp_dc = sensors
        assert bench.run().charge_by == by


def test_both_names_of_what_limits_are_one_list():
    assert ids.CHARGE_LIMITED_BY_IS_RISING == ids.DISCHARGE_LIMITED_BY_IS_RISING
    assert ids.CHARGE_LIMITED_BY_IS_EMPTY == ids.DISCHARGE_LIMITED_BY_IS_EMPTY


def test_an_update_allocates_nothing():
    bench = Bench()
    bench.run()
    prove_no_allocation(bench.update)
    bench.lost = ("cells",)
    bench.run(TICK_MS)
    prove_no_allocation(bench.update)
