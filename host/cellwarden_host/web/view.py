"""One browser's page: its language, its session, its drafts, and how it is told of problems.

A page writes only through ``carry_out``, so that asking for the password, waiting for the board
and telling what went wrong are the same everywhere. A browser's session is its own: that another
browser of this PC has proved a password opens nothing here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from nicegui import ui

from cellwarden.tables import rows

from ..board import Board
from ..problems import Problem
from ..words import ENGLISH, Said, say, tell
from ..words import schema as schema_words
from .snapshot import Snapshot
from .station import Station

T = TypeVar("T")

_DONE = say("Written and read back")


class View:
    """``keep`` holds what must survive a change of language: drafts, filters, the open tab."""

    def __init__(self, station: Station, language: str = ENGLISH) -> None:
        self.station = station
        self.language = language
        self.keep: dict[str, Any] = {}
        self._role = rows.ANYONE
        self._role_connection: tuple[str, int] | None = None
        self._kept_for = ""
        self._asking = asyncio.Lock()

    # --- words

    def tr(self, text: str) -> str:
        return tell(text, self.language)

    def value(self, row: Any, count: int | None) -> str:
        """A count with its unit, in this browser's language."""
        return self.tr(schema_words.value(row, count))

    # --- the board

    @property
    def snapshot(self) -> Snapshot | None:
        return self.station.snapshot

    @property
    def fresh(self) -> bool:
        return self.station.fresh

    @property
    def meant(self) -> str:
        """The machine code of the board that this page shows."""
        return self.snapshot.machine_code if self.snapshot else ""

    def reopened(self) -> None:
        """The page has been loaded anew: whatever it was asking is gone."""
        self._asking = asyncio.Lock()

    def board_changed(self) -> bool:
        """Drop what was kept for another board; True when there was one."""
        seen = self.snapshot
        if seen is None or seen.machine_code == self._kept_for:
            return False
        another = self._kept_for != ""
        self._kept_for = seen.machine_code
        if another:
            self.keep.clear()
            self._role = rows.ANYONE
        return another

    # --- the session

    @property
    def role(self) -> int:
        """The role that this browser has proved and that the board still grants."""
        seen = self.snapshot
        if seen is None or self._role_connection != self._session_of(seen):
            return rows.ANYONE
        granted = seen.known("session_role")
        return granted if rows.includes(self._role, granted) else self._role

    def proved(self, role: int) -> None:
        """This browser's person has just given the password of ``role``."""
        seen = self.snapshot
        self._role = role
        self._role_connection = self._session_of(seen) if seen else None

    @staticmethod
    def _session_of(seen: Snapshot) -> tuple[str, int]:
        return seen.machine_code, seen.connection

    async def unlocked(self, role: int) -> bool:
        """A session of ``role`` or more, asking for the password if need be."""
        from .access_dialog import ask_password

        async with self._asking:
            return rows.includes(self.role, role) or await ask_password(self, role)

    # --- doing

    async def carry_out(
        self,
        work: Callable[[Board], T],
        role: int = rows.INSTALLER,
        done: str | None = _DONE,
    ) -> T | None:
        """``work`` on the board with a session of ``role``; None when it was not done."""
        meant = self.meant
        if role > rows.ANYONE and not await self.unlocked(role):
            return None
        try:
            result = await self.station.do(work, of=meant)
        except Problem as problem:
            self.tell_problem(problem)
            return None
        if done:
            self.note(done)
        return result

    async def confirm(
        self, title: str, text: str = "", yes: str | None = None, danger: bool = False
    ) -> bool:
        """Ask; closing the question means no."""
        with ui.dialog() as dialog, ui.card().classes("cw-dialog"):
            dialog.props("data-testid=confirm")
            ui.label(self.tr(title)).classes("text-h6")
            if text:
                ui.label(self.tr(text)).classes("cw-text")
            with ui.row().classes("w-full justify-end"):
                ui.button(self.tr(say("Cancel")), on_click=lambda: dialog.submit(False)).props(
                    "flat data-testid=confirm.no"
                )
                ui.button(self.tr(yes or say("OK")), on_click=lambda: dialog.submit(True)).props(
                    f"color={'negative' if danger else 'primary'} data-testid=confirm.yes"
                )
        try:
            return bool(await dialog)
        finally:
            dialog.delete()

    def tell_problem(self, problem: Problem) -> None:
        """A problem stays on the screen until it has been closed."""
        ui.notify(
            self.tr(words_of(problem)),
            type="negative",
            multi_line=True,
            timeout=0,
            close_button=self.tr(say("Close")),
            classes="cw-problem",
        )

    def note(self, text: str) -> None:
        ui.notify(self.tr(text), type="positive", timeout=3000)


def words_of(problem: Problem) -> str:
    """What a problem says, still translatable where it was made so."""
    said = problem.args[0] if problem.args else ""
    return said if isinstance(said, Said) else str(problem)
