"""One line of the table of numbers: what was measured, what it should be, how it stands."""

from __future__ import annotations

from dataclasses import asdict, dataclass

OK = "ok"
SHORT_OF = "short"
NO_TARGET = ""
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Row:
    """``ours`` and ``target`` are for people; ``value`` is the bare figure in ``unit``."""

    topic: str
    what: str
    ours: str
    target: str = ""
    peer: str = ""
    verdict: str = NO_TARGET
    note: str = ""
    value: float | None = None
    unit: str = ""

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def at_most(
    topic: str, what: str, value: float, limit: float, unit: str, digits: int = 0, **more: str
) -> Row:
    """A row that is ok up to ``limit``."""
    return Row(
        topic,
        what,
        figure(value, unit, digits),
        ("≤ " if limit else "") + figure(limit, unit, 0),
        verdict=OK if value <= limit else SHORT_OF,
        value=value,
        unit=unit,
        **more,
    )


def at_least(
    topic: str, what: str, value: float, limit: float, unit: str, digits: int = 0, **more: str
) -> Row:
    """A row that is ok from ``limit`` on."""
    return Row(
        topic,
        what,
        figure(value, unit, digits),
        "≥ " + figure(limit, unit, 0),
        verdict=OK if value >= limit else SHORT_OF,
        value=value,
        unit=unit,
        **more,
    )


def plain(topic: str, what: str, value: float, unit: str, digits: int = 0, **more: str) -> Row:
    """A row that tells, and is not judged."""
    return Row(topic, what, figure(value, unit, digits), value=value, unit=unit, **more)


def missing(topic: str, what: str, why: str) -> Row:
    """A row that could not be measured, with the reason."""
    return Row(topic, what, "-", verdict=NOT_MEASURED, note=why)


def figure(value: float, unit: str, digits: int) -> str:
    return f"{value:,.{digits}f} {unit}".replace(",", "\u202f").strip()
