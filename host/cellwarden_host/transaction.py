"""Settings written together: begin, write, commit, read back; a refusal names the culprit.

The board takes all of a transaction or nothing. Whatever goes wrong here, the staged values are
dropped before the problem is reported, so that a half-typed setup never waits on the board.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cellwarden.tables import rows, settings

from . import catalog, units
from .board import Board, Declined, Values
from .problems import NoConnection, Problem, Refused

# Outcomes that the board tells with each exception of the standard, the likeliest first.
_BEHIND = {
    1: ("locked", "outputs on", "nothing staged"),
    3: ("range", "cross rule", "cold charge", "voltages"),
    4: ("storage",),
    6: ("busy",),
}
# Registers in one write; the standard allows 123.
_MOST = 120

# (setting, element): count. Element 0 for plain settings.
Wanted = Mapping[tuple[str, int], int]


@dataclass(frozen=True)
class Change:
    """One number that was, or would be, written."""

    row: Any
    element: int
    before: int | None
    after: int | None

    @property
    def name(self) -> str:
        return f"{self.row.name}[{self.element + 1}]" if self.row.count > 1 else self.row.name


def role_for(wanted: Wanted) -> int:
    """The role these settings need."""
    return max((catalog.SETTING[name].write for name, _ in wanted), default=rows.INSTALLER)


def check_ranges(wanted: Wanted) -> None:
    """Every value outside its own range, told at once, before anything is written."""
    wrong = []
    for (name, element), count in wanted.items():
        row = catalog.SETTING[name]
        zero = count == 0 and row.accepts_zero
        if not row.low <= count <= row.high and not zero:
            change = Change(row, element, None, count)
            wrong.append(f"{change.name} = {units.text(row, count)}: {units.range_text(row)}")
    if wrong:
        raise Refused("out of range, nothing was written:\n  " + "\n  ".join(wrong))


def differences(before: Values, after: Values) -> list[Change]:
    """Every setting that is not what it was."""
    return [
        Change(row, element, old, new)
        for row in catalog.SETTINGS
        for element, (old, new) in enumerate(
            zip(before.all(row.name), after.all(row.name), strict=True)
        )
        if old != new
    ]


def write(board: Board, wanted: Wanted, preset: int | None = None) -> Values:
    """Write these settings (over a chemistry's defaults, if given); all settings read back."""
    check_ranges(wanted)
    try:
        with _explained(board):
            board.command("begin", 1)
            if preset is not None:
                board.command("preset", preset)
            for address, words in _runs(wanted):
                board.write(address, words)
            _commit(board)
    except Problem:
        _drop(board)
        raise
    after = board.read(catalog.SETTINGS)
    for (name, element), count in wanted.items():
        if after.all(name)[element] != count:
            shown = units.text(catalog.SETTING[name], after.all(name)[element])
            raise Refused(f"{name} reads back as {shown}; another master wrote at the same time?")
    return after


def _runs(wanted: Wanted) -> list[tuple[int, list[int]]]:
    """(address, registers) of neighbouring values, so that few writes carry them."""
    runs: list[tuple[int, list[int]]] = []
    placed = []
    for (name, element), count in wanted.items():
        row = catalog.SETTING[name]
        placed.append((row.address + element * rows.width(row), catalog.encode(row, count)))
    for address, words in sorted(placed):
        if runs and runs[-1][0] + len(runs[-1][1]) == address and len(runs[-1][1]) < _MOST:
            runs[-1][1].extend(words)
        else:
            runs.append((address, list(words)))
    return runs


def _commit(board: Board) -> None:
    """Commit; once more after a lost reply, since a second commit finds nothing left to do."""
    try:
        board.command("commit", 1)
    except NoConnection:
        try:
            board.command("commit", 1)
        except Declined:
            if _outcome(board)[0] != "nothing staged":
                raise


@contextmanager
def _explained(board: Board) -> Iterator[None]:
    """An exception of the standard becomes the board's own reason, with the setting's name."""
    try:
        yield
    except Declined as error:
        possible = _BEHIND.get(error.code)
        if possible is None:
            raise Refused(f"the board declined: {error}; nothing was changed") from error
        result, row = _outcome(board)
        if result not in possible:
            result, row = possible[0], None  # the outcome is of an older write
        raise Refused(reason(result, row)) from error


def _outcome(board: Board) -> tuple[str, Any | None]:
    """The board's own word on the newest write, and the setting it minded."""
    wanted = [catalog.READING["commit_result"], catalog.READING["commit_address"]]
    values = board.read(wanted)
    at = catalog.row_at(values.known("commit_address"))
    return values.word("commit_result"), at[0] if at else None


def _drop(board: Board) -> None:
    try:
        board.command("begin", 0)
    except Problem:
        pass  # the line is gone, or the session: the board drops them with its session


_REASONS = {
    "busy": "settings are being written over another port of this board; repeat later",
    "range": "{name} is out of range: it takes {range}",
    "cross rule": "{name} does not fit the other settings: {cross}",
    "locked": "{name} may be written by the role '{role}' only, over the PC port (RS485-2)",
    "outputs on": "{name} changes only while nothing is switched on; "
    "first: cellwarden switch charge off discharge off",
    "cold charge": "charging this chemistry below 0 °C has to be confirmed with the cell's data "
    "at hand: set cold_charge_confirmed=yes together with {name}",
    "storage": "the board could not store the settings; see: cellwarden alarms",
    "voltages": "the present voltages do not fit these settings ({name}): is it the right "
    "chemistry and number of cells? See: cellwarden read",
    "nothing staged": "there was nothing to write",
}


def reason(result: str, row: Any | None, why: str = "") -> str:
    """An outcome for people: what was wrong with which setting, and what to do.

    ``why`` is the broken rule between settings, where the caller knows it.
    """
    parts = {
        "name": row.name if row is not None else "one of the settings",
        "range": units.range_text(row) if row is not None else "see cellwarden get --all",
        "cross": why or (_cross_rules(row) if row is not None else "see docs/registers.md"),
        "role": rows.ROLES[row.write if row is not None else rows.INSTALLER],
    }
    return f"{_REASONS[result].format(**parts)}; nothing was changed"


def cross_rule(rule: tuple[str, str, int], named: Callable[[str], str] = str) -> str:
    """A rule between two settings in words; ``named`` may put values behind their names."""
    low, high, gap = rule
    row = catalog.SETTING.get(low) or catalog.SETTING.get(high)
    by = f" by {units.text(row, gap)} or more" if gap > 1 else ""
    return f"{named(low)} must be {'below' if gap else 'at most'} {named(high)}{by}"


def _cross_rules(row: Any) -> str:
    """The rules that a setting takes part in; its meaning where no pair of settings tells."""
    found = [rule for rule in settings.CROSS_RULES if row.name in rule[:2]]
    return "; ".join(cross_rule(rule) for rule in found) or row.help
