"""Buttons for what is done to a board rather than set (``actions``), and the present charge."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from ... import catalog
from ...actions import ACTIONS, Action, give
from ...problems import Refused
from ...words import say
from ..view import View

_ICONS = {
    "clear_latches": "lock_reset",
    "confirm_deep_discharge": "battery_alert",
    "disconnect_replaced": "electrical_services",
    "self_test": "fact_check",
    "restart": "restart_alt",
    "factory_reset": "delete_forever",
}


def build(view: View) -> Callable[[], None]:
    """The buttons; their refresh."""
    buttons: list[tuple[Action, ui.button]] = []
    with ui.row().classes("gap-2"):
        for action in ACTIONS:
            buttons.append((action, _button(view, action)))

    def refresh() -> None:
        seen = view.snapshot
        if seen is None:
            return
        for action, button in buttons:
            button.set_visibility(action.offered(seen))
            button.set_enabled(view.fresh)

    return refresh


def _button(view: View, action: Action) -> ui.button:
    async def press() -> None:
        if await view.confirm(action.question, action.text, action.label, danger=action.danger):
            command = catalog.COMMANDS[action.command]
            work = lambda board: give(board, action.command, command.low)  # noqa: E731
            await view.carry_out(work, command.role, action.done)

    button = ui.button(view.tr(action.label), icon=_ICONS[action.command], on_click=press)
    color = "color=negative" if action.danger else ""
    return button.props(f"outline no-caps {color} data-testid=normal.{action.command}")


def build_charge(view: View) -> None:
    """Present charge, set by hand."""

    async def press() -> None:
        percent = field.value
        if percent is None or not 0 <= percent <= 100:
            view.tell_problem(Refused(say("enter a charge from 0 to 100 %")))
            return
        work = lambda board: give(board, "set_soc_permille", round(percent * 10))  # noqa: E731
        done = say("The board goes on counting from {percent} %", percent=f"{percent:g}")
        await view.carry_out(work, done=done)

    with ui.row().classes("items-center gap-2"):
        field = ui.number(view.tr(say("Present charge, %")), min=0, max=100, step=0.1)
        field.props("dense outlined data-testid=normal.soc suffix=%").classes("w-48")
        ui.button(view.tr(say("Set charge")), on_click=press).props(
            "outline no-caps data-testid=normal.soc.set"
        )
