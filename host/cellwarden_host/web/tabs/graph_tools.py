"""What stands above the curves: what to draw, over which time, of which board, export."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from nicegui import ui

from ... import catalog
from ...recorder.reading import Board
from ...words import say, schema
from ..view import View
from . import graph_plan
from .graph_plan import Choice

_MINUTE_MS = 60_000
_SPANS = {
    5 * _MINUTE_MS: say("5 min"),
    30 * _MINUTE_MS: say("30 min"),
    120 * _MINUTE_MS: say("2 h"),
    480 * _MINUTE_MS: say("8 h"),
    1440 * _MINUTE_MS: say("24 h"),
    10080 * _MINUTE_MS: say("7 days"),
}


class Tools:
    """Changes the choice and says so by ``changed``; ``code`` is the board that is shown."""

    def __init__(
        self, view: View, choice: Choice, changed: Callable[[], None], export: Callable[[], None]
    ) -> None:
        self._view, self._choice, self._changed = view, choice, changed
        self.code: str | None = None
        self._first_ms = 0
        self._setting = False
        with ui.row().classes("w-full items-center cwg-row"):
            self._chips = {key: self._chip(key) for key in graph_plan.PRESETS}
        with ui.row().classes("w-full items-end cwg-row"):
            self._picked = (
                ui.select({}, label=view.tr(say("Readings")), multiple=True, with_input=True)
                .props("dense options-dense use-chips clearable data-testid=graph.readings")
                .classes("cwg-readings")
                .on_value_change(lambda event: self._pick(list(event.value or ())))
            )
            self._boards = (
                ui.select({}, label=view.tr(say("Board")))
                .props("dense options-dense data-testid=graph.board")
                .classes("cwg-board")
                .on_value_change(lambda event: self._choose_board(event.value))
            )
        with ui.row().classes("w-full items-center cwg-row"):
            self._live = ui.button(view.tr(say("Live")), icon="play_arrow", on_click=self._go_live)
            self._live.props("dense no-caps data-testid=graph.live")
            self._spans = {ms: self._span(ms, text) for ms, text in _SPANS.items()}
            self._button("all_inclusive", say("All of it"), self._all, "all")
            ui.space()
            for icon, text, act, key in (
                ("chevron_left", say("Earlier"), lambda: self._move(-0.5), "earlier"),
                ("zoom_in", say("Closer"), lambda: self._zoom(0.5), "closer"),
                ("zoom_out", say("Wider"), lambda: self._zoom(2), "wider"),
                ("chevron_right", say("Later"), lambda: self._move(0.5), "later"),
            ):
                self._button(icon, text, act, key)
            ui.button(view.tr(say("Save as CSV")), icon="download", on_click=export).props(
                "flat dense no-caps data-testid=graph.csv"
            )
        self.marks()

    # --- what there is

    def offer(self, recorded: Sequence[str]) -> None:
        """The readings that can be chosen."""
        self._setting = True
        told = {key: self._view.tr(text) for key, text in graph_plan.options(recorded).items()}
        self._picked.set_options(told, value=[key for key in self._choice.keys if key in told])
        self._setting = False

    def show(self, boards: Sequence[Board], code: str | None, connected: str | None) -> None:
        """The boards that were recorded, and the one that is shown."""
        self._setting = True
        self.code = code
        self._first_ms = next((board.first_ms for board in boards if board.code == code), 0)
        told = {board.code: _board_title(board) for board in boards}
        if code is not None:
            told.setdefault(code, code or "–")  # connected, and nothing recorded yet
        if told != self._boards.options or code != self._boards.value:
            self._boards.set_options(told, value=code)
        self._boards.set_visibility(len(boards) > 1 or code != connected)
        self._setting = False

    def marks(self) -> None:
        """Show by look and by word what is chosen."""
        choice = self._choice
        self._live.props(remove="outline" if choice.live else "")
        if not choice.live:
            self._live.props("outline")
        self._live.props(f"aria-pressed={str(choice.live).lower()}")
        for ms, button in self._spans.items():
            chosen = choice.span_ms == ms
            button.props(f"color={'primary' if chosen else 'grey-7'}")
            button.props(f"aria-pressed={str(chosen).lower()}")
        for key, chip in self._chips.items():
            chosen = key in choice.keys
            chip.props(f"icon={'check' if chosen else 'add'} aria-pressed={str(chosen).lower()}")
            chip.props("outline" if not chosen else "", remove="outline" if chosen else "")

    # --- what a person does

    def _chip(self, key: str) -> ui.button:
        title = self._view.tr(schema.title(catalog.READING[key]))

        def press() -> None:
            keys = self._choice.keys
            self._pick([one for one in keys if one != key] if key in keys else [*keys, key])

        return (
            ui.button(title, on_click=press)
            .props(f"dense rounded no-caps size=sm data-testid=graph.preset.{key}")
            .classes("cwg-preset")
        )

    def _span(self, ms: int, text: str) -> ui.button:
        def press() -> None:
            if self._choice.live:
                self._choice.follow(ms)
            else:
                from_ms, to_ms = self._choice.stretch(_now_ms())
                middle = (from_ms + to_ms) // 2
                self._choice.look_at(middle - ms // 2, middle + ms // 2)
            self._done()

        return ui.button(self._view.tr(text), on_click=press).props(
            f"flat dense no-caps data-testid=graph.span.{ms // _MINUTE_MS}"
        )

    def _button(self, icon: str, text: str, act: Callable[[], None], key: str) -> None:
        told = self._view.tr(text)
        ui.button(icon=icon, on_click=act).props(
            f'flat dense round data-testid=graph.{key} aria-label="{told}"'
        ).tooltip(told)

    def _pick(self, keys: list[str]) -> None:
        if self._setting or keys == self._choice.keys:
            return
        self._choice.keys = keys
        if self._picked.value != keys:
            self._setting = True
            self._picked.value = [key for key in keys if key in self._picked.options]
            self._setting = False
        self._done()

    def _choose_board(self, code: str | None) -> None:
        if not self._setting and code is not None:
            self._choice.board = code
            self._done()

    def _go_live(self) -> None:
        self._choice.follow(self._choice.span_ms)
        self._choice.board = None
        self._done()

    def _all(self) -> None:
        if self._first_ms:
            self._choice.look_at(self._first_ms, _now_ms())
            self._done()

    def _move(self, part: float) -> None:
        self._choice.move(part, _now_ms())
        self._done()

    def _zoom(self, times: float) -> None:
        self._choice.zoom(times, _now_ms())
        self._done()

    def _done(self) -> None:
        self.marks()
        self._changed()


def _board_title(board: Board) -> str:
    last = time.strftime("%Y-%m-%d", time.localtime(board.last_ms / 1000))
    name = board.name or board.code or "–"
    return f"{name} ({last})" if name == board.code else f"{name} ({board.code}, {last})"


def _now_ms() -> int:
    return int(time.time() * 1000)
