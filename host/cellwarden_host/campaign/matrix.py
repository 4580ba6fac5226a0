"""Runs the matrix, keeps its result in docs/safety-matrix.json, and knows when that is old.

The result carries no date: it belongs to a rule table, a fault table and a table of
provocations, and ``digest`` says to which.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from cellwarden.tables import rules

from ..sim.faults import HARDWARE_FAULTS
from . import argued
from .judge import FAILED, Fault, Verdict, alone, judge
from .provocations import BY_RULE, PROVOCATIONS

RESULT = Path(__file__).resolve().parents[3] / "docs" / "safety-matrix.json"
ARGUED = "argued"
FIRES = "FIRES"

Case = tuple[str, int]  # rule, position in HARDWARE_FAULTS
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

# What `make test` always runs whole: the rules on which a life hangs, the faults that take
# away a way to open. Of the rest it takes every ``SHARE``-th pair, along diagonals, so that
# each rule meets some faults and each fault some rules.
DANGEROUS_RULES = ("cell_ov2", "cell_uv2_flow", "short_circuit", "discharge_oc", "cells_lost")
DANGEROUS_FAULTS = (
    "charge_mosfet_stuck_on",
    "discharge_mosfet_stuck_on",
    "enable_stuck 1",
    "secondary_dead",
)
SHARE = 6


def fault_name(fault: Fault) -> str:
    return " ".join([fault[0], *map(str, fault[1])])


FAULTS = [fault_name(fault) for fault in HARDWARE_FAULTS]


def cases() -> list[Case]:
    """Every rule that can be provoked x every single hardware fault."""
    return [(p.rule, n) for p in PROVOCATIONS for n in range(len(HARDWARE_FAULTS))]


def sample(rule: str) -> list[Case]:
    """The cases of one rule that `make test` runs."""
    row = [p.rule for p in PROVOCATIONS].index(rule)
    return [
        (rule, n)
        for n, fault in enumerate(FAULTS)
        if rule in DANGEROUS_RULES or fault in DANGEROUS_FAULTS or (row + n) % SHARE == 0
    ]


def run_case(case: Case) -> Verdict:
    rule, number = case
    return judge(BY_RULE[rule], HARDWARE_FAULTS[number])


def run_alone(number: int) -> str:
    return alone(HARDWARE_FAULTS[number])


def complaint(case: Case, verdict: Verdict) -> str:
    """What is wrong with a verdict; "" when nothing is."""
    rule, fault = case[0], FAULTS[case[1]]
    excused = argued.reason(rule, fault)
    if verdict.verdict == FAILED and not excused:
        return f"{rule} x {fault}: {verdict.took_ms} ms, {verdict.note}"
    if verdict.verdict != FAILED and excused:
        return f"{rule} x {fault} is {verdict.verdict}: argued.py must not excuse it"
    return ""


def spread(work: Callable[[Item], Outcome], items: list[Item], jobs: int) -> list[Outcome]:
    """``work`` on all items, in ``jobs`` processes; each case has a world of its own."""
    if jobs == 1:
        return [work(item) for item in items]
    with get_context("fork").Pool(jobs) as pool:
        return pool.map(work, items, chunksize=8)


def run(wanted: Iterable[Case], jobs: int | None = None) -> dict[Case, Verdict]:
    wanted = list(wanted)
    done = spread(run_case, wanted, jobs or os.cpu_count() or 1)
    return dict(zip(wanted, done, strict=True))


def campaign(jobs: int | None = None) -> tuple[dict[str, Any], list[str]]:
    """The whole matrix: its result, and everything that is wrong."""
    verdicts = run(cases(), jobs)
    effects = spread(run_alone, list(range(len(FAULTS))), jobs or os.cpu_count() or 1)
    complaints = [c for c in (complaint(*item) for item in verdicts.items()) if c]
    complaints += [
        f"{fault} alone fires the disconnect of a healthy pack"
        for fault, effect in zip(FAULTS, effects, strict=True)
        if effect == FIRES
    ]
    rows: dict[str, dict[str, str]] = {p.rule: {} for p in PROVOCATIONS}
    for (rule, number), verdict in verdicts.items():
        fault = FAULTS[number]
        told = verdict.verdict
        rows[rule][fault] = ARGUED if told == FAILED and argued.reason(rule, fault) else told
    result = {
        "digest": digest(),
        "alone": dict(zip(FAULTS, effects, strict=True)),
        "verdicts": rows,
    }
    return result, complaints


def digest() -> str:
    """A fingerprint of what the result depends on by design: rules, faults, provocations."""
    told = [sorted(vars(rule).items()) for rule in rules.RULES]
    faults = [list(map(str, (name, *args))) for name, args in HARDWARE_FAULTS]
    hazards = [(p.rule, p.stage, p.how, p.notice_ms) for p in PROVOCATIONS]
    text = json.dumps([told, faults, hazards], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stored() -> dict[str, Any]:
    """The result that is committed."""
    return dict(json.loads(RESULT.read_text(encoding="utf-8")))


def store(result: dict[str, Any]) -> None:
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
