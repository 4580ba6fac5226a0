"""What is done to a board rather than set: charge, restart, reset, a person's confirmations.

Every action that could drop a load or cannot be undone has a question; those that make no sense
now are not offered. Free of any page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cellwarden import ids

from . import catalog
from .board import Board, Declined
from .problems import Refused
from .web.snapshot import Snapshot
from .words import Said, say, schema

_ACTIVE, _LATCHED = 1, 4  # bits of rule_state


@dataclass(frozen=True)
class Action:
    """A command with its question; ``offered`` says when it makes sense."""

    command: str
    label: Said
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


ACTIONS = (
    Action(
        "clear_latches",
        say("Release latched protections"),
        say("Have you looked at the pack, and is the cause gone?"),
        say("Latched protections are released; the outputs may come on."),
        say("Released"),
        _any_latched,
    ),
    Action(
        "confirm_deep_discharge",
        say("Confirm discharged cells"),
        say("Have you checked the deeply discharged cells?"),
        say(
            "Cells that were discharged too deeply can catch fire when they are charged. Confirm "
            "only after each was measured and found sound."
        ),
        say("Confirmed: they may be charged"),
        _deep,
        danger=True,
    ),
    Action(
        "disconnect_replaced",
        say("Secondary disconnect replaced"),
        say("Is a new secondary disconnect in place?"),
        say("Latched protections stay latched until they are released."),
        say("Noted"),
        lambda seen: bool(seen.get("secondary_fired")),
    ),
    Action(
        "self_test",
        say("Self-test"),
        say("Test the measuring chips?"),
        say("Outputs must be off."),
        say("The test runs; failures show on the page Alarm"),
    ),
    Action(
        "restart",
        say("Restart"),
        say("Restart the board?"),
        say("All outputs open first: whatever hangs on the pack loses its supply."),
        say("The board restarts"),
        danger=True,
    ),
    Action(
        "factory_reset",
        say("Factory reset"),
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
