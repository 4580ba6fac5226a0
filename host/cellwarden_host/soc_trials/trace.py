"""A trace: what bad sensors reported, row by row, and the true charge beside it.

On disk a trace is a CSV file of whole numbers and, beside it, the OCV table of the cell and a
JSON file with what one must know to use it. The truth stands in the same file, so whoever
estimates must read the other columns only.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

COLUMNS = ("t_s", "current_ma", "cell_mv", "temp_dc", "true_soc_percent")


@dataclass(frozen=True)
class About:
    """What whoever estimates is told of a trace, and how the trace came about.

    ``soc0_percent`` is what they are told at the start, ``capacity_mah`` what is set, both
    wrong on purpose; ``settings`` are those that differ from the chemistry's defaults.
    """

    name: str
    chemistry: str
    capacity_mah: int
    soc0_percent: float
    ocv_percent: tuple[float, ...]
    ocv_mv: tuple[float, ...]
    row_s: float
    source: str
    settings: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Trace:
    """Columns as they were reported: seconds, mA (the mean since the row before, charging
    positive), mV of the mean cell, 0.1 degC; and the truth in percent."""

    about: About
    t_s: Sequence[float]
    current_ma: Sequence[int]
    cell_mv: Sequence[int]
    temp_dc: Sequence[int]
    true_soc_percent: Sequence[float]

    def __len__(self) -> int:
        return len(self.t_s)


def thinned(trace: Trace, row_s: int) -> Trace:
    """Fewer rows, each with the mean current since the one before."""
    step = round(row_s / trace.about.row_s)
    kept = range(0, len(trace), step)
    parts = (trace.current_ma[max(0, i - step + 1) : i + 1] for i in kept)
    return Trace(
        replace(trace.about, row_s=row_s),
        [trace.t_s[i] for i in kept],
        [round(sum(part) / len(part)) for part in parts],
        [trace.cell_mv[i] for i in kept],
        [trace.temp_dc[i] for i in kept],
        [trace.true_soc_percent[i] for i in kept],
    )


def write(trace: Trace, folder: Path) -> Path:
    """``NAME.csv``, ``NAME.ocv.csv`` and, last, ``NAME.json``; returns the first."""
    folder.mkdir(parents=True, exist_ok=True)
    about = trace.about
    path = folder / f"{about.name}.csv"
    _write_csv(
        path,
        COLUMNS,
        (
            (f"{t_s:g}", ma, mv, dc, f"{percent:.3f}")
            for t_s, ma, mv, dc, percent in zip(
                trace.t_s,
                trace.current_ma,
                trace.cell_mv,
                trace.temp_dc,
                trace.true_soc_percent,
                strict=True,
            )
        ),
    )
    _write_csv(
        path.with_suffix(".ocv.csv"),
        ("soc_percent", "ocv_mv"),
        (
            (f"{percent:g}", f"{mv:.1f}")
            for percent, mv in zip(about.ocv_percent, about.ocv_mv, strict=True)
        ),
    )
    told = asdict(about) | {"ocv_csv": f"{about.name}.ocv.csv"}
    path.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n")
    return path


def read(path: Path) -> Trace:
    """The trace that ``write`` put at ``path``."""
    told = json.loads(path.with_suffix(".json").read_text())
    del told["ocv_csv"]
    told["ocv_percent"] = tuple(told["ocv_percent"])
    told["ocv_mv"] = tuple(told["ocv_mv"])
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        t_s, ma, mv, dc, percent = zip(*rows, strict=True)
    return Trace(
        About(**told),
        [float(v) for v in t_s],
        [int(v) for v in ma],
        [int(v) for v in mv],
        [int(v) for v in dc],
        [float(v) for v in percent],
    )


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
