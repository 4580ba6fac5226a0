"""Runs the matrix, in as many processes as there are processors."""

from __future__ import annotations

import os
from collections.abc import Iterable
from multiprocessing import get_context

from ..sim.faults import HARDWARE_FAULTS
from .judge import Fault, Verdict, judge
from .provocations import BY_RULE, PROVOCATIONS

Case = tuple[str, int]  # rule, position in HARDWARE_FAULTS


def cases() -> list[Case]:
    """Every rule that can be provoked x every single hardware fault."""
    return [(p.rule, n) for p in PROVOCATIONS for n in range(len(HARDWARE_FAULTS))]


def fault_name(fault: Fault) -> str:
    return " ".join([fault[0], *map(str, fault[1])])


def run_case(case: Case) -> Verdict:
    rule, number = case
    return judge(BY_RULE[rule], HARDWARE_FAULTS[number])


def run(wanted: Iterable[Case], jobs: int | None = None) -> dict[Case, Verdict]:
    """Verdicts of all cases; each has a world of its own, so order does not matter."""
    wanted = list(wanted)
    jobs = jobs or os.cpu_count() or 1
    if jobs == 1:
        return {case: run_case(case) for case in wanted}
    with get_context("fork").Pool(jobs) as pool:
        return dict(zip(wanted, pool.map(run_case, wanted, chunksize=8), strict=True))
