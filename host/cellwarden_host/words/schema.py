"""What a page needs of the schema in words: titles, helps, values, ranges, rules.

English comes from the tables (``cellwarden.tables``), Chinese from ``zh/schema.json``
and ``zh/rules.json``; nothing is named a second time here. Every function
returns a ``Said`` for ``tell``; as a string it is what a terminal prints.
"""

from __future__ import annotations

from typing import Any

from cellwarden.tables import ocv

from .. import catalog, units
from . import Said, known, say, terminal
from .choices import chemistry, choice, role, unit_word
from .spelled import SENSORS, duration, spelled
from .titles import help, name, rest, title

__all__ = [
    "auto",
    "chemistry",
    "choice",
    "duration",
    "element",
    "group",
    "help",
    "loudness",
    "name",
    "name_of",
    "place",
    "rest",
    "role",
    "rule",
    "span",
    "title",
    "unit",
    "value",
]

_CELLS = 32
# Constants of a board that rules and settings are held against.
_CONSTANTS = {
    "board_peak_ma": "the board's peak current",
    "board_unstopped_ma": "the board's smallest sure current",
    "board_ftt_cells_ms": "the board's tolerance for missing cells",
    "board_ftt_current_ms": "the board's tolerance for missing current",
    "board_ftt_temps_ms": "the board's tolerance for missing temperatures",
}


def name_of(register: str) -> Said:
    """``name`` of a row by its name; constants of a board are known by their meaning."""
    row = catalog.NAMED.get(register) or catalog.COMMANDS.get(register)
    return name(row) if row is not None else terminal(register, constant(register))


def constant(register: str) -> Said:
    """What a board's constant is; its name where nothing is known of it."""
    return known(_CONSTANTS.get(register, register))


def place(row: Any, index: int) -> Said:
    """``name`` of one element of a row: a terminal prints ``cell_channel[3]``."""
    if row.count == 1:
        return name(row)
    page = say("{title}, {element}", title=title(row), element=element(row, index))
    return terminal(f"{row.name}[{index + 1}]", page)


def element(row: Any, index: int) -> Said:
    """What element ``index`` (from 0) of an array is about: ``cell 7``."""
    if row.name == "temp_dc":
        return known(SENSORS[index])
    if row.name == "ocv_mv":
        return say("at {percent} %", percent=f"{ocv.POSITIONS[index] / 10:g}")
    if row.count == _CELLS:
        return say("cell {number}", number=index + 1)
    return known(str(index + 1))


def group(heading: str) -> Said:
    """The heading of a group of settings, as in ``settings.GROUPS``."""
    return known(heading)


def unit(row: Any) -> Said:
    """The unit people see behind a row's values; empty for enumerations and bare numbers."""
    return known("" if row.choices else unit_word(units.shown_unit(row)))


def value(row: Any, count: int | None) -> Said:
    """A value with its unit or word: ``4.200 V``, ``auto``, ``-`` where it is not known."""
    if count is not None and row.kind == "reading" and row.name.endswith("_rule"):
        return rule(count)
    text = units.text(row, count)
    page = None if count is None else spelled(row, count)
    if page is not None:
        return terminal(text, page)
    return text if isinstance(text, Said) else known(text)


def span(row: Any) -> Said:
    """The range that a setting accepts."""
    text = units.range_text(row)
    return text if isinstance(text, Said) else known(text)


def auto(row: Any) -> Said:
    """What 0 stands for: a terminal prints ``1.25 x charge_current_ma``, a page titles."""
    factors = row.auto.split(" x ")
    if len(factors) == 1:
        return known(row.auto)
    one, other = (
        name(catalog.SETTING[factor]) if factor in catalog.SETTING else known(factor, "auto")
        for factor in factors
    )
    return say("{one} x {other}", one=one, other=other)


def rule(rule_or_number: Any) -> Said:
    """A protection's title; its number when newer than this program."""
    if isinstance(rule_or_number, int):
        if rule_or_number >= len(catalog.RULES):
            return say("rule {number}", number=rule_or_number)
        rule_or_number = catalog.RULES[rule_or_number]
    return known(rule_or_number.title)


def loudness(word: str) -> Said:
    """How loud a rule is: info, warning, protection, danger."""
    return known(word, "loudest")
