"""Plays a settings transaction through on the PC first, with the board's own code.

``cellwarden.settings`` runs here on the values read from the board, so a preview shows exactly
what would change, with every consequence (a preset's defaults, a confirmation that lapses).
The board still decides: what it alone knows (its peak current, its switches) is not judged
here.
"""

from __future__ import annotations

from array import array
from types import SimpleNamespace
from typing import Any

from cellwarden import ids
from cellwarden.settings import Settings
from cellwarden.tables.settings import CROSS_RULES
from cellwarden.validation import UNKNOWN_MV

from . import catalog, units
from .board import Values
from .problems import Refused
from .transaction import Change, Wanted, check_ranges, cross_rule, differences, reason
from .words import Said, listed, say, schema

_RATING = catalog.READING["board_rating_ma"]
_ENDS = (catalog.READING["cell_min_mv"], catalog.READING["cell_max_mv"])
# What a rehearsal has to know of the board.
NEEDED = (*catalog.SETTINGS, _RATING, *_ENDS)
_RESULTS = catalog.READING["commit_result"].choices
_NO_LIMIT_MA = max(row.high for row in catalog.SETTINGS if row.unit == "mA")
_HARNESS_CHANNELS = catalog.SETTING["cell_channel"].high


def _stand_in(rating_ma: int | None) -> Any:
    """A board for the checks: real where it is known, without limit where it is not."""
    return SimpleNamespace(
        RATING_MA=rating_ma or _NO_LIMIT_MA,
        PEAK_MA=_NO_LIMIT_MA,
        CELL_CHANNELS=_HARNESS_CHANNELS,
        FTT_CELLS_MS=1000,
        FTT_CURRENT_MS=300,
        FTT_TEMPS_MS=10_000,
    )


def _positions() -> dict[tuple[str, int], int]:
    """(setting, element) to its place in the core's arrays."""
    keys = [(row.name, element) for row in catalog.SETTINGS for element in range(row.count)]
    return {key: place for place, key in enumerate(keys)}


_AT = _positions()


def rehearse(before: Values, wanted: Wanted, preset: int | None = None) -> list[Change]:
    """What the transaction would change; ``Refused`` with every reason that is known here.

    ``before`` are the values of NEEDED.
    """
    check_ranges(wanted)
    settings: Any = Settings(_stand_in(before.one(_RATING.name)))
    for (name, element), place in _AT.items():
        settings.value[place] = before.all(name)[element]
    settings.check.resolve(settings.value, settings.live)
    settings.begin(1)
    if preset is not None:
        settings.preset(preset)
    for key, count in wanted.items():
        settings.write(_AT[key], count)
    lowest, highest = (before.known(row.name, UNKNOWN_MV) for row in _ENDS)
    result = settings.commit(True, lowest, highest)
    if result not in (ids.COMMIT_RESULT_IS_OK, ids.COMMIT_RESULT_IS_NOTHING_STAGED):
        at = catalog.row_at(settings.commit_address)
        raise Refused(reason(_RESULTS[result], at[0] if at else None, broken_rules(settings)))
    after = Values()
    for row in catalog.SETTINGS:
        after.set(row, [settings.value[_AT[row.name, i]] for i in range(row.count)])
    return differences(before, after)


def broken_rules(settings: Any) -> Said | None:
    """The rules between settings that the staged values break, with the values in force."""
    live = array("i", settings.live)
    settings.check.resolve([settings.staged(i) for i in range(len(_AT))], live)

    def named(name: str) -> Said:
        value = units.text(_row(name), live[getattr(ids, name.upper())])
        return say("{name} ({value})", name=schema.name_of(name), value=value)

    found = [
        cross_rule((low, high, gap), named)
        for low, high, gap in CROSS_RULES
        if live[getattr(ids, low.upper())] + gap > live[getattr(ids, high.upper())]
    ]
    return listed(found, "; ") if found else None


def _row(name: str) -> Any:
    """A setting, or a constant of the board, as a row that shows resolved values."""
    row = catalog.SETTING.get(name, _RATING)
    return SimpleNamespace(kind="setting", unit=row.unit, high=row.high, choices=None)
