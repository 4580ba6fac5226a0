"""The thread on which everything asynchronous of Bluetooth happens, for callers that wait.

It lives as long as the program. A caller that stops waiting (a time-out, Ctrl-C) cancels what it
waited for, so that nothing goes on in the background that nobody knows of.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as NotInTime
from typing import Any, TypeVar

T = TypeVar("T")

_guard = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_GRACE_S = 3.0


def run(work: Coroutine[Any, Any, T], timeout_s: float) -> T:
    """What ``work`` returns; ``TimeoutError`` after ``timeout_s``."""
    future = asyncio.run_coroutine_threadsafe(work, _the_loop())
    try:
        return future.result(timeout_s)
    except NotInTime:
        future.cancel()
        raise TimeoutError from None
    except BaseException:
        future.cancel()
        raise


def _the_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with _guard:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="bluetooth", daemon=True).start()
            atexit.register(_end)
        return _loop


def _end() -> None:
    """Cancel what still runs: a system's Bluetooth would keep the connection otherwise."""
    try:
        run(_cancel_all(), _GRACE_S)
    except Exception:
        pass  # the program ends either way


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
