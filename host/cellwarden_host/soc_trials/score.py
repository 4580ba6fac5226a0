"""How near an estimate came to the truth, and whether it knew how near.

The error is judged after the first two hours. On LFP, whose voltage tells nothing on its
plateau, it is judged only near a knee: between one hour after the first sight of one and 24 h
after the last. A knee is where the cell's own curve rises by 5 mV a percent or more, below 20
or above 90 %, and it counts once the true charge has been there for ten minutes; the end of a
full charge lies in one. Whether the error lies inside two standard deviations is judged
always, from the first row.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .trace import About, Trace

SETTLING_S = 2 * 3600
KNEE_MV_PER_PERCENT = 5.0
KNEE_OUTSIDE = (20, 90)
KNEE_HOLD_S = 600
AFTER_KNEE_S = 3600
KNEE_LASTS_S = 24 * 3600


@dataclass(frozen=True)
class Score:
    """Points of SOC and percent of the time; ``None`` where there was nothing to judge."""

    rms: float | None
    worst: float | None
    inside: float | None
    judged_h: float
    all_h: float


def score(trace: Trace, told: Sequence[float], sigma: Sequence[float] | None = None) -> Score:
    """``told`` and ``sigma`` in percent, one a row."""
    squares, worst, judged, inside = 0.0, 0.0, 0, 0
    for i, counts in enumerate(judged_rows(trace)):
        error = abs(told[i] - trace.true_soc_percent[i])
        if sigma is not None and error <= 2 * sigma[i]:
            inside += 1
        if counts:
            judged += 1
            squares += error * error
            worst = max(worst, error)
    return Score(
        math.sqrt(squares / judged) if judged else None,
        worst if judged else None,
        None if sigma is None else 100 * inside / len(trace),
        judged * trace.about.row_s / 3600,
        len(trace) * trace.about.row_s / 3600,
    )


def judged_rows(trace: Trace) -> Iterator[bool]:
    """Whether the error of each row counts."""
    if trace.about.chemistry != "lfp":
        yield from (t_s >= trace.t_s[0] + SETTLING_S for t_s in trace.t_s)
        return
    entered_s: float | None = None  # the knee that the cell is in
    first_s = last_s = -math.inf
    for t_s, percent in zip(trace.t_s, trace.true_soc_percent, strict=True):
        if not _in_knee(trace.about, percent):
            entered_s = None
        else:
            entered_s = t_s if entered_s is None else entered_s
            if t_s - entered_s >= KNEE_HOLD_S:
                if t_s - last_s > KNEE_LASTS_S:
                    first_s = t_s
                last_s = t_s
        yield t_s - last_s <= KNEE_LASTS_S and t_s - first_s >= AFTER_KNEE_S


def _in_knee(about: About, percent: float) -> bool:
    outside = percent < KNEE_OUTSIDE[0] or percent > KNEE_OUTSIDE[1]
    return outside and slope(about, percent) >= KNEE_MV_PER_PERCENT


def slope(about: About, percent: float) -> float:
    """mV a percent of the cell's own curve."""
    i = min(max(bisect_right(about.ocv_percent, percent), 1), len(about.ocv_percent) - 1)
    rise = about.ocv_mv[i] - about.ocv_mv[i - 1]
    return rise / (about.ocv_percent[i] - about.ocv_percent[i - 1])
