"""From a limit crossed to the gate off: the worst of many for every rule that opens a gate.

The bound is what docs promise: the set delay, one sample period of what the rule judges, one
tick and the longest step of a port. Runs are spread over the phases of the control cycle.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import boards.sim as board
from cellwarden import ids
from cellwarden.controller import TICK_MS
from cellwarden.tables import rows as schema_rows
from cellwarden.tables import rules

from ..sim.provision import commissioned
from .latency_cases import CASES, NOT_AT_THE_GATES, Case, openers
from .latency_run import Outcome, run
from .rig import FAST_BAUD, Images
from .row import OK, SHORT_OF, Row

TOPIC = "latency"
PORT_STEP_MS = 5
# How often what a rule judges is sampled, by the group its quantity belongs to.
PERIOD_MS = {
    "cells": 100, "pack": 100, "sum": 100, "feedback": 100, "current": 25, "temps": 1000,
    "power_temp": 1000, "balance_temp": 1000, "open_wire": 10_000, "always": 100, "soc": 100,
}  # fmt: skip
_RULES = {rule.name: rule for rule in rules.RULES}
_GROUP = {name: group for name, _, group in rules.QUANTITIES}


def live_value(source: int | str, settings: dict[str, int]) -> int:
    """What a rule's column stands for: a number, a setting in force or a board's constant."""
    if isinstance(source, int):
        return source
    if source.startswith("board_"):
        return int(getattr(board, source[len("board_") :].upper()))
    made = commissioned(board, changes=settings)
    return int(made.live[getattr(ids, source.upper())])


def set_delay_ms(case: Case) -> int:
    """The delay a person or the table has set, with what is in the quantity itself."""
    rule = _RULES[case.rule]
    delay = live_value(rule.delay, case.settings)
    samples = (rule.samples - 1) * period_ms(rule)
    if rule.quantity.endswith("_age_ms"):
        delay += live_value(rule.trip, case.settings)
    return max(delay, samples) + case.extra_ms


def period_ms(rule: schema_rows.Rule) -> int:
    if rule.quantity in ("current_age_ms", "short_latched", "fast_overcurrent"):
        return PERIOD_MS["current"]
    return PERIOD_MS[_GROUP[rule.quantity]]


def bound_ms(case: Case) -> int:
    return set_delay_ms(case) + period_ms(_RULES[case.rule]) + TICK_MS + PORT_STEP_MS


def rows(rounds: int) -> Iterator[Row]:
    with Images() as images, ProcessPoolExecutor(os.cpu_count()) as pool:
        waiting = [(case, _start(pool, images, case, rounds)) for case in CASES]
        for case, futures in waiting:
            yield _row(case, [future.result() for future in futures])
    for rule in NOT_AT_THE_GATES:
        yield Row(TOPIC, _RULES[rule].title, "-", note=NOT_AT_THE_GATES[rule])


def _start(
    pool: ProcessPoolExecutor, images: Images, case: Case, rounds: int
) -> list[Future[Outcome]]:
    chance = random.Random(case.rule)
    started = []
    for turn in range(rounds):
        phase_ms = (turn + chance.random()) * TICK_MS / rounds
        image = images.copy({**FAST_BAUD, **case.settings})
        started.append(pool.submit(run, case, bound_ms(case), image, phase_ms))
    return started


def _row(case: Case, outcomes: list[Outcome]) -> Row:
    bound = bound_ms(case)
    measured = [outcome.latency_ms for outcome in outcomes if outcome.latency_ms is not None]
    notes = sorted({outcome.note for outcome in outcomes if outcome.note})
    notes += _others(case, outcomes)
    good = len(measured) == len(outcomes) and max(measured) <= bound
    worst = max(measured) if measured else None
    over = "" if worst is None else f" ({worst - set_delay_ms(case):+,.0f})"
    return Row(
        TOPIC,
        f"{_RULES[case.rule].title}: {case.gate} gate off",
        "-" if worst is None else f"{worst:,.0f} ms{over}",
        f"≤ {bound:,} ms",
        verdict=OK if good else SHORT_OF,
        note="; ".join(notes),
        value=worst,
        unit="ms",
    )


def _others(case: Case, outcomes: list[Outcome]) -> list[str]:
    """Names whoever opened the gate before the rule could."""
    acted = frozenset().union(*(outcome.acted for outcome in outcomes))
    if not acted or _RULES[case.rule].number in acted:
        return []
    names = [
        rule.title for rule in openers() if rule.number in acted and case.gate in rule.forbids
    ]
    return ["another rule is first: " + ", ".join(names)]
