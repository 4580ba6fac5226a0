"""The cells of a simulated pack: charge, open-circuit voltage, resistance, one RC pair.

Cheap by construction: between refreshes (at most a second, or 0.02 % of charge) the pack is
one voltage source and one resistance, whatever the number of cells; a cell's own voltage is
worked out only when something measures it. One relaxed current drives every cell's RC pair.
Charge is kept exactly: what flows in is what the cells hold, plus what leaked or was balanced.

mV = ohm * mA throughout; charge in mAs. Nothing here knows switches or chips.
"""

import math
import random

from . import ocv
from .thermal import ZONES

REFRESH_S = 1.0
REFRESH_PART = 0.0002  # of the capacity


class Cells:
    """``current`` is charging positive; cells count from 0, the lowest first."""

    def __init__(self, config):
        rng = random.Random(config.seed)
        n = self.count = config.cells

        def spread(permille):
            return 1 + rng.gauss(0, 1) * permille / 1000

        cap = config.capacity_mah * 3600.0
        self.capacity_mas = [cap * spread(config.capacity_spread_permille) for _ in range(n)]
        r0 = config.r0_ohm()
        self._r0_base = [r0 * abs(spread(config.r_spread_permille)) for _ in range(n)]
        self._r1_base = [0.7 * r0 * abs(spread(config.r_spread_permille)) for _ in range(n)]
        self.leak_ma = [config.leak_ua / 1000 * abs(spread(500)) for _ in range(n)]
        self.charge_mas = [
            c * (config.soc_permille + rng.gauss(0, 1) * config.soc_spread_permille) / 1000
            for c in self.capacity_mas
        ]
        self.tau_s = 30.0
        self.relaxed_ma = 0.0  # the current that the RC pairs have settled to
        self.bleed_ma = [0.0] * n  # balancing current now
        self.drain_ma = [0.0] * n  # supply tap and parasitic loads now
        self.clamp_mv = {}  # cell -> terminal voltage forced by a fault
        self.ocv_mv = [0.0] * n
        self.r0_ohm = list(self._r0_base)
        self.r1_ohm = list(self._r1_base)
        self._low, self._curve = ocv.curve(config.chemistry)
        self._extra_mas = [0.0] * n
        self._pending_mas = 0.0
        self._pending_s = 0.0
        self._square_s = 0.0  # integral of current squared, for heat
        self._limit_mas = cap * REFRESH_PART
        self._zone_c = [25.0] * ZONES
        self._zone_of = [i * ZONES // n for i in range(n)]
        self.refresh([config.ambient_dc / 10] * ZONES)

    # --- time -------------------------------------------------------------------------------

    def step(self, dt_s, current_ma):
        """Let ``current_ma`` flow through all cells; true when a refresh is due."""
        self._pending_mas += current_ma * dt_s
        self._pending_s += dt_s
        self._square_s += current_ma * current_ma * dt_s
        self.relaxed_ma += (current_ma - self.relaxed_ma) * (1 - math.exp(-dt_s / self.tau_s))
        return self._pending_s >= REFRESH_S or abs(self._pending_mas) >= self._limit_mas

    def set_bleed(self, cell, ma):
        """Balancing current of one cell from now on."""
        self._extra_mas[cell] += (ma - self.bleed_ma[cell]) * self._pending_s
        self.bleed_ma[cell] = ma

    def set_drain(self, cell, ma):
        """Any other current drawn from one cell alone from now on."""
        # refresh() takes the new current for the whole interval: give back the part before now.
        self._extra_mas[cell] += (ma - self.drain_ma[cell]) * self._pending_s
        self.drain_ma[cell] = ma

    def refresh(self, zone_c):
        """Book the pending charge, then take new voltages and resistances."""
        common, seconds = self._pending_mas, self._pending_s
        charge, extra, capacity = self.charge_mas, self._extra_mas, self.capacity_mas
        bleed, drain, leak = self.bleed_ma, self.drain_ma, self.leak_ma
        curve, low, grid, ocv_mv = self._curve, self._low, ocv.GRID, self.ocv_mv
        top = len(curve) - 2
        for i in range(self.count):
            q = charge[i] + common + extra[i] - (bleed[i] + drain[i] + leak[i]) * seconds
            charge[i] = q
            extra[i] = 0.0
            x = (q / capacity[i] - low) * grid
            k = int(x)
            if x < 0:
                ocv_mv[i] = curve[0]
            elif k > top:
                ocv_mv[i] = curve[top + 1]
            else:
                v = curve[k]
                ocv_mv[i] = v + (x - k) * (curve[k + 1] - v)
        self._pending_mas = self._pending_s = self._square_s = 0.0
        if max(abs(a - b) for a, b in zip(zone_c, self._zone_c, strict=True)) > 0.5:
            self._zone_c = list(zone_c)
            self._warm()
        self.sum_up()

    def _warm(self):
        """Resistance falls as a cell warms: Arrhenius, about 2.2 times at 0 degC."""
        factor = [math.exp(2500 * (1 / (c + 273.15) - 1 / 298.15)) for c in self._zone_c]
        for i in range(self.count):
            f = factor[self._zone_of[i]]
            self.r0_ohm[i] = self._r0_base[i] * f
            self.r1_ohm[i] = self._r1_base[i] * f

    def sum_up(self):
        """Renew the pack's one source and one resistance (clamped cells have none)."""
        self._sum_ocv = sum(self.ocv_mv)
        self.r_ohm = sum(self.r0_ohm)
        self._sum_r1 = sum(self.r1_ohm)
        for cell, mv in self.clamp_mv.items():
            self._sum_ocv += mv - self.ocv_mv[cell]
            self.r_ohm -= self.r0_ohm[cell]
            self._sum_r1 -= self.r1_ohm[cell]

    def heat_j(self):
        """Joules since the last refresh, one value a battery zone."""
        mean_r1 = self.relaxed_ma * self.relaxed_ma * self._pending_s
        heat = [0.0] * ZONES
        for i, zone in enumerate(self._zone_of):
            heat[zone] += (self.r0_ohm[i] * self._square_s + self.r1_ohm[i] * mean_r1) / 1e6
        return heat

    # --- what can be seen -------------------------------------------------------------------

    def emf_mv(self):
        """Terminal voltage of the whole stack at zero current."""
        return self._sum_ocv + self._sum_r1 * self.relaxed_ma

    def cell_mv(self, cell, current_ma):
        """Terminal voltage of one cell."""
        clamp = self.clamp_mv.get(cell)
        if clamp is not None:
            return clamp
        return (
            self.ocv_mv[cell]
            + self.r0_ohm[cell] * (current_ma - self.bleed_ma[cell])
            + self.r1_ohm[cell] * self.relaxed_ma
        )

    def all_mv(self, current_ma):
        """Terminal voltages of all cells."""
        relaxed = self.relaxed_ma
        mv = [
            v + r0 * (current_ma - b) + r1 * relaxed
            for v, r0, b, r1 in zip(
                self.ocv_mv, self.r0_ohm, self.bleed_ma, self.r1_ohm, strict=True
            )
        ]
        for cell, clamp in self.clamp_mv.items():
            mv[cell] = clamp
        return mv

    def soc(self, cell):
        """State of charge, 1.0 is full, what is pending included."""
        out = self.bleed_ma[cell] + self.drain_ma[cell] + self.leak_ma[cell]
        q = self.charge_mas[cell] + self._extra_mas[cell]
        q += self._pending_mas - out * self._pending_s
        return q / self.capacity_mas[cell]

    def set_soc(self, cell, soc):
        """Put a cell at a state of charge, as if it had been replaced."""
        self.charge_mas[cell] = soc * self.capacity_mas[cell] - self._pending_mas
        self._extra_mas[cell] = 0.0
