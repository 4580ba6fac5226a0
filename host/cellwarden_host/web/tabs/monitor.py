"""Monitor: everything a pack is doing at this moment, on one page.

Nothing can be changed here. Values that are no longer the present ones are grayed out as a whole
and stand still; what the board does not know is a dash.
"""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from ...words import say
from ..snapshot import Snapshot
from ..view import View
from . import monitor_cards, monitor_tables

TITLE = say("Monitor")
ICON = "monitor_heart"

_NOTHING = say("Nothing to show yet: connect to a board on the left")
Part = Callable[[Snapshot], None]


def build(view: View) -> Callable[[], None]:
    ui.add_head_html('<link rel="stylesheet" href="/static/watch.css">')
    nothing = ui.label(view.tr(_NOTHING)).classes("cw-card w-full cw-caption")
    with ui.column().classes("w-full cwm-page").props("data-testid=monitor.page") as page:
        parts = [monitor_cards.build_banner(view)]
        with ui.element().classes("cwm-grid"):
            parts.append(monitor_cards.build_charge(view))
            parts.append(monitor_cards.build_pack(view))
            parts.append(monitor_cards.build_extremes(view))
        parts.append(monitor_tables.build_cells(view))
        parts.append(monitor_tables.build_switches(view))
        with ui.element().classes("cwm-grid"):
            parts.append(monitor_cards.build_limits(view))
            parts.append(monitor_tables.build_temperatures(view))
        parts.append(monitor_tables.build_states(view))
        parts.append(monitor_tables.build_health(view))
    shown: list[Snapshot | None] = [None]

    def refresh() -> None:
        seen = view.snapshot
        nothing.set_visibility(seen is None)
        page.set_visibility(seen is not None)
        page.classes(**({"remove": "cw-stale"} if view.fresh else {"add": "cw-stale"}))
        if seen is None or seen is shown[0]:
            return
        shown[0] = seen
        for part in parts:
            part(seen)

    refresh()
    return refresh
