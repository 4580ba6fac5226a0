"""Values as tables for people and as JSON for scripts; the same values, the same names."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from cellwarden.tables import readings

from . import catalog, units
from .board import Values
from .rule_words import rule_titled, rules_now
from .transaction import Change

_CELL_ARRAYS = readings.CELL_ARRAYS
_CELLS = catalog.READING["cell_mv"]
_CELLS_A_LINE = 8


def console() -> Console:
    """Standard output; wide enough not to cut names when it is no terminal."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def print_json(value: object) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False))


def table(*columns: str) -> Table:
    """A plain table: one line a row, nothing between."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def elements(row: Any, values: Values) -> list[int | None]:
    """All elements of a row; of the cells, only those the pack has."""
    counts = values.all(row.name)
    cells = values.known("cells_in_series") if "cells_in_series" in values else 0
    return counts[:cells] if row in _CELL_ARRAYS and cells else counts


def value_json(row: Any, values: Values) -> dict[str, object]:
    """``{"value": 3.302, "unit": "V"}``; an absent value is null, an array a list."""
    if row.kind == "text":
        return {"value": values.texts[row.name], "unit": ""}
    plain = [units.plain(row, count) for count in elements(row, values)]
    return {
        "value": plain if row.count > 1 else plain[0],
        "unit": "" if row.choices else units.shown_unit(row),
    }


def value_text(row: Any, values: Values) -> str:
    """One line for people."""
    if row.kind == "text":
        return values.texts[row.name]
    return ", ".join(_texts(row, elements(row, values)))


def _texts(row: Any, counts: Sequence[int | None]) -> Iterable[str]:
    if row.name.endswith("_rule"):
        return [rule_titled(count) or "-" for count in counts]
    return [units.text(row, count) for count in counts]


def readings_json(values: Values) -> dict[str, object]:
    """What ``read --json`` prints, apart from where it was read."""
    return {
        "readings": {row.name: value_json(row, values) for row in catalog.READINGS},
        "rules": {
            now.rule.name: {
                "title": now.rule.title,
                "state": now.state,
                "loud": now.rule.loud,
                "retries": now.retries,
            }
            for now in rules_now(values)
        },
        "texts": dict(values.texts),
    }


def readings_table(values: Values) -> Table:
    made = table("reading", "value", "meaning")
    for row in catalog.TEXTS:
        if row.name in values.texts:
            made.add_row(row.name, values.texts[row.name] or "-", row.help)
    for row in catalog.READINGS:
        if row not in _CELL_ARRAYS:
            made.add_row(row.name, value_text(row, values), row.help)
    return made


def cells_table(values: Values) -> Table:
    """Cell voltages, a few a line, each line headed by its first cell's number."""
    made = table("cell", *(f"+{i}" for i in range(_CELLS_A_LINE)))
    texts = [units.text(_CELLS, count) for count in elements(_CELLS, values)]
    for first in range(0, len(texts), _CELLS_A_LINE):
        made.add_row(str(first + 1), *texts[first : first + _CELLS_A_LINE])
    return made


def health_table(values: Values) -> Table | None:
    """Each cell's resistance, charge against the others and leak; None while none is known."""
    rows = _CELL_ARRAYS[1:]
    columns = [elements(row, values) for row in rows]
    if all(count is None for column in columns for count in column):
        return None
    made = table("cell", "resistance", "charge above the mean", "leak")
    for number, counts in enumerate(zip(*columns, strict=True), start=1):
        made.add_row(
            str(number), *(units.text(row, c) for row, c in zip(rows, counts, strict=True))
        )
    return made


def named_table(found: Sequence[Any], values: Values) -> Table:
    """Names, values, ranges: settings, readings and texts mixed as asked for."""
    made = table("name", "value", "range", "meaning")
    for row in found:
        span = units.range_text(row) if row.kind == "setting" else "read only"
        if row.kind == "text":
            span = "read only" if row.write is None else f"up to {2 * row.registers} bytes"
        made.add_row(row.name, value_text(row, values), span, row.help)
    return made


def changes_table(found: Sequence[Change]) -> Table:
    made = table("setting", "was", "", "becomes")
    for change in found:
        made.add_row(
            change.name,
            units.text(change.row, change.before),
            "→",
            units.text(change.row, change.after),
        )
    return made


def changes_json(found: Sequence[Change]) -> list[dict[str, object]]:
    return [
        {
            "name": change.name,
            "before": units.plain(change.row, change.before),
            "after": units.plain(change.row, change.after),
            "unit": "" if change.row.choices else units.shown_unit(change.row),
        }
        for change in found
    ]
