"""A simulated pack whose core sees its cells, with a charger and a load that obey its limits.

No firmware and no chips: cells in, limits out, and what a charger or a load makes of them, with
its own delays. Time passes in steps as long as the test likes.
"""

import os
import random

import boards.sim as board
from cellwarden import ids
from cellwarden import schema_data as schema
from cellwarden.access import Access
from cellwarden.controller import Controller
from cellwarden.readings import TEMP_COUNT
from cellwarden_host.bench.pack_rows import patient_board
from cellwarden_host.sim import ocv
from cellwarden_host.sim.pack import Pack
from cellwarden_host.sim.pack_config import PackConfig
from cellwarden_host.sim.provision import commissioned
from cellwarden_host.step_desk import StepDesk

CHEMISTRIES = ("nmc", "lfp", "lto", "na_layered", "na_polyanion")
START_STEPS = 150  # of 100 ms: wiring proven, precharged, limits risen
RULES = {getattr(ids, name): name[5:].lower() for name in dir(ids) if name.startswith("RULE_")}


class Follower:
    """Takes a limit ``delay_s`` late, and goes there like a capacitor in ``lag_s``; while it
    has to go up it overshoots by a part of where it goes, which dies away within a second."""

    def __init__(self, delay_s=0.0, lag_s=0.0, overshoot=0.0):
        self.delay_s = delay_s
        self.lag_s = lag_s
        self.overshoot = overshoot
        self._told = []
        self._ma = 0.0
        self._extra_ma = 0.0

    def __repr__(self):
        return f"follows after {self.delay_s} s, {self.lag_s} s, {self.overshoot:.0%} over"

    def step(self, limit_ma, dt_s):
        self._told.append(limit_ma)
        while len(self._told) > max(1, round(self.delay_s / dt_s)):
            self._told.pop(0)
        want = self._told[0]
        rise = want - self._ma
        self._ma += rise * min(1.0, dt_s / self.lag_s if self.lag_s else 1.0)
        self._extra_ma *= max(0.0, 1 - dt_s)
        if rise > want / 50:
            self._extra_ma = self.overshoot * want
        return max(0.0, self._ma + self._extra_ma)


# Stiff, late, later, lazy, overshooting.
FOLLOWERS = (
    {},
    {"delay_s": 1.0},
    {"delay_s": 3.0},
    {"lag_s": 5.0},
    {"delay_s": 1.0, "overshoot": 0.15},
)


class ChargingPack:
    """``charger`` and ``load`` follow the core's limits; ``voltage_error`` is the charger's."""

    def __init__(
        self,
        chemistry,
        *,
        soc=0.5,
        spread_mv=30,
        spread_at_mv=None,
        cells=4,
        capacity_mah=20_000,
        temp_dc=250,
        noise_mv=0.0,
        resistance=1.0,
        known_uohm=0,
        seed=1,
        changes=None,
    ):
        self.settings = commissioned(
            board, chemistry, cells=cells, capacity_mah=capacity_mah, changes=changes
        )
        self.live = self.settings.live
        self.pack = Pack(
            board,
            PackConfig(
                cells=cells,
                chemistry=chemistry,
                capacity_mah=capacity_mah,
                soc_spread_permille=0,
                ambient_dc=temp_dc,
                seed=seed,
            ),
        )
        self._spread(chemistry, soc, spread_mv, spread_at_mv, resistance)
        self.core = Controller(patient_board(), self.settings, Access(os.urandom), 0)
        readings = self.core.readings
        readings.bus_mv.fitted = readings.charger_mv.fitted = True
        self.desk = StepDesk(self.core, cells, 0)
        self.desk.set_temps([temp_dc] * TEMP_COUNT)
        self.charger = Follower()
        self.voltage_error = 0.0
        self.obeys_cvl = True
        self.load = Follower()
        self.load_ma = 0  # what the load wants
        self.noise_mv = noise_mv
        self.tripped = set()
        self.highest_mv = 0.0
        self.lowest_mv = 9999.0
        self._random = random.Random(seed)
        self._known_uohm = known_uohm
        self.pack.charger.obeys = True
        for _ in range(START_STEPS):
            self.step(0.1)
        self.core.estimator.set_soc(round(soc * 1000))
        self.tripped.clear()

    def _spread(self, chemistry, soc, spread_mv, at_mv, resistance):
        """The first cell is the fullest, by so many mV of rest voltage at ``at_mv``."""
        cells = self.pack.cells
        at_mv = at_mv or self.live[ids.CHARGE_CELL_MV]
        apart = ocv.soc_at(chemistry, at_mv) - ocv.soc_at(chemistry, at_mv - spread_mv)
        for cell in range(cells.count):
            cells.set_soc(cell, soc - apart * cell / (cells.count - 1))
        cells._r0_base = [ohm * resistance for ohm in cells._r0_base]
        cells._r1_base = [ohm * resistance for ohm in cells._r1_base]
        cells._warm()
        self.pack.refresh()
        self.pack.changed()

    @property
    def limits(self):
        return self.core.limits

    @property
    def full(self):
        return self.core.estimator.full

    def plug_in(self):
        """A charger that could do more than it may."""
        most_mv = self.pack.cells.count * 5000
        self.pack.charger.connect(most_mv, 2 * self.live[ids.CHARGE_CURRENT_MA])

    def step(self, dt_s):
        pack, limits = self.pack, self.core.limits
        charger = pack.charger
        charger.ccl_ma = self.charger.step(limits.ccl_ma, dt_s)
        error = 1 + self.voltage_error
        charger.cvl_mv = limits.cvl_mv * error if self.obeys_cvl else charger.set_mv
        pack.load.current_ma = min(self.load_ma, self.load.step(limits.dcl_ma, dt_s))
        pack.advance(pack.now_us + round(dt_s * 1_000_000))
        self._measure(round(dt_s * 1000))
        commands = self.core.commands
        pack.drive(commands.charge, commands.discharge, commands.precharge)
        self._watch()

    def _measure(self, ms):
        pack, desk = self.pack, self.desk
        noise = self._random.gauss
        mv = pack.all_cell_mv()
        self.highest_mv = max(self.highest_mv, *mv)
        self.lowest_mv = min(self.lowest_mv, *mv)
        desk.set_cells([round(v + noise(0, self.noise_mv)) for v in mv])
        desk.current_ma = round(pack.current_ma)
        desk.pack_mv = round(pack.pack_mv())
        desk.bus_mv = round(pack.bus_mv)
        desk.charger_mv = round(pack.charger_mv)
        if self._known_uohm:
            self.core.estimator.resistance_uohm = self._known_uohm
        desk.step(ms)

    def _watch(self):
        """Whatever forbids something, and the warnings before over-voltage and too much
        charging current."""
        state = self.core.protection.state
        for rule, name in RULES.items():
            if state[rule] >= 2 and (schema.RULE_FORBIDS[rule] or name in WARNINGS):
                self.tripped.add(name)

    def charge(self, dt_s=1.0, limit_s=3600):
        """Plug in, and wait until full; returns the current of each step."""
        self.plug_in()
        currents = []
        while not self.full:
            assert len(currents) * dt_s < limit_s, "not full in time"
            self.step(dt_s)
            currents.append(self.pack.current_ma)
        return currents

    def discharge(self, dt_s=1.0, limit_s=3600):
        """Let the load draw until the core calls the pack empty; returns the currents."""
        self.pack.charger.remove()
        currents = []
        while self.limits.discharge_by != ids.DISCHARGE_LIMITED_BY_IS_EMPTY:
            assert len(currents) * dt_s < limit_s, "not empty in time"
            self.step(dt_s)
            currents.append(-self.pack.current_ma)
        self.load_ma = 0
        return currents

    def run(self, seconds, dt_s=1.0):
        for _ in range(round(seconds / dt_s)):
            self.step(dt_s)


WARNINGS = ("cell_ov_warn", "charge_current_warn")


def swings(currents, band_ma):
    """How often a current turned round by more than ``band_ma``; a charge needs it once."""
    turns = 0
    way = 1
    edge = currents[0]
    for ma in currents:
        if way * (ma - edge) > 0:
            edge = ma
        elif way * (edge - ma) > band_ma:
            way = -way
            edge = ma
            turns += 1
    return turns
