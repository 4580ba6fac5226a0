"""What is done to a board: switches as permissions, charge by hand, releases, restart, sleep."""

from __future__ import annotations

from typing import Any

from ... import catalog, transaction
from ...actions import ACTIONS, Action, give
from ...permissions import TITLES, Permission, permissions, question
from ...words import say, schema
from .ui import Ui

_SLEEP = say(
    "Asleep, all outputs are open and the board takes as little current as it can. A charger, a "
    "current or a request wakes it."
)


def build(ui: Ui, app: Any) -> None:
    seen, fresh = app.station.snapshot, app.station.fresh
    with ui.card(say("Switches"), stale=not fresh, key="switches"):
        ui.text(
            say(
                "A switch is a permission: the protections come first. So what is asked for and "
                "what the board does may differ; then it says why."
            ),
            level="small",
        )
        for told in permissions(seen):
            _switch(ui, app, told)
    with ui.card(say("Maintenance"), stale=not fresh, key="maintenance"):
        for action in ACTIONS:
            if action.offered(seen):
                ui.button(
                    "do." + action.command,
                    action.label,
                    _asks(app, action),
                    kind="danger" if action.danger else "",
                    off=not fresh,
                )
        ui.button(
            "do.sleep",
            say("Sleep"),
            lambda _: app.confirm(
                say("Let the board sleep?"),
                _SLEEP,
                say("Sleep"),
                lambda: _asleep(app),
                danger=True,
            ),
            off=not fresh,
        )


def _asleep(app: Any) -> Any:
    return app.carry_out(
        lambda board: board.command_value("sleep", 1), done=say("It falls asleep")
    )


def _switch(ui: Ui, app: Any, told: Permission) -> None:
    row = catalog.SETTING[told.name]
    held = app.station.snapshot.setting(told.name)
    level = "on" if told.on else "off" if told.on is False or not held else "unknown"
    why: Any = ""
    if told.differs and told.why:
        why = say("asked: {asked}, but {why}", asked=told.asked, why=told.why)
        level = "warning"
    options = [(i, schema.choice(row, i)) for i in range(len(row.choices))]
    ui.choice(
        "switch." + told.name,
        TITLES[told.name],
        options,
        held,
        _wants(app, told.name),
        off=not app.station.fresh or held is None,
    )
    ui.state(told.name, say("Now"), told.does, level, why)


def _wants(app: Any, name: str) -> Any:
    def want(wanted: Any) -> Any:
        seen = app.station.snapshot
        if wanted == seen.setting(name):
            return None
        asked = question(seen, name, wanted)
        if asked is None:
            return write(wanted)
        app.confirm(
            asked.title, asked.text, asked.yes, lambda: write(wanted), danger=asked.drops_load
        )
        return None

    def write(wanted: int) -> Any:
        return app.carry_out(
            lambda board: transaction.write(board, {(name, 0): wanted}),
            then=app.station.take_settings,
        )

    return want


def _asks(app: Any, action: Action) -> Any:
    command = catalog.COMMANDS[action.command]

    def act() -> Any:
        return app.carry_out(
            lambda board: give(board, action.command, command.low),
            done=action.done,
            role=command.role,
        )

    return lambda _: app.confirm(
        action.question, action.text, action.label, act, danger=action.danger
    )
