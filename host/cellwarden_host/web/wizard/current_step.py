"""Wizard, steps 4 and 6: the current's zero with everything off, its gain under a known load."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from nicegui import ui

from ... import calibration, catalog
from ...commissioning import progress as stages
from ...words import say
from ...words import schema as schema_words
from .dialog import Wizard, skip_row

_CURRENT = catalog.READING["current_ma"]
_ZERO = say(
    "With everything off no current flows: what is measured now becomes the zero. Disconnect "
    "charger and load if you can."
)
_GAIN = say(
    "Open the calibration window: for ten minutes the outputs may work, with all protections on. "
    "Let a known, steady load of 2 A or more draw its current, the larger the better, and enter "
    "what it really is."
)
_MEANS = say(
    "Without a gain the board stays uncalibrated: outside of the window no output works, and no "
    "protection can be proved."
)


def build_zero(wizard: Wizard) -> Callable[[], None]:
    tr, view = wizard.tr, wizard.view
    ui.label(tr(_ZERO)).classes("cw-text")
    shown = ui.label().classes("cw-big").props("data-testid=wizard.zero.current")

    async def take() -> None:
        go.disable()
        taken = await view.carry_out(calibration.take_zero, done=None)
        if taken is not None:
            said = say(
                "{offset} is taken off from now on; the board shows {shown}",
                offset=calibration.amperes(taken[0]),
                shown=calibration.amperes(taken[1]),
            )
            wizard.finish(stages.ZERO, True, said)

    go = ui.button(tr(say("Take the zero")), icon="exposure_zero", on_click=take).props(
        "no-caps data-testid=wizard.zero.take"
    )

    def refresh() -> None:
        look = wizard.look()
        shown.text = view.value(_CURRENT, look.values.one("current_ma") if look else None)
        go.set_enabled(look is not None)

    return refresh


def build_gain(wizard: Wizard) -> Callable[[], None]:
    tr, view = wizard.tr, wizard.view
    ui.label(tr(_GAIN)).classes("cw-text")
    shown = ui.label().classes("cw-big").props("data-testid=wizard.gain.current")
    told = ui.label().classes("cw-text").props("role=status data-testid=wizard.gain.state")

    async def open_window() -> None:
        await view.carry_out(
            lambda board: board.command_value("calibration_window", 1),
            done=None,
        )

    async def take() -> None:
        if not true.value:
            return
        true_ma = int(Decimal(str(true.value)) * 1000) * int(way.value or -1)
        taken = await view.carry_out(
            lambda board: calibration.take_gain(board, true_ma), done=None
        )
        if taken is not None:
            said = say(
                "Gain {gain}; the board shows {shown} for {true}",
                gain=f"{(taken[0] - 1_000_000) / 10_000:+.2f} %",
                shown=calibration.amperes(taken[1]),
                true=calibration.amperes(true_ma),
            )
            wizard.finish(stages.GAIN, True, said)

    with ui.row().classes("items-end gap-2"):
        window = ui.button(tr(say("Open the window")), icon="timer", on_click=open_window).props(
            "no-caps outline data-testid=wizard.gain.window"
        )
        true = (
            ui.number(tr(say("True current, A")), min=2, step=0.1)
            .props("dense data-testid=wizard.gain.true")
            .classes("cw-field")
        )
        way = ui.select(
            {-1: tr(say("a load discharges")), 1: tr(say("a charger charges"))},
            value=-1,
            label=tr(say("Direction")),
        ).props("dense")
        go = ui.button(tr(say("Take the gain")), icon="tune", on_click=take).props(
            "no-caps data-testid=wizard.gain.take"
        )
    skip_row(wizard, stages.GAIN, _MEANS)

    def refresh() -> None:
        look = wizard.look()
        if look is None:
            go.set_enabled(False)
            return
        shown.text = view.value(_CURRENT, look.values.one("current_ma"))
        seconds = look.values.known("window_left_s")
        on = bool(look.values.known("discharge_switch"))
        if not on and not seconds:
            told.text = tr(say("The outputs are off"))
        elif not on:
            rule = look.values.one("discharge_off_rule")
            why = schema_words.rule(rule) if rule is not None else say("samples, precharge")
            told.text = tr(say("The outputs come on when they may; waiting for: {why}", why=why))
        elif seconds:
            told.text = tr(say("The outputs are on; window: {seconds} s", seconds=seconds))
        else:
            told.text = tr(say("The outputs are on"))
        window.set_enabled(not seconds)
        go.set_enabled(bool(true.value))

    return refresh
