"""How fast the whole simulated board goes: real firmware, register-level chips, pack."""

from __future__ import annotations

import time
from collections.abc import Iterator

from .rig import Images, Rig
from .row import Row, missing, plain

TOPIC = "simulator"
_UP_MS = 10_000
_PIECE_MS = 10_000
_PIECES = 4


def rows(_rounds: int = 1) -> Iterator[Row]:
    with Images() as images, Rig(images.copy(), {"profile": "day"}) as rig:
        start = time.perf_counter()
        rig.power_on()
        rig.advance_until(lambda: rig.plant.pack.discharge.closed, _UP_MS, 20)
        yield plain(TOPIC, "from power-on to outputs on, virtual time", rig.now_ms / 1000, "s", 1)
        yield plain(TOPIC, "the same, real time", time.perf_counter() - start, "s", 1)
        speed = max(_speed(rig) for _ in range(_PIECES))
        if not rig.gates_enabled or len(rig.resets) > 1:
            yield missing(TOPIC, "speed", "the firmware stopped: " + rig.said()[-300:])
            return
        yield plain(
            TOPIC,
            "real firmware on the simulated board, under load",
            speed,
            "x real time",
            1,
            note="virtual seconds a real second, ports idle",
        )


def _speed(rig: Rig) -> float:
    start = time.perf_counter()
    rig.advance(_PIECE_MS)
    return _PIECE_MS / 1000 / (time.perf_counter() - start)
