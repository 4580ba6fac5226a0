"""The lock: proving a password, how long it holds, changing it.

A password stays in the dialog's field and in the memory of one call; it is never kept for a
second use, put into a message or written down.
"""

from __future__ import annotations

from nicegui import ui

from cellwarden.passwords import PASSWORD_BYTES
from cellwarden.tables import rows

from .. import session
from ..access_change import change_password
from ..board import Board
from ..problems import Problem
from ..words import say
from ..words import schema as schema_words
from .view import View, words_of


async def ask_password(view: View, role: int) -> bool:
    """True once the board has accepted the password of ``role``."""
    with ui.dialog() as dialog, ui.card().classes("cw-dialog"):
        dialog.props("data-testid=password")
        ui.label(view.tr(say("Unlock settings"))).classes("text-h6")
        ui.label(view.tr(say("Password of the {role}", role=schema_words.role(role)))).classes(
            "cw-text"
        )
        field = _password_field(view, say("Password"), "password.field")
        problem = ui.label().classes("text-negative cw-text").props("role=alert")
        with ui.row().classes("w-full justify-end"):
            ui.button(view.tr(say("Cancel")), on_click=lambda: dialog.submit(False)).props("flat")
            go = ui.button(view.tr(say("Unlock"))).props("data-testid=password.ok")

    async def give() -> None:
        secret = str(field.value or "")
        go.disable()
        try:
            await view.station.do(lambda board: _log_in(board, secret, role), of=view.meant)
        except Problem as error:
            field.value = ""
            problem.text = view.tr(words_of(error))
        else:
            view.proved(role)
            await view.station.do(_nothing)
            dialog.submit(True)
        finally:
            go.enable()

    field.on("keydown.enter", give)
    go.on_click(give)
    try:
        return bool(await dialog)
    finally:
        dialog.delete()


def _log_in(board: Board, secret: str, role: int) -> None:
    board.check_schema()
    session.log_in(board, secret, role)


def _nothing(board: Board) -> None:
    """Waits for the look that follows what was asked before."""


async def log_out(view: View) -> None:
    """Give the session back."""
    view.proved(rows.ANYONE)
    await view.carry_out(session.log_out, rows.ANYONE, say("Locked"))


async def ask_new_password(view: View) -> None:
    """A new password for the role of this browser's session."""
    if not await view.unlocked(rows.INSTALLER):
        return
    role = view.role
    with ui.dialog() as dialog, ui.card().classes("cw-dialog"):
        dialog.props("data-testid=new_password")
        ui.label(view.tr(say("Change the password"))).classes("text-h6")
        ui.label(
            view.tr(
                say(
                    "New password of the {role}, up to {most} bytes. It crosses the cable "
                    "readable: nobody else should be on the bus.",
                    role=schema_words.role(role),
                    most=PASSWORD_BYTES,
                )
            )
        ).classes("cw-text")
        first = _password_field(view, say("New password"), "new_password.first")
        second = _password_field(view, say("Once more"), "new_password.second")
        problem = ui.label().classes("text-negative cw-text").props("role=alert")
        with ui.row().classes("w-full justify-end"):
            ui.button(view.tr(say("Cancel")), on_click=lambda: dialog.submit(False)).props("flat")
            go = ui.button(view.tr(say("Change"))).props("data-testid=new_password.ok")

    async def change() -> None:
        new = str(first.value or "")
        if new != str(second.value or ""):
            problem.text = view.tr(say("The two are not the same"))
            return
        try:
            await view.station.do(lambda board: change_password(board, new), of=view.meant)
        except Problem as error:
            problem.text = view.tr(words_of(error))
        else:
            dialog.submit(True)

    second.on("keydown.enter", change)
    go.on_click(change)
    try:
        if await dialog:
            view.note(say("The password has been changed"))
    finally:
        dialog.delete()


def _password_field(view: View, label: str, test_id: str) -> ui.input:
    return (
        ui.input(view.tr(label), password=True, password_toggle_button=True)
        .classes("w-full")
        .props(f"data-testid={test_id} autocomplete=off autofocus")
    )
