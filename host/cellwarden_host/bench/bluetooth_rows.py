"""Bluetooth: how soon and how often the board answers, what a flood does to ticks, what it takes.

The real firmware of a Pico W in stepped time, on the simulated air with the connection events of
a phone in use, so a figure is waiting for the air and for the firmware's turn; the processor's
time for bytecode is not in it.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .. import catalog, session
from ..bluetooth import gatt
from ..board import Board
from ..sim.image import flash_files, slot_files, write_image
from ..sim.layout import BUILD
from ..sim.provision import commissioned, files
from ..sim.radio import INTERVAL_MS
from ..sim.radio_central import RadioCentral
from ..sim.stepped_line import StepLine
from .board_rows import heap_used
from .poller import Poller, read_request, reply_bytes
from .register_runs import SHORT, longest
from .rig import PORTS, Rig
from .row import Row, at_least, at_most, missing, plain

TOPIC = "bluetooth"
WITH, WITHOUT = "pico_w_24s", "pico_24s"
_PASSWORD = "123456"
_INSTALLER = 1
_PASSKEY = 271828
_CELLS = 24
_READS = 100
_WATCHED_MS = 10_000
_FLOOD_MS = 10_000
_FLOOD_STEP_MS = 2  # 122 kB a second, more than the air carries
_LOOKS_LIMIT = 2  # a second
_LATENCY_LIMIT_MS = 100
_LATE_LIMIT_MS = 100  # a tick is due this often
_BAUD = 115_200
_FAST = {"rs485_1_baud": 1152, "rs485_2_baud": 1152}


def rows(_rounds: int = 1) -> Iterator[Row]:
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder, _rig(folder) as rig:
        rig.power_on()
        rig.advance_until(lambda: rig.plant.pack.discharge.closed, 30_000, 20)
        board = Board(StepLine(rig))
        with RadioCentral(rig) as phone:
            _join(rig, board, phone)
            yield from _latency(rig, phone)
            yield from _looks(rig, phone)
            yield from _summaries(rig, phone)
            yield from _flood(rig, board, phone)
    yield from _memory()


def _rig(folder: str) -> Rig:
    definition = importlib.import_module(f"boards.{WITH}")
    image = Path(folder) / "flash.img"
    set_up = files(commissioned(definition, cells=_CELLS, changes=_FAST))
    write_image(image, {**flash_files(WITH, simulated=True), **set_up})
    return Rig(image, {"cells": _CELLS}, definition=definition)


def _join(rig: Rig, board: Board, phone: RadioCentral) -> None:
    """Pair with a passkey that was set over the PC port."""
    with session.logged_in(board, lambda: _PASSWORD, _INSTALLER):
        board.command_value("bluetooth_new_passkey", _PASSKEY)
    address = board.read([catalog.NAMED["bluetooth_address"]]).texts["bluetooth_address"]
    phone.connect(":".join(address[at : at + 2] for at in range(0, 12, 2)))
    phone.pair(_PASSKEY)
    phone.subscribe(gatt.REPLY)
    rig.advance(500)


def _asked(rig: Rig, phone: RadioCentral, request: bytes) -> float:
    """Milliseconds from the request's first byte to the reply's last one."""
    began_us = rig.clock.now_us
    for at in range(0, len(request), gatt.CHUNK):
        phone.write(gatt.REQUEST, request[at : at + gatt.CHUNK], response=False)
    came = b""
    while len(came) < reply_bytes(request):
        came += phone.wait(gatt.REPLY)
    return (rig.clock.now_us - began_us) / 1000


def _latency(rig: Rig, phone: RadioCentral) -> Iterator[Row]:
    note = f"a connection event every {INTERVAL_MS} ms"
    for (address, count), name in ((SHORT, "a short read"), (longest(), "the longest run")):
        request = read_request(address, count)
        times = []
        for i in range(_READS):
            rig.advance(i * 7 % INTERVAL_MS)  # a person's moment, not the air's
            times.append(_asked(rig, phone, request))
        times.sort()
        what = f"{name}, {count} registers"
        median, late = times[len(times) // 2], times[len(times) * 95 // 100]
        yield at_most(TOPIC, f"{what}: median", median, _LATENCY_LIMIT_MS, "ms", 1, note=note)
        yield at_most(TOPIC, f"{what}: 95 %", late, _LATENCY_LIMIT_MS, "ms", 1)


def _looks(rig: Rig, phone: RadioCentral) -> Iterator[Row]:
    """Every reading read, again and again, as the PC software does."""
    requests = [
        read_request(block.address, block.registers) for block in catalog.plan(catalog.READINGS)
    ]
    began_ms, looks = rig.now_ms, 0
    while rig.now_ms - began_ms < _WATCHED_MS:
        for request in requests:
            _asked(rig, phone, request)
        looks += 1
    rate = looks * 1000 / (rig.now_ms - began_ms)
    note = f"{len(requests)} requests each"
    yield at_least(TOPIC, "all readings a second", rate, _LOOKS_LIMIT, "/s", 1, note=note)


def _summaries(rig: Rig, phone: RadioCentral) -> Iterator[Row]:
    phone.subscribe(gatt.SUMMARY)
    rig.plant.inject("load_connect", 20_000)
    rig.advance(1000)
    phone.take(gatt.SUMMARY)
    rig.advance(_WATCHED_MS)
    told = phone.take(gatt.SUMMARY)
    rate = len(told) * 1000 / _WATCHED_MS
    size = len(told[-1]) if told else 0
    yield plain(TOPIC, "summaries a second, a load drawn", rate, "/s", 1, note=f"{size} bytes")


def _flood(rig: Rig, board: Board, phone: RadioCentral) -> Iterator[Row]:
    """Requests without waiting for replies, while the charger's port is polled as well."""
    before = _late(board)
    poller = Poller(rig, PORTS[0], _BAUD, read_request(*SHORT))
    request = read_request(*longest())
    flood = (request * (gatt.CHUNK // len(request) + 1))[: gatt.CHUNK]
    began_ms, sent = rig.now_ms, 0
    while rig.now_ms - began_ms < _FLOOD_MS and phone.connected:
        phone.write(gatt.REQUEST, flood, response=False)
        rig.advance(_FLOOD_STEP_MS)
        sent += len(flood)
    poller.stop()
    held = "" if phone.connected else f"; the board ended it after {rig.now_ms - began_ms:.0f} ms"
    yield at_most(
        TOPIC,
        "latest tick under a flood of requests",
        _late(board),
        _LATE_LIMIT_MS,
        "ms",
        note=f"{before} ms before it; {sent} bytes{held}",
    )
    yield at_most(
        TOPIC, "requests on RS485-1 that it cost", poller.lost, 0, "", note=f"of {poller.asked}"
    )


def _late(board: Board) -> int:
    return board.read([catalog.READING["tick_late_worst_ms"]]).known("tick_late_worst_ms")


def _memory() -> Iterator[Row]:
    size = sum(
        file.stat().st_size
        for path, file in slot_files(WITH, architecture="armv6m").items()
        if path.startswith("firmware/ble/")
    )
    yield plain(TOPIC, "compiled code of the Bluetooth part", size, "B")
    used = {name: heap_used(name, _CELLS) for name in (WITH, WITHOUT)}
    what = "heap that it takes after start, nobody connected; unix, 64 bit"
    a, b = used[WITH], used[WITHOUT]
    if a is None or b is None:
        yield missing(TOPIC, what, "the firmware did not start")
        return
    note = f"{WITH} beside {WITHOUT}; with the simulated bluetooth module, without a real stack"
    yield plain(TOPIC, what, a - b, "B", note=note)
