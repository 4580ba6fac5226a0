"""What can go wrong with a pack, which rules stand against it, and what hardware must do alone.

Tables for docs/safety.md. Every rule that forbids something stands against at least one hazard.
"""

from __future__ import annotations

from dataclasses import dataclass

from cellwarden.tables import rules


@dataclass(frozen=True)
class Hazard:
    """``seen_by``: what detects it; ``hardware``: what stands behind the rules, or before."""

    name: str
    harm: str
    seen_by: str
    rules: tuple[str, ...]
    hardware: str = ""


HAZARDS = (
    Hazard("Cells are overcharged", "venting, fire",
           "every cell at 10 Hz (LTC6811); the stack through a divider",
           ("cell_ov1", "cell_ov2", "pack_ov", "cell_diff"), "secondary disconnect"),
    Hazard("Cells are over-discharged", "copper dissolves; fire at a later charge",
           "every cell at 10 Hz; the stack through a divider",
           ("cell_uv1", "cell_uv2", "cell_uv2_flow", "pack_uv", "deep_discharge"),
           "secondary disconnect, when current goes on below level 2"),
    Hazard("Too much current", "overheated cells, cables, MOSFETs",
           "the shunt every 25 ms (INA228), its alert within a millisecond",
           ("charge_oc", "discharge_continuous", "discharge_oc", "discharge_peak",
            "fast_overcurrent"), "the shunt monitor's alert; the comparator above it"),
    Hazard("Short circuit", "explosion of MOSFETs, arc", "a comparator on the shunt",
           ("short_circuit", "precharge_short"),
           "the comparator latches the drivers off in less than 100 microseconds"),
    Hazard("Charging or discharging too hot or too cold", "plating, venting, fire",
           "four thermistors on the battery, one on the power board, every second",
           ("charge_ot", "charge_ut", "discharge_ot", "discharge_ut", "power_ot", "temps_part")),
    Hazard("The balancing board or the heater overheats", "burn, fire",
           "a thermistor on the balancing board; the battery's own",
           ("balance_ot", "heater_fault"), "the chips' 2 s watchdog ends balancing"),
    Hazard("The board works blind", "any of the above, unseen",
           "the age of every reading, frame checks, self-tests, plausibility",
           ("cells_lost", "current_lost", "temps_lost", "pack_lost", "open_wire",
            "sum_mismatch", "cells_frozen", "sensor_fault", "stray_voltage", "self_test",
            "open_wire_unknown"),
           "without ticks the gates open after 500 ms"),
    Hazard("A switch does not obey", "nothing above can be ended",
           "current against an open switch; the gates' feedback",
           ("charge_stuck_on", "discharge_stuck_on", "charge_stuck_off", "discharge_stuck_off",
            "charge_feedback_on", "discharge_feedback_on", "charge_unstopped",
            "discharge_unstopped"), "secondary disconnect"),
    Hazard("Inrush into an empty load", "welded contacts, dead MOSFETs",
           "bus voltage and current while precharging", ("precharge_short", "precharge_stuck"),
           "the comparator"),
    Hazard("The board does not know its pack", "limits of another chemistry",
           "settings with checksum, two copies, a person's confirmation",
           ("settings_lost", "uncommissioned", "uncalibrated", "state_lost"),
           "gates are pulled down"),
    Hazard("A charger that must be talked to is silent", "charging without agreement",
           "messages on RS485-1", ("charger_silent",)),
    Hazard("A firmware that is damaged, a stranger's, or does not work",
           "any of the above, unseen",
           "signature and hashes before it is installed, hashes at a start, three starts on trial"
           " (docs/updates.md; tests/system/test_rollback.py, test_power_cuts.py)", (),
           "watchdog; the other firmware runs again; with none all gates stay open"),
)  # fmt: skip

# (what, within, why software cannot do it, what shows it in the simulator)
HARDWARE = (
    ("Short-circuit comparator, latched into the gate drivers", "100 µs",
     "a tick takes milliseconds, and the processor stands still while flash is erased",
     "tests/system/test_safety_rules.py::test_a_hazard_ends_within_the_promised_time"
     "[short_circuit]"),
    ("One-shot that enables the gates only while the heartbeat comes", "500 ms",
     "a crash, Ctrl-C, a raw REPL, a hung bus",
     "tests/system/test_safety_rules.py::test_the_gates_open_when_the_firmware_hangs"),
    ("Watchdog", "2 s", "firmware that hangs stays hung",
     "tests/system/test_safety_rules.py::test_the_gates_open_when_the_firmware_hangs"),
    ("Pull-downs on all gates", "at once", "pins float in reset",
     "tests/system/test_safety_rules.py::test_the_gates_open_when_the_firmware_hangs"),
    ("Secondary disconnect (fuse or shunt trip), fired by its own pin", "level 2's delay",
     "a MOSFET that has failed closed cannot be opened, and the body diode charges",
     "tests/system/test_safety_rules.py::test_current_that_no_switch_stops_fires_the_disconnect"),
    ("Isolated ports on boards above 60 V", "always",
     "a USB or RS485 ground bypasses low-side MOSFETs and is dangerous to touch", ""),
    ("Cell monitors' own watchdog", "2 s", "balancing must end when nobody talks to them", ""),
)  # fmt: skip


def without_hazard() -> list[str]:
    """Forbidding rules that stand against nothing, and names that are no rule's."""
    named = {name for hazard in HAZARDS for name in hazard.rules}
    return sorted({rule.name for rule in rules.RULES if rule.forbids} ^ named)
