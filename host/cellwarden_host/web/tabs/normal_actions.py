"""What is done to a board rather than set: charge, restart, reset, a person's confirmations.

Every action that could drop a load or cannot be undone asks first; those that make no sense now
are not offered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nicegui import ui

from cellwarden import ids

from ... import catalog
from ...board import Board, Declined
from ...problems import Refused
from ...words import Said, say, schema
from ..snapshot import Snapshot
from ..view import View

_ACTIVE, _LATCHED = 1, 4  # bits of rule_state


@dataclass(frozen=True)
class _Action:
    """A command with its question; ``offered`` says when it makes sense."""

    command: str
    label: Said
    icon: str
    question: Said
    text: Said
    done: Said
    offered: Callable[[Snapshot], bool] = lambda seen: True
    danger: bool = False


def _any_latched(seen: Snapshot) -> bool:
    return any((bits or 0) & _LATCHED for bits in seen.all("rule_state"))


def _deep(seen: Snapshot) -> bool:
    bits = seen.all("rule_state")
    return any(
        rule < len(bits) and (bits[rule] or 0) & _ACTIVE
        for rule in (ids.RULE_DEEP_DISCHARGE, ids.RULE_CELL_UV2)
    )


_ACTIONS = (
    _Action(
        "clear_latches",
        say("Release latched protections"),
        "lock_reset",
        say("Have you looked at the pack, and is the cause gone?"),
        say("Latched protections are released; the outputs may come on."),
        say("Released"),
        _any_latched,
    ),
    _Action(
        "confirm_deep_discharge",
        say("Confirm discharged cells"),
        "battery_alert",
        say("Have you checked the deeply discharged cells?"),
        say(
            "Cells that were discharged too deeply can catch fire when they are charged. Confirm "
            "only after each was measured and found sound."
        ),
        say("Confirmed: they may be charged"),
        _deep,
        danger=True,
    ),
    _Action(
        "disconnect_replaced",
        say("Secondary disconnect replaced"),
        "electrical_services",
        say("Is a new secondary disconnect in place?"),
        say("Latched protections stay latched until they are released."),
        say("Noted"),
        lambda seen: bool(seen.get("secondary_fired")),
    ),
    _Action(
        "self_test",
        say("Self-test"),
        "fact_check",
        say("Test the measuring chips?"),
        say("Outputs must be off."),
        say("The test runs; failures show on the page Alarm"),
    ),
    _Action(
        "restart",
        say("Restart"),
        "restart_alt",
        say("Restart the board?"),
        say("All outputs open first: whatever hangs on the pack loses its supply."),
        say("The board restarts"),
        danger=True,
    ),
    _Action(
        "factory_reset",
        say("Factory reset"),
        "delete_forever",
        say("Forget all settings?"),
        say(
            "All settings and the calibration are lost, the installer's password is 123456 again, "
            "and the board stays off until it has been set up anew. Save the settings as a file "
            "first (page Param). Serial number, date of manufacture and lease stay."
        ),
        say("The board has forgotten its settings and restarts"),
        danger=True,
    ),
)


def build(view: View) -> Callable[[], None]:
    """The buttons; their refresh."""
    buttons: list[tuple[_Action, ui.button]] = []
    with ui.row().classes("gap-2"):
        for action in _ACTIONS:
            buttons.append((action, _button(view, action)))

    def refresh() -> None:
        seen = view.snapshot
        if seen is None:
            return
        for action, button in buttons:
            button.set_visibility(action.offered(seen))
            button.set_enabled(view.fresh)

    return refresh


def _button(view: View, action: _Action) -> ui.button:
    async def press() -> None:
        if await view.confirm(action.question, action.text, action.label, danger=action.danger):
            command = catalog.COMMANDS[action.command]
            work = lambda board: give(board, action.command, command.low)  # noqa: E731
            await view.carry_out(work, command.role, action.done)

    button = ui.button(view.tr(action.label), icon=action.icon, on_click=press)
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


def give(board: Board, name: str, value: int) -> bool:
    """A command; a refusal says what it needs."""
    try:
        board.command_value(name, value)
    except Declined as error:
        row = catalog.COMMANDS[name]
        raise Refused(
            say(
                "the board declined: {what}. It may need the outputs off, or another session.",
                what=schema.help(row),
            )
        ) from error
    return True
