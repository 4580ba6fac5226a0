"""Limits on numbers by hand: a pack whose cells, current and clock the test sets."""

from pack_bench import Pack

from cellwarden import ids
from cellwarden.limits import Limits

SETTLE_MS = 12_000
TICK_MS = 100
TURN_MS = 2 * TICK_MS  # each limit is worked out every other tick
CHEMISTRIES = (1, 2, 3, 4, 5)


class Bench(Pack):
    def __init__(self, chemistry=ids.CHEMISTRY_NMC, cells=8, capacity_mah=100_000):
        Pack.__init__(self, chemistry, cells, capacity_mah=capacity_mah)
        self.limits = Limits()

    def run(self, ms=SETTLE_MS):
        for _ in range(ms // TICK_MS):
            self.pass_time()
            self.update()
        return self.limits

    def update(self):
        self.limits.update(
            self.readings,
            self.quantities,
            self.protection,
            self.estimator,
            self.settings,
            self.now_ms,
        )

    def set(self, index, value):
        """As a commit would."""
        self.live[index] = value
        self.settings.revision += 1

    def at(self, mv):
        self.cell_mv = [mv] * self.cells
        return self.run()
