"""Plays a settings transaction through on the PC first, with the board's own code.

``cellwarden.settings`` runs here on the values read from the board, so a preview shows exactly
what would change, with every consequence (a preset's defaults, a confirmation that lapses).
The board still decides: what it alone knows (its peak current, its switches) is not judged
here.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
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


Key = tuple[str, int]  # a setting and its element


@dataclass(frozen=True)
class Rehearsal:
    """A transaction as it would go: what it changes, or why and where it is refused.

    ``live`` are the settings with every automatic value resolved; those in force when refused.
    """

    changes: list[Change]
    live: dict[Key, int]
    problem: Said | None = None
    at: Key | None = None
    broken: tuple[tuple[str, str, int], ...] = ()


def rehearse(before: Values, wanted: Wanted, preset: int | None = None) -> list[Change]:
    """What the transaction would change; ``Refused`` with every reason that is known here.

    ``before`` are the values of NEEDED.
    """
    check_ranges(wanted)
    played = play(before, wanted, preset)
    if played.problem is not None:
        raise Refused(played.problem)
    return played.changes


def _sound(row: Any, count: int | None) -> bool:
    """Known, and such as a board can hold: what the core works out of others may not fit."""
    return count is not None and (
        row.low <= count <= row.high or (count == 0 and bool(getattr(row, "accepts_zero", False)))
    )


def _chemistry(before: Values) -> int:
    count = before.known("chemistry")
    return count if _sound(catalog.SETTING["chemistry"], count) else 0


def _unsound(before: Values, wanted: Wanted) -> Key | None:
    """A setting that reads as no board can hold it and that is not to be written anew."""
    for name, element in _AT:
        count = before.all(name)[element]
        if count is None or (name, element) in wanted:
            continue
        if not _sound(catalog.SETTING[name], count):
            return name, element
    return None


def core(before: Values) -> Any:
    """The board's settings as the board holds them; what it does not have, or cannot have, at its
    default."""
    rating_ma, chemistry = before.one(_RATING.name), _chemistry(before)
    settings: Any = Settings(_stand_in(rating_ma if _sound(_RATING, rating_ma) else None))
    for (name, element), place in _AT.items():
        count = before.all(name)[element]
        if not _sound(catalog.SETTING[name], count):
            count = settings.check.default_of(chemistry, place)
        settings.value[place] = count
    settings.check.resolve(settings.value, settings.live)
    return settings


def play(before: Values, wanted: Wanted, preset: int | None = None) -> Rehearsal:
    """Like ``rehearse`` for values in their ranges, telling a refusal by its place."""
    settings = core(before)
    at = _unsound(before, wanted)
    if at is not None:
        row, count = catalog.SETTING[at[0]], before.all(at[0])[at[1]]
        problem = say(
            "the board tells {value} as {name}, which takes {range}; read it again",
            value=units.text(row, count),
            name=schema.name_of(at[0]),
            range=units.range_text(row),
        )
        return Rehearsal([], _live(settings.live), problem, at)
    settings.begin(1)
    if preset is not None:
        settings.preset(preset)
    for key, count in wanted.items():
        settings.write(_AT[key], count)
    lowest, highest = (before.known(row.name, UNKNOWN_MV) for row in _ENDS)
    result = settings.commit(True, lowest, highest)
    if result not in (ids.COMMIT_RESULT_IS_OK, ids.COMMIT_RESULT_IS_NOTHING_STAGED):
        place = catalog.row_at(settings.commit_address)
        return Rehearsal(
            [],
            _live(settings.live),
            reason(_RESULTS[result], place[0] if place else None, broken_rules(settings)),
            (place[0].name, place[1]) if place else None,
            tuple(_broken(_staged(settings))),
        )
    after = Values()
    for row in catalog.SETTINGS:
        if before.one(row.name) is None:
            after.set(row, before.all(row.name))
        else:
            after.set(row, [settings.value[_AT[row.name, i]] for i in range(row.count)])
    return Rehearsal(differences(before, after), _live(settings.live))


def defaults(before: Values) -> dict[Key, int]:
    """The default of every setting for the board's chemistry and rating."""
    check, chemistry = core(before).check, _chemistry(before)
    return {key: check.default_of(chemistry, place) for key, place in _AT.items()}


def _live(live: Any) -> dict[Key, int]:
    return {key: live[place] for key, place in _AT.items()}


def _staged(settings: Any) -> Any:
    """What would be in force with everything that is staged."""
    live = array("i", settings.live)
    settings.check.resolve([settings.staged(i) for i in range(len(_AT))], live)
    return live


def _broken(live: Any) -> list[tuple[str, str, int]]:
    return [
        (low, high, gap)
        for low, high, gap in CROSS_RULES
        if live[getattr(ids, low.upper())] + gap > live[getattr(ids, high.upper())]
    ]


def broken_rules(settings: Any) -> Said | None:
    """The rules between settings that the staged values break, with the values in force."""
    live = _staged(settings)

    def named(name: str) -> Said:
        value = units.text(_row(name), live[getattr(ids, name.upper())])
        return say("{name} ({value})", name=schema.name_of(name), value=value)

    found = [cross_rule(rule, named) for rule in _broken(live)]
    return listed(found, "; ") if found else None


def _row(name: str) -> Any:
    """A setting, or a constant of the board, as a row that shows resolved values."""
    row = catalog.SETTING.get(name, _RATING)
    return SimpleNamespace(kind="setting", unit=row.unit, high=row.high, choices=None)
