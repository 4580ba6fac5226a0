"""Heat without a cause, on the simulator's thermal model with drives, weather and a heater.

A sensor has a delay of two minutes against its cells and 1 degC of noise; everything else is
the model of cellwarden_host.sim.thermal. A hot spot is a fault's heat in one zone.
"""

import random
from bisect import bisect_right

import pytest

import boards.sim as board
from cellwarden import ids
from cellwarden.readings import TEMP_COUNT, TEMP_OK, Readings
from cellwarden.self_heating import SelfHeating
from cellwarden.ticks import MASK
from cellwarden_host.sim.cells import Cells
from cellwarden_host.sim.load import read_profile
from cellwarden_host.sim.pack_config import PackConfig
from cellwarden_host.sim.provision import commissioned
from cellwarden_host.sim.thermal import Thermal

NOISE_C = 1.0
DELAY_S = 120.0
FOUND_S = 600
MOST_HONEST_DC = 45  # of the 60 at which it warns


class Warmth:
    """A pack with currents and air as told; ``spot_w`` heats the first zone."""

    def __init__(self, chemistry="nmc", capacity_mah=100_000, ambient_dc=250, uohm=0):
        self.config = PackConfig(
            chemistry=chemistry, capacity_mah=capacity_mah, ambient_dc=ambient_dc
        )
        self.cells = Cells(self.config)
        self.thermal = Thermal(self.config)
        self.settings = commissioned(board, chemistry=chemistry, capacity_mah=capacity_mah)
        self.heating = SelfHeating(board)
        self.readings = Readings()
        self.rng = random.Random(4)
        self.sensor_c = list(self.thermal.temp_c)
        self.uohm = uohm
        self.spot_w = 0.0
        self.heater = False
        self.now_ms = 0
        self.most_dc = -1

    def run(self, seconds, ma=0.0):
        """The seconds until it would have warned, or None."""
        for passed in range(int(seconds)):
            self._second(ma(passed) if callable(ma) else ma)
            self.most_dc = max(self.most_dc, self.heating.rise_dc)
            if self.heating.rise_dc >= self.settings.live[ids.SELF_HEATING_WARN_DC]:
                return passed
        return None

    def _second(self, ma):
        self.cells.step(1.0, ma)
        heat = self.cells.heat_j()
        if self.heater:
            heat = [joule + self.config.heater_mw / 1000 / 4 for joule in heat]
        heat[0] += self.spot_w
        self.cells.refresh(self.thermal.temp_c[:4])
        self.thermal.step(1.0, [*heat, ma * ma * 4e-10, 0.0])
        r = self.readings
        for sensor in range(TEMP_COUNT):
            delay_s = DELAY_S if sensor < 4 else 1.0
            self.sensor_c[sensor] += (
                self.thermal.temp_c[sensor] - self.sensor_c[sensor]
            ) / delay_s
            seen_c = self.sensor_c[sensor] + self.rng.gauss(0, NOISE_C)
            r.temp_dc[sensor] = round(seen_c * 10)
            r.temp_state[sensor] = TEMP_OK
        for tick in range(3):
            self.now_ms = (self.now_ms + (400 if tick else 200)) & MASK
            if tick == 0:
                r.temps_done(self.now_ms)
            r.current_ma.put(int(ma), self.now_ms)
            self.heating.update(r, self.settings.live, self.uohm, self.heater, self.now_ms)


@pytest.mark.parametrize("ambient_dc", [-100, 50, 400])
@pytest.mark.parametrize("chemistry", ["nmc", "lfp", "lto"])
def test_a_day_of_driving_and_charging_is_no_hot_spot(chemistry, ambient_dc):
    """The first hours of the packaged day: a ride at up to 240 A, a fast charge, a ride."""
    times, currents = read_profile("day")
    warmth = Warmth(chemistry, ambient_dc=ambient_dc)
    assert warmth.run(2 * 3600, lambda s: currents[bisect_right(times, s) - 1]) is None
    assert warmth.most_dc < MOST_HONEST_DC


@pytest.mark.parametrize("uohm", [0, 600])
def test_an_hour_at_full_current_and_the_rest_after_it(uohm):
    warmth = Warmth(uohm=uohm)
    assert warmth.run(3000, -100_000.0) is None
    assert warmth.run(3000) is None
    assert warmth.run(1200, 50_000.0) is None
    assert warmth.most_dc < MOST_HONEST_DC


def test_the_heater_in_the_cold():
    warmth = Warmth(capacity_mah=40_000, ambient_dc=-150)
    warmth.run(300)
    warmth.heater = True
    assert warmth.run(3600) is None
    assert warmth.most_dc < MOST_HONEST_DC


def test_the_sun_on_the_roof():
    """The air gains 25 degC in two hours."""
    warmth = Warmth(capacity_mah=20_000)
    for minute in range(120):
        warmth.thermal.ambient_c = 10 + minute * 25 / 120
        assert warmth.run(60) is None
    assert warmth.most_dc < MOST_HONEST_DC


@pytest.mark.parametrize("load_ma", [0.0, -20_000.0, -60_000.0])
def test_a_hot_spot_is_found_within_ten_minutes(load_ma):
    """600 W in a quarter of the pack, 12 kJ/K: 3 degC a minute."""
    warmth = Warmth()
    assert warmth.run(900, load_ma) is None
    warmth.spot_w = 600.0
    found_s = warmth.run(FOUND_S, load_ma)
    assert found_s is not None and warmth.heating.where == 1
    assert warmth.thermal.temp_c[0] < 65, "the limit of the temperature tells it as soon"
