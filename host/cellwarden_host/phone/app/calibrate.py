"""Calibration on the phone: zero, window, gain of the current; the charge by hand."""

from __future__ import annotations

from typing import Any

from ... import calibration, catalog, units
from ...board import Board
from ...problems import BadInput, Refused
from ...words import say, schema
from .ui import Ui

_SHOWN = ("current_ma", "current_offset_ma", "current_gain_ppm", "window_left_s")
_TRUE = catalog.READING["current_ma"]


def build(ui: Ui, app: Any) -> None:
    station = app.station
    seen, fresh = station.snapshot, station.fresh
    kept = app.keep.setdefault("calibrate", {"true": "", "way": -1, "soc": ""})
    with ui.card(say("Current calibration"), stale=not fresh, key="calibration"):
        calibrated = seen.setting("current_calibrated")
        ui.note("good" if calibrated else "warn", _CALIBRATED if calibrated else _UNCALIBRATED)
        for name in _SHOWN:
            row = catalog.NAMED[name]
            count = seen.get(name) if row.kind == "reading" else seen.setting(name)
            ui.pair(schema.title(row), schema.value(row, count), key="calibration." + name)
        ui.text(_ORDER, level="small")
        ui.button("calibrate.zero", say("1. Take the zero"), lambda _: _zero(app), off=not fresh)
        ui.button(
            "calibrate.window", say("2. Open the window"), lambda _: _window(app), off=not fresh
        )
        ui.field("calibrate.true", say("True current, A"), kept["true"], _keep(kept, "true"), "A")
        ui.choice(
            "calibrate.way",
            say("Direction"),
            [(-1, say("a load discharges")), (1, say("a charger charges"))],
            kept["way"],
            _keep(kept, "way"),
        )
        ui.button(
            "calibrate.gain", say("3. Take the gain"), lambda _: _gain(app, kept), off=not fresh
        )
    with ui.card(say("Charge"), stale=not fresh, key="charge"):
        row = catalog.READING["soc_permille"]
        ui.pair(say("Charge now"), schema.value(row, seen.get("soc_permille")))
        ui.field("calibrate.soc", say("Present charge, %"), kept["soc"], _keep(kept, "soc"), "%")
        ui.button("calibrate.soc.set", say("Set charge"), lambda _: _soc(app, kept), off=not fresh)


def _keep(kept: dict[str, Any], name: str) -> Any:
    def keep(value: Any) -> None:
        kept[name] = value

    return keep


def _zero(app: Any) -> Any:
    def told(taken: tuple[int, int]) -> None:
        app.note(
            "good",
            say(
                "Zero taken: {offset} is taken off from now on; the board shows {shown}",
                offset=calibration.amperes(taken[0]),
                shown=calibration.amperes(taken[1]),
            ),
        )

    return app.carry_out(calibration.take_zero, _TAKEN, then=told)


def _window(app: Any) -> Any:
    return app.carry_out(
        lambda board: board.command_value("calibration_window", 1),
        done=say("For ten minutes the outputs may work, with all protections on"),
    )


def _gain(app: Any, kept: dict[str, Any]) -> Any:
    try:
        true_ma = units.parse(_TRUE, kept["true"].replace(",", ".") + " A")
    except BadInput:
        raise Refused(say("Enter the current that a clamp meter or the load shows")) from None
    signed_ma = abs(true_ma) * kept["way"]

    def told(taken: tuple[int, int]) -> None:
        percent = (taken[0] - 1_000_000) / 10_000
        app.note(
            "good",
            say(
                "Calibrated: gain {gain}, the board now shows {shown}",
                gain=f"{percent:+.2f} %",
                shown=calibration.amperes(taken[1]),
            ),
        )

    def work(board: Board) -> Any:
        return calibration.take_gain(board, signed_ma)

    return app.carry_out(work, _TAKEN, then=told)


def _soc(app: Any, kept: dict[str, Any]) -> Any:
    row = catalog.READING["soc_permille"]
    try:
        permille = units.parse(row, kept["soc"].replace(",", ".") + " %")
    except BadInput:
        permille = -1
    if not 0 <= permille <= 1000:
        raise Refused(say("enter a charge from 0 to 100 %"))
    return app.carry_out(
        lambda board: calibration.set_soc(board, permille),
        done=say(
            "The board goes on counting from {percent} %", percent=units.number(row, permille)
        ),
    )


_TAKEN = say("Taken")
_CALIBRATED = say("Zero and gain have been taken")
_UNCALIBRATED = say("Not calibrated: the outputs stay off")
_ORDER = say(
    "Zero: with all outputs off, best with charger and load disconnected. Then open the window, "
    "let a known load of 2 A or more draw a steady current, and enter what it really is: the "
    "larger, the better."
)
