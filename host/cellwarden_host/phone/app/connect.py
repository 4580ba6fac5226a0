"""Before a board is connected: find one, and what to do when that fails."""

from __future__ import annotations

from typing import Any

from ...problems import BadInput
from ...words import Said, say
from .ui import Ui

# What the browser says went wrong, and what to do about it.
WHY = {
    "unsupported": say(
        "This browser has no Web Bluetooth. Android: Chrome or Edge. iPhone and iPad: the app "
        "Bluefy. Windows, macOS, Linux: Chrome or Edge."
    ),
    "insecure": say("Bluetooth works on pages over HTTPS only: open this page with https://"),
    "off": say("Bluetooth is switched off, or this browser may not use it: look in the settings"),
    "none": say("No board was chosen"),
    "pairing": say(
        "The board did not accept the pairing. Enter the six digits that its display shows; "
        "without a display, an installer reads them at the PC port. After wrong tries it refuses "
        "for a while."
    ),
    "service": say(
        "This board offers no settings over Bluetooth: its controller cannot pair securely. The "
        "PC port (RS485-2) does everything."
    ),
    "lost": say("The link broke: go closer to the board and try again"),
}


def why(word: str) -> Said:
    return WHY.get(word, WHY["lost"])


def build(ui: Ui, app: Any) -> None:
    station = app.station
    with ui.card(say("Connect to a board")):
        if station.link == "opening":
            ui.note("info", say("Connecting. The phone may ask for the board's six digits."))
        else:
            ui.text(
                say(
                    "Stand within ten metres. The phone lists the boards in sight; their names "
                    "begin with the one that was set, as shipped with Cellwarden."
                )
            )
        if station.trouble is not None and station.link == "opening":
            ui.note("bad", station.trouble.args[0])
            kept = app.keep.setdefault("connect", {"unit": str(app.unit)})
            ui.field(
                "connect.unit", say("Device number"), kept["unit"], lambda v: kept.update(unit=v)
            )
            ui.button("connect.unit.set", say("Try this number"), lambda _: _number(app, kept))
        ui.button(
            "connect.find",
            say("Find a board"),
            lambda _: _connect(app, "find"),
            kind="main",
            off=station.link == "opening",
        )
        if app.bridge.known_name():
            ui.button(
                "connect.again",
                say("Connect to {name} again", name=app.bridge.known_name()),
                lambda _: _connect(app, "again"),
                off=station.link == "opening",
            )
        if station.link == "opening":
            ui.button("connect.stop", say("Cancel"), lambda _: app.bridge.disconnect())
    trouble = app.bridge.unable()
    if trouble:
        ui.note("bad", why(trouble))


def _number(app: Any, kept: dict[str, Any]) -> None:
    if not kept["unit"].isdigit() or not 1 <= int(kept["unit"]) <= 247:
        raise BadInput(say("a device number is 1 to 247"))
    app.call_it(int(kept["unit"]))


def _connect(app: Any, kind: str) -> None:
    app.station.link = "opening"
    app.station.trouble = None
    app.bridge.connect(kind)
