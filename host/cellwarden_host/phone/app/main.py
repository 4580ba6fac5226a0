"""The app: pages, language, connection, dialogs; the browser draws what ``picture`` tells.

``bridge`` is the browser's side: ``show(json)``, ``connect(kind)``, ``disconnect()``,
``save(name, text)``, ``keep(name, text)``. It must never write to a board without a session, nor
without a question where a load could lose its supply.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cellwarden.tables import rows

from ...board import Board
from ...problems import Problem
from ...words import CHINESE, ENGLISH, say
from . import alarms, connect, control, graph, monitor, more, password, settings_page
from .frame import frame
from .graph import Recording
from .platform import now_s, sleep, wait_for
from .station import Station
from .ui import Ui

_LOOK_S = 0.7
_LOOK_BESIDE_S = 2.0
_NOTE_S = 8
PAGES: dict[str, Any] = {
    "monitor": monitor,
    "alarms": alarms,
    "settings": settings_page,
    "control": control,
    "graph": graph,
    "more": more,
}


class App:
    """One page in one browser."""

    def __init__(self, bridge: Any) -> None:
        self.bridge = bridge
        self.station = Station()
        self.language = ENGLISH
        self.theme = ""
        self.page = "monitor"
        self.unit = 1  # the board's device number
        self.busy = ""
        self.dialog: Callable[[Ui], None] | None = None
        self.dialog_danger = False
        self.keep: dict[str, Any] = {}
        self.recording = Recording()
        self.task: Any = None  # a long piece of work that goes on beside the looks
        self._notes: list[tuple[int, str, Any, float]] = []
        self._note_number = 0
        self._handlers: dict[str, Callable[[Any], Any]] = {}
        self._shown = ""
        self._looked_s = -1e9

    # --- what the browser calls

    def chosen(self, language: str, theme: str, page: str) -> None:
        """What was chosen at an earlier visit."""
        self.language = CHINESE if language == CHINESE else ENGLISH
        self.theme = theme
        self.page = page if page in PAGES else "monitor"
        self.show()

    def event(self, key: str, value: str) -> None:
        """A person has used a control."""
        handler = self._handlers.get(key)
        if handler is None:
            return
        try:
            wait_for(handler(json.loads(value)))
        except Problem as problem:
            self.tell_problem(problem)
        finally:
            self.show()

    def opened(self, line: Any, name: str) -> None:
        """The browser has connected."""
        self.station.begin(line, name, self.unit)
        self.show()
        self.look()

    def closed(self, wanted: bool) -> None:
        if self.station.board is not None and not wanted:
            self.unit = self.station.board.unit  # it may have been changed meanwhile
        self.station.end(wanted)
        if wanted:
            self.keep = {}
        self.show()

    def failed(self, why: str) -> None:
        """The browser could not connect; ``why`` is a word of connect.WHY."""
        if self.station.link == "opening":
            self.station.link = "off"
        self.note("bad", connect.why(why))
        self.show()

    def broken(self, what: str) -> None:
        """A mistake of the app itself: told, and what else goes on goes on."""
        self.note("bad", say("The app has made a mistake ({what}): reload the page", what=what))
        self.show()

    def summary(self, data: bytes) -> None:
        self.station.summary(data)
        self._recorded()
        self.show()

    def live(self) -> None:
        """Looks until the page is closed."""
        while True:
            self.look()
            sleep(_LOOK_S)

    def look(self) -> None:
        station = self.station
        if station.board is not None and self._is_due():
            self._looked_s = now_s()
            try:
                before = self._machine()
                station.look()
                if before and self._machine() != before:
                    self.keep = {}  # another board: nothing kept holds for it
                self._recorded()
                if self.page in ("alarms", "monitor"):
                    station.read_journal()
            except Problem as problem:
                station.trouble = problem
        self.show()

    def _is_due(self) -> bool:
        """An update has the line to itself, but for a look now and then."""
        pause_s = _LOOK_BESIDE_S if self.task is not None and self.station.link == "up" else 0
        return now_s() - self._looked_s >= pause_s

    def _machine(self) -> str:
        seen = self.station.snapshot
        return seen.machine_code if seen is not None else ""

    def _recorded(self) -> None:
        if self.station.snapshot is not None:
            self.recording.add(self.station.snapshot)

    # --- what pages call

    def go(self, page: str) -> None:
        self.page = page
        self.bridge.keep("page", page)

    def speak(self, language: str) -> None:
        self.language = language
        self.bridge.keep("language", language)

    def paint(self, theme: str) -> None:
        self.theme = theme
        self.bridge.keep("theme", theme)

    def note(self, level: str, text: Any) -> None:
        """A sentence that comes up and goes away by itself."""
        self._note_number += 1
        self._notes = [*self._notes[-2:], (self._note_number, level, text, now_s())]

    def tell_problem(self, problem: Problem) -> None:
        self.note("bad", problem.args[0] if problem.args else "")

    def call_it(self, unit: int) -> None:
        """The board answers to another device number."""
        self.unit = unit
        if self.station.board is not None:
            self.station.board.follow(unit)

    def confirm(
        self, title: Any, text: Any, yes: Any, then: Callable[[], Any], danger: bool = False
    ) -> None:
        """Ask; ``then`` when the answer is yes."""

        def build(ui: Ui) -> None:
            with ui.card(title):
                ui.text(text)
                with ui.line():
                    ui.button("dialog.no", say("Cancel"), self.close_dialog)
                    ui.button("dialog.yes", yes, agreed, kind="danger" if danger else "main")

        def agreed(_: Any) -> Any:
            self.dialog = None
            return then()

        self.dialog = build

    def close_dialog(self, _: Any = None) -> None:
        self.dialog = None

    def carry_out(
        self,
        work: Callable[[Board], Any],
        done: Any = None,
        role: int = rows.INSTALLER,
        then: Callable[[Any], Any] | None = None,
    ) -> None:
        """Do ``work`` with the board in a session of ``role``, asking for the password first."""
        if not self.station.may(role):
            password.ask_for(self, role, lambda: self.carry_out(work, done, role, then))
            return
        self.busy = "busy"
        self.show()
        try:
            result = self.station.do(work)
            self.note("good", done or say("Written and read back"))
            if then is not None:
                then(result)
        except Problem as problem:
            self.tell_problem(problem)
        finally:
            self.busy = ""
            self.station.settings_changed()
        self.look()

    # --- drawing

    def show(self) -> None:
        """Have the browser draw, where anything is new."""
        picture = json.dumps(self.picture())
        if picture != self._shown:
            self._shown = picture
            self.bridge.show(picture)

    def picture(self) -> dict[str, Any]:
        ui = Ui(self.language)
        page = self.page
        if self.station.snapshot is None and page != "more":
            connect.build(ui, self)
        else:
            PAGES[page].build(ui, self)
        nodes = ui.nodes
        dialog: list[Any] = []
        if self.dialog is not None:
            ui.enter(dialog)
            self.dialog(ui)
        top = frame(ui, self)
        now = now_s()
        self._notes = [one for one in self._notes if now - one[3] < _NOTE_S]
        self._handlers = ui.handlers
        return {
            "language": self.language,
            "theme": self.theme,
            "page": page,
            "busy": bool(self.busy),
            "stale": self.station.snapshot is not None and not self.station.fresh,
            "top": top,
            "nodes": nodes,
            "dialog": dialog,
            "notes": [[n, level, ui.tell(text)] for n, level, text, _ in self._notes],
        }
