"""Calibration, firmware, password, what this board is, language and light."""

from __future__ import annotations

from typing import Any

from ... import catalog
from ...board import Board
from ...words import CHINESE, ENGLISH, LANGUAGES, say, schema
from . import calibrate, firmware, password
from .ui import Ui

_TEXTS = (
    "board_name",
    "firmware_version",
    "machine_code",
    "serial_number",
    "bluetooth_address",
    "device_name",
)
_READINGS = ("manufactured_date_s", "uptime_s", "ble_pairing_failures", "ble_mtu", "restart_cause")
_SECTIONS = (
    ("calibrate", say("Calibration"), calibrate.build),
    ("firmware", say("Firmware update"), firmware.build),
)


def build(ui: Ui, app: Any) -> None:
    station = app.station
    if station.snapshot is not None:
        kept = app.keep.setdefault("more", {"open": ""})
        for key, title, draw in _SECTIONS:
            _section(ui, app, kept, key, title, draw)
        _access(ui, app)
        _device(ui, app)
    _app(ui, app)


def _section(ui: Ui, app: Any, kept: dict[str, Any], key: str, title: Any, draw: Any) -> None:
    is_open = kept["open"] == key

    def turn(_: Any) -> None:
        kept["open"] = "" if is_open else key

    with ui.fold("more." + key, title, is_open, turn):
        pass
    if is_open:
        draw(ui, app)


def _access(ui: Ui, app: Any) -> None:
    from .frame import lock_text

    with ui.card(say("Password"), key="access"):
        ui.pair(say("Session"), lock_text(app))
        ui.text(
            say(
                "Settings, switches and calibration are written in a session: the password is "
                "proved to the board and never sent. The session ends when it is unused, when the "
                "link ends, and when you lock it."
            ),
            level="small",
        )
        fresh = app.station.fresh
        with ui.line():
            locked = not app.station.role()
            text = say("Unlock") if locked else say("Lock")
            ui.button("access.lock", text, lambda _: password.pressed(app), off=not fresh)
            ui.button(
                "access.change",
                say("Change the password"),
                lambda _: password.ask_new(app),
                off=not fresh,
            )


def _device(ui: Ui, app: Any) -> None:
    station = app.station
    seen = station.snapshot
    kept = app.keep.setdefault("device", {"name": None})
    with ui.card(say("Device"), stale=not station.fresh, key="device"):
        for name in _TEXTS:
            row = catalog.NAMED.get(name)
            if row is not None and name in seen.texts:
                ui.pair(schema.title(row), seen.texts[name] or "-", key="device." + name)
        for name in _READINGS:
            row = catalog.READING.get(name)
            if row is not None and seen.get(name) is not None:
                ui.pair(schema.title(row), schema.value(row, seen.get(name)))
        held = seen.texts.get("device_name", "")
        text = held if kept["name"] is None else kept["name"]
        ui.field(
            "device.name",
            say("Bluetooth name"),
            text,
            lambda value: kept.update(name=value),
            mode="text",
            changed=text != held,
        )
        ui.button(
            "device.name.write",
            say("Write the name"),
            lambda _: _name(app, kept, text),
            off=text == held or not station.fresh,
        )
        _forget(ui, app)


def _forget(ui: Ui, app: Any) -> None:
    """Phones that have been paired, all at once."""
    command = catalog.COMMANDS["bluetooth_forget"]
    title = schema.title(command)

    def act() -> Any:
        return app.carry_out(lambda board: board.command(command.name, 1), role=command.role)

    ui.button(
        "device.forget",
        title,
        lambda _: app.confirm(title, schema.rest(command), title, act, danger=True),
        kind="danger",
        off=not app.station.fresh,
    )


def _name(app: Any, kept: dict[str, Any], text: str) -> Any:
    row = catalog.NAMED["device_name"]
    words = catalog.encode_text(row, text)

    def work(board: Board) -> None:
        board.write(row.address, words)

    return app.carry_out(work, then=lambda _: kept.update(name=None))


def _app(ui: Ui, app: Any) -> None:
    with ui.card(say("App"), key="app"):
        ui.choice(
            "app.language",
            say("Language"),
            [(code, LANGUAGES[code]) for code in (ENGLISH, CHINESE)],
            app.language,
            app.speak,
        )
        ui.choice(
            "app.theme",
            say("Light or dark"),
            [("", say("as the phone")), ("light", say("light")), ("dark", say("dark"))],
            app.theme,
            app.paint,
        )
        if app.station.link != "off":
            ui.button(
                "app.disconnect",
                say("Disconnect"),
                lambda _: app.bridge.disconnect(),
                off=app.task is not None,
            )
        ui.text(
            say("The app works without a network; it asks nobody but the board."), level="small"
        )
