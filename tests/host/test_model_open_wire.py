"""Cut sense wires: what ordinary conversions and the open-wire test show."""

import pytest
from model_bench import ADCV, Bench, open_wires


@pytest.mark.parametrize("wire", range(25))
def test_the_data_sheets_test_finds_each_wire(wire):
    bench = Bench()
    assert open_wires(bench) == set()
    bench.plant.inject("open_wire", wire)
    bench.wait(200_000)
    bench.wake()
    assert open_wires(bench) == {wire}
    bench.plant.clear("open_wire")
    bench.wait(200_000)
    bench.wake()
    assert open_wires(bench) == set()


@pytest.mark.parametrize("wire", (0, 24))
def test_one_run_is_not_enough_for_the_outer_wires(wire):
    bench = Bench()
    bench.plant.inject("open_wire", wire)
    assert open_wires(bench, runs=1) == set()


def test_two_wires_of_one_cell_are_both_missed_or_found_but_never_healthy():
    bench = Bench()
    bench.plant.inject("open_wire", 5)
    bench.plant.inject("open_wire", 9)
    assert open_wires(bench) == {5, 9}


def test_a_floating_tap_keeps_the_sum_and_drifts():
    bench = Bench()
    before = bench.cells()
    bench.plant.inject("open_wire", 4)
    after = []
    for _ in range(40):
        bench.wait(100_000)
        bench.wake()
        after = bench.cells(ADCV)
    assert abs(sum(after) - sum(before)) < 100
    assert abs(after[3] - before[3]) > 300
    assert abs(after[3] + after[4] - before[3] - before[4]) < 40
    assert max(abs(a - b) for a, b in zip(after[:3], before[:3], strict=True)) < 20


def test_swapped_wires_read_impossible_cells():
    bench = Bench()
    bench.plant.inject("swap_wires", 4)
    codes = bench.cells()
    assert codes[4] == 0
    assert codes[3] > 57_000
    assert codes[5] > 57_000
