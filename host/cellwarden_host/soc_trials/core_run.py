"""The real core on a trace: the very estimator that runs on a board, told what a person would.

It hears the rows and nothing of the truth.
"""

from __future__ import annotations

from .. import ocv_files
from ..replay.engine import Options, replay_rows
from .trace import Trace

# Settings of a pack that is used hard, in parts of its capacity an hour.
_CHARGE_C, _DISCHARGE_C = 1.5, 3.0
_MOST_MA = 600_000


def ours(trace: Trace) -> tuple[list[float], list[float]]:
    """SOC and its standard deviation in percent, one a row."""
    about = trace.about
    changes = {(name, 0): count for name, count in about.settings.items()}
    changes["charge_current_ma", 0] = _ma(about.capacity_mah * _CHARGE_C)
    changes["discharge_current_ma", 0] = _ma(about.capacity_mah * _DISCHARGE_C)
    changes.update(ocv_files.changes(list(zip(about.ocv_percent, about.ocv_mv, strict=True))))
    options = Options(
        chemistry=about.chemistry,
        capacity_mah=about.capacity_mah,
        soc0_percent=about.soc0_percent,
        changes=changes,
    )
    rows = zip(trace.t_s, trace.current_ma, trace.cell_mv, trace.temp_dc, strict=True)
    told = replay_rows(rows, options)
    return [soc for _, soc, _ in told], [sigma for _, _, sigma in told]


def _ma(wanted: float) -> int:
    return min(round(wanted), _MOST_MA)
