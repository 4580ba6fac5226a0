"""Alarm: what is wrong now and how it comes back, and everything that happened before.

Releasing a latch is a person's word that the pack has been looked at: it is asked for, and the
board still decides.
"""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from ...board import Board, Declined
from ...problems import Refused
from ...words import Said, listed, say
from ..view import View
from . import alarm_list
from .alarm_active import Active
from .alarm_history import History

TITLE = say("Alarm")
ICON = "notifications"

# command, what a person says by it, what has to be so
_COMMANDS: tuple[tuple[str, Said, Callable[[Said], Said]], ...] = (
    (
        "clear_latches",
        say("Release latched protections"),
        lambda rules: say(
            "Have you looked at the pack, and is the cause gone?\n\n"
            "To be released: {rules}.\n\n"
            "The board lets go of a protection only when its value has recovered. Outputs that "
            "are allowed may then come on by themselves.",
            rules=rules,
        ),
    ),
    (
        "confirm_deep_discharge",
        say("Take discharged cells as they are"),
        lambda rules: say(
            "Has a person measured the empty cells, and may they still be charged?\n\n"
            "Concerned: {rules}.\n\n"
            "Charging cells that were discharged too deeply can set them on fire.",
            rules=rules,
        ),
    ),
    (
        "disconnect_replaced",
        say("Secondary disconnect has been replaced"),
        lambda rules: say(
            "Is a new fuse or a reset trip in place?\n\n"
            "Latched protections stay latched: {rules}.",
            rules=rules,
        ),
    ),
)


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
                buttons = {name: _button(view, name, title, ask) for name, title, ask in _COMMANDS}
            shown = Active(view)
        history = History(view)

    def refresh() -> None:
        seen = view.snapshot
        nothing.set_visibility(seen is None)
        page.set_visibility(seen is not None)
        live.classes(**({"remove": "cw-stale"} if view.fresh else {"add": "cw-stale"}))
        offered = _offered(view) if view.fresh else {}
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


def _offered(view: View) -> dict[str, list[Said]]:
    """For each command, the rules it is about now; none where it is of no use."""
    seen = view.snapshot
    if seen is None:
        return {}
    alarms = alarm_list.active(seen, (), view.language)
    person = [alarm for alarm in alarms if alarm.needs_person and _stands(alarm)]
    return {
        "clear_latches": [alarm.title for alarm in person],
        "confirm_deep_discharge": [
            alarm.title for alarm in person if alarm.now.rule.wait == "confirmation"
        ],
        "disconnect_replaced": (
            [alarm.title for alarm in person] or [say("nothing")]
            if seen.get("secondary_fired")
            else []
        ),
    }


def _stands(alarm: alarm_list.Alarm) -> bool:
    return alarm.now.active or alarm.now.latched


def _button(view: View, name: str, title: Said, ask: Callable[[Said], Said]) -> ui.button:
    async def press() -> None:
        concerned = _offered(view).get(name, [])
        if await view.confirm(title, ask(listed(concerned)), yes=title, danger=True):
            await view.carry_out(
                lambda board: _command(board, name),
                done=say("Told the board; it releases what has recovered"),
            )

    return (
        ui.button(view.tr(title), icon="lock_reset", on_click=press)
        .props(f"no-caps outline data-testid=alarm.{name}")
        .classes("cwm-button")
    )


def _command(board: Board, name: str) -> None:
    try:
        board.command(name, 1)
    except Declined as error:
        raise Refused(say("The board declined: {why}", why=str(error))) from error
