"""How each hazard is brought about: one row for every rule that forbids something.

A row says in what scene the pack stands, what happens to it physically, and how long the board
needs to notice beyond the rule's own delay (``notice_ms``: the period of that measurement, or
what the quantity itself counts up to). A rule that cannot be provoked by physics in reasonable
time stands in ``NOT_PHYSICAL`` with the reason and the test that shows it instead.

Cells, wires, chips and sensors count as in docs/faults.md. Currents: the pack's settings allow
40 A in and 80 A out; the meter's single failure reads 30 % low, so a hazard is well above its
limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cellwarden.tables import rules

from .scene import Scene

TICK_MS = 100
CELLS_MS = 100
CURRENT_MS = 25
TEMPS_MS = 1000
WIRES_MS = 10_000
START_MS = 200  # the self-test and the first cycle

CHARGER_MV = 102_000
CHARGE_MA = 25_000
LOAD_MA = 40_000
DRIVE_UP = 4350  # above level 2 of over-voltage
DRIVE_DOWN = 2400  # below level 2 of under-voltage

Act = Callable[[Scene], Any]


@dataclass(frozen=True)
class Provocation:
    """``act`` brings the hazard about in the scene ``stage``; ``undo`` takes it away."""

    rule: str
    stage: str  # one of stages.CONNECT
    how: str
    act: Act
    notice_ms: int = 0
    undo: Act | None = None
    settings: dict[str, int] = field(default_factory=dict)
    pack: dict[str, Any] = field(default_factory=dict)
    calibrated: bool = True
    where: int = 0  # the cell, wire or sensor that the journal must name
    sooner: str = ""  # another rule that acts on the same before this one can
    recover_ms: int = 0  # how long after ``undo`` it must have cleared; 0: judged elsewhere


def fault(name: str, *args: Any) -> Act:
    return lambda scene: scene.plant.inject(name, *args)


def cleared(name: str) -> Act:
    return lambda scene: scene.plant.clear(name)


def together(*acts: Act) -> Act:
    def act(scene: Scene) -> None:
        for one in acts:
            one(scene)

    return act


def warmth(places: tuple[int, ...], celsius: float) -> Act:
    """Zones of the battery (0-3), power board (4), balancing board (5) reach a temperature."""

    def act(scene: Scene) -> None:
        pack = scene.plant.pack
        pack.refresh()
        for place in places:
            pack.thermal.temp_c[place] = celsius
        pack.refresh()
        scene.plant.refresh()

    return act


def cells_at(numbers: range, mv: int) -> Act:
    return together(*(fault("cell", number, mv) for number in numbers))


def wish(**changes: int) -> Act:
    return lambda scene: scene.set(**changes)


def told(condition: str) -> Act:
    """What start-up (a lost record, the reset's cause) or the storage task tells the core."""
    return lambda scene: setattr(scene.controller.conditions, condition, 1)


def _no_settings(scene: Scene) -> None:
    scene.settings.load(b"torn", 4)


def _charger_falls_silent(scene: Scene) -> None:
    scene.each_second = None


BATTERY = (0, 1, 2, 3)
NO_DISCHARGE = {"discharge_wanted": 0}

P = Provocation
PROVOCATIONS = (
    # --- cell and pack voltages
    P("cell_ov1", "charging", "cell 7 rises to 4.25 V while a charger pushes",
      fault("cell", 7, 4250), CELLS_MS, together(cleared("cell"), cleared("charger_connect")),
      where=7, recover_ms=4000),
    P("cell_ov2", "charging", "cell 7 rises to 4.35 V while a charger pushes",
      fault("cell", 7, DRIVE_UP), 2 * CELLS_MS, cleared("cell"), where=7),
    P("cell_uv1", "discharging", "cell 5 falls to 2.7 V under load",
      fault("cell", 5, 2700), CELLS_MS, together(cleared("cell"), fault("load_remove")),
      where=5, recover_ms=10_000),
    P("cell_uv2", "discharging", "cell 5 falls to 2.4 V under load",
      fault("cell", 5, DRIVE_DOWN), 2 * CELLS_MS, cleared("cell"), where=5),
    # First under-voltage level 2 has to trip, and the switch has to have had its time.
    P("cell_uv2_flow", "discharging", "cell 5 at 2.4 V and the discharge MOSFET cannot open",
      together(fault("discharge_mosfet_stuck_on"), fault("cell", 5, DRIVE_DOWN)),
      2 * CELLS_MS + 500 + 2 * TICK_MS, cleared("cell")),
    P("pack_ov", "charging", "eight cells rise to 4.15 V, the pack to 94 V",
      cells_at(range(1, 9), 4150), CELLS_MS,
      together(cleared("cell"), cleared("charger_connect")),
      settings={"pack_ov_mv": 93_500, "pack_ov_recover_mv": 92_800}, recover_ms=4000),
    P("pack_uv", "discharging", "eight cells fall to 3.3 V, the pack to 87 V",
      cells_at(range(1, 9), 3300), CELLS_MS,
      together(cleared("cell"), fault("load_remove")),
      settings={"pack_uv_mv": 89_000, "pack_uv_recover_mv": 90_500}, recover_ms=10_000),
    P("cell_diff", "charging", "cell 5 is 0.86 V below the others",
      fault("cell", 5, 2980), CELLS_MS, cleared("cell"), where=5, recover_ms=11_000),
    # --- currents
    P("charge_oc", "charging", "the charger pushes 85 A, twice what is allowed",
      fault("charger_connect", CHARGER_MV, 85_000), CURRENT_MS,
      fault("charger_remove"), recover_ms=1000),
    P("discharge_continuous", "discharging", "the load draws 130 A for longer than it may",
      fault("load_connect", 130_000), CURRENT_MS, fault("load_remove"),
      settings={"discharge_continuous_delay_ms": 5000}, recover_ms=5000),
    P("discharge_oc", "discharging", "the load draws 232 A", fault("load_connect", 232_000),
      CURRENT_MS, fault("load_remove"), recover_ms=5000),
    P("discharge_peak", "discharging", "the load draws 400 A", fault("load_connect", 400_000),
      CURRENT_MS, fault("load_remove"), recover_ms=5000, sooner="fast_overcurrent"),
    P("fast_overcurrent", "discharging", "the load jumps to 500 A",
      fault("load_connect", 500_000), CURRENT_MS, fault("load_remove"), recover_ms=5000),
    P("short_circuit", "discharging", "the load becomes a short of 20 milliohm",
      fault("load_short"), CURRENT_MS, cleared("load_short")),
    # --- temperatures
    P("charge_ot", "charging", "the battery is 48 degC warm", warmth(BATTERY, 48.0), TEMPS_MS,
      warmth(BATTERY, 38.0), recover_ms=6500),
    P("charge_ut", "charging", "the battery is at -5 degC", warmth(BATTERY, -5.0), TEMPS_MS,
      warmth(BATTERY, 7.0), recover_ms=6500),
    P("discharge_ot", "discharging", "the battery is 68 degC warm", warmth(BATTERY, 68.0),
      TEMPS_MS, warmth(BATTERY, 58.0), recover_ms=6500),
    P("discharge_ut", "discharging", "the battery is at -25 degC", warmth(BATTERY, -25.0),
      TEMPS_MS, warmth(BATTERY, -12.0), recover_ms=6500),
    P("power_ot", "discharging", "the power board is 110 degC hot", warmth((4,), 110.0),
      TEMPS_MS, warmth((4,), 80.0), where=5, recover_ms=6500),
    P("balance_ot", "balancing", "the balancing board is 85 degC hot", warmth((5,), 85.0),
      TEMPS_MS, warmth((5,), 50.0), where=6, recover_ms=6500),
    # --- measurement: the pack is well, but nobody knows
    P("cells_lost", "charging", "front end 2 falls silent", fault("chip_silent", 2), CELLS_MS,
      cleared("chip_silent"), recover_ms=8000),
    P("current_lost", "charging", "the shunt monitor falls silent", fault("ina_silent"),
      CURRENT_MS, cleared("ina_silent"), recover_ms=4000),
    P("temps_lost", "discharging", "the front end with the thermistors falls silent",
      fault("chip_silent", 1), TEMPS_MS, cleared("chip_silent"), recover_ms=13_000),
    P("pack_lost", "charging", "the divider's lower resistor breaks: the input is at its end",
      fault("adc_stuck", "pack", 4095), CELLS_MS, cleared("adc_stuck"), recover_ms=4000),
    # A check every 10 s, and a second one has to agree.
    P("open_wire", "charging", "sense wire 7 breaks", fault("open_wire", 7),
      WIRES_MS + 1000, cleared("open_wire"), where=7, recover_ms=12_000),
    P("sum_mismatch", "charging", "the pack divider reads 10 % low",
      fault("pack_adc_gain", 900), 3 * CELLS_MS, cleared("pack_adc_gain"), recover_ms=3000),
    P("temps_part", "charging", "one zone is 22 degC warmer than the others",
      together(warmth(BATTERY, 18.0), warmth((2,), 41.0)), TEMPS_MS, warmth(BATTERY, 20.0),
      recover_ms=6500),
    P("sensor_fault", "charging", "the wire of sensor 2 breaks", fault("sensor_open", 2),
      TEMPS_MS, cleared("sensor_open"), where=2, recover_ms=3500),
    P("stray_voltage", "start", "24 cells are wired to a board that is set to 22",
      lambda scene: None, 3 * CELLS_MS, settings={"cell_count": 22}),
    # --- switches
    P("charge_stuck_on", "charging", "charging is switched off, the MOSFET cannot open",
      together(fault("charge_mosfet_stuck_on"), wish(charge_wanted=0)),
      3 * CURRENT_MS + 2 * TICK_MS),
    P("discharge_stuck_on", "discharging", "discharging is switched off, the MOSFET cannot open",
      together(fault("discharge_mosfet_stuck_on"), wish(discharge_wanted=0)),
      3 * CURRENT_MS + 2 * TICK_MS),
    P("charge_stuck_off", "charging", "the charge driver does not follow its command",
      fault("feedback_stuck", "charge", 0), 3 * TICK_MS, cleared("feedback_stuck")),
    P("discharge_stuck_off", "discharging", "the discharge driver does not follow its command",
      fault("feedback_stuck", "discharge", 0), 3 * TICK_MS, cleared("feedback_stuck")),
    P("charge_feedback_on", "resting", "the charge driver is on against its command",
      together(wish(charge_wanted=0), fault("feedback_stuck", "charge", 1)), 3 * TICK_MS + 500,
      cleared("feedback_stuck")),
    P("discharge_feedback_on", "resting", "the discharge driver is on against its command",
      together(wish(discharge_wanted=0), fault("feedback_stuck", "discharge", 1)),
      3 * TICK_MS + 500, cleared("feedback_stuck")),
    # Three tries of at most the time-out, 10 s between them; then the latch.
    P("precharge_short", "cold start", "the load is a short before discharging begins",
      fault("load_short"), 3 * 600 + 2 * 10_000 + 2000),
    P("precharge_stuck", "cold start", "the precharge branch is broken",
      fault("precharge_stuck_off"), 3 * 700 + 2 * 10_000 + 2000,
      settings={"precharge_timeout_ms": 500}),
    # --- a switch that cannot open when it must: first the temperature's delay, then the rest
    P("charge_unstopped", "charging", "the battery is 48 degC warm, the charge MOSFET stays on",
      together(fault("charge_mosfet_stuck_on"), warmth(BATTERY, 48.0)),
      TEMPS_MS + 5000 + 2 * TICK_MS + 10 * CURRENT_MS, warmth(BATTERY, 38.0)),
    P("discharge_unstopped", "discharging",
      "the battery is 68 degC warm, the discharge MOSFET stays on",
      together(fault("discharge_mosfet_stuck_on"), warmth(BATTERY, 68.0)),
      TEMPS_MS + 5000 + 2 * TICK_MS + 10 * CURRENT_MS, warmth(BATTERY, 38.0)),
    # --- state of the board
    P("settings_lost", "start", "both copies of the settings are torn", _no_settings,
      START_MS),
    P("uncommissioned", "start", "nobody has confirmed chemistry, cells and capacity",
      lambda scene: None, START_MS, settings={"confirmed": 0}),
    P("uncalibrated", "start", "nobody has calibrated the current", lambda scene: None,
      START_MS, calibrated=False),
    P("self_test", "start", "a front end's multiplexer is broken", fault("chip_mux_fail", 1),
      START_MS),
    P("state_lost", "start", "both copies of what was latched before the restart are torn",
      told("state_lost"), START_MS),
    P("charger_silent", "special charging", "the special charger's messages end",
      _charger_falls_silent, 5000 + 1000, settings={"special_charger": 1}, recover_ms=0),
)  # fmt: skip

# rule: (why no physics here, test that shows it instead)
NOT_PHYSICAL = {
    "deep_discharge": (
        "it takes an hour below 2 V, and under-voltage level 2 has opened everything long before",
        "tests/core/test_protection.py::test_deep_discharge_takes_an_hour",
    ),
    "cells_frozen": (
        "the driver clears the chips' results before each conversion, so that a frozen front end"
        " is found as lost cells before this second line can see it",
        "tests/system/test_safety_rules.py::test_cells_that_stand_still_while_the_current_moves",
    ),
    "open_wire_unknown": (
        "whatever keeps the check from ending loses the cells as well, and much sooner",
        "tests/system/test_safety_rules.py::test_wires_that_cannot_be_checked_open_everything",
    ),
    "heater_fault": (
        "it takes 20 minutes, and what it prevents is wasted charge",
        "tests/core/test_heater.py::test_heat_that_does_not_warm_is_a_fault_until_a_person_looks",
    ),
}

BY_RULE = {p.rule: p for p in PROVOCATIONS}
FORBIDDING = tuple(rule for rule in rules.RULES if rule.forbids)


def missing() -> list[str]:
    """Forbidding rules that have neither a provocation nor a reason, and rows of no rule."""
    known = set(BY_RULE) | set(NOT_PHYSICAL)
    names = {rule.name for rule in FORBIDDING}
    doubled = set(BY_RULE) & set(NOT_PHYSICAL)
    return sorted((names - known) | (known - names) | doubled)
