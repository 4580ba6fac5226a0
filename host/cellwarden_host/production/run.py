"""One board of a batch: identified, written as one transaction, read back, compared, checked.

A job of small pieces (``jobs``). It stops at the first thing that fails before the board is
written; the checks afterwards all run, so that one look shows everything. Passwords are used and
forgotten: no outcome holds one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cellwarden.access import FACTORY_PASSWORD
from cellwarden.tables import rows

from .. import catalog, rehearsal, session, transaction
from ..access_change import change_password
from ..board import Board, Declined
from ..commissioning import plausible
from ..jobs import Job
from ..problems import Problem, Refused
from ..words import Said, say
from ..words import schema as schema_words
from . import recipe as recipes
from .recipe import Recipe

OPEN, BUSY, PASS, FAIL, SKIPPED = "open", "busy", "pass", "fail", "skipped"
SHIPPED = FACTORY_PASSWORD.decode()
# Samples have to come in after the number of cells has changed; wires are checked every second.
_SETTLE_S, _SETTLE_LOOKS = 0.5, 24
_SELF_TEST_S = 1.0

NO_CODE = say("The board tells no machine code: it cannot be told apart from the next one")
STEPS = {
    "identify": say("Identify the board"),
    "unlock": say("Unlock"),
    "write": say("Write the settings"),
    "names": say("Bluetooth name"),
    "password": say("Password"),
    "serial": say("Serial number and date"),
    "compare": say("Read back and compare"),
    **recipes.CHECK_TITLES,
}


@dataclass
class Step:
    """One line of the result."""

    key: str
    state: str = OPEN
    said: str = ""

    @property
    def title(self) -> Said:
        return STEPS[self.key]


@dataclass
class Compared:
    """One number of the table: actual, set, result. Both are None before they are known."""

    row: Any
    element: int
    wanted: int
    before: int | None = None
    actual: int | None = None

    @property
    def state(self) -> str:
        if self.actual is None:
            return OPEN
        return PASS if self.actual == self.wanted else FAIL


@dataclass
class Outcome:
    """What became of one board."""

    recipe: str
    steps: list[Step]
    table: list[Compared]
    texts: dict[str, str] = field(default_factory=dict)
    serial: str = ""
    finished: bool = False

    @property
    def passed(self) -> bool:
        return self.finished and all(step.state in (PASS, SKIPPED) for step in self.steps)

    @property
    def machine_code(self) -> str:
        return self.texts.get("machine_code", "")


@dataclass(frozen=True)
class Orders:
    """What a run needs beside the recipe. ``reserve(machine_code)`` gives (number, serial)."""

    date: str
    reserve: Callable[[str], tuple[int, str]]
    factory_password: str = field(default="", repr=False)
    # Of boards that have neither the shipped password nor the recipe's.
    present_password: str = field(default="", repr=False)


def begin(recipe: Recipe) -> Outcome:
    """An outcome in which nothing has happened yet, for showing what will."""
    keys = ["identify", "unlock", "write", "names", "password", "serial", "compare"]
    return Outcome(
        recipe.name,
        [Step(key) for key in (*keys, *recipe.checks)],
        [Compared(row, i, count) for row, i, count in recipes.rows_of(recipe)],
    )


def produce(recipe: Recipe, orders: Orders, outcome: Outcome) -> Job[Outcome]:
    """Fill ``outcome`` step by step; a failed step ends it, checks excepted."""
    return _Run(recipe, orders, outcome).job()


class _Run:
    def __init__(self, recipe: Recipe, orders: Orders, outcome: Outcome) -> None:
        self._recipe = recipe
        self._orders = orders
        self._outcome = outcome
        self._steps = {step.key: step for step in outcome.steps}
        self._number = 0

    def job(self) -> Job[Outcome]:
        board = yield 0.0
        steps: Sequence[tuple[str, Callable[[Board], str]]] = (
            ("identify", self._identify),
            ("unlock", self._unlock),
            ("write", self._write),
            ("names", self._name),
            ("password", self._password),
            ("serial", self._serial),
            ("compare", self._compare),
        )
        outcome = self._outcome
        try:
            for key, work in steps:
                self._steps[key].state = BUSY
                board = yield 0.0
                if not self._do(key, work, board):
                    return outcome
            yield from self._checks(board)
        finally:
            outcome.finished = True
            for step in outcome.steps:
                if step.state in (OPEN, BUSY):
                    step.state = FAIL if step.state == BUSY else OPEN
        board = yield 0.0
        session.log_out(board)
        return outcome

    def _do(self, key: str, work: Callable[[Board], str], board: Board) -> bool:
        step = self._steps[key]
        try:
            if key != "identify":
                self._same(board)
            step.said = work(board)
        except Problem as problem:
            step.state, step.said = FAIL, problem.said
            session.log_out(board)
            return False
        if step.state == BUSY:
            step.state = PASS
        return step.state != FAIL

    def _same(self, board: Board) -> None:
        """The cable may have moved between two pieces, to a board that knows the password too."""
        code = board.read([catalog.NAMED["machine_code"]]).texts["machine_code"]
        begun = self._outcome.machine_code
        if code != begun:
            raise Refused(
                say(
                    "Another board answers now ({code}), not the one this began with ({begun}): "
                    "stopped, and nothing more is written. Connect {begun} and repeat",
                    code=code or "-",
                    begun=begun,
                )
            )

    def _log_in(self, board: Board, password: str, role: int) -> None:
        session.log_in(board, password, role)
        self._same(board)

    # --- before anything is written

    def _identify(self, board: Board) -> str:
        board.check_schema()
        outcome = self._outcome
        outcome.texts = board.read(catalog.TEXTS).texts
        if not outcome.machine_code:
            raise Refused(NO_CODE)
        before = board.read(rehearsal.NEEDED)
        for line in outcome.table:
            line.before = before.all(line.row.name)[line.element]
        rehearsal.rehearse(before, self._recipe.wanted(), self._recipe.chemistry)
        self._number, outcome.serial = self._orders.reserve(outcome.machine_code)
        return say(
            "Machine code {code}, firmware {firmware}",
            code=outcome.machine_code,
            firmware=outcome.texts.get("firmware_version") or "-",
        )

    def _unlock(self, board: Board) -> str:
        self._log_in_as_installer(board)
        if not self._orders.factory_password:
            return say("Unlocked as {role}", role=_role(rows.INSTALLER))
        try:
            change_password(board, self._orders.factory_password, "first_factory_password")
        except Refused:
            # It has one already; whether it is this one shows when the serial number is written.
            return say("Unlocked as {role}", role=_role(rows.INSTALLER))
        return say("Unlocked; the board has been given its factory role")

    def _log_in_as_installer(self, board: Board) -> None:
        state = board.read([catalog.RULE_STATE, catalog.READING["session_role"]])
        if state.known("session_role"):
            session.log_out(board)
        shipped = (state.all("rule_state")[_SHIPPED_RULE] or 0) & 1
        known = self._orders.present_password or self._recipe.password
        if not shipped and not known:
            raise Refused(
                say(
                    "The board has a password of its own already: give it under 'Password of "
                    "the boards as they come'"
                )
            )
        self._log_in(board, SHIPPED if shipped else known, rows.INSTALLER)

    # --- writing

    def _write(self, board: Board) -> str:
        recipe = self._recipe
        before = board.read(rehearsal.NEEDED)
        planned = rehearsal.rehearse(before, recipe.wanted(), recipe.chemistry)
        if not planned:
            return say("The board has these values already")
        after = transaction.write(board, recipe.wanted(), recipe.chemistry)
        count = len(transaction.differences(before, after))
        return say("{count} settings changed in one transaction", count=count)

    def _filled(self, pattern: str) -> str:
        outcome, orders = self._outcome, self._orders
        code = outcome.machine_code
        return recipes.fill(pattern, self._number, outcome.serial or code, code, orders.date)

    def _name(self, board: Board) -> str:
        if not self._recipe.bluetooth_name:
            return self._skip("names", say("The recipe gives no name"))
        name = self._filled(self._recipe.bluetooth_name)
        row = catalog.NAMED["device_name"]
        most = 2 * row.registers
        if len(name.encode()) > most:
            raise Refused(say("The name {name} is longer than {most} bytes", name=name, most=most))
        return self._put_text(board, "device_name", name)

    def _put_text(self, board: Board, name: str, text: str) -> str:
        row = catalog.NAMED[name]
        board.write(row.address, catalog.encode_text(row, text))
        found = board.read([row]).texts[name]
        self._outcome.texts[name] = found
        if found != text:
            raise Refused(say("{text} reads back as {found}", text=text, found=found))
        return say("{text}, read back", text=text)

    def _password(self, board: Board) -> str:
        password = self._recipe.password
        if not password:
            return self._skip("password", say("The recipe gives no password"))
        change_password(board, password)
        session.log_out(board)
        self._log_in(board, password, rows.INSTALLER)
        if password == SHIPPED:
            return say("Set and proved; it is the one from the factory, which everybody knows")
        return say("Set and proved by a new session")

    def _serial(self, board: Board) -> str:
        orders, outcome = self._orders, self._outcome
        if not orders.factory_password:
            return self._skip(
                "serial", say("No factory password was given: the board does not hold them")
            )
        session.log_out(board)
        self._log_in(board, orders.factory_password, rows.FACTORY)
        if outcome.serial:
            self._put_text(board, "serial_number", outcome.serial)
        self._put_text(board, "factory_date", orders.date)
        return say("{serial}, {date}, read back", serial=outcome.serial or "-", date=orders.date)

    # --- afterwards

    def _compare(self, board: Board) -> str:
        outcome = self._outcome
        outcome.texts = board.read(catalog.TEXTS).texts
        actual = board.read(catalog.SETTINGS)
        for line in outcome.table:
            line.actual = actual.all(line.row.name)[line.element]
        wrong = [line for line in outcome.table if line.state != PASS]
        if wrong:
            raise Refused(say("{count} values are not what the recipe says", count=len(wrong)))
        return say("{count} values are what the recipe says", count=len(outcome.table))

    def _checks(self, board: Board) -> Job[None]:
        checks = self._recipe.checks
        for key in checks:
            self._steps[key].state = BUSY
        board = yield 0.0
        if "self_test" in checks:
            self._same(board)
            self._ask_self_test(board)
            board = yield _SELF_TEST_S
        for left in reversed(range(_SETTLE_LOOKS)):
            seen = plausible.look(board)
            self._same(board)
            found = {key: self._found(key, seen) for key in checks}
            if not left or all(plausible.good(one) for one in found.values()):
                break
            board = yield _SETTLE_S
        for key, findings in found.items():
            step = self._steps[key]
            step.state = PASS if plausible.good(findings) else FAIL
            step.said = plausible.worst_first(findings)

    @staticmethod
    def _ask_self_test(board: Board) -> None:
        try:
            board.command("self_test", 1)
        except Declined:
            pass  # something is on; the result of the newest start is judged

    def _found(self, key: str, seen: plausible.Look) -> list[plausible.Finding]:
        if key == "self_test":
            return plausible.self_test(seen)
        if key == "cells":
            return plausible.cells(seen, self._recipe.cell_diff_mv)
        if key == "sensors":
            return plausible.sensors(seen)
        return plausible.zero(seen)

    def _skip(self, key: str, why: Said) -> Said:
        self._steps[key].state = SKIPPED
        return why


def broke_off(outcome: Outcome, problem: Problem) -> None:
    """The line was lost, or the board said no where nobody expected it."""
    outcome.finished = True
    for step in outcome.steps:
        if step.state in (BUSY, FAIL) and not step.said:
            step.state, step.said = FAIL, problem.said
    if outcome.passed or all(step.state != FAIL for step in outcome.steps):
        first = next((step for step in outcome.steps if step.state == OPEN), outcome.steps[-1])
        first.state, first.said = FAIL, problem.said


def _role(role: int) -> Said:
    return schema_words.role(role)


_SHIPPED_RULE = next(rule.number for rule in catalog.RULES if rule.name == "factory_password")
