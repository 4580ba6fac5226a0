"""What has become of every board of a batch: serial numbers given, results, labels.

A serial number is on the disk before it is on a board, so a crash never gives it twice; a board
that comes again keeps the one it was given. A record is appended and never rewritten; it holds
no password.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from .. import data_folder, kept, units
from ..words import schema as schema_words
from . import table
from .recipe import Recipe, fill
from .run import FAIL, Outcome

_SERIALS = "serial-numbers"
_SERIAL_COLUMNS = ("batch", "number", "serial_number", "machine_code", "date")
_COLUMNS = (
    "date",
    "result",
    "serial_number",
    "machine_code",
    "bluetooth_name",
    "factory_date",
    "recipe",
    "fingerprint",
    "board",
    "firmware",
    "failed",
    "values",
)


def standard_folder() -> Path:
    return data_folder.folder() / "production"


class Ledger:
    """The records in one folder, for one recipe."""

    def __init__(self, recipe: Recipe, folder: Path | None = None) -> None:
        self._recipe = recipe
        self.folder = folder or standard_folder()
        name = kept.file_name(recipe.name, taken=(_SERIALS,))
        self.csv_file = self.folder / f"{name}.csv"
        rows = table.read(self.csv_file, _COLUMNS)
        self._passed = {
            row["machine_code"]
            for row in rows
            if row["result"] == "pass" and row["fingerprint"] == recipe.fingerprint
        }
        self._failed = sum(row["result"] == "fail" for row in rows)
        self._given()  # a spoiled file is told before the first board, not in the middle of one

    # --- serial numbers

    def reserve(self, machine_code: str, date: str) -> tuple[int, str]:
        """(number, serial number) of this board: its own, or the next one."""
        given = self._given()
        for row, number in given:
            if row["machine_code"] == table.one_line(machine_code):
                return number, row["serial_number"]
        number = 1 + max((number for _, number in given), default=0)
        serial = fill(self._recipe.serial_number, number, "", machine_code, date)
        line = (self._recipe.name, number, serial, machine_code, date)
        table.append(self._serials, _SERIAL_COLUMNS, line)
        return number, serial

    @property
    def _serials(self) -> Path:
        return self.folder / f"{_SERIALS}.csv"

    def _given(self) -> list[tuple[dict[str, str], int]]:
        """The rows of this batch with their numbers."""
        batch = table.one_line(self._recipe.name)
        rows = table.read(self._serials, _SERIAL_COLUMNS)
        try:
            return [(row, int(row["number"])) for row in rows if row["batch"] == batch]
        except ValueError as error:
            raise table.spoiled(self._serials) from error

    # --- results

    def has_passed(self, machine_code: str) -> bool:
        """This board has been made with this recipe before, by any run of the program."""
        return machine_code in self._passed

    def record(self, outcome: Outcome, at: datetime) -> dict[str, Any]:
        """Write down one board: a line of the batch, and its own document."""
        made = document(outcome, self._recipe, at)
        table.append(self.csv_file, _COLUMNS, _line(made))
        path = self.folder / f"{kept.file_name(outcome.serial or outcome.machine_code)}.json"
        old = kept.read_json(path)
        runs = old["runs"] if isinstance(old, dict) and isinstance(old.get("runs"), list) else []
        kept.write_json(path, {"format": "cellwarden production record", "runs": [*runs, made]})
        if outcome.passed:
            self._passed.add(outcome.machine_code)
        else:
            self._failed += 1
        return made

    def counts(self) -> tuple[int, int]:
        """(boards that passed, runs that failed)."""
        return len(self._passed), self._failed


def document(outcome: Outcome, recipe: Recipe, at: datetime) -> dict[str, Any]:
    """Everything about one run, for programs."""
    return {
        "date": at.isoformat(timespec="seconds"),
        "result": "pass" if outcome.passed else "fail",
        "serial_number": outcome.serial,
        "recipe": recipe.name,
        "fingerprint": recipe.fingerprint,
        **{name: outcome.texts.get(name, "") for name in _TEXTS},
        "steps": [
            {"step": step.key, "title": step.title, "result": step.state, "said": str(step.said)}
            for step in outcome.steps
        ],
        "settings": [
            {
                "name": line.row.name,
                "element": line.element + 1,
                "wanted": units.plain(line.row, line.wanted),
                "actual": units.plain(line.row, line.actual),
                "unit": units.shown_unit(line.row),
                "result": line.state,
            }
            for line in outcome.table
        ],
        "label": label(outcome, recipe),
    }


_TEXTS = ("machine_code", "device_name", "factory_date", "board_name", "firmware_version")


def label(outcome: Outcome, recipe: Recipe) -> dict[str, str]:
    """What a label on the board says."""
    shown = {line.row.name: units.text(line.row, line.actual) for line in outcome.table}
    chemistry = "" if recipe.chemistry is None else _chemistry(recipe.chemistry)
    return {
        "serial_number": outcome.serial,
        "machine_code": outcome.machine_code,
        "bluetooth_name": outcome.texts.get("device_name", ""),
        "date": outcome.texts.get("factory_date", ""),
        "chemistry": chemistry,
        "cells": shown.get("cell_count", ""),
        "capacity": shown.get("capacity_mah", ""),
        "firmware": outcome.texts.get("firmware_version", ""),
    }


def _chemistry(number: int) -> str:
    from cellwarden.tables import rows

    return schema_words.chemistry(rows.CHEMISTRIES[number])


def _line(made: dict[str, Any]) -> list[str]:
    failed = [step["step"] for step in made["steps"] if step["result"] == FAIL]
    values = [f"{one['name']}={one['actual']}" for one in made["settings"]]
    return [
        made["date"],
        made["result"],
        made["serial_number"],
        made["machine_code"],
        made["device_name"],
        made["factory_date"],
        made["recipe"],
        made["fingerprint"],
        made["board_name"],
        made["firmware_version"],
        " ".join(failed),
        "; ".join(values),
    ]
