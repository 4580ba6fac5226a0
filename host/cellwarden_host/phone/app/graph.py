"""Curves of any reading, recorded while the app is open; as CSV for elsewhere."""

from __future__ import annotations

import time
from array import array
from typing import Any

from ... import catalog, units
from ...web.snapshot import Snapshot
from ...words import say, schema
from .ui import Ui

_MOST_CURVES = 4
_KEPT = 3600  # moments, one a second
_ABSENT = -(2**31)
_COLUMNS = [(row, element) for row in catalog.READINGS if row.unit for element in range(row.count)]
_COLUMN = {(row.name, element): at for at, (row, element) in enumerate(_COLUMNS)}
_FIRST = ["soc_permille.0", "current_ma.0"]
_SPANS = ((120, say("2 min")), (600, say("10 min")), (3600, say("1 h")))
_POINTS = 240


class Recording:
    """Every reading once a second, the newest hour."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._moments: list[array[int]] = []
        self._connection = 0

    def add(self, seen: Snapshot) -> None:
        """Take a snapshot in, unless it is of the same second."""
        if self.times and seen.at - self.times[-1] < 1:
            return
        moment = array("i", [_ABSENT] * len(_COLUMNS))
        for at, (row, element) in enumerate(_COLUMNS):
            found = seen.all(row.name)
            count = found[element] if element < len(found) else None
            if count is not None and abs(count) < 2**31:
                moment[at] = count
        self.times.append(seen.at)
        self._moments.append(moment)
        if len(self.times) > _KEPT + 60:
            self.times = self.times[60:]
            self._moments = self._moments[60:]

    def column(self, key: str, since: float) -> list[tuple[float, int | None]]:
        """(time, count) of one reading."""
        name, _, element = key.rpartition(".")
        at = _COLUMN[name, int(element)]
        found: list[tuple[float, int | None]] = []
        for when, moment in zip(self.times, self._moments, strict=True):
            if when >= since:
                count = moment[at]
                found.append((when, None if count == _ABSENT else count))
        return found


def build(ui: Ui, app: Any) -> None:
    kept = app.keep.setdefault("graph", {"chosen": list(_FIRST), "span": 600, "open": False})
    recording: Recording = app.recording
    chosen: list[str] = kept["chosen"]
    with ui.card(say("Graph"), key="graph"):
        if not recording.times:
            ui.text(say("Nothing has been recorded yet: recording begins with a connection"))
        else:
            _chart(ui, recording, chosen, kept["span"])
        ui.choice(
            "graph.span",
            say("Time shown"),
            list(_SPANS),
            kept["span"],
            lambda value: kept.update(span=value),
        )
        ui.button(
            "graph.csv",
            say("Save as CSV"),
            lambda _: _save(app, recording, chosen),
            off=not chosen or not recording.times,
        )
    with ui.fold(
        "graph.choose",
        say("Choose what to draw"),
        kept["open"],
        lambda _: kept.update(open=not kept["open"]),
        say("{count} of {most}", count=len(chosen), most=_MOST_CURVES),
    ):
        if kept["open"]:
            for row, element in _COLUMNS:
                if _exists(app, row, element):
                    _offer(ui, chosen, row, element)


def _exists(app: Any, row: Any, element: int) -> bool:
    seen = app.station.snapshot
    found = seen.all(row.name)
    return element < len(found) and found[element] is not None


def _offer(ui: Ui, chosen: list[str], row: Any, element: int) -> None:
    key = f"{row.name}.{element}"
    drawn = key in chosen

    def turn(_: Any) -> None:
        if drawn:
            chosen.remove(key)
        elif len(chosen) < _MOST_CURVES:
            chosen.append(key)

    ui.button(
        "draw." + key,
        _title(row, element),
        turn,
        pressed=drawn,
        off=not drawn and len(chosen) >= _MOST_CURVES,
    )


def _title(row: Any, element: int) -> Any:
    if row.count == 1:
        return schema.title(row)
    return say("{name}, {which}", name=schema.title(row), which=schema.element(row, element))


def _chart(ui: Ui, recording: Recording, chosen: list[str], span_s: int) -> None:
    newest = recording.times[-1]
    # A recording that has just begun fills the picture all the same.
    span_s = min(span_s, max(60, int(newest - recording.times[0]) + 1))
    since = newest - span_s
    curves = []
    for key in chosen:
        name, _, element = key.rpartition(".")
        row = catalog.READING[name]
        points = recording.column(key, since)
        points = points[:: max(1, len(points) // _POINTS)]
        counts = [count for _, count in points if count is not None]
        if not counts:
            continue
        low, high = min(counts), max(counts)
        text = say(
            "{title}: {low} to {high}",
            title=_title(row, int(element)),
            low=schema.value(row, low),
            high=schema.value(row, high),
        )
        curves.append(
            {
                "text": ui.tell(text),
                "low": low,
                "high": high,
                "points": [[round(when - since, 1), count] for when, count in points],
            }
        )
    label = say("Curves of the last {time}", time=schema.duration(span_s))
    gap = 5 + span_s // 100
    ui.chart("curves", label=ui.tell(label), to=span_s, gap=gap, curves=curves)


def _save(app: Any, recording: Recording, chosen: list[str]) -> None:
    """The chosen curves: seconds since 1970, then each in its unit."""
    heads, columns = ["time_s"], []
    for key in chosen:
        name, _, element = key.rpartition(".")
        row = catalog.READING[name]
        place = name if row.count == 1 else f"{name}[{int(element) + 1}]"
        heads.append(f"{place} ({units.shown_unit(row)})")
        columns.append((row, recording.column(key, 0)))
    lines = [",".join(heads)]
    for at, when in enumerate(recording.times):
        cells = [f"{when:.1f}"]
        for row, column in columns:
            count = column[at][1]
            cells.append("" if count is None else str(units.number(row, count)))
        lines.append(",".join(cells))
    app.bridge.save(f"cellwarden-curves-{int(time.time())}.csv", "\r\n".join(lines) + "\r\n")
