"""A switchgear on a bench: readings by hand or from a small load, the clock in the test's hand.

The load is a capacitor behind the switches (common port), a resistance across it, and a
current source. Currents are charging positive, as everywhere.
"""

from math import exp

import boards.sim
from cellwarden import ids
from cellwarden.commands import Commands
from cellwarden.readings import Readings
from cellwarden.settings import Settings
from cellwarden.switchgear import Switchgear

STEP_MS = 10
TICK_MS = 100
PACK_MV = 90_000
CHARGE = ids.FORBID_CHARGE
DISCHARGE = ids.FORBID_DISCHARGE
BOTH = CHARGE | DISCHARGE


class Board:
    """The simulated board's data, to be changed by a test."""

    def __init__(self, **changes):
        for name in dir(boards.sim):
            if name[0] != "_":
                setattr(self, name, getattr(boards.sim, name))
        for name in changes:
            setattr(self, name, changes[name])


def relay_board(**changes):
    values = {"SWITCH_TYPE": "relay", "COMMON_PORT": False, "RELAY_BREAK_MA": 20_000}
    values.update(changes)
    return Board(**values)


def commissioned(board, chemistry=ids.CHEMISTRY_NMC, cells=24, capacity_mah=100_000):
    settings = Settings(board)
    settings.begin(1)
    settings.preset(chemistry)
    settings.write(ids.CELL_COUNT, cells)
    settings.write(ids.CAPACITY_MAH, capacity_mah)
    settings.write(ids.CONFIRMED, 1)
    assert settings.commit(True) == ids.COMMIT_RESULT_IS_OK
    return settings


class Bench:
    """``run(ms)`` passes time in current samples of 10 ms, with a tick every 100 ms.

    ``current_ma`` is what load or charger drives while the switches let it; ``load_uf`` is the
    load's capacitor, ``load_ohm`` what lies across it (0: shorted, None: nothing).
    """

    def __init__(self, board=None, start_ms=0, bus_fitted=True):
        self.board = board or Board()
        self.settings = commissioned(self.board)
        self.live = self.settings.live
        self.gear = Switchgear(self.board)
        self.commands = Commands()
        self.readings = Readings()
        self.readings.bus_mv.fitted = bus_fitted
        self.now_ms = start_ms
        self.forbids = 0
        self.ready = True
        self.lease_over = False
        self.pack_mv = PACK_MV
        self.bus_mv = 0.0
        self.load_uf = 2000
        self.load_ohm = None
        self.current_ma = 0
        self.lost = ()  # names of readings that get no sample
        self.joules = 0.0  # into the resistor, in all
        self.heat_j = 0.0  # what is still in it: it loses its budget in a minute
        self.measured_ma = 0
        self.told_ready = False  # as of the newest tick
        self.told_lease_over = False
        self._since_tick_ms = 0

    def run(self, ms):
        for _ in range(ms // STEP_MS):
            self.step()
        return self

    def step(self):
        self.pass_time(STEP_MS)

    def pass_time(self, ms):
        """``ms`` (at most a tick's) in one piece: a sample, and the call that is due."""
        for _ in range(ms // STEP_MS):
            self.now_ms = (self.now_ms + STEP_MS) & 0x3FFFFFFF
            self._flow()
        self.measure()
        self._since_tick_ms += ms
        if self._since_tick_ms >= TICK_MS:
            self._since_tick_ms = 0
            self.tick()
        else:
            self.fast()

    def tick(self):
        self.told_ready = self.ready
        self.told_lease_over = self.lease_over
        self.gear.tick(
            self.now_ms,
            self.readings,
            self.forbids,
            self.ready,
            self.settings,
            self.lease_over,
            self.commands,
        )

    def fast(self):
        self.gear.fast(self.now_ms, self.readings, self.forbids, self.settings, self.commands)

    def measure(self):
        r = self.readings
        values = {
            "current_ma": self.measured_ma,
            "pack_mv": self.pack_mv,
            "bus_mv": int(self.bus_mv),
        }
        for name in values:
            if name in self.lost:
                getattr(r, name).miss()
            else:
                getattr(r, name).put(values[name], self.now_ms)

    def _flow(self):
        """What flows in this step: through the switches, or through the resistor."""
        lost_j = self.board.PRECHARGE_ENERGY_J * STEP_MS / 60_000
        self.heat_j = max(0.0, self.heat_j - lost_j)
        c = self.commands
        if c.discharge:
            self.bus_mv = float(self.pack_mv)
        elif c.precharge:
            self._through_resistor()
            return
        elif self.load_ohm is not None:
            self.bus_mv = 0.0
        out = self.current_ma < 0
        conducts = c.discharge if out else c.charge
        self.measured_ma = self.current_ma if conducts else 0

    def _through_resistor(self):
        """The bus moves along its exponential; the heat is counted from its higher end."""
        ohm = self.board.PRECHARGE_OHM
        before_mv = self.bus_mv
        if self.load_ohm == 0:
            self.bus_mv = before_mv = 0.0
        else:
            siemens = 1 / ohm + (1 / self.load_ohm if self.load_ohm else 0)
            end_mv = self.pack_mv / ohm / siemens
            farad = self.load_uf / 1e6
            left = exp(-STEP_MS / 1000 * siemens / farad) if farad else 0.0
            self.bus_mv = end_mv + (before_mv - end_mv) * left
        over_mv = self.pack_mv - self.bus_mv
        most_mv = max(over_mv, self.pack_mv - before_mv) if self.load_uf else over_mv
        heat_j = most_mv * most_mv / ohm / 1e6 * STEP_MS / 1000
        self.joules += heat_j
        self.heat_j += heat_j
        self.measured_ma = -int(over_mv / ohm)


def closed(bench=None):
    """A bench whose switches have both come on."""
    bench = bench or Bench()
    bench.run(3000)
    assert bench.commands.charge and bench.commands.discharge
    return bench
