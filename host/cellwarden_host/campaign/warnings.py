"""How each rule that only warns is brought about: rows like those of provocations.py.

``notice_ms`` is how long it may take in all. Nothing opens for these, so they have no place in
the matrix; a test shows that each is reached, and told in the journal.
"""

from __future__ import annotations

from cellwarden.cell_leak import WHERE, WORST
from cellwarden.tables import rules

from .provocations import BATTERY, CHARGER_MV, Provocation, fault, together, told, warmth
from .scene import Scene


def _late(scene: Scene) -> None:
    scene.world.hang(300)


def _no_disconnect(scene: Scene) -> None:
    scene.controller.readings.secondary_fitted = False


def _leaks(scene: Scene) -> None:
    """What days of looks at the cells come to (tests/host/test_early_warnings.py has the days)."""
    leak = scene.controller.cells.charge.leak
    leak.facts[WORST], leak.facts[WHERE] = 25, 5


def _nothing(scene: Scene) -> None:
    pass


P = Provocation
WARNINGS = (
    P("cell_ov_warn", "charging", "cell 7 rises to 4.19 V", fault("cell", 7, 4190), 2300),
    P("cell_uv_warn", "discharging", "cell 5 falls to 2.95 V", fault("cell", 5, 2950), 2300),
    P("ov_still_charging", "charging", "cell 7 at 4.25 V and the charge MOSFET cannot open",
      together(fault("charge_mosfet_stuck_on"), fault("cell", 7, 4250)), 4600),
    P("uv_still_discharging", "discharging", "cell 5 at 2.7 V, the discharge MOSFET stays on",
      together(fault("discharge_mosfet_stuck_on"), fault("cell", 5, 2700)), 4600),
    P("cell_diff_warn", "charging", "cell 5 is 0.35 V below the others",
      fault("cell", 5, 3500), 10_300),
    P("charge_current_warn", "charging", "the charger pushes 44 A",
      fault("charger_connect", CHARGER_MV, 44_000), 1300),
    P("discharge_current_warn", "discharging", "the load draws 82 A",
      fault("load_connect", 82_000), 2500),
    P("charge_ot_warn", "charging", "the battery is 42 degC warm", warmth(BATTERY, 42.0), 6300),
    P("charge_ut_warn", "charging", "the battery is at 3 degC", warmth(BATTERY, 3.0), 6300),
    P("discharge_ot_warn", "discharging", "the battery is 62 degC warm", warmth(BATTERY, 62.0),
      6300),
    P("discharge_ut_warn", "discharging", "the battery is at -17 degC", warmth(BATTERY, -17.0),
      6300),
    P("power_ot_warn", "discharging", "the power board is 88 degC hot", warmth((4,), 88.5), 6300),
    P("cells_stale", "charging", "front end 2 falls silent", fault("chip_silent", 2), 700),
    P("precharge_no_capacitor", "cold start", "the load has no capacitor",
      fault("no_load_capacitor"), 3000),
    P("lease_ended", "start", "the paid time is over", _nothing, 3000,
      settings={"lease_mode": 1, "lease_end": 1}),
    P("watchdog_restart", "start", "the watchdog has bitten", told("watchdog_restart"), 300),
    P("tick_late", "charging", "the processor is held up for 0.3 s", _late, 300),
    P("soc_low", "charging", "60 % left where the alarm is set to 70 %", _nothing, 8000,
      settings={"soc_low_percent": 70}),
    P("factory_password", "start", "nobody has changed the password", _nothing, 300),
    P("no_secondary", "start", "the board has no disconnect", _no_disconnect, 300),
    P("storage_failed", "charging", "the disk is full", told("storage_failed"), 300),
    P("cell_leak", "charging", "cell 5 is found to lose 0.25 % a day", _leaks, 700),
    P("self_heating", "charging", "one sensor of the battery is 12 degC warmer than before",
      warmth((1,), 37.0), 40_000),
)  # fmt: skip

BY_RULE = {p.rule: p for p in WARNINGS}


def missing() -> list[str]:
    """Rules that only warn and have no row, and rows of no such rule."""
    return sorted({r.name for r in rules.RULES if not r.forbids} ^ set(BY_RULE))
