"""Months of a pack's life in seconds: the simulator's cells, sensors as bad as the product sheet
allows, the core's own balancer, and what CellHealth makes of it. No switches, no rules.

The cells have other curves than the controller's, capacities 5 % and resistances 10 % apart,
and discharge themselves twice as fast for every 10 degC; four zones are not equally warm.
"""

import math
import random
from types import SimpleNamespace

import boards.sim as board
from cellwarden import ids
from cellwarden.balancing import Balancer
from cellwarden.cell_health import CellHealth
from cellwarden.cell_leak import WHERE, WORST
from cellwarden.commands import Commands
from cellwarden.estimator import Estimator
from cellwarden.quantities import Quantities
from cellwarden.readings import TEMP_COUNT, TEMP_OK, Readings
from cellwarden.ticks import MASK
from cellwarden_host.sim.cells import Cells
from cellwarden_host.sim.pack_config import PackConfig
from cellwarden_host.sim.provision import commissioned

DAY_S = 86_400
NOISE_MV = 2.0
OFFSET_MV = 3.0
STEP_MV = 5
HELD_BACK = 0.72  # of the time a resistor is on
WEATHER_STEPS = 15  # how often what changes over hours is worked out anew
NOISES = 100_003  # drawn once and then gone round; no whole number of steps, hours or days


class Months:
    """``current(hour, day)`` is in parts of the capacity an hour, charging positive; the
    charger's voltage bounds it. ``leak[cell]`` is in percent a day."""

    def __init__(self, chemistry, current, *, seed=1, cells=6, capacity_mah=100_000, **pack):
        self.rng = random.Random(seed)
        self.step_s = 20
        pack = {"soc_spread_permille": 10, **pack}
        config = PackConfig(
            chemistry=chemistry,
            cells=cells,
            capacity_mah=capacity_mah,
            seed=seed,
            capacity_spread_permille=50,
            r_spread_permille=100,
            leak_ua=capacity_mah * 1000 * 0.01 / 30 / 24,  # 1 % a month
            **pack,
        )
        self.plant = Cells(config)
        self.own_leak_ma = list(self.plant.leak_ma)
        self.leak = {}
        self.current = current
        self.capacity_mah = capacity_mah
        self.cells = cells
        self.settings = commissioned(
            board, chemistry=chemistry, cells=cells, changes={"capacity_mah": capacity_mah}
        )
        self.live = self.settings.live
        self.offset_mv = [self.rng.gauss(0, OFFSET_MV) for _ in range(cells)]
        self.noise_mv = [self.rng.gauss(0, NOISE_MV) for _ in range(NOISES)]
        self.noise_at = 0
        self.health = CellHealth(board)
        self.health.begin(ids.RESTART_CAUSE_IS_COMMAND)
        self.balancer = Balancer(board)
        self.quantities = Quantities(0)
        self.readings = Readings()
        self.commands = Commands()
        self.protection = SimpleNamespace(forbids=0)
        self.estimator = Estimator()
        self.estimator.known = True
        self.estimator.curve.follow(self.settings)
        self.t_s = 0
        self.steps = 0
        self.balanced_mas = 0.0
        self.most = -1  # the worst that was ever told
        self.where = 0
        self.seen_mv = self.plant.all_mv(0.0)

    def days(self, count):
        """Live so long, or until a cell is told to leak; the day it was."""
        for _ in range(int(count * DAY_S / self.step_s)):
            self._step()
            worst = self.health.charge.leak.facts[WORST]
            if worst > self.most:
                self.most, self.where = worst, self.health.charge.leak.facts[WHERE]
            if worst >= self.live[ids.CELL_LEAK_WARN]:
                return self.t_s / DAY_S
        return None

    def _step(self):
        t_s = self.t_s = self.t_s + self.step_s
        hour, day = t_s / 3600 % 24, t_s // DAY_S
        plant = self.plant
        ma = self._bounded(self.current(hour, day) * self.capacity_mah)
        if self.steps % WEATHER_STEPS == 0:
            self._weather(hour, day)
        self.steps += 1
        plant.step(self.step_s, ma)
        plant.refresh(self.zone_c)
        self.seen_mv = plant.all_mv(ma)
        self._measure(int(ma))
        self._core(t_s * 1000 & MASK)

    def _weather(self, hour, day):
        """From 5 to 40 degC over the year and the day, zones a few degrees apart; and what
        follows from it within minutes, not seconds."""
        air_c = 20 + 10 * math.sin(day / 58) + 4 * math.sin((hour - 9) / 24 * math.tau)
        self.zone_c = [air_c + 1.5 * zone for zone in range(4)]
        plant, r = self.plant, self.readings
        for cell in range(self.cells):
            warm = 2 ** ((self.zone_c[plant._zone_of[cell]] - 25) / 10)
            lost = self.leak.get(cell, 0) / 100 * self.capacity_mah / 24
            plant.leak_ma[cell] = self.own_leak_ma[cell] * warm + lost
        for sensor in range(TEMP_COUNT):
            r.temp_dc[sensor] = round(self.zone_c[min(sensor, 3)] * 10)
            r.temp_state[sensor] = TEMP_OK
        self.quantities._temps(r, self.live)
        soc = sum(map(plant.soc, range(self.cells))) / self.cells
        self.estimator.soc_permille = round(soc * 1000)

    def _bounded(self, ma):
        """A charger holds its voltage, a load stops at the end."""
        high, low = max(self.seen_mv), min(self.seen_mv)
        if ma > 0:
            room_mv = self.live[ids.CHARGE_CELL_MV] - high
            return max(0.0, min(ma, room_mv * self.capacity_mah / 300))
        return ma if low > self.live[ids.CELL_UV_WARN_MV] + 50 else 0.0

    def _measure(self, ma):
        r = self.readings
        now_ms = self.t_s * 1000 & MASK
        noise_mv, at = self.noise_mv, self.noise_at
        for cell, mv in enumerate(self.seen_mv):
            seen = mv + self.offset_mv[cell] + noise_mv[at - cell]
            r.cell_mv[cell] = max(0, round(seen / STEP_MV) * STEP_MV)
        self.noise_at = (at + self.cells) % NOISES
        r.cells_done(now_ms)
        r.temps_done(now_ms)
        r.current_ma.put(ma, now_ms)

    def _core(self, now_ms):
        q, r, live = self.quantities, self.readings, self.live
        q._cells(r, live)
        e, plant = self.estimator, self.plant
        self.balancer.update(r, q, self.protection, e, self.settings, now_ms, self.commands)
        for cell, on in enumerate(self.commands.balance[: self.cells]):
            if on:
                ma = r.cell_mv[cell] / board.BALANCE_OHM * HELD_BACK
                plant.set_bleed(cell, ma)
                self.balanced_mas += ma * self.step_s
            elif plant.bleed_ma[cell]:
                plant.set_bleed(cell, 0.0)
        self.health.update(r, q, self.settings, e, self.commands.balance, False, self.t_s, now_ms)


def solar(seed):
    """A house: sunny and cloudy days; it reaches neither full nor empty every day."""
    rng = random.Random(seed)
    weather = [rng.choice((1.0, 0.9, 0.8, 0.5, 0.3)) for _ in range(1000)]

    def current(hour, day):
        sun = max(0.0, math.sin((hour - 7) / 11 * math.pi)) if 7 < hour < 18 else 0.0
        cooking = 0.12 if 18 < hour < 20 else 0.04 if 6 < hour < 8 else 0.0
        return 0.22 * weather[day % 1000] * sun - 0.02 - cooking

    return current


def commuter(hour, day):
    """To work and back, charged at night."""
    if 8 < hour < 8.7 or 17 < hour < 17.7:
        return -0.5 if int(hour * 120) % 3 else 0.1
    return 0.3 if 19 < hour < 24 else 0.0
