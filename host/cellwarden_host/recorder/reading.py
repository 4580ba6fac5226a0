"""Curves out of the file: any readings over any time, as few points as a screen can show.

A stretch with more moments than points keeps the lowest and the highest of each, so that a spike
of one second still stands in a picture of a week. Where nothing was recorded there is a point
without a value: a line must never be drawn across it.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from .curves import ABSENT
from .store import FILE, MINUTE_MS

# Seconds that follow each other this far apart are one line; minutes likewise.
_SECOND_GAP_MS = 3_000
_MINUTE_GAP_MS = 2 * MINUTE_MS
_COUNT_BYTES = 4
_AT_ONCE = 1000
Point = tuple[int, int | None]


@dataclass(frozen=True)
class Board:
    """A board that has been recorded."""

    code: str
    name: str
    first_ms: int
    last_ms: int


@dataclass
class Series:
    """One curve: (time in ms since 1970, count or None for a gap), in order of time."""

    key: str
    points: list[Point] = field(default_factory=list)


@dataclass(frozen=True)
class _Run:
    id: int
    keys: tuple[str, ...]


class Recording:
    """The reading end; opens the file anew for each question, so any thread may ask."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def boards(self) -> list[Board]:
        """All boards in the file, the one that was recorded last first."""
        if not self._path.exists():
            return []
        with closing(self._open()) as database:
            rows = database.execute(
                "SELECT board, name, (SELECT MIN(at_ms) FROM minute WHERE run = run.id),"
                " (SELECT MIN(at_ms) FROM second WHERE run = run.id),"
                " (SELECT MAX(at_ms) FROM second WHERE run = run.id),"
                " (SELECT MAX(at_ms) FROM minute WHERE run = run.id) FROM run ORDER BY id"
            ).fetchall()
        found: dict[str, Board] = {}
        for code, name, *ends in rows:
            known = [end for end in ends if end is not None]
            if not known:
                continue
            older = found.pop(code, None)
            first = min([*known, *([older.first_ms] if older else [])])
            last = max([*known, *([older.last_ms] if older else [])])
            found[code] = Board(code, name, first, last)
        return sorted(found.values(), key=lambda board: -board.last_ms)

    def keys(self, code: str) -> list[str]:
        """The curves that were recorded of a board, as its newest run has them."""
        if not self._path.exists():
            return []
        with closing(self._open()) as database:
            row = database.execute(
                "SELECT keys FROM run WHERE board = ? ORDER BY id DESC LIMIT 1", (code,)
            ).fetchone()
        return row[0].split("\n") if row else []

    def series(
        self, code: str, keys: Sequence[str], from_ms: int, to_ms: int, buckets: int
    ) -> list[Series]:
        """These curves of a board within a time, in at most two points a bucket and gap."""
        made = [Series(key) for key in keys]
        if not self._path.exists() or to_ms <= from_ms:
            return made
        step_ms = max(1, (to_ms - from_ms) // max(1, buckets))
        with closing(self._open()) as database:
            for run in _runs(database, code, from_ms, to_ms):
                self._add(database, run, made, from_ms, to_ms, step_ms)
        return made

    def rows(
        self, code: str, keys: Sequence[str], from_ms: int, to_ms: int
    ) -> Iterator[tuple[int, list[int | None]]]:
        """Every second as it was recorded: time and the counts of these curves."""
        if not self._path.exists():
            return
        with closing(self._open()) as database:
            for run in _runs(database, code, from_ms, to_ms):
                places = [run.keys.index(key) if key in run.keys else None for key in keys]
                rows = database.execute(
                    "SELECT at_ms, counts FROM second"
                    " WHERE run = ? AND at_ms BETWEEN ? AND ? ORDER BY at_ms",
                    (run.id, from_ms, to_ms),
                )
                for at_ms, blob in rows:
                    counts = memoryview(blob).cast("i")
                    yield at_ms, [_known(counts[p]) if p is not None else None for p in places]

    def _open(self) -> sqlite3.Connection:
        # Read-only by its statements: opening a WAL file "ro" fails where its index is missing.
        database = sqlite3.connect(self._path, timeout=2, check_same_thread=False)
        database.execute("PRAGMA query_only = 1")
        return database

    def _add(
        self,
        database: sqlite3.Connection,
        run: _Run,
        made: list[Series],
        from_ms: int,
        to_ms: int,
        step_ms: int,
    ) -> None:
        (raw_from,) = database.execute(
            "SELECT MIN(at_ms) FROM second WHERE run = ?", (run.id,)
        ).fetchone()
        (minutes_to,) = database.execute(
            "SELECT MAX(at_ms) FROM minute WHERE run = ?", (run.id,)
        ).fetchone()
        coarse_to = (minutes_to or -MINUTE_MS) + MINUTE_MS
        fine_from = coarse_to if raw_from is None else raw_from - raw_from % MINUTE_MS
        border = coarse_to if step_ms >= MINUTE_MS else min(fine_from, coarse_to)
        border = max(from_ms, min(border, to_ms))
        wanted = [
            (series, run.keys.index(series.key)) for series in made if series.key in run.keys
        ]
        join_ms = 0  # a new run is a new connection: never one line with what was before
        if border > from_ms:
            stretch = _fetch(database, "minute", ("low", "high"), run, wanted, from_ms, border - 1)
            _append(stretch, from_ms, max(step_ms, MINUTE_MS), _MINUTE_GAP_MS, join_ms)
            if stretch.at_ms:
                join_ms = _MINUTE_GAP_MS
        if border < to_ms:
            stretch = _fetch(database, "second", ("counts",), run, wanted, border, to_ms)
            _append(stretch, from_ms, step_ms, _SECOND_GAP_MS, join_ms)


@dataclass
class _Stretch:
    """Moments, and for each curve its lows and highs (the same list where there is one)."""

    at_ms: array[int]
    columns: list[tuple[Series, array[int], array[int]]]


def _runs(database: sqlite3.Connection, code: str, from_ms: int, to_ms: int) -> list[_Run]:
    """The runs of a board that reach into a stretch of time; one that goes on has no end yet."""
    rows = database.execute(
        "SELECT id, keys FROM run WHERE board = ? AND started_ms <= ?"
        " AND (ended_ms IS NULL OR ended_ms >= ?) ORDER BY id",
        (code, to_ms, from_ms),
    )
    return [_Run(number, tuple(keys.split("\n"))) for number, keys in rows]


def _fetch(
    database: sqlite3.Connection,
    table: str,
    blobs: tuple[str, ...],
    run: _Run,
    wanted: list[tuple[Series, int]],
    from_ms: int,
    to_ms: int,
) -> _Stretch:
    """Only the columns that are wanted leave the file, neighbours as one."""
    spans = _spans(sorted({place for _, place in wanted}))
    parts = ", ".join(
        f"substr({blob}, {first * _COUNT_BYTES + 1}, {count * _COUNT_BYTES})"
        for blob in blobs
        for first, count in spans
    )
    rows = database.execute(
        f"SELECT at_ms{', ' + parts if parts else ''} FROM {table}"
        " WHERE run = ? AND at_ms BETWEEN ? AND ? ORDER BY at_ms",
        (run.id, from_ms, to_ms),
    )
    at_ms = array("q")
    columns = [array("i") for _ in range(len(blobs) * len(spans))]
    while some := rows.fetchmany(_AT_ONCE):
        at_ms.extend(row[0] for row in some)
        for i, column in enumerate(columns):
            column.frombytes(b"".join(row[i + 1] for row in some))
    return _Stretch(
        at_ms,
        [
            (
                series,
                _column(columns[: len(spans)], spans, place),
                _column(columns[-len(spans) :], spans, place),
            )
            for series, place in wanted
        ],
    )


def _spans(places: list[int]) -> list[tuple[int, int]]:
    """(first, how many) of numbers that follow each other."""
    spans: list[tuple[int, int]] = []
    for place in places:
        if spans and sum(spans[-1]) == place:
            spans[-1] = (spans[-1][0], spans[-1][1] + 1)
        else:
            spans.append((place, 1))
    return spans


def _column(columns: list[array[int]], spans: list[tuple[int, int]], place: int) -> array[int]:
    for column, (first, count) in zip(columns, spans, strict=True):
        if first <= place < first + count:
            return column[place - first :: count]
    raise KeyError(place)


def _append(stretch: _Stretch, origin_ms: int, step_ms: int, gap_ms: int, join_ms: int) -> None:
    """Add a stretch to its curves, an extreme each way for every step, gaps as None.

    Moments further apart than ``gap_ms`` are a gap, and so is more than ``join_ms`` between
    what a curve has already and this stretch.
    """
    at_ms = stretch.at_ms
    if not at_ms:
        return
    cuts = _cuts(at_ms, origin_ms, step_ms, gap_ms)
    for series, lows, highs in stretch.columns:
        if series.points and at_ms[0] - series.points[-1][0] > join_ms:
            series.points.append((series.points[-1][0] + 1, None))
        for (first, _), (end, gap) in pairwise(cuts):
            _extremes(series.points, at_ms, lows, highs, first, end)
            if gap:
                series.points.append((at_ms[end - 1] + 1, None))


def _cuts(at_ms: array[int], origin_ms: int, step_ms: int, gap_ms: int) -> list[tuple[int, bool]]:
    """Where one bucket ends and the next begins, and whether a gap lies between."""
    cuts = [(0, False)]
    gaps = [i + 1 for i, (one, next_) in enumerate(pairwise(at_ms)) if next_ - one > gap_ms]
    for stop, gap in [*((index, True) for index in gaps), (len(at_ms), False)]:
        index = cuts[-1][0]
        while index < stop:
            edge_ms = origin_ms + ((at_ms[index] - origin_ms) // step_ms + 1) * step_ms
            index = max(index + 1, bisect_left(at_ms, edge_ms, index, stop))
            cuts.append((index, gap and index == stop))
    return cuts


def _extremes(
    points: list[Point],
    at_ms: array[int],
    lows: array[int],
    highs: array[int],
    first: int,
    end: int,
) -> None:
    """The lowest and the highest of a bucket, at their own times; None where one is not known."""
    low, high = lows[first:end], highs[first:end]
    smallest, biggest = min(low), max(high)
    if smallest == biggest != ABSENT:
        points.append((at_ms[first + low.index(smallest)], smallest))
        return
    found: list[Point] = []
    if smallest == ABSENT:
        found.append((at_ms[first + low.index(ABSENT)], None))
        smallest = min((count for count in low if count != ABSENT), default=ABSENT)
    if smallest != ABSENT:
        found.append((at_ms[first + low.index(smallest)], smallest))
    if biggest not in (ABSENT, smallest):
        found.append((at_ms[first + high.index(biggest)], biggest))
    points.extend(sorted(found, key=lambda point: point[0]))


def _known(count: int) -> int | None:
    return None if count == ABSENT else count
