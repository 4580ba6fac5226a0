"""The tab Update: a new firmware, the current's calibration, address, difference limit, sleep.

The work is done elsewhere (``update``, ``calibration``, ``transaction``); this page asks, shows
how far it is, and tells how it ended.
"""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from ...words import say
from ..view import View
from . import update_calibration, update_device, update_firmware

TITLE = say("Update")
ICON = "system_update_alt"


def build(view: View) -> Callable[[], None]:
    """The page; its refresh."""
    with ui.element("div").classes("cw-two"):
        with ui.column().classes("w-full gap-3"):
            firmware = update_firmware.build(view)
        with ui.column().classes("w-full gap-3"):
            calibration = update_calibration.build(view)
            device = update_device.build(view)

    def refresh() -> None:
        firmware()
        calibration()
        device()

    return refresh
