"""An asyncio loop on the simulated board's time: what bumble's radio runs in.

It owns no thread. ``pump`` runs everything that is ready and returns; the board calls it when an
alarm of its clock is due, when a socket has something, and after each call of the firmware. So
what happens on the air happens at one moment of virtual time, in the same order on every run.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import math
import selectors
import threading
from collections.abc import Callable
from typing import TypeVarTuple

from .clock import Clock

_Ts = TypeVarTuple("_Ts")
_ALARM = "radio"
_ROUNDING_US = 0.0005  # asyncio rings a timer that is due within a nanosecond


class VirtualLoop(asyncio.SelectorEventLoop):
    """``time()`` is the board's clock; ``fileno`` is ready whenever a socket of it is."""

    def __init__(self, clock: Clock) -> None:
        self._virtual = clock
        self._more = False
        self._due: list[int] = []  # microseconds
        selector = selectors.EpollSelector()
        self.fileno = selector.fileno()
        super().__init__(selector)

    def time(self) -> float:
        return self._virtual.now_us / 1_000_000

    def call_soon(
        self,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        self._more = True
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        heapq.heappush(self._due, math.ceil(when * 1_000_000 - _ROUNDING_US))
        return super().call_at(when, callback, *args, context=context)

    def pump(self) -> None:
        """Run all that is ready now, and have the clock ring when the next thing is."""
        if self.is_running():
            return
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self._drain()
            return
        # The caller stands in a loop of its own, and a thread can be in one only.
        thread = threading.Thread(target=self._drain, name="radio")
        thread.start()
        thread.join()

    def _drain(self) -> None:
        while True:
            self._more = False
            super().call_soon(self.stop)
            self.run_forever()
            if not self._more:
                break
        while self._due and self._due[0] <= self._virtual.now_us:
            heapq.heappop(self._due)
        if self._due:
            self._virtual.set(_ALARM, self._due[0], self.pump)
        else:
            self._virtual.cancel(_ALARM)

    def finish(self) -> None:
        """Cancel what still waits, then close. Harmless when repeated."""
        if self.is_closed():
            return
        for task in asyncio.all_tasks(self):
            task.cancel()
        self.pump()
        self._virtual.cancel(_ALARM)
        self.close()
