"""Parts of the Monitor page that repeat: cells, switches, temperatures, states, health."""

from __future__ import annotations

from nicegui import ui

from ... import catalog
from ...words import say, schema
from ..components.cells import Cells
from ..snapshot import Snapshot
from ..view import View
from . import monitor_cells as cells
from . import monitor_states as states
from . import monitor_switches as switches
from .monitor_cards import ICONS, LEVEL_CLASSES, Part, card

_KEEP = "monitor"
_SPREAD, _WHOLE = "spread", "whole"


def build_cells(view: View) -> Part:
    """The grid, its legend, and what the bars show."""
    keep = view.keep.setdefault(_KEEP, {"bars": _SPREAD})
    newest: list[Snapshot] = []
    with card(view, schema.title(catalog.READING["cell_mv"]), "cells"):
        grid = Cells(_words(view)).classes("w-full")
        empty = ui.label(
            view.tr(say("The board has not been told yet how many cells there are"))
        ).classes("cw-caption")
        with ui.row().classes("cwm-legend"):
            for mark, classes, text in (
                ("▲", "cwc-high", say("highest")),
                ("▼", "cwc-low", say("lowest")),
            ):
                with ui.row().classes(f"items-center gap-1 {classes}"):
                    ui.label(mark).classes("cwc-mark")
                    ui.label(view.tr(text))
            for icon, text in (
                ("balance", say("being balanced")),
                ("content_cut", say("sense wire cut")),
            ):
                with ui.row().classes("items-center gap-1"):
                    ui.icon(icon)
                    ui.label(view.tr(text))
            ui.space()
            bars = ui.toggle(
                {_SPREAD: view.tr(say("Bars: spread")), _WHOLE: view.tr(say("Bars: limits"))},
                value=keep["bars"],
            ).props("dense no-caps flat data-testid=monitor.bars")

    def show(seen: Snapshot) -> None:
        newest[:] = [seen]
        grid.show(cells.shown(seen, keep["bars"] == _WHOLE))
        empty.set_visibility(not cells.cell_count(seen))

    def choose() -> None:
        keep["bars"] = bars.value
        if newest:
            show(newest[0])

    bars.on_value_change(choose)
    return show


def _words(view: View) -> dict[str, str]:
    told = {
        "cells": schema.title(catalog.READING["cell_mv"]),
        "cell": say("cell"),
        "absent": say("no value"),
        "highest": say("highest"),
        "lowest": say("lowest"),
        "balancing": say("being balanced"),
        "cut": say("sense wire cut"),
    }
    return {key: view.tr(text) for key, text in told.items()} | {"between": ", "}


def build_switches(view: View) -> Part:
    """What is asked for, what the board does, and why they differ."""
    with card(view, say("Switches are permissions"), "switches"):
        box = ui.element().classes("cwm-switches")
    shown: list[list[switches.Switch]] = [[]]

    def show(seen: Snapshot) -> None:
        found = switches.switches(seen)
        if found == shown[0]:
            return
        shown[0] = found
        box.clear()
        with box:
            for switch in found:
                _switch(view, switch)

    return show


def _switch(view: View, switch: switches.Switch) -> None:
    with ui.column().classes("cwm-switch").props(f"data-testid=monitor.switch.{switch.key}"):
        with ui.row().classes("cwm-line"):
            with ui.row().classes("items-center gap-1 no-wrap"):
                ui.icon(ICONS[switch.level]).classes(f"text-lg {LEVEL_CLASSES[switch.level]}")
                ui.label(view.tr(switch.title)).classes("font-medium")
            ui.label(view.tr(switch.does)).classes("cwm-value")
        ui.label(view.tr(say("asked for: {asked}", asked=switch.asked))).classes("cwm-note")
        if switch.why:
            wrong = switch.level in (states.WARNING, states.PROTECTION)
            ui.label(view.tr(switch.why)).classes(
                "cwm-note cwm-why" if wrong else "cwm-note"
            ).props(f"data-testid=monitor.why.{switch.key}")


def build_temperatures(view: View) -> Part:
    """The sensors that are fitted; one that gives no value says so."""
    row = catalog.READING["temp_dc"]
    with card(view, schema.group("Temperatures"), "temperatures"):
        box = ui.column().classes("w-full gap-1")
    labels: dict[int, ui.label] = {}

    def show(seen: Snapshot) -> None:
        found = cells.temperatures(seen)
        if [i for i, _ in found] != list(labels):
            box.clear()
            labels.clear()
            with box:
                for i, _ in found:
                    with ui.row().classes("cwm-line"):
                        ui.label(view.tr(schema.element(row, i))).classes("cw-caption")
                        labels[i] = (
                            ui.label().classes("cwm-value").props(f"data-testid=monitor.temp.{i}")
                        )
                if not found:
                    ui.label(view.tr(say("no sensor is fitted"))).classes("cw-caption")
        for i, dc in found:
            labels[i].text = view.tr(say("no value")) if dc is None else view.value(row, dc)

    return show


def build_states(view: View) -> Part:
    """The states of the product's page, each with an icon and a word."""
    with card(view, say("States"), "states"):
        box = ui.element().classes("cwm-states")
    made: dict[str, tuple[ui.icon, ui.label, ui.label, ui.element]] = {}

    def show(seen: Snapshot) -> None:
        for state in states.states(seen):
            if state.key not in made:
                with box, ui.element().classes("cwm-state") as line:
                    line.props(f"data-testid=state.{state.key}")
                    icon = ui.icon("help_outline").classes("text-lg")
                    with ui.column().classes("gap-0"):
                        ui.label(view.tr(state.title))
                        why = ui.label().classes("cwm-note")
                    word = ui.label().classes("cwm-value")
                made[state.key] = icon, why, word, line
            icon, why, word, line = made[state.key]
            icon.name = ICONS[state.level]
            word.text, why.text = view.tr(state.word), view.tr(state.why)
            why.set_visibility(bool(state.why))
            wanted = LEVEL_CLASSES[state.level]
            if wanted not in line.classes:
                line.classes(remove=" ".join(LEVEL_CLASSES.values()), add=wanted)

    return show


def build_health(view: View) -> Part:
    """Resistance, charge difference and leak of each cell, opened on demand."""
    rows = [catalog.READING[name] for name in cells.HEALTH]
    with ui.expansion(view.tr(say("Health of each cell")), icon="healing") as box:
        box.classes("cw-card w-full cwm-health").props("data-testid=monitor.health")
        empty = ui.label(
            view.tr(say("Nothing is known yet: it is learned while the pack is used"))
        ).classes("cw-caption")
        table = ui.table(
            columns=[
                {"name": "cell", "label": view.tr(say("cell")), "field": "cell", "align": "left"},
                *(
                    {"name": row.name, "label": view.tr(schema.title(row)), "field": row.name}
                    for row in rows
                ),
            ],
            rows=[],
            row_key="cell",
        ).props("flat dense hide-no-data hide-pagination")
        for row in rows:
            help_text = schema.help(row)
            ui.label(view.tr(help_text)).classes("cwm-note")

    def show(seen: Snapshot) -> None:
        found = cells.health(seen)
        table.set_visibility(bool(found))
        empty.set_visibility(not found)
        told = [
            {"cell": i + 1}
            | {row.name: view.value(row, count) for row, count in zip(rows, counts, strict=True)}
            for i, counts in enumerate(found)
        ]
        if told != table.rows:
            table.rows = told

    return show
