"""A pack's own open-circuit voltage curve from a file, as the settings the core takes it from."""

from __future__ import annotations

import csv
from pathlib import Path

from cellwarden.tables.ocv import POSITIONS

from ..problems import Refused
from . import columns
from .reading import DELIMITERS
from .textfile import opened

_SETTING = "ocv_mv"
Curve = list[tuple[float, float]]


def load(path: Path) -> Curve:
    """(percent, mV) rising, from 0 to 100; columns ``soc_percent`` and ``ocv_mv``."""
    with opened(path) as text:
        lines = [line for line in text.lines() if line.strip()]
    delimiter = next((mark for mark in DELIMITERS if mark in lines[0]), ",")
    if delimiter != ",":
        lines = [line.replace(",", ".") for line in lines]
    records = list(csv.reader(lines, delimiter=delimiter))
    header = [columns.split(name) for name in records[0]]
    names = [name for name, _ in header]
    if "soc" not in names or "ocv" not in names:
        raise Refused(f"{path} has no header soc_percent,ocv_mv")
    soc_at, ocv_at = names.index("soc"), names.index("ocv")
    to_mv = 1000.0 if header[ocv_at][1] == "v" else 1.0
    curve: Curve = []
    for number, record in enumerate(records[1:], 2):
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
    return {(_SETTING, i): round(at(curve, p / 10)) for i, p in enumerate(POSITIONS)}
