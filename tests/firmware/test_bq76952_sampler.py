"""Measuring with a BQ76952: readings in their usual shapes, wires, balancing, and its cost."""

import pytest
from bq76952_rig import Rig

TRAFFIC = {"transactions": 20, "bytes": 185}  # a cycle of 100 ms, 16 cells, with CRC


def open_wires(rig):
    return [i for i, cut in enumerate(rig.readings.open_wire) if cut]


@pytest.mark.parametrize("cells", [3, 7, 13, 16])
def test_cells_of_any_pack_in_their_order(cells):
    rig = Rig(cells=cells)
    for i in range(cells):
        rig.outside.cell_mv[i if i < cells - 1 else 15] = 3_200.0 + 10 * i
    rig.run_ms(300)
    r = rig.readings
    assert r.cells_valid and list(r.cell_valid) == [1] * cells + [0] * (32 - cells)
    assert all(abs(r.cell_mv[i] - 3_200 - 10 * i) < 6 for i in range(cells))
    assert r.stray_mv < 10
    assert abs(r.pack_mv.value - sum(rig.outside.cell_mv)) < 60


def test_a_map_that_cannot_be_has_no_cells():
    rig = Rig()
    assert rig.sampler.configure(4, [1, 2, 3, 15], 0x3F)
    rig.run_ms(1_500)
    assert rig.chip.ready and not rig.readings.cells_valid
    assert not any(rig.readings.cell_valid)


def test_a_voltage_where_no_cell_should_be():
    rig = Rig(cells=13)
    rig.outside.cell_mv[13] = 3_300.0
    rig.run_ms(300)
    assert abs(rig.readings.stray_mv - 3_300) < 6


def test_pins_are_bus_and_charger():
    rig = Rig()
    rig.outside.ld_pin_mv, rig.outside.pack_pin_mv = 51_230.0, 54_000.0
    rig.run_ms(500)
    assert abs(rig.readings.bus_mv.value - 51_230) <= 20
    assert abs(rig.readings.charger_mv.value - 54_000) <= 20


@pytest.mark.parametrize("ma", [-180_000, -1_000, 0, 25_000])
def test_current_every_25_ms_charging_positive(ma):
    rig = Rig()
    rig.outside.current_ma = float(ma)
    rig.run_ms(200)
    count = rig.readings.current_ma.count
    rig.run_ms(1_000)
    assert 39 <= rig.readings.current_ma.count - count <= 41
    assert abs(rig.readings.current_ma.value - ma) <= 100 + abs(ma) // 1000


def test_calibration_takes_the_zero_before_the_gain():
    rig = Rig()
    rig.outside.current_ma = 101_000.0
    rig.chip.set_calibration(1_000, 20_000)
    rig.run_ms(200)
    assert abs(rig.readings.current_ma.value - 102_000) <= 200


def test_the_chips_own_counter():
    rig = Rig()
    before = rig.chip.charge_mah
    rig.outside.current_ma = -180_000.0
    rig.run_ms(20_000)
    assert rig.chip.charge_mah - before == pytest.approx(-1_000, abs=60)


def test_new_limits_wait_for_outputs_that_are_off():
    rig = Rig()
    rig.switch_on()
    rig.chip.set_voltages(4_200, 2_500)
    rig.run_ms(2_000)
    assert rig.fets() == (True, True) and rig.chip.setup_due and rig.readings.cells_valid
    assert rig.model.chip.settings["COV Threshold"] == 75
    rig.commands.charge = rig.commands.discharge = False
    rig.run_ms(1_500)
    assert not rig.chip.setup_due and rig.model.chip.settings["COV Threshold"] == 84


def test_no_cut_wire_on_a_whole_harness_even_under_a_jumping_load():
    rig = Rig()
    rig.run_ms(5_000)
    assert rig.readings.open_wire_count >= 2 and not open_wires(rig)
    rig.on_tick = lambda: setattr(
        rig.outside, "cell_mv", [3_300.0 - 250 * (rig.ticks // 7 % 2) - i for i in range(16)]
    )
    rig.run_ms(30_000)
    assert not open_wires(rig)


@pytest.mark.parametrize("wire", [1, 2, 8, 15, 16])
@pytest.mark.parametrize("nf", [100.0, 470.0])
def test_a_wire_that_is_cut_while_running(wire, nf):
    rig = Rig()
    rig.run_ms(3_000)
    rig.outside.pin_nf = nf
    rig.outside.open_pins.add(wire)
    assert rig.until(lambda: open_wires(rig)) <= 7_000
    assert open_wires(rig) == [wire]
    rig.outside.open_pins.clear()
    rig.run_ms(7_000)
    assert not open_wires(rig)


def test_what_only_one_check_saw_is_not_reported():
    rig = Rig()
    rig.outside.open_pins.add(3)
    rig.until(lambda: open_wires(rig))
    seen = set()
    rig.on_tick = lambda: seen.add(tuple(open_wires(rig)))
    rig.outside.cell_mv[10], rig.outside.cell_mv[11] = 3_000.0, 3_600.0
    rig.run_ms(2_300)
    rig.outside.cell_mv[10] = rig.outside.cell_mv[11] = 3_300.0
    rig.run_ms(8_000)
    assert seen == {(3,)}


def test_a_wire_that_was_cut_long_before():
    rig = Rig(set_up=False)
    rig.outside.open_pins.add(6)
    rig.model.chip._potentials()
    rig.model.chip._pins[6] = rig.model.chip._pins[5] - 300.0
    assert rig.until(lambda: open_wires(rig)) <= 7_000
    assert open_wires(rig) == [6]


def test_a_cell_map_of_another_pack_is_unproven_until_its_wires_were_seen():
    rig = Rig()
    rig.run_ms(5_000)
    assert rig.sampler.configure(15, None, 0x3F)
    rig.run_ms(1_500)
    assert rig.chip.ready and not rig.readings.cells_valid
    rig.run_ms(4_000)
    assert rig.readings.cells_valid


def test_balancing_follows_commands_and_spares_neighbours():
    rig = Rig(cells=13)
    for i in (0, 3, 4, 11, 12):  # cells 11 and 12 are neighbours, whatever their channels
        rig.commands.balance[i] = 1
    seen = set()
    rig.on_tick = lambda: seen.add(rig.model.chip.balancing)
    rig.run_ms(8_000)
    channels = [0, 3, 4, 11, 15]
    for mask in seen:
        on = [i for i, channel in enumerate(channels) if mask >> channel & 1]
        assert not {1, 2} <= set(on) and not {3, 4} <= set(on)
        assert not mask & ~sum(1 << channel for channel in channels)
    everything = 0
    for mask in seen:
        everything |= mask
    assert everything == sum(1 << channel for channel in channels)


def test_balancing_ends_with_its_command_and_without_readings():
    rig = Rig()
    rig.commands.balance[2] = 1
    rig.until(lambda: rig.model.chip.balancing)
    rig.commands.balance[2] = 0
    assert rig.until(lambda: not rig.model.chip.balancing) <= 110
    rig.commands.balance[2] = 1
    rig.until(lambda: rig.model.chip.balancing)
    rig.run_ms(10_000)
    assert rig.model.chip.balancing == 4  # told again before it ends
    rig.model.silent = True
    assert rig.until(lambda: not rig.model.chip.balancing, 4_000) <= 3_100


def test_no_balancing_when_the_chip_is_hot():
    rig = Rig()
    rig.commands.balance[2] = 1
    rig.until(lambda: rig.model.chip.balancing)
    rig.outside.die_c = 86.0
    rig.run_ms(3_000)
    assert not rig.model.chip.balancing and not rig.chip.balanced


def test_no_more_cells_at_once_than_the_board_allows():
    rig = Rig()
    rig.chip.setup.balance_cells = 3
    for i in range(16):
        rig.commands.balance[i] = 1
    seen = set()
    rig.on_tick = lambda: seen.add(rig.model.chip.balancing)
    rig.run_ms(60_000)
    assert max(bin(mask).count("1") for mask in seen) == 3
    everything = 0
    for mask in seen:
        everything |= mask
    assert everything == 0xFFFF


def test_what_a_cycle_costs():
    rig = Rig()
    rig.switch_on()
    rig.commands.balance[3] = 1
    rig.run_ms(1_000)
    rig.longest_us = 0
    ticks, transactions, count = rig.ticks, rig.model.transactions, rig.model.bytes
    rig.run_ms(20_000)
    ticks = rig.ticks - ticks
    assert 198 <= ticks <= 202
    assert (rig.model.transactions - transactions) / ticks <= TRAFFIC["transactions"]
    assert (rig.model.bytes - count) / ticks <= TRAFFIC["bytes"]
    assert rig.longest_us <= 5_000


def test_a_jump_of_all_cells_stays_near_the_longest_step():
    rig = Rig()
    rig.longest_us = 0
    for mv in (3_000.0, 3_400.0, 2_900.0):
        rig.outside.cell_mv = [mv] * 16
        rig.run_ms(500)
    assert rig.longest_us <= 7_000
