"""Part of the tab Update: zero and gain of the current, as the vendor's manual tells it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from nicegui import ui

from ... import calibration, catalog
from ...board import Board
from ...words import say
from ...words import schema as schema_words
from ..view import View

_SHOWN = ("current_ma", "current_offset_ma", "current_gain_ppm", "window_left_s")


def build(view: View) -> Callable[[], None]:
    """The card; its refresh."""
    with ui.card().classes("cw-card w-full"):
        ui.label(view.tr(say("Current calibration"))).classes("text-h6")
        with ui.row().classes("items-center no-wrap gap-2"):
            icon = ui.icon("help")
            state = ui.label().props("data-testid=calibration.state")
        with ui.element("div").classes("cw-pairs cw-numbers") as numbers:
            shown = {name: _pair(view, name) for name in _SHOWN}
        ui.label(view.tr(_ORDER)).classes("cw-text cw-small")
        with ui.row().classes("gap-2 items-center"):
            zero = _button(view, say("1. Take the zero"), "exposure_zero", "zero")
            window = _button(view, say("2. Open the window"), "timer", "window")
        with ui.row().classes("gap-2 items-center"):
            true = (
                ui.number(view.tr(say("True current, A")), min=2, step=0.1, format="%.2f")
                .props("dense data-testid=calibration.true")
                .classes("cw-field")
            )
            way = ui.select(
                {-1: view.tr(say("a load discharges")), 1: view.tr(say("a charger charges"))},
                value=-1,
                label=view.tr(say("Direction")),
            ).props("dense data-testid=calibration.way")
            gain = _button(view, say("3. Take the gain"), "tune", "gain")

    async def take_zero() -> None:
        taken = await view.carry_out(calibration.take_zero, done=None)
        if taken is not None:
            view.note(
                say(
                    "Zero taken: {offset} is taken off from now on; the board shows {shown}",
                    offset=calibration.amperes(taken[0]),
                    shown=calibration.amperes(taken[1]),
                )
            )

    async def open_window() -> None:
        await view.carry_out(
            lambda board: board.command_value("calibration_window", 1),
            done=say("For ten minutes the outputs may work, with all protections on"),
        )

    async def take_gain() -> None:
        if not true.value:
            ui.notify(view.tr(_NO_CURRENT), type="warning")
            return
        true_ma = int(Decimal(str(true.value)) * 1000) * int(way.value or -1)

        def work(board: Board) -> tuple[int, int]:
            return calibration.take_gain(board, true_ma)

        taken = await view.carry_out(work, done=None)
        if taken is not None:
            view.note(
                say(
                    "Calibrated: gain {gain}, the board now shows {shown}",
                    gain=f"{(taken[0] - 1_000_000) / 10_000:+.2f} %",
                    shown=calibration.amperes(taken[1]),
                )
            )

    zero.on_click(take_zero)
    window.on_click(open_window)
    gain.on_click(take_gain)

    def refresh() -> None:
        seen = view.snapshot
        calibrated = bool(seen and seen.setting("current_calibrated"))
        icon.name = "check_circle" if calibrated else "warning"
        icon.classes(
            add="cw-good" if calibrated else "cw-warn",
            remove="cw-warn" if calibrated else "cw-good",
        )
        state.text = view.tr(_CALIBRATED if calibrated else _UNCALIBRATED)
        for name, label in shown.items():
            row = catalog.NAMED[name]
            count = None
            if seen is not None:
                count = seen.get(name) if row.kind == "reading" else seen.setting(name)
            label.text = view.value(row, count)
        numbers.classes(
            add="" if view.fresh else "cw-stale", remove="cw-stale" if view.fresh else ""
        )
        for button in (zero, window, gain):
            button.set_enabled(view.fresh)

    refresh()
    return refresh


def _pair(view: View, name: str) -> ui.label:
    ui.label(view.tr(schema_words.title(catalog.NAMED[name]))).classes("cw-caption")
    return ui.label().props(f"data-testid=calibration.{name}")


def _button(view: View, text: str, icon: str, name: str) -> ui.button:
    return ui.button(view.tr(text), icon=icon).props(
        f"outline no-caps data-testid=calibration.{name}"
    )


_CALIBRATED = say("Zero and gain have been taken")
_UNCALIBRATED = say("Not calibrated: the outputs stay off")
_NO_CURRENT = say("Enter the current that a clamp meter or the load shows")
_ORDER = say(
    "Zero: with all outputs off, best with charger and load disconnected. Then open the window, "
    "let a known load of 2 A or more draw a steady current, and enter what it really is: the "
    "larger, the better."
)
