"""Numbers that a page spells out: times in days and hours, dates, bits as what they stand for.

A terminal prints the register's own number, which scripts can compare; a person at a page wants
to know what it means.
"""

from __future__ import annotations

import time
from typing import Any

from . import Said, known, listed, say

SENSORS = (
    "battery sensor 1",
    "battery sensor 2",
    "battery sensor 3",
    "battery sensor 4",
    "power board sensor",
    "balancing board sensor",
)
# The number that a row's bit 0 stands for.
_FIRST = {
    "balancing_low": 1,
    "balancing_high": 17,
    "open_wire_low": 0,
    "open_wire_mid": 16,
    "open_wire_top": 32,
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
# The board counts dates from here: the beginning of 2020.
_EPOCH_S = 1_577_836_800


def spelled(row: Any, count: int) -> Said | None:
    """What a page says for this number; None where the number with its unit says it all."""
    if row.name == "temps_fitted":
        return _all(known(name) for bit, name in enumerate(SENSORS) if count >> bit & 1)
    if row.name in _FIRST:
        first = _FIRST[row.name]
        return _all(str(first + bit) for bit in range(16) if count >> bit & 1)
    if row.kind != "reading":
        return None
    if row.name.endswith("_date_s"):
        year, month, day, hour, minute = time.gmtime(_EPOCH_S + count)[:5]
        return known(f"{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
    if row.unit == "s":
        return duration(count)
    return duration(count * _MINUTE) if row.unit == "min" else None


def _all(names: Any) -> Said:
    found = list(names)
    return listed(found) if found else known("none")


def duration(seconds: int) -> Said:
    """``3 d 4 h``, ``2 h 10 min``, ``15 min``, ``90 s``: two units at most."""
    if seconds >= 2 * _DAY:
        return say("{days} d {hours} h", days=seconds // _DAY, hours=seconds % _DAY // _HOUR)
    minutes = seconds // _MINUTE
    if seconds >= 2 * _HOUR:
        return say("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)
    return known(f"{minutes} min" if minutes >= 10 else f"{seconds} s")
