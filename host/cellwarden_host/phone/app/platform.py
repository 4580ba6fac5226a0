"""What a page lends to the app: clocks, waiting, a turn at the line.

This is the stand-in for tests on CPython, where whatever waits has already waited; the page's own
is host/phone/compat/cellwarden_host/phone/app/platform.py.
"""

from __future__ import annotations

import time
from typing import Any

sleep = time.sleep


def now_s() -> float:
    """A clock that never goes back."""
    return time.monotonic()


def wait_for(result: Any) -> Any:
    """What a handler comes to, now or later."""
    return result


class Turn:
    """One at a time may talk with the board."""

    def take(self) -> None:
        pass

    def give(self) -> None:
        pass
