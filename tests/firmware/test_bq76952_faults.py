"""A BQ76952 that fails: what the driver says, what it switches, and how soon."""

import pytest
from bq76952_rig import DISCHARGE_MA, OV_MV, SHORT_MA, UV_MV, Bus, Rig

from firmware.drivers.bq76952_setup import COV, HWDF, SCD

CYCLE_MS = 100


def running(**options):
    rig = Rig(**options)
    rig.switch_on()
    assert rig.fets() == (True, True)
    return rig


def nothing_valid(rig):
    r = rig.readings
    return not (r.cells_valid or r.current_ma.valid or r.pack_mv.valid or r.bus_mv.valid)


def test_a_silent_chip_is_void_within_a_cycle_and_lost_after_three():
    rig = running()
    rig.model.silent = True
    assert rig.until(lambda: nothing_valid(rig)) <= CYCLE_MS + 10
    assert not any(rig.readings.cell_valid)
    assert rig.until(lambda: rig.readings.chip_lost) <= 3 * CYCLE_MS
    assert not rig.readings.feedback_valid
    rig.model.silent = False
    assert rig.until(lambda: rig.readings.cells_valid) <= 2 * CYCLE_MS + 20
    assert not rig.readings.chip_lost


def test_a_silent_bus_costs_no_more_time_than_a_good_one():
    rig = running()
    rig.model.silent = True
    rig.longest_us = 0
    rig.run_ms(2_000)
    assert rig.longest_us < 5_000


def test_noise_on_the_bus_is_ridden_out_and_counted():
    rig = running()
    rig.model.noise_every = 997
    errors = rig.readings.pec_errors
    sets = rig.readings.cells_count
    rig.run_ms(10_000)
    assert rig.readings.pec_errors > errors + 10
    assert rig.readings.cells_count - sets >= 98
    assert rig.fets() == (True, True) and rig.chip.ready


def test_heavy_noise_brings_no_wrong_value():
    rig = running()
    rig.model.noise_every = 37
    wrong = []

    def look():
        if rig.readings.cells_valid:
            wrong.extend(mv for mv in rig.readings.cell_mv[:16] if abs(mv - 3_300) > 10)
        if rig.readings.current_ma.valid and abs(rig.readings.current_ma.value) > 300:
            wrong.append(rig.readings.current_ma.value)

    rig.on_tick = look
    rig.run_ms(20_000)
    assert not wrong


class TornBus(Bus):
    """Lets a new result arrive between the two bytes of the same cell, cycle after cycle."""

    def readfrom_into(self, address, into):
        super().readfrom_into(address, into)
        if len(into) == 96:
            frame = bytearray(into)
            at = 2 * (0x14 - 0x0A + 2 * 4)
            low, high = frame[at], frame[at + 2]
            if low < 0x10:  # the old conversion's low byte, the new one's high byte
                frame[at + 2] = high - 1
                frame[at + 3] = crc_of(high - 1)
                into[:] = frame


def crc_of(byte):
    from firmware.drivers.bq76952_link import crc8

    return crc8(bytes((byte,)), 1)


def test_bytes_of_two_conversions_are_not_taken_for_a_value():
    rig = running(bus_type=TornBus)
    rig.outside.cell_mv[4] = 0x0D00 + 3
    seen = []
    rig.on_tick = lambda: seen.append(rig.readings.cell_mv[4])
    rig.run_ms(5_000)
    assert len(seen) > 40 and all(abs(mv - 0x0D03) <= 5 for mv in seen[2:])


def test_a_result_that_changes_under_the_reader():
    """The model fetches byte by byte while its scan goes on, around a change of high byte."""
    rig = running()
    rig.outside.cell_mv = [0x0D00 - 0.5] * 16
    rig.run_ms(500)
    seen = []
    rig.on_tick = lambda: seen.extend(rig.readings.cell_mv[:16])
    rig.run_ms(60_000)
    assert len(seen) > 9_000 and all(abs(mv - 0x0D00) <= 6 for mv in seen)


def test_stuck_bits_show_where_they_are_large():
    """Below 2 % of the stack a stuck bit is left to the core's rule on cell differences."""
    rig = running()
    rig.model.chip.stuck[7] = (0, 0x0800)  # 2048 mV less
    rig.run_ms(300)
    r = rig.readings
    assert r.pack_mv.value - sum(r.cell_mv[:16]) > r.pack_mv.value * 2 // 100
    rig.model.chip.stuck[7] = (0x1000, 0)  # 4096 mV more: no cell has that
    rig.run_ms(300)
    assert not r.cells_valid and not r.cell_valid[7]


@pytest.mark.parametrize("after", [0, 1, 7, 20, 33, 60])
def test_reset_behind_our_back(after):
    rig = running()
    rig.model.reset_after = after
    began = rig.clock.now_us
    assert rig.until(lambda: not rig.chip.ready) <= 5 * CYCLE_MS
    # from the reset itself: within one cycle
    assert rig.clock.now_us - began < (after // 4 + 2) * CYCLE_MS * 1000
    assert nothing_valid(rig) and rig.fets() == (False, False)
    assert rig.chip.resets_seen == 1
    rig.run_ms(2_000)
    # outputs are still commanded: not set up again before they are off
    assert not rig.chip.ready and rig.model.chip.por
    rig.commands.charge = rig.commands.discharge = False
    assert rig.until(lambda: rig.readings.cells_valid) <= 1_200
    assert rig.fets() == (False, False)
    rig.switch_on()
    assert rig.fets() == (True, True)


def test_reset_while_it_is_set_up():
    rig = Rig(set_up=False)
    rig.run_ms(250)
    assert rig.chip.busy
    rig.model.reset_after = 3
    rig.run_ms(3_000)
    assert rig.chip.ready and rig.readings.cells_valid
    for address, data in rig.chip.setup.runs:
        assert rig.model.chip.memory.block(address)[: len(data)] == data


def test_settings_that_change_without_a_reset():
    rig = running()
    rig.model.chip.memory.write(0x9278, b"\x6e")
    assert rig.until(lambda: not rig.chip.ready) <= 1_100
    assert nothing_valid(rig)


def test_a_chip_that_answers_but_does_not_measure():
    rig = running()
    rig.model.chip.frozen = True
    assert rig.until(lambda: nothing_valid(rig)) <= 3 * CYCLE_MS + 20
    assert not rig.readings.chip_lost  # it does answer
    rig.model.chip.frozen = False
    assert rig.until(lambda: rig.readings.cells_valid) <= CYCLE_MS + 20


def test_a_clock_that_stands_is_a_chip_that_is_lost():
    rig = running()
    chip = rig.model.chip
    rig.on_tick = lambda: setattr(chip, "clock_s", 100.0)
    assert rig.until(lambda: not rig.chip.ready) <= 5_000


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


def test_the_end_of_the_range_is_said():
    rig = Rig()
    rig.outside.current_ma = 900_000.0  # 225 mV over the shunt
    rig.run_ms(100)
    assert rig.chip.clipped and rig.readings.current_ma.value >= 790_000
    rig.outside.current_ma = 100_000.0
    rig.run_ms(100)
    assert not rig.chip.clipped
    assert rig.readings.current_ma.value == pytest.approx(100_000, abs=300)


def test_a_permanent_failure_ends_everything():
    rig = running()
    rig.model.chip.permanent = 0x01
    assert rig.until(lambda: not rig.chip.ready) <= CYCLE_MS + 10
    assert nothing_valid(rig)


def test_a_chip_that_sleeps_unasked_is_woken():
    rig = running()
    rig.model.chip.sleep_enabled = True
    rig.model.chip.mode = 1
    rig.run_ms(500)
    assert not rig.model.chip.sleep_enabled and rig.readings.cells_valid


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


def test_thermistors_open_and_shorted():
    rig = Rig()
    rig.outside.temp_c[3] = None
    rig.outside.temp_c[4] = "short"
    rig.outside.temp_c[5] = -20.0
    rig.run_ms(2_500)
    states = list(rig.readings.temp_state)
    assert states[:3] == [2, 3, 1] and abs(rig.readings.temp_dc[2] + 200) <= 1
    assert rig.readings.temps_valid


def test_a_latched_alarm_is_told_once_and_released():
    rig = running()
    alarms = []
    rig.on_tick = lambda: alarms.append(rig.chip.alarm & 0xC000)
    rig.outside.current_ma = -(SHORT_MA + 20_000.0)
    rig.run_ms(150)
    rig.outside.current_ma = 0.0
    rig.run_ms(100)
    rig.model.chip.protections.status["A"] = 0  # gone before anybody asks again
    rig.run_ms(300)
    assert 0x4000 in alarms and alarms[-1] == 0
    assert rig.model.chip.alarm & 0xC000 == 0


@pytest.mark.parametrize("mv", [-400.0, 5_600.0])
def test_a_pin_that_cannot_be_a_cell_is_no_cell(mv):
    rig = running()
    rig.outside.cell_mv[5] = mv
    assert rig.until(lambda: not rig.readings.cells_valid) <= 2 * CYCLE_MS
    assert not rig.readings.cell_valid[5] and rig.readings.cell_valid[4]


def test_a_fet_that_was_not_told_is_told_again():
    rig = running()
    rig.model.silent = True
    rig.outputs._charge = None  # the pin is dead as well
    rig.commands.charge = False
    rig.run_ms(100)
    assert rig.fets()[0]
    rig.model.silent = False
    assert rig.until(lambda: not rig.fets()[0]) <= CYCLE_MS + 10
