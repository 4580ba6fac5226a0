"""Active alarms and the history behind them, as the Alarm page shows them.

Free of the browser. Since when an alarm stands comes from the journal; times of day are counted
back from now by the board's time in service, so what lies before its newest start happened then
or earlier: the time that a board is without supply is not counted, and that is said.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cellwarden.tables import rules

from ... import catalog, journal_words, rule_words, units
from ...journal_words import Entry
from ...rule_words import RuleNow
from ...words import Said, known, say, schema, tell
from ..snapshot import Snapshot

_BEGINS = ("trip", "latch", "warn")
_GROUP = {name: group for name, _, group in rules.QUANTITIES}
_LOUD = catalog.READING["loudest"].choices
# Quantities that a reading shows under another name: (reading, element, times).
_LIVE = {
    "charge_ma": ("current_ma", 0, 1),
    "charge_stuck_on_ma": ("current_ma", 0, 1),
    "ov_charge_ma": ("current_ma", 0, 1),
    "unstopped_charge_ma": ("current_ma", 0, 1),
    "discharge_ma": ("current_ma", 0, -1),
    "discharge_stuck_on_ma": ("current_ma", 0, -1),
    "uv_discharge_ma": ("current_ma", 0, -1),
    "uv2_discharge_ma": ("current_ma", 0, -1),
    "unstopped_discharge_ma": ("current_ma", 0, -1),
    "pack_mv": ("pack_10mv", 0, 10),
    "cell_diff_judged_mv": ("cell_diff_mv", 0, 1),
    "power_temp_dc": ("temp_dc", 4, 1),
    "balance_temp_dc": ("temp_dc", 5, 1),
    "cell_leak": ("cell_leak_sure", 0, 1),
}

# What is told of an alarm, by its field; all but the first only where something is known.
CAPTIONS = (
    ("keeps_off", say("Keeps off")),
    ("limit", say("Trips at")),
    ("tripped_at", say("Tripped with")),
    ("value", say("Value now")),
    ("where", say("Where")),
    ("since", say("Since")),
    ("way_back", say("Comes back when")),
)


@dataclass(frozen=True)
class Alarm:
    """One rule that is not at rest, in words; empty where nothing is known."""

    now: RuleNow
    title: Said
    loud: Said
    keeps_off: Said
    limit: Said
    tripped_at: Said
    value: str
    where: Said
    begun: Entry | None
    since: str
    way_back: Said

    @property
    def needs_person(self) -> bool:
        return self.now.latched or self.now.rule.wait in ("person", "confirmation")


def active(seen: Snapshot, journal: Sequence[Entry], language: str) -> list[Alarm]:
    """Every rule that is active, latched or in its delay, the loudest first."""
    if "rule_state" not in seen.values:
        return []
    clock = Clock(seen, journal)
    return [
        _alarm(now, seen, journal, clock, language) for now in rule_words.rules_now(seen.values)
    ]


def _alarm(
    now: RuleNow, seen: Snapshot, journal: Sequence[Entry], clock: Clock, language: str
) -> Alarm:
    rule, begun = now.rule, begin(now, journal)
    row = rule_words.quantity_row(rule)
    tripped = begun.field["value"] if begun is not None else None
    return Alarm(
        now,
        schema.rule(rule),
        schema.loudness(rule.loud),
        rule_words.keeps_off(rule),
        rule_words.limits(rule, seen.settings),
        known(units.text(row, tripped)) if row.unit and tripped is not None else known(""),
        _live(rule, row, seen),
        _where(rule, begun.field["where"]) if begun is not None else known(""),
        begun,
        clock.told(begun, language) if begun is not None else "",
        rule_words.way_back(rule, seen.settings),
    )


def begin(now: RuleNow, journal: Sequence[Entry]) -> Entry | None:
    """The entry with which a rule began to stand; None while the journal does not hold it."""
    if not (now.active or now.latched):
        return None
    found = None
    for entry in reversed(journal):
        if entry.rule is not now.rule:
            continue
        if entry.kind == "clear":
            break
        if entry.kind in _BEGINS:
            found = entry
    return found


def _where(rule: Any, number: int | None) -> Said:
    """The cell, sensor or wire that it was about."""
    group = _GROUP[rule.quantity]
    if not number and group != "open_wire":
        return known("")
    if group in ("cells", "leaks"):
        return schema.element(catalog.READING["cell_mv"], (number or 0) - 1)
    row = catalog.READING["temp_dc"]
    if group in ("temps", "heating") and number is not None and number <= row.count:
        return schema.element(row, number - 1)
    if group == "open_wire" and number is not None:
        return say("sense wire {number}", number=number)
    return known("")


def _live(rule: Any, row: Any, seen: Snapshot) -> str:
    """What the rule judges, now; empty where no reading shows it."""
    name, element, times = _LIVE.get(rule.quantity, (rule.quantity, 0, 1))
    found = seen.all(name)
    count = found[element] if element < len(found) else None
    return units.text(row, count * times) if row.unit and count is not None else ""


class Clock:
    """Time of day of what the journal dates by time in service."""

    def __init__(self, seen: Snapshot, journal: Sequence[Entry]) -> None:
        self._now_s, self._uptime_s = seen.at, seen.get("uptime_s")
        started = [entry.number for entry in journal if entry.kind == "start"]
        self._sure_from = max(started, default=0)

    def at(self, entry: Entry) -> float | None:
        """Seconds since 1970, at the latest; exact where ``sure``."""
        then = entry.field["uptime_s"]
        if then is None or self._uptime_s is None:
            return None
        return self._now_s - max(0, self._uptime_s - then)

    def sure(self, entry: Entry) -> bool:
        return entry.number >= self._sure_from

    def told(self, entry: Entry, language: str) -> str:
        at = self.at(entry)
        if at is None:
            return tell(journal_words.age_text(entry.field["uptime_s"]), language)
        text = datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")
        return text if self.sure(entry) else f"≤ {text}"


# --- history


@dataclass
class Filter:
    """What of the history is shown; nothing chosen means everything."""

    text: str = ""
    kinds: tuple[str, ...] = ()
    loud: str = "none"
    hours: int = 0

    def chosen(
        self, journal: Iterable[Entry], clock: Clock, now_s: float, language: str
    ) -> list[Entry]:
        """The entries that pass, newest first."""
        wanted = self.text.strip().lower()
        return [
            entry
            for entry in sorted(journal, key=lambda one: -one.number)
            if (not self.kinds or entry.kind in self.kinds)
            and _LOUD.index(loudness(entry)) >= _LOUD.index(self.loud)
            and (not self.hours or (clock.at(entry) or 0) >= now_s - 3600 * self.hours)
            and (not wanted or wanted in tell(journal_words.words(entry), language).lower())
        ]


def loudness(entry: Entry) -> str:
    """How loud an event was: its rule's loudness, while it began to stand; else a remark."""
    if entry.rule is None or entry.kind not in _BEGINS:
        return "info"
    return str(entry.rule.loud)


def as_csv(entries: Iterable[Entry], clock: Clock, language: str) -> str:
    """Every field of the entries, as the journal holds them, with the time of day and words."""
    out = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for entry in entries:
        plain = {"time": clock.told(entry, language), **journal_words.plain(entry)}
        plain["words"] = tell(journal_words.words(entry), language)
        if writer is None:
            writer = csv.DictWriter(out, list(plain), lineterminator="\r\n")
            writer.writeheader()
        writer.writerow(plain)
    # Spreadsheets take it for UTF-8 by this mark.
    return "\ufeff" + out.getvalue()
