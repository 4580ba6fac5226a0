"""A pack's settings as a file that people can read, edit, keep, and write to the next board.

What belongs to one board (its calibration, its lease) or to one person's responsibility
(confirmations) is not carried over: the first is never in a file, the second is written only on
demand. A file is checked as a whole, every mistake told at once, before anything is written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cellwarden.tables import SCHEMA_VERSION, rows

from . import catalog, units
from .board import Values
from .problems import BadInput, Refused
from .words import listed, say, schema, terminal

_FORMAT = "cellwarden settings"


def is_confirmation(row: Any) -> bool:
    """A setting by which a person takes responsibility."""
    return bool(row.name.endswith("confirmed"))


def portable() -> list[Any]:
    """The settings that make sense on another board."""
    return [row for row in catalog.SETTINGS if row.write == rows.INSTALLER]


def save(path: Path, values: Values) -> int:
    """Write all portable settings; how many."""
    try:
        path.write_text(document(values), "utf-8")
    except OSError as error:
        raise Refused(say("cannot write {path}: {why}", path=path, why=error.strerror)) from error
    return len(portable())


def document(values: Values) -> str:
    """What a file with these settings holds, without those that the board does not have."""
    content: dict[str, object] = {}
    for row in portable():
        counts = values.all(row.name)
        if None in counts:
            continue
        texts = [units.text(row, count) for count in counts]
        content[row.name] = texts if row.count > 1 else texts[0]
    whole = {"format": _FORMAT, "schema_version": SCHEMA_VERSION, "settings": content}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def load(path: Path, confirm: bool) -> dict[tuple[str, int], int]:
    """The settings in a file as a transaction's values."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(say("cannot read {path}: {why}", path=path, why=error.strerror)) from error
    except ValueError as error:
        raise Refused(
            say("{path} is not JSON{where}", path=path, where=terminal(f": {error}"))
        ) from error
    return parsed(text, str(path), confirm)


def parsed(text: str, path: str, confirm: bool) -> dict[tuple[str, int], int]:
    """What a file called ``path`` holds, as a transaction's values."""
    found: dict[tuple[str, int], int] = {}
    wrong: list[str] = []
    for name, value in _content(text, path).items():
        try:
            row = catalog.find(name, catalog.SETTING)
            if row.write != rows.LESSOR and (not is_confirmation(row) or confirm):
                found.update(_elements(row, value))
        except BadInput as problem:
            wrong.append(problem.said)
    if wrong:
        lines = listed(wrong, "\n  ")
        raise Refused(say("{path} was not used:\n  {lines}", path=path, lines=lines))
    return found


def _content(text: str, path: str) -> dict[str, object]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Refused(
            say("{path} is not JSON{where}", path=path, where=terminal(f": {error}"))
        ) from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        make = terminal(f"; make one: cellwarden get --all --out {path}")
        raise Refused(say("{path} is no settings file{make}", path=path, make=make))
    version = document.get("schema_version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise Refused(
            say(
                "{path} is of schema {version}, newer than this program; update it",
                path=path,
                version=version,
            )
        )
    content = document.get("settings")
    if not isinstance(content, dict):
        raise Refused(say('{path} has no "settings"', path=path))
    return content


def _elements(row: Any, value: object) -> dict[tuple[str, int], int]:
    if row.write == rows.FACTORY:
        raise BadInput(
            say("{name} belongs to one board and cannot come from a file", name=schema.name(row))
        )
    items = value if isinstance(value, list) else [value]
    if len(items) > row.count:
        raise BadInput(
            say(
                "{name} has {count} elements, the file {found}",
                name=schema.name(row),
                count=row.count,
                found=len(items),
            )
        )
    if any(isinstance(item, bool) or not isinstance(item, str | int) for item in items):
        raise BadInput(
            say(
                "{name}: {value} is neither text nor a whole number",
                name=schema.name(row),
                value=repr(value),
            )
        )
    return {(row.name, i): units.parse(row, str(item)) for i, item in enumerate(items)}
