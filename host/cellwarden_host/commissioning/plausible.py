"""Whether what a board measures can be true: cells, sense wires, sensors, current at rest.

Judges readings that were taken at one moment against the settings of the pack; asks nothing and
changes nothing. A value that is missing is never taken for a good one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from .. import catalog, units
from ..board import Board, Values
from ..words import known, listed, say
from ..words import schema as schema_words

# Board and pack may differ by this much (safety.md 2).
SUM_PERMILLE = 20
_WIRES = 33
# A cell that shows (nearly) nothing beside one that shows far too much: two wires changed places.
_NOTHING_MV = 700
_DOUBLED_PERCENT = 140
# A pack at rest in a workshop.
_COLDEST_DC, _HOTTEST_DC = -200, 600
_ZERO_MA, _ZERO_PART = 200, 1000
_RULE = {rule.name: rule.number for rule in catalog.RULES}
_CELL, _PACK = catalog.READING["cell_mv"], catalog.READING["pack_10mv"]
_TEMPS, _CURRENT = catalog.READING["temp_dc"], catalog.READING["current_ma"]
READINGS = (*catalog.READINGS[:-3], catalog.RULE_STATE)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``said`` says what was seen, and what to do if it is bad."""

    good: bool
    said: str


@dataclass(frozen=True)
class Look:
    """Readings and settings of one moment; they share names, so they are kept apart."""

    values: Values
    settings: Values

    def active(self, rule: str) -> bool:
        states = self.values.all("rule_state")
        number = _RULE[rule]
        return number < len(states) and bool((states[number] or 0) & 1)

    @property
    def outputs_on(self) -> list[str]:
        """Outputs that are on, as the schema calls them."""
        return [name for name in _SWITCHES if self.values.known(name)]


_SWITCHES = ("charge_switch", "discharge_switch", "precharge_switch", "heater_switch")


def look(board: Board) -> Look:
    """Ask the board for everything that is judged here."""
    return Look(board.read(READINGS), board.read(catalog.SETTINGS))


def good(findings: Iterable[Finding]) -> bool:
    return all(finding.good for finding in findings)


def worst_first(findings: Sequence[Finding]) -> str:
    """All that is bad; all that was seen where nothing is."""
    bad = [finding.said for finding in findings if not finding.good]
    return listed(bad or [finding.said for finding in findings], "\n")


def self_test(seen: Look) -> list[Finding]:
    failed = seen.values.one("self_test")
    if failed is None:
        return [Finding(False, say("The board tells no result of its self-test"))]
    if failed:
        bits = listed(str(bit) for bit in range(16) if failed >> bit & 1)
        return [Finding(False, say("Self-test failed: test {bits}", bits=bits))]
    return [Finding(True, say("Self-test passed"))]


def cells(seen: Look, diff_mv: int) -> list[Finding]:
    """Voltages, their order, wires, unused channels, and the sum against the pack."""
    count = seen.values.known("cells_in_series")
    if not count:
        return [Finding(False, say("The number of cells is not set"))]
    cell_mv = seen.values.all("cell_mv")[:count]
    missing = [str(i + 1) for i, mv in enumerate(cell_mv) if mv is None]
    if missing:
        told = say("No voltage from cell {cells}", cells=listed(missing))
        return [Finding(False, told), *wires(seen)]
    present = [mv for mv in cell_mv if mv is not None]
    findings = [*_swapped(present)] or [*_ranges(seen, present), _spread(present, diff_mv)]
    return [*findings, *wires(seen), _sum(seen)]


def _swapped(cell_mv: list[int]) -> Iterable[Finding]:
    middle = median(cell_mv)
    for i, mv in enumerate(cell_mv):
        beside = cell_mv[max(0, i - 1) : i] + cell_mv[i + 1 : i + 2]
        if mv < _NOTHING_MV and any(100 * near > _DOUBLED_PERCENT * middle for near in beside):
            yield Finding(
                False,
                say(
                    "Cell {number} shows {mv} beside a cell that shows far too much: have the "
                    "sense wires at its two ends changed places?",
                    number=i + 1,
                    mv=units.text(_CELL, mv),
                ),
            )


def _ranges(seen: Look, cell_mv: list[int]) -> Iterable[Finding]:
    low, high = (seen.settings.known(name) for name in ("cell_uv2_mv", "cell_ov2_mv"))
    for i, mv in enumerate(cell_mv):
        if not low < mv < high:
            yield Finding(
                False,
                say(
                    "Cell {number} shows {mv}; it must be between {low} and {high}",
                    number=i + 1,
                    mv=units.text(_CELL, mv),
                    low=units.text(_CELL, low),
                    high=units.text(_CELL, high),
                ),
            )


def _spread(cell_mv: list[int], diff_mv: int) -> Finding:
    low, high = min(cell_mv), max(cell_mv)
    parts = {
        "count": len(cell_mv),
        "low": units.text(_CELL, low),
        "high": units.text(_CELL, high),
        "diff": high - low,
    }
    if high - low > diff_mv:
        return Finding(
            False,
            say(
                "Cells differ by {diff} mV, {most} mV are allowed: lowest {low} (cell {lowest}), "
                "highest {high} (cell {highest})",
                most=diff_mv,
                lowest=cell_mv.index(low) + 1,
                highest=cell_mv.index(high) + 1,
                **parts,
            ),
        )
    return Finding(True, say("{count} cells between {low} and {high}, {diff} mV apart", **parts))


def wires(seen: Look) -> list[Finding]:
    """Sense wires that are cut or not yet checked, and voltage where no cell is expected."""
    bits = (
        seen.values.known("open_wire_low")
        | seen.values.known("open_wire_mid") << 16
        | seen.values.known("open_wire_top") << 32
    )
    cut = [str(wire) for wire in range(_WIRES) if bits >> wire & 1]
    findings = []
    if cut or seen.active("open_wire"):
        findings.append(
            Finding(False, say("Sense wire {wires} has no contact", wires=listed(cut or ["?"])))
        )
    if seen.active("open_wire_unknown"):
        findings.append(Finding(False, say("The sense wires have not been checked yet")))
    if seen.active("stray_voltage"):
        findings.append(
            Finding(
                False,
                say(
                    "There is voltage on a harness channel that no cell is mapped to: more cells "
                    "than set, or another map of the harness"
                ),
            )
        )
    return findings or [
        Finding(True, say("All sense wires have contact, unused channels are dead"))
    ]


def _sum(seen: Look) -> Finding:
    total, pack = seen.values.one("cell_sum_10mv"), seen.values.one("pack_10mv")
    if total is None or pack is None:
        return Finding(False, say("No pack voltage to hold against the sum of the cells"))
    parts = {"sum": units.text(_PACK, total), "pack": units.text(_PACK, pack)}
    if abs(total - pack) * 1000 > SUM_PERMILLE * max(total, pack, 1):
        return Finding(
            False,
            say(
                "The cells add up to {sum}, the pack has {pack}: a cell is counted twice or not "
                "at all, or the number of cells is wrong",
                **parts,
            ),
        )
    return Finding(True, say("The cells add up to {sum}, the pack has {pack}", **parts))


def sensors(seen: Look) -> list[Finding]:
    """Every fitted sensor gives a temperature that a workshop can have."""
    fitted = seen.settings.known("temps_fitted")
    findings = []
    told = []
    for i, dc in enumerate(seen.values.all("temp_dc")):
        if not fitted >> i & 1:
            continue
        name = schema_words.element(_TEMPS, i)
        shown = units.text(_TEMPS, dc)
        if dc is None:
            findings.append(
                Finding(
                    False, say("{name} gives nothing: open, shorted, or not fitted", name=name)
                )
            )
        elif not _COLDEST_DC <= dc <= _HOTTEST_DC:
            findings.append(Finding(False, say("{name} shows {shown}", name=name, shown=shown)))
        else:
            told.append(say("{name} {shown}", name=name, shown=shown))
    if seen.active("temps_part"):
        findings.append(Finding(False, say("The battery sensors differ too much")))
    return findings or [Finding(True, listed(told))]


def zero(seen: Look) -> list[Finding]:
    """No current while everything is off."""
    current_ma = seen.values.one("current_ma")
    if current_ma is None:
        return [Finding(False, say("The board measures no current"))]
    if seen.outputs_on:
        on = listed(schema_words.name_of(name) for name in seen.outputs_on)
        return [Finding(False, say("The zero cannot be judged, these are on: {on}", on=on))]
    most_ma = max(_ZERO_MA, seen.values.known("board_rating_ma") // _ZERO_PART)
    shown = units.text(_CURRENT, current_ma)
    if abs(current_ma) > most_ma:
        return [
            Finding(
                False,
                say(
                    "{shown} with everything off; {most} are allowed",
                    shown=shown,
                    most=units.text(_CURRENT, most_ma),
                ),
            )
        ]
    return [Finding(True, say("{shown} with everything off", shown=shown))]


def cell_text(seen: Look, index: int) -> str:
    """One cell's voltage for a table."""
    count = seen.values.all("cell_mv")[index]
    return units.text(_CELL, count) if count is not None else known("-")
