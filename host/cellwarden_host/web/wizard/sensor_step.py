"""Wizard, step 3: which temperature sensors are fitted, and where each of them is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import ui

from ... import catalog
from ...commissioning import progress as stages
from ...commissioning import set_up
from ...commissioning.warming import Warming
from ...words import listed, say
from ...words import schema as schema_words
from .dialog import Wizard, skip_row

_TEMPS = catalog.READING["temp_dc"]
_ABOUT = say(
    "Tick the sensors that are fitted. Then warm each one between two fingers, one after the "
    "other: the board sees which one rises, so a sensor that hangs on the wrong input is found."
)
_MEANS = say(
    "The sensors stay as ticked. Whether each one is where it is said to be, nobody has seen."
)


def build(wizard: Wizard) -> Callable[[], None]:
    tr, view, progress = wizard.tr, wizard.view, wizard.progress
    ui.label(tr(_ABOUT)).classes("cw-text")
    look = wizard.look()
    fitted_now = look.settings.known("temps_fitted") if look is not None else 0
    boxes: list[ui.checkbox] = []
    labels: list[ui.label] = []
    icons: list[ui.icon] = []
    with ui.column().classes("gap-0 w-full"):
        for i in range(_TEMPS.count):
            with ui.row().classes("items-center no-wrap gap-2 w-full"):
                icons.append(ui.icon("thermostat").classes("text-h6"))
                boxes.append(
                    ui.checkbox(
                        tr(schema_words.element(_TEMPS, i)), value=bool(fitted_now >> i & 1)
                    ).props(f"data-testid=wizard.sensor.{i + 1}")
                )
                labels.append(
                    ui.label()
                    .classes("cw-numbers")
                    .props(f"data-testid=wizard.sensor.{i + 1}.state")
                )
    state = _State(fitted_now, progress.sensors)

    def ticked() -> int:
        return sum(1 << i for i, box in enumerate(boxes) if box.value)

    async def write() -> None:
        bits = ticked()
        await view.carry_out(lambda board: set_up.write_sensors(board, bits), done=None)

    def done() -> None:
        names = listed(schema_words.element(_TEMPS, i) for i in sorted(state.warming.found))
        wizard.finish(stages.SENSORS, True, say("Warmed and seen: {names}", names=names))

    with ui.row().classes("gap-2"):
        save = ui.button(tr(say("Write the sensors")), icon="save", on_click=write).props(
            "no-caps outline data-testid=wizard.sensors.write"
        )
        go = ui.button(tr(say("All sensors found")), icon="check", on_click=done).props(
            "no-caps data-testid=wizard.sensors.accept"
        )
    skip_row(wizard, stages.SENSORS, _MEANS)

    def refresh() -> None:
        seen = wizard.look()
        if seen is None:
            go.set_enabled(False)
            return
        fitted = seen.settings.known("temps_fitted")
        if fitted != state.fitted:
            state.expect(fitted, progress.sensors)
        warm = state.warming
        number = view.snapshot.number if view.snapshot is not None else -1
        if number != state.number:
            state.number = number
            found = warm.see(seen.values.all("temp_dc"))
            if found is not None:
                progress.found_sensor(found)
        for i, label in enumerate(labels):
            label.text = tr(_sensor_text(wizard, warm, i, seen.values.all("temp_dc")[i]))
            good = i in warm.found
            icons[i].name = "check_circle" if good else "thermostat"
            icons[i].classes(remove="cw-good").classes(add="cw-good" if good else "")
        save.set_enabled(ticked() != fitted)
        go.set_enabled(not warm.missing and ticked() == fitted)

    return refresh


class _State:
    """What is being waited for, and the look that was judged last."""

    def __init__(self, fitted: int, found: Sequence[int]) -> None:
        self.number = -1
        self.expect(fitted, found)

    def expect(self, fitted: int, found: Sequence[int]) -> None:
        self.fitted = fitted
        sensors = [i for i in range(_TEMPS.count) if fitted >> i & 1]
        self.warming = Warming(sensors, found)


def _sensor_text(wizard: Wizard, warming: Warming, sensor: int, count: int | None) -> str:
    shown = wizard.view.value(_TEMPS, count)
    if sensor in warming.found:
        return say("{temperature}, found", temperature=shown)
    if sensor in warming.missing:
        rise = warming.rise_dc.get(sensor, 0)
        return say("{temperature}, risen by {rise}", temperature=shown, rise=f"{rise / 10:.1f} °C")
    return say("{temperature}, not fitted", temperature=shown)
