"""The tape holds what the hardware said, and the firmware takes the same way along it."""

import json

from cellwarden_host.bench import runtimes, tape
from firmware import clock

CYCLES = 3


def test_the_firmware_follows_the_tape(tmp_path):
    told = clock.now_ms
    tape.record(tmp_path / "tape.json", CYCLES)
    assert clock.now_ms is told
    recorded = json.loads((tmp_path / "tape.json").read_text())
    assert recorded["cycles"] == CYCLES and recorded["steps"].count(-1) == 1
    # Playing raises when the outputs are off at the end: then it went another way.
    told = runtimes.on_micropython("drivers_cost", tmp_path / "tape.json", 1, heap="64M")
    steps = {"collect", "current", "judge", "settle", "worst"}
    assert {result["name"] for result in told} == {"yardstick", "all"} | steps
