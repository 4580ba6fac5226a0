"""Precharge: done, refused, no capacitor, short, stuck, the resistor's budget, three tries."""

from switch_bench import DISCHARGE, PACK_MV, Bench, Board, relay_board

from cellwarden import ids
from cellwarden.precharge import (
    FAILED_BLIND,
    FAILED_HOT,
    FAILED_REFUSED,
    FAILED_SHORT,
    FAILED_STUCK,
    HOLD_MS,
    LOCKED,
    PAUSE_MS,
    PAUSED,
    TRIES,
)


def until(bench, condition, limit_ms=5000):
    """Steps until ``condition()``; returns how long it took."""
    began_ms = bench.now_ms
    while not condition():
        bench.step()
        assert (bench.now_ms - began_ms) & 0x3FFFFFFF < limit_ms
    return (bench.now_ms - began_ms) & 0x3FFFFFFF


def started(bench):
    until(bench, lambda: bench.commands.precharge)
    return bench


def test_discharge_closes_only_after_the_bus_has_come_up():
    bench = started(Bench())
    while not bench.commands.discharge:
        assert bench.commands.precharge
        assert bench.bus_mv < PACK_MV
        bench.step()
    assert bench.readings.bus_mv.value * 100 >= PACK_MV * 95
    assert not bench.commands.precharge
    assert bench.gear.precharge_no_capacitor == 0


def test_the_bus_must_hold_for_a_while():
    bench = started(Bench())
    up_ms = until(bench, lambda: bench.readings.bus_mv.value * 100 >= PACK_MV * 95)
    assert up_ms > 0
    held_ms = until(bench, lambda: bench.commands.discharge)
    assert HOLD_MS <= held_ms <= HOLD_MS + 30


def test_the_bus_at_94_percent_is_not_enough():
    bench = Bench()
    bench.load_uf = 1e9
    bench.bus_mv = PACK_MV * 0.94
    bench.run(60_000)
    assert not bench.commands.discharge and bench.gear.precharge_stuck == 1


def test_a_current_over_its_limit_is_not_done():
    bench = Bench()
    bench.live[ids.PRECHARGE_MAX_MA] = 50
    bench.load_uf = 1e9
    bench.bus_mv = PACK_MV * 0.96  # leaves 72 mA through 50 ohm
    bench.run(60_000)
    assert not bench.commands.discharge and bench.gear.precharge_stuck == 1


def test_a_forbidden_direction_stops_it_at_once():
    bench = started(Bench())
    bench.forbids = DISCHARGE
    bench.step()
    assert not bench.commands.precharge
    bench.run(5000)
    assert not bench.commands.precharge and not bench.commands.discharge


def test_a_bus_above_the_pack_is_refused_until_it_falls():
    bench = Bench()
    bench.bus_mv = PACK_MV + 2500.0
    bench.run(5000)
    assert not bench.commands.precharge and not bench.commands.discharge
    assert bench.gear.precharge.failure == FAILED_REFUSED
    assert bench.gear.precharge.tries == 0
    bench.bus_mv = PACK_MV + 500.0
    bench.run(500)
    assert bench.commands.discharge


def test_a_stale_bus_reading_stops_a_try_and_uses_none_up():
    bench = started(Bench())
    bench.load_uf = 1e6
    bench.lost = ("bus_mv",)
    bench.step()
    assert not bench.commands.precharge
    assert bench.gear.precharge.failure == FAILED_BLIND
    bench.lost = ()
    bench.load_uf = 2000
    bench.run(PAUSE_MS - 500)
    assert not bench.commands.precharge and not bench.commands.discharge
    bench.run(2000)
    assert bench.commands.discharge


def test_no_capacitor_is_told_and_does_not_hinder():
    bench = Bench()
    bench.load_uf = 0
    bench.run(1000)
    assert bench.commands.discharge and bench.gear.precharge_no_capacitor == 1


def test_a_bus_that_was_up_before_says_nothing_about_the_capacitor():
    bench = Bench()
    bench.bus_mv = float(PACK_MV)
    bench.run(1000)
    assert bench.commands.discharge and bench.gear.precharge_no_capacitor == 0


def test_a_short_is_told_after_three_tries_with_pauses():
    bench = Bench()
    bench.load_ohm = 0
    starts = []
    was = False
    while not bench.gear.precharge_short:
        bench.step()
        if bench.commands.precharge and not was:
            starts.append(bench.now_ms)
        was = bench.commands.precharge
        assert bench.now_ms < 120_000
    assert len(starts) == TRIES
    for i in range(TRIES - 1):
        assert starts[i + 1] - starts[i] >= PAUSE_MS
    assert bench.gear.precharge.state == LOCKED and bench.gear.precharge_stuck == 0
    assert bench.gear.precharge.failure == FAILED_SHORT
    bench.run(60_000)
    assert not bench.commands.precharge and not bench.commands.discharge


def test_a_short_is_given_up_before_the_time_out():
    bench = started(Bench())
    bench.load_ohm = 0
    took_ms = until(bench, lambda: not bench.commands.precharge)
    assert took_ms <= bench.live[ids.PRECHARGE_TIMEOUT_MS] // 4 + 20


def test_a_bus_that_does_not_rise_and_draws_nothing_is_stuck():
    bench = Bench(Board(PRECHARGE_OHM=50))
    bench.load_uf = 1e12
    bench.board.PRECHARGE_OHM = 1e12  # the branch does not conduct
    bench.run(60_000)
    assert bench.gear.precharge_stuck == 1 and bench.gear.precharge_short == 0
    assert bench.gear.precharge.failure == FAILED_STUCK


def test_a_load_that_holds_the_bus_half_way_is_stuck_not_short():
    bench = Bench()
    bench.load_ohm = 50
    bench.run(60_000)
    assert bench.gear.precharge_stuck == 1 and bench.gear.precharge_short == 0
    assert not bench.commands.discharge


def test_a_person_may_let_it_try_again():
    bench = Bench()
    bench.load_ohm = 0
    bench.run(60_000)
    assert bench.gear.precharge_short == 1
    bench.load_ohm = None
    bench.gear.clear()
    assert bench.gear.precharge_short == 0
    bench.run(5000)
    assert bench.commands.discharge


def test_the_resistor_gets_no_more_than_its_budget_in_a_row():
    bench = Bench(Board(PRECHARGE_ENERGY_J=60))
    bench.load_ohm = 0
    bench.run(200)
    heat = 0.0
    for _ in range(20):
        bench.gear.clear()
        bench.run(2000)
        assert bench.heat_j <= 60
        heat = max(heat, bench.heat_j)
    assert heat > 30


def test_a_hot_resistor_has_to_cool_first():
    bench = Bench()
    bench.gear.precharge.assume_hot()
    bench.run(20_000)
    assert not bench.commands.precharge
    assert bench.gear.precharge.failure == FAILED_HOT
    bench.run(15_000)
    assert bench.commands.discharge and bench.gear.precharge.tries == 0


def test_a_time_out_is_respected():
    bench = started(Bench())
    bench.live[ids.PRECHARGE_TIMEOUT_MS] = 700
    bench.load_uf = 30_000
    took_ms = until(bench, lambda: not bench.commands.precharge)
    assert took_ms <= 720


def test_without_a_bus_sensor_the_board_says_how_long():
    bench = started(Bench(Board(PRECHARGE_TIMED_MS=400), bus_fitted=False))
    took_ms = until(bench, lambda: bench.commands.discharge)
    assert 400 <= took_ms <= 400 + HOLD_MS + 30


def test_without_bus_sensor_or_time_discharge_never_closes():
    bench = Bench(bus_fitted=False)
    bench.run(30_000)
    assert not bench.commands.precharge and not bench.commands.discharge


def test_a_shorted_load_without_bus_sensor_is_found_by_its_current():
    bench = Bench(Board(PRECHARGE_TIMED_MS=400), bus_fitted=False)
    bench.load_ohm = 0
    bench.run(60_000)
    assert bench.gear.precharge_short == 1 and not bench.commands.discharge


def test_a_board_without_a_precharge_branch_closes_directly():
    bench = Bench(Board(PRECHARGE_OHM=0))
    bench.run(200)
    assert bench.commands.discharge and not bench.commands.precharge


def test_a_relay_is_bridged_until_its_contact_has_closed():
    bench = Bench(relay_board())
    until(bench, lambda: bench.commands.discharge)
    assert bench.commands.precharge
    bench.run(200)
    assert bench.commands.discharge and not bench.commands.precharge


def test_a_relay_forbidden_while_it_is_bridged_loses_its_bridge_at_once():
    bench = Bench(relay_board())
    until(bench, lambda: bench.commands.discharge)
    bench.current_ma = 30_000  # the relay waits for it; the resistor does not
    bench.forbids = DISCHARGE
    bench.step()
    assert not bench.commands.precharge


def test_a_charging_current_does_not_hinder_precharge():
    bench = Bench(Board(COMMON_PORT=False))
    bench.forbids = DISCHARGE
    bench.run(500)
    bench.current_ma = 20_000
    bench.run(500)
    bench.forbids = 0
    began = bench.gear.precharge
    until(bench, lambda: bench.commands.discharge)
    assert began.tries == 0 and began.state != PAUSED


def test_not_wanted_any_more_is_no_failed_try():
    bench = started(Bench())
    bench.load_uf = 1e6
    bench.live[ids.DISCHARGE_WANTED] = 0
    bench.run(200)
    assert not bench.commands.precharge
    assert bench.gear.precharge.tries == 0
