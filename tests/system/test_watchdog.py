"""Firmware that hangs or crashes under load: the gates open, and it comes back by itself.

The trouble is brought in by a main.py that spoils the running application after five seconds,
once; everything else is the board's own firmware.
"""

import pytest

from cellwarden_host.sim.layout import ops

TROUBLE_MS = 5000
TICK_MS = 100
HEARTBEAT_MS = 500
WATCHDOG_MS = 2000
RESISTOR_MS = 60_000  # until the precharge resistor is known to be cool after a restart

MAIN = """
import machine, time
from firmware.application import Application
step = Application.step
def spoiled(self, now_ms):
    if now_ms > %d and machine.reset_cause() == machine.PWRON_RESET:
        %s
    return step(self, now_ms)
Application.step = spoiled
from firmware.start import run
run()
"""
HANGS = {
    "endless loop": "while True: pass",
    "waiting for ever": "time.sleep(1000)",
    "waiting again and again": "while True: time.sleep_ms(20)",
    "ticks without end": "while True: step(self, now_ms) if not self.sampler.tick_due else None",
}


def _under_load(station, trouble):
    pack = station(extra={"/main.py": (MAIN % (TROUBLE_MS, trouble)).encode()})
    pack.start()
    pack.inject("load_connect", 20_000)
    pack.advance(TROUBLE_MS - 200 - pack.now_ms)
    assert pack.truth("current_ma") < -15_000
    return pack


def _opened_ms(pack):
    pack.until(lambda: pack.all_open, 2000, 20)
    return max(pack.moved_ms(name, False, 4000) for name in ("charge", "discharge"))


@pytest.mark.parametrize("trouble", HANGS.values(), ids=HANGS.keys())
def test_a_hung_firmware_loses_the_gates_and_is_restarted_by_the_watchdog(station, trouble):
    pack = _under_load(station, trouble)
    boot_ms = 150
    most_ms = TROUBLE_MS + boot_ms + 2 * TICK_MS + HEARTBEAT_MS
    assert _opened_ms(pack) <= most_ms
    pack.until(lambda: len(pack.board.resets) > 1, 2 * WATCHDOG_MS, 20)
    reset_us, cause = pack.board.resets[1]
    assert cause == ops.WDT_RESET
    assert reset_us / 1000 - TROUBLE_MS <= WATCHDOG_MS + boot_ms + 2 * TICK_MS
    pack.until_served()
    pack.advance(500)
    assert pack.word("restart_cause") == "watchdog"
    assert pack.active("watchdog_restart")
    (_, start) = [entry for entry in pack.journal() if entry.kind == "start"]
    assert start.field["value"] == 2, "the journal says that it was the watchdog"
    assert pack.entries("watchdog_restart", "warn")
    pack.until(lambda: pack.discharge_closed, RESISTOR_MS, 100)


def test_an_exception_in_the_control_loop_opens_everything_at_once_and_restarts(station):
    pack = _under_load(station, "raise ValueError('a bug')")
    assert _opened_ms(pack) <= TROUBLE_MS + 150 + 2 * TICK_MS
    pack.until(lambda: len(pack.board.resets) > 1, 2 * WATCHDOG_MS, 20)
    pack.until_served()
    said = bytes(pack.board.console.log).decode()
    assert "ValueError: a bug" in said, "the reason is kept for a person"
    pack.until(lambda: pack.discharge_closed, RESISTOR_MS, 100)
