"""Which curves there are: every reading of the schema, an array's elements one by one.

A curve is known by its key, ``pack_10mv`` or ``cell_mv[3]`` (counted from 1), so a recording
stays readable when the schema has grown since.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from .. import catalog
from ..board import Values

# Not known at that moment; outside everything that a reading may count.
ABSENT = -(2**31)
_CELL_ROWS = frozenset(row for row in catalog.READINGS if row.count == 32)


@dataclass(frozen=True)
class Curve:
    """One number of the board over time; ``index`` is the element of an array, else None."""

    key: str
    row: Any
    index: int | None


@cache
def curves_of(cells: int) -> tuple[Curve, ...]:
    """All curves of a pack of so many cells, as they follow each other in a sample."""
    found = []
    for row in catalog.READINGS:
        if row.count == 1:
            found.append(Curve(row.name, row, None))
            continue
        count = min(cells, row.count) if row in _CELL_ROWS else row.count
        found += [Curve(f"{row.name}[{i + 1}]", row, i) for i in range(count)]
    return tuple(found)


def find(key: str) -> Curve | None:
    """The curve with this key; None when this program's schema has none."""
    return _by_key().get(key)


@cache
def _by_key() -> dict[str, Curve]:
    return {curve.key: curve for curve in curves_of(32)}


def sample(curves: Iterable[Curve], values: Values) -> array[int]:
    """The counts of these curves at one moment."""
    counts = array("i")
    for curve in curves:
        found = values.all(curve.row.name) if curve.row.name in values else []
        index = curve.index or 0
        count = found[index] if index < len(found) else None
        counts.append(ABSENT if count is None or not ABSENT < count < 2**31 else count)
    return counts
