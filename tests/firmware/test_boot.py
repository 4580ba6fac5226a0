"""boot.py makes a board safe by itself, also when nothing else on it can be loaded."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest
from loader_rig import loader_on

BOOT = Path(__file__).resolve().parents[2] / "firmware/root/boot.py"
ESP32_BOARDS = ("esp32_16s", "esp32_24s")
OFF_AT_REST = (
    "charge_gate",
    "discharge_gate",
    "precharge_gate",
    "heater",
    "secondary_fire",
    "short_reset",
    "heartbeat",
    "buzzer",
)
FLASH = range(6, 12)
RAM, CONSOLE = 16, (1, 3)


class Machine(ModuleType):
    """Notes which pins are let go of, and which are driven low."""

    def __init__(self, dead=()):
        super().__init__("machine")
        self.freed = []
        self.low = []
        self.fed_by = []
        machine = self

        class Pin:
            IN, OUT = 0, 1

            def __init__(self, number, mode, value=None):
                if number in dead:
                    raise ValueError(number)
                if mode == Pin.IN:
                    machine.freed.append(number)
                elif value == 0:
                    machine.low.append(number)

        class Timer:
            PERIODIC = 1

            def __init__(self, number):
                if machine.refused == number:
                    raise ValueError("this port has no such timer")
                machine.fed_by.append(number)

            def init(self, **_options):
                pass

        self.refused = None
        self.Pin = Pin
        self.Timer = Timer
        self.WDT = lambda timeout: object()


def boot(monkeypatch, platform, machine, board=None, folder=None):
    """Run boot.py as on a controller; ``board`` is its name, or what is about it is missing."""
    monkeypatch.setattr(sys, "platform", platform)
    with loader_on(board, machine):
        if folder is not None:
            importlib.import_module("loader.control").root = f"{folder}/"
        exec(compile(BOOT.read_text(encoding="utf-8"), "boot.py", "exec"), {})


@pytest.mark.parametrize("name", ESP32_BOARDS)
def test_an_esp32_without_its_board_lets_go_of_every_output_and_of_nothing_else(monkeypatch, name):
    pins = importlib.import_module("boards." + name).PINS
    machine = Machine()
    boot(monkeypatch, "esp32", machine)
    assert {pins[role] for role in OFF_AT_REST if role in pins} <= set(machine.freed)
    assert not set(machine.freed) & {*FLASH, RAM, *CONSOLE}


def test_an_rp2040_without_its_board_lets_go_of_all_its_pins(monkeypatch):
    machine = Machine()
    boot(monkeypatch, "rp2", machine)
    assert machine.freed == list(range(29))


def test_a_pin_that_cannot_be_let_go_of_does_not_keep_the_others(monkeypatch):
    machine = Machine(dead=(25,))
    boot(monkeypatch, "esp32", machine)
    assert 26 in machine.freed and 33 in machine.freed


@pytest.mark.parametrize("name", ESP32_BOARDS)
def test_an_esp32_is_locked_off_on_a_timer_that_it_has(monkeypatch, tmp_path, name):
    board = importlib.import_module("boards." + name)
    machine = Machine()
    machine.refused = -1
    boot(monkeypatch, "esp32", machine, name, tmp_path)
    driven = {board.PINS[role] for role in OFF_AT_REST if role in board.PINS}
    assert driven - {board.PINS["secondary_fire"]} <= set(machine.low)
    assert machine.freed == [] and machine.fed_by == [board.TIMERS[0]]


def test_a_board_whose_timer_is_refused_is_let_go_of_as_well(monkeypatch):
    board = importlib.import_module("boards.esp32_16s")
    machine = Machine()
    machine.refused = board.TIMERS[0]
    boot(monkeypatch, "esp32", machine, "esp32_16s")
    assert board.PINS["charge_gate"] in machine.low and 33 in machine.freed


@pytest.mark.parametrize("name", ESP32_BOARDS)
def test_every_timer_is_one_that_an_esp32_has(name):
    timers = importlib.import_module("boards." + name).TIMERS
    assert sorted(set(timers)) == list(timers) and len(timers) == 3
    assert all(0 <= number <= 3 for number in timers)


def test_a_record_that_cannot_be_read_does_not_keep_main_from_starting(monkeypatch, tmp_path):
    machine = Machine()
    with loader_on("esp32_16s", machine):
        control = importlib.import_module("loader.control")
        control.root = f"{tmp_path}/"
        monkeypatch.setattr(control, "peek", lambda: 1 // 0)
        exec(compile(BOOT.read_text(encoding="utf-8"), "boot.py", "exec"), {})
    assert machine.low and machine.fed_by
