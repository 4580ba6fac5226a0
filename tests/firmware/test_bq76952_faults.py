"""A BQ76952 that fails: what the driver says, and how soon."""

import pytest
from bq76952_rig import CYCLE_MS, OV_MV, SHORT_MA, Bus, Rig, bring_up, nothing_valid, running

from firmware.drivers.bq76952_link import crc8
from firmware.drivers.bq76952_setup import COV


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
    rig.run_ms(10_000)
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
                frame[at + 3] = crc8(bytes((high - 1,)), 1)
                into[:] = frame


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
    rig.run_ms(25_000)
    assert len(seen) > 3_900 and all(abs(mv - 0x0D00) <= 6 for mv in seen)


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


def test_no_reading_counts_before_the_first_scan_of_a_chip_set_up():
    rig = Rig(set_up=False)
    assert bring_up(rig)[1] and rig.chip.ready and rig.chip.stale()
    rig.sampler.sample_current(rig.now_ms)
    rig.sampler.collect(rig.now_ms)
    assert nothing_valid(rig)


def test_the_alert_pin_for_a_sleep():
    rig = Rig()
    assert rig.chip.alert_on(0xE000)
    rig.run_ms(500)
    assert rig.model.chip.alarm == 0 and rig.readings.cells_valid is False
    rig.outside.cell_mv[0] = OV_MV + 100.0
    rig.run_ms(2_500)
    assert rig.model.chip.alarm_enable == 0xE000 and rig.chip.safety_a & COV
