"""Firmware images: how large, how long a controller checks and unpacks one, what memory it takes.

Files are read from memory or a PC's disk here: on a controller flash comes on top, above all
erasing it.
"""

from __future__ import annotations

from collections.abc import Iterator

from board_update import image

from .. import board_folders
from ..release import keys
from ..release.build import release
from . import runtimes
from .row import Row, at_most, missing, plain
from .runtimes import Missing, Result

TOPIC = "images"
# Given to us, not measured here: RSA-2048 with MicroPython's big integers on an RP2040.
PICO_VERIFY_MS = 146
_STEPS = 17
_HEAP_LIMIT = 10_000
_LINES_BAUD = (9600, 115200)


def rows(_rounds: int = 1) -> Iterator[Row]:
    for board in board_folders.names():
        yield _size(image.Header(release(board)))
    data = release("sim")
    beside = {"image.bin": data, "key.bin": keys.development_record()}
    yield from _costs("unix MicroPython", runtimes.on_micropython("image_cost", beside=beside)[0])
    try:
        told = runtimes.on_wasm("image_cost", beside=beside)[0]
    except Missing as problem:
        yield missing(TOPIC, "a signature verified; WebAssembly, 32 bit", str(problem))
    else:
        yield _verified("WebAssembly, 32 bit", told)


def _size(header: image.Header) -> Row:
    share = 100 * header.image_bytes / header.content_bytes
    seconds = ", ".join(
        f"{header.image_bytes * 10 / baud:.0f} s at {baud}" for baud in _LINES_BAUD
    )
    return plain(
        TOPIC,
        f"image of {header.board}",
        header.image_bytes,
        "B",
        note=f"{share:.0f} % of its {header.file_count} files; at best {seconds} baud",
    )


def _costs(runtime: str, told: Result) -> Iterator[Row]:
    yield _verified(runtime, told)
    yield plain(TOPIC, f"a whole image checked; {runtime}", told["check_us"] / 1000, "ms", 1)
    yield plain(TOPIC, f"a whole image unpacked; {runtime}", told["unpack_us"] / 1000, "ms", 1)
    for what, name in (("checking", "check_bytes"), ("unpacking", "unpack_bytes")):
        yield at_most(TOPIC, f"heap that {what} holds; {runtime}", told[name], _HEAP_LIMIT, "B")


def _verified(runtime: str, told: Result) -> Row:
    return plain(
        TOPIC,
        f"a signature verified; {runtime}",
        told["verify_us"] / 1000,
        "ms",
        2,
        note=f"in {_STEPS} equal steps; an RP2040 was measured to take {PICO_VERIFY_MS} ms",
    )
