"""What stands behind ``--port ble:``: a board's name, its address, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..problems import BadInput
from ..words import say

PREFIX = "ble:"
PASSKEY_DIGITS = 6


def is_bluetooth(port: str) -> bool:
    return port.lower().startswith(PREFIX)


def wanted(port: str) -> str:
    """The name or address in a port; empty when any board will do."""
    return port[len(PREFIX) :].strip()


def port_for(identifier: str) -> str:
    return PREFIX + identifier


def passkey_of(text: str) -> int:
    """The six digits that a board shows, as a number."""
    digits = text.strip().replace(" ", "")
    if len(digits) != PASSKEY_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise BadInput(say("a passkey has {digits} digits", digits=PASSKEY_DIGITS))
    return int(digits)


@dataclass(frozen=True)
class Access:
    """Where to look for a simulated radio, and who knows the passkey that it asks for.

    The computer's own Bluetooth needs neither: the system asks the person by itself.
    """

    ready_file: Path | None = None
    passkey: Callable[[], int | None] = lambda: None
