"""The out file: one line for each row that was used, what the core believed and did then."""

from __future__ import annotations

import csv
from typing import TextIO

from .engine import Moment

HEADER = (
    "t_s",
    "soc_percent",
    "soc_sigma_percent",
    "shown_soc_percent",
    "capacity_mah",
    "charge_on",
    "discharge_on",
    "charge_limit_ma",
    "discharge_limit_ma",
    "charge_limit_mv",
    "balancing_cells",
    "current_ma",
    "cell_min_mv",
    "cell_max_mv",
    "temp_dc",
    "true_soc_percent",
    "events",
)


class Outcome:
    """Writes moments to an open text file."""

    def __init__(self, to: TextIO) -> None:
        self._write = csv.writer(to, lineterminator="\n").writerow
        self._write(HEADER)

    def add(self, moment: Moment) -> None:
        row = moment.row
        self._write(
            (
                seconds(row.t_s),
                f"{moment.soc_percent:.4f}",
                f"{moment.sigma_percent:.4f}",
                f"{moment.shown_percent:.1f}",
                moment.capacity_mah,
                int(moment.charge_on),
                int(moment.discharge_on),
                moment.charge_limit_ma,
                moment.discharge_limit_ma,
                moment.charge_limit_mv,
                moment.balancing,
                row.current_ma,
                min(row.cell_mv),
                max(row.cell_mv),
                "" if row.temp_dc is None else max(row.temp_dc),
                "" if row.true_soc_percent is None else row.true_soc_percent,
                ";".join(map(str, moment.events)),
            )
        )


def seconds(t_s: float) -> str:
    """Whole seconds without a point, else milliseconds."""
    return f"{t_s:.0f}" if t_s == int(t_s) else f"{t_s:.3f}"
