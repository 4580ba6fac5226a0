"""The board at the other end: looks at it, keeps the newest good look, lets one talk at a time.

As the PC software's station, for one page: a value counts as present only while the link is up
and the last look is young. Between looks the board's own summary keeps the telling values fresh.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from cellwarden.tables import SCHEMA_VERSION, rows
from cellwarden.tables.summary import SUMMARY

from ... import catalog, journal_words
from ...board import Board, Values
from ...journal_words import Entry
from ...problems import Problem, Refused
from ...web.snapshot import Snapshot
from ...words import say
from .platform import Turn, now_s, wait_for

FRESH_S = 3.0
SETTINGS_S = 20.0
_KEPT_ENTRIES = 200
_OFTEN = [*catalog.READINGS, catalog.RULE_STATE]
# What only the page of cells' health or of texts needs is read now and then.
_SELDOM = {"cell_resistance", "cell_charge_diff", "cell_leak"}


class Station:
    """``link`` is off, opening, up or lost; ``snapshot`` the newest good look, if any."""

    def __init__(self) -> None:
        self.link = "off"
        self.name = ""
        self.board: Board | None = None
        self.snapshot: Snapshot | None = None
        self.journal: list[Entry] = []
        self.trouble: Problem | None = None
        self.connections = 0
        self._turn = Turn()
        self._values = Values()
        self._settings = Values()
        self._texts: dict[str, str] = {}
        self._seen_s = -1e9
        self._settings_s = -1e9
        self._looks = 0

    # --- the link

    def begin(self, line: Any, name: str, unit: int = 1) -> None:
        """A link is up: learn what is at its other end."""
        self.board = Board(line, unit)
        self.name = name
        self.connections += 1
        self.link = "opening"
        self._settings_s = -1e9
        self._looks = 0
        self.journal = []

    def end(self, wanted: bool) -> None:
        """The link is gone; what was known stays, greyed out."""
        self.board = None
        self.link = "off" if wanted else "lost"
        if wanted:
            self.snapshot = None

    @property
    def fresh(self) -> bool:
        return self.link == "up" and now_s() - self._seen_s < FRESH_S

    @property
    def age_s(self) -> int:
        """Seconds since the newest look."""
        return int(now_s() - self._seen_s)

    # --- looking

    def do(self, work: Callable[[Board], Any]) -> Any:
        """Carry out ``work`` with nobody talking in between."""
        board = self.board
        if board is None:
            raise Refused(say("not connected: connect first"))
        self._turn.take()
        try:
            return wait_for(work(board))
        finally:
            self._turn.give()

    def look(self) -> None:
        """One look; the first after a connect, and each now and then, takes the settings too."""
        self.do(self._look)

    def _look(self, board: Board) -> None:
        values = Values()
        values.take(board.read_known([r for r in _OFTEN if self._wanted(r)]))
        version = values.one("schema_version")
        if version is None or version > SCHEMA_VERSION:
            self.trouble = Refused(
                say("this board is newer than the app: reload the page to bring it up to date")
            )
        if now_s() - self._settings_s > SETTINGS_S:
            self._settings = board.read_known(catalog.SETTINGS)
            self._texts = board.read_known(catalog.TEXTS).texts
            self._settings_s = now_s()
        for row in _OFTEN:
            if row.name not in values:
                values.set(row, self._values.all(row.name))
        self._values = values
        self._looks += 1
        self._seen()

    def _wanted(self, row: Any) -> bool:
        return row.name not in _SELDOM or self._looks % 10 == 0

    def _seen(self) -> None:
        self.link = "up"
        self._seen_s = now_s()
        self.snapshot = Snapshot(
            self._looks,
            self._seen_s,
            time.time(),
            self.connections,
            SCHEMA_VERSION,
            self._values,
            self._settings,
            self._texts,
        )

    def take_settings(self, after: Values) -> None:
        """Settings that have just been read back are the present ones; readings stay as old as
        they are."""
        seen = self.snapshot
        if seen is None:
            return
        self._settings = after
        self.snapshot = Snapshot(
            seen.number,
            seen.taken_s,
            seen.at,
            seen.connection,
            seen.schema,
            seen.values,
            after,
            seen.texts,
        )

    def settings_changed(self) -> None:
        """Read the settings anew at the next look."""
        self._settings_s = -1e9

    def summary(self, data: bytes) -> None:
        """The board's own notification: the first readings of the table, as many as fitted."""
        if self.snapshot is None or len(data) < 2:
            return
        words = [data[i] << 8 | data[i + 1] for i in range(0, len(data) - 1, 2)]
        if words[0] != SCHEMA_VERSION:
            return
        at = 1
        for name in SUMMARY:
            row = catalog.READING.get(name)
            if row is None or at + catalog.size(row) > len(words):
                break
            self._values.set(row, catalog.decode(row, words[at : at + catalog.size(row)]))
            at += catalog.size(row)
        self._seen()

    # --- the journal

    def read_journal(self) -> bool:
        """Fetch a few entries that are not known yet, the newest first; False when all are."""
        snapshot = self.snapshot
        if snapshot is None:
            return False
        first, following = snapshot.known("journal_first"), snapshot.known("journal_next")
        first = max(first, following - _KEPT_ENTRIES)
        known = {entry.number for entry in self.journal}
        wanted = [n for n in range(following - 1, first - 1, -1) if n not in known][:3]
        if not wanted:
            return False
        numbers = sorted(wanted)
        found = self.do(lambda board: journal_words.some(board, numbers))
        # Asked anew: another look may have brought them while this one waited.
        known = {entry.number for entry in self.journal}
        new = [entry for entry in found if entry.number not in known]
        self.journal = sorted([*self.journal, *new], key=lambda entry: entry.number)
        return bool(found)

    # --- the session

    def role(self) -> int:
        return self.snapshot.known("session_role") if self.fresh and self.snapshot else 0

    def may(self, role: int) -> bool:
        return bool(rows.includes(self.role(), role))
