"""What a control tick costs, on each runtime and estimated for an RP2040, and where it goes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import runtimes, tape
from .row import Row, at_most, plain
from .rp2040 import estimate_ms

TOPIC = "tick"
LIMIT_MS = 10
CYCLE_MS = 100
_TAPE_CYCLES = 20
_TAPE_PLAYS = 40
_TAPE_RUNS = 4  # where a process lies in memory makes a third of a difference
_STEPS = {
    "tick": "core tick, 24 cells",
    "fast": "core after a current sample",
    "cycle": "core, all of 100 ms (a tick and three samples)",
}

_HALVES = {
    "judge": "the half of a tick that switches",
    "settle": "the other half",
}
# Steps of the firmware, with the ports' turn between them.
_FIRMWARE_STEPS = {
    "collect": "collecting cells and dividers",
    "current": "newest current, a cycle begins",
    "judge": "the half of a tick that switches, pins",
    "settle": "the other half, balancing switches, buzzer",
}


def rows(_rounds: int = 1) -> Iterator[Row]:
    us = _measured(runtimes.on_micropython)
    plainly = _measured(runtimes.on_cpython)
    yardstick = us["yardstick"]
    for name, what in _STEPS.items():
        yield plain(TOPIC, f"{what}; CPython", plainly[name], "us", 1)
        yield plain(TOPIC, f"{what}; unix MicroPython", us[name], "us", 1)
    yield at_most(
        TOPIC,
        "core tick; RP2040 estimate",
        estimate_ms(us["tick"], yardstick),
        LIMIT_MS,
        "ms",
        1,
        note=f"yardstick 1000 x += i: {yardstick:.1f} us here",
    )
    for half, what in _HALVES.items():
        yield plain(
            TOPIC, f"core, {what}; RP2040 estimate", estimate_ms(us[half], yardstick), "ms", 1
        )
    yield plain(
        TOPIC,
        "core after a current sample; RP2040 estimate",
        estimate_ms(us["fast"], yardstick),
        "ms",
        1,
    )
    yield plain(
        TOPIC,
        "readings put together for who asks, at most once a tick; RP2040 estimate",
        estimate_ms(us["readout"], yardstick),
        "ms",
        1,
    )
    cycle_ms = estimate_ms(us["cycle"], yardstick)
    yield plain(
        TOPIC,
        "core, share of the processor; RP2040 estimate",
        100 * cycle_ms / CYCLE_MS,
        "%",
        note="without drivers and ports",
    )
    yield from _firmware()
    parts = {name: spent for name, spent in us.items() if name.startswith("part ")}
    for name, spent in sorted(parts.items(), key=lambda part: -part[1]):
        yield plain(
            TOPIC,
            f"of the tick: {name[5:]}; RP2040 estimate",
            estimate_ms(spent, yardstick),
            "ms",
            2,
        )


def _measured(run: runtimes.Run) -> dict[str, float]:
    return {result["name"]: result["us"] for result in run("core_cost")}


def _firmware() -> Iterator[Row]:
    """The same with its drivers: the firmware plays a tape of what the hardware said."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tape.json"
        tape.record(file, _TAPE_CYCLES)
        runs = [
            runtimes.on_micropython("drivers_cost", file, _TAPE_PLAYS, heap="8M")
            for _ in range(_TAPE_RUNS)
        ]
    each = [{result["name"]: result["us"] for result in told} for told in runs]
    us = min(each, key=lambda us: us["all"] / us["yardstick"])
    yardstick = us["yardstick"]
    for name, what in _FIRMWARE_STEPS.items():
        yield at_most(
            TOPIC,
            f"step with its drivers: {what}; RP2040 estimate",
            estimate_ms(us[name], yardstick),
            LIMIT_MS,
            "ms",
            1,
            note=f"{us[name]:.0f} us on unix MicroPython; time on the buses comes on top",
        )
    yield plain(
        TOPIC,
        "longest step of all; RP2040 estimate",
        estimate_ms(us["worst"], yardstick),
        "ms",
        1,
    )
    yield plain(
        TOPIC,
        "whole firmware, share of the processor, ports idle; RP2040 estimate",
        100 * estimate_ms(us["all"], yardstick) / CYCLE_MS,
        "%",
        note=f"{us['all']:.0f} us in 100 ms on unix MicroPython",
    )
