"""Part of the tab Update: choose a firmware, see what it would do, send it, see how it ended.

The pack's way is chosen by a person: live, while it works, or by the bootloader as the vendor's
software does it. A running update is the station's, not the browser's: closing the page does not
break it off, and any page shows how far it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from nicegui import events, ui

from cellwarden.tables import rows

from ... import update
from ...bluetooth.place import is_bluetooth
from ...board import Board
from ...link import Line
from ...problems import Problem, Refused
from ...update.vendor import NO_BLUETOOTH
from ...words import listed, say
from ..ports import resolve
from ..station import Where
from ..view import View, words_of

_MOST_BYTES = 2_000_000


@dataclass
class Running:
    """An update on its way; shared by all pages."""

    plan: update.Plan
    progress: update.Progress | None = None
    cancelled: bool = False
    ended: str = ""
    failed: bool = False


class Desk:
    """The one update of this process."""

    running: Running | None = None


def build(view: View) -> Callable[[], None]:
    """The card; its refresh."""
    return _Card(view).refresh


class _Card:
    def __init__(self, view: View) -> None:
        self._view = view
        self._folder = TemporaryDirectory(prefix="cellwarden-")
        self._path: Path | None = None
        self._plan: update.Plan | None = None
        with ui.card().classes("cw-card w-full"):
            ui.label(view.tr(say("Firmware"))).classes("text-h6")
            self._upload = (
                ui.upload(
                    label=view.tr(say("Firmware file (.cwfw)")),
                    auto_upload=True,
                    max_files=1,
                    max_file_size=_MOST_BYTES,
                    on_upload=self._uploaded,
                )
                .props("accept=.cwfw flat bordered data-testid=update.file")
                .classes("w-full")
            )
            self._older = ui.checkbox(view.tr(say("Allow an older version"))).props(
                "dense data-testid=update.older"
            )
            self._summary = ui.label().classes("cw-text").props("data-testid=update.summary")
            with ui.row().classes("gap-2 items-center"):
                self._live = self._button(say("Update while it works"), "bolt", "live")
                self._vendor = self._button(say("Update by the bootloader"), "memory", "vendor")
                self._cancel = self._button(say("Break off"), "close", "cancel")
            with ui.column().classes("w-full gap-1") as self._moving:
                self._step = ui.label().props("data-testid=update.step role=status")
                self._bar = ui.linear_progress(0, show_value=False).props("size=14px rounded")
                self._count = ui.label().classes("cw-numbers cw-small")
            self._ended = ui.label().classes("cw-text").props("data-testid=update.ended")
        self._older.on_value_change(self._again)
        self._live.on_click(lambda: self._start(live=True))
        self._vendor.on_click(lambda: self._start(live=False))
        self._cancel.on_click(self._break_off)
        self.refresh()

    def _button(self, text: str, icon: str, name: str) -> ui.button:
        return ui.button(self._view.tr(text), icon=icon).props(
            f"outline no-caps data-testid=update.{name}"
        )

    # --- choosing

    async def _uploaded(self, event: events.UploadEventArguments) -> None:
        path = Path(self._folder.name) / "firmware.cwfw"
        await event.file.save(path)
        self._path = path
        self._upload.reset()
        await self._again()

    async def _again(self) -> None:
        """Hold the file against the board."""
        view, path, older = self._view, self._path, bool(self._older.value)
        self._plan = None
        if path is None:
            return
        try:
            if view.fresh:
                self._plan = await view.station.do(
                    lambda board: update.plan(board, path, older=older), of=view.meant
                )
            else:  # nothing answers: perhaps no firmware runs, and the bootloader waits
                self._plan = update.plan(None, path, older=older)
        except Problem as problem:
            self._summary.text = view.tr(words_of(problem))
        else:
            self._summary.text = "\n".join(view.tr(line) for line in self._plan.lines())
        self.refresh()

    # --- doing

    async def _start(self, live: bool) -> None:
        view, plan, meant = self._view, self._plan, self._view.meant
        if plan is None or (plan.running and not await view.unlocked(rows.INSTALLER)):
            return
        drops = plan.drops_load if live else plan.outputs_on
        if not await view.confirm(
            say(
                "Update {running} to {version}?", running=plan.running or "–", version=plan.version
            ),
            _DROPS if drops else _HOLDS,
            say("Update"),
            danger=drops,
        ):
            return
        where = view.station.where
        if not live and where is not None and is_bluetooth(where.port):
            view.tell_problem(Refused(NO_BLUETOOTH))
            return
        running = Desk.running = Running(plan)
        try:
            if live:
                outcome = await view.station.do(
                    lambda board: _live(view, board, running, may_drop=drops), of=meant
                )
            else:
                outcome = await view.station.do_alone(lambda where: _vendor(where, running))
        except Problem as problem:
            running.failed, running.ended = True, words_of(problem)
        else:
            running.failed, running.ended = not outcome.changed, outcome.text
        running.progress = None

    def _break_off(self) -> None:
        if Desk.running is not None:
            Desk.running.cancelled = True

    # --- showing

    def refresh(self) -> None:
        view, running = self._view, Desk.running
        busy = running is not None and not running.ended
        plan = self._plan if not busy else None
        self._live.set_enabled(plan is not None and plan.live and view.fresh)
        self._vendor.set_enabled(plan is not None and view.station.where is not None)
        self._upload.set_enabled(not busy)
        self._cancel.set_visibility(busy)
        self._moving.set_visibility(busy)
        progress = running.progress if running else None
        if progress is not None:
            self._step.text = view.tr(progress.step)
            self._bar.value = progress.done / progress.total if progress.total else 0
            told = [part for part in (progress.counted(), progress.note) if part]
            self._count.text = view.tr(listed(told))
        if running is not None and running.ended:
            icon = "✗" if running.failed else "✓"
            self._ended.text = f"{icon} {view.tr(running.ended)}"
            self._ended.classes(
                add="cw-bad" if running.failed else "cw-good",
                remove="cw-good" if running.failed else "cw-bad",
            )
        else:
            self._ended.text = ""


def _live(view: View, board: Board, running: Running, may_drop: bool) -> update.Outcome:
    def told(progress: update.Progress) -> None:
        running.progress = progress
        view.station.breathe()

    return update.run_live(board, running.plan, told, lambda: running.cancelled, may_drop=may_drop)


def _vendor(where: Where, running: Running) -> update.Outcome:
    def told(progress: update.Progress) -> None:
        running.progress = progress

    with Line(resolve(where.port), where.baud) as line:
        board = Board(line, where.unit)
        return update.run_vendor(
            line,
            running.plan,
            told,
            lambda: running.cancelled,
            board if running.plan.running else None,
            asking=lambda: board,
        )


_HOLDS = say("The pack goes on working: its outputs are held through the change-over.")
_DROPS = say("The outputs open for the change-over: the load loses its supply for some seconds.")
