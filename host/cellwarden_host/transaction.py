"""Settings written together: begin, write, commit, read back; a refusal names the culprit.

The board takes all of a transaction or nothing. Whatever goes wrong here, the staged values are
dropped before the problem is reported, so that a half-typed setup never waits on the board.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cellwarden.tables import rows, settings

from . import catalog, units
from .board import Board, Declined, Values
from .problems import NoConnection, Problem, Refused
from .words import Said, choices, listed, say, schema, terminal

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
    def name(self) -> Said:
        return schema.place(self.row, self.element)


def role_for(wanted: Wanted) -> int:
    """The role these settings need."""
    role = rows.INSTALLER
    for name, _ in wanted:
        if not rows.includes(role, catalog.SETTING[name].write):
            role = catalog.SETTING[name].write
    return role


def check_ranges(wanted: Wanted) -> None:
    """Every value outside its own range, told at once, before anything is written."""
    wrong = []
    for (name, element), count in wanted.items():
        row = catalog.SETTING[name]
        zero = count == 0 and row.accepts_zero
        if not row.low <= count <= row.high and not zero:
            change = Change(row, element, None, count)
            wrong.append(
                say(
                    "{name} = {value}: {range}",
                    name=change.name,
                    value=units.text(row, count),
                    range=units.range_text(row),
                )
            )
    if wrong:
        lines = listed(wrong, "\n  ")
        raise Refused(say("out of range, nothing was written:\n  {lines}", lines=lines))


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
            board.write(address, words)
        _commit(board)
    except Declined as error:
        refusal = _explained(board, error)
        _drop(board)
        raise refusal from error
    except Problem:
        _drop(board)
        raise
    _follow(board, wanted)
    after = board.read_known(catalog.SETTINGS)
    for (name, element), count in wanted.items():
        if after.all(name)[element] != count:
            raise Refused(
                say(
                    "{name} reads back as {shown}; another master wrote at the same time?",
                    name=schema.name_of(name),
                    shown=units.text(catalog.SETTING[name], after.all(name)[element]),
                )
            )
    return after


def _follow(board: Board, wanted: Wanted) -> None:
    """A new address or line rate holds from now on, also for us (over the PC port)."""
    baud = wanted.get(("rs485_2_baud", 0))
    board.follow(wanted.get(("device_address", 0)), baud * 100 if baud else None)


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


def _explained(board: Board, error: Declined) -> Problem:
    """An exception of the standard as the board's own reason, with the setting's name."""
    possible = _BEHIND.get(error.code)
    if possible is None:
        return Refused(say("the board declined: {error}; nothing was changed", error=error.said))
    try:
        result, row = _outcome(board)
    except Problem as lost:
        return lost
    if result not in possible:
        result, row = possible[0], None  # the outcome is of an older write
    return Refused(reason(result, row))


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


def reason(result: str, row: Any | None, why: Said | None = None) -> Said:
    """An outcome for people: what was wrong with which setting, and what to do.

    ``why`` is the broken rule between settings, where the caller knows it.
    """
    return say("{reason}; nothing was changed", reason=_reasons(row, why)[result])


def _reasons(row: Any | None, why: Said | None) -> dict[str, Said]:
    """Every outcome that is not a success, about ``row``."""
    name = schema.name(row) if row is not None else say("one of the settings")
    return {
        "busy": say("settings are being written over another port of this board; repeat later"),
        "range": say("{name} is out of range: it takes {range}", name=name, range=_range(row)),
        "cross rule": say(
            "{name} does not fit the other settings: {cross}",
            name=name,
            cross=why or _cross_rules(row),
        ),
        "locked": say(
            "{name} may be written by the role '{role}' only, over RS485-2 or Bluetooth",
            name=name,
            role=choices.role(row.write if row is not None else rows.INSTALLER),
        ),
        "outputs on": say(
            "{name} changes only while nothing is switched on; first: {how}",
            name=name,
            how=terminal(
                "cellwarden switch charge off discharge off",
                say("switch charge and discharge off"),
            ),
        ),
        "cold charge": say(
            "charging this chemistry below 0 °C has to be confirmed with the cell's data at "
            "hand: set {confirmation} together with {name}",
            confirmation=terminal(
                "cold_charge_confirmed=yes",
                say("'{title}' to yes", title=schema.name_of("cold_charge_confirmed")),
            ),
            name=name,
        ),
        "storage": say(
            "the board could not store the settings{see}",
            see=terminal("; see: cellwarden alarms"),
        ),
        "voltages": say(
            "the present voltages do not fit these settings ({name}): is it the right chemistry "
            "and number of cells?{see}",
            name=name,
            see=terminal(" See: cellwarden read"),
        ),
        "nothing staged": say("there was nothing to write"),
    }


def _range(row: Any | None) -> str:
    if row is None:
        return terminal("see cellwarden get --all", say("what its range says"))
    return units.range_text(row)


def cross_rule(rule: tuple[str, str, int], named: Callable[[str], str] = schema.name_of) -> Said:
    """A rule between two settings in words; ``named`` may put values behind their names."""
    low, high, gap = rule
    row = catalog.SETTING.get(low) or catalog.SETTING.get(high)
    by = say(" by {gap} or more", gap=units.text(row, gap)) if gap > 1 else ""
    if gap:
        return say("{low} must be below {high}{by}", low=named(low), high=named(high), by=by)
    return say("{low} must be at most {high}", low=named(low), high=named(high))


def _cross_rules(row: Any | None) -> Said:
    """The rules that a setting takes part in; its meaning where no pair of settings tells."""
    if row is None:
        return terminal("see docs/registers.md", say("two of them contradict each other"))
    found = [cross_rule(rule) for rule in settings.CROSS_RULES if row.name in rule[:2]]
    return listed(found, "; ") if found else schema.help(row)
