"""Limits: zero before a protection, at once when blind, smooth near the ends."""

from pack_bench import Pack

from cellwarden import ids
from cellwarden.limits import RISE_PART, Limits, ramp
from heap_proof import prove_no_allocation

SETTLE_MS = 12_000


class Bench(Pack):
    def __init__(self, chemistry=ids.CHEMISTRY_NMC, cells=8):
        Pack.__init__(self, chemistry, cells)
        self.limits = Limits()

    def run(self, ms=SETTLE_MS):
        for _ in range(ms // 100):
            self.pass_time()
            self.update()
        return self.limits

    def update(self):
        self.limits.update(
            self.readings, self.quantities, self.protection, self.estimator, self.settings
        )

    def at(self, mv):
        self.cell_mv = [mv] * self.cells
        return self.run()


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
    bench.run(100)
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
    bench.live[ids.DISCHARGE_WANTED] = bench.live[ids.CHARGE_WANTED] = 0
    bench.run(100)
    assert bench.limits.ccl_ma == 0 and bench.limits.dcl_ma == 0


def test_limits_fall_at_once_and_rise_slowly():
    bench = Bench()
    full_ma = bench.run().ccl_ma
    bench.cell_mv = [4180] * 8
    bench.run(100)
    assert bench.limits.ccl_ma == 0
    bench.cell_mv = [3700] * 8
    before_ma = 0
    while bench.limits.ccl_ma < full_ma:
        bench.run(100)
        assert 0 < bench.limits.ccl_ma - before_ma <= full_ma // RISE_PART
        before_ma = bench.limits.ccl_ma


def test_charging_stops_before_over_voltage_in_every_chemistry():
    for chemistry in (1, 2, 3, 4, 5):
        bench = Bench(chemistry)
        live = bench.live
        bench.at(live[ids.CELL_OV1_MV] - 1)
        assert bench.limits.ccl_ma == 0
        assert bench.limits.cvl_mv < 8 * live[ids.CHARGE_CELL_MV]
        bench.at(live[ids.CHARGE_CELL_MV])
        assert 0 < bench.limits.ccl_ma <= live[ids.CHARGE_CURRENT_MA] // 5


def test_discharging_stops_before_under_voltage_in_every_chemistry():
    for chemistry in (1, 2, 3, 4, 5):
        bench = Bench(chemistry)
        live = bench.live
        bench.at(live[ids.CELL_UV1_MV] + 1)
        assert bench.limits.dcl_ma == 0
        bench.at(live[ids.CELL_UV_WARN_MV])
        assert bench.limits.dcl_ma == live[ids.DISCHARGE_CURRENT_MA]


def test_a_charge_voltage_above_the_protection_is_held_below_it():
    bench = Bench()
    bench.live[ids.CHARGE_CELL_MV] = 4300
    limits = bench.at(4150)
    assert limits.cvl_mv < 8 * bench.live[ids.CELL_OV1_MV]
    assert bench.at(4199).ccl_ma == 0


def test_one_high_cell_holds_the_whole_pack():
    bench = Bench()
    bench.cell_mv[3] = 4190
    limits = bench.run()
    assert limits.ccl_ma == 0 and limits.cvl_mv < 8 * 4150


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


def test_a_full_pack_asks_for_no_more_and_an_empty_one_is_gentle():
    bench = Bench()
    bench.estimator.full = True
    assert bench.run().ccl_ma == 0
    bench = Bench()
    bench.estimator.soc_permille = 0
    bench.run()
    assert 0 < bench.limits.dcl_ma < bench.live[ids.DISCHARGE_CURRENT_MA] // 2


def test_a_ramp_is_a_line_between_its_ends_whichever_way():
    assert [ramp(v, 0, 100) for v in (-5, 0, 50, 100, 105)] == [0, 0, 500, 1000, 1000]
    assert [ramp(v, 100, 0) for v in (-5, 0, 50, 100, 105)] == [1000, 1000, 500, 0, 0]


def charge_to_the_end(bench, ohm_per_cell, noise_mv, seconds):
    """A charger that obeys after a second; returns the currents of each tick."""
    ocv_mv = 4100.0
    obeyed = [0] * 10
    seed = 12345
    currents = []
    for _ in range(seconds * 10):
        current_ma = obeyed.pop(0)
        bench.current_ma = current_ma
        ocv_mv += current_ma * 0.1 / 3600 / 100_000 * 900  # 900 mV a whole charge
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFF
        noise = seed % (2 * noise_mv + 1) - noise_mv
        bench.cell_mv = [int(ocv_mv + current_ma * ohm_per_cell) + noise] * bench.cells
        bench.run(100)
        cv_ma = int((bench.limits.cvl_mv / bench.cells - ocv_mv) / ohm_per_cell)
        obeyed.append(max(0, min(bench.limits.ccl_ma, cv_ma)))
        currents.append(current_ma)
    return currents


def test_a_charger_that_follows_settles_and_never_reaches_over_voltage():
    bench = Bench()
    bench.live[ids.CHARGE_CURRENT_MA] = 100_000
    currents = charge_to_the_end(bench, 0.0006, 0, 1200)
    late = currents[300:]
    swings = [abs(b - a) for a, b in zip(late, late[1:])]
    assert max(currents) > 20_000
    assert max(swings) <= 100_000 // RISE_PART * 3
    assert currents[-1] < max(currents) // 2


def test_an_update_allocates_nothing():
    bench = Bench()
    bench.run()

    def step():
        bench.update()
        bench.lost = ()

    prove_no_allocation(step)
