"""Two locks on a BQ76952's FETs: the chip opens, the controller permits, neither forgets."""

from bq76952_rig import CYCLE_MS, DISCHARGE_MA, OV_MV, SHORT_MA, UV_MV, Rig, running

from firmware.drivers.bq76952_setup import COV, HWDF, SCD


def test_a_dead_controller_opens_the_fets_and_speaking_again_does_not_close_them():
    rig = running()
    chip = rig.model.chip
    chip.catch_up(rig.clock.now_us + 1_900_000)
    assert rig.fets() == (True, True)
    chip.catch_up(rig.clock.now_us + 2_100_000)
    assert rig.fets() == (False, False) and chip.protections.status["C"] & HWDF
    rig.clock.now_us += 3_000_000
    rig.run_ms(1_000)
    assert rig.fets() == (False, False)  # though they are commanded on
    assert rig.chip.charge_vetoed and rig.chip.discharge_vetoed
    rig.commands.charge = rig.commands.discharge = False
    rig.run_ms(200)
    rig.switch_on()
    assert rig.fets() == (True, True)


def test_pins_that_are_let_go_of_open_the_fets_without_a_word():
    rig = running()
    rig.outside.cfetoff = rig.outside.dfetoff = 0
    rig.model.chip.catch_up(rig.clock.now_us + 5_000)
    assert rig.fets() == (False, False)


def test_all_off_takes_pins_and_permission():
    rig = running()
    rig.outputs.locked = True
    rig.outputs.all_off()
    assert (rig.outside.cfetoff, rig.outside.dfetoff) == (0, 0)
    assert rig.model.chip.protections.host_off == 0x0F


def test_vetoed_charge_stays_off_when_the_cell_has_come_down():
    rig = running()
    rig.outside.cell_mv[3] = OV_MV + 60.0
    took_ms = rig.until(lambda: not rig.fets()[0])
    assert 1_900 <= took_ms <= 2_200  # the chip's own delay
    assert rig.until(lambda: rig.chip.charge_vetoed) <= CYCLE_MS + 10
    assert rig.chip.trip & COV and rig.model.chip.protections.host_off & 0x04
    assert rig.readings.feedback_valid and not rig.readings.charge_feedback
    rig.outside.cell_mv[3] = 3_300.0
    rig.run_ms(40_000)  # longer than the chip's recovery
    assert not rig.model.chip.protections.status["A"]
    assert rig.fets() == (False, True) and rig.chip.charge_vetoed
    rig.commands.charge = False
    rig.run_ms(200)
    rig.commands.charge = True
    rig.run_ms(300)
    assert rig.fets() == (True, True) and not rig.chip.charge_vetoed


def test_under_voltage_vetoes_discharge_only():
    rig = running()
    rig.outside.cell_mv[9] = UV_MV - 80.0
    rig.until(lambda: rig.chip.discharge_vetoed)
    rig.run_ms(100)
    assert rig.fets() == (True, False)
    # charging current through the diode of the open FET: the chip relieves it
    rig.outside.current_ma = 20_000.0
    rig.run_ms(200)
    assert rig.fets() == (True, True)
    rig.outside.current_ma = 500.0
    rig.run_ms(200)
    assert rig.fets() == (True, False)


def test_over_current_is_opened_in_milliseconds_and_reported():
    rig = running()
    began = rig.clock.now_us
    rig.outside.current_ma = -(DISCHARGE_MA * 3 // 2 + 20_000.0)
    rig.model.chip.catch_up(began + 15_000)
    assert not rig.fets()[1]  # the second level, 10 ms
    rig.outside.current_ma = 0.0
    assert rig.until(lambda: rig.readings.fast_overcurrent) <= CYCLE_MS + 10
    rig.run_ms(5_000)
    assert rig.readings.fast_overcurrent and not rig.fets()[1]
    rig.commands.charge = rig.commands.discharge = False
    rig.run_ms(31_000)
    assert not rig.readings.fast_overcurrent
    rig.switch_on()
    assert rig.fets() == (True, True)


def test_a_short_is_opened_at_once_and_latched_until_a_person():
    rig = running()
    rig.outside.current_ma = -(SHORT_MA + 20_000.0)
    rig.model.chip.catch_up(rig.clock.now_us + 3_100)
    assert rig.fets() == (False, False)
    rig.outside.current_ma = 0.0
    assert rig.until(lambda: rig.readings.short_circuit) <= CYCLE_MS + 10
    rig.commands.charge = rig.commands.discharge = False
    rig.commands.reset_short = True
    rig.run_ms(200)
    assert rig.readings.short_circuit  # the chip reports it still
    rig.run_ms(31_000)
    assert not rig.chip.safety_a & SCD and rig.readings.short_circuit
    rig.commands.reset_short = True
    rig.run_ms(300)
    assert not rig.readings.short_circuit


def test_deep_sleep_is_refused_while_something_may_be_on():
    rig = running()
    assert not rig.chip.deep_sleep() and not rig.chip.shut_down()
    assert rig.fets() == (True, True)
    rig.commands.charge = rig.commands.discharge = False
    rig.run_ms(200)
    assert rig.chip.deep_sleep()
    assert not rig.chip.ready and rig.model.chip.mode == 2
    assert rig.chip.wake()
    assert rig.until(lambda: rig.readings.cells_valid) <= 1_500


def test_a_fet_that_was_not_told_is_told_again():
    rig = running()
    rig.model.silent = True
    rig.outputs._charge = None  # the pin is dead as well
    rig.commands.charge = False
    rig.run_ms(100)
    assert rig.fets()[0]
    rig.model.silent = False
    assert rig.until(lambda: not rig.fets()[0]) <= CYCLE_MS + 10


def test_a_permission_that_was_overruled_is_taken_back_by_the_look_itself():
    rig = running()
    rig.outside.current_ma = -(SHORT_MA + 20_000.0)
    rig.model.chip.catch_up(rig.clock.now_us + 3_100)
    assert rig.model.chip.protections.host_off == 0x0A
    assert rig.chip.read_status()
    assert rig.model.chip.protections.host_off == 0x0F


def test_a_permission_nobody_gave_does_not_last():
    rig = running()
    rig.commands.charge = rig.commands.discharge = False
    rig.run_ms(200)
    rig.model.chip.protections.host_off = 0
    assert rig.until(lambda: rig.model.chip.protections.host_off == 0x0F) <= 4_100


def test_nothing_is_permitted_before_the_set_up():
    rig = Rig(set_up=False)
    rig.model.crc = True
    assert rig.chip.read_status()
    assert rig.chip.permit(True, True)
    assert rig.model.chip.protections.host_off == 0x0F


def test_a_chip_that_was_not_heard_yet_is_not_written_to():
    rig = Rig(set_up=False)  # it does not speak with checks, but the driver does
    rig.bus.listening = True
    assert not rig.chip.permit(False, False)
    rig.outputs.all_off()
    assert not rig.bus.frames
