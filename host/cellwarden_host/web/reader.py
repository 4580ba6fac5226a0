"""Reads a board look by look: what changes in every look, the rest less often or when it moved.

A board with older firmware lacks rows; their requests are refused, and from then on the rows are
left out and read as unknown. It must never mix two boards: a reader lives for one connection.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from cellwarden.tables import SCHEMA_VERSION

from .. import catalog, journal_words
from ..board import Board, Declined, Values
from ..problems import NoConnection
from ..words import say
from .snapshot import Snapshot

_QUICK = (
    *(row for row in catalog.READINGS if row not in catalog.READINGS[-3:]),
    catalog.RULE_STATE,
)
_SLOW = catalog.READINGS[-3:]  # health of each cell: it moves in hours
_SLOW_S = 5.0
_SETTINGS_S = 10.0
# Entries of the journal fetched between two looks.
_ENTRIES = 6
_ILLEGAL_ADDRESS = 2
_CODE = next(row for row in catalog.TEXTS if row.name == "machine_code")


class AnotherBoard(NoConnection):
    """On the same cable there is another board than a moment ago."""

    def __init__(self) -> None:
        super().__init__(
            say("another board hangs on this cable than a moment ago; nothing was written to it")
        )


def machine_code(board: Board) -> str | None:
    """Who answers right now; None of a firmware that does not tell."""
    try:
        return catalog.decode_text(board.words(_CODE))
    except Declined:
        return None


class Reader:
    """``look`` gives the next snapshot; ``journal`` grows by a few entries each time."""

    def __init__(self, board: Board, connection: int) -> None:
        self._board = board
        self._connection = connection
        self._absent: set[Any] = set()
        self._looks = 0
        self._slow = Values()
        self._slow_at = self._settings_at = float("-inf")
        self._settings = Values()
        self._texts: dict[str, str] = {}
        self._schema = SCHEMA_VERSION
        self.journal: tuple[journal_words.Entry, ...] = ()
        self.journal_whole = False

    def look(self) -> Snapshot:
        """Ask the board; raises ``Problem`` and leaves what was known."""
        values = self._read(_QUICK)
        now = time.monotonic()
        if not self._texts:
            self._texts = self._read(catalog.TEXTS).texts
        if now - self._slow_at >= _SLOW_S:
            self._slow, self._slow_at = self._read(_SLOW), now
        if now - self._settings_at >= _SETTINGS_S:
            self._settings, self._settings_at = self._read(catalog.SETTINGS), now
        for row in _SLOW:
            values.set(row, self._slow.all(row.name))
        # Last, so that nothing of this look can be another board's.
        if machine_code(self._board) not in (None, self._texts["machine_code"]):
            raise AnotherBoard
        self._looks += 1
        self._schema = values.known("schema_version")
        self._more_journal(values)
        return Snapshot(
            self._looks,
            time.monotonic(),
            time.time(),
            self._connection,
            self._schema,
            values,
            self._settings,
            self._texts,
        )

    def settings_may_have_changed(self) -> None:
        """Read settings and texts anew at the next look."""
        self._settings_at = float("-inf")
        self._texts = {}

    def _read(self, wanted: Sequence[Any]) -> Values:
        present = [row for row in wanted if row not in self._absent]
        try:
            values = self._board.read(present)
        except Declined as error:
            if error.code != _ILLEGAL_ADDRESS:
                raise
            values = self._one_by_one(present)
        for row in wanted:
            if row not in self._absent:
                continue
            if row.kind == "text":
                values.texts[row.name] = ""
            else:
                values.set(row, [None] * row.count)
        return values

    def _one_by_one(self, wanted: Sequence[Any]) -> Values:
        """Find out which of these rows the board has."""
        values = Values()
        for row in wanted:
            try:
                values.put(row, self._board.words(row))
            except Declined as error:
                if error.code != _ILLEGAL_ADDRESS:
                    raise
                self._absent.add(row)
        return values

    def _more_journal(self, values: Values) -> None:
        first, following = values.one("journal_first"), values.one("journal_next")
        if first is None or following is None:
            return
        held = self.journal
        if held and held[-1].number >= following:
            held = ()  # another journal: the board has been wiped
        start = max(first, held[-1].number + 1 if held else following - _ENTRIES)
        if start < following:
            stop = min(following, start + _ENTRIES)
            held += tuple(journal_words.fetch(self._board, start, stop))
        elif held and held[0].number > first and not self.journal_whole:
            back = max(first, held[0].number - _ENTRIES)
            older = tuple(journal_words.fetch(self._board, back, held[0].number))
            self.journal_whole = not older
            held = older + held
        self.journal = tuple(entry for entry in held if entry.number >= first)
