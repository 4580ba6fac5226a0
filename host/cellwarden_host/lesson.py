"""The lesson that teaches the capacity, as one sees it from outside: empty, then full.

Only looks at a board, again and again, and says which half is on. What is learned, and whether
at all, is the board's own business; the lesson is over when both ends have been seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from . import catalog, units
from .board import Board, Values
from .rule_words import rules_now
from .words import Said, say

sleep = time.sleep

EMPTY, FULL = "empty", "full"
_ENDS = (EMPTY, FULL)
_SHOWN = ("current_ma", "cell_min_mv", "cell_max_mv", "soc_permille", "soc_sigma_permille")
_WANTED = [
    catalog.NAMED[name]
    for name in (
        *_SHOWN,
        "full_mah",
        "capacity_mah",
        "charge_limited_by",
        "discharge_limited_by",
        "since_start_s",
    )
] + [catalog.RULE_STATE]
_UNDER_VOLTAGE = ("cell_uv1", "pack_uv")


@dataclass(frozen=True)
class Look:
    """One look: the values, the ends seen so far in their order, and what to do next."""

    values: Values
    seen: tuple[str, ...]

    @property
    def done(self) -> bool:
        return len(self.seen) == len(_ENDS)

    @property
    def next(self) -> Said:
        if self.done:
            full = units.text(catalog.READING["full_mah"], self.values.one("full_mah"))
            return say("both ends seen: the board counts with {full} now", full=full)
        if not self.seen:
            return say("discharge until the pack is empty, or charge until it is full")
        if self.seen[-1] == EMPTY:
            return say("empty: now charge until it is full")
        return say("full: now discharge until it is empty")

    def line(self) -> str:
        shown = {name: units.text(catalog.READING[name], self._one(name)) for name in _SHOWN}
        return (
            f"{shown['current_ma']:>10}  cells {shown['cell_min_mv']} to {shown['cell_max_mv']}  "
            f"charge {shown['soc_permille']} ± {shown['soc_sigma_permille']}  {self.next}"
        )

    def document(self) -> dict[str, object]:
        names = (*_SHOWN, "full_mah")
        told = {name: units.plain(catalog.READING[name], self._one(name)) for name in names}
        return {**told, "ends_seen": list(self.seen), "done": self.done, "next": self.next}

    def _one(self, name: str) -> int | None:
        return self.values.one(name)


def end_of(values: Values) -> str | None:
    """The end at which the pack stands, as the board sees it."""
    if values.word("charge_limited_by") == FULL:
        return FULL
    stopped = any(now.active and now.rule.name in _UNDER_VOLTAGE for now in rules_now(values))
    return EMPTY if stopped or values.word("discharge_limited_by") == EMPTY else None


def follow(board: Board, every_s: float, count: int, tell: Callable[[Look], None]) -> None:
    """Look every ``every_s`` until both ends have been seen, or ``count`` times."""
    seen: tuple[str, ...] = ()
    looks = 0
    while True:
        values = board.read(_WANTED)
        end = end_of(values)
        if end is not None and seen[-1:] != (end,):
            seen = (*seen, end)
        look = Look(values, seen)
        tell(look)
        looks += 1
        if look.done or looks == count:
            return
        sleep(every_s)
