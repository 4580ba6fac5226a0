"""Everything a supporter asks for, in one zip file: settings, readings, rules, journal, versions.

It holds what anybody may read from the board, and nothing of the person or the PC beyond the
versions of what runs: no password, no session, no user, no path.
"""

from __future__ import annotations

import csv
import io
import json
import platform
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from typing import Any

from cellwarden.tables import SCHEMA_VERSION

from . import catalog, journal_words, kept, units
from .board import Board, Values
from .rule_words import rules_now

# Of one port's session: nobody else's business.
_SESSION = ("session_role", "session_left_s")
_LIBRARIES = ("nicegui", "pyserial", "rich", "mpremote")
_README = """\
Support bundle of a Cellwarden board.

about.json      versions, board, time, the link
readings.json   everything measured, with units
settings.json   everything set, with units
rules.json      protections that are not idle
journal.csv     the journal as a table; journal.json: with every field

It holds no passwords.
"""


@dataclass(frozen=True)
class Source:
    """What is known of a board at one moment. ``link`` is in words, "up" when it answers."""

    values: Values
    settings: Values
    texts: dict[str, str]
    journal: Sequence[journal_words.Entry]
    at: datetime
    link: str = "up"


def from_board(board: Board, at: datetime) -> Source:
    """Ask a board for everything."""
    first, following = journal_words.held(board)
    return Source(
        board.read([*catalog.READINGS, catalog.RULE_STATE]),
        board.read(catalog.SETTINGS),
        board.read(catalog.TEXTS).texts,
        tuple(journal_words.fetch(board, first, following)),
        at,
    )


def name_of(source: Source) -> str:
    """A file name that tells boards and days apart."""
    who = source.texts.get("serial_number") or source.texts.get("machine_code") or "board"
    return f"cellwarden-support-{kept.file_name(who)}-{source.at:%Y%m%d-%H%M%S}.zip"


def build(source: Source) -> bytes:
    """The zip file."""
    files = {
        "README.txt": _README,
        "about.json": _json(_about(source)),
        "readings.json": _json(_rows(source.values, catalog.READINGS)),
        "settings.json": _json(_rows(source.settings, catalog.SETTINGS)),
        "rules.json": _json(_rules(source.values)),
        "journal.csv": _journal_csv(source.journal),
        "journal.json": _json([journal_words.plain(entry) for entry in source.journal]),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


def _about(source: Source) -> dict[str, Any]:
    return {
        "made": source.at.astimezone().isoformat(timespec="seconds"),
        "link": source.link,
        "board": dict(source.texts),
        "schema_version": {
            "board": source.values.one("schema_version"),
            "software": SCHEMA_VERSION,
        },
        "software": metadata.version("cellwarden"),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _rows(values: Values, wanted: Sequence[Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for row in wanted:
        if row.name in _SESSION or row.name not in values:
            continue
        counts = [units.plain(row, count) for count in values.all(row.name)]
        told[row.name] = {
            "value": counts if row.count > 1 else counts[0],
            "unit": units.shown_unit(row),
        }
    return told


def _rules(values: Values) -> list[dict[str, Any]]:
    return [
        {
            "rule": now.rule.name,
            "title": now.rule.title,
            "state": now.state,
            "retries": now.retries,
            "loud": now.rule.loud,
        }
        for now in rules_now(values)
    ]


def _journal_csv(entries: Sequence[journal_words.Entry]) -> str:
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(("number", "in service", "kind", "words"))
    for entry in entries:
        age = journal_words.age_text(entry.field["uptime_s"])
        out.writerow((entry.number, age, entry.kind, str(journal_words.words(entry))))
    return text.getvalue()


def _json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
