"""Wizard, step 7: a password that not everybody knows."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from cellwarden.tables import rows

from ...access_change import change_password
from ...board import Board
from ...commissioning import progress as stages
from ...words import say
from .dialog import Wizard, skip_row

_ABOUT = say(
    "Every board leaves the factory with the same password. Give this one its own. It is sent "
    "over the cable readable, this once; nobody else should be on the bus."
)
_MEANS = say("Anybody who reads the manual can then change the limits of this pack.")


def build(wizard: Wizard) -> Callable[[], None]:
    tr, view = wizard.tr, wizard.view
    ui.label(tr(_ABOUT)).classes("cw-text")
    with ui.element("div").classes("cw-inputs"):
        first, second = (
            ui.input(tr(label), password=True, password_toggle_button=True).props(
                f"autocomplete=new-password data-testid=wizard.password.{name}"
            )
            for name, label in (("first", say("New password")), ("second", say("Once more")))
        )
    told = ui.label().classes("cw-text").props("role=status")

    async def change() -> None:
        secret = str(first.value or "")
        if secret != str(second.value or ""):
            ui.notify(tr(say("The two are not the same")), type="warning")
            return
        if not await view.unlocked(rows.INSTALLER):
            return
        if view.role != rows.INSTALLER:
            ui.notify(tr(say("Lock the factory's session first")), type="warning")
            return

        def work(board: Board) -> bool:
            change_password(board, secret)
            return True

        if await view.carry_out(work, done=None):
            first.value = second.value = ""
            wizard.finish(stages.PASSWORD, True, say("The board has a password of its own"))

    def accept() -> None:
        wizard.finish(stages.PASSWORD, True, say("The board has a password of its own"))

    with ui.row().classes("gap-2"):
        go = ui.button(tr(say("Change the password")), icon="key", on_click=change).props(
            "no-caps data-testid=wizard.password.change"
        )
        keep = ui.button(tr(say("Keep the present one")), on_click=accept).props(
            "no-caps outline data-testid=wizard.password.keep"
        )
    skip_row(wizard, stages.PASSWORD, _MEANS)

    def refresh() -> None:
        look = wizard.look()
        shipped = look is not None and look.active("factory_password")
        told.text = tr(say("The board still has the password from the factory")) if shipped else ""
        keep.set_enabled(look is not None and not shipped)
        go.set_enabled(look is not None and bool(first.value) and bool(second.value))

    return refresh
