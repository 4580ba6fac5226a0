"""Proof that nothing is allocated: ticks and Modbus reads with MicroPython's heap locked."""

from __future__ import annotations

from collections.abc import Iterator

from . import runtimes
from .locked_run import LOCKED_S, with_room
from .register_runs import SHORT, longest
from .row import OK, SHORT_OF, Row, at_most, missing

TOPIC = "heap lock"
_STEPS = {
    "tick": "core tick, 24 cells, all rules",
    "fast": "core after a current sample",
    "read short": "Modbus read of {short} registers",
    "read long": "Modbus read of {long} registers, the longest run there is",
}


def rows(_rounds: int = 1) -> Iterator[Row]:
    for name, run in (
        ("unix, 64 bit", runtimes.on_micropython),
        ("WebAssembly, 32 bit", runtimes.on_wasm),
    ):
        yield from _core(name, run)
    yield _firmware()


def _core(runtime: str, run: runtimes.Run) -> Iterator[Row]:
    first, count = longest()
    try:
        told = run("prove_heap", *SHORT, first, count)
    except runtimes.Missing as reason:
        yield missing(TOPIC, f"core and Modbus on {runtime}", str(reason))
        return
    for result in told:
        step = _STEPS[result["name"]].format(short=SHORT[1], long=count)
        yield at_most(TOPIC, f"{step}; {runtime}", result["bytes"], 0, "B")


def _firmware() -> Row:
    """Everything at once: drivers, event loop, both ports being asked without a pause."""
    what = f"whole firmware with drivers, both ports polled, {LOCKED_S} s; unix, 64 bit"
    run = with_room()
    if run.locked is None:
        return Row(TOPIC, what, "allocates", "0 B", verdict=SHORT_OF, note=run.said[-300:])
    note = f"{run.locked['ticks']} ticks, {run.answered} requests answered meanwhile"
    if not run.locked["on"]:
        note += "; outputs were off"
    return Row(TOPIC, what, "0 B", "0 B", verdict=OK, note=note, value=0, unit="B")
