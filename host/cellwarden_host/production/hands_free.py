"""When the next board begins by itself: a board nobody has seen in this place yet.

A board that was written, well or badly, is never begun again by itself; it waits for a person,
or for another board in its place.
"""

from __future__ import annotations

from .ledger import Ledger


class HandsFree:
    """``due`` is asked with each fresh snapshot's machine code."""

    def __init__(self) -> None:
        self.on = False
        self._last = ""

    def due(self, machine_code: str, ledger: Ledger) -> bool:
        """True when a run should begin now."""
        return (
            self.on
            and bool(machine_code)
            and machine_code != self._last
            and not ledger.has_passed(machine_code)
        )

    def began(self, machine_code: str) -> None:
        """A run on this board has begun, by itself or by a person."""
        self._last = machine_code
