"""The lock: proves the password to the board, gives the session back, changes the password.

A password is held in a field of the dialog until it has been used, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cellwarden.passwords import PASSWORD_BYTES
from cellwarden.tables import rows

from ... import session
from ...access_change import change_password
from ...board import Board
from ...problems import Problem
from ...words import say, schema
from .platform import wait_for
from .ui import Ui


def pressed(app: Any) -> Any:
    """The lock in the top line."""
    if not app.station.role():
        return ask_for(app, rows.INSTALLER, None)
    return app.carry_out(session.log_out, say("Locked"), rows.ANYONE)


def ask_for(app: Any, role: int, then: Callable[[], Any] | None) -> None:
    """Ask for the password of ``role``; ``then`` in the session."""
    typed: dict[str, Any] = {"role": role, "text": "", "problem": ""}

    def build(ui: Ui) -> None:
        with ui.card(say("Unlock settings"), key="password"):
            if typed["problem"]:
                ui.note("bad", typed["problem"])
            if role == rows.INSTALLER:
                roles = (rows.INSTALLER, rows.LESSOR, rows.FACTORY)
                ui.choice(
                    "password.role",
                    say("As"),
                    [(one, schema.role(one)) for one in roles],
                    typed["role"],
                    chosen,
                )
            label = say("Password of the {role}", role=schema.role(typed["role"]))
            ui.field("password.text", label, typed["text"], write, mode="password")
            with ui.line():
                ui.button("dialog.no", say("Cancel"), app.close_dialog)
                ui.button("password.ok", say("Unlock"), give, kind="main")

    def chosen(value: Any) -> None:
        typed["role"] = value

    def write(value: Any) -> None:
        typed["text"] = value

    def give(_: Any) -> Any:
        secret, typed["text"] = typed["text"], ""
        try:
            app.station.do(lambda board: _log_in(board, secret, typed["role"]))
        except Problem as problem:
            typed["problem"] = problem.args[0]
            return
        app.dialog = None
        app.look()
        if then is None:
            app.note("good", say("Unlocked as {role}", role=schema.role(typed["role"])))
        else:
            wait_for(then())

    app.dialog = build


def _log_in(board: Board, secret: str, role: int) -> None:
    board.check_schema()
    session.log_in(board, secret, role)


def ask_new(app: Any) -> None:
    """A new password for the session's role."""
    if not app.station.role():
        ask_for(app, rows.INSTALLER, lambda: ask_new(app))
        return
    role = app.station.role()
    typed: dict[str, Any] = {"first": "", "second": "", "problem": ""}

    def build(ui: Ui) -> None:
        with ui.card(say("Change the password"), key="new_password"):
            if typed["problem"]:
                ui.note("bad", typed["problem"])
            ui.text(
                say(
                    "New password of the {role}, up to {most} bytes. It crosses the encrypted "
                    "Bluetooth link.",
                    role=schema.role(role),
                    most=PASSWORD_BYTES,
                )
            )
            ui.field("new.first", say("New password"), typed["first"], first, mode="password")
            ui.field("new.second", say("Once more"), typed["second"], second, mode="password")
            with ui.line():
                ui.button("dialog.no", say("Cancel"), app.close_dialog)
                ui.button("new.ok", say("Change"), change, kind="main")

    def first(value: Any) -> None:
        typed["first"] = value

    def second(value: Any) -> None:
        typed["second"] = value

    def change(_: Any) -> Any:
        if typed["first"] != typed["second"]:
            typed["problem"] = say("The two are not the same")
            return
        try:
            new = typed["first"]
            app.station.do(lambda board: change_password(board, new))
        except Problem as problem:
            typed["problem"] = problem.args[0]
            return
        app.dialog = None
        app.note("good", say("The password has been changed"))

    app.dialog = build
