"""The checklist as a person walks through it: which steps, what is asked, what is written down.

The order and what each step needs are the board's; here stand only the words for people. A
step that needs a person is skipped when nobody is there to ask, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from .. import catalog

PASS, FAIL, SKIPPED = "pass", "fail", "skipped"

# Step and its title, in the board's order (firmware/bench/commands.py).
STEPS = {
    "info": "Board",
    "scan": "Chips on the buses",
    "chips": "Chip self-tests",
    "wires": "Sense wires",
    "cells": "Cell voltages and noise",
    "sums": "Sum of cells against pack",
    "temps": "Temperature sensors",
    "zero": "Current: zero and noise",
    "rest": "Everything off",
    "discharge": "Precharge, discharge switch",
    "charge": "Charge switch",
    "gain": "Current: gain under a load",
    "heater": "Heater",
    "warm": "A sensor warmed by hand",
    "buzzer": "Buzzer",
    "rs485": "RS485 loop-back",
    "storage": "Flash",
    "sleep": "Sleep current",
    "watchdog": "Watchdog",
}


class Repl(Protocol):
    """What runs a step on a board."""

    def step(self, name: str, *arguments: object) -> dict[str, Any]: ...
    def watchdog(self) -> bool: ...


@dataclass
class Checklist:
    """``ask(question)`` is None when nobody is there; ``shown(name, result)`` sees each step."""

    repl: Repl
    ask: Callable[[str], str] | None
    shown: Callable[[str, dict[str, Any] | None], None]
    load_ma: int = 0
    results: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self) -> dict[str, dict[str, Any]]:
        """All steps but the watchdog's, in order; the results by step."""
        special = {
            "gain": self._gain,
            "warm": self._warm,
            "buzzer": self._buzzer,
            "rs485": self._rs485,
        }
        for name in STEPS:
            if name != "watchdog":
                self._do(name, special.get(name, partial(self.repl.step, name)))
        return self.results

    def watchdog(self) -> None:
        """The last step of all: the board resets, and forgets what it has found."""
        self._do("watchdog", self._watchdog)

    def _do(self, name: str, work: Callable[[], dict[str, Any]]) -> None:
        self.shown(name, None)
        result = work()
        result["say"] = told(result)
        result.pop("step", None)
        self.results[name] = result
        self.shown(name, result)

    def _answer(self, question: str) -> str:
        return self.ask(question).strip() if self.ask is not None else ""

    def _gain(self) -> dict[str, Any]:
        load_ma = self.load_ma
        if not load_ma and self._passed("charge"):
            said = self._answer(
                "Connect a known load of 2 A or more; its current in A (Enter: skip): "
            )
            load_ma = amperes_ma(said) if said else 0
        return self.repl.step("gain", load_ma)

    def _warm(self) -> dict[str, Any]:
        if not self._passed("temps"):
            return self.repl.step("warm")
        said = self._answer("Take a sensor between two fingers; which, 1-6 (Enter: skip): ")
        if not said.isdigit():
            return made(SKIPPED, "nobody was there to warm a sensor")
        return self.repl.step("warm", int(said))

    def _buzzer(self) -> dict[str, Any]:
        result = self.repl.step("buzzer")
        said = self._answer("Did the buzzer sound twice? y or n (Enter: skip): ").lower()
        if said:
            good = said.startswith("y")
            return made(
                PASS if good else FAIL, "heard" if good else "not heard: wiring, or the part"
            )
        result["say"] = "sounded, but nobody was asked"
        return result

    def _rs485(self) -> dict[str, Any]:
        said = self._answer("Join RS485-1 to RS485-2, A to A and B to B; joined? y (Enter: no): ")
        return self.repl.step("rs485", said.lower().startswith("y"))

    def _watchdog(self) -> dict[str, Any]:
        if self.repl.watchdog():
            return made(PASS, "it reset the board")
        return made(FAIL, "the board did not come back by its watchdog")

    def _passed(self, name: str) -> bool:
        return self.results.get(name, {}).get("result") == PASS


def made(result: str, say: str) -> dict[str, Any]:
    """A result that came from a person."""
    return {"result": result, "say": say, "value": None, "unit": "", "limit": None, "data": {}}


def amperes_ma(text: str) -> int:
    """Milliamperes of "5", "5.2" or "5,2 A"; 0 when it is none."""
    match = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*[aA]?\s*", text)
    return round(float(match[1].replace(",", ".")) * 1000) if match else 0


def told(result: dict[str, Any]) -> str:
    """What the board said, with the names of rules for their numbers."""
    names = {row.number: row.title for row in catalog.RULES}
    return re.sub(
        r"protection (\d+)",
        lambda found: f"“{names.get(int(found[1]), found[0])}”",
        str(result["say"]),
    )


def verdict(results: dict[str, dict[str, Any]], board_verdict: str) -> str:
    """PASS only when the board's own verdict and every person's answer say so."""
    if any(result["result"] == FAIL for result in results.values()):
        return FAIL
    return board_verdict


def measured(result: dict[str, Any]) -> str:
    """Value and limit for people."""
    value = result["value"]
    if value is None:
        return ""
    text = f"{value} {result['unit']}".strip()
    limit = result["limit"]
    if isinstance(limit, list):
        return f"{text} (allowed {limit[0]} to {limit[1]})"
    return text if limit is None else f"{text} (limit {limit})"
