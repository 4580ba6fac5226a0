"""Settings written together: begin, write, commit, read back; a refusal names the culprit.

The board takes all of a transaction or nothing. Whatever goes wrong here, the staged values are
dropped before the problem is reported, so that a half-typed setup never waits on the board.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cellwarden.tables import rows, settings

from . import catalog, units
from .board import Board, Declined, Values
from .problems import NoConnection, Problem, Refused

_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE = 1, 2, 3
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
        board.command("begin", 1)
        if preset is not None:
            board.command("preset", preset)
        for address, words in _runs(wanted):
            _stage(board, address, words)
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


def _stage(board: Board, address: int, words: list[int]) -> None:
    try:
        board.write(address, words)
    except Declined as error:
        at = catalog.row_at(address)
        assert at is not None  # every address here came from a row
        raise Refused(_why_not_staged(board, at[0], error)) from error


def _why_not_staged(board: Board, row: Any, error: Declined) -> str:
    if error.code == _ILLEGAL_FUNCTION:
        return _locked(row.name)
    result, culprit = _outcome(board)
    if culprit is not None:
        row = culprit
    if result in _REASONS and result not in ("none", "ok", "nothing staged"):
        return reason(result, row)
    if error.code == _ILLEGAL_ADDRESS:
        return f"this board has no setting {row.name}; nothing was changed"
    return reason("range", row)


def _commit(board: Board) -> None:
    try:
        board.command("commit", 1)
    except Declined as error:
        result, row = _outcome(board)
        if error.code == _ILLEGAL_FUNCTION and result in ("none", "ok"):
            result = "locked"
        raise Refused(reason(result, row)) from error
    except NoConnection:
        # The reply may have been lost behind a commit that worked: the board knows.
        if _outcome(board)[0] != "ok":
            raise


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


def _locked(name: str) -> str:
    row = catalog.SETTING.get(name)
    role = rows.ROLES[row.write] if row else "installer"
    return (
        f"{name} may be written by the role '{role}' only, and on this port the session is not "
        "that; use the PC port (RS485-2) and --password. Nothing was changed"
    )


_REASONS = {
    "none": "the board gave no reason",
    "ok": "the board says it is done, yet declined",
    "range": "{name} is out of range: it takes {range}",
    "cross rule": "{name} does not fit the other settings: {cross}",
    "locked": "this port may not write settings; use RS485-2 and --password",
    "outputs on": "{name} changes only while nothing is switched on; "
    "first: cellwarden switch charge off discharge off",
    "cold charge": "charging this chemistry below 0 °C has to be confirmed with the cell's data "
    "at hand: set cold_charge_confirmed=yes together with {name}",
    "storage": "the board could not store the settings; see: cellwarden alarms",
    "voltages": "the cells' present voltages do not fit {name}: is it the right chemistry and "
    "number of cells? See: cellwarden read",
    "nothing staged": "there was nothing to write",
}


def reason(result: str, row: Any | None) -> str:
    """A commit's outcome for people: what was wrong with which setting, and what to do."""
    name = row.name if row is not None else "a setting"
    parts = {
        "name": name,
        "range": units.range_text(row) if row is not None else "",
        "cross": cross_rules(name),
    }
    text = _REASONS.get(result, "the board refused: {name}").format(**parts)
    return f"{text}; nothing was changed"


def cross_rules(name: str) -> str:
    """The rules between settings that ``name`` takes part in, in words."""
    found = []
    for low, high, gap in settings.CROSS_RULES:
        if name in (low, high):
            row = catalog.SETTING.get(low) or catalog.SETTING.get(high)
            by = f" by at least {units.text(row, gap)}" if gap else ""
            found.append(f"{low} must be {'below' if gap else 'at most'} {high}{by}")
    return "; ".join(found) or "see docs/registers.md"
