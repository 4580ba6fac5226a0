"""Fields made from rows of the schema: a number with its unit, choices, bits, automatic values.

A field shows the draft's value where there is one, else the board's, and says beneath what is
wrong, what was there before, what it may be and what it usually is. It never changes what somebody
is typing.
"""

from __future__ import annotations

from typing import Any

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from .. import catalog
from ..drafts import digits
from ..rehearsal import Key
from ..units import shown_unit
from ..words import listed, say, schema
from ..words.choices import unit_word
from .editor import Editor
from .view import View

# Sensors in the order of their bits.
_SENSORS = catalog.READING["temp_dc"]
CSS = """
.cwf-grid { display: grid; gap: .7rem 1rem; width: 100%;
  grid-template-columns: repeat(auto-fill, minmax(min(270px, 100%), 1fr)); }
.cwf-grid.cwf-small { grid-template-columns: repeat(auto-fill, minmax(120px, 1fr)); }
.cwf { min-width: 0; }
.cwf .q-field { width: 100%; }
.cwf-about { font-size: .76rem; line-height: 1.25; color: var(--cw-soft); padding: .15rem .3rem 0;
  overflow-wrap: anywhere; }
.cwf-about.cwf-wrong { color: var(--cw-bad); font-weight: 600; }
.cwf-about.cwf-odd { color: var(--cw-warn); }
.cwf-bar { position: sticky; top: 96px; z-index: 3; }
.q-tab-panels:has(.cwf-bar),
.q-tab-panels:has(.cwf-bar) .q-panel { overflow: visible; }
.cwf-wrap { flex-wrap: wrap; }
.cwf-switch { border-top: 1px solid var(--cw-line); padding-top: .5rem; }
.cwf-switch-title { min-width: 10rem; }
.cwf-preset { max-height: 40vh; overflow: auto; }
@media (max-width: 600px) { .cwf-bar { position: static; } }
.cwf.cwf-changed { border-left: 3px solid var(--q-primary); padding-left: .45rem; }
"""


class Field:
    """One element of a setting. ``refresh`` follows draft and board."""

    def __init__(self, view: View, editor: Editor, key: Key, page: str, small: bool) -> None:
        self._view, self._editor, self.key, self._small = view, editor, key, small
        self.row = catalog.SETTING[key[0]]
        self._showing: int | None = None
        self._bad = False
        self._setting = False
        self.array: ui.element | None = None  # what stands around the elements of an array
        self._state: tuple[Any, ...] = ()
        name = key[0] if self.row.count == 1 else f"{key[0]}.{key[1] + 1}"
        self._test_id = f"{page}.{name}"
        label = schema.element(self.row, key[1]) if self.row.count > 1 else schema.title(self.row)
        self._label = view.tr(label)
        with ui.column().classes("cwf w-full gap-0") as self.box:
            self._control = self._build()
            with ui.row().classes("w-full items-start no-wrap gap-1"):
                self._about = ui.label().classes("cwf-about grow")
                self._about.props(f"data-testid={self._test_id}.about")
                self._undo: ui.button | None = None
                self._undo_place = ui.row().classes("gap-0")

    # --- what a page asks

    def refresh(self) -> None:
        count, changed = self._count()
        judged = self._editor.judged()
        wrong = judged.wrong.get(self.key)
        conflict = judged.conflicts.get(self.key)
        live = judged.live.get(self.key)
        default = self._editor.default(self.key)
        reverted = self._editor.reverted
        state = (count, changed, wrong, conflict, live, default, reverted)
        if state == self._state:
            return
        if self._state and reverted != self._state[-1]:
            self._showing = None
        self._state = state
        self._show(count)
        self._control.set_enabled(self._held() is not None)
        self.box.classes(
            add="cwf-changed" if changed else "", remove="" if changed else "cwf-changed"
        )
        self._about.text = self._about_text(count, changed, wrong, conflict, live)
        odd = conflict is not None or self.differs_from_default
        self._about.classes(
            add="cwf-wrong" if wrong else "cwf-odd" if odd else "",
            remove="cwf-odd" if wrong else "cwf-wrong" if odd else "cwf-wrong cwf-odd",
        )
        self._show_undo(changed)

    @property
    def differs_from_default(self) -> bool:
        default = self._editor.default(self.key)
        return default is not None and self._count()[0] != default

    @property
    def changed(self) -> bool:
        return self._editor.draft.touched(self.key)

    def matches(self, words: str) -> bool:
        """The filter: every word in the title, the help or the register's name."""
        text = f"{self._label} {self.row.name} {self._view.tr(schema.help(self.row))}".lower()
        return all(word in text for word in words.lower().split())

    # --- what it says

    def _about_text(
        self, count: int | None, changed: bool, wrong: str | None, conflict: Any, live: int | None
    ) -> str:
        tr, row = self._view.tr, self.row
        if self._held() is None:
            return tr(say("this board's firmware does not have it"))
        parts: list[str] = []
        if wrong:
            parts.append("⚠ " + tr(wrong))
        if conflict is not None:
            told = say("⚠ changed on the board meanwhile to {value}", value=self._text(conflict))
            parts.append(tr(told))
        elif changed:
            parts.append(tr(say("✎ was {value}", value=self._text(self._held()))))
        if wrong:
            return " · ".join(parts)
        if row.accepts_zero and not count and live:
            parts.append(tr(say("automatic: {value}", value=self._text(live))))
        default = self._editor.default(self.key)
        if default is not None and count != default:
            parts.append(tr(say("≠ default {value}", value=self._text(default))))
        if not self._small and not row.choices and row.unit != "bits":
            parts.append(tr(schema.span(row)))
        rest = schema.rest(row)
        if rest and not self._small and row.unit != "bits":
            parts.append(tr(rest))
        return " · ".join(parts)

    def _text(self, count: int | None) -> str:
        return schema.value(self.row, count)

    def _show_undo(self, changed: bool) -> None:
        if changed and self._undo is None:
            label = self._view.tr(say("Back to the board's value: {name}", name=self._label))
            with self._undo_place:
                self._undo = (
                    ui.button(icon="undo", on_click=self._revert)
                    .props(f"flat round dense size=sm data-testid={self._test_id}.undo")
                    .props(f'aria-label="{label}"')
                )
        if self._undo is not None:
            self._undo.set_visibility(changed)

    # --- draft and board

    def _held(self) -> int | None:
        seen = self._view.snapshot
        return seen.setting(*self.key) if seen is not None else None

    def _count(self) -> tuple[int | None, bool]:
        draft = self._editor.draft
        if self.key in draft.wanted:
            return draft.wanted[self.key], True
        return self._held(), draft.touched(self.key)

    def _revert(self) -> None:
        self._editor.draft.revert(self.key)
        self._showing = None
        self._state = ()
        self._editor.edited()

    def _set(self, count: int) -> None:
        self._editor.draft.set(self.key, count, self._editor.before())
        self._showing = count
        self._editor.edited()

    # --- the control, by the kind of the row

    def _build(self) -> Any:
        row = self.row
        if row.choices:
            words = {i: self._view.tr(schema.choice(row, i)) for i in range(len(row.choices))}
            return self._plain(ui.select(words, label=self._label, on_change=self._chosen))
        if row.unit == "bits":
            return _Bits(self)
        field = ui.input(self._label, on_change=self._typed)
        unit = unit_word(shown_unit(row))
        if unit:
            field.props["suffix"] = self._view.tr(unit)
        field.props("debounce=150 autocomplete=off spellcheck=false")
        return self._plain(field)

    def _plain(self, control: Any) -> Any:
        return control.props(f"dense outlined data-testid={self._test_id}").classes("w-full")

    def _show(self, count: int | None) -> None:
        typed = self._editor.draft.texts.get(self.key)
        if typed is not None:
            if not self._bad:
                self._bad = True
                if self._control.value != typed:
                    self._put(typed)
            return
        if count == self._showing and not self._bad:
            return
        self._bad = False
        self._showing = count
        if self.row.choices or self.row.unit == "bits":
            self._put(count)
        else:
            self._put(self._view.tr(digits(self.row, count)))

    def _put(self, value: Any) -> None:
        self._setting = True
        try:
            self._control.value = value
        finally:
            self._setting = False

    def _typed(self, event: ValueChangeEventArguments) -> None:
        if self._setting or not self._editor.ready:
            return
        auto = self._view.tr(say("auto"))
        draft = self._editor.draft
        draft.type(self.key, str(event.value or ""), self._editor.before(), auto)
        self._bad = self.key in draft.texts
        self._showing = draft.wanted.get(self.key, self._held())
        self._editor.edited()

    def _chosen(self, event: ValueChangeEventArguments) -> None:
        if not self._setting and event.value is not None and self._editor.ready:
            self._set(int(event.value))


class _Bits:
    """A check box for each bit: which sensors are fitted."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self._value = 0
        with ui.column().classes("gap-0 w-full") as self._box:
            ui.label(field._label).classes("cw-caption")
            with ui.row().classes("gap-x-3 gap-y-0"):
                self._boxes = [
                    ui.checkbox(
                        field._view.tr(schema.element(_SENSORS, bit)), on_change=self._changed
                    ).props(f"dense data-testid={field._test_id}.{bit}")
                    for bit in range(field.row.high.bit_length())
                ]

    @property
    def value(self) -> int:
        return self._value

    @value.setter
    def value(self, count: int | None) -> None:
        self._value = count or 0
        for bit, box in enumerate(self._boxes):
            box.value = bool(self._value >> bit & 1)

    def set_enabled(self, enabled: bool) -> None:
        for box in self._boxes:
            box.set_enabled(enabled)

    def _changed(self) -> None:
        if not self._field._setting and self._field._editor.ready:
            self._value = sum(box.value << bit for bit, box in enumerate(self._boxes))
            self._field._set(self._value)


def build_fields(view: View, editor: Editor, found: list[Any], page: str) -> list[Field]:
    """Fields of these settings, arrays as a grid of small ones beneath their title."""
    fields: list[Field] = []
    with ui.element("div").classes("cwf-grid"):
        for row in found:
            if row.count == 1:
                fields.append(Field(view, editor, (row.name, 0), page, small=False))
    for row in found:
        if row.count > 1:
            with ui.column().classes("w-full gap-1") as array:
                ui.label(view.tr(schema.title(row))).classes("q-mt-md text-weight-medium")
                about = listed([schema.rest(row), schema.span(row)], " · ")
                ui.label(view.tr(about)).classes("cwf-about")
                with ui.element("div").classes("cwf-grid cwf-small"):
                    for element in range(row.count):
                        field = Field(view, editor, (row.name, element), page, small=True)
                        field.array = array
                        fields.append(field)
    return fields
