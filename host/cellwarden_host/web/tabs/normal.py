"""What is set up and switched on an ordinary day: the pack, its charge, balancing, switches."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from ... import catalog
from ...words import say, schema
from ..edit_bar import Bar
from ..editor import Editor, editor_of
from ..fields import CSS, Field, build_fields
from ..view import View
from . import normal_actions, normal_chemistry, normal_switches

TITLE = say("Normal")
ICON = "settings"

_PACK = ("capacity_mah", "cell_count", "temps_fitted", "confirmed")
_BALANCING = ("balance_diff_mv", "balance_start_mv", "balance_ma")
_CHARGE = ("soc_low_percent",)
# Readings beside the fields.
_COUNTED = (
    "soc_permille",
    "remaining_mah",
    "full_mah",
    "discharged_mah",
    "cycles",
    "soh_permille",
)
_LABELS = {
    "soc_permille": say("Charge now"),
    "full_mah": say("Calibrated capacity (learned)"),
    "discharged_mah": say("Discharged in all"),
}


def build(view: View) -> Callable[[], None]:
    """The page; its refresh."""
    editor = editor_of(view)
    ui.add_css(CSS)
    bar = Bar(view, editor, lambda: None)
    fields: list[Field] = []
    with ui.column().classes("w-full gap-3") as body:
        with _card(view, say("Pack")):
            chemistry = normal_chemistry.build(view, editor)
            fields += _fields(view, editor, _PACK)
        with _card(view, say("Charge")):
            counted = _build_counted(view)
            normal_actions.build_charge(view)
            fields += _fields(view, editor, _CHARGE)
        with _card(view, say("Balancing")):
            fields += _fields(view, editor, _BALANCING)
        with _card(view, say("Switches")):
            text = say(
                "A switch is a permission: the protections come first. So what is asked for and "
                "what the board does may differ; then it says why."
            )
            ui.label(view.tr(text)).classes("cwf-about")
            switches = normal_switches.build(view)
        with _card(view, say("Maintenance")):
            actions = normal_actions.build(view)

    def refresh() -> None:
        bar.refresh()
        body.set_visibility(view.snapshot is not None and editor.ready)
        if view.snapshot is None or not editor.ready:
            return
        body.classes(add="" if view.fresh else "cw-stale", remove="cw-stale" if view.fresh else "")
        for field in fields:
            field.refresh()
        for part in (chemistry, counted, switches, actions):
            part()

    editor.listeners.append(refresh)
    return refresh


def _card(view: View, title: str) -> ui.column:
    card = ui.column().classes("w-full cw-card gap-2")
    with card:
        ui.label(view.tr(title)).classes("text-h6 text-weight-medium")
    return card


def _fields(view: View, editor: Editor, names: tuple[str, ...]) -> list[Field]:
    return build_fields(view, editor, [catalog.SETTING[name] for name in names], "normal")


def _build_counted(view: View) -> Callable[[], None]:
    """What the board counts and has learned, beside what can be set."""
    shown: dict[str, ui.label] = {}
    with ui.element("div").classes("cwf-grid"):
        for name in _COUNTED:
            label = _LABELS.get(name) or schema.title(catalog.READING[name])
            with ui.row().classes("w-full justify-between no-wrap"):
                ui.label(view.tr(label)).classes("cw-caption")
                shown[name] = ui.label().classes("cw-numbers text-weight-medium")
                shown[name].props(f"data-testid=normal.reading.{name}")

    def refresh() -> None:
        seen = view.snapshot
        if seen is None or not view.fresh:
            return
        for name, label in shown.items():
            label.text = view.value(catalog.READING[name], seen.get(name))

    return refresh
