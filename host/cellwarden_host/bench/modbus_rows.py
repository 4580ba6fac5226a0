"""What answering a Modbus read costs the controller, beside the usual MicroPython server."""

from __future__ import annotations

from collections.abc import Iterator

from . import runtimes
from .register_runs import LIMIT, SHORT, longest
from .row import OK, SHORT_OF, Row
from .rp2040 import estimate_ms

TOPIC = "Modbus"
# micropython-modbus on the unix port, as stated by those who measured it; not measured here.
PEER = {10: (14.7, 1664), 125: (76, 6912)}


def rows(_rounds: int = 1) -> Iterator[Row]:
    first, count = longest()
    asked = (f"{SHORT[0]}+{SHORT[1]}", f"{first}+{count}")
    told = {result["name"]: result for result in runtimes.on_micropython("modbus_cost", *asked)}
    yardstick = told.pop("yardstick")["us"]
    for name, result in told.items():
        if name.startswith("bare"):
            registers = int(name.split()[1])
            yield _row(
                f"read of {registers} registers of a bare table, as the peer serves them",
                result,
                yardstick,
                registers,
            )
        else:
            registers = int(name.split("+")[1])
            note = "" if registers in (SHORT[1], LIMIT) else "the map has no longer run"
            yield _row(
                f"read of {registers} registers of our map", result, yardstick, registers, note
            )


def _row(
    what: str, result: runtimes.Result, yardstick: float, registers: int, note: str = ""
) -> Row:
    us, taken = result["us"], result["bytes"]
    peer = "stated: {} us, {} B".format(*PEER[registers]) if registers in PEER else ""
    ms = estimate_ms(us, yardstick)
    note = "; ".join(filter(None, (f"RP2040 estimate {ms:.1f} ms of CPU", note)))
    return Row(
        TOPIC,
        f"{what}; unix MicroPython",
        f"{us:.1f} us, {taken} B",
        "0 B",
        peer,
        OK if taken == 0 else SHORT_OF,
        note,
        us,
        "us",
    )
