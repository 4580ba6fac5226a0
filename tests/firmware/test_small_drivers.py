"""Thermistors, dividers, buzzer, and the output pins."""

import math

import pytest
from rigs import rig_of

from cellwarden.commands import (
    BUZZER_DANGER,
    BUZZER_PROTECTION,
    BUZZER_SILENT,
    BUZZER_WARNING,
    Commands,
)
from cellwarden.readings import TEMP_MISSING, TEMP_OK, TEMP_OPEN, TEMP_SHORTED
from firmware.drivers.buzzer import Buzzer
from firmware.drivers.divider import Divider
from firmware.drivers.ntc import Ntc
from firmware.outputs import Outputs


class FakePin:
    def __init__(self, log=None, name=""):
        self.level = None
        self.log = log if log is not None else []
        self.name = name
        self.broken = False

    def value(self, level=None):
        if self.broken:
            raise OSError(5)
        if level is None:
            return self.level
        self.level = level
        self.log.append((self.name, level))
        return None


@pytest.mark.parametrize("beta", [3435, 3950])
def test_thermistor_follows_its_formula_over_the_whole_range(beta):
    ntc = Ntc(10_000, beta, 10_000)
    for temp_dc in range(-400, 1251, 7):
        kelvin = temp_dc / 10 + 273.15
        ohm = 10_000 * math.exp(beta * (1 / kelvin - 1 / 298.15))
        code = round(30_000 * ohm / (ohm + 10_000))
        # The allowed error is a code's worth plus a tenth of a degree.
        warmer = 10_000 * math.exp(beta * (1 / (kelvin + 0.1) - 1 / 298.15))
        step = 30_000 * (ohm / (ohm + 10_000) - warmer / (warmer + 10_000))
        assert ntc.convert(code, 30_000) == TEMP_OK
        assert abs(ntc.temp_dc - temp_dc) <= 1 + 1 / step


def test_cut_and_shorted_thermistors_are_told_apart_and_give_no_value():
    ntc = Ntc(10_000, 3435, 10_000)
    assert ntc.convert(30_000, 30_000) == TEMP_OPEN
    assert ntc.convert(29_950, 30_000) == TEMP_OPEN
    assert ntc.convert(65_000, 30_000) == TEMP_OPEN
    assert ntc.convert(0, 30_000) == TEMP_SHORTED
    assert ntc.convert(100, 30_000) == TEMP_SHORTED
    assert ntc.convert(15_000, 0) == TEMP_SHORTED
    assert ntc.temp_dc == 0


def test_every_fitted_sensor_is_read_once_a_second_and_others_are_absent():
    rig = rig_of()
    rig.sampler.configure(24, None, 0b110101)
    rig.plant.inject("sensor_value", 1, -123)
    rig.plant.inject("sensor_open", 3)
    rig.plant.inject("sensor_short", 5)
    rig.plant.inject("sensor_value", 6, 654)
    rig.run_ms(200)  # another mask is measured with at once
    assert rig.readings.temps_valid
    count = rig.readings.temps_count
    rig.run_ms(1_000)
    readings = rig.readings
    assert list(readings.temp_state) == [
        TEMP_OK, TEMP_MISSING, TEMP_OPEN, TEMP_MISSING, TEMP_SHORTED, TEMP_OK,
    ]  # fmt: skip
    assert abs(readings.temp_dc[0] + 123) <= 2
    assert abs(readings.temp_dc[5] - 654) <= 2
    assert readings.temps_valid and readings.temps_count == count + 1


def test_temperatures_of_a_silent_chip_are_missing():
    rig = rig_of()
    rig.plant.inject("chip_silent", 2)
    rig.run_ms(1_100)
    assert not rig.readings.temps_valid
    assert rig.readings.temp_state[4] == TEMP_MISSING
    assert rig.readings.temp_state[0] == TEMP_OK


class FakeAdc:
    def __init__(self, code):
        self.code = code

    def read_u16(self):
        return self.code


def test_divider_scales_its_whole_range_and_refuses_its_end():
    for code in range(0, 65_390, 1111):
        divider = Divider(FakeAdc(code), 3300, 3900, 100)
        assert divider.read()
        assert abs(divider.mv - code * 132_000 / 65_536) <= 1
    assert not Divider(FakeAdc(65_535), 3300, 3900, 100).read()


def test_pack_bus_and_charger_voltages_are_measured():
    rig = rig_of()
    truth = rig.plant.truth()
    for scalar, name in (("pack_mv", "pack_mv"), ("bus_mv", "bus_mv")):
        value = getattr(rig.readings, scalar)
        assert value.fitted and value.valid
        assert abs(value.value - truth[name]) <= truth[name] // 100 + 60


def sounds(buzzer, pin, pattern, start_ms, duration_ms):
    row = []
    for ms in range(0, duration_ms, 100):
        buzzer.play(pattern, (start_ms + ms) & 0x3FFFFFFF)
        row.append(pin.level)
    return row


def test_buzzer_patterns_differ_and_survive_the_wrap_of_the_clock():
    rows = []
    for pattern in (BUZZER_SILENT, BUZZER_WARNING, BUZZER_PROTECTION, BUZZER_DANGER):
        pin = FakePin()
        row = sounds(Buzzer(pin), pin, pattern, 0, 6_000)
        pin = FakePin()
        assert sounds(Buzzer(pin), pin, pattern, 0x3FFFFFFF - 2_500, 6_000) == row
        rows.append(row)
    assert [sum(row) for row in rows] == [0, 2, 6, 30]


def test_a_pattern_that_is_played_for_weeks_keeps_its_rhythm():
    pin = FakePin()
    buzzer = Buzzer(pin)
    now_ms = 0
    for _ in range(5):  # three days each
        now_ms = (now_ms + 0x0FFFFFFF) & 0x3FFFFFFF
        buzzer.play(BUZZER_WARNING, now_ms)
        assert sum(sounds(buzzer, pin, BUZZER_WARNING, now_ms, 3_000)) == 1


def test_a_pattern_nobody_knows_sounds_as_danger():
    pin = FakePin()
    row = sounds(Buzzer(pin), pin, 77, 0, 600)
    assert sum(row) == 3


NAMES = (
    "charge_gate", "discharge_gate", "precharge_gate", "heater", "short_reset",
    "secondary_fire", "heartbeat", "charge_feedback", "discharge_feedback",
)  # fmt: skip


def outputs_and_pins():
    log = []
    pins = {name: FakePin(log, name) for name in NAMES}
    return Outputs(pins), pins, log


def everything_on():
    commands = Commands()
    commands.charge = commands.discharge = commands.precharge = commands.heater = True
    commands.reset_short = True
    return commands


def levels(pins):
    return [pins[name].level for name in NAMES[:5]]


def test_outputs_start_off_and_stay_off_while_locked():
    outputs, pins, _ = outputs_and_pins()
    assert levels(pins) == [0] * 5
    outputs.apply(everything_on())
    assert levels(pins) == [0] * 5
    outputs.locked = False
    outputs.apply(everything_on())
    assert levels(pins) == [1] * 5
    outputs.locked = True
    outputs.apply(everything_on())
    assert levels(pins) == [0] * 5


def test_what_goes_off_goes_off_before_anything_goes_on():
    outputs, pins, log = outputs_and_pins()
    outputs.locked = False
    commands = Commands()
    commands.discharge = True
    outputs.apply(commands)
    log.clear()
    commands.discharge, commands.charge = False, True
    outputs.apply(commands)
    assert log.index(("discharge_gate", 0)) < log.index(("charge_gate", 1))


def test_outputs_differ_from_commands_until_these_were_applied():
    outputs, _, _ = outputs_and_pins()
    outputs.locked = False
    commands = Commands()
    outputs.apply(commands)
    assert not outputs.differ(commands)
    for name in ("charge", "discharge", "precharge", "heater", "fire_secondary"):
        setattr(commands, name, True)
        assert outputs.differ(commands), name
        outputs.apply(commands)
        assert not outputs.differ(commands), name
    outputs.all_off()
    assert outputs.differ(commands)  # somebody has taken the outputs away meanwhile


def test_only_true_itself_switches_on():
    outputs, pins, _ = outputs_and_pins()
    outputs.locked = False
    for odd in (2, "on", None, 1):
        commands = Commands()
        commands.charge = commands.discharge = commands.precharge = commands.heater = odd
        commands.fire_secondary = odd
        outputs.apply(commands)
        assert levels(pins) == [0] * 5
        assert not outputs.fired


@pytest.mark.parametrize("broken", NAMES[:5])
def test_a_pin_that_fails_does_not_keep_the_others_on(broken):
    outputs, pins, _ = outputs_and_pins()
    outputs.locked = False
    outputs.apply(everything_on())
    pins[broken].broken = True
    outputs.all_off()
    assert [pins[n].level for n in NAMES[:5] if n != broken] == [0] * 4
    assert outputs.faults == 1


def test_the_secondary_disconnect_fires_even_while_locked_and_is_never_taken_back():
    outputs, pins, _ = outputs_and_pins()
    commands = Commands()
    commands.fire_secondary = True
    outputs.apply(commands)
    assert pins["secondary_fire"].level == 1
    commands.fire_secondary = False
    outputs.locked = False
    outputs.apply(commands)
    outputs.all_off()
    assert pins["secondary_fire"].level == 1 and outputs.fired


def test_each_heartbeat_is_one_edge():
    outputs, pins, log = outputs_and_pins()
    log.clear()
    for _ in range(4):
        outputs.heartbeat()
    assert [level for name, level in log if name == "heartbeat"] == [1, 0, 1, 0]


def test_feedback_is_not_valid_when_pins_do_not_answer():
    outputs, pins, _ = outputs_and_pins()
    pins["charge_feedback"].level, pins["discharge_feedback"].level = 1, 0
    assert outputs.read_feedback()
    assert (outputs.charge_feedback, outputs.discharge_feedback) == (1, 0)
    pins["charge_feedback"].broken = True
    assert not outputs.read_feedback()
