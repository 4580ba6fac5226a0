"""How right the state of charge is on independent models of cells, beside two yardsticks.

Traces that nobody tuned on: ``soc_trials/trials.py`` says which, ``soc_trials/score.py`` what is
judged when. Traces whose capacity is told 5 % wrong stand apart: only the stated bound is
judged on them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import find_spec

from ..soc_trials.compare import Compared, all_compared
from ..soc_trials.score import Score
from .row import NO_TARGET, OK, SHORT_OF, Row, missing

TOPIC = "soc accuracy"
# Points of SOC: root mean square and worst.
TARGETS = {
    "nmc": (1.5, 4.0),
    "lfp": (2.5, 6.0),
    "na_polyanion": (1.5, 4.0),
    "lto": (1.5, 4.0),
}
INSIDE = 95.0
GET_IT = "needs PyBaMM: make setup-models"

_LEGEND = Row(
    TOPIC,
    "first charge told 20 points wrong",
    "RMS / worst / inside",
    note="RMS and worst error in points; share of the time inside two sigma",
)

Take = Callable[[Compared], Score]


def rows(_rounds: int = 1) -> Iterator[Row]:
    if find_spec("pybamm") is None:
        yield missing(TOPIC, "independent models of cells", GET_IT)
        return
    from ..soc_trials.trials import CHECK

    yield from table(list(all_compared(CHECK)))


def table(found: Sequence[Compared]) -> Iterator[Row]:
    """A row for each trace, then one for each chemistry, then who was nearer."""
    yield _LEGEND
    for one in found:
        yield _row(one.name, [one], not one.capacity_wrong)
    right = [one for one in found if not one.capacity_wrong]
    for chemistry in dict.fromkeys(one.chemistry for one in right):
        yield _row(f"all of {chemistry}", [one for one in right if one.chemistry == chemistry])
    for name, peer in (
        ("Kalman filter", lambda one: one.kalman),
        ("coulombs from the same first charge", lambda one: one.coulombs),
        ("coulombs from the first voltage", lambda one: one.from_voltage),
    ):
        yield _nearer(name, right, peer)


def pooled(scores: Iterable[Score]) -> Score:
    """One score for all the hours of several."""
    scores = list(scores)
    judged = [s for s in scores if s.rms is not None and s.worst is not None]
    told = [s for s in scores if s.inside is not None]
    hours = sum(s.judged_h for s in judged)
    told_h = sum(s.all_h for s in told)
    return Score(
        math.sqrt(sum((s.rms or 0) ** 2 * s.judged_h for s in judged) / hours) if hours else None,
        max((s.worst or 0 for s in judged), default=None),
        sum((s.inside or 0) * s.all_h for s in told) / told_h if told_h else None,
        hours,
        sum(s.all_h for s in scores),
    )


def _row(what: str, found: Sequence[Compared], judged: bool = True) -> Row:
    mine = pooled(one.ours for one in found)
    rms, worst = TARGETS[found[0].chemistry] if judged else (math.inf, math.inf)
    good = (mine.inside or 0) >= INSIDE and (mine.rms or 0) < rms and (mine.worst or 0) < worst
    return Row(
        TOPIC,
        what,
        figures(mine),
        f"{rms} / {worst:g} / {INSIDE:g} %" if judged else f"- / - / {INSIDE:g} %",
        peer=f"EKF {figures(pooled(one.kalman for one in found))}\n"
        f"counted {figures(pooled(one.coulombs for one in found))}\n"
        f"from first voltage {figures(pooled(one.from_voltage for one in found))}",
        verdict=OK if good else SHORT_OF,
        note="" if mine.rms is not None else "never near a knee: only the bound is judged",
        value=mine.rms,
        unit="points",
    )


def _nearer(name: str, found: Sequence[Compared], peer: Take) -> Row:
    """On how many traces our RMS error is the smaller one."""
    judged = [one for one in found if one.ours.rms is not None]
    count = sum((one.ours.rms or 0) < (peer(one).rms or 0) for one in judged)
    verdict = NO_TARGET if not judged else OK if count == len(judged) else SHORT_OF
    return Row(
        TOPIC,
        f"traces on which ours is nearer than {name}",
        f"{count} of {len(judged)}",
        "all",
        verdict=verdict,
        value=count,
    )


def figures(score: Score) -> str:
    """RMS and worst in points, and the share of the time inside two sigma."""
    parts = ["-" if v is None else f"{v:.1f}" for v in (score.rms, score.worst)]
    return " / ".join(parts) + ("" if score.inside is None else f" / {score.inside:.0f} %")
