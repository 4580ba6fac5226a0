"""Cells with a curve, resistance and leaks, and what CellHealth makes of them: integers only,
so that both runtimes see the same; the clock is the test's."""

from pack_bench import Pack

from cellwarden import ids
from cellwarden.cell_health import CellHealth
from cellwarden.estimator import Estimator
from cellwarden.ocv_curves import OcvCurve

HOUR_MS = 3_600_000
CAPACITY = 100_000


class Bench(Pack):
    """``charge_ppm[i]`` and ``uohm[i]`` of each cell; ``run`` lets time and current pass."""

    def __init__(self, chemistry=ids.CHEMISTRY_NMC, cells=8, capacity_mah=CAPACITY):
        Pack.__init__(self, chemistry, cells, None, capacity_mah)
        self.health = CellHealth(self.board)
        self.curve = OcvCurve()
        self.curve.select(chemistry)
        self.charge = Estimator()
        self.charge.curve.select(chemistry)
        self.charge_ppm = [500_000] * cells
        self.uohm = [1000] * cells
        self.step_mv = 1  # of the front end
        self.late_ma = None  # the current that the voltages still belong to
        self.heater = False
        self.uptime_ms = 0
        self._seed = 1
        self.health.begin(ids.RESTART_CAUSE_IS_COMMAND)

    def run(self, ms, step_ms=100):
        for _ in range(ms // step_ms):
            self.tick(step_ms)

    def tick(self, step_ms=100):
        self.uptime_ms += step_ms
        moved = self.current_ma * step_ms // 3600 * 1000 // self.live[ids.CAPACITY_MAH]
        for i in range(self.cells):
            self.charge_ppm[i] += moved
            ma = self.current_ma if self.late_ma is None else self.late_ma
            drop_uv = ma * self.uohm[i] // 1000
            dmv = self.curve.dmv_at(self.charge_ppm[i]) + drop_uv // 100
            # A front end's steps, and its noise of up to 2 mV.
            self._seed = (self._seed * 20077 + 12345) & 0x7FFF
            noise = (self._seed >> 4) % 41 - 20
            self.cell_mv[i] = (dmv + noise + 5 * self.step_mv) // 10 // self.step_mv * self.step_mv
        self.pass_time(step_ms)
        self.update()

    def update(self):
        self.health.update(
            self.readings,
            self.quantities,
            self.settings,
            self.charge,
            self.commands.balance,
            self.heater,
            self.uptime_ms // 1000,
            self.now_ms,
        )

    def steps(self, count, ma=50_000, rest_ms=5000):
        """The current jumps up and down again, so often."""
        for _ in range(count):
            self.current_ma = -ma
            self.run(rest_ms)
            self.current_ma = 0
            self.run(rest_ms)
