"""What a cell is put through, in parts of its capacity an hour (C), charging positive.

A profile is a list of segments: a current given second by second (or slower), a rest, a charge
with constant current and then constant voltage, a discharge to a voltage. Drawn from a seeded
generator, so that the same seed gives the same profile. It must never look at a model's
answer: what ends at a voltage is left to the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Flow:
    """Currents in C, one every ``step_s`` seconds, straight lines between them."""

    c_rate: Array
    step_s: float = 1.0

    @property
    def duration_s(self) -> float:
        return (len(self.c_rate) - 1) * self.step_s

    @property
    def corners(self) -> tuple[Array, Array]:
        """Seconds and C of the points that are not on a line between their neighbours."""
        bend = np.abs(np.diff(self.c_rate, 2)) > 1e-9
        kept = np.concatenate([[True], bend, [True]])
        at_s: Array = np.flatnonzero(kept) * self.step_s
        return at_s, self.c_rate[kept]


@dataclass(frozen=True)
class Rest:
    duration_s: float


@dataclass(frozen=True)
class Charge:
    """To ``end_mv`` at ``c_rate``, then at this voltage until ``cut_c_rate`` is left."""

    c_rate: float
    end_mv: int
    cut_c_rate: float = 0.04


@dataclass(frozen=True)
class Discharge:
    c_rate: float
    end_mv: int


Segment = Flow | Rest | Charge | Discharge


def drive(
    rng: np.random.Generator,
    seconds: int,
    mean_c: float,
    highway: float,
    peak_c: float = 2.5,
    regen: float = 0.6,
) -> Flow:
    """Stop and go and stretches of fast road, by a car's power: ``highway`` is their share.

    ``mean_c`` is about the mean current drawn, ``peak_c`` the most; ``regen`` the share of
    braking that comes back.
    """
    speed: list[float] = []
    now = 0.0
    while len(speed) < seconds:
        fast = rng.random() < highway
        top = rng.uniform(22, 34) if fast else rng.uniform(6, 15)
        for target, slope in ((top, rng.uniform(0.6, 2.2)), (0.0, rng.uniform(0.8, 2.6))):
            while abs(now - target) > slope:
                now += slope if target > now else -slope
                speed.append(now)
            now = target
            stay = rng.uniform(60, 400) if fast and target else rng.uniform(5, 50)
            sway = rng.normal(0, 0.3, int(stay)).cumsum() * 0.2 if target else np.zeros(int(stay))
            speed.extend(np.maximum(target + sway, 0.0))
    v = np.array(speed[:seconds])
    a = np.gradient(v)
    power = (1600 * a + 1600 * 9.81 * 0.01 + 0.38 * v * v) * v + 500
    power = np.where(power < 0, power * regen, power / 0.9)
    drawn = np.clip(power * mean_c / power.mean(), -0.5 * peak_c, peak_c)
    return Flow(-drawn[: seconds // 2 * 2].reshape(-1, 2).mean(1), 2.0)


def solar_days(
    rng: np.random.Generator, days: int, swing: float, step_s: float = 60.0, drift: float = 0.0
) -> Flow:
    """Midnight to midnight: sun with passing clouds less a house's load.

    Over a day the charge goes up and down by about ``swing`` of the capacity, and is ``drift``
    higher at its end.
    """
    n = int(86_400 / step_s)
    flows = []
    hour = np.arange(n) * step_s / 3600
    for _ in range(days):
        sun = np.clip(np.sin((hour - 6.5) / 11 * np.pi), 0, None) * (hour < 17.5)
        clouds = _clouds(rng, n, step_s)
        load = 0.12 + 0.10 * np.exp(-(((hour - 19.5) / 2.0) ** 2))
        load += 0.05 * np.exp(-(((hour - 7.0) / 1.0) ** 2))
        load += _appliances(rng, n, step_s)
        made = sun * clouds
        made *= load.sum() / made.sum()
        flow = made - load
        depth = np.ptp(np.cumsum(flow)) * step_s / 3600
        flows.append(flow * swing / depth + drift / 24)
    return Flow(np.append(np.concatenate(flows), 0.0), step_s)


def _clouds(rng: np.random.Generator, n: int, step_s: float) -> Array:
    """1 is clear sky."""
    clear = np.ones(n)
    cloudy = rng.uniform(0.05, 0.5)
    i = 0
    while i < n:
        spell = int(rng.exponential(900) / step_s) + 6
        if rng.random() < cloudy:
            clear[i : i + spell] = rng.uniform(0.15, 0.6)
        i += spell
    return _smooth(clear, 3)


def _appliances(rng: np.random.Generator, n: int, step_s: float) -> Array:
    """A fridge that comes and goes, and now and then a kettle or an oven."""
    load = np.zeros(n)
    period = int(rng.uniform(2400, 4200) / step_s)
    for start in range(int(rng.uniform(0, period)), n, period):
        load[start : start + period // 3] += 0.03
    for _ in range(rng.integers(6, 14)):
        start = int(rng.uniform(6.0, 23.0) * 3600 / step_s)
        load[start : start + int(rng.uniform(120, 2400) / step_s)] += rng.uniform(0.1, 0.35)
    return load


def _smooth(values: Array, width: int) -> Array:
    return np.convolve(np.pad(values, width, mode="edge"), np.ones(width) / width, "same")[
        width:-width
    ]


def pulses(
    rng: np.random.Generator, seconds: int, base_c: float, pulse_c: float, mean_s: float = 90.0
) -> Flow:
    """An inverter's load: a base, and rectangular pulses of many heights; negative draws."""
    flow = np.full(seconds, base_c)
    t = 0
    while t < seconds:
        length = int(rng.exponential(mean_s)) + 4
        if rng.random() < 0.45:
            flow[t : t + length] += pulse_c * rng.uniform(0.2, 1.0)
        t += length
    return Flow(flow)
