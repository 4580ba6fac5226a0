"""The secondary disconnect blows for a cell, never for a cut sense wire or an old latch."""

import pytest

import boards.sim as board
from cellwarden import ids, state_record
from cellwarden_host.desk import Desk
from cellwarden_host.sim.provision import commissioned


@pytest.fixture
def desk():
    made = Desk(board, commissioned(board))
    made.run(5000)
    assert made.charge and made.discharge
    return made


def level_two_ms(desk):
    live = desk.controller.settings.live
    return live[ids.CELL_OV2_DELAY_MS] + 300


def test_a_cell_over_level_two_on_whole_wires_fires_the_disconnect_in_time(desk):
    desk.cell_mv[6] = 4310
    desk.run(level_two_ms(desk))
    assert desk.controller.commands.fire_secondary
    assert not desk.charge and not desk.discharge


def test_a_cut_wire_that_makes_a_cell_read_high_opens_the_switches_and_spares_the_fuse(desk):
    desk.cell_mv[6] = 4900
    desk.cell_mv[7] = 2500
    desk.open_wires = (7,)
    desk.run(20_000)
    assert not desk.charge and not desk.discharge
    assert not desk.controller.commands.fire_secondary


def test_the_disconnect_waits_for_checks_that_do_not_come(desk):
    desk.check_wires = False
    desk.cell_mv[6] = 4310
    desk.run(20_000)
    assert not desk.charge and not desk.discharge
    assert not desk.controller.commands.fire_secondary
    desk.check_wires = True
    desk.run(400)
    assert desk.controller.commands.fire_secondary


def test_a_latch_whose_cell_has_come_back_fires_nothing_later(desk):
    desk.check_wires = False
    desk.cell_mv[6] = 4310
    desk.run(level_two_ms(desk))
    desk.cell_mv[6] = 3700
    desk.run(500)
    desk.check_wires = True
    desk.run(20_000)
    assert desk.active(ids.RULE_CELL_OV2)
    assert not desk.controller.commands.fire_secondary


def test_a_wire_cut_while_an_older_level_two_is_latched_spares_the_fuse(desk):
    desk.check_wires = False
    desk.cell_mv[6] = 4310
    desk.run(level_two_ms(desk))
    desk.cell_mv[6] = 3700
    desk.check_wires = True
    desk.run(20_000)
    desk.cell_mv[11] = 4900
    desk.tick()
    desk.open_wires = (12,)
    desk.run(20_000)
    assert not desk.controller.commands.fire_secondary


def test_a_chemistry_chosen_wrongly_opens_the_switches_and_spares_the_fuse():
    desk = Desk(board, commissioned(board, chemistry="lto"))
    desk.run(20_000)
    assert desk.active(ids.RULE_CELL_OV2)
    assert not desk.charge and not desk.discharge
    assert not desk.controller.commands.fire_secondary


def test_the_disconnect_is_armed_over_a_restart(desk):
    saved = bytearray(state_record.SIZE)
    length = state_record.dump(desk.controller, saved, desk.now_ms)
    after = Desk(board, commissioned(board))
    after.cell_mv[6] = 4310
    assert state_record.load(after.controller, bytes(saved[:length]), 0)
    after.run(level_two_ms(after))
    assert after.controller.commands.fire_secondary


def test_cells_that_do_not_add_up_to_the_pack_spare_the_fuse(desk):
    desk.cell_mv[6] = 4310
    desk.pack_mv = sum(desk.cell_mv) * 103 // 100
    desk.run(20_000)
    assert not desk.charge and not desk.discharge
    assert not desk.controller.commands.fire_secondary


def test_a_high_cell_beside_an_absurdly_low_one_spares_the_fuse(desk):
    desk.cell_mv[6] = 4900
    desk.cell_mv[7] = 2400
    desk.run(20_000)
    assert not desk.charge and not desk.discharge
    assert not desk.controller.commands.fire_secondary
