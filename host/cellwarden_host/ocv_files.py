"""A pack's own open-circuit voltage curve: from a CSV file to the settings, and back to a file.

The file has the columns ``soc_percent`` and ``ocv_mv`` (or ``ocv_v``), any number of rows from
0 to 100 %; the settings hold the voltage at fixed positions, in whole millivolts. A file is
checked as a whole, and every mistake told with its line, before anything is written. What it
says is never mended: a voltage that falls is refused, not smoothed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cellwarden.tables.ocv import POSITIONS

from . import catalog
from .problems import Refused
from .replay.columns import split
from .replay.textfile import opened
from .words import Said, listed, say

SETTING = "ocv_mv"
HEADER = "soc_percent,ocv_mv"
_SEPARATORS = ",;\t"
_TOLD = 10  # mistakes; the rest are counted

# (percent, mV), rising, from 0 to 100.
Curve = list[tuple[float, float]]


@dataclass(frozen=True)
class _Point:
    line: int
    percent: float
    mv: float


def load(path: Path) -> Curve:
    """The curve in a file; ``Refused`` with every mistake in it."""
    with opened(path) as text:
        lines = [line.rstrip("\r\n") for line in text.lines()]
    wrong: list[Said] = []
    points = sorted(_points(lines, wrong), key=lambda point: point.percent)
    wrong += _unfit(points)
    if wrong:
        more = [say("and {count} more", count=len(wrong) - _TOLD)] if len(wrong) > _TOLD else []
        mistakes = listed(wrong[:_TOLD] + more, "\n  ")
        raise Refused(say("{path} was not used:\n  {lines}", path=path, lines=mistakes))
    return [(point.percent, point.mv) for point in points]


def _points(lines: Sequence[str], wrong: list[Said]) -> Iterator[_Point]:
    """What the lines say; mistakes go to ``wrong``."""
    rows = [(n, line) for n, line in enumerate(lines, 1) if line.strip()[:1] not in ("", "#")]
    if not rows:
        wrong.append(say("there is no header {header}", header=HEADER))
        return
    header = rows[0][1]
    separator = max(_SEPARATORS, key=header.count)
    names = [split(name) for name in next(csv.reader([header], delimiter=separator))]
    at = {name: i for i, (name, _) in enumerate(names)}
    if "soc" not in at or "ocv" not in at:
        wrong.append(
            say(
                "line {line}: the header must name {soc} and {ocv}",
                line=rows[0][0],
                soc="soc_percent",
                ocv="ocv_mv",
            )
        )
        return
    to_mv = 1000 if names[at["ocv"]][1] == "v" else 1
    for number, line in rows[1:]:
        fields = next(csv.reader([line], delimiter=separator))
        try:
            percent, volts = (_number(fields[at[name]], separator) for name in ("soc", "ocv"))
        except (ValueError, IndexError):
            wrong.append(
                say(
                    "line {line}: '{text}' is not a percentage and a voltage",
                    line=number,
                    text=line.strip()[:40],
                )
            )
            continue
        point = _Point(number, percent, volts * to_mv)
        mistake = _beyond(point)
        if mistake:
            wrong.append(say("line {line}: {mistake}", line=number, mistake=mistake))
        else:
            yield point


def _number(text: str, separator: str) -> float:
    return float(text if separator == "," else text.replace(",", "."))


def _beyond(point: _Point) -> Said | None:
    row = catalog.SETTING[SETTING]
    if not 0 <= point.percent <= 100:
        return say("{percent:g} % is not a charge from 0 to 100 %", percent=point.percent)
    if not row.low <= point.mv <= row.high:
        return say(
            "{mv:g} mV is not between {low} and {high} mV",
            mv=point.mv,
            low=row.low,
            high=row.high,
        )
    return None


def _unfit(points: Sequence[_Point]) -> Iterator[Said]:
    """What is wrong between points, sorted by charge."""
    for before, point in zip(points, points[1:], strict=False):
        if point.percent == before.percent:
            yield say(
                "lines {first} and {second}: {percent:g} % is there twice",
                first=before.line,
                second=point.line,
                percent=point.percent,
            )
        elif point.mv < before.mv:
            yield say(
                "line {line}: the voltage falls from {high:g} mV at {percent_before:g} % to "
                "{low:g} mV at {percent:g} %",
                line=point.line,
                high=before.mv,
                percent_before=before.percent,
                low=point.mv,
                percent=point.percent,
            )
    if not points or points[0].percent > 0 or points[-1].percent < 100:
        yield say("the curve must reach from 0 to 100 %")
    elif round(points[0].mv) == round(points[-1].mv):
        yield say("the voltage must rise with the charge")


def at(curve: Curve, percent: float) -> float:
    """mV at ``percent``, on a straight line between the points."""
    for (low, low_mv), (high, high_mv) in zip(curve, curve[1:], strict=False):
        if percent <= high:
            return low_mv + (high_mv - low_mv) * (percent - low) / (high - low)
    return curve[-1][1]


def changes(curve: Curve) -> dict[tuple[str, int], int]:
    """The settings that hold this curve."""
    return {(SETTING, i): round(at(curve, place / 10)) for i, place in enumerate(POSITIONS)}


def cleared() -> dict[tuple[str, int], int]:
    """The settings of a pack that follows its chemistry's typical curve."""
    return {(SETTING, i): 0 for i in range(len(POSITIONS))}


def save(path: Path, curve: Curve) -> None:
    """Write a curve as ``load`` reads it."""
    lines = [HEADER, *(f"{percent:g},{mv:g}" for percent, mv in curve)]
    try:
        path.write_text("\n".join(lines) + "\n", "utf-8")
    except OSError as error:
        raise Refused(say("cannot write {path}: {why}", path=path, why=error.strerror)) from error
