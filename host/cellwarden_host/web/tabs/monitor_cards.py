"""Cards of the Monitor page that are numbers under titles: charge, pack, cells, limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from ... import catalog
from ...words import say, schema
from ...words.titles import title
from ..snapshot import Snapshot
from ..view import View
from . import monitor_states as states

Part = Callable[[Snapshot], None]
Tell = Callable[[Snapshot], str]


def card(view: View, heading: str, key: str) -> Any:
    """A card with its heading; use it with ``with``."""
    box = ui.column().classes("cw-card cwm-card").props(f"data-testid=monitor.{key}")
    with box:
        ui.label(view.tr(heading)).classes("cwm-heading").props("role=heading aria-level=2")
    return box


class Numbers:
    """Labels with what tells their text; only what changed is sent."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._labels: list[tuple[ui.label, Tell]] = []

    def label(self, key: str, tell: Tell, classes: str = "") -> ui.label:
        made = ui.label().classes(f"cw-numbers {classes}").props(f"data-testid=monitor.{key}")
        self._labels.append((made, tell))
        return made

    def line(self, name: str, tell: Tell | None = None, caption: str | None = None) -> None:
        """A reading by its title, in one line."""
        row = catalog.READING[name]
        with ui.row().classes("cwm-line"):
            ui.label(self.view.tr(caption or title(row))).classes("cw-caption")
            self.label(name, tell or self.value(name), "cwm-value")

    def value(self, name: str) -> Tell:
        row = catalog.READING[name]
        return lambda seen: self.view.value(row, seen.get(name))

    def show(self, seen: Snapshot) -> None:
        for label, tell in self._labels:
            label.text = tell(seen)


def build_banner(view: View) -> Part:
    """One line above all for what is wrong; nothing while nothing is."""
    with ui.row().classes("cwm-banner").props("role=status data-testid=monitor.banner") as box:
        icon = ui.icon("warning").classes("text-xl")
        text = ui.label().classes("cw-text")

    def show(seen: Snapshot) -> None:
        bad = [state for state in states.states(seen) if state.level in _BAD]
        box.set_visibility(bool(bad))
        worst = max((state.level for state in bad), key=_BAD.index, default=states.WARNING)
        icon.name = ICONS[worst]
        box.classes(remove=" ".join(LEVEL_CLASSES.values()), add=LEVEL_CLASSES[worst])
        text.text = "\n".join(
            view.tr(say("{title}: {more}", title=state.title, more=state.why)) for state in bad
        )

    return show


_BAD = (states.WARNING, states.PROTECTION, states.DANGER)
ICONS = {
    states.FINE: "check_circle_outline",
    states.PENDING: "hourglass_top",
    states.ON: "toggle_on",
    states.OFF: "toggle_off",
    states.UNKNOWN: "help_outline",
    states.WARNING: "warning",
    states.PROTECTION: "block",
    states.DANGER: "dangerous",
}
LEVEL_CLASSES = {
    states.FINE: "cwm-fine",
    states.PENDING: "cwm-warning",
    states.ON: "cwm-on",
    states.OFF: "cwm-off",
    states.UNKNOWN: "cwm-off",
    states.WARNING: "cwm-warning",
    states.PROTECTION: "cwm-bad",
    states.DANGER: "cwm-bad",
}


def build_charge(view: View) -> Part:
    """State of charge with its bound, what is left, how long it lasts."""
    numbers = Numbers(view)
    with card(view, title(catalog.READING["soc_permille"]), "charge"):
        with ui.row().classes("cwm-lead"):
            numbers.label("soc_permille", numbers.value("soc_permille"), "cwm-big")
            numbers.label("soc_bound", lambda seen: _bound_text(view, seen), "cw-caption").tooltip(
                view.tr(say("95 of 100 times the true charge is within this"))
            )
        with ui.element().classes("cwm-soc").props("aria-hidden=true"):
            sure = ui.element().classes("cwm-soc-sure")
            doubt = ui.element().classes("cwm-soc-doubt")
            mark = ui.element().classes("cwm-soc-mark")
        numbers.line("remaining_mah", lambda seen: _remaining(view, seen))
        numbers.line("time_to_full_min")
        numbers.line("time_to_empty_min")
        numbers.line("soh_permille", lambda seen: _with_sigma(view, seen, "soh"))
        numbers.line("cycles")

    def show(seen: Snapshot) -> None:
        numbers.show(seen)
        low, high = states.bound(seen) or (seen.known("soc_permille"),) * 2
        sure.style(f"width: {low / 10}%")
        doubt.style(f"left: {low / 10}%; width: {(high - low) / 10}%")
        mark.style(f"left: {seen.known('soc_permille') / 10}%")
        mark.set_visibility(seen.get("soc_permille") is not None)

    return show


def _bound_text(view: View, seen: Snapshot) -> str:
    found = states.bound(seen)
    if found is None:
        return ""
    low, high = (view.value(catalog.READING["soc_permille"], count) for count in found)
    return view.tr(say("{low} to {high}", low=low, high=high))


def _remaining(view: View, seen: Snapshot) -> str:
    left, full = (
        view.value(catalog.READING[name], seen.get(name)) for name in ("remaining_mah", "full_mah")
    )
    return view.tr(say("{left} of {full}", left=left, full=full))


def _with_sigma(view: View, seen: Snapshot, name: str) -> str:
    value = view.value(catalog.READING[f"{name}_permille"], seen.get(f"{name}_permille"))
    sigma = seen.get(f"{name}_sigma_permille")
    if sigma is None or seen.get(f"{name}_permille") is None:
        return value
    return f"{value} ± {view.value(catalog.READING[f'{name}_sigma_permille'], 2 * sigma)}"


def build_pack(view: View) -> Part:
    """What the board is doing, and the pack as a whole."""
    numbers = Numbers(view)
    with card(view, title(catalog.READING["board_state"]), "pack"):
        numbers.label("board_state", numbers.value("board_state"), "cwm-big")
        for name in ("pack_10mv", "current_ma", "power_w", "cell_sum_10mv"):
            numbers.line(name)
        for name in ("bus_10mv", "charger_10mv"):
            numbers.line(name)
        numbers.line("uptime_s")
    return numbers.show


def build_extremes(view: View) -> Part:
    """Highest and lowest cell with their numbers, the difference."""
    numbers = Numbers(view)

    def cell(end: str) -> Tell:
        return lambda seen: _cell(view, seen, end)

    with card(view, say("Cells"), "extremes"):
        for end, mark, classes in (("max", "▲", "cwc-high"), ("min", "▼", "cwc-low")):
            row = catalog.READING[f"cell_{end}_mv"]
            with ui.row().classes("cwm-line"):
                ui.label(view.tr(title(row))).classes("cw-caption")
                with ui.row().classes(f"cwm-extreme {classes}"):
                    ui.label(mark).classes("cwc-mark").props("aria-hidden=true")
                    numbers.label(row.name, numbers.value(row.name), "cwm-mid")
                    numbers.label(f"cell_{end}_number", cell(end), "cw-caption")
        with ui.row().classes("cwm-line"):
            ui.label(view.tr(title(catalog.READING["cell_diff_mv"]))).classes("cw-caption")
            numbers.label("cell_diff_mv", _difference, "cwm-mid")
        for name in ("temp_max_dc", "temp_min_dc"):
            numbers.line(name)
        for name in ("discharged_mah", "charged_mah"):
            numbers.line(name)
    return numbers.show


def _difference(seen: Snapshot) -> str:
    """In mV, however large: that is how differences are spoken of."""
    count = seen.get("cell_diff_mv")
    return "-" if count is None else f"{count} mV"


def _cell(view: View, seen: Snapshot, end: str) -> str:
    number = seen.get(f"cell_{end}_number")
    return view.tr(schema.element(catalog.READING["cell_mv"], number - 1)) if number else ""


def build_limits(view: View) -> Part:
    """What charger and load may do, and what holds it down."""
    numbers = Numbers(view)

    def held(side: str) -> Tell:
        return lambda seen: view.tr(say("held by: {what}", what=states.limited_by(seen, side)))

    with card(view, say("Limits told to charger and load"), "limits"):
        numbers.line("cvl_10mv")
        numbers.line("ccl_ma")
        numbers.label("charge_limited_by", held("charge"), "cwm-note")
        numbers.line("dcl_ma")
        numbers.label("discharge_limited_by", held("discharge"), "cwm-note")
        for name in ("charge_oc_live_ma", "discharge_oc_live_ma", "discharge_peak_live_ma"):
            numbers.line(name)
    return numbers.show
