"""Why the board restarted: the word that was left counts for a reset, never for a lost supply."""

import importlib
import sys
from types import ModuleType

import pytest

from cellwarden import ids

POWER, HARD, WATCHDOG, SOFT = 1, 2, 3, 5


class Start:
    """``cause`` of a start that the controller reports as ``reset``, after ``left`` on flash."""

    def __init__(self, module, machine):
        self.module, self._machine = module, machine

    def cause(self, left, reset):
        if left is not None:
            self.module.mean(*left)
        self._machine.reset_cause = lambda: reset
        return self.module.cause()


@pytest.fixture
def start(monkeypatch, tmp_path):
    machine = ModuleType("machine")
    machine.PWRON_RESET, machine.HARD_RESET = POWER, HARD
    machine.WDT_RESET, machine.SOFT_RESET = WATCHDOG, SOFT
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.delitem(sys.modules, "firmware.restart", raising=False)
    module = importlib.import_module("firmware.restart")
    monkeypatch.setattr(module, "_WORD", str(tmp_path / "restart.txt"))
    yield Start(module, machine)
    sys.modules.pop("firmware.restart", None)


@pytest.mark.parametrize("word", ["sleep", "crash", "command", "asleep"])
def test_no_word_makes_a_lost_supply_anything_else(start, word):
    assert start.cause((word, 60_000), POWER) == ids.RESTART_CAUSE_IS_POWER
    assert start.module.held == 0
    # And the word has been used up.
    assert start.cause(None, WATCHDOG) == ids.RESTART_CAUSE_IS_WATCHDOG


def test_a_sleep_that_ended_with_the_plug_was_slept(start):
    start.cause(("asleep", 7_200_000), POWER)
    assert start.module.slept_ms == 7_200_000


@pytest.mark.parametrize("reset", [WATCHDOG, SOFT, HARD])  # RP2040, ESP32, the simulator
def test_a_meant_reset_is_told_by_its_word(start, reset):
    assert start.cause(("command", 3), reset) == ids.RESTART_CAUSE_IS_COMMAND
    assert start.module.held == 3
    assert start.cause(("crash",), reset) == ids.RESTART_CAUSE_IS_FAULT
    assert start.cause(("sleep", 60_000), reset) == ids.RESTART_CAUSE_IS_SLEEP
    assert start.module.slept_ms == 60_000 and start.module.held == 0


def test_a_board_that_hangs_asleep_was_reset_by_the_watchdog(start):
    assert start.cause(("asleep", 3_600_000), WATCHDOG) == ids.RESTART_CAUSE_IS_WATCHDOG
    assert start.module.slept_ms == 3_600_000
