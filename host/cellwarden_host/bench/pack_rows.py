"""How fast a pack and the core that guards it can be simulated on the host, in one process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from types import ModuleType

import boards.sim as board
from cellwarden.access import Access
from cellwarden.controller import TICK_MS, Controller
from cellwarden.readings import TEMP_COUNT
from cellwarden.settings import Settings

from ..desk import Desk
from ..sim.pack import Pack
from ..sim.pack_config import PackConfig
from ..sim.provision import commissioned
from ..step_desk import PATIENT_MS, StepDesk
from .row import Row, at_least

TOPIC = "pack simulation"
CELLS = 24
_WARM_UP_STEPS = 200
_STEPS = 300
_ROUNDS = 8


class Twin:
    """A pack whose cells the core sees without noise, and whose switches the core drives."""

    def __init__(self, settings: Settings) -> None:
        self.pack = Pack(board, PackConfig(cells=CELLS))
        self.pack.load.current_ma = 20_000
        self.desk = Desk(board, settings)
        self.controller = self.desk.controller

    def step(self, step_ms: int) -> None:
        """Pack, readings, core, switches: one step of simulated time."""
        pack = self.pack
        pack.advance(pack.now_us + step_ms * 1000)
        self.feed(step_ms)
        commands = self.controller.commands
        pack.drive(commands.charge, commands.discharge, commands.precharge)

    def feed(self, step_ms: int) -> None:
        """The pack as it is now, to the core: with three more samples of the current."""
        pack, desk = self.pack, self.desk
        desk.cell_mv = [round(mv) for mv in pack.all_cell_mv()]
        desk.current_ma = round(pack.current_ma)
        desk.pack_mv = round(pack.pack_mv())
        desk.bus_mv = round(pack.bus_mv)
        desk.charger_mv = round(pack.charger_mv)
        desk.run(step_ms)

    @property
    def working(self) -> bool:
        return self.controller.commands.discharge and self.pack.current_ma < -1000


class SteppedTwin(Twin):
    """The same with one sample a step."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.controller = Controller(patient_board(), settings, Access(os.urandom), 0)
        readings = self.controller.readings
        readings.bus_mv.fitted = readings.charger_mv.fitted = True
        self.stepped = StepDesk(self.controller, CELLS, 0)
        self.stepped.set_temps([250] * TEMP_COUNT)

    def feed(self, step_ms: int) -> None:
        pack, desk = self.pack, self.stepped
        desk.set_cells([round(mv) for mv in pack.all_cell_mv()])
        desk.current_ma = round(pack.current_ma)
        desk.pack_mv = round(pack.pack_mv())
        desk.bus_mv = round(pack.bus_mv)
        desk.charger_mv = round(pack.charger_mv)
        desk.step(step_ms)


def patient_board() -> ModuleType:
    """The board with a heartbeat that outlives a step."""
    patient = ModuleType("patient_board")
    patient.__dict__.update(vars(board))
    patient.__dict__["HEARTBEAT_MS"] = PATIENT_MS
    return patient


def rows(_rounds: int = 1) -> Iterator[Row]:
    for made, step_ms, target, what in (
        (Twin, TICK_MS, 300, "core and pack, 10 Hz with current at 40 Hz"),
        (SteppedTwin, 1000, 1000, "core and pack, 1 s step"),
    ):
        twin = made(commissioned(board))
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
