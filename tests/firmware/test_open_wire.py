"""Open wires: each cut is found, and nothing else is taken for one."""

import pytest
from machine_stub import Rig
from rigs import ALL_TEMPS, open_wires, rig_of

import boards.sim as board
from cellwarden.commands import Commands
from cellwarden_host.sim.plant import Plant


@pytest.mark.parametrize("cells", [14, 19, 24])
def test_each_cut_wire_is_found_alone_by_the_first_check(cells):
    for wire in range(cells + 1):
        rig = Rig(Plant(board, {"cells": cells}), board)
        rig.sampler.configure(cells, None, ALL_TEMPS)
        rig.plant.harness.cut(wire)
        rig.run_ms(900)
        assert open_wires(rig) == [wire]


@pytest.mark.parametrize("wire", [0, 1, 11, 12, 13, 23, 24])
def test_a_wire_cut_and_mended_at_work_is_followed(wire):
    rig = rig_of()
    assert open_wires(rig) == []
    rig.plant.harness.cut(wire)
    rig.run_ms(11_500)
    assert open_wires(rig) == [wire]
    rig.plant.harness.mend(wire)
    rig.run_ms(11_500)
    assert open_wires(rig) == []


def test_of_two_neighbouring_cut_wires_at_least_one_is_found():
    for wire in range(0, 24, 3):
        rig = Rig(Plant(board, {}), board)
        rig.sampler.configure(24, None, ALL_TEMPS)
        rig.plant.harness.cut(wire)
        rig.plant.harness.cut(wire + 1)
        rig.run_ms(900)
        assert set(open_wires(rig)) & {wire, wire + 1}


def test_the_first_check_runs_at_once_and_then_every_ten_seconds():
    rig = rig_of()
    assert rig.readings.open_wire_count == 1
    rig.run_ms(9_000)
    assert rig.readings.open_wire_count == 1
    rig.run_ms(1_500)
    assert rig.readings.open_wire_count == 2


def test_a_check_with_spoilt_frames_says_nothing_and_is_repeated():
    rig = rig_of()
    count = rig.readings.open_wire_count
    rig.run_ms(9_000)
    rig.plant.chain.pec_permille = 1000
    rig.run_ms(2_000)
    assert rig.readings.open_wire_count == count
    rig.plant.chain.pec_permille = 0
    rig.run_ms(1_000)
    assert rig.readings.open_wire_count == count + 1
    assert open_wires(rig) == []


def test_a_single_suspicion_is_not_published_but_checked_again():
    rig = rig_of()
    count = rig.readings.open_wire_count
    rig.run_ms(8_900)
    rig.plant.harness.cut(5)
    while not any(rig.sampler.background._wires_before):
        rig.run_ms(10)
    assert rig.readings.open_wire_count == count  # suspected once: nobody is told it is clean
    rig.plant.harness.mend(5)
    rig.run_ms(1_000)
    assert rig.readings.open_wire_count == count + 1
    assert open_wires(rig) == []


def test_a_wire_is_published_only_when_two_checks_have_found_that_wire():
    rig = rig_of()
    rig.run_ms(8_900)
    rig.plant.harness.cut(5)
    while not any(rig.sampler.background._wires_before):
        rig.run_ms(10)
    rig.plant.harness.cut(19)
    count = rig.readings.open_wire_count
    while rig.readings.open_wire_count == count:
        rig.run_ms(10)
    assert open_wires(rig) == [5]
    rig.run_ms(500)  # the new suspicion is checked again at once
    assert open_wires(rig) == [5, 19]


def test_balancing_is_off_during_the_whole_check():
    rig = rig_of()
    commands = Commands()
    commands.balance[4] = 1
    rig.on_tick = lambda _now_ms: rig.sampler.apply_balance(commands)
    seen = []
    chain = rig.hardware.chain
    send = chain.command

    def watched(code):
        if code in (0x368, 0x328):
            seen.append(tuple(rig.plant.truth()["balancing"]))
        send(code)

    chain.command = watched
    rig.run_ms(11_000)
    assert len(seen) == 4  # two conversions each way
    assert set(seen) == {()}


def test_cells_measured_after_a_check_are_right():
    rig = rig_of()
    for _ in range(110):
        rig.run_ticks(1)
        for i, mv in enumerate(rig.plant.truth()["cell_mv"]):
            assert abs(rig.readings.cell_mv[i] - mv) <= 3


def test_a_check_is_never_split_by_a_cell_conversion():
    rig = rig_of()
    order = []
    chain = rig.hardware.chain
    send = chain.command

    def watched(code):
        if code in (0x368, 0x328, 0x360):
            order.append(code)
        send(code)

    chain.command = watched
    rig.run_ms(11_000)
    checks = [code for code in order if code != 0x360]
    first = order.index(0x368)
    assert checks == [0x368, 0x368, 0x328, 0x328]
    assert order[first : first + 4] == checks
