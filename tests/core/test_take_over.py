"""Switches that hardware held on through a restart: taken over as they are, and judged at once."""

from switch_bench import BOTH, CHARGE, Bench

from cellwarden import ids


def taken_over(charge=True, discharge=True):
    bench = Bench()
    bench.bus_mv = float(bench.pack_mv)
    bench.gear.precharge.assume_hot()  # as after every restart
    bench.gear.take_over(charge, discharge, bench.now_ms, bench.commands)
    return bench


def test_held_switches_stay_on_without_precharge_and_without_an_operation():
    bench = taken_over()
    assert bench.commands.charge and bench.commands.discharge
    bench.run(3000)
    assert bench.commands.charge and bench.commands.discharge and not bench.commands.precharge
    assert bench.gear.operations == 0 and bench.joules == 0
    assert bench.gear.state == ids.BOARD_STATE_IS_READY


def test_a_switch_that_was_not_held_comes_on_in_the_usual_way():
    bench = taken_over(charge=True, discharge=False)
    assert bench.commands.charge and not bench.commands.discharge
    bench.run(200)
    assert not bench.commands.discharge  # the resistor has to cool first


def test_what_is_forbidden_opens_at_the_first_tick():
    bench = taken_over()
    bench.forbids = BOTH
    bench.tick()
    assert not bench.commands.charge and not bench.commands.discharge
    bench = taken_over()
    bench.forbids = CHARGE
    bench.tick()
    assert not bench.commands.charge and bench.commands.discharge


def test_a_fired_disconnect_takes_nothing_over():
    bench = Bench()
    bench.gear.restore(True, 5, 0)
    bench.gear.take_over(True, True, bench.now_ms, bench.commands)
    assert not bench.commands.charge and not bench.commands.discharge
    bench.run(500)
    assert not bench.commands.charge and not bench.commands.discharge
