"""The left of every page: which port, which device, connect; and what is wrong with the line.

Boards on Bluetooth are listed after a press: looking for them takes seconds of radio.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nicegui import ui

from cellwarden.tables import SCHEMA_VERSION

from .. import catalog
from ..bluetooth.place import is_bluetooth
from ..problems import Problem
from ..words import say
from . import ports
from .station import LOST, OFF, OPENING, UP, Station, Where
from .view import View, words_of

_BAUDS = (9600, 19200, 38400, 57600, 115200, 230400)
_LINKS = {
    OFF: ("link_off", say("Not connected")),
    OPENING: ("hourglass_empty", say("Connecting ...")),
    UP: ("link", say("Connected")),
    LOST: ("warning", say("Connection lost: old values")),
}


def build(view: View) -> Callable[[], None]:
    """The connection panel; its refresh."""
    station = view.station
    where = station.where or Where(
        "",
        catalog.SETTING["rs485_2_baud"].default * 100,
        catalog.SETTING["device_address"].default,
    )
    with ui.column().classes("w-full gap-1 cw-section"):
        with ui.row().classes("w-full items-center no-wrap gap-1"):
            port = (
                ui.select({}, label=view.tr(say("Port")))
                .classes("grow cw-port")
                .props("dense data-testid=port")
            )
            ui.button(icon="refresh", on_click=lambda: list_ports()).props(
                f'flat round dense data-testid=port.refresh aria-label="{view.tr(_REFRESH)}"'
            )
            look = (
                ui.button(icon="bluetooth_searching", on_click=lambda: look_around())
                .props(f'flat round dense data-testid=port.look aria-label="{view.tr(_LOOK)}"')
                .tooltip(view.tr(_LOOK))
            )
        with ui.row().classes("w-full no-wrap gap-2"):
            unit = (
                ui.number(view.tr(say("Device number")), value=where.unit, min=1, max=247)
                .props("dense data-testid=unit")
                .classes("w-1/2")
            )
            baud = (
                ui.select(list(_BAUDS), label="Bd", value=_known_baud(where.baud))
                .props("dense data-testid=baud")
                .classes("w-1/2")
            )
        button = ui.button().classes("w-full").props("data-testid=connect")
        with ui.row().classes("items-center no-wrap gap-1").props("role=status"):
            icon = ui.icon("link_off")
            state = ui.label().props("data-testid=link")
        trouble = ui.label().classes("cw-trouble").props("role=alert data-testid=trouble")

    def list_ports() -> None:
        found = {key: view.tr(label) for key, label in ports.found().items()}
        chosen = port.value or where.port
        if chosen and chosen not in found:
            found[chosen] = chosen
        port.set_options(found, value=chosen or next(iter(found), None))

    async def look_around() -> None:
        look.props("loading")
        look.disable()
        try:
            count = await asyncio.to_thread(ports.look_around)
        except Problem as problem:
            view.tell_problem(problem)
        else:
            list_ports()
            ui.notify(view.tr(say("Boards in sight: {count}", count=count)))
        finally:
            look.props(remove="loading")
            look.enable()

    async def press() -> None:
        if station.where is not None:
            station.disconnect()
            return
        if not port.value:
            ui.notify(view.tr(_NO_PORT), type="warning")
            return
        try:
            station.connect(Where(str(port.value), int(baud.value), int(unit.value or 0)))
        except Problem as problem:
            view.tell_problem(problem)

    def refresh() -> None:
        symbol, words = _LINKS[station.link]
        if station.link == UP and not view.fresh:
            symbol, words = _LINKS[LOST]
        icon.name = symbol
        state.text = view.tr(words)
        busy = station.where is not None
        button.text = view.tr(_DISCONNECT if busy else _CONNECT)
        button.props(f"{'outline' if busy else ''} icon={'link_off' if busy else 'link'}")
        for field in (port, unit, baud):
            field.set_enabled(not busy)
        baud.set_visibility(not is_bluetooth(str(port.value or "")))
        look.set_visibility(not busy)
        trouble.text = view.tr(_trouble(station))

    button.on_click(press)
    list_ports()
    refresh()
    return refresh


def _trouble(station: Station) -> str:
    """What is wrong with the line, or with the two of us."""
    if station.trouble is not None:
        return words_of(station.trouble)
    seen = station.snapshot
    if seen is None or seen.schema == SCHEMA_VERSION:
        return ""
    if seen.schema > SCHEMA_VERSION:
        return say(
            "The board is newer than this program (schema {board}, ours {ours}): what it has "
            "beyond is not shown, and nothing can be written. Update the program.",
            board=seen.schema,
            ours=SCHEMA_VERSION,
        )
    return say(
        "The board's firmware is older than this program (schema {board}, ours {ours}): what it "
        "lacks is shown as unknown. Update the firmware.",
        board=seen.schema,
        ours=SCHEMA_VERSION,
    )


def _known_baud(baud: int) -> int:
    return baud if baud in _BAUDS else _BAUDS[-2]


_CONNECT = say("Connect")
_DISCONNECT = say("Disconnect")
_REFRESH = say("Look for ports again")
_LOOK = say("Look for boards by Bluetooth")
_NO_PORT = say("No port: plug the USB-RS485 cable in, or look for boards by Bluetooth")
