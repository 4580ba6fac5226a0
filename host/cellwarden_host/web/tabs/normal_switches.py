"""Switches: ask for one, see what the board does, and why the two differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from ... import catalog, transaction
from ...permissions import TITLES, Permission, permissions, question
from ...words import say, schema
from ..view import View

_ICONS = {True: "toggle_on", False: "toggle_off", None: "help_outline"}


def build(view: View) -> Callable[[], None]:
    """The switches; their refresh."""
    switches = [_Switch(view, name) for name in TITLES]

    def refresh() -> None:
        seen = view.snapshot
        if seen is None or not view.fresh:
            for switch in switches:
                switch.enable(False)
            return
        for told in permissions(seen):
            next(one for one in switches if one.name == told.name).show(told)

    return refresh


class _Switch:
    def __init__(self, view: View, name: str) -> None:
        self._view, self.name = view, name
        self._row = catalog.SETTING[name]
        self._setting = False
        choices = {i: view.tr(schema.choice(self._row, i)) for i in range(len(self._row.choices))}
        with ui.row().classes("w-full items-center gap-x-4 gap-y-1 cwf-switch"):
            title = view.tr(TITLES[name])
            ui.label(title).classes("text-weight-medium cwf-switch-title")
            self._control = ui.toggle(choices, on_change=self._chosen)
            self._control.props('no-caps dense padding="4px 12px"')
            self._control.props(f'data-testid=normal.{name} role=group aria-label="{title}"')
            with ui.row().classes("items-center no-wrap gap-1"):
                self._icon = ui.icon(_ICONS[None]).classes("text-h6")
                self._does = ui.label().props(f"data-testid=normal.{name}.does")
            self._why = ui.label().classes("cwf-about cwf-odd w-full")
            self._why.props(f"data-testid=normal.{name}.why role=status")

    def enable(self, enabled: bool) -> None:
        self._control.set_enabled(enabled)

    def show(self, told: Permission) -> None:
        view, seen = self._view, self._view.snapshot
        wanted = seen.setting(self.name) if seen is not None else None
        self.enable(wanted is not None)
        self._put(wanted)
        self._icon.name = _ICONS[told.on]
        self._icon.classes(add="cw-good" if told.on else "", remove="" if told.on else "cw-good")
        self._does.text = view.tr(told.does)
        self._why.set_visibility(told.differs)
        if told.differs and told.why:
            text = say("asked: {asked}, but {why}", asked=told.asked, why=told.why)
            self._why.text = "⚠ " + view.tr(text)

    def _put(self, value: int | None) -> None:
        if self._control.value != value:
            self._setting = True
            self._control.value = value
            self._setting = False

    async def _chosen(self, event: ValueChangeEventArguments) -> None:
        seen = self._view.snapshot
        if self._setting or seen is None or event.value is None:
            return
        wanted, held = int(event.value), seen.setting(self.name)
        if wanted == held:
            return
        if not await self._agreed(seen, wanted) or not await self._written(wanted):
            self._put(held)

    async def _agreed(self, seen: Any, wanted: int) -> bool:
        asked = question(seen, self.name, wanted)
        if asked is None:
            return True
        return await self._view.confirm(
            asked.title, asked.text, asked.yes, danger=asked.drops_load
        )

    async def _written(self, wanted: int) -> bool:
        view = self._view
        work = lambda board: transaction.write(board, {(self.name, 0): wanted})  # noqa: E731
        return await view.carry_out(work) is not None
