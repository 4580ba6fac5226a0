"""Records what the hardware says to the firmware, so that a runtime can be timed without it.

The real firmware runs in process on the simulated pack; every answer of a bus, converter, pin
and clock goes onto one tape, in order, with the steps that were taken. Played back to the same
code (``on_board/drivers_cost.py``) it takes the same way, and no time passes in hardware.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boards.sim as board
from cellwarden.access import Access
from firmware import clock
from firmware.application import Application
from firmware.drivers import ltc6811_link

from ..sim import inprocess
from ..sim.plant import Plant
from ..sim.provision import commissioned

_FIRST_S = 8  # proves the wiring, precharges, switches on
_LOAD_MA = -20_000


class Spi(inprocess.Spi):
    tape: list[Any] = []

    def write_readinto(self, data: Any, into: Any) -> None:
        super().write_readinto(data, into)
        self.tape.append(bytes(into).hex())


class I2c(inprocess.I2c):
    tape: list[Any] = []

    def readfrom_into(self, address: int, into: Any, stop: bool = True) -> None:
        super().readfrom_into(address, into, stop)
        self.tape.append(bytes(into).hex())


class Machine(inprocess.Machine):
    """A machine whose buses write down what they have read."""

    def SPI(self, *_args: Any, **_options: Any) -> Spi:
        return Spi(self)

    def I2C(self, *_args: Any, **_options: Any) -> I2c:
        return I2c(self)


def record(file: Path, cycles: int) -> None:
    """Write a tape of ``cycles`` control cycles under load, and what led up to them."""
    tape: list[Any] = []
    Spi.tape = I2c.tape = tape
    plant = Plant(board, {"cells": 24})
    world = inprocess.World(plant, board)
    world.machine = Machine(plant, board, world.clock)
    _tap(plant, "input_level", tape)
    _tap(plant, "adc_u16", tape)
    told = clock.now_ms
    taped = _taped(told, tape)
    # The link to the chips knows the clock by a name of its own.
    clock.now_ms = ltc6811_link.now_ms = taped
    try:
        steps = _run(world, plant, cycles)
    finally:
        clock.now_ms = ltc6811_link.now_ms = told
    file.write_text(json.dumps({"steps": steps, "tape": tape, "cycles": cycles}))


def _run(world: Any, plant: Any, cycles: int) -> list[int]:
    """The times at which the firmware was called; a negative one starts what is measured."""
    app = Application(board, world.machine, commissioned(board), Access(bytes), world.now_ms)
    app.unlock()
    steps: list[int] = []

    def step(now_ms: int) -> int:
        steps.append(now_ms)
        return int(app.step(now_ms))

    world.run(_FIRST_S * 1000, step)
    plant.inject("current", _LOAD_MA)
    world.run(1000, step)
    steps.append(-1)
    ticks = app.controller.ticks
    while app.controller.ticks < ticks + cycles:
        world.call(step)
    return steps


def _tap(plant: Any, name: str, tape: list[Any]) -> None:
    setattr(plant, name, _taped(getattr(plant, name), tape))


def _taped(function: Any, tape: list[Any]) -> Any:
    def taped(*arguments: Any) -> Any:
        answer = function(*arguments)
        tape.append(int(answer))
        return answer

    return taped
