"""Alarm: what is wrong now and how it comes back, and everything that happened before.

Releasing a latch is a person's word that the pack has been looked at: it is asked for, and the
board still decides.
"""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from ...words import Said, listed, say
from ..view import View
from . import alarm_commands, alarm_list
from .alarm_active import Active
from .alarm_history import History

TITLE = say("Alarm")
ICON = "notifications"


def build(view: View) -> Callable[[], None]:
    ui.add_head_html('<link rel="stylesheet" href="/static/watch.css">')
    nothing = ui.label(view.tr(_NOTHING)).classes("cw-card w-full cw-caption")
    with ui.column().classes("w-full cwm-page").props("data-testid=alarm.page") as page:
        with ui.column().classes("w-full gap-3") as live:
            with ui.row().classes("w-full items-center gap-2"):
                icon = ui.icon("check_circle").classes("text-3xl")
                summary = ui.label().classes("cwm-mid").props("role=status")
                summary.props("data-testid=alarm.summary")
                ui.space()
                buttons = {
                    name: _button(view, name, title, ask)
                    for name, title, ask in alarm_commands.COMMANDS
                }
            shown = Active(view)
        history = History(view)

    def refresh() -> None:
        seen = view.snapshot
        nothing.set_visibility(seen is None)
        page.set_visibility(seen is not None)
        live.classes(**({"remove": "cw-stale"} if view.fresh else {"add": "cw-stale"}))
        offered = alarm_commands.offered(view.snapshot, view.language) if view.fresh else {}
        for name, button in buttons.items():
            button.set_visibility(bool(offered.get(name)))
        if seen is None:
            return
        found = alarm_list.active(seen, view.station.journal, view.language)
        shown.show(found)
        standing = [alarm for alarm in found if alarm.now.active or alarm.now.latched]
        bad = [alarm for alarm in standing if alarm.now.rule.loud != "info"]
        summary.text = _summary(view, len(bad))
        icon.name = "notifications_active" if bad else "check_circle"
        icon.classes(remove="cwm-bad cwm-fine", add="cwm-bad" if bad else "cwm-fine")
        history.show(seen, view.station.journal)

    refresh()
    return refresh


_NOTHING = say("Nothing to show yet: connect to a board on the left")


def _summary(view: View, count: int) -> str:
    if not count:
        return view.tr(say("No alarms"))
    return view.tr(say("{count} alarms", count=count) if count > 1 else say("One alarm"))


def _button(view: View, name: str, title: Said, ask: Callable[[Said], Said]) -> ui.button:
    async def press() -> None:
        concerned = alarm_commands.offered(view.snapshot, view.language).get(name, [])
        if await view.confirm(title, ask(listed(concerned)), yes=title, danger=True):
            await view.carry_out(
                lambda board: alarm_commands.command(board, name),
                done=say("Told the board; it releases what has recovered"),
            )

    return (
        ui.button(view.tr(title), icon="lock_reset", on_click=press)
        .props(f"no-caps outline data-testid=alarm.{name}")
        .classes("cwm-button")
    )
