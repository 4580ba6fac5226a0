"""Words for the schema's numbers: choices, roles, chemistries, units.

The words come from the tables; only where a terminal's word is short for something (``lfp``) does
a page get a longer one. ``units`` builds on this, so nothing here may know of it.
"""

from __future__ import annotations

from typing import Any

from cellwarden.tables import rows

from . import Said, known, terminal

# Units that are words; all others are the same in every language.
_UNIT_WORDS = ("cells", "days", "%/d")


def choice(row: Any, index: int) -> Said:
    """The word for one value of an enumeration; its number where this schema has no word."""
    if not 0 <= index < len(row.choices):
        return known(str(index))
    word = row.choices[index]
    if row.choices is rows.CHEMISTRIES:
        return terminal(word, chemistry(word))
    return known(word, row.name)


def chemistry(name: str) -> Said:
    """The full name of a chemistry: ``LFP (3.2 V)``."""
    return known(rows.CHEMISTRY_TITLES[name])


def role(number: int) -> Said:
    return known(rows.ROLES[number])


def unit_word(unit: str) -> str:
    """A unit as people see it; a ``Said`` where it is a word."""
    return known(unit) if unit in _UNIT_WORDS else unit
