"""The current driver: right within the converter's step, loud when the chip is not itself."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs import rig_of

import boards.sim as board
from cellwarden.commands import Commands
from firmware.drivers.ina228 import Ina228


class Registers:
    """An I2C bus with one plain register file on it."""

    def __init__(self):
        self.values = {0x3E: 0x5449, 0x3F: 0x2281}
        self.vshunt = 0
        self.pointer = 0

    def writeto(self, _address, data, _stop=True):
        self.pointer = data[0]
        if len(data) == 3:
            self.values[data[0]] = data[1] << 8 | data[2]

    def readfrom_into(self, _address, into):
        if len(into) == 3:
            into[:] = ((self.vshunt << 4) & 0xFFFFFF).to_bytes(3, "big")
        else:
            into[:] = self.values.get(self.pointer, 0).to_bytes(2, "big")


def read(uohm, full_scale_ma, code, offset_ma=0, gain_ppm=0, sign=1):
    bus = Registers()
    shunt = Ina228(bus, 0x40, uohm, full_scale_ma, sign)
    shunt.set_calibration(offset_ma, gain_ppm)
    bus.vshunt = code
    assert shunt.read_current()
    return shunt


@given(
    uohm=st.integers(25, 2000),
    code=st.integers(-0x7FFFE, 0x7FFFE),
    offset_ma=st.integers(-2000, 2000),
    gain_ppm=st.integers(-100_000, 100_000),
    sign=st.sampled_from((1, -1)),
    fine=st.booleans(),
)
def test_current_is_the_exact_quotient_with_zero_before_gain(
    uohm, code, offset_ma, gain_ppm, sign, fine
):
    full_scale_ma = 1000 if fine else 10_000_000
    shunt = read(uohm, full_scale_ma, code, offset_ma, gain_ppm, sign)
    nanovolt = Fraction(code) * (Fraction(625, 8) if fine else Fraction(625, 2))
    exact = (sign * nanovolt / uohm - offset_ma) * (1 + Fraction(gain_ppm, 1_000_000))
    assert abs(shunt.current_ma - exact) <= 3 + abs(exact) / 400_000
    assert not shunt.clipped


@given(uohm=st.integers(25, 2000), gain_ppm=st.integers(-100_000, 100_000))
def test_no_step_of_the_arithmetic_leaves_thirty_bits(uohm, gain_ppm):
    shunt = read(uohm, 10_000_000, 0, 0, gain_ppm)
    factor = shunt._factor
    assert 0 < factor < 1 << 20
    assert (0x7FFFF >> 10) * factor + ((1023 * factor) >> 10) < 1 << 30
    assert 1023 * factor < 1 << 30


@pytest.mark.parametrize("code", [0x7FFFF, -0x80000])
def test_the_end_of_the_range_is_said(code):
    shunt = read(100, 900_000, code)
    assert shunt.clipped
    assert abs(abs(shunt.current_ma) - 1_638_400) < 10


def test_a_lost_set_up_is_known_to_the_driver_itself():
    bus = Registers()
    shunt = Ina228(bus, 0x40, 100, 900_000)
    assert not shunt.ready
    assert shunt.configure() and shunt.ready
    assert all(shunt.verify() for _ in range(8))
    bus.values[0x0D] ^= 1
    assert False in [shunt.verify() for _ in range(4)]
    assert not shunt.ready
    assert shunt.configure()
    shunt.set_limits(100_000, 100_000)
    assert not shunt.ready


def switch_on(rig):
    """Precharge the load, then both switches, with a heartbeat."""
    outputs = rig.hardware.outputs
    outputs.locked = False
    commands = Commands()
    commands.precharge = True

    def tick(_now_ms):
        outputs.apply(commands)
        outputs.heartbeat()

    rig.on_tick = tick
    rig.run_ms(3_000)
    commands.charge = commands.discharge = True
    commands.precharge = False
    rig.run_ms(1_000)


@pytest.mark.parametrize("ma", [-250_000, -2_000, 30_000])
def test_current_is_measured_with_charging_positive(ma):
    rig = rig_of()
    switch_on(rig)
    if ma > 0:
        rig.plant.inject("charger_connect", 120_000, ma)
    else:
        rig.plant.inject("load_connect", -ma)
    rig.run_ms(1_000)
    truth = rig.plant.truth()["current_ma"]
    assert truth * ma > 0 and abs(truth) > abs(ma) // 2
    assert abs(rig.readings.current_ma.value - truth) <= abs(truth) * 3 // 1000 + 150


def test_a_fresh_sample_comes_every_25_ms():
    rig = rig_of()
    count = rig.readings.current_ma.count
    rig.run_ticks(10)
    assert rig.readings.current_ma.count == count + 40


def test_the_alert_is_reported_with_the_tick_and_released_when_the_current_is_gone():
    rig = rig_of()
    rig.hardware.shunt.set_limits(200_000, 200_000)
    rig.run_ticks(2)
    assert not rig.readings.fast_overcurrent
    seen = []
    rig.on_tick = lambda _now_ms: seen.append(rig.readings.fast_overcurrent)
    rig.plant.pack.current_ma = -250_000
    solve = rig.plant.pack.solve
    rig.plant.ina.watch(rig.clock.now_us)
    rig.clock.now_us += 1_000
    rig.plant.ina.watch(rig.clock.now_us)
    rig.plant.pack.current_ma = 0.0
    solve()
    rig.run_ticks(3)
    assert seen == [True, False, False]


def test_a_meter_that_was_reset_is_missed_and_set_up_again():
    rig = rig_of()
    rig.hardware.shunt.set_limits(200_000, 150_000)
    rig.run_ticks(1)
    registers = dict(rig.plant.ina.registers)
    rig.plant.ina.reset(rig.clock.now_us)
    missed = []
    rig.on_tick = lambda _now_ms: missed.append(rig.readings.current_ma.valid)
    rig.run_ticks(2)
    assert False in missed
    rig.run_ticks(1)
    assert rig.plant.ina.registers == registers
    assert rig.readings.current_ma.valid


def test_a_meter_that_does_not_answer_is_missing_at_once_and_comes_back():
    rig = rig_of()
    rig.plant.inject("ina_silent")
    rig.run_ms(26)
    assert not rig.readings.current_ma.valid
    rig.plant.clear()
    rig.run_ms(26)  # set up anew, with no conversion of its own yet
    assert not rig.readings.current_ma.valid
    rig.run_ms(26)
    assert rig.readings.current_ma.valid


def test_a_meter_that_answers_but_does_not_convert_is_missing():
    rig = rig_of()
    rig.plant.ina.catch_up = lambda _now_us: None
    rig.run_ticks(2)
    assert not rig.readings.current_ma.valid


def test_limits_are_written_in_steps_of_the_range():
    rig = rig_of()
    rig.hardware.shunt.set_limits(600_000, 900_000)
    rig.run_ticks(1)
    registers = rig.plant.ina.registers
    assert registers[0x0C] * 5_000 // board.SHUNT_UOHM == 600_000
    assert (0x10000 - registers[0x0D]) * 5_000 // board.SHUNT_UOHM == 900_000
    rig.hardware.shunt.set_limits(9_000_000, 9_000_000)  # beyond what it can see
    rig.run_ticks(1)
    assert (registers[0x0C], registers[0x0D]) == (0x7FFF, 0x8001)
    rig.hardware.shunt.set_limits(0, 0)  # a board that has no settings yet
    rig.run_ticks(3)
    assert (registers[0x0C], registers[0x0D]) == (0x7FFF, 0x8001)
    assert not rig.readings.fast_overcurrent
