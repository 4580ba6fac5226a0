"""How each rule that opens a gate is brought to open it, by physics: one row a rule.

A case injects ``faults`` of the simulator at one moment, the crossing of the limit, into a
board that is on. ``before`` and ``settings`` make the ground for it. What cannot be brought
about at the gates says why in ``NOT_AT_THE_GATES``; no rule that opens a gate may be missing
from both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cellwarden.tables import rules

CHARGE, DISCHARGE = "charge", "discharge"
Fault = tuple[Any, ...]


@dataclass(frozen=True)
class Case:
    """``gate`` is the one whose opening is timed; ``extra_ms`` is delay that is in the
    quantity itself (samples to be counted, silence to be noticed)."""

    rule: str
    gate: str
    faults: tuple[Fault, ...]
    before: tuple[Fault, ...] = ()
    settings: dict[str, int] = field(default_factory=dict)
    extra_ms: int = 0
    settle_ms: int = 1500
    charger_talks: bool = False


def _sensors(dc: int) -> tuple[Fault, ...]:
    """All four battery sensors: one alone would part from the others."""
    return tuple(("sensor_value", sensor, dc) for sensor in (1, 2, 3, 4))


_CHARGE_OFF = {"charge_wanted": 0}
_DISCHARGE_OFF = {"discharge_wanted": 0}

CASES = (
    Case("cell_ov1", CHARGE, (("cell", 7, 4250),)),
    Case("cell_ov2", CHARGE, (("cell", 7, 4350),)),
    Case("cell_uv1", DISCHARGE, (("cell", 7, 2700),)),
    Case("cell_uv2", DISCHARGE, (("cell", 7, 2450),)),
    Case("pack_ov", CHARGE, (("soc", 950),),
         settings={"pack_ov_mv": 94_000, "pack_ov_recover_mv": 93_000}),
    Case("pack_uv", DISCHARGE, (("soc", 100),),
         settings={"pack_uv_mv": 86_000, "pack_uv_recover_mv": 90_000}),
    Case("cell_diff", CHARGE, (("cell", 7, 2850),)),
    Case("charge_oc", CHARGE, (("current", 55_000),)),
    Case("discharge_continuous", DISCHARGE, (("current", -90_000),)),
    Case("discharge_oc", DISCHARGE, (("current", -170_000),)),
    Case("discharge_peak", DISCHARGE, (("current", -260_000),)),
    Case("fast_overcurrent", DISCHARGE, (("current", -260_000),)),
    Case("charge_ot", CHARGE, _sensors(470)),
    Case("charge_ut", CHARGE, _sensors(-20)),
    Case("discharge_ot", DISCHARGE, _sensors(670)),
    Case("discharge_ut", DISCHARGE, _sensors(-220)),
    Case("power_ot", CHARGE, (("sensor_value", 5, 920),)),
    Case("cells_lost", CHARGE, (("chip_silent", 2),)),
    Case("current_lost", CHARGE, (("ina_silent",),)),
    Case("pack_lost", CHARGE, (("adc_stuck", "pack", 4095),)),
    # A check every 10 s, and a second one that agrees.
    Case("open_wire", CHARGE, (("open_wire", 7),), settle_ms=6000),
    Case("sum_mismatch", CHARGE, (("pack_adc_gain", 950),)),
    Case("temps_part", CHARGE, (("sensor_value", 1, 30),)),
    Case("cells_frozen", CHARGE, (("cells_frozen", 1), ("cells_frozen", 2), ("current", -30_000)),
         extra_ms=800),
    Case("sensor_fault", CHARGE, (("sensor_open", 1),)),
    # A charge of 20 A passes the stuck switch; discharging is what is left to open.
    Case("charge_stuck_on", DISCHARGE, (("current", 20_000),),
         before=(("charge_mosfet_stuck_on",),), settings=_CHARGE_OFF),
    Case("discharge_stuck_on", CHARGE, (("current", -20_000),),
         before=(("no_load_capacitor",), ("discharge_mosfet_stuck_on",)), settings=_DISCHARGE_OFF),
    Case("charge_stuck_off", CHARGE, (("feedback_stuck", "charge", 0),)),
    Case("discharge_stuck_off", DISCHARGE, (("feedback_stuck", "discharge", 0),)),
    Case("charge_feedback_on", DISCHARGE, (("feedback_stuck", "charge", 1),),
         settings=_CHARGE_OFF),
    Case("discharge_feedback_on", CHARGE, (("feedback_stuck", "discharge", 1),),
         settings=_DISCHARGE_OFF),
    # The charger's last word is the crossing; it may be silent for 5 s.
    Case("charger_silent", CHARGE, (), settings={"special_charger": 1}, extra_ms=5000,
         charger_talks=True),
)  # fmt: skip

_AT_START = "known before anything has been switched on: no gate is there to be opened"
NOT_AT_THE_GATES = {
    "cell_uv2_flow": "fires the secondary disconnect, after cell_uv2 has opened both gates",
    "charge_unstopped": "fires the secondary disconnect, after charge_stuck_on has opened both",
    "discharge_unstopped": "the same, after discharge_stuck_on",
    "deep_discharge": "cell_uv2 has opened both gates an hour before",
    "short_circuit": "the comparator opens the gates by itself; the firmware only learns of it",
    "temps_lost": "thermistors come through the front ends: cells_lost opens long before",
    "stray_voltage": "24 cells take every channel of this board; there is no unused one",
    "open_wire_unknown": "no single fault stops the check of the wires and leaves the cells known",
    "precharge_short": "the discharge switch is still off when precharge fails",
    "precharge_stuck": "the discharge switch is still off when precharge fails",
    "settings_lost": _AT_START,
    "uncommissioned": _AT_START,
    "uncalibrated": _AT_START,
    "self_test": _AT_START,
    "state_lost": _AT_START,
}


def openers() -> Iterator[rules.Rule]:
    """Every rule that forbids charging or discharging."""
    for rule in rules.RULES:
        if {CHARGE, DISCHARGE} & set(rule.forbids):
            yield rule
