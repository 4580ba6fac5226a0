"""What a board draws from its pack: sums of datasheet figures, with the converter's losses.

A current on a rail becomes a current at the pack by the rail's voltage over the pack's and the
converter's efficiency; what hangs on the pack itself counts as it is. These are typical values
of datasheets, added up: an estimate, not a measurement.
"""

from __future__ import annotations

from .folder import Folder

_CONVERTER = (str, int, int, int, int)
_ROW = (str, int, int, int, int, str)

STATES = ("awake", "asleep", "off")


def check(folder: Folder) -> None:
    """The figures have the shape that they are added up in."""
    converter, rows = folder.get("CONVERTER"), folder.get("CONSUMPTION")
    if isinstance(converter, tuple) and not (
        _shaped(converter, _CONVERTER) and all(converter[1:4])
    ):
        folder.error("CONVERTER", f"CONVERTER is {converter!r}", "name, mV, %, %, uA")
    for i, row in enumerate(rows if isinstance(rows, tuple) else ()):
        if not _shaped(row, _ROW):
            folder.error("CONSUMPTION", f"a row is {row!r}", "part, mV, uA, uA, uA, source", i)


def _shaped(value: object, kinds: tuple[type, ...]) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == len(kinds)
        and all(isinstance(v, kind) for v, kind in zip(value, kinds, strict=True))
    )


def pack_ua(folder: Folder) -> list[tuple[str, list[float], str]]:
    """(part, microamperes at the pack awake, asleep, off, where from), converter last."""
    name, pack_mv, awake_percent, asleep_percent, own_ua = folder.get("CONVERTER")
    efficiency = (awake_percent / 100, asleep_percent / 100, asleep_percent / 100)
    rows = []
    for part, rail_mv, *currents, source in folder.get("CONSUMPTION"):
        scales = [rail_mv / pack_mv / share if rail_mv else 1 for share in efficiency]
        drawn = [ua * scale for ua, scale in zip(currents, scales, strict=True)]
        rows.append((part, drawn, source))
    off_ua = 0 if folder.get("POWER_LATCH") != "none" else own_ua
    rows.append((name, [own_ua, own_ua, off_ua], "its datasheet: quiescent current"))
    return rows


def sums(folder: Folder) -> list[float]:
    """Microamperes at the pack: awake, asleep, off."""
    drawn = [row[1] for row in pack_ua(folder)]
    return [sum(column) for column in zip(*drawn, strict=True)]


def words(ua: float) -> str:
    if ua >= 1_000:
        return f"{ua / 1000:.1f} mA"
    return f"{ua:.0f} µA" if ua >= 1 or not ua else f"{ua:.1f} µA"
