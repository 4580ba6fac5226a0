"""A recipe: what every board of a batch gets, from a file that is checked as a whole.

JSON or TOML, the same names in both. Every mistake is told at once, before a board is touched.
The password in it is handed to boards and shown nowhere.
"""

from __future__ import annotations

import hashlib
import json
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from cellwarden.tables import rows

from .. import catalog, rehearsal, transaction, units
from ..access_change import password_words
from ..board import Values
from ..problems import BadInput, Problem, Refused
from ..settings_files import is_confirmation
from ..words import listed, say

FORMAT = "cellwarden recipe"
CHECKS = ("self_test", "cells", "sensors", "current")
_KEYS = (
    "format",
    "name",
    "chemistry",
    "settings",
    "password",
    "bluetooth_name",
    "serial_number",
    "confirmed",
    "checks",
    "cell_diff_mv",
)
_FIELDS = ("number", "serial", "code", "date")
_TEXT_BYTES = 2 * catalog.NAMED["device_name"].registers
_CELL_DIFF_MV = 100


@dataclass(frozen=True)
class Recipe:
    """``password`` is "" where the board's is to stay; patterns may hold ``{number}`` and more."""

    name: str
    chemistry: int | None
    settings: Mapping[tuple[str, int], int]
    password: str = field(default="", repr=False)
    bluetooth_name: str = ""
    serial_number: str = ""
    confirmed: bool = False
    checks: tuple[str, ...] = CHECKS
    cell_diff_mv: int = _CELL_DIFF_MV

    @property
    def fingerprint(self) -> str:
        """Tells what is written from what was written under the same name before.

        The password is left out: not even a digest of it is to be in a record.
        """
        told = (
            self.chemistry,
            sorted(self.settings.items()),
            self.bluetooth_name,
            self.serial_number,
            self.confirmed,
        )
        return hashlib.sha256(repr(told).encode()).hexdigest()[:12]

    def wanted(self) -> dict[tuple[str, int], int]:
        """The settings to be written, the confirmation included if there is one."""
        wanted = dict(self.settings)
        if self.confirmed:
            wanted["confirmed", 0] = 1
        return wanted


def load(path: Path) -> Recipe:
    """The recipe in a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", "") or "UTF-8"
        raise BadInput(say("cannot read {path}: {why}", path=str(path), why=why)) from error
    return parse(text, path.name)


def example() -> str:
    """The vendor's sample as a recipe's text."""
    return (resources.files("cellwarden_host") / "data" / "recipe_example.json").read_text(
        encoding="utf-8"
    )


def parse(text: str, name: str) -> Recipe:
    """The recipe in ``text``; ``name`` is its file's: the ending tells JSON from TOML."""
    try:
        toml = name.lower().endswith(".toml")
        document = tomllib.loads(text) if toml else json.loads(text)
    except ValueError as error:
        raise Refused(
            say("{name} cannot be read as a recipe: {why}", name=name, why=str(error))
        ) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise Refused(
            say(
                '{name} is no recipe: "{field}" must be "{format}"',
                name=name,
                field="format",
                format=FORMAT,
            )
        )
    return _Reading(document, name).recipe()


class _Reading:
    """One document on its way to a recipe; collects what is wrong with it."""

    def __init__(self, document: dict[str, Any], name: str) -> None:
        self._document = document
        self._name = name
        self._wrong: list[str] = []

    def recipe(self) -> Recipe:
        for key in self._document:
            if key not in _KEYS:
                self._wrong.append(
                    say("'{key}' is not known; known are {keys}", key=key, keys=listed(_KEYS))
                )
        made = Recipe(
            name=self._text("name") or self._name.rsplit(".", 1)[0],
            chemistry=self._chemistry(),
            settings=self._settings(),
            password=self._password(),
            bluetooth_name=self._pattern("bluetooth_name", _FIELDS),
            serial_number=self._pattern("serial_number", ("number", "date")),
            confirmed=self._whether("confirmed"),
            checks=self._checks(),
            cell_diff_mv=self._limit("cell_diff_mv", _CELL_DIFF_MV),
        )
        if made.serial_number and "{number" not in made.serial_number:
            self._wrong.append(
                say(
                    "{key} needs {field}, or all boards get the same",
                    key="serial_number",
                    field="{number}",
                )
            )
        if not self._wrong:
            self._whole(made)
        if self._wrong:
            raise Refused(
                say(
                    "{name} was not used:\n{wrong}",
                    name=self._name,
                    wrong=listed(self._wrong, "\n"),
                )
            )
        return made

    def _text(self, key: str) -> str:
        value = self._document.get(key, "")
        if isinstance(value, str):
            return value.strip()
        self._wrong.append(say("{key} must be a text in quotes", key=key))
        return ""

    def _whether(self, key: str) -> bool:
        value = self._document.get(key, False)
        if not isinstance(value, bool):
            self._wrong.append(say("{key} must be {yes} or {no}", key=key, yes="true", no="false"))
        return value is True

    def _limit(self, key: str, otherwise: int) -> int:
        value = self._document.get(key, otherwise)
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            self._wrong.append(say("{key} must be a whole number above 0", key=key))
            return otherwise
        return value

    def _chemistry(self) -> int | None:
        if "chemistry" not in self._document:
            return None
        value = self._text("chemistry").lower()
        if value in rows.CHEMISTRIES[1:]:
            return rows.CHEMISTRIES.index(value)
        self._wrong.append(
            say(
                "{key} must be one of {choices}",
                key="chemistry",
                choices=listed(rows.CHEMISTRIES[1:]),
            )
        )
        return None

    def _settings(self) -> dict[tuple[str, int], int]:
        found: dict[tuple[str, int], int] = {}
        given = self._document.get("settings", {})
        if not isinstance(given, dict):
            self._wrong.append(say("{key} must be names with values", key="settings"))
            return found
        if not given and "chemistry" not in self._document:
            self._wrong.append(say("there is nothing in it to write"))
        for name, value in given.items():
            try:
                found.update(_elements(name, value))
            except BadInput as problem:
                self._wrong.append(problem.said)
        try:
            transaction.check_ranges(found)
        except Refused as problem:
            self._wrong.append(problem.said)
        return found

    def _password(self) -> str:
        password = self._text("password")
        if password:
            try:
                password_words(password)
            except BadInput as problem:
                self._wrong.append(say("password: {why}", why=problem.said))
        return password

    def _pattern(self, key: str, fields: tuple[str, ...]) -> str:
        pattern = self._text(key)
        try:
            unknown = [
                name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None
            ]
            if any(name not in fields for name in unknown):
                raise ValueError
            filled = fill(pattern, 1, "1", "1", "2026-01-01")
        except (ValueError, KeyError, IndexError):
            names = listed("{" + name + "}" for name in fields)
            self._wrong.append(
                say("{key} may hold {names} and nothing else", key=key, names=names)
            )
            return ""
        if len(filled.encode()) > _TEXT_BYTES:
            self._wrong.append(
                say("{key} is longer than the {most} bytes of a board", key=key, most=_TEXT_BYTES)
            )
        return pattern

    def _checks(self) -> tuple[str, ...]:
        value = self._document.get("checks", list(CHECKS))
        if isinstance(value, list) and all(check in CHECKS for check in value):
            return tuple(check for check in CHECKS if check in value)
        self._wrong.append(
            say("{key} must be a list of {choices}", key="checks", choices=listed(CHECKS))
        )
        return ()

    def _whole(self, made: Recipe) -> None:
        """With a chemistry everything is known: then it must fit together without a board."""
        if made.chemistry is None:
            return
        try:
            rehearsal.rehearse(_fresh_board(), made.wanted(), made.chemistry)
        except Problem as problem:
            self._wrong.append(problem.said)


def _elements(name: str, value: object) -> dict[tuple[str, int], int]:
    row = catalog.find(str(name), catalog.SETTING)
    if row.write == rows.FACTORY:
        raise BadInput(say("{name} belongs to one board and cannot be in a recipe", name=row.name))
    if is_confirmation(row) or row.name == "chemistry":
        raise BadInput(
            say("{name} stands at the top of a recipe, not among its settings", name=row.name)
        )
    items = value if isinstance(value, list) else [value]
    if len(items) > row.count:
        raise BadInput(say("{name} has {count} elements at most", name=row.name, count=row.count))
    if any(isinstance(item, bool) or not isinstance(item, str | int) for item in items):
        raise BadInput(say("{name} must be a text or a whole number", name=row.name))
    return {(row.name, i): units.parse(row, str(item)) for i, item in enumerate(items)}


def _fresh_board() -> Values:
    """What a board that nobody has set up says, as far as a recipe cares."""
    values = Values()
    for row in catalog.SETTINGS:
        values.set(row, [row.default_for("none")] * row.count)
    for row in rehearsal.NEEDED:
        if row.kind == "reading":
            values.set(row, [None])
    return values


def fill(pattern: str, number: int, serial: str, code: str, date: str) -> str:
    """A pattern with one board's data."""
    return pattern.format(number=number, serial=serial, code=code, date=date.replace("-", ""))


def rows_of(recipe: Recipe) -> list[tuple[Any, int, int]]:
    """(row, element, count) of everything to be compared after writing, in the schema's order."""
    wanted = recipe.wanted()
    if recipe.chemistry is not None:
        wanted["chemistry", 0] = recipe.chemistry
    return [
        (row, element, wanted[row.name, element])
        for row in catalog.SETTINGS
        for element in range(row.count)
        if (row.name, element) in wanted
    ]


CHECK_TITLES = {
    "self_test": say("Self-test"),
    "cells": say("Cells plausible"),
    "sensors": say("Temperature sensors"),
    "current": say("Current zero"),
}
