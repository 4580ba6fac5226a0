"""What the Graph page draws: which readings, which stretch of time, in which areas.

Free of the browser. Readings are chosen by name out of the schema; an array is chosen whole
(``cell_mv``) or by element (``cell_mv[3]``). Readings of one unit share an area; words get their
own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ... import catalog, units
from ...recorder import Curve, Series, find
from ...words import Said, listed, say, schema

PRESETS = ("cell_mv", "current_ma", "pack_10mv", "soc_permille", "temp_dc", "cell_diff_mv")
DEFAULT = ("cell_mv", "current_ma")
MOST_CURVES = 80
LEAST_SPAN_MS, MOST_SPAN_MS = 10_000, 400 * 86_400_000
GRID_HEIGHT = 270
# Would flatten the cells' curves if it shared their area.
_APART = ("cell_diff_mv",)
Tell = Callable[[str], str]


@dataclass
class Choice:
    """What a browser looks at; kept over a change of language."""

    keys: list[str] = field(default_factory=lambda: list(DEFAULT))
    board: str | None = None
    live: bool = True
    span_ms: int = 300_000
    from_ms: int = 0

    def stretch(self, now_ms: int) -> tuple[int, int]:
        """From and to, ms since 1970."""
        from_ms = now_ms - self.span_ms if self.live else self.from_ms
        return from_ms, from_ms + self.span_ms

    def look_at(self, from_ms: int, to_ms: int) -> None:
        """Stay at this stretch from now on."""
        self.live = False
        self.span_ms = min(MOST_SPAN_MS, max(LEAST_SPAN_MS, to_ms - from_ms))
        self.from_ms = (from_ms + to_ms - self.span_ms) // 2

    def zoom(self, times: float, now_ms: int) -> None:
        """Wider (> 1) or narrower; live stays live."""
        if self.live:
            self.span_ms = min(MOST_SPAN_MS, max(LEAST_SPAN_MS, int(self.span_ms * times)))
            return
        from_ms, to_ms = self.stretch(now_ms)
        grow = int((to_ms - from_ms) * (times - 1) / 2)
        self.look_at(from_ms - grow, to_ms + grow)

    def move(self, part: float, now_ms: int) -> None:
        """Later or earlier by a part of what is seen."""
        from_ms, to_ms = self.stretch(now_ms)
        by = int(self.span_ms * part)
        self.look_at(from_ms + by, to_ms + by)

    def follow(self, span_ms: int) -> None:
        """The newest so much, moving on."""
        self.live, self.span_ms = True, span_ms


def options(recorded: Iterable[str]) -> dict[str, Said]:
    """Everything that can be chosen: {key: title}, arrays whole before their elements."""
    found: dict[str, Said] = {}
    for key in recorded:
        curve = find(key)
        if curve is None:
            continue
        if curve.index is not None:
            found.setdefault(curve.row.name, say("{title} (all)", title=schema.title(curve.row)))
        found[key] = _title(curve)
    return found


def _title(curve: Curve) -> Said:
    if curve.index is None:
        return schema.title(curve.row)
    return say(
        "{title}, {element}",
        title=schema.title(curve.row),
        element=schema.element(curve.row, curve.index),
    )


def curves(keys: Iterable[str], recorded: Sequence[str]) -> list[str]:
    """The curves behind a choice, in order, none twice; ``cell_mv`` stands for all cells."""
    wanted: dict[str, None] = {}
    for key in keys:
        row = catalog.READING.get(key)
        if row is not None and row.count > 1:
            wanted.update(dict.fromkeys(one for one in recorded if one.startswith(f"{key}[")))
        elif key in recorded:
            wanted[key] = None
    return list(wanted)


def plan(series: Sequence[Series], stretch: tuple[int, int], tr: Tell) -> dict[str, Any]:
    """What the element draws."""
    areas: dict[tuple[str, str], list[tuple[Curve, Series]]] = {}
    for one in series:
        curve = find(one.key)
        if curve is not None:
            areas.setdefault(_area(curve.row), []).append((curve, one))
    return {
        "from": stretch[0],
        "to": stretch[1],
        "height": GRID_HEIGHT,
        "words": {"nothing": tr(say("Choose what to draw"))},
        "grids": [_grid(members, tr) for members in areas.values()],
    }


def _area(row: Any) -> tuple[str, str]:
    if row.choices or row.name in _APART:
        return row.name, ""
    return "", row.unit


def _grid(members: list[tuple[Curve, Series]], tr: Tell) -> dict[str, Any]:
    row = members[0][0].row
    rows = list(dict.fromkeys(curve.row for curve, _ in members))
    titles = listed(schema.title(one) for one in rows[:3])
    unit = "" if row.choices else units.shown_unit(row)
    step = 1 if row.choices else float(units.number(row, 1))
    digits = _digits(step)
    single = len(rows) == 1
    return {
        "title": f"{tr(titles)}  ({tr(schema.unit(row))})" if unit else tr(titles),
        "unit": tr(schema.unit(row)),
        "digits": digits,
        "choices": [tr(schema.choice(row, i)) for i in range(len(row.choices or ()))] or None,
        "series": [
            {
                "name": tr(_name(curve, single)),
                "points": [
                    [at_ms, None if count is None else round(count * step, digits)]
                    for at_ms, count in found.points
                ],
            }
            for curve, found in members
        ],
    }


def _name(curve: Curve, single: bool) -> Said:
    if curve.index is not None and single:
        return schema.element(curve.row, curve.index)
    return _title(curve)


def _digits(step: float) -> int:
    """Decimals of a reading whose count stands for ``step``."""
    return max(0, min(4, len(f"{step:f}".rstrip("0").partition(".")[2])))
