"""Tools that belong to no tab: the set-up wizard and the support bundle."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from ..words import say
from . import bundle_button, wizard
from .view import View

_UNCOMMISSIONED = "uncommissioned"


def build(view: View) -> Callable[[], None]:
    """The buttons; their refresh."""
    open_wizard = (
        ui.button(view.tr(say("Set-up wizard")), icon="checklist")
        .props("outline data-testid=tool.wizard")
        .classes("w-full")
        .on_click(lambda: wizard.open_wizard(view))
    )
    bundle_button.build(view)
    notice = wizard.build_notice(view)

    def refresh() -> None:
        seen = view.snapshot
        open_wizard.set_enabled(view.fresh)
        fresh_board = seen is not None and seen.values.word("board_state") == _UNCOMMISSIONED
        open_wizard.props(remove="outline" if fresh_board else "")
        if not fresh_board:
            open_wizard.props("outline")
        notice()

    return refresh
