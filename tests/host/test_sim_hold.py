"""The hold one-shot of a simulated board: one restart is bridged, and nothing else is."""

import pytest

import boards.sim
from cellwarden_host.sim.clock import Clock
from cellwarden_host.sim.pins import HOLD_CHARGE_MS, HOLD_MS, Pins
from cellwarden_host.sim.plant import Plant

_OUT_LOW = 0x41
_OUTPUTS = ("charge_gate", "discharge_gate", "precharge_gate", "heartbeat", "hold_arm")
_NUMBER = boards.sim.PINS


class Rig:
    """The pins of a simulated board with its pack; the test is the controller."""

    def __init__(self):
        self.clock = Clock()
        self.plant = Plant(boards.sim)
        self.pins = Pins(
            self.plant, boards.sim, self.clock, {}, lambda slot: None, lambda us: None, 0, 0, 2000
        )
        for name in _OUTPUTS:
            self.pins._set_mode(_NUMBER[name], _OUT_LOW, 0, b"")
        self._beat = 0

    def put(self, name, level):
        self.pins._set_level(_NUMBER[name], level, 0, b"")

    def run(self, ms, beats=True):
        for _ in range(ms // 100):
            self.clock.advance_to(self.clock.now_us + 100_000)
            if beats:
                self._beat ^= 1
                self.put("heartbeat", self._beat)

    def at_work(self, ms=HOLD_CHARGE_MS + 200):
        self.put("precharge_gate", 1)
        self.run(500)
        self.put("precharge_gate", 0)
        self.put("charge_gate", 1)
        self.put("discharge_gate", 1)
        self.run(ms)
        assert self.closed == (True, True)
        return self

    def restart(self):
        """All pins float, as in a reset of the chip."""
        self.pins.hard_reset()
        self.plant.hard_reset(self.clock.now_us)
        for name in _OUTPUTS:
            self.pins._set_mode(_NUMBER[name], _OUT_LOW, 0, b"")
        self._beat = 0

    @property
    def closed(self):
        pack = self.plant.pack
        return pack.charge.closed, pack.discharge.closed


@pytest.fixture
def rig():
    return Rig().at_work()


def test_an_armed_hold_bridges_a_restart_until_the_heartbeat_is_back(rig):
    rig.put("hold_arm", 1)
    rig.restart()
    rig.run(1500, beats=False)
    assert rig.closed == (True, True) and not rig.pins.gates_enabled
    rig.put("charge_gate", 1)  # the new firmware wants one of them
    rig.run(100)
    assert rig.closed == (True, False) and not rig.pins.held


def test_it_ends_by_itself(rig):
    rig.put("hold_arm", 1)
    rig.restart()
    rig.run(HOLD_MS - 100, beats=False)
    assert rig.closed == (True, True)
    rig.run(100, beats=False)
    assert rig.closed == (False, False)


def test_a_crash_does_not_arm_it(rig):
    rig.restart()
    assert rig.closed == (False, False)


def test_a_short_circuit_overrides_it(rig):
    rig.put("hold_arm", 1)
    rig.restart()
    rig.plant.pack.short_latched = True
    rig.plant.refresh()
    assert rig.closed == (False, False)


def test_one_charge_is_good_for_one_restart(rig):
    rig.put("hold_arm", 1)
    rig.restart()
    rig.at_work(1000)
    rig.put("hold_arm", 1)
    rig.restart()
    assert rig.closed == (False, False)


def test_without_a_heartbeat_there_is_nothing_to_hold():
    rig = Rig().at_work()
    rig.run(600, beats=False)
    rig.put("hold_arm", 1)
    assert not rig.pins.held and rig.closed == (False, False)
