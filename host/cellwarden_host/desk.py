"""The core on a desk: one controller fed with numbers, its clock in the caller's hand.

No drivers, no chips, no pack: for tests of the core's promises, and for measuring what the
core itself costs. What is not given stays as it was; ``None`` is a reading that was lost.
"""

from __future__ import annotations

import os
from types import ModuleType

from cellwarden.access import Access
from cellwarden.controller import TICK_MS, Controller
from cellwarden.readings import TEMP_COUNT, TEMP_MISSING, TEMP_OK
from cellwarden.settings import Settings
from cellwarden.ticks import MASK

FAST_MS = 25


class Desk:
    """A controller whose readings are attributes; ``tick`` passes 100 ms."""

    def __init__(self, board: ModuleType, settings: Settings, start_ms: int = 0) -> None:
        self.now_ms = start_ms & MASK
        self.controller = Controller(board, settings, Access(os.urandom), self.now_ms)
        self.cells = settings.value[1]
        self.cell_mv: list[int] | None = [3700] * self.cells
        self.current_ma: int | None = 0
        self.temp_dc: list[int | None] | None = [250] * TEMP_COUNT
        self.pack_mv: int | str | None = "sum"
        self.bus_mv: int | str | None = "follow"
        self.charger_mv: int | str | None = "follow"
        self.short_circuit = False
        self.fast_overcurrent = False
        self.open_wires: tuple[int, ...] = ()
        self.check_wires = True  # open-wire checks come to an end
        self.feedback = True
        readings = self.controller.readings
        readings.bus_mv.fitted = readings.charger_mv.fitted = True
        readings.secondary_fitted = bool(board.SECONDARY_FITTED)
        self._bus_now = 0

    @property
    def charge(self) -> bool:
        return self.controller.commands.charge

    @property
    def discharge(self) -> bool:
        return self.controller.commands.discharge

    def active(self, rule: int) -> bool:
        return self.controller.protection.is_active(rule)

    def run(self, ms: int) -> None:
        """Pass ``ms``, a tick at a time, with everything as it is."""
        for _ in range(ms // TICK_MS):
            self.tick()

    def tick(self) -> None:
        """Three fast samples, then a whole one with its tick."""
        for _ in range(TICK_MS // FAST_MS - 1):
            self._pass(FAST_MS)
            self._measure_current()
            self.controller.fast(self.now_ms)
        self._pass(FAST_MS)
        self._measure_current()
        self._measure()
        self.controller.tick(self.now_ms)
        self.controller.commands.reset_short = False

    def _pass(self, ms: int) -> None:
        self.now_ms = (self.now_ms + ms) & MASK

    def _measure_current(self) -> None:
        r = self.controller.readings
        if self.current_ma is None:
            r.current_ma.miss()
        else:
            r.current_ma.put(self.current_ma, self.now_ms)
        r.short_circuit = self.short_circuit
        r.fast_overcurrent = self.fast_overcurrent

    def _measure(self) -> None:
        r = self.controller.readings
        now_ms = self.now_ms
        if self.cell_mv is None:
            r.cells_valid = False
        else:
            for i, mv in enumerate(self.cell_mv):
                r.cell_mv[i] = mv
                r.cell_valid[i] = 1
            r.cells_done(now_ms)
        if self.temp_dc is None:
            r.temps_valid = False
        else:
            for i, dc in enumerate(self.temp_dc):
                r.temp_state[i] = TEMP_MISSING if dc is None else TEMP_OK
                r.temp_dc[i] = 0 if dc is None else dc
            r.temps_done(now_ms)
        for i in range(len(r.open_wire)):
            r.open_wire[i] = i in self.open_wires
        if self.check_wires:
            r.open_wire_count += 1
            r.open_wire_ms = now_ms
        self._voltages()
        commands = self.controller.commands
        r.feedback_valid = self.feedback
        r.charge_feedback = int(commands.charge)
        r.discharge_feedback = int(commands.discharge)

    def _voltages(self) -> None:
        r = self.controller.readings
        commands = self.controller.commands
        pack = sum(self.cell_mv or ()) if self.pack_mv == "sum" else self.pack_mv
        if commands.discharge or commands.precharge:
            self._bus_now = int(pack or 0)
        elif not self.controller.switchgear.charge_on:
            self._bus_now = 0
        follow = self._bus_now
        for scalar, value in (
            (r.pack_mv, pack),
            (r.bus_mv, follow if self.bus_mv == "follow" else self.bus_mv),
            (r.charger_mv, follow if self.charger_mv == "follow" else self.charger_mv),
        ):
            if value is None or isinstance(value, str):
                scalar.miss()
            else:
                scalar.put(value, self.now_ms)
