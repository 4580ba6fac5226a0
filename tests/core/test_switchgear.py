"""The switchgear's promises, one behaviour a test: permission, order, times, diode, relays."""

from switch_bench import BOTH, CHARGE, DISCHARGE, Bench, Board, closed, commissioned, relay_board

from cellwarden import ids
from cellwarden.switch_delays import (
    BYPASS_PAUSE_MS,
    MOSFET_MIN_OFF_MS,
)
from cellwarden.switchgear import Switchgear
from heap_proof import prove_no_allocation

MASK = 0x3FFFFFFF


def test_everything_is_off_before_the_first_decision():
    bench = Bench()
    c = bench.commands
    assert not (c.charge or c.discharge or c.precharge or c.fire_secondary)


def test_nothing_closes_while_samples_are_not_ready():
    bench = Bench()
    bench.ready = False
    bench.run(5000)
    c = bench.commands
    assert not (c.charge or c.discharge or c.precharge)


def test_with_permission_both_switches_come_on_and_the_resistor_goes_off():
    c = closed().commands
    assert not c.precharge


def test_losing_readiness_for_a_moment_does_not_cut_a_moving_vehicle():
    bench = closed()
    bench.current_ma = -50_000
    bench.ready = False
    bench.run(300)
    assert bench.commands.charge and bench.commands.discharge


def test_a_forbidden_direction_opens_in_the_very_next_call():
    bench = closed()
    bench.forbids = CHARGE
    bench.step()
    assert not bench.commands.charge and bench.commands.discharge
    bench = closed()
    bench.forbids = DISCHARGE
    bench.step()
    assert bench.commands.charge and not bench.commands.discharge


def test_permission_is_needed_for_each_switch():
    bench = Bench()
    bench.live[ids.CHARGE_WANTED] = 0
    bench.run(3000)
    assert bench.commands.discharge and not bench.commands.charge
    bench = Bench()
    bench.live[ids.DISCHARGE_WANTED] = 0
    bench.run(3000)
    assert bench.commands.charge and not bench.commands.discharge and not bench.commands.precharge


def test_taking_permission_back_opens():
    bench = closed()
    bench.live[ids.CHARGE_WANTED] = bench.live[ids.DISCHARGE_WANTED] = 0
    bench.run(1000)
    assert not bench.commands.charge and not bench.commands.discharge


def test_an_opened_switch_stays_open_for_its_minimum_time():
    bench = closed()
    bench.forbids = CHARGE
    bench.step()
    bench.forbids = 0
    opened_ms = bench.now_ms
    while not bench.commands.charge:
        bench.step()
    assert bench.now_ms - opened_ms >= MOSFET_MIN_OFF_MS


def test_minimum_times_never_delay_a_protection():
    bench = Bench()
    while not bench.commands.charge:
        bench.step()
    bench.forbids = BOTH
    bench.step()
    assert not bench.commands.charge


def test_a_persons_switching_cannot_chatter():
    bench = closed()
    changes = 0
    was = True
    for _ in range(50):
        bench.live[ids.CHARGE_WANTED] ^= 1
        bench.run(50)
        changes += bench.commands.charge != was
        was = bench.commands.charge
    assert changes <= 4


# --- the body diode (safety.md 7)


def test_discharging_closes_a_blocked_charge_mosfet():
    bench = closed()
    bench.forbids = CHARGE
    bench.run(500)
    assert not bench.commands.charge
    bench.current_ma = -30_000
    bench.run(50)
    assert bench.commands.charge and bench.gear.charge_bypass


def test_the_bypass_ends_with_the_first_sample_below_its_threshold():
    bench = closed()
    bench.forbids = CHARGE
    bench.run(500)
    bench.current_ma = -30_000
    bench.run(100)
    assert bench.commands.charge
    bench.current_ma = -1400  # below 0.5 % of 300 A
    bench.step()
    assert not bench.commands.charge


def test_the_bypass_ends_with_the_first_sample_the_other_way():
    bench = closed()
    bench.forbids = CHARGE
    bench.run(500)
    bench.current_ma = -30_000
    bench.run(100)
    bench.current_ma = 30_000
    bench.step()
    assert not bench.commands.charge


def test_charging_closes_a_blocked_discharge_mosfet():
    bench = closed()
    bench.forbids = DISCHARGE
    bench.run(500)
    bench.current_ma = 30_000
    bench.run(50)
    assert bench.commands.discharge and bench.gear.discharge_bypass
    bench.current_ma = -30_000
    bench.step()
    assert not bench.commands.discharge


def test_no_bypass_when_both_directions_are_forbidden():
    bench = closed()
    bench.forbids = CHARGE
    bench.run(500)
    bench.current_ma = -30_000
    bench.run(100)
    assert bench.commands.charge
    bench.forbids = BOTH
    bench.step()
    assert not bench.commands.charge and not bench.commands.discharge


def test_no_bypass_without_a_current_reading():
    bench = closed()
    bench.forbids = CHARGE
    bench.run(500)
    bench.current_ma = -30_000
    bench.run(100)
    bench.lost = ("current_ma",)
    bench.step()
    assert not bench.commands.charge


def test_no_bypass_on_separate_ports_or_relays():
    for board in (Board(COMMON_PORT=False), relay_board(), relay_board(COMMON_PORT=True)):
        bench = closed(Bench(board))
        bench.forbids = CHARGE
        bench.run(500)
        bench.current_ma = -30_000
        bench.run(1000)
        assert not bench.commands.charge


def test_a_current_that_swings_does_not_chatter_the_bypass():
    bench = closed()
    bench.forbids = CHARGE
    bench.run(500)
    closings = 0
    was = False
    for n in range(200):
        bench.current_ma = -30_000 if n % 2 else 10_000
        bench.step()
        closings += bench.commands.charge and not was
        was = bench.commands.charge
    assert closings <= 200 * 10 // BYPASS_PAUSE_MS + 1


def test_a_bypass_that_becomes_permitted_does_not_switch():
    bench = closed()
    bench.forbids = DISCHARGE
    bench.run(500)
    bench.current_ma = 30_000
    bench.run(500)
    operations = bench.gear.operations
    bench.forbids = 0
    bench.run(500)
    assert bench.commands.discharge and not bench.gear.discharge_bypass
    assert bench.gear.operations == operations


def test_a_small_current_begins_no_bypass():
    bench = closed()
    bench.forbids = CHARGE
    bench.run(500)
    bench.current_ma = -1600  # over the threshold, but not enough to begin
    bench.run(1000)
    assert not bench.commands.charge


def test_charge_off_and_current_out_does_not_open_discharge():
    bench = closed()
    bench.forbids = CHARGE
    bench.current_ma = -1200
    bench.run(2000)
    assert bench.commands.discharge


# --- what happens outside


def test_a_command_taken_back_from_outside_is_a_switch_opened():
    bench = closed()
    bench.commands.all_off()
    bench.fast()
    assert not bench.commands.charge and not bench.commands.discharge
    bench.bus_mv = 0.0
    seen_precharge = False
    for _ in range(300):
        bench.step()
        seen_precharge = seen_precharge or bench.commands.precharge
        if bench.commands.discharge:
            break
    assert seen_precharge and bench.commands.discharge


def test_a_tick_that_came_too_late_starts_from_rest():
    bench = closed()
    bench.now_ms += 700  # the hardware has opened the gates meanwhile
    bench.measure()
    bench.tick()
    assert not bench.commands.charge and not bench.commands.discharge


def test_all_off_opens_everything():
    bench = closed()
    bench.gear.all_off(bench.now_ms, bench.commands)
    c = bench.commands
    assert not (c.charge or c.discharge or c.precharge)


def test_times_stay_true_after_many_days_without_switching():
    bench = Bench(start_ms=MASK - 5000)
    bench.forbids = CHARGE
    bench.run(200)
    for _ in range(400):  # a tick every half hour would miss the heartbeat: only age matters
        bench.now_ms = (bench.now_ms + 1_800_000) & MASK
        bench.measure()
        bench.tick()
        assert (bench.now_ms - bench.gear.charge_since_ms) & MASK < 0x20000000


# --- level 2


def test_the_secondary_disconnect_stays_fired_and_nothing_closes_again():
    bench = closed()
    bench.forbids = BOTH | ids.FORBID_SECONDARY
    bench.fast()
    assert bench.commands.fire_secondary
    assert not bench.commands.charge and not bench.commands.discharge
    bench.forbids = 0
    bench.gear.clear()
    bench.commands.all_off()
    bench.run(5000)
    assert bench.commands.fire_secondary
    assert not bench.commands.charge and not bench.commands.discharge


def test_a_board_without_a_secondary_disconnect_fires_nothing():
    bench = closed(Bench(Board(SECONDARY_FITTED=False)))
    bench.forbids = BOTH | ids.FORBID_SECONDARY
    bench.run(200)
    assert not bench.commands.fire_secondary and not bench.commands.discharge


def test_a_fired_disconnect_is_remembered_over_a_restart():
    bench = Bench()
    bench.gear.restore(True, 12, 3)
    bench.run(3000)
    # It keeps everything off, and is not fired into a disconnect that was replaced.
    assert not bench.commands.fire_secondary
    assert not bench.commands.discharge and not bench.commands.charge
    assert (bench.gear.operations, bench.gear.loaded_operations) == (12, 3)


def test_a_replaced_disconnect_lets_the_switches_close_again():
    bench = Bench()
    bench.gear.restore(True, 12, 3)
    bench.run(3000)
    bench.gear.disconnect_replaced(bench.commands)
    bench.run(5000)
    assert bench.commands.charge and bench.commands.discharge


# --- state


def test_the_state_says_what_the_board_does():
    bench = Bench()
    bench.ready = False
    bench.run(200)
    assert bench.gear.state == ids.BOARD_STATE_IS_STARTING
    bench.ready = True
    bench.run(100)
    assert bench.gear.state == ids.BOARD_STATE_IS_PRECHARGING
    bench.run(3000)
    assert bench.gear.state == ids.BOARD_STATE_IS_READY
    bench.current_ma = 10_000
    bench.run(200)
    assert bench.gear.state == ids.BOARD_STATE_IS_CHARGING
    bench.current_ma = -10_000
    bench.run(200)
    assert bench.gear.state == ids.BOARD_STATE_IS_DISCHARGING
    bench.forbids = BOTH
    bench.run(200)
    assert bench.gear.state == ids.BOARD_STATE_IS_FAULT
    bench.forbids = 0
    bench.live[ids.CHARGE_WANTED] = bench.live[ids.DISCHARGE_WANTED] = 0
    bench.run(200)
    assert bench.gear.state == ids.BOARD_STATE_IS_STANDBY
    bench.settings.commissioned = False
    bench.run(200)
    assert bench.gear.state == ids.BOARD_STATE_IS_UNCOMMISSIONED


def test_a_decision_allocates_nothing():
    benches = [Bench(), Bench(relay_board())]

    def pass_time():
        for bench in benches:
            bench.now_ms += 50
            r = bench.readings
            r.current_ma.put(bench.measured_ma, bench.now_ms)
            r.pack_mv.put(bench.pack_mv, bench.now_ms)
            r.bus_mv.put(bench.pack_mv if bench.now_ms % 2000 > 500 else 0, bench.now_ms)
            bench.forbids = CHARGE if bench.now_ms % 3000 > 2000 else 0
            bench.measured_ma = -40_000 if bench.now_ms % 5000 > 2000 else 0
            bench.fast()
            bench.tick()

    prove_no_allocation(pass_time, repeats=400)


def test_a_board_decides_by_its_own_rating_what_a_current_is():
    settings = commissioned(Board())
    assert settings.live[ids.CHARGE_WANTED] == 1
    small = closed(Bench(Board(RATING_MA=100_000)))
    assert isinstance(small.gear, Switchgear)
    small.forbids = CHARGE
    small.run(500)
    small.current_ma = -1600  # 1.5 times 1 A: enough on a small board
    small.run(100)
    assert small.commands.charge


def test_a_held_direction_is_not_closed_and_a_closed_one_not_opened():
    bench = Bench()
    bench.gear.hold = BOTH
    bench.run(3000)
    c = bench.commands
    assert not (c.charge or c.discharge or c.precharge)
    bench.gear.hold = 0
    closed(bench)
    bench.gear.hold = BOTH
    bench.run(1000)
    assert c.charge and c.discharge


def test_holding_a_running_precharge_stops_it_without_using_up_a_try():
    bench = Bench()
    while not bench.commands.precharge:
        bench.step()
    bench.gear.hold = DISCHARGE
    bench.step()
    assert not bench.commands.precharge and bench.gear.precharge.tries == 0
