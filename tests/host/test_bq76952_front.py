"""A plant with a BQ76952: what of the pack the chip sees, and what it may switch."""

import pytest

import boards.esp32_16s as board
from cellwarden_host.sim.bq76952_chip import FET_EN
from cellwarden_host.sim.bq76952_front import Bq76952Front
from cellwarden_host.sim.bq76952_protections import SCD
from cellwarden_host.sim.faults import FAULTS
from cellwarden_host.sim.plant import Plant

MS = 1000


def permitted(armed=SCD, **pack):
    """A plant whose chip, pins and heartbeat all say yes."""
    plant = Plant(board, {"cells": 16, "load_cap_uf": 0, **pack})
    chip = plant.front.model.chip
    chip.memory.write(0x9308, b"\x0d")
    chip.memory.write(0x92FA, bytes(board.BQ76952_PINS))
    chip.memory.write(0x9261, bytes((armed,)))
    chip.memory.write(0x9286, b"\x05")  # 100 mV
    chip.restart(0)
    chip.manufacturing |= FET_EN
    chip.protections.host_off = 0
    plant.gates_enabled(True, 1 * MS)
    for pin in ("charge_gate", "discharge_gate"):
        plant.set_output(pin, 1, 2 * MS)
    plant.advance(10 * MS)
    assert on(plant) == (True, True)
    return plant


def on(plant):
    return plant.pack.charge.closed, plant.pack.discharge.closed


@pytest.mark.parametrize(
    "no, left",
    [
        (lambda plant: plant.set_output("charge_gate", 0, 20 * MS), (False, True)),
        (lambda plant: plant.set_output("discharge_gate", 0, 20 * MS), (True, False)),
        (lambda plant: plant.gates_enabled(False, 20 * MS), (False, False)),
        (lambda plant: plant.hard_reset(20 * MS), (False, False)),
        (lambda plant: plant.inject("chip_reset", 1), (False, False)),
        (lambda plant: plant.inject("chip_silent", 1), (False, False)),
    ],
    ids=["charge pin", "discharge pin", "heartbeat", "reset", "chip reset", "no supply"],
)
def test_each_of_them_can_say_no(no, left):
    plant = permitted()
    no(plant)
    assert on(plant) == left


def test_a_chip_that_says_no_wins_over_pins_and_heartbeat():
    plant = permitted()
    plant.front.model.chip.protections.host_off = 0x0F
    plant.advance(20 * MS)
    assert on(plant) == (False, False)


def test_a_short_circuit_is_the_chips_and_over_at_once():
    plant = permitted()
    plant.inject("short_circuit")
    assert on(plant) == (False, False)
    assert not plant.pack.short_latched, "the chip remembers, no latch of the board"
    assert plant.front.model.chip.protections.status["A"] & SCD


def test_without_its_comparator_armed_nothing_ends_a_short_circuit():
    plant = permitted(armed=0)
    plant.inject("load_short")
    assert plant.pack.current_ma < -400_000


def test_cells_currents_and_terminals_are_seen_where_they_are():
    plant = permitted()
    plant.inject("cell", 16, 3_333)
    plant.inject("load_connect", 30_000)
    plant.advance(3_000 * MS)
    outside = plant.front.outside
    assert outside.cell_mv[15] == pytest.approx(3_333, abs=1)
    assert outside.current_ma == pytest.approx(plant.pack.current_ma)
    assert outside.ld_pin_mv == outside.pack_pin_mv == plant.pack.bus_mv
    assert plant.front.model.chip.results[15] == pytest.approx(3_333, abs=10)


def test_fewer_cells_have_the_last_one_on_the_top_pin():
    plant = Plant(board, {"cells": 9})
    mv = plant.front.outside.cell_mv
    assert all(v > 3_000 for v in mv[:8]) and not any(mv[8:15]) and mv[15] > 3_000
    plant.inject("open_wire", 8)
    assert plant.harness.open_pins() == set(range(8, 16))
    plant.clear()
    plant.inject("open_wire", 9)
    assert plant.harness.open_pins() == {16}


def test_exchanged_wires_are_seen_as_such():
    plant = Plant(board, {"cells": 16})
    true = plant.pack.all_cell_mv()
    plant.inject("swap_wires", 8)
    plant.advance(10 * MS)
    assert plant.front.outside.cell_mv[8] == pytest.approx(-true[8])


def test_what_bleeds_is_what_the_chip_bleeds():
    plant = permitted()
    plant.front.model.chip.start_balancing(0x8001, plant.now_us)
    plant.advance(20 * MS)
    bleeds = plant.pack.cells.bleed_ma
    assert [i for i, ma in enumerate(bleeds) if ma] == [0, 15]
    assert bleeds[0] == pytest.approx(plant.pack.all_cell_mv()[0] / 110, rel=0.02)


def test_what_cannot_fail_here_is_refused_by_name():
    with pytest.raises(ValueError, match="no such part"):
        Plant(board, {"cells": 16}).inject("ina_silent")
    with pytest.raises(ValueError, match="3 to 16 cells"):
        Plant(board, {"cells": 17})


# Arguments that a fault takes where (1, 1, ...) will not do.
ARGUMENTS = {
    "afe_noise": (97,),
    "relay_weld": ("charge",),
    "relay_chatter": ("charge",),
    "chip_bit_stuck": (1, 3, 9, 0),
    "charger_connect": (66_000, 20_000),
}


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - Bq76952Front.lacks))
def test_every_other_fault_comes_and_goes(fault):
    plant = permitted()
    names = FAULTS[fault][1]
    plant.inject(fault, *ARGUMENTS.get(fault, (1,) * len(names)))
    plant.advance(500 * MS)
    plant.clear()
    plant.advance(1_000 * MS)
    assert plant.truth()["faults"] == []
    chip = plant.front.model.chip
    assert not chip.frozen and not chip.stuck and not plant.front.model.silent
    assert not plant.harness.open and not plant.harness.swapped
