"""The whole board in process: what settings do to measuring, and measuring to what is proven."""

import pytest
from rigs import open_wires, rig_of, true_mv

from cellwarden import ids
from cellwarden_host.campaign.scene import Scene
from firmware.drivers.open_wire import FAILED, IDLE


@pytest.fixture
def scene():
    made = Scene()
    made.warm_up()
    assert made.controller.ready
    return made


def written_often(scene, duration_ms, every_ms=50):
    """Somebody changes a setting that concerns no driver, again and again."""
    for i in range(duration_ms // every_ms):
        scene.set(soc_low_percent=10 + i % 2)
        scene.run(every_ms)


def test_settings_that_concern_no_cell_do_not_stop_the_slow_measurements(scene):
    readings = scene.controller.readings
    temps, checks = readings.temps_count, readings.open_wire_count
    written_often(scene, 12_000)
    assert readings.temps_count >= temps + 11
    assert readings.open_wire_count > checks
    assert scene.controller.ready and scene.plant.pack.discharge.closed


def test_a_cut_wire_stays_known_while_settings_are_written(scene):
    scene.plant.inject("open_wire", 5)
    scene.controller.readings.open_wire_wanted = True
    scene.run(2_000)
    readings = scene.controller.readings
    assert sum(readings.open_wire) == 1
    for _ in range(20):
        scene.set(soc_low_percent=11)
        scene.set(soc_low_percent=10)
        scene.run(30)
        assert sum(readings.open_wire) == 1
        assert scene.controller.quantities.value[ids.Q_OPEN_WIRES] == 1


def test_a_shunt_monitor_whose_calibration_and_limits_stay_is_left_alone(scene):
    shunt = scene.app.hardware.shunt
    scene.set(soc_low_percent=11)
    for _ in range(12):
        scene.run(10)
        assert shunt.ready
    scene.set(current_offset_ma=120)
    scene.run(110)
    assert shunt.offset_ma == 120


def test_another_mask_of_sensors_is_measured_with_before_any_temperature_counts(scene):
    readings = scene.controller.readings
    waited_ms = 0
    scene.set(temps_fitted=0x1F)
    while readings.temps_valid:
        scene.run(5)
        waited_ms += 5
    assert waited_ms <= 110
    count = readings.temps_count
    scene.run(250)
    assert readings.temps_valid and readings.temps_count == count + 1
    assert scene.controller.ready and scene.plant.pack.discharge.closed


def moved(scene):
    """The same 20 cells wait on other channels than before."""
    settings = scene.settings
    settings.begin(1)
    for i in range(20):
        settings.write(ids.CELL_CHANNEL + i, i + 1 + (2 if i >= 10 else 1))
    assert settings.commit(True) == ids.COMMIT_RESULT_IS_OK


def test_cells_on_another_map_do_not_count_before_their_wires_were_checked():
    scene = Scene(pack={"cells": 20}, settings={"cell_count": 20})
    scene.warm_up()
    assert scene.controller.ready
    readings = scene.controller.readings
    check = scene.app.sampler.background._check
    step = check.step
    check.step = lambda _mapped: FAILED  # every check is spoilt
    checks = readings.open_wire_count
    moved(scene)
    scene.run(101)
    for _ in range(30):
        assert not readings.cells_valid and not scene.controller.ready
        scene.run(50)
    assert scene.active("cells_lost")
    assert not scene.plant.pack.discharge.closed and not scene.plant.pack.charge.closed
    check.state = IDLE
    check.step = step
    scene.run(500)
    assert readings.open_wire_count > checks and readings.cells_valid


def test_a_cut_wire_is_not_forgotten_when_the_map_changes():
    rig = rig_of(cells=20)
    rig.plant.inject("open_wire", 5)
    rig.readings.open_wire_wanted = True
    rig.run_ticks(10)
    assert open_wires(rig) == [5]
    rig.sampler.background._check.step = lambda _mapped: FAILED
    rig.sampler.configure(20, [i + 1 for i in range(20)], 0x3F)
    for _ in range(20):
        rig.run_ms(30)
        assert open_wires(rig) == [5]
        assert not rig.readings.cells_valid


def valid(rig):
    return [i for i in range(24) if rig.readings.cell_valid[i]]


def test_a_register_with_a_stuck_bit_takes_its_chip_s_cells_away():
    rig = rig_of()
    rig.plant.inject("cell", 3, 4310)
    rig.run_ticks(2)
    assert abs(true_mv(rig)[2] - 4310) < 3
    rig.plant.inject("chip_bit_stuck", 1, 3, 13, 0)
    rig.run_ticks(1)
    assert abs(rig.readings.cell_mv[2] - 3491) < 3  # it looks like any other cell
    rig.run_ticks(6)
    for _ in range(8):  # not only when the register is looked at while it is clear
        assert valid(rig) == list(range(12, 24)) and not rig.readings.cells_valid
        rig.run_ticks(1)
    rig.plant.clear("chip_bit_stuck")
    rig.run_ticks(2)
    assert rig.readings.cells_valid


def test_a_stuck_bit_opens_the_outputs_within_the_fault_tolerance_time(scene):
    scene.plant.inject("cell", 3, 4310)
    scene.run(200)
    scene.plant.inject("chip_bit_stuck", 1, 3, 13, 0)
    scene.run(600 + 1_000 + 200)
    assert scene.active("cells_lost")
    assert not scene.plant.pack.charge.closed and not scene.plant.pack.discharge.closed


@pytest.mark.parametrize("cells", [14, 19, 24])
def test_the_sum_agrees_whatever_the_load_does(cells):
    rig = rig_of(cells=cells)
    for i in range(60):
        rig.plant.inject("current", -300_000 if i % 2 else 100_000)
        rig.run_ms(47)
        assert not any(rig.sampler.cell_sums.bad)


def test_one_disagreement_is_not_yet_a_fault():
    rig = rig_of()
    chain = rig.hardware.chain
    read = chain.read_sums
    wrong = [1]

    def read_sums():
        read()
        if wrong.pop() if wrong else False:
            chain.sum_code[0] += 1_000  # 2 V

    chain.read_sums = read_sums
    for _ in range(12):
        rig.run_ticks(1)
        assert rig.readings.cells_valid


def test_a_chip_that_gives_no_sum_any_more_is_not_believed_for_long():
    rig = rig_of()
    chain = rig.hardware.chain
    read = chain.read_sums

    def read_sums():
        read()
        chain.sum_ok[1] = 0

    chain.read_sums = read_sums
    rig.run_ticks(20)
    assert valid(rig) == list(range(12))


def test_a_saturated_converter_gives_no_value():
    rig = rig_of()
    rig.plant.inject("cell", 4, 5_900)
    rig.run_ticks(2)
    assert valid(rig) == [i for i in range(24) if i != 3]
    assert not rig.readings.cells_valid


def test_a_restart_by_the_watchdog_is_told_for_a_while_and_not_for_ever():
    scene = Scene()
    scene.controller.conditions.watchdog_restart = 1
    scene.warm_up()
    assert scene.active("watchdog_restart")
    scene.run(62_000)
    assert not scene.active("watchdog_restart")
