"""Settings being edited: what differs from the board, what is wrong with it, writing it as one.

A draft is only what a person has changed; everything else is the board's, and follows it. It
remembers what the board held when a setting was first touched: what somebody else has changed
since is told, and never written over without a word. The board's own code judges (``rehearsal``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cellwarden.tables import settings

from . import catalog, rehearsal, transaction, units
from .board import Board, Values
from .problems import BadInput, Refused
from .rehearsal import Key
from .transaction import Change
from .web.snapshot import Snapshot
from .words import Said, listed, say, schema

Wanted = dict[Key, int]
# The rehearsal needs these readings as well.
NEEDED_READINGS = ("board_rating_ma", "cell_min_mv", "cell_max_mv")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
# Their defaults say nothing: they are a pack's or a board's own.
_OWN_GROUPS = ("Pack", "Lease", "Calibration", "Open-circuit voltage")
_OWN = {row.name for heading, rows_ in settings.GROUPS if heading in _OWN_GROUPS for row in rows_}


@dataclass(frozen=True)
class Judged:
    """A draft held against the board. ``wrong`` says it at the field, ``problem`` for the whole.

    ``changes`` are all that would be different, ``follows`` those of them that nobody typed.
    ``conflicts``: what the board holds by now where somebody else wrote.
    """

    changes: tuple[Change, ...] = ()
    follows: tuple[Change, ...] = ()
    wrong: Mapping[Key, str] = field(default_factory=dict)
    conflicts: Mapping[Key, int] = field(default_factory=dict)
    live: Mapping[Key, int] = field(default_factory=dict)
    problem: str | None = None

    @property
    def may_be_written(self) -> bool:
        return bool(self.changes) and not (self.wrong or self.conflicts or self.problem)


class Draft:
    """``texts`` is what was typed and cannot be understood; ``wanted`` what was understood."""

    def __init__(self) -> None:
        self.wanted: Wanted = {}
        self.texts: dict[Key, str] = {}
        self._wrong: dict[Key, str] = {}
        self._base: Wanted = {}  # what the board held when the setting was first touched
        self.revision = 0  # counts what was done to the draft

    def __bool__(self) -> bool:
        return bool(self.wanted or self.texts)

    def touched(self, key: Key) -> bool:
        return key in self.wanted or key in self.texts

    # --- editing

    def type(self, key: Key, typed: str, before: Values, auto: str = "auto") -> None:
        """What somebody types into a field; ``auto`` is what the page calls an automatic value."""
        row = catalog.SETTING[key[0]]
        typed = typed.strip()
        if row.accepts_zero and typed.lower() in ("", auto.lower()):
            typed = "auto"
        bare = _NUMBER.fullmatch(typed) and not row.choices
        shown = units.unit_word(units.shown_unit(row))
        try:
            count = units.parse(row, f"{typed} {units.shown_unit(row)}" if bare else typed)
        except BadInput as problem:
            self._touch(key, before)
            self.wanted.pop(key, None)
            self.texts[key] = typed
            self._wrong[key] = problem.said
            if not bare and not row.choices and shown:
                self._wrong[key] = say("'{typed}' is no number in {unit}", typed=typed, unit=shown)
        else:
            self.set(key, count, before)
            if key in self.wanted and not _in_range(row, count):
                self.texts[key] = typed
                self._wrong[key] = say("takes {range}", range=units.range_text(row))

    def set(self, key: Key, count: int, before: Values) -> None:
        """Want ``count``; what the board holds already is no change."""
        self._touch(key, before)
        self.texts.pop(key, None)
        self._wrong.pop(key, None)
        self.wanted[key] = count
        if count == _held(before, key):
            self.revert(key)

    def take(self, wanted: Mapping[Key, int], before: Values) -> int:
        """Want all of these, as from a file; how many differ from the board."""
        for key, count in wanted.items():
            if _held(before, key) is not None:
                self.set(key, count, before)
        return len(self.wanted)

    def revert(self, key: Key) -> None:
        """The board's value again."""
        for kept in (self.wanted, self.texts, self._wrong, self._base):
            kept.pop(key, None)
        self.revision += 1

    def clear(self) -> None:
        for key in [*self.wanted, *self.texts]:
            self.revert(key)

    def keep_mine(self, key: Key, before: Values) -> None:
        """The person has seen what somebody else wrote, and wants the own value all the same."""
        held = _held(before, key)
        if held is not None:
            self._base[key] = held
        self.revision += 1

    def _touch(self, key: Key, before: Values) -> None:
        held = _held(before, key)
        if held is not None:
            self._base.setdefault(key, held)
        self.revision += 1

    # --- judging and writing

    def judge(self, before: Values, preset: int | None = None) -> Judged:
        """Hold the draft against the board's present values (settings and NEEDED_READINGS)."""
        for key, count in list(self.wanted.items()):
            if key not in self.texts and count == _held(before, key):
                self.revert(key)
        wrong = dict(self._wrong)
        conflicts = {
            key: held
            for key, base in self._base.items()
            if (held := _held(before, key)) is not None and held != base
        }
        fit = {key: count for key, count in self.wanted.items() if key not in wrong}
        played = rehearsal.play(before, fit, preset)
        for key, why in _blamed(played, self.wanted).items():
            wrong.setdefault(key, why)
        follows = tuple(c for c in played.changes if (c.row.name, c.element) not in self.wanted)
        return Judged(
            tuple(played.changes) or self._typed(before),
            follows,
            wrong,
            conflicts,
            played.live,
            played.problem,
        )

    def _typed(self, before: Values) -> tuple[Change, ...]:
        """What differs when nothing can be said of what follows."""
        return tuple(
            Change(catalog.SETTING[name], element, _held(before, (name, element)), count)
            for (name, element), count in self.wanted.items()
        )

    def work(self) -> Write:
        """The writing of the draft as it is now, for the thread that talks with the board."""
        return Write(dict(self.wanted), dict(self._base))

    @property
    def role(self) -> int:
        """The role that writing needs."""
        return transaction.role_for(self.wanted)


@dataclass(frozen=True)
class Write:
    """Writes a draft unless the board has changed under it; gives all settings, read back."""

    wanted: Wanted
    base: Wanted

    def __call__(self, board: Board) -> Values:
        touched = [row for row in catalog.SETTINGS if any(row.name == n for n, _ in self.wanted)]
        now = board.read(touched)
        changed = [key for key in self.wanted if _held(now, key) != self.base.get(key)]
        if changed:
            raise Refused(
                say(
                    "somebody else has changed {names} meanwhile; nothing was written",
                    names=listed(dict.fromkeys(schema.name_of(name) for name, _ in changed)),
                )
            )
        return transaction.write(board, self.wanted)


def defaults(before: Values) -> dict[Key, int]:
    """The default for the chemistry, of every setting whose default says something."""
    if not before.known("chemistry"):
        return {}
    return {key: v for key, v in rehearsal.defaults(before).items() if key[0] not in _OWN}


def element_name(key: Key) -> Said:
    """A setting, and which element of it."""
    row = catalog.SETTING[key[0]]
    if row.count == 1:
        return schema.title(row)
    return say("{name}, {which}", name=schema.title(row), which=schema.element(row, key[1]))


def values_of(seen: Snapshot) -> Values:
    """Settings and what a rehearsal needs besides, as one."""
    before = Values()
    for row in catalog.SETTINGS:
        known = row.name in seen.settings
        before.set(row, seen.settings.all(row.name) if known else [None] * row.count)
    for name in NEEDED_READINGS:
        before.set(catalog.READING[name], [seen.get(name)])
    return before


def changes_text(changes: tuple[Change, ...], follows: tuple[Change, ...] = ()) -> Said:
    """Every change on a line of its own; those that follow from others say so."""
    lines: list[Said] = []
    for change in changes:
        line = change_text(change)
        if change in follows:
            line = say("{line} (follows by itself)", line=line)
        lines.append(line)
    return listed(lines, "\n")


def change_text(change: Change) -> Said:
    key = (change.row.name, change.element)
    return say(
        "{name}: {before} → {after}",
        name=element_name(key),
        before=schema.value(change.row, change.before),
        after=schema.value(change.row, change.after),
    )


def keys(found: Iterable[Any]) -> list[Key]:
    """Every element of these settings."""
    return [(row.name, element) for row in found for element in range(row.count)]


def digits(row: Any, count: int | None) -> str:
    """A count as it stands in a field, without its unit."""
    if count is None:
        return ""
    text = units.text(row, count)
    if count == 0 and row.accepts_zero:
        return text
    return str(text).split(" ")[0]


def _held(before: Values, key: Key) -> int | None:
    return before.all(key[0])[key[1]] if key[0] in before else None


def _in_range(row: Any, count: int) -> bool:
    return bool(row.low <= count <= row.high or (count == 0 and row.accepts_zero))


def _blamed(played: rehearsal.Rehearsal, wanted: Wanted) -> dict[Key, str]:
    """Which of the changed fields breaks what; the board's own choice where none was changed."""
    if played.problem is None:
        return {}
    found: dict[Key, str] = {}
    for rule in played.broken:
        for name in rule[:2]:
            if (name, 0) in wanted:
                found[name, 0] = transaction.cross_rule(rule, _with_value(played, wanted))
    if not found and played.at is not None:
        found[played.at] = played.problem
    return found


def _with_value(played: rehearsal.Rehearsal, wanted: Wanted) -> Any:
    def named(name: str) -> Said:
        row = catalog.SETTING.get(name)
        if row is None:
            return schema.name_of(name)
        count = wanted.get((name, 0), played.live[name, 0])
        if row.accepts_zero and not count:
            return schema.name_of(name)
        return say("{name} ({value})", name=schema.title(row), value=units.text(row, count))

    return named


__all__ = [
    "Draft",
    "Judged",
    "Write",
    "change_text",
    "changes_text",
    "defaults",
    "digits",
    "element_name",
    "keys",
    "values_of",
]
