"""One latency, measured: from a limit crossed to the gate off, as the plant knows both.

The board is the real firmware in stepped time; both ports are polled without a pause all the
while. Nothing here reads what the firmware believes, but for the name of the rule that acted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellwarden.tables import readings
from modbus_rtu import crc

from .latency_cases import Case
from .poller import Poller, read_request
from .rig import PORTS, Rig

_ON_LIMIT_MS = 15_000
_AFTER_MS = 400  # for a poll that shows the rule
_OVERDUE_MS = 3_000
_RULE_BITS = next(row for row in readings.READINGS if row.name == "rule_bits")
# From the first reading to the last rule's bit, in one read.
_READ = (0x0000, _RULE_BITS.address + _RULE_BITS.count)
_HELLO = (0x2030, (1, 9000, 100))  # what a talking charger writes
_BAUD = 115_200


@dataclass(frozen=True)
class Outcome:
    """``latency_ms`` is None when the gate did not open in time."""

    latency_ms: float | None
    acted: frozenset[int] = frozenset()  # numbers of the rules that were active then
    note: str = ""


class GateWatch:
    """Writes down when a switch's driver really goes off."""

    def __init__(self, switch: Any) -> None:
        self.off_us: int | None = None
        self._drive = switch.drive
        self._switch = switch
        switch.drive = self._watched

    def _watched(self, level: bool, now_us: int, current_ma: float = 0.0) -> None:
        was = self._switch.driven
        self._drive(level, now_us, current_ma)
        if was and not self._switch.driven:
            self.off_us = now_us


def run(case: Case, bound_ms: float, image: Path, phase_ms: float) -> Outcome:
    """Bring the case about ``phase_ms`` into a control cycle."""
    with Rig(image) as rig:
        rig.power_on()
        pack = rig.plant.pack
        switch = getattr(pack, case.gate)
        _poll_when_up(rig, case)
        if not rig.advance_until(lambda: switch.closed, _ON_LIMIT_MS, 20):
            return Outcome(None, note="the gate never closed")
        for fault in case.before:
            rig.plant.inject(*fault)
        rig.advance(case.settle_ms + phase_ms)
        if not switch.closed:
            return Outcome(None, note="the gate opened before its time")
        watch = GateWatch(switch)
        rig.plant.advance(rig.clock.now_us)
        crossed_us = rig.clock.now_us
        for fault in case.faults:
            rig.plant.inject(*fault)
        if case.charger_talks:
            rig.pollers[PORTS[0]].stop()
            crossed_us = rig.pollers[PORTS[0]].sent_us
        rig.advance_until(lambda: watch.off_us is not None, bound_ms + _OVERDUE_MS, 10)
        if watch.off_us is None:
            return Outcome(None, note="the gate stayed on")
        rig.advance(_AFTER_MS)
        latency_ms = (watch.off_us - crossed_us) / 1000
        return Outcome(latency_ms, _acted(rig.pollers[PORTS[1]].newest))


def _poll_when_up(rig: Rig, case: Case) -> None:
    """Keep both lines busy from the moment the firmware has opened them."""
    rig.advance_until(lambda: all(line.baud for line in rig.peripherals.lines), _ON_LIMIT_MS, 20)
    read = read_request(*_READ)
    first = _hello() if case.charger_talks else read
    rig.pollers = {
        PORTS[0]: Poller(rig, PORTS[0], _BAUD, first),
        PORTS[1]: Poller(rig, PORTS[1], _BAUD, read),
    }


def _hello() -> bytes:
    address, words = _HELLO
    body = bytes((1, 16, address >> 8, address & 0xFF, 0, len(words), 2 * len(words)))
    frame = bytearray(body + b"".join(word.to_bytes(2, "big") for word in words) + b"\0\0")
    crc.append(frame, len(frame) - 2)
    return bytes(frame)


def _acted(reply: bytes) -> frozenset[int]:
    """Rules whose bit is set in a reply to ``_READ``."""
    at = 3 + 2 * (_RULE_BITS.address - _READ[0])
    words = [reply[at + 2 * i] << 8 | reply[at + 2 * i + 1] for i in range(_RULE_BITS.count)]
    bits = range(16 * len(words))
    return frozenset(rule for rule in bits if words[rule // 16] >> rule % 16 & 1)
