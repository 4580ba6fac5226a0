"""The journal as a table: newest first, filtered, to be taken away as CSV."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nicegui import ui

from cellwarden.tables import journal as journal_table

from ... import catalog, journal_words
from ...journal_words import Entry
from ...words import say, schema
from ..snapshot import Snapshot
from ..view import View
from .alarm_list import Clock, Filter, as_csv, loudness

_KEEP = "alarm"
_LOUD_ROW = catalog.READING["loudest"]
_MARKS = {"danger": "⬣", "protection": "■", "warning": "▲", "info": "·"}
# While older entries come in, the table is made anew this often at most.
_LEAST_S = 1.0
# An entry on a phone's screen.
_PHONE_ITEM = """<div class="cwa-item"><div class="cwa-item-head">
<b>{{ props.row.loud }}</b><span>{{ props.row.at }}</span><span>#{{ props.row.number }}</span>
</div><div>{{ props.row.words }}</div></div>"""
_HOURS = {
    0: say("any time"),
    1: say("last hour"),
    24: say("last day"),
    168: say("last week"),
    720: say("last 30 days"),
}


class History:
    """``show`` takes the journal as it is known; entries may still be coming in."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._filter: Filter = view.keep.setdefault(_KEEP, Filter())
        self._journal: Sequence[Entry] = ()
        self._seen: Snapshot | None = None
        self._made: tuple[object, ...] = ()
        self._made_s = 0.0
        self._rows: dict[tuple[int, int | None], dict[str, Any]] = {}
        self._build()

    def _build(self) -> None:
        view = self._view
        with ui.column().classes("cw-card cwm-card").props("data-testid=alarm.history"):
            with ui.row().classes("w-full items-center gap-2"):
                ui.label(view.tr(say("History"))).classes("cwm-heading")
                ui.space()
                self._count = ui.label().classes("cw-caption").props("data-testid=alarm.count")
                ui.button(view.tr(say("Save as CSV")), icon="download", on_click=self._save).props(
                    "flat dense no-caps data-testid=alarm.csv"
                )
            self._filters()
            self._table = ui.table(
                columns=self._columns(), rows=[], row_key="number", pagination=25
            )
            self._table.classes("w-full cwa-table").props(
                "flat dense wrap-cells data-testid=alarm.table"
                f' rows-per-page-label="{view.tr(say("Rows"))}" :grid="Quasar.Screen.lt.sm"'
                ' :pagination-label="(first, last, all) => `${first}–${last} / ${all}`"'
                f' no-data-label="{view.tr(say("Nothing that fits"))}"'
            )
            self._table.add_slot("item", _PHONE_ITEM)

    def _filters(self) -> None:
        view, chosen = self._view, self._filter
        kinds = {
            name: view.tr(journal_words.kind_word(name)) for _, name, *_ in journal_table.KINDS
        }
        loud = {word: view.tr(schema.loudness(word)) for word in _LOUD_ROW.choices[1:]}
        loud = {"none": view.tr(say("all"))} | loud
        with ui.row().classes("w-full items-end cwa-filters"):
            text = ui.input(view.tr(say("Search")), value=chosen.text).props(
                "dense clearable data-testid=alarm.text"
            )
            kind = ui.select(
                kinds, label=view.tr(say("What")), multiple=True, value=list(chosen.kinds)
            ).props("dense options-dense use-chips data-testid=alarm.kinds")
            least = ui.select(loud, label=view.tr(say("At least")), value=chosen.loud).props(
                "dense options-dense data-testid=alarm.loud"
            )
            hours = ui.select(
                {count: view.tr(told) for count, told in _HOURS.items()},
                label=view.tr(say("When")),
                value=chosen.hours,
            ).props("dense options-dense data-testid=alarm.hours")

        def choose() -> None:
            chosen.text, chosen.kinds = str(text.value or ""), tuple(kind.value or ())
            chosen.loud, chosen.hours = str(least.value), int(hours.value or 0)
            self._fill()

        for field in (text, kind, least, hours):
            field.on_value_change(choose)

    def _columns(self) -> list[dict[str, Any]]:
        told = {
            "number": say("No."),
            "at": say("Time"),
            "age": say("Time in service"),
            "loud": say("Level"),
            "words": say("What happened"),
        }
        return [
            {"name": key, "label": self._view.tr(text), "field": key, "align": "left"}
            | {"classes": "cwa-words" if key == "words" else "cwa-narrow"}
            | {"sortable": key == "number"}
            for key, text in told.items()
        ]

    def show(self, seen: Snapshot, journal: Sequence[Entry]) -> None:
        held = (
            len(journal),
            journal[0].number if journal else 0,
            journal[-1].number if journal else 0,
            seen.machine_code,
        )
        self._seen, self._journal = seen, journal
        if held != self._made and time.monotonic() - self._made_s >= _LEAST_S:
            self._made, self._made_s = held, time.monotonic()
            self._fill()

    def _chosen(self) -> tuple[list[Entry], Clock]:
        assert self._seen is not None
        clock = Clock(self._seen, self._journal)
        language = self._view.language
        return self._filter.chosen(self._journal, clock, self._seen.at, language), clock

    def _fill(self) -> None:
        if self._seen is None:
            return
        entries, clock = self._chosen()
        self._table.rows = [self._row(entry, clock) for entry in entries]
        first = self._seen.known("journal_first")
        coming = bool(self._journal) and self._journal[0].number > first
        count = say("{shown} of {all} entries", shown=len(entries), all=len(self._journal))
        self._count.text = self._view.tr(
            say("{count}; older ones are being read", count=count) if coming else count
        )

    def _row(self, entry: Entry, clock: Clock) -> dict[str, Any]:
        key = entry.number, entry.field["uptime_s"]
        if key not in self._rows:
            tr, loud = self._view.tr, loudness(entry)
            self._rows[key] = {
                "number": entry.number,
                "age": tr(journal_words.age_text(entry.field["uptime_s"])),
                "loud": f"{_MARKS.get(loud, '')} {tr(schema.loudness(loud))}",
                "words": tr(journal_words.words(entry)),
            }
        return self._rows[key] | {"at": clock.told(entry, self._view.language)}

    def _save(self) -> None:
        if self._seen is None:
            return
        entries, clock = self._chosen()
        name = datetime.now().strftime("journal-%Y%m%d-%H%M%S.csv")
        text = as_csv(entries, clock, self._view.language)
        ui.download.content(text.encode(), name, "text/csv")
