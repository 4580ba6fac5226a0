"""The monitor: charge first, then current, cells, temperatures, limits and states, in words."""

from __future__ import annotations

from typing import Any

from ... import catalog
from ...web.snapshot import Snapshot
from ...web.tabs import monitor_cells, monitor_states
from ...words import say, schema
from .ui import Ui

BAD = (monitor_states.WARNING, monitor_states.PROTECTION, monitor_states.DANGER)
_CELLS = ("cell_max_mv", "cell_min_mv", "cell_diff_mv", "cycles")
_PACK = ("power_w", "remaining_mah", "time_to_full_min", "time_to_empty_min", "soh_permille")
_LIMITS = ("ccl_ma", "dcl_ma", "cvl_10mv")


def build(ui: Ui, app: Any) -> None:
    seen, stale = app.station.snapshot, not app.station.fresh
    banner(ui, app, seen)
    with ui.card(stale=stale, key="lead"):
        low, high = monitor_states.bound(seen) or (None, None)
        about: Any = ""
        if low is not None and high is not None:
            about = say("{low} to {high}", low=_soc(ui, low), high=_soc(ui, high))
        ui.big("soc", say("Remaining"), value(seen, "soc_permille"), about)
        with ui.line():
            ui.big("volts", say("Voltage"), value(seen, "pack_10mv"))
            ui.big("amps", say("Current"), value(seen, "current_ma"), direction(seen))
        ui.pair(schema.title(catalog.READING["board_state"]), value(seen, "board_state"))
        for name in _PACK:
            ui.pair(schema.title(catalog.READING[name]), value(seen, name), key=name)
    with ui.card(say("Cells"), stale=stale, key="cells"):
        count = monitor_cells.cell_count(seen)
        if not count:
            ui.text(say("The board has not been told yet how many cells there are"))
        else:
            _cells(ui, seen)
        for name in _CELLS:
            ui.pair(schema.title(catalog.READING[name]), _with_cell(seen, name), key=name)
    with ui.card(say("Temperatures"), stale=stale, key="temperatures"):
        found = monitor_cells.temperatures(seen)
        row = catalog.READING["temp_dc"]
        for index, dc in found:
            ui.pair(schema.element(row, index), schema.value(row, dc), key=f"temp{index}")
        if not found:
            ui.text(say("no sensor is fitted"))
    with ui.card(say("Limits told to charger and load"), stale=stale, key="limits"):
        for name in _LIMITS:
            ui.pair(schema.title(catalog.READING[name]), value(seen, name), key=name)
        for side, name in (("charge", "ccl_ma"), ("discharge", "dcl_ma")):
            held = monitor_states.limited_by(seen, side)
            title = schema.title(catalog.READING[name])
            ui.text(say("{title}: {more}", title=title, more=held), level="small", key=side)
    with ui.card(say("States"), stale=stale, key="states"):
        for state in monitor_states.states(seen):
            ui.state(state.key, state.title, state.word, state.level, state.why)


def banner(ui: Ui, app: Any, seen: Snapshot) -> None:
    """What is wrong, above all else; the link first."""
    station = app.station
    if not station.fresh:
        ui.note(
            "warn",
            say(
                "Old values: the board has not answered for {time}",
                time=schema.duration(station.age_s),
            ),
            key="old",
        )
        if station.trouble is not None:
            ui.text(station.trouble.args[0], level="small")
        if station.link == "lost":
            ui.button("again", say("Connect again"), lambda _: app.bridge.connect("again"))
    elif station.trouble is not None:
        ui.note("warn", station.trouble.args[0])
    for state in monitor_states.states(seen):
        if state.level in BAD:
            level = "bad" if state.level != monitor_states.WARNING else "warn"
            if not station.fresh:
                level = "old"
            text = say("{title}: {more}", title=state.title, more=state.why)
            ui.note(level, text, key="banner." + state.key)


def value(seen: Snapshot, name: str) -> Any:
    return schema.value(catalog.READING[name], seen.get(name))


def _soc(ui: Ui, count: int) -> str:
    return ui.tell(schema.value(catalog.READING["soc_permille"], count))


def direction(seen: Snapshot) -> Any:
    """Charging or discharging: a sign alone is easily overlooked."""
    ma = seen.get("current_ma")
    if ma is None or abs(ma) < 100:
        return ""
    return say("charging") if ma > 0 else say("discharging")


def _with_cell(seen: Snapshot, name: str) -> Any:
    number = seen.get(name.replace("_mv", "_number")) if name.endswith(("max_mv", "min_mv")) else 0
    if not number:
        return value(seen, name)
    cell = schema.element(catalog.READING["cell_mv"], number - 1)
    return say("{value} ({where})", value=value(seen, name), where=cell)


def _cells(ui: Ui, seen: Snapshot) -> None:
    shown = monitor_cells.shown(seen, False)
    row = catalog.READING["cell_mv"]
    words = {
        "high": ui.tell(say("highest")),
        "low": ui.tell(say("lowest")),
        "balanced": ui.tell(say("being balanced")),
        "wire": ui.tell(say("sense wire cut")),
    }
    texts = [ui.tell(schema.value(row, mv)) for mv in shown["mv"]]
    names = [ui.tell(schema.element(row, i)) for i in range(len(texts))]
    ui.cells(texts=texts, names=names, words=words, **shown)
