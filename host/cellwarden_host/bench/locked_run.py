"""One run of the real firmware that measures its heap, then locks it while both ports are busy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from .poller import Poller, read_request
from .register_runs import SHORT, longest
from .rig import FAST_BAUD, PORTS, Images, Rig
from .runtimes import SCRIPTS

HEAP_BYTES = 334 * 1024  # stands for a Pico's 241 kB: words are twice as long here
LOCKED_S = 10
_WITH_ROOM = 1024 * 1024
_LIMIT_MS = 40_000
_POLL_AFTER_MS = 6_000


@dataclass(frozen=True)
class LockedRun:
    """``heap`` and ``locked`` are what the firmware told, None where it did not come so far;
    ``modules`` are those that are loaded while it works."""

    heap: dict[str, Any] | None
    locked: dict[str, Any] | None
    answered: int
    said: str
    modules: frozenset[str]


@cache
def locked_run(heap_bytes: int = HEAP_BYTES) -> LockedRun:
    """In a heap of the size given, beside what the simulated modules take."""
    with Images() as images:
        image = images.copy(FAST_BAUD, main=SCRIPTS / "locked_main.py")
        with Rig(image, heap=heap_bytes) as rig:
            rig.power_on()
            rig.advance(_POLL_AFTER_MS)
            pollers = [
                Poller(rig, PORTS[0], 115_200, read_request(*SHORT)),
                Poller(rig, PORTS[1], 115_200, read_request(*longest())),
            ]
            rig.advance_until(lambda: _ended(rig), _LIMIT_MS, 100)
            for poller in pollers:
                poller.stop()
            said = rig.said()
    told = {line["name"]: line for line in map(json.loads, _json_lines(said))}
    answered = sum(poller.answered for poller in pollers)
    modules = frozenset(told.get("modules", {}).get("loaded", ()))
    return LockedRun(told.get("heap"), told.get("locked"), answered, said, modules)


def with_room() -> LockedRun:
    """The same in a heap that is large enough, to tell by how much the small one is not."""
    return locked_run(_WITH_ROOM)


def _json_lines(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith("{")]


def _ended(rig: Rig) -> bool:
    return any('"locked"' in line or '"failed"' in line for line in _json_lines(rig.said())) or (
        rig.console.at_prompt
    )
