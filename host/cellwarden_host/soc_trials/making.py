"""Traces made, and kept: the same trial is run through its model once.

Kept in ``build/soc_traces`` under a name that has in it what made them: the trial, the sources
of the model's side and PyBaMM's version. Needs PyBaMM only for what is not there yet.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

from . import trace
from .trace import About, Trace
from .trials import Trial

_FOLDER = Path(__file__).parents[3] / "build" / "soc_traces"
_SOURCES = ("cells", "electrochem", "making", "run", "sensors", "trace")


def made(trial: Trial, folder: Path = _FOLDER) -> Trace:
    """The trial's trace, from ``folder`` or by running its model."""
    there = folder / _key(trial)
    path = there / f"{trial.name}.csv"
    if path.with_suffix(".json").exists():
        return trace.read(path)
    fresh = _run(trial)
    trace.write(fresh, there)
    return trace.read(path)


def _run(trial: Trial) -> Trace:
    os.environ.setdefault("PYBAMM_DISABLE_TELEMETRY", "true")  # it would report to its makers
    from . import cells, electrochem  # PyBaMM takes seconds to load

    cell = cells.CELLS[trial.cell]
    climate = electrochem.Climate(trial.ambient_c, trial.swing_c)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a table read a hair beyond its end
        done = electrochem.run(cell, trial.segments, trial.soc0, climate, trial.row_s)
    sensors = trial.sensors
    about = About(
        trial.name,
        trial.chemistry,
        round(trial.capacity_mah * (1 + trial.capacity_error)),
        round(trial.soc0 * 100 + trial.told, 1),
        tuple(done.ocv_percent),
        tuple(done.ocv_mv),
        trial.row_s,
        f"{trial.cell}: {cell.parameter_set}",
        dict(trial.settings),
    )
    return Trace(
        about,
        done.t_s,
        sensors.current_ma(done.c_rate, trial.capacity_mah),
        sensors.cell_mv(done.cell_mv),
        sensors.temp_dc(done.temp_dc),
        [share * 100 for share in done.soc],
    )


def _key(trial: Trial) -> str:
    digest = hashlib.sha256(metadata.version("pybamm").encode())
    for name in _SOURCES:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    digest.update(_told(trial).encode())
    return digest.hexdigest()[:16]


def _told(value: Any) -> str:
    """Everything that a trial says, currents included."""
    if dataclasses.is_dataclass(value):
        return repr([_told(getattr(value, f.name)) for f in dataclasses.fields(value)])
    if hasattr(value, "tobytes"):
        return hashlib.sha256(value.tobytes()).hexdigest()
    if isinstance(value, tuple):
        return repr([_told(item) for item in value])
    return repr(value)
