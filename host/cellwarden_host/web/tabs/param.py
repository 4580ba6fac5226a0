"""Every protection parameter by group: read, edit, write as one, revert, keep as a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import events, ui

from cellwarden.tables import settings

from ... import settings_files
from ...problems import Problem
from ...words import say, schema
from ..edit_bar import Bar
from ..editor import Editor, editor_of
from ..fields import CSS, Field, build_fields
from ..view import View

TITLE = say("Param")
ICON = "tune"

# What has a page of its own.
_ELSEWHERE = ("Lease",)
_KEEP = "param"
_MOST_BYTES = 1_000_000


def build(view: View) -> Callable[[], None]:
    """The page; its refresh."""
    page = _Page(view, editor_of(view))
    return page.refresh


class _Page:
    def __init__(self, view: View, editor: Editor) -> None:
        self._view, self._editor = view, editor
        self._kept: dict[str, Any] = view.keep.setdefault(
            _KEEP, {"filter": "", "only": "all", "open": [settings.GROUPS[1][0]]}
        )
        self._cells = 0
        self._groups: list[tuple[ui.expansion, str, list[Field]]] = []
        ui.add_css(CSS)
        self._bar = Bar(view, editor, self._more)
        self._build_filter()
        with ui.column().classes("w-full gap-2") as self._body:
            for heading, found in settings.GROUPS:
                if heading not in _ELSEWHERE:
                    self._build_group(heading, list(found))
        editor.listeners.append(self.refresh)
        self._sift()

    def _build_filter(self) -> None:
        view = self._view
        with ui.row().classes("w-full items-center gap-2"):
            self._filter = (
                ui.input(view.tr(say("Filter")), value=self._kept["filter"], on_change=self._sift)
                .props("dense outlined clearable debounce=200 data-testid=param.filter")
                .classes("grow")
            )
            with self._filter.add_slot("prepend"):
                ui.icon("search")
            self._only = (
                ui.toggle(
                    {
                        "all": view.tr(say("All")),
                        "changed": view.tr(say("Changed")),
                        "odd": view.tr(say("Not default")),
                    },
                    value=self._kept["only"],
                    on_change=self._sift,
                )
                .props("no-caps dense padding='4px 12px' data-testid=param.only")
                .classes("self-stretch")
            )

    def _build_group(self, heading: str, found: list[Any]) -> None:
        opened = heading in self._kept["open"]
        title = self._view.tr(schema.group(heading))
        group = ui.expansion(title, value=opened).classes("w-full cw-card")
        group.props(f'data-testid="param.group.{heading}" header-class=text-weight-medium')
        with group:
            if heading == "Calibration":
                text = say("Only with the factory's password; calibrate on the page Update.")
                ui.label(self._view.tr(text)).classes("cwf-about")
            fields = build_fields(self._view, self._editor, found, _KEEP)
        self._groups.append((group, heading, fields))
        group.on_value_change(self._keep_open)

    def _keep_open(self) -> None:
        if not self._sifting():
            self._kept["open"] = [name for group, name, _ in self._groups if group.value]

    def _sifting(self) -> bool:
        return bool(self._filter.value) or self._only.value != "all"

    def _sift(self) -> None:
        """Show what the filter lets through, in opened groups."""
        words, only = str(self._filter.value or ""), self._only.value
        self._kept["filter"], self._kept["only"] = words, only
        self._cells = self._count_cells()
        for group, heading, fields in self._groups:
            shown = 0
            arrays: dict[ui.element, bool] = {}
            for field in fields:
                fits = field.matches(words) and self._exists(field)
                if only == "changed":
                    fits = fits and field.changed
                elif only == "odd":
                    fits = fits and field.differs_from_default
                field.box.set_visibility(fits)
                if field.array is not None:
                    arrays[field.array] = arrays.get(field.array, False) or fits
                shown += fits
            for array, any_fits in arrays.items():
                array.set_visibility(any_fits)
            group.set_visibility(shown > 0)
            group.value = shown > 0 if self._sifting() else heading in self._kept["open"]

    def _count_cells(self) -> int:
        """The cells of the pack, as it would be written."""
        key = ("cell_count", 0)
        seen = self._view.snapshot
        held = seen.setting(*key) if seen is not None else None
        return self._editor.draft.wanted.get(key, held or 0)

    def _exists(self, field: Field) -> bool:
        """A cell that the pack does not have has no channel to be set."""
        name, element = field.key
        return name != "cell_channel" or element < self._cells

    def _more(self) -> None:
        """Buttons of this page in the bar."""
        view = self._view
        ui.button(view.tr(say("Save as file")), icon="download", on_click=self._save).props(
            "flat no-caps data-testid=param.save"
        )
        ui.button(view.tr(say("Load a file")), icon="upload", on_click=self._load).props(
            "flat no-caps data-testid=param.load"
        )

    def refresh(self) -> None:
        self._bar.refresh()
        self._body.set_visibility(self._editor.ready)
        if not self._editor.ready:
            return
        self._body.classes(
            add="" if self._view.fresh else "cw-stale",
            remove="cw-stale" if self._view.fresh else "",
        )
        if self._cells != self._count_cells():
            self._sift()
        for _, _, fields in self._groups:
            for field in fields:
                field.refresh()

    # --- files

    def _save(self) -> None:
        seen = self._view.snapshot
        if seen is None or not self._editor.ready:
            return
        name = seen.texts.get("serial_number") or seen.machine_code or "cellwarden"
        text = settings_files.document(self._editor.before())
        ui.download.content(text, f"settings-{name}.json", "application/json")

    async def _load(self) -> None:
        view = self._view
        with ui.dialog() as dialog, ui.card().classes("cw-dialog"):
            ui.label(view.tr(say("Load settings from a file"))).classes("text-h6")
            ui.label(
                view.tr(
                    say(
                        "They are shown as changes first; nothing is written before you press "
                        "Write. Confirmations, calibration and lease are never loaded."
                    )
                )
            ).classes("cw-text")
            ui.upload(
                auto_upload=True,
                max_file_size=_MOST_BYTES,
                on_upload=lambda event: self._take(event, dialog),
                label=view.tr(say("Choose or drop a file")),
            ).props("accept=.json flat bordered data-testid=param.file").classes("w-full")
            ui.button(view.tr(say("Cancel")), on_click=dialog.close).props("flat")
        await dialog
        dialog.delete()

    async def _take(self, event: events.UploadEventArguments, dialog: ui.dialog) -> None:
        editor = self._editor
        try:
            text = (await event.file.read()).decode("utf-8", "replace")
            wanted = settings_files.parsed(text, event.file.name, confirm=False)
        except Problem as problem:
            self._view.tell_problem(problem)
            return
        finally:
            dialog.close()
        count = editor.draft.take(wanted, editor.before())
        editor.edited()
        self._view.note(say("{count} settings of the file differ from the board", count=count))
