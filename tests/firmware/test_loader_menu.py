"""The bootloader's menu: who may stop a start, for how long, and what it never says."""

import importlib
import sys

import pytest
from loader_rig import loader_on
from test_loader import Board

POWER_ON_MS, ASKED_MS = 100, 10_000


class Line:
    """A line on which ``keys`` come in at their time: (ms, bytes, rate)."""

    def __init__(self, clock, keys):
        self.clock = clock
        self.keys = list(keys)
        self.said = b""
        self.baud = 0
        self.buf = bytearray(256)
        self.closed = False
        self.waiting = b""

    def __call__(self, _machine, _board):
        return self

    def open(self, baud):
        self.baud = baud

    def close(self):
        self.closed = True

    def _come(self):
        while self.keys and self.keys[0][0] <= self.clock.now_ms:
            _, data, baud = self.keys.pop(0)
            if baud == self.baud:
                self.waiting += data

    def read(self):
        self._come()
        n = len(self.waiting)
        self.buf[:n] = self.waiting
        self.waiting = b""
        return n

    def key(self):
        self._come()
        first, self.waiting = self.waiting[:1], self.waiting[1:]
        return first

    def send(self, data):
        self.said += bytes(data)


class Clock:
    def __init__(self):
        self.now_ms = 0

    def ticks_ms(self):
        return self.now_ms

    def sleep_ms(self, ms):
        self.now_ms += ms


@pytest.fixture
def menu(tmp_path, monkeypatch):
    """``menu(wait_ms, *keys)`` -> (version or None, the line, ms that it took)."""
    board = Board(tmp_path)
    with loader_on("sim", board.machine()):
        module = importlib.import_module("loader.menu")
        clock = Clock()
        monkeypatch.setattr(module, "time", clock)
        received = []

        def receive(_line, older):
            received.append(older)
            return ("1.2.3", "") if len(received) > 1 else ("", "hash")

        monkeypatch.setattr(module.receive, "receive", receive)

        def offer(wait_ms, *keys):
            clock.now_ms = 0
            line = Line(clock, [key if len(key) == 3 else (*key, 9600) for key in keys])
            monkeypatch.setattr(module, "Line", line)
            version = module.offer(sys.modules["machine"], None, wait_ms, "CW Go 24S")
            assert line.closed
            return version, line, clock.now_ms

        offer.received = received
        yield offer


def test_a_silent_line_costs_no_more_than_was_said(menu):
    version, line, took_ms = menu(POWER_ON_MS)
    assert version is None and took_ms == POWER_ON_MS and line.said == b""
    version, line, took_ms = menu(ASKED_MS)
    assert version is None and took_ms == ASKED_MS and line.said == b"\r\nspace: update\r\n"


def test_what_a_master_says_at_power_on_stops_nothing(menu):
    for noise in (b"\x01\x03\x00\x20\x00\x01\xc5\xc0", b" \x01", b"\x20\x20\x00\x20"):
        version, line, took_ms = menu(POWER_ON_MS, (10, noise))
        assert version is None and took_ms <= POWER_ON_MS and line.said == b""


def test_a_space_that_was_noise_costs_three_seconds(menu):
    version, line, took_ms = menu(POWER_ON_MS, (10, b" "))
    assert version is None and b"1 update" in line.said and took_ms < 3_100


def test_the_vendors_keys_may_come_together(menu):
    menu.received.append(None)
    version, line, _ = menu(ASKED_MS, (500, b" 1"))
    assert version == "1.2.3" and line.said.endswith(b"installed 1.2.3, starting\r\n")


def test_a_refusal_is_told_and_the_menu_stays(menu):
    version, line, _ = menu(ASKED_MS, (500, b" "), (600, b"1"), (700, b"o1"))
    assert version == "1.2.3" and b"refused: hash" in line.said
    assert menu.received == [False, True]


def test_its_text_is_nothing_that_a_sender_takes_for_an_invitation(menu):
    _, line, _ = menu(ASKED_MS, (500, b" "), (600, b"o"), (700, b"6"), (5000, b"1"), (6000, b"0"))
    assert not set(line.said) & set(b"CG\x01\x02\x04\x06\x15\x18")
    assert b"cW go 24S" in line.said


def test_zero_starts_and_so_does_being_left_alone(menu):
    assert menu(ASKED_MS, (500, b" "), (600, b"0"))[2] < 700
    _, line, took_ms = menu(ASKED_MS, (500, b" "), (900, b"\x00"))
    assert 60_000 <= took_ms < 61_000


def test_in_safe_mode_it_waits_until_something_happens(menu):
    menu.received.append(None)
    version, _, took_ms = menu(-1, (500, b" "), (200_000, b" "), (200_100, b"1"))
    assert version == "1.2.3" and took_ms > 200_000
    assert menu(-1, (500, b" "), (600, b"0"))[0] is None


def test_a_new_rate_holds_only_when_it_is_heard(menu):
    _, line, _ = menu(
        ASKED_MS, (500, b" "), (600, b"6"), (700, b" ", 115_200), (800, b"0", 115_200)
    )
    assert line.baud == 115_200 and b"115200 baud" in line.said
    _, line, _ = menu(ASKED_MS, (500, b" "), (600, b"6"), (3000, b"0"))
    assert line.baud == 9600
