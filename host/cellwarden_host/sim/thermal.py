"""Temperatures of the pack: four battery zones, the power board, the balancing board.

Each is one thermal mass with one resistance to ambient, solved exactly over a step, so that
the step may be long. Figures are ours, sized for a 300 A board and prismatic cells. Nothing
here decides what heats.
"""

import math

ZONES = 4
POWER_BOARD = 4
BALANCE_BOARD = 5
_CELL_J_PER_K_PER_AH = 20.0  # a 2 kg, 100 Ah cell holds about 2 kJ/K
_ZONE_TAU_S = 6000.0


class Thermal:
    """``temp_c[0..3]`` battery zones, ``temp_c[4]`` power board, ``temp_c[5]`` balancing board."""

    def __init__(self, config):
        cells_per_zone = config.cells / ZONES
        zone_mass = _CELL_J_PER_K_PER_AH * config.capacity_mah / 1000 * cells_per_zone
        self.ambient_c = config.ambient_dc / 10
        self._mass = [zone_mass] * ZONES + [400.0, 60.0]
        self._k_per_w = [_ZONE_TAU_S / zone_mass] * ZONES + [1.2, 8.0]
        self.temp_c = [self.ambient_c] * 6

    def step(self, dt_s, heat_j):
        """Add ``heat_j`` (six values, joules over the step) and lose heat to ambient."""
        temps = self.temp_c
        for i in range(6):
            mass = self._mass[i]
            k_per_w = self._k_per_w[i]
            settled = self.ambient_c + heat_j[i] / dt_s * k_per_w
            temps[i] = settled + (temps[i] - settled) * math.exp(-dt_s / (mass * k_per_w))
