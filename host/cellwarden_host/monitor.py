"""Watching a board: asks again and again, survives a lost line, draws what it knows.

``Source`` keeps the newest good values with the time they came, so that whoever shows them can
say how old they are. Old numbers are never shown as new: a look that failed marks them stale.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live

from . import catalog, journal_words, show
from .bluetooth.place import Access
from .board import Board, Values
from .dashboard import Dashboard, Note, line_of
from .link import AnyLine, open_line
from .problems import NoConnection, Problem

_MARK = {"event": "  journal", "story": "\n>>"}
_WANTED = [*catalog.READINGS, catalog.RULE_STATE]


class Source:
    """The newest values of one board, through losses of the line.

    ``port`` is asked again whenever the line has to be opened: a simulator that was started
    anew is found, and the pseudo terminal of one that has ended is left alone.
    """

    def __init__(
        self, port: Callable[[], str], baud: int, unit: int, access: Access | None = None
    ) -> None:
        self._port, self._baud, self._unit, self._access = port, baud, unit, access
        self._line: AnyLine | None = None
        self._board: Board | None = None
        self.values: Values | None = None
        self.taken_s = 0.0
        self.trouble = ""

    def look(self) -> bool:
        """Ask the board once; False leaves the old values, and says why in ``trouble``."""
        try:
            values = self.board().read(_WANTED)
        except Problem as problem:
            self.trouble = str(problem)
            self.close()
            return False
        self.values, self.taken_s, self.trouble = values, time.monotonic(), ""
        return True

    def board(self) -> Board:
        """The board on an open line; opens it when need be."""
        if self._board is None:
            self._line = open_line(self._port(), self._baud, self._access)
            self._board = Board(self._line, self._unit)
        return self._board

    def age_s(self) -> float:
        """Seconds since the values were read."""
        return time.monotonic() - self.taken_s

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = self._board = None


def watch(
    source: Source,
    every_s: float,
    count: int = 0,
    as_json: bool = False,
    dashboard: Dashboard | None = None,
    notes: Callable[[Source], list[Note]] | None = None,
) -> None:
    """Show the board every ``every_s`` until Ctrl-C, or ``count`` times.

    The first look must succeed: a wrong port is the user's to correct, not to wait for.
    ``notes`` is asked after every good look for what there is to tell besides.
    """
    if not source.look():
        raise NoConnection(source.trouble)
    notes = notes or JournalTail()
    screen = _screen(source, as_json, dashboard)
    with screen:
        done = 0
        while True:
            try:
                told = [] if source.trouble else notes(source)
            except Problem:
                told = []  # told at the next good look
            screen.show(told)
            done += 1
            if count and done >= count:
                return
            time.sleep(every_s)
            source.look()


class JournalTail:
    """What the journal has gained since the last look; the newest few at first."""

    def __init__(self, at_first: int = 4) -> None:
        self._at_first = at_first
        self._seen: int | None = None

    def __call__(self, source: Source) -> list[Note]:
        assert source.values is not None  # asked after a good look only
        first, following = (source.values.known(f"journal_{end}") for end in ("first", "next"))
        seen = self._seen
        if seen is None or seen > following:
            seen = following - self._at_first
        entries = list(journal_words.fetch(source.board(), max(first, seen), following))
        self._seen = following
        return [Note("event", _event(entry)) for entry in entries]


def _event(entry: journal_words.Entry) -> str:
    age = journal_words.age_text(entry.field["uptime_s"])
    return f"#{entry.number} {age} {journal_words.words(entry)}"


class _Lines:
    """One line a look: for logs, pipes and scripts."""

    def __init__(self, source: Source, as_json: bool) -> None:
        self._source = source
        self._as_json = as_json

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, notes: list[Note]) -> None:
        source = self._source
        if not self._as_json:
            for note in notes:
                print(f"{_MARK[note.kind]} {note.text}", flush=True)
        if self._as_json:
            document: dict[str, object] = {"stale": bool(source.trouble)}
            if source.trouble or source.values is None:
                document["trouble"] = source.trouble
            else:
                document.update(show.readings_json(source.values))
            text = json.dumps(document, ensure_ascii=False)
        else:
            text = line_of(source.values, source.trouble)
        print(text, flush=True)


class _Screen:
    """The live view of a terminal."""

    def __init__(self, source: Source, dashboard: Dashboard, console: Console) -> None:
        self._source = source
        self._dashboard = dashboard
        self._console = console
        self._live = Live(console=console, screen=False, auto_refresh=False)

    def __enter__(self) -> _Screen:
        self._live.__enter__()
        return self

    def __exit__(self, *args: object) -> None:
        self._live.__exit__(None, None, None)

    def show(self, notes: list[Note]) -> None:
        source = self._source
        for note in notes:
            self._dashboard.add(note)
        stale_s = source.age_s() if source.trouble else 0.0
        width, height = self._console.size
        drawn = self._dashboard.render(source.values, stale_s, source.trouble, width, height)
        self._live.update(drawn, refresh=True)


def _screen(source: Source, as_json: bool, dashboard: Dashboard | None) -> _Lines | _Screen:
    if as_json or not sys.stdout.isatty():
        return _Lines(source, as_json)
    return _Screen(source, dashboard or Dashboard(), Console(highlight=False))
