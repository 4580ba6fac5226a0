"""Cells by PyBaMM: single particle model with electrolyte (SPMe) and one temperature.

Imported only where traces are made; nothing else needs PyBaMM. No side reactions: the charge
between 0 and 100 % is what the electrodes hold between the cell's two voltages, and the truth
is what has been moved of it. What SPMe does not know, the gap between the open-circuit
voltages after charging and after discharging, is laid over its voltage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pybamm

from .cells import Cell
from .profiles import Discharge, Flow, Rest, Segment
from .run import Run

ZERO_C = 273.15
# Half as fine as usual: 0.2 mV RMS from it, and quicker.
_MESH = {"x_n": 10, "x_s": 10, "x_p": 10, "r_n": 15, "r_p": 15}
# 0 to 100 %, closer at the ends, where the curve bends.
OCV_PERCENT = np.unique(
    np.concatenate([np.arange(0, 10, 1.0), np.arange(10, 90, 2.5), np.arange(90, 100.5, 1.0)])
)


@dataclass(frozen=True)
class Climate:
    """Air around the pack: a mean, a daily swing about it (warmest at 15:00), 0.1 degC."""

    mean_c: float = 25.0
    swing_c: float = 0.0

    def kelvin(self, t: Any) -> Any:
        if not self.swing_c:
            return self.mean_c + ZERO_C
        phase = 2 * np.pi * (t / 86_400 - 15 / 24)
        return self.mean_c + ZERO_C + self.swing_c * pybamm.cos(phase)


def run(
    cell: Cell, profile: Sequence[Segment], soc0: float, climate: Climate, row_s: float
) -> Run:
    """Put ``cell`` through ``profile``; rows every ``row_s``."""
    pybamm.set_logging_level("ERROR")
    values = cell.parameters()
    stoich = [float(v) for v in pybamm.lithium_ion.get_min_max_stoichiometries(values)]
    low_n, high_n, high_p, low_p = stoich
    par = pybamm.LithiumIonParameters()
    capacity_ah = float(values.evaluate(par.n.Q_init)) * (high_n - low_n)
    values["Nominal cell capacity [A.h]"] = capacity_ah
    values["Ambient temperature [K]"] = lambda y, z, t: climate.kelvin(t)
    start_k = climate.kelvin(0.0)
    values["Initial temperature [K]"] = (
        float(start_k.evaluate()) if isinstance(start_k, pybamm.Symbol) else float(start_k)
    )
    steps = [step for segment in profile for step in _steps(cell, segment, capacity_ah, row_s)]
    simulation = pybamm.Simulation(
        pybamm.lithium_ion.SPMe({"thermal": "lumped"}),
        parameter_values=values,
        experiment=pybamm.Experiment(steps),
        solver=pybamm.IDAKLUSolver(rtol=1e-4, atol=1e-5),
        var_pts=_MESH,
    )
    solution = simulation.solve(initial_soc=soc0)
    _check_whole(solution, profile, len(steps))
    t_s = solution["Time [s]"].entries
    rows = np.arange(0.0, t_s[-1], row_s)
    # A step's end and the next one's beginning are the same moment.
    order = np.concatenate([[True], np.diff(t_s) > 0])
    drawn_ah = _at(rows, t_s, solution["Discharge capacity [A.h]"].entries, order)
    soc = soc0 - drawn_ah / capacity_ah
    c_rate = np.diff(soc, prepend=soc[0]) * 3600 / row_s
    mv = _at(rows, t_s, solution["Voltage [V]"].entries, order) * 1000
    mv += cell.hysteresis_mv * hysteresis(c_rate * row_s / 3600)
    kelvin = _at(rows, t_s, solution["Volume-averaged cell temperature [K]"].entries, order)
    share = OCV_PERCENT / 100
    ocv = values.evaluate(
        par.p.prim.U(pybamm.Vector(low_p + (high_p - low_p) * share), par.T_ref)
        - par.n.prim.U(pybamm.Vector(low_n + (high_n - low_n) * share), par.T_ref)
    )
    told = (rows, c_rate, mv, (kelvin - ZERO_C) * 10, soc, OCV_PERCENT, np.ravel(ocv) * 1000)
    return Run(*(values.tolist() for values in told))


def _check_whole(solution: Any, profile: Sequence[Segment], steps: int) -> None:
    """A model that leaves its voltages stops without a word."""
    last = profile[-1]
    whole = len(solution.cycles) == steps
    if whole and isinstance(last, Flow | Rest):
        t_s = solution.cycles[-1].t
        whole = t_s[-1] - t_s[0] > last.duration_s - 1
    if not whole:
        raise RuntimeError(
            f"the profile leaves the model's voltages after {solution.t[-1] / 3600:.1f} h"
        )


def _at(rows: Any, t_s: Any, values: Any, order: Any) -> Any:
    return np.interp(rows, t_s[order], values[order])


def hysteresis(moved: Any, part: float = 0.03) -> Any:
    """-1 to 1: which branch the cell is on, after each share of the capacity moved in ``moved``.

    It follows the direction of the current, and changes over within about ``part`` of the
    capacity.
    """
    state = 0.0
    out = np.empty(len(moved))
    for i, share in enumerate(moved):
        follow = 1 - np.exp(-abs(share) / part)
        state += follow * ((1.0 if share > 0 else -1.0) - state)
        out[i] = state
    return out


def _steps(cell: Cell, segment: Segment, capacity_ah: float, row_s: float) -> tuple[Any, ...]:
    """PyBaMM counts discharging as positive."""
    step = pybamm.step
    if isinstance(segment, Rest):
        return (step.current(0.0, duration=segment.duration_s, period=row_s),)
    if isinstance(segment, Flow):
        at_s, c_rate = segment.corners
        table = np.column_stack([at_s, -c_rate * capacity_ah])
        return (step.current(table, duration=segment.duration_s, period=row_s),)
    if isinstance(segment, Discharge):
        volts = (segment.end_mv + cell.hysteresis_mv) / 1000
        drawn = segment.c_rate * capacity_ah
        return (step.current(drawn, termination=f"{volts}V", period=row_s),)
    volts = (segment.end_mv - cell.hysteresis_mv) / 1000
    constant = step.current(-segment.c_rate * capacity_ah, termination=f"{volts}V", period=row_s)
    held = step.voltage(volts, termination=f"{segment.cut_c_rate * capacity_ah}A", period=row_s)
    return (constant, held)
