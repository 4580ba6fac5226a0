"""Relays are not opened under load needlessly, and an ended lease never opens a running pack."""

from switch_bench import BOTH, DISCHARGE, Bench, closed, relay_board

from cellwarden import ids
from cellwarden.switch_delays import (
    RELAY_WAIT_MS,
)
from cellwarden.switchgear import LEASE_REST_MS, urgent_forbids

# --- relays (safety.md 17)


def test_a_relay_asks_for_no_current_and_opens_when_it_has_fallen():
    bench = closed(Bench(relay_board()))
    bench.current_ma = -100_000
    bench.run(100)
    bench.forbids = DISCHARGE
    bench.run(500)
    assert bench.commands.discharge and bench.gear.stop_requested == DISCHARGE
    bench.current_ma = -15_000
    bench.step()
    bench.step()
    assert not bench.commands.discharge and bench.gear.stop_requested == 0
    assert bench.gear.loaded_operations == 0


def test_a_relay_waits_two_seconds_and_no_longer():
    bench = closed(Bench(relay_board()))
    bench.current_ma = -100_000
    bench.run(100)
    bench.forbids = DISCHARGE
    began_ms = bench.now_ms
    while bench.commands.discharge:
        bench.step()
    assert RELAY_WAIT_MS <= bench.now_ms - began_ms <= RELAY_WAIT_MS + 20
    assert bench.gear.loaded_operations == 1


def test_a_relay_does_not_wait_for_an_over_current():
    bench = closed(Bench(relay_board()))
    bench.current_ma = -100_000
    bench.run(100)
    bench.forbids = bench.gear.urgent = DISCHARGE
    bench.step()
    assert not bench.commands.discharge


def test_a_relay_does_not_wait_when_the_disconnect_fires_or_the_current_is_unknown():
    bench = closed(Bench(relay_board()))
    bench.current_ma = -100_000
    bench.run(100)
    bench.forbids = BOTH | ids.FORBID_SECONDARY
    bench.step()
    assert not bench.commands.discharge
    bench = closed(Bench(relay_board()))
    bench.current_ma = -100_000
    bench.run(100)
    bench.lost = ("current_ma",)
    bench.forbids = BOTH
    bench.step()
    assert not bench.commands.discharge


def test_a_relay_that_need_not_open_after_all_stays_closed():
    bench = closed(Bench(relay_board()))
    bench.current_ma = -100_000
    bench.run(100)
    bench.forbids = DISCHARGE
    bench.run(500)
    bench.forbids = 0
    bench.run(3000)
    assert bench.commands.discharge and bench.gear.stop_requested == 0


def test_over_currents_and_dangers_are_urgent_and_temperatures_are_not():
    class Protection:
        def __init__(self, rule):
            self.rule = rule

        def is_active(self, rule):
            return rule == self.rule

    for rule in (ids.RULE_DISCHARGE_OC, ids.RULE_DISCHARGE_PEAK, ids.RULE_DISCHARGE_CONTINUOUS):
        assert urgent_forbids(Protection(rule)) == DISCHARGE
    for rule in (ids.RULE_SHORT_CIRCUIT, ids.RULE_CELL_OV2, ids.RULE_CURRENT_LOST):
        assert urgent_forbids(Protection(rule)) == BOTH
    for rule in (ids.RULE_POWER_OT, ids.RULE_CELL_UV1, ids.RULE_CELL_OV1, ids.RULE_CHARGE_OT):
        assert urgent_forbids(Protection(rule)) == 0


def test_switchings_of_the_discharge_switch_are_counted_and_those_under_load():
    bench = closed()
    assert bench.gear.operations == 1
    bench.current_ma = -50_000
    bench.run(100)
    bench.forbids = DISCHARGE
    bench.step()
    assert (bench.gear.operations, bench.gear.loaded_operations) == (2, 1)


# --- lease (safety.md 18)


def test_an_ended_lease_never_opens_a_running_pack():
    bench = closed()
    bench.lease_over = True
    bench.current_ma = -5_000
    bench.step()
    for _ in range(LEASE_REST_MS // 300 + 100):
        bench.now_ms += 300
        bench.measure()
        bench.tick()
    assert bench.commands.discharge


def test_an_ended_lease_opens_a_pack_that_rests_and_keeps_it_off_but_charging_stays():
    bench = closed()
    bench.lease_over = True
    bench.run(100)
    began_ms = bench.now_ms
    while bench.commands.discharge:
        bench.now_ms += 300
        bench.measure()
        bench.tick()
    assert LEASE_REST_MS <= bench.now_ms - began_ms <= LEASE_REST_MS + 1000
    assert bench.commands.charge
    bench.run(5000)
    assert bench.commands.charge and not bench.commands.discharge
    assert bench.gear.state == ids.BOARD_STATE_IS_LOCKED


def test_an_ended_lease_blocks_the_next_start():
    bench = Bench()
    bench.lease_over = True
    bench.run(5000)
    c = bench.commands
    assert c.charge and not c.discharge and not c.precharge
