"""The instruments behind the numbers: they find what they are there to find."""

import subprocess

from cellwarden_host.bench import runtimes
from cellwarden_host.bench.latency_cases import CASES
from cellwarden_host.bench.latency_run import run
from cellwarden_host.bench.poller import GAP_US, GIVE_UP_US, Poller, read_request
from cellwarden_host.bench.rig import FAST_BAUD, Images
from cellwarden_host.sim.clock import Clock
from cellwarden_host.sim.process import find_micropython

BYTES_TAKEN = """
from bench_meters import bytes_taken
kept = bytearray(8)
def clean():
    kept[0] = kept[0] + 1 & 0xFF
def wasteful():
    bytearray(100)
print(bytes_taken(clean), bytes_taken(wasteful) >= 100)
"""


def test_allocation_is_found_and_its_absence_too():
    asked = subprocess.run(
        [find_micropython(), "-c", BYTES_TAKEN],
        env={"MICROPYPATH": f"{runtimes.SCRIPTS}:.frozen"},
        capture_output=True,
        text=True,
    )
    assert asked.stdout.split() == ["0", "True"], asked.stderr


def test_the_core_at_work_takes_nothing_from_the_heap():
    told = runtimes.on_micropython("prove_heap", 0, 10, 0x300, 96)
    assert {result["name"]: result["bytes"] for result in told} == {
        "tick": 0, "fast": 0, "read short": 0, "read long": 0,
    }  # fmt: skip
    assert told[0]["on"]  # a core with its outputs off would have had little to do


class Line:
    """Stands in for a rig: a clock, and a far end that a test answers by hand."""

    def __init__(self):
        self.clock = Clock()
        self.on_reply = {}
        self.sent = []

    def uart_send(self, label, data):
        self.sent.append((self.clock.now_us, data))


def test_the_next_request_follows_a_reply_at_once():
    line = Line()
    poller = Poller(line, "a", 115_200, read_request(0, 10))
    request_us = 8 * 10_000_000 // 1_152_00
    reply_us = 25 * 10_000_000 // 1_152_00
    line.clock.advance_to(request_us + 1000 + reply_us)
    line.on_reply["a"](line.clock.now_us, bytes(25))
    line.clock.advance_to(line.clock.now_us + GAP_US)
    assert (poller.asked, poller.answered, poller.lost) == (2, 1, 0)
    assert abs(poller.turnaround_us[0] - 1000) <= 1


def test_silence_is_a_lost_request_and_the_wrong_length_a_refusal():
    line = Line()
    poller = Poller(line, "a", 115_200, read_request(0, 10))
    line.clock.advance_to(poller.sent_us + GIVE_UP_US)
    assert (poller.asked, poller.lost) == (2, 1)
    line.on_reply["a"](line.clock.now_us, bytes(5))
    assert (poller.answered, poller.refused) == (0, 1)
    poller.stop()
    line.clock.advance_to(line.clock.now_us + 10 * GIVE_UP_US)
    assert (poller.asked, poller.lost) == (2, 1)


def test_a_latency_is_the_gates_and_the_rule_is_named():
    case = next(case for case in CASES if case.rule == "cell_ov2")
    with Images() as images:
        outcome = run(case, 705, images.copy(FAST_BAUD), 30.0)
    assert outcome.note == ""
    assert 500 <= outcome.latency_ms <= 705
    assert 2 in outcome.acted
