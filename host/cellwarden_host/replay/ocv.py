"""A pack's own open-circuit voltage curve from a file, as the settings the core takes it from."""

from __future__ import annotations

import csv
from pathlib import Path

from .. import catalog
from ..problems import Refused
from . import columns
from .textfile import opened

_SETTING = "ocv_mv"
Curve = list[tuple[float, float]]


def load(path: Path) -> Curve:
    """(percent, mV) rising, from 0 to 100; columns ``soc_percent`` and ``ocv_mv``."""
    with opened(path) as text:
        lines = list(text.lines())
    header = [columns.split(name) for name in next(csv.reader(lines), [])]
    names = [name for name, _ in header]
    if "soc" not in names or "ocv" not in names:
        raise Refused(f"{path} has no header soc_percent,ocv_mv")
    soc_at, ocv_at = names.index("soc"), names.index("ocv")
    to_mv = 1000.0 if header[ocv_at][1] == "v" else 1.0
    curve: Curve = []
    for number, record in enumerate(csv.reader(lines[1:]), 2):
        if not any(record):
            continue
        try:
            point = float(record[soc_at]), float(record[ocv_at]) * to_mv
        except (ValueError, IndexError):
            raise Refused(f"{path}, line {number}: not a percentage and a voltage") from None
        curve.append(point)
    curve.sort()
    _check(curve, path)
    return curve


def _check(curve: Curve, path: Path) -> None:
    if len(curve) < 2 or curve[0][0] > 0 or curve[-1][0] < 100:
        raise Refused(f"{path} must reach from 0 to 100 percent")
    for (low, low_mv), (high, high_mv) in zip(curve, curve[1:], strict=False):
        if high <= low or high_mv < low_mv:
            raise Refused(f"{path}: the voltage must rise with the charge, not so at {high:g} %")


def at(curve: Curve, percent: float) -> float:
    """mV at ``percent``, a straight line between the points."""
    for (low, low_mv), (high, high_mv) in zip(curve, curve[1:], strict=False):
        if percent <= high:
            return low_mv + (high_mv - low_mv) * (percent - low) / (high - low)
    return curve[-1][1]


def changes(curve: Curve) -> dict[tuple[str, int], int]:
    """The settings that hold this curve."""
    row = catalog.SETTING.get(_SETTING)
    if row is None:
        raise Refused("this version of the core takes no curve of its own (--ocv)")
    return {(_SETTING, i): round(at(curve, p)) for i, p in enumerate(_positions(row.count))}


def _positions(points: int) -> list[float]:
    """Percent of each point of the setting."""
    from cellwarden import ocv_data

    positions = ocv_data.POSITIONS
    return [int.from_bytes(positions[2 * i : 2 * i + 2], "little") / 10 for i in range(points)]
