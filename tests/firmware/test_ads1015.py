"""The ADS1015 behind a divider, against a model of the chip's registers.

The model is written from the datasheet (TI SBAS473, tables of the config register); the words
that start a conversion are those of Adafruit's ADS1X15 library: OS_SINGLE 0x8000, MUX_SINGLE_0
0x4000 (+0x1000 an input), PGA_2_048V 0x0400, MODE_SINGLE 0x0100, RATE_ADS1015_3300SPS 0x00C0,
CQUE_NONE 0x0003.
"""

import pytest

import firmware.clock
from firmware.drivers.ads1015 import RANGE_MV, Ads1015Divider

ADDRESS = 0x48
WORDS = {n: 0x8000 | 0x4000 + 0x1000 * n | 0x0400 | 0x0100 | 0x00C0 | 0x0003 for n in range(4)}
SLOWEST_US = 1_000_000 / (3300 * 0.9) + 25


class Chip:
    """One ADS1015 on I2C; ``volts`` at its four inputs."""

    def __init__(self):
        self.now_us = 0
        self.volts = [0.0] * 4
        self.config = 0x8583
        self.conversion = 0
        self.done_us = 0
        self.pointer = 0
        self.silent = False
        self.started = []

    # the firmware's clock
    def ticks_us(self):
        return self.now_us

    def sleep_us(self, us):
        self.now_us += us

    def writeto(self, address, data, stop=True):
        self._answers(address)
        self.pointer = data[0]
        if len(data) == 3 and data[0] == 1:
            self.config = data[1] << 8 | data[2]
            if self.config & 0x8000:
                self.started.append(self.config)
                self.done_us = self.now_us + SLOWEST_US
        return len(data)

    def readfrom_into(self, address, into, stop=True):
        self._answers(address)
        word = self._config() if self.pointer == 1 else self._result()
        into[0], into[1] = word >> 8, word & 0xFF

    def _answers(self, address):
        if self.silent or address != ADDRESS:
            raise OSError(5)

    def _config(self):
        busy = self.now_us < self.done_us
        return self.config & 0x7FFF if busy else self.config | 0x8000

    def _result(self):
        if self.now_us >= self.done_us:
            full = {0: 6.144, 1: 4.096, 2: 2.048, 3: 1.024}[self.config >> 9 & 7]
            mux = self.config >> 12 & 7
            volts = self.volts[mux - 4] if mux >= 4 else self.volts[0] - self.volts[1]
            code = max(-2048, min(2047, int(volts / full * 2048)))
            self.conversion = (code & 0xFFF) << 4
        return self.conversion


@pytest.fixture
def chip():
    made = Chip()
    firmware.clock.install(made)
    return made


@pytest.mark.parametrize("channel", range(4))
def test_each_input_is_converted_as_a_second_driver_would_ask_for_it(chip, channel):
    divider = Ads1015Divider(chip, ADDRESS, channel, 3900, 68)
    chip.volts[channel] = 1.5
    assert divider.read()
    assert chip.started == [WORDS[channel]]
    assert divider.mv == pytest.approx(1.5 * (3900 + 68) / 68 * 1000, rel=0.001)


def test_the_voltage_follows_over_the_whole_range_and_fits_30_bits(chip):
    divider = Ads1015Divider(chip, ADDRESS, 0, 3900, 68)
    for mv in range(0, RANGE_MV - 4, 13):
        chip.volts[0] = mv / 1000
        assert divider.read()
        step_mv = (3900 + 68) / 68
        assert abs(divider.mv - mv * step_mv) <= step_mv + 2
    assert 2047 * (RANGE_MV * (3900 + 68) // 68) < 1 << 30


def test_a_voltage_below_ground_is_zero_and_one_beyond_the_range_is_not_known(chip):
    divider = Ads1015Divider(chip, ADDRESS, 0, 3900, 68)
    chip.volts[0] = -0.005
    assert divider.read() and divider.mv == 0
    chip.volts[0] = 2.1
    assert not divider.read()


def test_a_conversion_that_takes_too_long_gives_no_voltage(chip):
    divider = Ads1015Divider(chip, ADDRESS, 0, 3900, 68)
    chip.volts[0] = 1.5
    original = chip.sleep_us
    chip.sleep_us = lambda us: original(us // 4)
    assert not divider.read()


def test_a_chip_that_was_reset_meanwhile_gives_no_voltage(chip):
    divider = Ads1015Divider(chip, ADDRESS, 1, 3900, 68)
    original = chip.sleep_us

    def reset(us):
        original(us)
        chip.config = 0x8583

    chip.sleep_us = reset
    chip.volts = [1.0, 1.0, 0, 0]
    assert not divider.read()


def test_a_silent_chip_raises_what_the_sampler_marks_as_missing(chip):
    divider = Ads1015Divider(chip, ADDRESS, 0, 3900, 68)
    chip.silent = True
    with pytest.raises(OSError):
        divider.read()
