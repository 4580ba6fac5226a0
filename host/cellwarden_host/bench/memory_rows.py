"""How much memory the firmware takes: compiled files that stay loaded, and the heap at work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..sim.image import fixed_files, slot_files
from .locked_run import HEAP_BYTES, locked_run, with_room
from .row import SHORT_OF, Row, at_most, missing, plain

TOPIC = "memory"
MPY_LIMIT = 100_000
HEAP_LIMIT = 190_000


def rows(_rounds: int = 1) -> Iterator[Row]:
    yield from _compiled()
    yield from _heap()


def _compiled() -> Iterator[Row]:
    """Sizes of the files for an RP2040 whose modules are loaded while the firmware works."""
    loaded = with_room().modules
    sizes: Counter[str] = Counter()
    for path, file in {**fixed_files("sim"), **slot_files("sim", architecture="armv6m")}.items():
        module = path.removesuffix(".mpy").replace("/", ".")
        if module.removesuffix(".__init__") in loaded:
            sizes[path.split("/")[0]] += file.stat().st_size
    parts = ", ".join(f"{package} {size}" for package, size in sizes.most_common())
    yield at_most(TOPIC, ".mpy that stays loaded", sum(sizes.values()), MPY_LIMIT, "B", note=parts)


def _heap() -> Iterator[Row]:
    what = f"heap after start, collected, of {HEAP_BYTES // 1024}K; unix, 64 bit"
    run = locked_run()
    starts = run.heap is not None
    if not starts:
        yield Row(
            TOPIC,
            f"firmware starts in a heap of {HEAP_BYTES // 1024}K",
            "no",
            "yes",
            verdict=SHORT_OF,
            note=_last_error(run.said),
        )
        run = with_room()
    if run.heap is None:
        yield missing(TOPIC, what, run.said[-300:])
        return
    used, before = run.heap["used"], run.heap["before"]
    yield at_most(
        TOPIC,
        what,
        used - before,
        HEAP_LIMIT,
        "B",
        note=f"without the {before} B that were taken before main.py by interpreter,"
        " file system and the simulated modules",
    )
    yield plain(TOPIC, "heap left then", run.heap["free"] if starts else HEAP_BYTES - used, "B")


def _last_error(said: str) -> str:
    errors = [line for line in said.splitlines() if "Error" in line]
    return errors[-1] if errors else said[-200:]
