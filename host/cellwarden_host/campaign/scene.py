"""One board at work on one pack, in process: the stage on which hazards and faults appear.

The firmware is the real one (application, drivers, core); the pack and the chips are the
simulator's. Time is virtual and passes only in ``run``. While it passes, a ``Watch`` notes what
really flows. Nothing here may put a number into the firmware that its chips did not measure;
the one exception is a person's or a charger's message, which would come in by a port.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import boards.sim
from cellwarden import ids
from cellwarden.access import Access
from cellwarden.settings import BOARD
from cellwarden.tables import rules
from firmware import chip_test
from firmware.application import Application

from ..sim.inprocess import World
from ..sim.plant import Plant
from ..sim.provision import commissioned
from .watch import Watch

RULE = {rule.name: rule for rule in rules.RULES}
_WARM_UP_MS = 1600  # from reset until the outputs are on, precharge included


class Scene:
    """``pack`` and ``settings`` change the default 24-cell NMC pack and its settings."""

    def __init__(
        self,
        pack: dict[str, Any] | None = None,
        settings: dict[str, int] | None = None,
        calibrated: bool = True,
        board: ModuleType = boards.sim,
    ) -> None:
        self.plant = Plant(board, {"cells": 24, **(pack or {})})
        self.world = World(self.plant, board)
        made = commissioned(board, calibrated=calibrated, changes=settings)
        access = Access(lambda count: bytes(count))
        self.app = Application(board, self.world.machine, made, access, self.world.now_ms)
        self.controller = self.app.controller
        self.settings = made
        self.watch = Watch(self.plant)
        self.on_before: list[str] = []  # what went on or could, when the hazard came
        self.each_second: Any = None  # what the world outside does now and then
        self._second_us = 0

    def start(self) -> None:
        """The end of start-up: self-test, watchdog, outputs released to the core."""
        failures = chip_test.failures(self.app.hardware)
        self.controller.conditions.self_test_failures = failures
        self.app.watchdog = self.world.machine.WDT(self.app.board.WATCHDOG_MS)
        self.app.unlock()

    def warm_up(self) -> None:
        """From reset to both switches on, nothing connected that draws."""
        self.start()
        self.run(_WARM_UP_MS)

    def run(self, duration_ms: int) -> None:
        """Let time pass; nobody works once the watchdog has bitten."""
        world, plant, watch = self.world, self.plant, self.watch
        end_us = world.clock.now_us + duration_ms * 1000
        while world.clock.now_us < end_us:
            if world.machine.was_reset:
                world.hang((end_us - world.clock.now_us + 999) // 1000)
            else:
                world.call(self.app.step)
            plant.advance(world.clock.now_us)
            watch.look(world.clock.now_us)
            if self.each_second and world.clock.now_us - self._second_us >= 1_000_000:
                self._second_us = world.clock.now_us
                self.each_second()

    @property
    def now_us(self) -> int:
        return int(self.world.clock.now_us)

    def set(self, **changes: int) -> None:
        """A person changes settings over a port."""
        settings = self.settings
        settings.begin(BOARD)
        for name, value in changes.items():
            settings.write(getattr(ids, name.upper()), value)
        if settings.commit(False) != ids.COMMIT_RESULT_IS_OK:
            raise ValueError(f"refused: {changes}")

    # --- what is seen, for tests of one rule; never for a verdict

    def active(self, rule: str) -> bool:
        return bool(self.controller.protection.is_active(getattr(ids, "RULE_" + rule.upper())))

    def active_rules(self) -> list[str]:
        protection = self.controller.protection
        return [r.name for r in rules.RULES if protection.is_active(r.number) and r.forbids]
