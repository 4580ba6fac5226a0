"""Times as logs write them, to seconds: numbers, ``26:03:04.5``, ISO 8601 and its cousins.

The form is fixed by a log's first row; a later row in another form is a bad row. Clock times
without a date are taken as a duration, so a log that passes midnight that way goes backwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

_DURATION = re.compile(r"(?:(\d+)[d .-]+)?(\d+):(\d\d):(\d\d(?:\.\d*)?)")
_FORMATS = (
    "%Y/%m/%d %H:%M:%S.%f",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S.%f",
    "%d.%m.%Y %H:%M:%S",
)
# A number as large as this without a unit is milliseconds since 1970 (seconds end in 5138).
_EPOCH_MS = 1e11

Parse = Callable[[str], float]


def form_of(first: str, scale: float | None) -> Parse | None:
    """How to read a column that begins with ``first``; None when it is no time."""
    try:
        value = float(first)
    except ValueError:
        pass
    else:
        if scale is None:
            scale = 1e-3 if abs(value) >= _EPOCH_MS else 1.0
        return partial(_number, scale)
    for parse in (_duration, _date):
        try:
            parse(first)
        except ValueError:
            continue
        return parse
    return None


def told(parse: Parse, seconds: float) -> str | None:
    """The moment of a log whose times are dates; None where they are counted already."""
    if parse is not _date:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _number(scale: float, text: str) -> float:
    return float(text) * scale


def _duration(text: str) -> float:
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    days, hours, minutes, seconds = match.groups()
    return int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _date(text: str) -> float:
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _other(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def _other(text: str) -> datetime:
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            pass
    raise ValueError(text)
