"""The set-up wizard: a fresh board becomes a proven pack, step by step, with a report at the end.

It can be left at any time and goes on where it was. Opening it writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakSet

from nicegui import ui

from ...commissioning import put_back
from ...problems import Problem
from ...words import say
from ...words import schema as schema_words
from ..station import Station
from ..view import View

# Stations on which a proof is being made just now, from whatever page.
proving_on: WeakSet[Station] = WeakSet()


def open_wizard(view: View) -> None:
    """Show the wizard for the board that is connected."""
    from .dialog import Wizard

    seen = view.snapshot
    if seen is None or not view.fresh:
        ui.notify(view.tr(say("Connect to a board first")))
        return
    try:
        Wizard(view, seen.machine_code).open()
    except Problem as problem:
        view.tell_problem(problem)


def build_notice(view: View) -> Callable[[], None]:
    """Says, wherever it is put, that a proof's limits are still tightened; its refresh."""
    with (
        ui.card()
        .classes("cw-card w-full gap-1")
        .props("role=alert data-testid=wizard.notice") as card
    ):
        with ui.row().classes("items-center no-wrap gap-2"):
            ui.icon("warning").classes("cw-warn")
            text = ui.label().classes("cw-text")
        ui.button(
            view.tr(say("Put the old limits back")), on_click=lambda: put_limits_back(view)
        ).props("outline no-caps data-testid=wizard.put_back")
    card.set_visibility(False)

    def refresh() -> None:
        seen = view.snapshot
        rule = put_back.pending(seen.machine_code) if seen is not None and view.fresh else ""
        card.set_visibility(bool(rule) and view.station not in proving_on)
        if rule:
            told = say(
                "A proof of “{rule}” was interrupted: its limit is still tightened. The board "
                "protects earlier than it is set to.",
                rule=schema_words.rule(_rule(rule)),
            )
            text.text = view.tr(told)

    return refresh


def _rule(name: str) -> object:
    from ... import catalog

    return next((rule for rule in catalog.RULES if rule.name == name), 0)


async def put_limits_back(view: View) -> None:
    """Put back what an interrupted proof has left."""
    seen = view.snapshot
    if seen is None:
        return
    code = seen.machine_code
    told = await view.carry_out(lambda board: put_back.put_back(board, code), done=None)
    if told:
        view.note(told)
