"""What ours is held against: counting coulombs, and a common extended Kalman filter.

In floating point, on a PC only. They are told what ours is told: capacity, first charge, the
cell's curve and the rows as the bad sensors gave them. The filter is the textbook's (G. L.
Plett, J. Power Sources 134, 2004): charge and the voltages of two RC pairs, resistances that
stay what they are, errors taken as white. ``fit`` says where its resistances come from.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

from .trace import About, Trace

# "Within 20 points, evenly": the standard deviation of what one is told at the start.
SOC0_SIGMA = 20 / math.sqrt(3) / 100
# The sheet's worst sensors, in C and in parts.
_OFFSET_C = 0.001
_GAIN = 0.005


class Curve:
    """A cell's open-circuit voltage; charge from 0 to 1."""

    def __init__(self, about: About) -> None:
        self._soc = [percent / 100 for percent in about.ocv_percent]
        self._mv = about.ocv_mv

    def at(self, soc: float) -> tuple[float, float]:
        """mV, and mV for the whole of the charge at this slope."""
        i = min(max(bisect_right(self._soc, soc), 1), len(self._soc) - 1)
        low = self._soc[i - 1]
        slope = (self._mv[i] - self._mv[i - 1]) / (self._soc[i] - low)
        return self._mv[i - 1] + (soc - low) * slope, slope

    def soc(self, mv: float) -> float:
        i = min(max(bisect_right(self._mv, mv), 1), len(self._mv) - 1)
        low = self._mv[i - 1]
        step = self._mv[i] - low
        part = min(max((mv - low) / step, 0.0), 1.0) if step > 0 else 0.0
        return self._soc[i - 1] + part * (self._soc[i] - self._soc[i - 1])


def coulombs(trace: Trace, soc0_percent: float) -> list[float]:
    """Counted from ``soc0_percent``, and nothing else; kept within 0 and 100."""
    soc, last_s = soc0_percent, trace.t_s[0]
    told = []
    for t_s, ma in zip(trace.t_s, trace.current_ma, strict=True):
        soc += ma * (t_s - last_s) / 36 / trace.about.capacity_mah
        soc = min(max(soc, 0.0), 100.0)
        last_s = t_s
        told.append(soc)
    return told


def coulombs_from_told(trace: Trace) -> list[float]:
    return coulombs(trace, trace.about.soc0_percent)


def coulombs_from_voltage(trace: Trace) -> list[float]:
    """As if the cell had rested before the first row."""
    return coulombs(trace, 100 * Curve(trace.about).soc(trace.cell_mv[0]))


@dataclass(frozen=True)
class Circuit:
    """mV at 1 C over the series resistance and over two RC pairs, their time constants, and
    the error that is left: of these figures, RMS in mV."""

    r0_mv: float
    r1_mv: float
    tau1_s: float
    r2_mv: float
    tau2_s: float
    left_mv: float


# Fitted by ``python -m cellwarden_host.soc_trials.fit``, on the traces to tune on.
CIRCUITS = {
    "nmc": Circuit(106, 45, 20, 40, 80, 25),
    "lfp": Circuit(63, 68, 80, 67, 2560, 18),
    "na_polyanion": Circuit(204, 81, 40, 24, 2560, 23),
    "lto": Circuit(16, 24, 40, 17, 2560, 3),
}


def kalman(trace: Trace, circuit: Circuit | None = None) -> tuple[list[float], list[float]]:
    """SOC and its standard deviation in percent, one a row."""
    about = trace.about
    c = circuit or CIRCUITS[about.chemistry]
    curve = Curve(about)
    z, v1, v2 = about.soc0_percent / 100, 0.0, 0.0
    # Covariance: z, v1 and v2 with themselves and each other.
    pzz, pz1, pz2, p11, p12, p22 = SOC0_SIGMA**2, 0.0, 0.0, 25.0, 0.0, 25.0
    noise = c.left_mv**2 + 2.0**2 + 5.0**2 / 12
    told, sigma = [], []
    last_s = trace.t_s[0]
    for t_s, ma, mv in zip(trace.t_s, trace.current_ma, trace.cell_mv, strict=True):
        dt = t_s - last_s
        last_s = t_s
        c_rate = ma / about.capacity_mah
        a1, a2 = math.exp(-dt / c.tau1_s), math.exp(-dt / c.tau2_s)
        z += c_rate * dt / 3600
        v1 = a1 * v1 + (1 - a1) * c.r1_mv * c_rate
        v2 = a2 * v2 + (1 - a2) * c.r2_mv * c_rate
        off_c = _OFFSET_C + _GAIN * abs(c_rate)
        bz, b1, b2 = off_c * dt / 3600, (1 - a1) * c.r1_mv * off_c, (1 - a2) * c.r2_mv * off_c
        pzz += bz * bz
        pz1 = a1 * pz1 + bz * b1
        pz2 = a2 * pz2 + bz * b2
        p11 = a1 * a1 * p11 + b1 * b1
        p12 = a1 * a2 * p12 + b1 * b2
        p22 = a2 * a2 * p22 + b2 * b2

        ocv_mv, h = curve.at(z)
        missed = mv - ocv_mv - c.r0_mv * c_rate - v1 - v2
        gz, g1, g2 = h * pzz + pz1 + pz2, h * pz1 + p11 + p12, h * pz2 + p12 + p22
        s = h * gz + g1 + g2 + noise
        kz, k1, k2 = gz / s, g1 / s, g2 / s
        z = min(max(z + kz * missed, 0.0), 1.0)
        v1 += k1 * missed
        v2 += k2 * missed
        pzz -= kz * gz
        pz1 -= kz * g1
        pz2 -= kz * g2
        p11 -= k1 * g1
        p12 -= k1 * g2
        p22 -= k2 * g2
        told.append(100 * z)
        sigma.append(100 * math.sqrt(max(pzz, 0.0)))
    return told, sigma
