"""Updates: what YMODEM makes of a line, what a live update does to the ticks, how soon it works.

All on the real loader and firmware in stepped time, with the flash timing of an RP2040. ``sb`` of
lrzsz sends in the same run into a receiver that answers at once (what the protocol allows at
most), and into the board. The processor's time for bytecode is not in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import tty
from collections.abc import Iterator
from pathlib import Path

from board_update.ymodem import RUNNING, Receiver
from board_update.ymodem_send import Sender

from .. import session, update
from ..board import Board
from ..problems import Refused
from ..release.build import release
from ..sim.flash import WORST_US
from ..sim.stepped_line import StepLine, StepPace
from ..update import progress
from ..update.vendor import RATES
from .rig import FAST_BAUD, Images, Rig
from .row import Row, at_least, at_most, missing, plain

TOPIC = "update"
_PASSWORD = "123456"
_INSTALLER = 1
_SHARE = 98
_BYTES = 24 * 1024  # of the image that is sent for the rates
_LOAD_MA = 20_000
_GATES_MS = 500
_SWITCH_MS = 2000
_FALL_US = 50_000  # the heartbeat's own fall in the reset is no tick
_NOTE = "without the processor's time to load modules (0.5 to 0.8 s on an RP2040)"


def rows(_rounds: int = 1) -> Iterator[Row]:
    with Images() as images, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.cwfw"
        path.write_bytes(release("sim", version="99.0.0", simulated=True))
        yield from _rates(images, path)
        yield from _live(images, path)


def _started(images: Images) -> Rig:
    rig = Rig(images.copy(FAST_BAUD))
    rig.power_on()
    pack = rig.plant.pack
    rig.advance_until(lambda: pack.discharge.closed, 30_000, 20)
    return rig


# --- rates


class Sb:
    """``sb`` on a terminal of its own: hands over what it says, block by block."""

    def __init__(self, path: Path) -> None:
        self._far, near = os.openpty()
        tty.setraw(near)
        self._process = subprocess.Popen(
            ["sb", "-q", "-k", str(path)], stdin=near, stdout=near, stderr=subprocess.DEVNULL
        )
        os.close(near)

    def answered(self, said: bytes) -> bytes:
        """What it sends when it hears ``said``: one block, or one byte."""
        os.write(self._far, said)
        data = os.read(self._far, 1)
        length = {1: 133, 2: 1029}.get(data[0], 1)
        while len(data) < length:
            data += os.read(self._far, length - len(data))
        return data

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._far)


class Kept:
    """A sink that wants everything."""

    def begin(self, _name: bytes, _size: int) -> bool:
        return True

    def write(self, _buf: memoryview, _n: int) -> bool:
        return True

    def end(self) -> bool:
        return True


def _ideal(path: Path, baud: int) -> float:
    """Bytes a second of ``sb`` into a receiver that takes no time: from the bytes on the line."""
    sb = Sb(path)
    receiver = Receiver(Kept())
    said = receiver.start(0)
    line_bytes = begun = 0
    try:
        while receiver.state == RUNNING and receiver.received < _BYTES:
            block = sb.answered(said[:1] if said == b"C" else said)
            said = receiver.feed(block, len(block), 0)
            begun = begun or receiver.size > 0
            if receiver.received:
                line_bytes += len(block) + len(said)
    finally:
        sb.close()
    return receiver.received * baud / 10 / line_bytes


def _rates(images: Images, path: Path) -> Iterator[Row]:
    if not shutil.which("sb"):
        yield missing(TOPIC, "YMODEM at 9600 and 115200 baud", "sb (lrzsz) is not installed")
        return
    for baud in (9600, 115_200):
        ideal = _ideal(path, baud)
        yield plain(
            TOPIC,
            f"sb into an ideal receiver, {baud} baud",
            ideal,
            "B/s",
            note=f"{1000 * ideal / baud:.1f} % of the line; blocks of 1024 bytes",
        )
        for name in ("sb", "cellwarden update"):
            rate, lost = _into_the_board(images, path, baud, name == "sb")
            yield at_least(
                TOPIC,
                f"{name} into the board, {baud} baud",
                100 * rate / ideal,
                _SHARE,
                "% of that",
                1,
                note=f"{rate:,.0f} B/s, {1000 * rate / baud:.1f} % of the line; {lost} bytes lost",
            )


def _into_the_board(images: Images, path: Path, baud: int, by_sb: bool) -> tuple[float, int]:
    """(bytes a second, bytes that the board's UART lost) of the blocks of the file."""
    with _started(images) as rig:
        line = StepLine(rig, step_ms=0.1)
        board = Board(line)
        with session.logged_in(board, lambda: _PASSWORD, _INSTALLER, stay=True):
            board.command("update_menu", 1)
        line.set_baud(9600)
        rig.advance_until(lambda: line.baud == rig.peripherals.line_of[line.port].baud, 5000)
        rig.advance(100)  # while it says that it is there, it hears nothing
        _said(line, b" ", b"> ")
        if baud != line.baud:
            _said(line, RATES[baud], b" baud\r\n")
            line.set_baud(baud)
            rig.advance(20)
            _said(line, b" ", b"> ")
        sender = Sb(path) if by_sb else Ours(path)
        try:
            return _sent(rig, line, sender), rig.peripherals.line_of[line.port].lost_bytes
        finally:
            sender.close()


class Ours:
    """Our sender, in the shape of ``Sb``."""

    def __init__(self, path: Path) -> None:
        self._sender = Sender(path.name.encode(), path.read_bytes())
        self._sender.start(0)

    def answered(self, said: bytes) -> bytes:
        out = b""
        for byte in said:
            out = self._sender.feed(bytes((byte,)), 0) or out
        return bytes(out)

    def close(self) -> None:
        pass


def _said(line: StepLine, key: bytes, until: bytes) -> None:
    line.put(key)
    heard = b""
    while until not in heard:
        more = line.take(3000)
        if not more:
            raise Refused(f"the menu does not answer {key!r}")
        heard += more


def _sent(rig: Rig, line: StepLine, sender: Sb | Ours) -> float:
    line.put(b"1")
    said = line.take(2000)
    began_us = sent = 0
    while sent < _BYTES:
        block = sender.answered(said)
        if block[0] == 2 and not began_us:
            began_us = rig.clock.now_us
        line.put(block)
        said = line.take(3000)
        if began_us:
            sent += len(block) - 5
        elif said == b"\x06":
            said += line.take(100)
    return sent * 1e6 / (rig.clock.now_us - began_us)


# --- live


def _live(images: Images, path: Path) -> Iterator[Row]:
    worst_ms = _stopped_early(images, path)
    with _started(images) as rig:
        rig.plant.inject("load_connect", _LOAD_MA)
        rig.advance(3000)
        line = StepLine(rig)
        board = Board(line)
        pack = rig.plant.pack
        beats = _beats(rig)
        late: list[int] = []
        steps: dict[str, float] = {}

        def told(look: progress.Progress) -> None:
            steps.setdefault(look.step, rig.now_ms)
            if look.step in (progress.SEND, progress.CHECK, progress.UNPACK):
                late.append(_late(board))

        with session.logged_in(board, lambda: _PASSWORD, _INSTALLER, stay=True):
            before = _late(board)
            made = update.plan(board, path)
            began_ms = rig.now_ms
            update.run_live(board, made, told, pace=StepPace(rig))
        yield plain(
            TOPIC,
            "a live update, load running, 115200 baud",
            (rig.now_ms - began_ms) / 1000,
            "s",
            note=f"{made.size} bytes; received after "
            f"{(steps[progress.CHECK] - began_ms) / 1000:.0f} s, ready to switch after "
            f"{(steps[progress.SWITCH] - began_ms) / 1000:.0f} s; "
            f"outputs {'stayed on' if pack.discharge.closed else 'opened'}",
        )
        yield at_most(
            TOPIC,
            "latest tick during it, typical flash",
            max(late),
            _GATES_MS,
            "ms",
            note=f"{before} ms before it; erase 45 ms. Beyond the limit the gates open",
        )
        yield at_most(
            TOPIC,
            "latest tick during it, worst flash",
            worst_ms,
            _GATES_MS,
            "ms",
            note="erase 400 ms, a page 3 ms; while the first blocks are received",
        )
        back_us = next(t_us for t_us in beats if t_us > rig.resets[-1][0] + _FALL_US)
        yield at_most(
            TOPIC,
            "measuring lost at the switch-over",
            (back_us - rig.resets[-1][0]) / 1000,
            _SWITCH_MS,
            "ms",
            note=f"from the reset to the first tick on a complete measurement; {_NOTE}",
        )
        yield plain(
            TOPIC,
            "start-up, from power-on to the first complete measurement",
            _first_tick_ms(rig),
            "ms",
            note=f"a moment for the bootloader's menu and the check of all files in it; {_NOTE}",
        )


def _beats(rig: Rig) -> list[int]:
    """Times of the heartbeat's edges, from now on: each tells of a complete tick."""
    beats: list[int] = []
    pins = rig.peripherals.pins
    beat = pins._beat

    def noted() -> None:
        beats.append(rig.clock.now_us)
        beat()

    pins._beat = noted  # type: ignore[method-assign]
    return beats


def _late(board: Board) -> int:
    from .. import catalog

    return board.read([catalog.READING["tick_late_worst_ms"]]).known("tick_late_worst_ms")


def _stopped_early(images: Images, path: Path) -> int:
    """The latest tick while the first blocks arrive on flash as slow as the datasheet allows."""
    with _started(images) as rig:
        rig.plant.inject("load_connect", _LOAD_MA)
        rig.advance(3000)
        rig.flash.erase_us, rig.flash.program_us = WORST_US
        board = Board(StepLine(rig))
        segments = [0]

        def told(look: progress.Progress) -> None:
            segments[0] = look.segment

        with session.logged_in(board, lambda: _PASSWORD, _INSTALLER, stay=True):
            made = update.plan(board, path)
            try:
                update.run_live(board, made, told, lambda: segments[0] > 5, pace=StepPace(rig))
            except Refused:
                pass  # stopped, as it was asked to
        return _late(board)


def _first_tick_ms(rig: Rig) -> float:
    rig.unplug()
    rig.advance(1000)
    beats = _beats(rig)
    rig.power_on()
    began_us = rig.clock.now_us
    rig.advance_until(lambda: bool(beats), 5000)
    return (beats[0] - began_us) / 1000
