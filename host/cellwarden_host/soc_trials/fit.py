"""Resistances for the yardstick's filter, fitted where the truth is known.

``python -m cellwarden_host.soc_trials.fit`` prints them for each chemistry, from all traces to
tune on. With the true charge the voltage beyond the curve is linear in the resistances; the
time constants are the best pair of a grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .making import made
from .trace import Trace
from .trials import TUNE
from .yardsticks import Circuit, Curve

Array = NDArray[Any]

_TAUS_S = (10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0, 2560.0)
# Ends of the curve, where a point of charge is worth more than any resistance.
_WITHIN = (8.0, 97.0)


def fitted(traces: Sequence[Trace]) -> Circuit:
    """The circuit that leaves the least error over all rows of these traces."""
    best: Circuit | None = None
    columns = [_columns(trace) for trace in traces]
    beyond = np.concatenate([c[0] for c in columns])
    rate = np.concatenate([c[1] for c in columns])
    slow = {tau: np.concatenate([c[2][tau] for c in columns]) for tau in _TAUS_S}
    for tau1, tau2 in combinations(_TAUS_S, 2):
        table = np.column_stack([rate, slow[tau1], slow[tau2]])
        r, *_ = np.linalg.lstsq(table, beyond, rcond=None)
        left = float(np.sqrt(np.mean((beyond - table @ r) ** 2)))
        if min(r) > 0 and (best is None or left < best.left_mv):
            best = Circuit(float(r[0]), float(r[1]), tau1, float(r[2]), tau2, left)
    if best is None:
        raise ValueError("no circuit with positive resistances fits")
    return best


def _columns(trace: Trace) -> tuple[Array, Array, dict[float, Array]]:
    """mV beyond the curve, C, and C as seen through each time constant."""
    curve = Curve(trace.about)
    truth = np.array(trace.true_soc_percent)
    rate = np.array(trace.current_ma) / trace.about.capacity_mah
    beyond = np.array(trace.cell_mv) - [curve.at(percent / 100)[0] for percent in truth]
    kept = (truth > _WITHIN[0]) & (truth < _WITHIN[1])
    slow = {tau: _through(rate, trace.about.row_s, tau)[kept] for tau in _TAUS_S}
    return beyond[kept], rate[kept], slow


def _through(rate: Array, row_s: float, tau_s: float) -> Array:
    keep = np.exp(-row_s / tau_s)
    out, state = np.empty(len(rate)), 0.0
    for i, c_rate in enumerate(rate):
        state = keep * state + (1 - keep) * c_rate
        out[i] = state
    return out


def main() -> None:
    for chemistry in dict.fromkeys(trial.chemistry for trial in TUNE):
        c = fitted([made(trial) for trial in TUNE if trial.chemistry == chemistry])
        figures = (c.r0_mv, c.r1_mv, c.tau1_s, c.r2_mv, c.tau2_s, c.left_mv)
        print(f'    "{chemistry}": Circuit({", ".join(f"{v:.0f}" for v in figures)}),')


if __name__ == "__main__":
    main()
