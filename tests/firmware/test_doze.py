"""What ends a sleep: an edge, a charger, a current, a meter that is lost, or time."""

import importlib
import sys
from types import ModuleType, SimpleNamespace

import pytest

import boards.pico_24s as common_port
import boards.sim as board

FOREVER, PIECE_MS = 0, 1_000


@pytest.fixture(autouse=True)
def doze(monkeypatch, tmp_path):
    """The module on a controller whose flash is a folder."""
    monkeypatch.setitem(sys.modules, "machine", ModuleType("machine"))
    for name in ("firmware.restart", "firmware.doze"):
        sys.modules.pop(name, None)
    module = World.module = importlib.import_module("firmware.doze")
    monkeypatch.setattr(module.restart, "_WORD", str(tmp_path / "restart.txt"))
    assert (module.FOREVER, module.PIECE_MS) == (FOREVER, PIECE_MS)
    yield module
    for name in ("firmware.restart", "firmware.doze"):
        sys.modules.pop(name, None)


class Pin:
    IRQ_FALLING = 4
    handlers: dict = {}

    def __init__(self, number):
        self.number = number

    def irq(self, handler=None, trigger=0):
        Pin.handlers[self.number] = handler


class Meter:
    """A divider or the shunt monitor: what it reads is an attribute."""

    ready = True

    def __init__(self):
        self.mv = 88_000
        self.current_ma = 0
        self.gone = False

    def read(self):
        if self.gone:
            raise OSError(5)
        return True

    read_current = read


class World:
    def __init__(self, definition=board, charger=True):
        Pin.handlers = {}
        self.fed = self.pieces = 0
        self.happens = {}  # piece -> what happens in it
        self.hardware = SimpleNamespace(
            chip=None, pack=Meter(), bus=Meter(), charger=Meter() if charger else None
        )
        self.hardware.shunt = Meter()
        self.doze = self.module.Doze(definition, self, self.hardware, self)
        self.definition = definition

    Pin = Pin
    module: ModuleType

    def lightsleep(self, ms):
        assert ms < board.WATCHDOG_MS
        self.pieces += 1
        self.happens.get(self.pieces, lambda: None)()

    def feed(self):
        self.fed += 1


def test_time_ends_it_and_is_known_after():
    world = World()
    world.doze.until_woken(60_000)
    assert world.doze.slept_ms == 60_000 and world.fed == 60_000 // PIECE_MS


@pytest.mark.parametrize("name", ["rs485_1_rx", "rs485_2_rx", "shunt_alert"])
def test_an_edge_ends_it_at_once(name):
    world = World()
    number = board.PINS[name]
    world.happens[3] = lambda: Pin.handlers[number](None)
    world.doze.until_woken(FOREVER)
    assert world.pieces == 3 and world.doze.slept_ms == 2 * PIECE_MS
    assert not any(Pin.handlers.values())


@pytest.mark.parametrize("current_ma", [-1_000, 1_000])
def test_a_current_ends_it(current_ma):
    world = World()
    world.happens[2] = lambda: setattr(world.hardware.shunt, "current_ma", current_ma)
    world.doze.until_woken(FOREVER)
    assert world.pieces == 2


def test_a_meter_that_is_lost_is_not_slept_over():
    world = World()
    world.happens[2] = lambda: setattr(world.hardware.shunt, "gone", True)
    world.doze.until_woken(FOREVER)
    assert world.pieces == 2


def test_a_charger_ends_it_on_a_common_port_too():
    for made in (World(), World(common_port, charger=False)):
        terminals = made.hardware.charger or made.hardware.bus
        made.happens[4] = lambda terminals=terminals: setattr(terminals, "mv", 88_400)
        made.doze.until_woken(FOREVER)
        assert made.pieces == 4


def test_a_pulled_plug_takes_less_than_an_hour_of_a_sleep(doze, monkeypatch):
    kept = []
    monkeypatch.setattr(doze.restart, "mean", lambda word, ms: kept.append((word, ms)))
    world = World()
    world.doze.until_woken(2 * 3_600_000 + 3_599_000)
    assert kept == [("asleep", 3_600_000), ("asleep", 7_200_000)]
