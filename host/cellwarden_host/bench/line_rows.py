"""How soon the board answers on its serial ports, and what it leaves unanswered."""

from __future__ import annotations

import os
import select
import time
import tty
from collections.abc import Iterator

from .poller import Poller, read_request
from .register_runs import SHORT
from .rig import FAST_BAUD, PORTS, Images, Rig
from .row import OK, SHORT_OF, Row, at_most, plain

TOPIC = "ports"
BAUD = 115_200
LIMIT_MS = 5
_UP_MS = 6_000
_POLLED_S = 60
_ROUND_TRIPS = 300
_PATIENCE_S = 2


def rows(_rounds: int = 1) -> Iterator[Row]:
    with Images() as images:
        yield from _virtual(images)
        yield from _pty(images)


def _virtual(images: Images) -> Iterator[Row]:
    """Both ports polled without a pause, in the board's own time."""
    with Rig(images.copy(FAST_BAUD)) as rig:
        rig.power_on()
        rig.advance(_UP_MS)
        pollers = [Poller(rig, label, BAUD, read_request(*SHORT)) for label in PORTS]
        rig.advance(_POLLED_S * 1000)
        for poller in pollers:
            poller.stop()
    times = sorted(us for poller in pollers for us in poller.turnaround_us)
    asked = sum(poller.asked for poller in pollers)
    lost = sum(poller.lost for poller in pollers)
    what = f"turnaround, {SHORT[1]} registers, both ports polled, virtual time"
    yield at_most(
        TOPIC,
        f"{what}: median",
        times[len(times) // 2] / 1000,
        LIMIT_MS,
        "ms",
        1,
        note="without the server's own processor time, see Modbus",
    )
    yield at_most(TOPIC, f"{what}: 95 %", times[len(times) * 95 // 100] / 1000, LIMIT_MS, "ms", 1)
    yield plain(
        TOPIC, f"{what}: worst", times[-1] / 1000, "ms", 1, note="behind a tick or a flash write"
    )
    refused = sum(poller.refused for poller in pollers)
    yield Row(
        TOPIC,
        f"dropped requests, both ports, back to back for {_POLLED_S} s",
        f"{lost} of {asked}",
        "0",
        verdict=OK if lost + refused == 0 else SHORT_OF,
        note=f"{refused} answered with something else" if refused else "",
        value=lost,
    )


def _pty(images: Images) -> Iterator[Row]:
    """One client on a pseudo-terminal, in real time at the line's rate."""
    request = read_request(*SHORT)
    length = 5 + 2 * SHORT[1]
    line_ms = (len(request) + length) * 10_000 / BAUD
    with Rig(images.copy(FAST_BAUD), ptys=True, mode="paced") as rig:
        rig.advance(0)
        rig.power_on()
        rig.advance(_UP_MS)
        rig.start()
        port = os.open(rig.ptys[PORTS[1]].path, os.O_RDWR | os.O_NOCTTY)
        try:
            tty.setraw(port)
            times = [_round_trip_ms(port, request, length) for _ in range(_ROUND_TRIPS)]
        finally:
            os.close(port)
    answered = sorted(ms - line_ms for ms in times if ms is not None)
    what = f"turnaround, {SHORT[1]} registers, one client on a pty, real time"
    if not answered:
        yield Row(TOPIC, what, "no answer", f"≤ {LIMIT_MS} ms", verdict=SHORT_OF)
        return
    worst = f"worst {answered[-1]:.1f} ms"
    yield at_most(
        TOPIC,
        f"{what}: median",
        answered[len(answered) // 2],
        LIMIT_MS,
        "ms",
        1,
        note=f"{worst}, {len(answered)} of {len(times)} answered, line time taken off",
    )


def _round_trip_ms(port: int, request: bytes, length: int) -> float | None:
    time.sleep(0.003)  # the standard's silence, and a bit
    start = time.monotonic()
    os.write(port, request)
    got = 0
    while got < length:
        ready, _, _ = select.select([port], [], [], _PATIENCE_S)
        if not ready:
            return None
        got += len(os.read(port, 256))
    return (time.monotonic() - start) * 1000
