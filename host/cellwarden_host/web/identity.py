"""Below the connection: charge, voltage and current, big; whose board this is; tools."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from .. import catalog
from ..words import say
from .view import View

_BIG = ("soc_permille", "pack_10mv", "current_ma")
_TEXTS = (
    "machine_code",
    "serial_number",
    "device_name",
    "bluetooth_address",
    "factory_date",
    "board_name",
)
_LABELS = {
    "soc_permille": say("Remaining"),
    "pack_10mv": say("Voltage"),
    "current_ma": say("Current"),
    "machine_code": say("Machine code"),
    "serial_number": say("Serial number"),
    "device_name": say("Bluetooth name"),
    "factory_date": say("Factory date"),
    "board_name": say("Board"),
    "bluetooth_address": say("Bluetooth address"),
}


def build(view: View) -> Callable[[], None]:
    """The panel; its refresh."""
    with ui.column().classes("w-full gap-0 cw-section") as big:
        values = {name: _big(view, name) for name in _BIG}
        charge = ui.linear_progress(0, show_value=False).props(
            f'size=10px rounded aria-label="{view.tr(_LABELS["soc_permille"])}"'
        )
    with ui.column().classes("w-full gap-0 cw-section cw-small"):
        texts = {name: _pair(view, name) for name in _TEXTS}
    with ui.column().classes("w-full gap-1 cw-section"):
        from .tools import build as build_tools

        tools = build_tools(view)

    def refresh() -> None:
        seen = view.snapshot
        big.classes(**_stale(not view.fresh))
        for name, label in values.items():
            count = seen.get(name) if seen else None
            label.text = view.value(catalog.READING[name], count)
        permille = seen.get("soc_permille") if seen else None
        charge.value = (permille or 0) / 1000
        for name, label in texts.items():
            text = (seen.texts.get(name) if seen else "") or "–"
            label.text = _address(text) if name == "bluetooth_address" else text
        tools()

    refresh()
    return refresh


def _address(digits: str) -> str:
    """As phones write it."""
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def _stale(stale: bool) -> dict[str, str]:
    return {"add": "cw-stale"} if stale else {"remove": "cw-stale"}


def _big(view: View, name: str) -> ui.label:
    with ui.row().classes("w-full items-baseline justify-between no-wrap"):
        ui.label(view.tr(_LABELS[name])).classes("cw-caption")
        return ui.label().classes("cw-big").props(f"data-testid=big.{name}")


def _pair(view: View, name: str) -> ui.label:
    with ui.row().classes("w-full justify-between no-wrap gap-2"):
        ui.label(view.tr(_LABELS[name])).classes("cw-caption")
        return ui.label().classes("cw-code").props(f"data-testid=text.{name}")
