"""Before a chemistry's defaults are written: what stands against it, what a person has to know.

Free of any page.
"""

from __future__ import annotations

from .web.snapshot import Snapshot
from .words import Said, say

_SODIUM = ("na_layered", "na_polyanion")


def against(seen: Snapshot, problem: str | None) -> list[str]:
    """Why the board would refuse it now."""
    found = [problem] if problem else []
    if seen.get("charge_switch") or seen.get("discharge_switch") or seen.get("precharge_switch"):
        found.append(say("Outputs are on: switch charge and discharge off below first."))
    return found


def warnings(name: str) -> list[Said]:
    found = [
        say(
            "Wrong limits damage cells or set them on fire: look at the cell's data sheet. The "
            "set-up has to be confirmed again afterwards."
        )
    ]
    if name in _SODIUM:
        found.append(
            say(
                "Sodium-ion is not one chemistry; these figures are ours, from published cell "
                "data. Compare every limit with your cell's."
            )
        )
    return found
