"""Checks every name by itself: is it there, is it known, is its value of the kind and range."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from .contract import DEFINITION, OPTIONAL, WIRING, Attribute
from .finding import ERROR, Finding
from .folder import Folder
from .source import Source


def check(folder: Folder) -> None:
    tags = folder.tags()
    for source, rows in ((folder.definition, DEFINITION), (folder.wiring, WIRING)):
        if source.values or not source.findings:
            _check_file(folder, source, rows, tags)


def _check_file(folder: Folder, source: Source, rows: Sequence[Attribute], tags: set[str]) -> None:
    known = {row.name: row for row in rows}
    for name in source.values:
        if name not in known:
            folder.findings.append(_unknown(source, name, list(known)))
    for row in rows:
        if row.name in source.values:
            _check_value(folder, row, source.values[row.name])
        elif row.need in tags and row.need != OPTIONAL:
            said = row.text or row.name
            folder.findings.append(
                Finding(source.file, 1, ERROR, f"{row.name} is missing ({said})", _how(row))
            )


def _unknown(source: Source, name: str, known: list[str]) -> Finding:
    near = difflib.get_close_matches(name, known, 1)
    if name == "NAME":
        advice = "take it out: a board is called like its folder"
    elif near:
        advice = f"is {near[0]} meant?"
    else:
        advice = "take it out; `cellwarden boards contract` lists what is read"
    return Finding(source.file, source.line(name), ERROR, f"nobody reads {name}", advice)


def _how(row: Attribute) -> str:
    if row.choices:
        return "one of " + ", ".join(str(choice) for choice in row.choices)
    if row.low is not None:
        return f"a whole number, {row.low} to {row.high} {row.unit}".rstrip()
    return {tuple: "a tuple", dict: "a dictionary", bool: "True or False"}.get(row.kind, "a text")


def _check_value(folder: Folder, row: Attribute, value: object) -> None:
    right = isinstance(value, row.kind) and not (row.kind is int and isinstance(value, bool))
    if not right:
        folder.error(row.name, f"{row.name} is {value!r}", f"it takes {_how(row)}")
    elif row.choices and value not in row.choices:
        folder.error(row.name, f"{row.name} is {value!r}", f"it takes {_how(row)}")
    elif row.low is not None and isinstance(value, int):
        assert row.high is not None
        if not row.low <= value <= row.high:
            folder.error(
                row.name,
                f"{row.name} is {value}, outside {row.low} to {row.high} {row.unit}".rstrip(),
                f"{row.text or row.name}: {_how(row)}",
            )
