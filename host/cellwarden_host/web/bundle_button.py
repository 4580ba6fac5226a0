"""The button that makes the support bundle: one press, one file.

Made of what the station has read last, so that it works with a board that has gone silent too;
the file then says so.
"""

from __future__ import annotations

from datetime import datetime

from nicegui import ui

from .. import support_bundle
from ..words import say
from .view import View


def build(view: View) -> None:
    """The button."""

    def make() -> None:
        seen = view.snapshot
        if seen is None:
            ui.notify(view.tr(say("Nothing is known of a board yet: connect first")))
            return
        source = support_bundle.Source(
            seen.values,
            seen.settings,
            seen.texts,
            view.station.journal,
            datetime.fromtimestamp(seen.at),
            view.station.link,
        )
        ui.download.content(
            support_bundle.build(source), support_bundle.name_of(source), "application/zip"
        )
        view.note(say("Support bundle made; it holds no passwords"))

    ui.button(view.tr(say("Support bundle")), icon="inventory_2", on_click=make).props(
        "flat no-caps data-testid=tool.bundle"
    ).classes("w-full").tooltip(
        view.tr(say("Settings, readings, journal and versions in one file, without secrets"))
    )
