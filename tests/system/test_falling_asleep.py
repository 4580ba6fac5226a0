"""A board that was sent to sleep: off, woken by what happens, and measuring before it switches."""

import pytest
from station import CHARGER_MV

from cellwarden_host.problems import Refused

# Ten complete samples, each 100 ms apart, come before any switch.
PROVEN_MS = 1_000
PIECE_MS = 1_000


def _asleep(station, **pack):
    made = station(pack).start()
    made.advance(2_000)
    made.command("sleep", 1)
    made.until(lambda: made.all_open, 3_000)
    made.advance(3_000)
    assert made.all_open and not made.board.gates_enabled
    return made


def _woken(pack, since_ms, within_ms=2 * PIECE_MS + 1_000):
    """The board starts again, and switches on only after it has measured."""

    def started_ms():
        return pack.board.resets[-1][0] / 1000

    pack.until(lambda: started_ms() > since_ms, within_ms)
    pack.until_on(60_000)  # it does not know how warm the precharge resistor is
    assert pack.moved_ms("charge", True, since_ms) - started_ms() >= PROVEN_MS
    assert pack.word("restart_cause") == "sleep"


def test_it_sleeps_as_long_as_nothing_happens(station):
    pack = _asleep(station)
    starts = len(pack.board.resets)
    pack.advance(120_000)
    assert len(pack.board.resets) == starts and pack.all_open


@pytest.mark.parametrize("port", ["rs485_1", "rs485_2"])
def test_a_request_wakes_it(station, port):
    pack = _asleep(station)
    since_ms = pack.now_ms
    pack.board.uart_send(port, b"\x01\x03\x00\x00\x00\x01\x84\x0a")
    _woken(pack, since_ms)


def test_a_charger_wakes_it(station):
    pack = _asleep(station)
    since_ms = pack.inject("charger_connect", CHARGER_MV, 20_000)
    _woken(pack, since_ms)


def test_uptime_goes_on_as_far_as_the_sleep_is_known(station):
    pack = station().start()
    pack.advance(2_000)
    before_s = pack.read("uptime_s")
    pack.command("sleep", 1)
    pack.until(lambda: pack.all_open, 3_000)
    pack.advance(100_000)
    since_ms = pack.inject("charger_connect", CHARGER_MV, 20_000)
    _woken(pack, since_ms)
    assert 100 <= pack.read("uptime_s") - before_s <= 130


def test_it_is_refused_while_current_flows(station):
    pack = station().start()
    pack.inject("load_connect", 20_000)
    pack.advance(3_000)
    with pytest.raises(Refused):
        pack.command("sleep", 1)
    pack.advance(3_000)
    assert pack.discharge_closed and pack.truth("current_ma") < -15_000


def test_power_that_fails_asleep_is_a_start_like_any_other(station):
    pack = _asleep(station)
    pack.repower()
    pack.until_on()
    assert pack.word("restart_cause") == "power"
