"""``alarms`` and ``journal``: what is wrong now, and what happened."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable, Iterable

from .. import catalog, journal_words, show
from ..board import Board, Values
from ..journal_words import Entry
from ..problems import BadInput
from ..rule_words import (
    RuleNow,
    keeps_off,
    limits,
    off_because,
    rule_titled,
    rules_now,
    way_back,
)
from . import options
from .connect import open_board

_FOLLOW_S = 1.0
_Tell = Callable[[Iterable[Entry]], None]
_NEEDED = [
    *catalog.SETTINGS,
    *(
        catalog.READING[name]
        for name in (
            "board_state",
            "charge_switch",
            "discharge_switch",
            "charge_off_rule",
            "discharge_off_rule",
        )
    ),
    catalog.RULE_STATE,
]


def add(commands: options.Commands) -> None:
    parents = (options.connection(), options.as_json())
    alarms = options.command(
        commands,
        "alarms",
        _alarms,
        "Say in words what is wrong, and why an output is off.\n\n"
        "For each active rule: what it keeps off, when it trips, and what brings it back.",
        "  cellwarden alarms\n  cellwarden alarms --json | jq '.rules[].title'",
        parents,
    )
    alarms.add_argument("--all", action="store_true", help="pending rules and remarks as well")
    journal = options.command(
        commands,
        "journal",
        _journal,
        "Tell what happened: which rule, limit, value, cell, and what was switched on.\n\n"
        "Times are time in service, which survives restarts. The newest entries come last.",
        "  cellwarden journal --limit 5\n"
        "  cellwarden journal --follow               and whatever happens next; Ctrl-C ends it\n"
        "  cellwarden journal --csv > journal.csv",
        parents,
    )
    journal.add_argument(
        "--limit",
        type=int,
        default=20,
        metavar="N",
        help="newest entries to show; 0 is all (default: %(default)s)",
    )
    journal.add_argument("--follow", action="store_true", help="go on with new entries")
    journal.add_argument("--csv", action="store_true", help="print a table for spreadsheets")


def _alarms(args: argparse.Namespace) -> int:
    with open_board(args) as board:
        values = board.read(_NEEDED)
    found = [
        now
        for now in rules_now(values)
        if args.all or ((now.active or now.latched) and now.rule.loud != "info")
    ]
    if args.json:
        show.print_json(
            {
                "board_state": values.word("board_state"),
                "switches": {side: _switch_json(values, side) for side in ("charge", "discharge")},
                "rules": [_rule_json(now, values) for now in found],
            }
        )
        return 0
    for side in ("charge", "discharge"):
        print(_switch_words(values, side))
    print("no alarms" if not found else "")
    for now in found:
        print("\n".join(_rule_words(now, values)))
    return 0


def _switch_json(values: Values, side: str) -> dict[str, object]:
    return {
        "switch": values.word(f"{side}_switch"),
        "wanted": values.word(f"{side}_wanted"),
        "off_rule": rule_titled(values.one(f"{side}_off_rule")) or None,
    }


def _switch_words(values: Values, side: str) -> str:
    """The switch, and the one reason that keeps it off."""
    if values.one(f"{side}_switch"):
        return f"{side} switch: on"
    return f"{side} switch: off, because: {off_because(values, side)}"


def _rule_json(now: RuleNow, values: Values) -> dict[str, object]:
    return {
        "name": now.rule.name,
        "title": now.rule.title,
        "state": now.state,
        "loud": now.rule.loud,
        "keeps_off": list(now.rule.forbids),
        "trips_at": limits(now.rule, values),
        "comes_back": way_back(now.rule, values),
        "retries": now.retries,
    }


def _rule_words(now: RuleNow, values: Values) -> list[str]:
    kept = keeps_off(now.rule)
    lines = [f"{now.rule.loud}: {now.rule.title} ({now.state})"]
    lines.append(
        f"  {'keeps off ' + kept if kept else 'only warns'}; trips: {limits(now.rule, values)}"
    )
    if now.active or now.latched:
        lines.append(f"  comes back when: {way_back(now.rule, values)}")
    if now.retries:
        lines.append(f"  tried again {now.retries} times so far")
    return lines


def _journal(args: argparse.Namespace) -> int:
    if args.limit < 0:
        raise BadInput("--limit takes 0 or more")
    if args.csv and args.json:
        raise BadInput("choose one of --csv and --json")
    tell = _teller(args)
    with open_board(args) as board:
        first, following = journal_words.held(board)
        start = max(first, following - args.limit) if args.limit else first
        tell(journal_words.fetch(board, start, following))
        if first == following and not (args.json or args.csv or args.follow):
            print("the journal is empty")
        if args.follow:
            try:
                _follow(board, following, tell)
            except KeyboardInterrupt:
                pass  # the way to end it
    return 0


def _follow(board: Board, seen: int, tell: _Tell) -> None:
    while True:
        time.sleep(_FOLLOW_S)
        first, following = journal_words.held(board)
        if following < seen:
            seen = first  # another board, or one that was set back
        tell(journal_words.fetch(board, max(first, seen), following))
        sys.stdout.flush()
        seen = following


def _teller(args: argparse.Namespace) -> _Tell:
    """Prints entries as text, JSON lines or CSV."""
    if args.json:
        return _tell_json
    if args.csv:
        return _CsvTeller()
    return _tell_words


def _tell_words(entries: Iterable[Entry]) -> None:
    for entry in entries:
        age = journal_words.age_text(entry.field["uptime_s"])
        print(f"#{entry.number:<5} {age}  {journal_words.words(entry)}")


def _tell_json(entries: Iterable[Entry]) -> None:
    for entry in entries:
        print(json.dumps(journal_words.plain(entry), ensure_ascii=False))


class _CsvTeller:
    """A heading before the first entry, then a line each."""

    def __init__(self) -> None:
        self._writer: csv.DictWriter[str] | None = None

    def __call__(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            plain = journal_words.plain(entry)
            if self._writer is None:
                self._writer = csv.DictWriter(sys.stdout, list(plain), lineterminator="\n")
                self._writer.writeheader()
            self._writer.writerow(plain)
