"""Sensors as bad as the product's sheet allows, laid over a model's true values.

Current: gain and offset that stay for the whole trace, some noise, whole steps. Voltage:
noise, then steps of 5 mV. Temperature: off by up to 1 degree. Current errors are scaled to the
pack's capacity.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

VOLTAGE_STEP_MV = 5
VOLTAGE_NOISE_MV = 2.0
GAIN = 0.005
# For a pack of 100 Ah, in mA; others in proportion.
OFFSET_MA = 100.0
CURRENT_NOISE_MA = 50.0
CURRENT_STEP_MA = 10.0
TEMP_ERROR_DC = 10.0
TEMP_NOISE_DC = 2.0


@dataclass(frozen=True)
class Sensors:
    """``gain``, ``offset`` and ``temp`` are parts of the worst that is allowed, -1 to 1."""

    gain: float
    offset: float
    temp: float
    seed: int

    def current_ma(self, c_rate: Sequence[float], capacity_mah: float) -> list[int]:
        """``c_rate``: true current in parts of the true capacity an hour."""
        noise = random.Random(f"{self.seed} current")
        part = capacity_mah / 100_000
        step = max(round(CURRENT_STEP_MA * part), 1)
        told = (
            c * capacity_mah * (1 + GAIN * self.gain)
            + part * (OFFSET_MA * self.offset + noise.gauss(0, CURRENT_NOISE_MA))
            for c in c_rate
        )
        return [round(ma / step) * step for ma in told]

    def cell_mv(self, true_mv: Sequence[float]) -> list[int]:
        noise = random.Random(f"{self.seed} voltage")
        told = (mv + noise.gauss(0, VOLTAGE_NOISE_MV) for mv in true_mv)
        return [round(mv / VOLTAGE_STEP_MV) * VOLTAGE_STEP_MV for mv in told]

    def temp_dc(self, true_dc: Sequence[float]) -> list[int]:
        noise = random.Random(f"{self.seed} temperature")
        error_dc = TEMP_ERROR_DC * self.temp
        return [round(dc + error_dc + noise.gauss(0, TEMP_NOISE_DC)) for dc in true_dc]
