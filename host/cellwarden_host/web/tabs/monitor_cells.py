"""What the grid of cells shows: voltages, highest, lowest, balancing, cut wires, the bars' scale.

Free of the browser. Only the cells that the pack has; one whose voltage is not known is absent.
"""

from __future__ import annotations

from typing import Any

from ..snapshot import Snapshot

# The bars span the pack's own spread, but never less than this: noise must not look like trouble.
LEAST_SPAN_MV = 40
HEALTH = ("cell_resistance", "cell_charge_diff", "cell_leak")
_WIRE_WORDS = (("open_wire_low", 0), ("open_wire_mid", 16), ("open_wire_top", 32))


def cell_count(seen: Snapshot) -> int:
    """Cells of the pack; 0 while the board has not been set up."""
    return seen.known("cells_in_series")


def shown(seen: Snapshot, whole_range: bool) -> dict[str, Any]:
    """The element's properties."""
    count = cell_count(seen)
    mv = seen.all("cell_mv")[:count]
    known = [one for one in mv if one is not None]
    apart = bool(known) and max(known) > min(known)
    limits = [seen.setting("cell_uv1_mv"), seen.setting("cell_ov1_mv")]
    low, high = scale(known, limits, whole_range)
    return {
        "mv": mv,
        "high": seen.known("cell_max_number") if apart else 0,
        "low": seen.known("cell_min_number") if apart else 0,
        "balanced": balanced(seen),
        "wires": beside_cut_wires(seen, count),
        "from": low,
        "to": high,
        "marks": [one for one in limits if one and low < one < high],
    }


def scale(known: list[int], limits: list[int | None], whole_range: bool) -> tuple[int, int]:
    """Where the bars begin and end."""
    if not known:
        return 0, 1
    low, high = min(known), max(known)
    if whole_range and limits[0] and limits[1]:
        margin = (limits[1] - limits[0]) // 10
        return min(low, limits[0] - margin), max(high, limits[1] + margin)
    span = max(high - low, LEAST_SPAN_MV)
    middle = (low + high) // 2
    return middle - span * 6 // 10, middle + span * 6 // 10


def balanced(seen: Snapshot) -> list[int]:
    """Numbers of the cells that are being balanced."""
    bits = seen.known("balancing_low") | seen.known("balancing_high") << 16
    return [i + 1 for i in range(32) if bits >> i & 1]


def cut_wires(seen: Snapshot) -> list[int]:
    """Sense wires that are cut: 0 is pack minus, n the top of cell n."""
    bits = sum(seen.known(name) << shift for name, shift in _WIRE_WORDS)
    return [i for i in range(33) if bits >> i & 1]


def beside_cut_wires(seen: Snapshot, count: int) -> list[int]:
    """Cells whose voltage a cut wire falsifies: the one below it and the one above."""
    beside = {cell for wire in cut_wires(seen) for cell in (wire, wire + 1)}
    return sorted(cell for cell in beside if 1 <= cell <= count)


def health(seen: Snapshot) -> list[list[int | None]]:
    """Resistance, charge difference and leak of each cell; empty while none is known."""
    columns = [seen.all(name)[: cell_count(seen)] for name in HEALTH]
    if all(count is None for column in columns for count in column):
        return []
    return [list(counts) for counts in zip(*columns, strict=False)]


def temperatures(seen: Snapshot) -> list[tuple[int, int | None]]:
    """(sensor, 0.1 °C or None) of the sensors that are fitted; the others are not there."""
    fitted = seen.setting("temps_fitted")
    found = enumerate(seen.all("temp_dc"))
    if fitted is None:  # an older board: what has a value is fitted
        return [(i, dc) for i, dc in found if dc is not None]
    return [(i, dc) for i, dc in found if fitted >> i & 1]
