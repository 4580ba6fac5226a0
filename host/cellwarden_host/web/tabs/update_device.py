"""Part of the tab Update: the board's address, its limit of the voltage difference, sleep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from ... import catalog, transaction, units
from ...board import Board
from ...problems import Problem
from ...words import say
from ...words import schema as schema_words
from ..view import View

_ADDRESS = "device_address"
_NAMES = (_ADDRESS, "cell_diff_mv")


def build(view: View) -> Callable[[], None]:
    """The card; its refresh."""
    with ui.card().classes("cw-card w-full"):
        ui.label(view.tr(say("Device"))).classes("text-h6")
        fields = [_Field(view, catalog.SETTING[name]) for name in _NAMES]
        ui.label(view.tr(_SLEEP)).classes("cw-text cw-small")
        sleep = ui.button(view.tr(say("Sleep")), icon="bedtime").props(
            "outline no-caps data-testid=device.sleep"
        )

    async def fall_asleep() -> None:
        if await view.confirm(say("Let the board sleep?"), _SLEEP, say("Sleep"), danger=True):
            await view.carry_out(
                lambda board: board.command_value("sleep", 1), done=say("It falls asleep")
            )

    sleep.on_click(fall_asleep)

    def refresh() -> None:
        for field in fields:
            field.refresh()
        sleep.set_enabled(view.fresh)

    refresh()
    return refresh


class _Field:
    """One setting with a button of its own."""

    def __init__(self, view: View, row: Any) -> None:
        self._view, self._row = view, row
        with ui.row().classes("items-center gap-2 w-full"):
            self._input = (
                ui.input(view.tr(schema_words.title(row)), validation=self._why_not)
                .props(f"dense data-testid=device.{row.name}")
                .classes("grow")
                .tooltip(view.tr(schema_words.help(row)))
            )
            self._write = ui.button(view.tr(say("Write")), on_click=self._press).props(
                f"outline no-caps data-testid=device.{row.name}.write"
            )
        self._shown: int | None = None

    def refresh(self) -> None:
        seen = self._view.snapshot
        count = seen.setting(self._row.name) if seen else None
        if count != self._shown:
            self._shown = count
            self._input.value = self._view.value(self._row, count) if count is not None else ""
        self._write.set_enabled(self._view.fresh)

    def _why_not(self, typed: str) -> str | None:
        try:
            count = units.parse(self._row, typed or "")
            transaction.check_ranges({(self._row.name, 0): count})
        except Problem:
            return self._view.tr(schema_words.span(self._row))
        return None

    async def _press(self) -> None:
        if not self._input.validate():
            return
        count = units.parse(self._row, str(self._input.value))
        row, view = self._row, self._view

        def work(board: Board) -> None:
            transaction.write(board, {(row.name, 0): count})

        if row.name != _ADDRESS or await view.confirm(_NEW_NUMBER, _MOVES, say("Write")):
            await view.carry_out(work)


_SLEEP = say(
    "Asleep, all outputs are open and the board takes as little current as it can. A charger, a "
    "current or a request wakes it."
)
_NEW_NUMBER = say("Change the device number?")
_MOVES = say("The board answers under its new number at once, on both RS485 ports.")
