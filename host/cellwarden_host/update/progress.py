"""How far an update has got, and what came of it: plain values for whoever shows them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..words import Said, listed, say

RESTART = say("Restarting into the bootloader")
AGREE = say("Agreeing on a rate")
BEGIN = say("The board makes room")
SEND = say("Sending the image")
CHECK = say("The board checks the image")
UNPACK = say("The board unpacks the image")
SWITCH = say("Switching over")
CONFIRM = say("The new firmware shows that it works")


@dataclass(frozen=True)
class Progress:
    """One look at an update: ``done`` of ``total`` bytes of this step, ``left_s`` if known.

    ``segment`` of ``segments`` counts what is sent; both are 0 in other steps. ``note`` is more
    for a person: why it waits, that it resumes.
    """

    step: Said
    done: int = 0
    total: int = 0
    segment: int = 0
    segments: int = 0
    left_s: float | None = None
    note: str = ""

    def counted(self) -> Said:
        """Segments, bytes and time left, as far as this step has them."""
        parts: list[Said] = []
        if self.segments:
            parts.append(
                say(
                    "segment {segment} of {segments}",
                    segment=self.segment,
                    segments=self.segments,
                )
            )
        if self.total:
            parts.append(say("{done} of {total} bytes", done=self.done, total=self.total))
        if self.left_s is not None:
            parts.append(say("{left} s left", left=round(self.left_s)))
        return listed(parts)


@dataclass(frozen=True)
class Outcome:
    """What runs now. ``changed``: it is what the file held."""

    version: str
    changed: bool
    text: str


Told = Callable[[Progress], None]
Cancelled = Callable[[], bool]


class Pace:
    """The host's clock, so that a test can own the time."""

    def now_s(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


class Rate:
    """Time left, from what has been done so far."""

    def __init__(self, pace: Pace, done: int, total: int) -> None:
        self._pace = pace
        self._start_s = pace.now_s()
        self._first = done
        self._total = total

    def left_s(self, done: int) -> float | None:
        gone_s = self._pace.now_s() - self._start_s
        if done <= self._first or gone_s <= 0:
            return None
        return gone_s / (done - self._first) * (self._total - done)
