"""Runs the topics one after the other; one that cannot be measured does not hide the others."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..sim.layout import SimError
from .row import NOT_MEASURED, Row, missing
from .runtimes import Failed, Missing

# In the order of the table.
MODULES = (
    "heap_rows",
    "memory_rows",
    "image_rows",
    "update_rows",
    "board_rows",
    "tick_rows",
    "modbus_rows",
    "line_rows",
    "bluetooth_rows",
    "latency_rows",
    "pack_rows",
    "sim_rows",
    "web_rows",
    "replay_rows",
    "soc_rows",
)


def topics() -> dict[str, str]:
    """Name of each topic and its module."""
    return {_module(name).TOPIC: name for name in MODULES}


def measure(wanted: Iterable[str], say: Callable[[str], None], rounds: int) -> list[Row]:
    """The rows of these topics; ``say`` hears what is under way.

    ``rounds`` is how many runs each worst case is taken from.
    """
    known = topics()
    found: list[Row] = []
    for topic in wanted:
        say(topic)
        try:
            found += _module(known[topic]).rows(rounds)
        except (Failed, Missing, SimError) as problem:
            found.append(missing(topic, topic, str(problem)))
    return found


def incomplete(rows: Iterable[Row]) -> bool:
    """Whether a whole topic is missing; a runtime that this machine lacks is not one."""
    return any(row.verdict == NOT_MEASURED and row.what == row.topic for row in rows)


def chosen(wanted: Sequence[str]) -> list[str]:
    """All topics, or those whose name begins with one of the words; ValueError for others."""
    known = list(topics())
    if not wanted:
        return known
    for word in wanted:
        if not any(topic.startswith(word) for topic in known):
            raise ValueError(f"no topic {word!r}; there are: {', '.join(known)}")
    return [topic for topic in known if topic.startswith(tuple(wanted))]


def _module(name: str) -> Any:
    return importlib.import_module(f".{name}", __package__)
