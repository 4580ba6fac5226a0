"""Pairs that no firmware can win, each with its reason; they are counted in the matrix.

Only a second failure, independent of the first, is a reason: a hazard that is itself a failed
part, meeting the failure of what stands behind it. A pair that is won after all must not stand
here: a test says so.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Argued:
    """Every rule of ``rules`` with every fault of ``faults`` (named as in the matrix)."""

    rules: tuple[str, ...]
    faults: tuple[str, ...]
    reason: str


ARGUED = (
    Argued(
        (
            "cell_uv2_flow",
            "charge_stuck_on",
            "discharge_stuck_on",
            "charge_unstopped",
            "discharge_unstopped",
        ),
        ("secondary_dead",),
        "The hazard is a MOSFET that cannot open; a disconnect that cannot fire is a second,"
        " independent failure. All that can open is open, the limits told are 0 A, the buzzer"
        " sounds danger, and the fault is latched.",
    ),
    Argued(
        ("cell_uv2_flow", "discharge_stuck_on", "discharge_unstopped"),
        ("ina_silent", "ina_stuck", "i2c_stuck"),
        "The hazard is a discharge MOSFET that cannot open; a current meter that is lost is a"
        " second failure. Without it nobody can tell a load from none, and a resting empty pack"
        " must not blow its fuse. All that can open is open, and danger is sounded.",
    ),
    Argued(
        ("current_lost",),
        ("discharge_mosfet_stuck_on",),
        "As before: the meter is lost and the discharge MOSFET cannot open. A charge that goes"
        " on is still ended by level 2 of over-voltage, which needs no meter.",
    ),
)


def reason(rule: str, fault: str) -> str:
    """Why this pair may fail; "" for all that must not."""
    for row in ARGUED:
        if rule in row.rules and fault in row.faults:
            return row.reason
    return ""
