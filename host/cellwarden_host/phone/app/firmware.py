"""A firmware update over Bluetooth while the pack works: the PC software's own, piece by piece.

The link may break and come back: the board says how far it has got, and the work goes on there.
A link that came back has no session, so the password is asked for again; nothing is written
before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cellwarden.tables import rows

from ...board import Values
from ...problems import NoConnection, Problem
from ...release import reading
from ...update.live import Live
from ...update.plan import Plan, planned
from ...update.progress import Pace, Progress
from ...words import listed, say
from . import password
from .lost import LINK_LOST
from .platform import now_s, sleep, wait_for
from .ui import Ui

_WAIT_S = 0.3


class PagePace(Pace):
    """The page's clock."""

    def now_s(self) -> float:
        return now_s()

    def wait(self, seconds: float) -> None:
        sleep(seconds)


class SteadyBoard:
    """The board through lost links: who writes waits for the link and for the session."""

    def __init__(self, app: Any, running: Running) -> None:
        self._app = app
        self._running = running

    def read(self, wanted: Iterable[Any]) -> Values:
        station = self._app.station
        if station.board is None:
            raise NoConnection(LINK_LOST)
        found: Values = station.do(lambda board: board.read(wanted))
        return found

    def write(self, address: int, words: Sequence[int]) -> None:
        self._session()
        self._app.station.do(lambda board: board.write(address, words))

    def command(self, name: str, *words: int) -> None:
        self._session()
        self._app.station.do(lambda board: board.command(name, *words))

    def reopen(self) -> None:
        """The page comes back by itself: give it a moment."""
        sleep(_WAIT_S)

    def _session(self) -> None:
        app = self._app
        if app.station.board is None:
            raise NoConnection(LINK_LOST)
        while not app.station.may(rows.INSTALLER) and not self._running.cancelled:
            if app.station.board is None:
                raise NoConnection(LINK_LOST)
            if app.dialog is None and app.station.fresh:
                password.ask_for(app, rows.INSTALLER, None)
                app.show()
            sleep(_WAIT_S)


class Running:
    """An update on its way, and how it ended."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.progress: Progress | None = None
        self.cancelled = False
        self.ended: Any = None
        self.failed = False


def build(ui: Ui, app: Any) -> None:
    kept = app.keep.setdefault("firmware", {"older": 0, "plan": None})
    running: Running | None = app.task
    with ui.card(say("Firmware"), key="firmware"):
        seen = app.station.snapshot
        if seen is not None:
            version = seen.texts.get("firmware_version", "")
            ui.text(say("Firmware {version}", version=version))
        if running is not None and running.ended is None:
            _progress(ui, running)
            return
        ended = kept.get("ended")
        if ended is not None:
            ui.note("bad" if ended.failed else "good", ended.ended, key="firmware.ended")
        if kept.get("refused"):
            ui.note("bad", kept["refused"], key="firmware.refused")
        ui.choice(
            "firmware.older",
            say("Allow an older version"),
            [(0, say("no")), (1, say("yes"))],
            kept["older"],
            lambda value: kept.update(older=value),
        )
        ui.file(
            "firmware.file",
            say("Firmware file (.cwfw)"),
            lambda value: _chosen(app, kept, value),
            off=not app.station.fresh,
        )
        plan = kept["plan"]
        if plan is not None:
            _offer(ui, app, kept, plan)


def _offer(ui: Ui, app: Any, kept: dict[str, Any], plan: Plan) -> None:
    ui.text(listed(plan.lines(), "\n"), key="firmware.plan")
    drops = plan.drops_load
    ui.note("warn" if drops else "info", _DROPS if drops else _HOLDS)
    ui.text(_STAY, level="small")
    ui.button(
        "firmware.start",
        say("Update while it works"),
        lambda _: app.confirm(
            say("Update {running} to {version}?", running=plan.running, version=plan.version),
            _DROPS if drops else _HOLDS,
            say("Update"),
            lambda: _asked(app, kept, plan),
            danger=drops,
        ),
        kind="main",
        off=not app.station.fresh,
    )


def _progress(ui: Ui, running: Running) -> None:
    progress = running.progress
    if progress is not None:
        ui.progress(progress.step, progress.done, progress.total, progress.counted())
        if progress.note:
            ui.note("info", progress.note)
    ui.text(_STAY, level="small")
    ui.button("firmware.cancel", say("Break off"), lambda _: _cancel(running), kind="danger")


def _cancel(running: Running) -> None:
    running.cancelled = True


def _chosen(app: Any, kept: dict[str, Any], value: Any) -> None:
    name, data = value
    kept["plan"] = kept["ended"] = kept["refused"] = None
    try:
        release = reading.release_of(bytes.fromhex(data))
        kept["plan"] = app.station.do(
            lambda board: planned(board, release, name, older=bool(kept["older"]))
        )
    except Problem as problem:
        kept["refused"] = problem.args[0]


def _asked(app: Any, kept: dict[str, Any], plan: Plan) -> Any:
    if not app.station.may(rows.INSTALLER):
        return password.ask_for(app, rows.INSTALLER, lambda: _run(app, kept, plan))
    return _run(app, kept, plan)


def _run(app: Any, kept: dict[str, Any], plan: Plan) -> None:
    """All of the update; ends when it has ended, however long that takes."""
    running = app.task = kept["ended"] = Running(plan)

    def told(progress: Progress) -> None:
        running.progress = progress
        app.show()

    steady: Any = SteadyBoard(app, running)
    live = Live(steady, plan, told, lambda: running.cancelled, PagePace())
    try:
        running.ended = wait_for(live.run(plan.drops_load)).text
    except Problem as problem:
        running.failed = True
        running.ended = problem.args[0]
    finally:
        app.task = None
        kept["plan"] = None
        app.station.settings_changed()
        app.show()


_HOLDS = say("The pack goes on working: its outputs are held through the change-over.")
_DROPS = say("The outputs open for the change-over: the load loses its supply for some seconds.")
_STAY = say(
    "Keep this page open and stay near the board. When the link breaks it comes back and goes on "
    "where it was; the password is asked for again."
)
