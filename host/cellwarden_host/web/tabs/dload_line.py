"""The production line behind the tab DLoad: one for a station, whatever browsers look at it.

It goes on while pages come and go, because with each new board they are built anew. It belongs to
the browser that loaded the recipe; others watch. Passwords live here in memory only.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Any
from weakref import WeakKeyDictionary

from ...problems import Problem, Refused
from ...production import recipe as recipes
from ...production import run
from ...production.hands_free import HandsFree
from ...production.ledger import Ledger, label
from ...words import say
from ..driving import drive
from ..snapshot import Snapshot
from ..station import Station
from ..wizard import proving_on

_lines: WeakKeyDictionary[Station, Line] = WeakKeyDictionary()


def line_of(station: Station) -> Line:
    if station not in _lines:
        _lines[station] = Line(station)
    return _lines[station]


class Line:
    """``changes`` counts, so that pages know when to draw anew."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.recipe: recipes.Recipe | None = None
        self.ledger: Ledger | None = None
        self.outcome: run.Outcome | None = None
        self.running = False
        self.hands = HandsFree()
        self.owner: Any = None
        self.factory_password = ""
        self.present_password = ""
        self.trouble: Problem | None = None
        self.counts = (0, 0)
        self.changes = 0
        station.listeners.append(self._look)

    def load(self, text: str, name: str, owner: Any) -> None:
        """Take a recipe; whoever had the line before loses it with its passwords."""
        if self.running:
            raise Refused(say("A board is being written; wait for its end"))
        recipe = recipes.parse(text, name)
        ledger = Ledger(recipe)  # refuses a spoiled table: then the old recipe stays
        self.recipe, self.ledger = recipe, ledger
        self.counts = self.ledger.counts()
        self.owner = owner
        self.factory_password = self.present_password = ""
        self.hands = HandsFree()
        self.outcome = None
        self.changes += 1

    @property
    def machine_code(self) -> str:
        """The board that is connected now; "" for none."""
        seen = self._station.snapshot
        return seen.machine_code if seen is not None and self._station.fresh else ""

    @property
    def busy(self) -> bool:
        """This line, or the wizard's proofs, work on the board."""
        return self.running or self._station in proving_on

    @property
    def has_passed(self) -> bool:
        """The connected board has passed with this recipe before."""
        return self.ledger is not None and self.ledger.has_passed(self.machine_code)

    @property
    def shown(self) -> run.Outcome | None:
        """The outcome, while the board it is about (or none) is connected."""
        outcome, code = self.outcome, self.machine_code
        if outcome is None or (
            code and outcome.finished and outcome.machine_code not in ("", code)
        ):
            return None
        return outcome

    def label(self) -> dict[str, str]:
        """The label of the board that was made last."""
        if self.outcome is None or self.recipe is None or not self.outcome.passed:
            return {}
        return label(self.outcome, self.recipe)

    def hands_free(self, on: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self.hands.on = on
        self.changes += 1

    # --- a run

    async def start(self) -> None:
        """Write the board that is connected; the outcome is recorded whatever it is."""
        if self.busy or self.recipe is None or self.ledger is None:
            return
        self.running, self.trouble = True, None
        ledger, today = self.ledger, date.today().isoformat()
        self.hands.began(self.machine_code)
        self.outcome = outcome = run.begin(self.recipe)
        orders = run.Orders(
            today,
            lambda code: ledger.reserve(code, today),
            self.factory_password,
            self.present_password,
        )
        self._changed()
        try:
            await drive(self._station, run.produce(self.recipe, orders, outcome), self._changed)
        except Problem as problem:
            run.broke_off(outcome, problem)
        finally:
            outcome.finished = True
            self._record(ledger, outcome)
            self.running = False
            self._changed()

    def _record(self, ledger: Ledger, outcome: run.Outcome) -> None:
        if not outcome.machine_code:
            return  # nobody knows which board it was, and nothing was written to it
        try:
            ledger.record(outcome, datetime.now())
        except Problem as problem:
            self.trouble = problem
            self.hands.on = False  # no board without a record
        self.counts = ledger.counts()

    def _changed(self) -> None:
        self.changes += 1

    # --- hands-free

    def _look(self, seen: Snapshot) -> None:
        """On the station's thread, after each look."""
        if self.busy or self._loop is None or self.ledger is None:
            return
        if self.hands.due(seen.machine_code, self.ledger):
            self._loop.call_soon_threadsafe(self._begin, seen.machine_code)

    def _begin(self, machine_code: str) -> None:
        if self.ledger is None or self.busy:
            return
        if not self.hands.due(machine_code, self.ledger):
            return  # asked twice before the first had begun
        task = asyncio.get_running_loop().create_task(self.start())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
