"""The lessor's own password: becoming the lessor, changing it, handing the pack over."""

from __future__ import annotations

from nicegui import ui

from cellwarden.tables import rows

from ... import leases
from ...problems import Problem
from ...words import say
from ..view import View


def build(view: View) -> list[ui.button]:
    """The buttons."""
    tr = view.tr
    with ui.column().classes("w-full cw-card gap-2"):
        ui.label(tr(say("Lessor"))).classes("text-h6 text-weight-medium")
        ui.label(
            tr(
                say(
                    "The lessor's password is not the installer's: an installer can set the pack "
                    "up, but cannot lift a lease, not even by a factory reset. A board without a "
                    "lessor gets one here, with the installer's password. Whoever loses the "
                    "lessor's password needs the maker."
                )
            )
        ).classes("cw-text")
        with ui.row().classes("gap-2"):
            return [
                ui.button(
                    tr(say("Become the lessor")),
                    icon="key",
                    on_click=lambda: _ask_password(view, rows.INSTALLER),
                ).props("outline no-caps data-testid=lease.do.become"),
                ui.button(
                    tr(say("Change the lessor's password")),
                    icon="password",
                    on_click=lambda: _ask_password(view, rows.LESSOR),
                ).props("outline no-caps data-testid=lease.do.change"),
                ui.button(
                    tr(say("Hand over")), icon="handshake", on_click=lambda: _hand_over(view)
                ).props("outline no-caps color=negative data-testid=lease.do.handover"),
            ]


async def _ask_password(view: View, role: int) -> None:
    tr = view.tr
    with ui.dialog() as dialog, ui.card().classes("cw-dialog"):
        ui.label(tr(say("The lessor's new password"))).classes("text-h6")
        ui.label(
            tr(say("It crosses the cable readable: nobody else should be on the bus."))
        ).classes("cw-text")
        fields = [
            ui.input(tr(label), password=True, password_toggle_button=True)
            .props(f"dense outlined autocomplete=off data-testid=lease.password.{name}")
            .classes("w-full")
            for name, label in (("first", say("New password")), ("second", say("Once more")))
        ]
        problem = ui.label().classes("cw-bad").props("role=alert")
        with ui.row().classes("w-full justify-end"):
            ui.button(tr(say("Cancel")), on_click=lambda: dialog.submit(False)).props("flat")
            ui.button(tr(say("OK")), on_click=lambda: accept()).props(
                "data-testid=lease.password.ok"
            )

    def accept() -> None:
        if fields[0].value != fields[1].value:
            problem.text = tr(say("The two are not the same"))
        else:
            dialog.submit(True)

    try:
        agreed = bool(await dialog)
        secret = str(fields[0].value or "")
    finally:
        dialog.delete()
    if not agreed:
        return
    try:
        work = leases.become_lessor(secret)
    except Problem as error:
        view.tell_problem(error)
        return
    await view.carry_out(work, role, say("The board has this lessor now"))


async def _hand_over(view: View) -> None:
    if await view.confirm(
        say("End the lease for good?"),
        say(
            "The pack works without limit, and the lessor's password is taken away: the "
            "next owner may become the lessor."
        ),
        say("Hand over"),
        danger=True,
    ):
        await view.carry_out(leases.hand_over, rows.LESSOR, say("Handed over"))
