"""A pack with an estimator on it: rested voltages by hand, currents and time as the test says."""

from pack_bench import Pack

from cellwarden import ids
from cellwarden.estimator import STATE_SIZE, Estimator
from cellwarden.ocv_curves import POINTS, OcvCurve
from cellwarden.ocv_data import POSITIONS

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


def rested_mv(chemistry, permille):
    curve = OcvCurve()
    curve.select(chemistry)
    return (curve.dmv_at(permille * 1000) + 5) // 10


class Bench(Pack):
    """``run(ms, step_ms)``: current flows, samples come, the estimator is updated.

    The cells have the rested voltage of ``soc``; the estimator was told the same by a person.
    """

    def __init__(self, chemistry=ids.CHEMISTRY_NMC, soc=None, capacity_mah=100_000):
        Pack.__init__(self, chemistry, 8, capacity_mah=capacity_mah)
        self.chemistry = chemistry
        self.charge = Estimator()
        if soc is not None:
            self.rest_at(soc)
            self.run(100)
            self.charge.set_soc(soc)

    def know_curve(self):
        """The typical curve of the chemistry is said to be the cells' own."""
        for i in range(POINTS):
            at = POSITIONS[2 * i] | POSITIONS[2 * i + 1] << 8
            self.live[ids.OCV_MV + i] = rested_mv(self.chemistry, at)
        self.settings.revision += 1

    def rest_at(self, permille):
        self.cell_mv = [rested_mv(self.chemistry, permille)] * 8

    def run(self, ms, step_ms=100):
        for _ in range(ms // step_ms):
            self.pass_time(step_ms)
            if "current" not in self.lost:
                self.charge.add_current(self.current_ma, step_ms)
            self.update()
        return self.charge

    def update(self):
        self.charge.update(self.readings, self.quantities, self.settings, self.now_ms)

    def store(self):
        """A new estimator with what this one stored."""
        data = bytearray(STATE_SIZE)
        self.charge.state_into(data, 0)
        again = Estimator()
        again.state_from(data, 0)
        return again


def wrong_bench(chemistry, soc, believed, sigma=200, own=True):
    bench = Bench(chemistry)
    if own:
        bench.know_curve()
    bench.rest_at(soc)
    bench.run(100)
    bench.charge.begin(believed, sigma)
    return bench
