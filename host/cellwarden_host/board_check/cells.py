"""Checks how the cells hang on the front end: their number, the map, each chip's supply.

Facts: LTC6811 datasheet (Analog Devices): 12 cells a chip, works from 11 V between V+ and V-,
its own balancing switches carry 60 mA. BQ76952 datasheet (Texas Instruments SLUSE13): 3 to 16
cells.
"""

from __future__ import annotations

from cellwarden.tables import rows, settings

from .folder import Folder, pair

CELLS_PER_CHIP = 12
CHIP_SUPPLY_MV = 11_000
_BALANCE_MOST_MA = 60

_ROWS = {row.name: row for row in settings.SETTINGS}


def check(folder: Folder) -> None:
    chemistries = _chemistries(folder)
    _counts(folder, chemistries)
    _map(folder)
    _supply(folder, chemistries)
    _balancing(folder, chemistries)


def _default(name: str, chemistry: str) -> int:
    value = _ROWS[name].default
    return value if isinstance(value, int) else value[rows.CHEMISTRIES.index(chemistry) - 1]


def _chemistries(folder: Folder) -> list[str]:
    found = []
    value = folder.get("CHEMISTRIES")
    for i, name in enumerate(value if isinstance(value, tuple) else ()):
        if name in rows.CHEMISTRIES[1:]:
            found.append(name)
        else:
            known = ", ".join(rows.CHEMISTRIES[1:])
            folder.error("CHEMISTRIES", f"there is no chemistry {name!r}", f"one of {known}", i)
    return found


def _counts(folder: Folder, chemistries: list[str]) -> None:
    cells = pair(folder, "CELLS")
    if cells is None:
        return
    if not 3 <= cells[0] <= cells[1] <= 32:
        folder.error("CELLS", f"CELLS is {cells}", "fewest and most, from 3 up to 32")
        return
    if folder.channels and cells[1] > folder.channels:
        folder.error(
            "CELLS",
            f"{cells[1]} cells do not fit the {folder.channels} inputs of the front end",
            "another LTC6811 has 12 more inputs (LTC6811_CHIPS, three at most)",
        )
    highest_mv = folder.get("PACK_MAX_MV")
    for chemistry in chemistries:
        full_mv = cells[1] * _default("cell_ov2_mv", chemistry)
        if isinstance(highest_mv, int) and full_mv > highest_mv:
            folder.error(
                "PACK_MAX_MV",
                f"{cells[1]} cells of {chemistry} reach {full_mv} mV at level 2 of over-voltage; "
                f"PACK_MAX_MV is {highest_mv}",
                "take parts that stand more, or fewer cells",
            )


def _map(folder: Folder) -> None:
    """Channels from 1, rising with the cells, all there: a hole or a double is a wrong wire."""
    channels = folder.get("CELL_MAP")
    cells = folder.get("CELLS")
    if not isinstance(channels, tuple) or not isinstance(cells, tuple):
        return
    if len(channels) != cells[-1]:
        folder.error(
            "CELL_MAP",
            f"CELL_MAP has {len(channels)} channels for {cells[-1]} cells",
            "one channel for each cell of the full harness",
        )
    before = 0
    for i, channel in enumerate(channels):
        said = f"cell {i + 1} hangs on channel {channel!r}"
        if not isinstance(channel, int) or channel < 1:
            folder.error("CELL_MAP", said, "channels are whole numbers from 1", i)
            return
        if channel > folder.channels > 0:
            folder.error(
                "CELL_MAP", f"{said}; the front end ends at {folder.channels}", "see CELLS", i
            )
            return
        if channel in channels[:i]:
            first = channels.index(channel) + 1
            folder.error("CELL_MAP", f"{said}, which cell {first} has already", "once each", i)
            return
        if channel < before:
            folder.error(
                "CELL_MAP", f"{said}, below the cell before it", "channels rise with the cells", i
            )
            return
        before = channel


def _supply(folder: Folder, chemistries: list[str]) -> None:
    """safety.md 21: no chip may starve while level 2 of under-voltage still has to act."""
    cells = folder.get("CELLS")
    channels = folder.get("CELL_MAP")
    if not folder.chips or folder.get("AFE_SUPPLY") != "stack" or not isinstance(cells, tuple):
        return
    if not cells or not isinstance(cells[0], int):
        return
    few = cells[0] // folder.chips
    for chemistry in chemistries:
        uv2_mv = _default("cell_uv2_mv", chemistry)
        least = -(-CHIP_SUPPLY_MV // uv2_mv)
        if few < least:
            folder.error(
                "CELLS",
                f"{cells[0]} cells of {chemistry} leave a chip {few}: {_starved(few, uv2_mv)}",
                f'at least {least * folder.chips} cells, or AFE_SUPPLY = "own" with a supply',
            )
            return
        for chip, on in enumerate(_on_chips(folder.chips, channels)):
            if on < least:
                folder.error(
                    "CELL_MAP",
                    f"chip {chip + 1} has {on} cells of {chemistry}: {_starved(on, uv2_mv)}",
                    "spread the cells evenly over the chips",
                )
                return


def _starved(cells: int, uv2_mv: int) -> str:
    return (
        f"{cells * uv2_mv} mV at level 2 of under-voltage, "
        f"and an LTC6811 works from {CHIP_SUPPLY_MV} mV"
    )


def _on_chips(chips: int, channels: object) -> list[int]:
    """Cells on each chip by the map; nothing when the map cannot be read."""
    if not isinstance(channels, tuple) or not all(isinstance(c, int) for c in channels):
        return []
    owner = [(channel - 1) // CELLS_PER_CHIP for channel in channels]
    return [owner.count(chip) for chip in range(chips)]


def _balancing(folder: Folder, chemistries: list[str]) -> None:
    ohm = folder.get("BALANCE_OHM")
    if not isinstance(ohm, int) or ohm < 1:
        return
    highest = [_default("cell_ov2_mv", name) for name in chemistries]
    if highest and max(highest) // ohm > _BALANCE_MOST_MA and folder.get("AFE") == "ltc6811":
        folder.warn(
            "BALANCE_OHM",
            f"{max(highest)} mV make {max(highest) // ohm} mA, more than the LTC6811's own switch "
            f"carries ({_BALANCE_MOST_MA} mA)",
            "a larger resistor, or a transistor at each S pin",
        )
