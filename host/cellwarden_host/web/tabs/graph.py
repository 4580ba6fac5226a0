"""Graph: curves of any reading, live and as recorded, over minutes or months.

The recording goes on whether this page is open or not. It is read on a thread of its own; a page
that is behind skips, it never queues.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from nicegui import background_tasks, run, ui

from ...recorder import Series
from ...recorder.reading import Board
from ...words import Said, say
from ..components.curves import Curves
from ..recording import recorder_of, recording
from ..view import View
from . import graph_export, graph_plan
from .graph_plan import Choice
from .graph_tools import Tools

TITLE = say("Graph")
ICON = "show_chart"

# Points a curve is drawn with: two for each bucket.
_BUCKETS = 400


def build(view: View) -> Callable[[], None]:
    return _Page(view).refresh


class _Page:
    def __init__(self, view: View) -> None:
        ui.add_head_html('<link rel="stylesheet" href="/static/watch.css">')
        self._view = view
        self._choice: Choice = view.keep.setdefault("graph", Choice())
        self._recorded: list[str] = []
        self._loading = False
        self._again = False
        self._due_s = 0.0
        with ui.column().classes("w-full cwm-page").props("data-testid=graph.page"):
            with ui.column().classes("cw-card cwm-card cwg-card"):
                self._tools = Tools(view, self._choice, self._load_now, self._export)
                self._chart = Curves(
                    graph_plan.plan((), self._choice.stretch(_now_ms()), view.tr), self._zoomed
                )
                self._chart.classes("w-full cwg-chart").props(
                    f'data-testid=graph.chart aria-label="{view.tr(TITLE)}"'
                )
                self._note = ui.label().classes("cwm-note").props("data-testid=graph.note")
                self._trouble = (
                    ui.label().classes("cwm-bad").props("role=alert data-testid=graph.trouble")
                )

    # --- drawing

    def refresh(self) -> None:
        """Called after each look: draws when the newest bucket is over."""
        recorder = recorder_of(self._view.station)
        trouble = recorder.trouble if recorder else None
        self._trouble.text = self._view.tr(trouble) if trouble else ""
        self._trouble.set_visibility(trouble is not None)
        if not self._recorded or (self._choice.live and time.monotonic() >= self._due_s):
            self._load_now()

    def _load_now(self) -> None:
        """Load and draw; once more afterwards if something was changed meanwhile."""
        if self._loading:
            self._again = True
            return
        self._loading = True
        self._due_s = time.monotonic() + max(1.0, self._choice.span_ms / 1000 / _BUCKETS)
        background_tasks.create(self._load(), name="curves")

    async def _load(self) -> None:
        try:
            while True:
                self._again = False
                await self._load_once()
                if not self._again:
                    return
        finally:
            self._loading = False

    async def _load_once(self) -> None:
        choice = self._choice
        stretch = choice.stretch(_now_ms())
        found = await run.io_bound(_read, choice, self._connected(), stretch)
        if found is None or self._chart.is_deleted:
            return
        boards, code, recorded, series = found
        if recorded != self._recorded:
            self._recorded = recorded
            self._tools.offer(recorded)
        self._tools.show(boards, code, self._connected())
        self._chart.show(graph_plan.plan(series, stretch, self._view.tr))
        board = next((one for one in boards if one.code == code), None)
        self._note.text = self._view.tr(_about(board, series))

    def _connected(self) -> str | None:
        seen = self._view.snapshot
        return seen.machine_code if seen is not None else None

    # --- what a person does

    async def _zoomed(self, from_ms: int, to_ms: int) -> None:
        self._choice.look_at(from_ms, to_ms)
        self._tools.marks()
        self._load_now()

    def _export(self) -> None:
        code = self._tools.code
        if code is None:
            return
        keys = graph_plan.curves(self._choice.keys, self._recorded)
        ui.download.from_url(graph_export.address(code, keys, *self._choice.stretch(_now_ms())))


def _read(
    choice: Choice, connected: str | None, stretch: tuple[int, int]
) -> tuple[list[Board], str | None, list[str], list[Series]]:
    """On a thread: the boards there are, the one shown, its curves, the points of those chosen."""
    source = recording()
    boards = source.boards()
    codes = [board.code for board in boards]
    code = choice.board if choice.board in codes else None
    if code is None:
        code = connected if connected is not None else codes[0] if codes else None
    recorded = source.keys(code) if code is not None else []
    keys = graph_plan.curves(choice.keys, recorded)[: graph_plan.MOST_CURVES]
    series = source.series(code, keys, *stretch, _BUCKETS) if code is not None else []
    return boards, code, recorded, series


def _about(board: Board | None, series: list[Series]) -> Said:
    if board is None:
        return say("Nothing has been recorded yet: recording begins with a connection")
    if not any(one.points for one in series):
        return say("Nothing was recorded in this time")
    if len(series) >= graph_plan.MOST_CURVES:
        return say("Only the first {count} curves are drawn", count=graph_plan.MOST_CURVES)
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(board.first_ms / 1000))
    return say("Recorded since {since}. Wheel zooms, dragging moves; a gap: no link", since=since)


def _now_ms() -> int:
    return int(time.time() * 1000)
