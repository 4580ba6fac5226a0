"""Parts of the tab DLoad: the recipe and who may do what, the steps, the table, the label."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.events import UploadEventArguments

from ...problems import Problem
from ...production import recipe as recipes
from ...production import run
from ...words import Said, say
from ...words import schema as schema_words
from ..view import View
from .dload_line import Line

_MOST_BYTES = 200_000
# Icon, word and class of each state: never colour alone.
STATES: dict[str, tuple[str, Said, str]] = {
    run.OPEN: ("radio_button_unchecked", say("not done yet"), "cw-muted"),
    run.BUSY: ("hourglass_top", say("running"), "cw-info"),
    run.PASS: ("check_circle", say("passed"), "cw-good"),
    run.FAIL: ("cancel", say("failed"), "cw-bad"),
    run.SKIPPED: ("remove_circle_outline", say("left out"), "cw-muted"),
}
_LABEL: dict[str, Said] = {
    "serial_number": say("Serial number"),
    "machine_code": say("Machine code"),
    "bluetooth_name": say("Bluetooth name"),
    "date": say("Date of manufacture"),
    "chemistry": say("Chemistry"),
    "cells": say("Cells"),
    "capacity": say("Capacity"),
    "firmware": say("Firmware"),
}


def build_recipe(view: View, line: Line) -> Callable[[], None]:
    """Loading, the operator's passwords, hands-free; its refresh."""
    with ui.card().classes("cw-card w-full gap-2"):
        ui.label(view.tr(say("Recipe"))).classes("text-h6")
        name = ui.label().classes("cw-text").props("data-testid=dload.recipe")
        problem = ui.label().classes("cw-trouble cw-text").props("role=alert")
        upload = (
            ui.upload(
                label=view.tr(say("Load a recipe ({kinds})", kinds="JSON, TOML")),
                auto_upload=True,
                max_file_size=_MOST_BYTES,
                on_upload=lambda event: take(event),
                on_rejected=lambda: told(view.tr(say("This file is no recipe"))),
            )
            .props('accept=".json,.toml" flat bordered data-testid=dload.upload')
            .classes("w-full")
        )
        with ui.row().classes("gap-2"):
            ui.button(
                view.tr(say("Use the example")),
                on_click=lambda: load(recipes.example(), "example"),
            ).props("flat dense no-caps data-testid=dload.example")
            ui.button(
                view.tr(say("Save the example")),
                on_click=lambda: ui.download.content(recipes.example(), "recipe.json"),
            ).props("flat dense no-caps")
        with ui.column().classes("w-full gap-2") as mine:
            hands = ui.switch(
                view.tr(say("Hands-free: begin with each new board by itself")),
                value=line.hands.on,
                on_change=lambda event: line.hands_free(bool(event.value)),
            ).props("data-testid=dload.hands")
            _password(view, line, "factory_password", say("Factory password"), _FACTORY)
            _password(
                view,
                line,
                "present_password",
                say("Password of the boards as they come"),
                say("Only for boards that have neither the shipped one nor the recipe's."),
            )
            ui.button(
                view.tr(say("Records of this batch (CSV)")),
                icon="download",
                on_click=lambda: _records(view, line),
            ).props("flat dense no-caps data-testid=dload.csv")

    def told(text: str) -> None:
        problem.text = text

    def load(text: str, file: str) -> None:
        try:
            line.load(text, file, view)
        except Problem as error:
            told(view.tr(error.said))
        else:
            told("")
            hands.value = False

    async def take(event: UploadEventArguments) -> None:
        upload.reset()
        try:
            text = (await event.file.read()).decode("utf-8")
        except UnicodeDecodeError:
            told(view.tr(say("This file is no recipe")))
            return
        load(text, event.file.name)

    def refresh() -> None:
        made = line.recipe
        name.text = view.tr(_about(made)) if made else view.tr(say("None is loaded"))
        mine.set_visibility(made is not None and line.owner is view)
        if hands.value != line.hands.on:
            hands.value = line.hands.on

    return refresh


_FACTORY = say("Gives serial number and date of manufacture. Kept in memory only.")


def _about(made: recipes.Recipe) -> Said:
    return say("{name}: {count} values", name=made.name, count=len(recipes.rows_of(made)))


def _password(view: View, line: Line, name: str, label: Said, about: Said) -> None:
    ui.input(
        view.tr(label),
        password=True,
        on_change=lambda event: setattr(line, name, str(event.value or "")),
    ).props(
        f'dense autocomplete=new-password hint="{view.tr(about)}" data-testid=dload.{name}'
    ).classes("w-full q-mb-sm")


def _records(view: View, line: Line) -> None:
    if line.ledger is None or not line.ledger.csv_file.exists():
        ui.notify(view.tr(say("No board has been recorded yet")))
        return
    ui.download.content(line.ledger.csv_file.read_bytes(), line.ledger.csv_file.name)


class Steps:
    """One line a step: icon, word, title, what was found."""

    def __init__(self, view: View, line: Line) -> None:
        self._view, self._line = view, line
        ui.label(view.tr(say("Steps"))).classes("text-h6")
        self._box = ui.column().classes("w-full gap-0")
        self._keys: list[str] = []
        self._lines: dict[str, tuple[Any, Any, Any]] = {}

    def refresh(self) -> None:
        line = self._line
        outcome = line.shown
        if outcome is None and line.recipe is not None:
            outcome = run.begin(line.recipe)
        steps = outcome.steps if outcome else []
        if [step.key for step in steps] != self._keys:
            self._build(steps)
        for step in steps:
            icon, word, said = self._lines[step.key]
            name, text, look = STATES[step.state]
            icon.name = name
            icon.classes(remove="cw-muted cw-info cw-good cw-bad").classes(add=look)
            word.text = self._view.tr(text)
            word.classes(remove="cw-muted cw-info cw-good cw-bad").classes(add=look)
            said.text = self._view.tr(step.said)

    def _build(self, steps: list[run.Step]) -> None:
        self._keys = [step.key for step in steps]
        self._lines.clear()
        self._box.clear()
        with self._box:
            for step in steps:
                with (
                    ui.element("div")
                    .classes("cw-step")
                    .props(f"data-testid=dload.step.{step.key}")
                ):
                    icon, word = ui.icon("help"), ui.label()
                    ui.label(self._view.tr(step.title))
                    self._lines[step.key] = (icon, word, ui.label().classes("cw-text cw-small"))


class Table:
    """Actual, set and result of every value of the recipe."""

    def __init__(self, view: View, line: Line) -> None:
        self._view, self._line = view, line
        ui.label(view.tr(say("Values"))).classes("text-h6")
        self._box = ui.element("div").classes("cw-scroll")
        self._of: Any = None
        self._cells: list[tuple[Any, Any, Any]] = []

    def refresh(self) -> None:
        line = self._line
        if line.recipe is not self._of:
            self._build(line.recipe)
        outcome = line.shown
        if outcome is None and line.recipe is not None:
            outcome = run.begin(line.recipe)
        for (actual, icon, word), one in zip(
            self._cells, outcome.table if outcome else [], strict=True
        ):
            count = one.before if one.actual is None else one.actual
            actual.text = self._view.value(one.row, count)
            name, text, look = STATES[one.state]
            icon.name = name
            icon.classes(remove="cw-muted cw-good cw-bad").classes(add=look)
            word.text = self._view.tr(text)

    def _build(self, made: recipes.Recipe | None) -> None:
        self._of = made
        self._cells.clear()
        self._box.clear()
        if made is None:
            return
        view = self._view
        with self._box, ui.element("table").classes("cw-made").props("data-testid=dload.table"):
            with ui.element("thead"), ui.element("tr"):
                for head in (
                    say("Parameter"),
                    say("Actual value"),
                    say("Set value"),
                    say("Result"),
                ):
                    with ui.element("th").props("scope=col"):
                        ui.label(view.tr(head))
            with ui.element("tbody"):
                for line in run.begin(made).table:
                    self._row(line)

    def _row(self, line: run.Compared) -> None:
        view = self._view
        title = schema_words.title(line.row)
        if line.row.count > 1:
            title = say(
                "{title}, {which}", title=title, which=schema_words.element(line.row, line.element)
            )
        with ui.element("tr"):
            with ui.element("td"):
                ui.label(view.tr(title))
            with ui.element("td"):
                actual = ui.label()
            with ui.element("td"):
                ui.label(view.value(line.row, line.wanted))
            with ui.element("td"), ui.row().classes("items-center gap-1 no-wrap"):
                self._cells.append((actual, ui.icon("help"), ui.label()))


class Label:
    """What goes onto the board's label, to read, to copy and to print."""

    def __init__(self, view: View, line: Line) -> None:
        self._view, self._line = view, line
        with ui.card().classes("cw-card w-full") as self._card:
            ui.label(view.tr(say("Label"))).classes("text-h6")
            self._box = ui.element("div").classes("cw-pairs").props("data-testid=dload.label")
            ui.button(
                view.tr(say("Label data (JSON)")), icon="download", on_click=self._download
            ).props("flat dense no-caps")

    def refresh(self) -> None:
        data = self._line.label()
        self._card.set_visibility(bool(data))
        self._box.clear()
        with self._box:
            for key, title in _LABEL.items():
                if data.get(key):
                    ui.label(self._view.tr(title)).classes("cw-small")
                    ui.label(self._view.tr(data[key])).classes("cw-text")

    def _download(self) -> None:
        data = self._line.label()
        name = data.get("serial_number") or data.get("machine_code", "label")
        ui.download.content(json.dumps(data, ensure_ascii=False, indent=1), f"label-{name}.json")
