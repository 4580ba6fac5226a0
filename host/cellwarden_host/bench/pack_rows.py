"""How fast a pack and the core that guards it can be simulated on the host, in one process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import ModuleType

import boards.sim as board
from cellwarden.controller import TICK_MS
from cellwarden.settings import Settings

from ..desk import Desk
from ..sim.pack import Pack
from ..sim.pack_config import PackConfig
from ..sim.provision import commissioned
from .row import Row, at_least

TOPIC = "pack simulation"
CELLS = 24
_WARM_UP_STEPS = 200
_STEPS = 300
_ROUNDS = 8


def patient_board() -> ModuleType:
    """The board with a heartbeat that outlives a step: else the core rests after each gap."""
    patient = ModuleType("patient_board")
    patient.__dict__.update(vars(board))
    patient.__dict__["HEARTBEAT_MS"] = 5000
    return patient


class StepDesk(Desk):
    """A desk that can also pass time in one step, with one sample of everything."""

    def _measure(self) -> None:
        super()._measure()
        self.controller.readings.open_wire_ms = self.now_ms

    def leap(self, ms: int) -> None:
        self._pass(ms)
        self._measure_current()
        self._measure()
        self.controller.tick(self.now_ms)


class Twin:
    """A pack whose cells the core sees without noise, and whose switches the core drives."""

    def __init__(self, settings: Settings) -> None:
        self.pack = Pack(board, PackConfig(cells=CELLS))
        self.pack.load.current_ma = 20_000
        self.desk = StepDesk(patient_board(), settings)

    def step(self, step_ms: int) -> None:
        """Pack, readings, core, switches: one step of simulated time."""
        pack, desk = self.pack, self.desk
        pack.advance(pack.now_us + step_ms * 1000)
        desk.cell_mv = [round(mv) for mv in pack.all_cell_mv()]
        desk.current_ma = round(pack.current_ma)
        desk.pack_mv = round(pack.pack_mv())
        desk.bus_mv = round(pack.bus_mv)
        desk.charger_mv = round(pack.charger_mv)
        if step_ms == TICK_MS:
            desk.tick()
        else:
            desk.leap(step_ms)
        commands = desk.controller.commands
        pack.drive(commands.charge, commands.discharge, commands.precharge)

    @property
    def working(self) -> bool:
        return self.desk.discharge and self.pack.current_ma < -1000


def rows(_rounds: int = 1) -> Iterator[Row]:
    for step_ms, target, what in (
        (TICK_MS, 300, "core and pack, 10 Hz with current at 40 Hz"),
        (1000, 1000, "core and pack, 1 s step"),
    ):
        twin = Twin(commissioned(board))
        for _ in range(_WARM_UP_STEPS):
            twin.step(TICK_MS)
        speed = max(_speed(twin, step_ms) for _ in range(_ROUNDS))
        note = "" if twin.working else "outputs were off"
        yield at_least(
            TOPIC, f"{what}, {CELLS} cells; CPython", speed, target, "x real time", note=note
        )


def _speed(twin: Twin, step_ms: int) -> float:
    """Simulated seconds a second."""
    start = time.perf_counter()
    for _ in range(_STEPS):
        twin.step(step_ms)
    return _STEPS * step_ms / 1000 / (time.perf_counter() - start)
