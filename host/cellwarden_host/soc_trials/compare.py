"""Every estimator on every trial to check on, side by side.

Making a trace and running the core over it are spread over the processor's cores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from . import yardsticks
from .core_run import ours
from .making import made
from .score import Score, score
from .trials import Trial

WORKERS = 2


@dataclass(frozen=True)
class Compared:
    """``coulombs`` from what was told at the start, ``from_voltage`` from the first voltage."""

    name: str
    chemistry: str
    capacity_wrong: bool
    ours: Score
    kalman: Score
    coulombs: Score
    from_voltage: Score


def compared(trial: Trial) -> Compared:
    trace = made(trial)
    return Compared(
        trial.name,
        trial.chemistry,
        trial.capacity_error != 0,
        score(trace, *ours(trace)),
        score(trace, *yardsticks.kalman(trace)),
        score(trace, yardsticks.coulombs_from_told(trace)),
        score(trace, yardsticks.coulombs_from_voltage(trace)),
    )


def all_compared(trials: Sequence[Trial], workers: int = WORKERS) -> Iterator[Compared]:
    """In the order of ``trials``."""
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(compared, trials)
