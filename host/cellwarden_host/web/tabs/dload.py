"""The tab DLoad: mass production, one button a board, the verdict in letters seen from afar.

An operator needs the Enter key and nothing else. What the page shows is the line's outcome
(``dload_line``); it writes nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable

from nicegui import background_tasks, ui
from nicegui.events import KeyEventArguments

from ...production import run
from ...words import Said, known, say
from ..view import View
from .dload_line import Line, line_of
from .dload_parts import Label, Steps, Table, build_recipe

TITLE = say("DLoad")
ICON = "factory"

# What is shown in big: word, icon, class.
_NO_RECIPE = (say("No recipe"), "description", "cw-muted")
_NO_BOARD = (say("No board"), "cable", "cw-muted")
_READY = (say("READY"), "play_circle", "cw-info")
_BUSY = (say("WORKING"), "hourglass_top", "cw-info")
_PASS = (say("PASS"), "check_circle", "cw-good")
_FAIL = (say("FAIL"), "cancel", "cw-bad")
_DONE = (say("DONE BEFORE"), "task_alt", "cw-warn")

CSS = """
.cw-verdict { border: 4px solid currentColor; border-radius: 14px; padding: .6rem 1.2rem;
  display: flex; align-items: center; gap: 1rem; width: 100%; min-height: 7.5rem; }
.cw-verdict-word { font-size: clamp(2rem, 7vw, 4.5rem); font-weight: 800; line-height: 1;
  letter-spacing: .03em; }
.cw-verdict .q-icon { font-size: clamp(3rem, 8vw, 5rem); }
.cw-muted { color: var(--cw-soft); } .cw-info { color: var(--q-primary); }
.body--dark .cw-info { color: var(--cw-low); }
.cw-step { display: grid; grid-template-columns: 1.6rem 5.2rem minmax(7rem, 11rem) 1fr;
  gap: .1rem .6rem; align-items: start; width: 100%; padding: .3rem 0;
  border-bottom: 1px solid var(--cw-line); }
.cw-step .q-icon { font-size: 1.3rem; }
.cw-made { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.cw-made th, .cw-made td { text-align: left; padding: .3rem .6rem .3rem 0;
  border-bottom: 1px solid var(--cw-line); }
.cw-made td:last-child { white-space: nowrap; }
.cw-made th { font-weight: 600; font-size: .8rem; color: var(--cw-soft); }
.cw-scroll { overflow-x: auto; width: 100%; }
.cw-dload { display: grid; gap: .9rem; width: 100%; align-items: start;
  grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
@media (max-width: 900px) { .cw-dload { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 600px) {
  .cw-step { grid-template-columns: 1.6rem 4.4rem 1fr; }
  .cw-step > :last-child { grid-column: 3; }
}
"""


def build(view: View) -> Callable[[], None]:
    """The tab; its refresh."""
    line = line_of(view.station)
    ui.add_css(CSS)
    with ui.element("div").classes("cw-dload"):
        with ui.column().classes("gap-3 w-full"):
            verdict = _Verdict(view, line)
            with ui.card().classes("cw-card w-full"):
                steps = Steps(view, line)
            with ui.card().classes("cw-card w-full"):
                table = Table(view, line)
        with ui.column().classes("gap-3 w-full"):
            recipe = build_recipe(view, line)
            label = Label(view, line)
    ui.keyboard(on_key=verdict.key, ignore=["input", "select", "button", "textarea"])
    state: list[object] = []

    def refresh() -> None:
        now = [line.changes, view.fresh, line.machine_code]
        verdict.refresh()
        if now == state:
            return
        state[:] = now
        for part in (recipe, steps.refresh, table.refresh, label.refresh):
            part()

    refresh()
    return refresh


class _Verdict:
    """The big word, what it is about, and the one button."""

    def __init__(self, view: View, line: Line) -> None:
        self._view, self._line = view, line
        self._shown: tuple[object, ...] = ()
        with (
            ui.element("div")
            .classes("cw-verdict")
            .props("role=status aria-live=assertive data-testid=dload.verdict") as self._box
        ):
            self._icon = ui.icon("cable")
            with ui.column().classes("gap-1 grow"):
                self._word = ui.label().classes("cw-verdict-word")
                self._word.props("data-testid=dload.word")
                self._about = ui.label().classes("cw-text").props("data-testid=dload.about")
        with ui.row().classes("w-full items-center gap-3"):
            self._start = (
                ui.button(view.tr(say("Write this board")), icon="keyboard_return")
                .props("size=lg no-caps autofocus data-testid=dload.start")
                .on_click(self._press)
            )
            self._again = (
                ui.button(view.tr(say("Write it again")), icon="replay")
                .props("flat no-caps data-testid=dload.again")
                .on_click(self._write_again)
            )
            self._counts = ui.label().classes("cw-numbers").props("data-testid=dload.counts")

    def refresh(self) -> None:
        line, view = self._line, self._view
        (word, icon, look), about = self._state()
        may = self._may_start()
        now = (word, about, may, line.has_passed, line.counts, line.running)
        if now == self._shown:
            return
        self._shown = now
        self._word.text = view.tr(word)
        self._about.text = view.tr(about)
        self._icon.name = icon
        self._box.classes(remove="cw-muted cw-info cw-good cw-bad cw-warn").classes(add=look)
        self._start.set_enabled(may and not line.has_passed)
        self._again.set_visibility(may and line.has_passed)
        passed, failed = line.counts
        told = say("{passed} passed, {failed} failed runs", passed=passed, failed=failed)
        self._counts.text = view.tr(told) if line.recipe else ""

    def _may_start(self) -> bool:
        line = self._line
        mine = line.owner is self._view
        return bool(mine and line.recipe and line.machine_code and not line.busy)

    def _state(self) -> tuple[tuple[Said, str, str], str]:
        line = self._line
        outcome = line.shown
        if line.recipe is None:
            return _NO_RECIPE, say("Load a recipe: the same settings for board after board")
        if line.trouble is not None:
            return _FAIL, line.trouble.said
        if line.running:
            step = (
                next((s for s in outcome.steps if s.state == run.BUSY), None) if outcome else None
            )
            return _BUSY, step.title if step else known("")
        if outcome is not None and outcome.finished:
            if outcome.passed:
                who = outcome.serial or outcome.machine_code
                next_one = say("{who}: take the next board", who=who)
                return _PASS, next_one
            failed = next((s for s in outcome.steps if s.state == run.FAIL), outcome.steps[0])
            return _FAIL, say("{step}: {why}", step=failed.title, why=failed.said)
        if not line.machine_code:
            seen = self._view.snapshot
            if self._view.fresh and seen is not None:
                return _FAIL, run.NO_CODE
            return _NO_BOARD, say("Connect the next board")
        if line.has_passed:
            return _DONE, say("This board has passed with this recipe already")
        if line.owner is not self._view:
            return _READY, say("Another browser has loaded the recipe and produces")
        return _READY, say("Board {code}: press Enter", code=line.machine_code)

    # --- doing

    def key(self, event: KeyEventArguments) -> None:
        """Enter, wherever the page's focus is."""
        shown = self._view.keep.get("tab", "dload") == "dload"
        if event.action.keydown and not event.action.repeat and event.key.enter and shown:
            self._press()

    def _press(self) -> None:
        if self._may_start() and not self._line.has_passed:
            background_tasks.create(self._line.start())

    async def _write_again(self) -> None:
        line = self._line
        if await self._view.confirm(
            say("Write this board again?"),
            say("It has passed with this recipe already and keeps its serial number."),
            say("Write it again"),
        ):
            background_tasks.create(line.start())
