"""The file of recordings: SQLite, one row a second, and one a minute with the extremes.

A row a second holds all counts of a run as 32-bit numbers, in the order of the run's keys; a
row a minute holds the lowest and the highest of each, so that weeks can be drawn quickly and are
kept longer. Committed at once: killing the program loses the second that was being written.
The file is bounded by rows: the oldest go first. It must never be trusted blindly: a damaged
file is put aside, not written to.
"""

from __future__ import annotations

import sqlite3
import time
from array import array
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from .curves import ABSENT

# The number is the file's layout: a program of another layout leaves it alone.
FILE = "recording-1.sqlite"
# A week of seconds and 4 months of minutes: about 1.0 GB for 24 cells, 1.2 GB for 32.
MOST_SECONDS = 600_000
MOST_MINUTES = 180_000
MINUTE_MS = 60_000
_TRIM_EVERY = 600
_PATIENCE_S = 2.0

_TABLES = """
CREATE TABLE IF NOT EXISTS run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, board TEXT NOT NULL, name TEXT NOT NULL,
    started_ms INTEGER NOT NULL, keys TEXT NOT NULL, ended_ms INTEGER);
CREATE TABLE IF NOT EXISTS second (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    counts BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS second_at ON second (run, at_ms);
CREATE TABLE IF NOT EXISTS minute (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    low BLOB NOT NULL, high BLOB NOT NULL, UNIQUE (run, at_ms) ON CONFLICT REPLACE);
"""


class Store:
    """The writing end; belongs to one thread."""

    def __init__(
        self,
        folder: Path,
        most_seconds: int = MOST_SECONDS,
        most_minutes: int = MOST_MINUTES,
    ) -> None:
        self.path = folder / FILE
        self._most = {"second": most_seconds, "minute": most_minutes}
        self._appended = 0
        self._run = 0
        self._minute: _Minute | None = None
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._db = _opened(self.path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise  # no permission, no room, locked: the file may be good
            put_aside(self.path)
            self._db = _opened(self.path)
        self._finish_cut_runs()

    def begin(self, board: str, name: str, keys: Sequence[str], at_ms: int) -> None:
        """What follows is of this board, with these curves."""
        self.end()
        with self._db:
            done = self._db.execute(
                "INSERT INTO run (board, name, started_ms, keys) VALUES (?, ?, ?, ?)",
                (board, name, at_ms, "\n".join(keys)),
            )
        self._run = int(done.lastrowid or 0)

    def append(self, at_ms: int, counts: array[int]) -> None:
        """One moment of the run that was begun."""
        with self._db:
            self._db.execute(
                "INSERT INTO second (run, at_ms, counts) VALUES (?, ?, ?)",
                (self._run, at_ms, counts.tobytes()),
            )
            start_ms = at_ms - at_ms % MINUTE_MS
            if self._minute is None or self._minute.start_ms != start_ms:
                self._write_minute()
                self._minute = _Minute(start_ms, counts)
            else:
                self._minute.add(counts)
            self._appended += 1
            if self._appended % _TRIM_EVERY == 0:
                self._trim()

    def end(self) -> None:
        """No more of this run."""
        if self._run:
            with self._db:
                self._write_minute()
                self._mark_ended(self._run)
        self._run, self._minute = 0, None

    def close(self) -> None:
        try:
            self.end()
        finally:
            self._db.close()

    def _write_minute(self) -> None:
        if self._minute is not None:
            self._db.execute(
                "INSERT INTO minute (run, at_ms, low, high) VALUES (?, ?, ?, ?)",
                (self._run, *self._minute.fields()),
            )

    def _mark_ended(self, run: int) -> None:
        self._db.execute(
            "UPDATE run SET ended_ms = (SELECT COALESCE(MAX(at_ms), run.started_ms) FROM second"
            " WHERE second.run = run.id) WHERE id = ?",
            (run,),
        )

    def _trim(self) -> None:
        """Drop the oldest rows beyond the bounds, and runs of which nothing is left."""
        for table, most in self._most.items():
            (newest,) = self._db.execute(f"SELECT MAX(id) FROM {table}").fetchone()
            self._db.execute(f"DELETE FROM {table} WHERE id <= ?", ((newest or 0) - most,))
        self._db.execute(
            "DELETE FROM run WHERE id <> ?"
            " AND NOT EXISTS (SELECT 1 FROM second WHERE second.run = run.id)"
            " AND NOT EXISTS (SELECT 1 FROM minute WHERE minute.run = run.id)",
            (self._run,),
        )

    def _finish_cut_runs(self) -> None:
        """Write the minutes of runs that a crash has cut off."""
        cut = self._db.execute("SELECT id FROM run WHERE ended_ms IS NULL").fetchall()
        for (run,) in cut:
            (last,) = self._db.execute(
                "SELECT MAX(at_ms) FROM minute WHERE run = ?", (run,)
            ).fetchone()
            rows = self._db.execute(
                "SELECT at_ms, counts FROM second WHERE run = ? AND at_ms >= ? ORDER BY at_ms",
                (run, (last or -MINUTE_MS) + MINUTE_MS),
            )
            minutes: dict[int, _Minute] = {}
            for at_ms, blob in rows:
                counts = array("i", blob)
                start_ms = at_ms - at_ms % MINUTE_MS
                if start_ms in minutes:
                    minutes[start_ms].add(counts)
                else:
                    minutes[start_ms] = _Minute(start_ms, counts)
            with self._db:
                self._db.executemany(
                    "INSERT INTO minute (run, at_ms, low, high) VALUES (?, ?, ?, ?)",
                    [(run, *minute.fields()) for minute in minutes.values()],
                )
                self._mark_ended(run)


class _Minute:
    """The lowest and highest known count of each curve within a minute."""

    def __init__(self, start_ms: int, counts: array[int]) -> None:
        self.start_ms = start_ms
        self._low, self._high = list(counts), list(counts)

    def add(self, counts: array[int]) -> None:
        low, high = self._low, self._high
        for i, count in enumerate(counts):
            if count == ABSENT:
                continue
            if count > high[i]:
                high[i] = count
            if count < low[i] or low[i] == ABSENT:
                low[i] = count

    def fields(self) -> tuple[int, bytes, bytes]:
        return self.start_ms, array("i", self._low).tobytes(), array("i", self._high).tobytes()


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_PATIENCE_S, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_TABLES)
        with closing(database.execute("SELECT 1 FROM run, second, minute LIMIT 1")) as some:
            some.fetchone()
    except sqlite3.Error:
        database.close()
        raise
    return database


def put_aside(path: Path) -> None:
    """Rename a damaged file, so that a new one can be begun and the old one be looked at."""
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(f"damaged-{int(time.time())}-{path.name}{suffix}"))
