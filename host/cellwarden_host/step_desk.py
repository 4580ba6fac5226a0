"""A controller on a desk that gets one whole sample a step, however long a step is.

For replaying logs and for measuring speed: no drivers, no chips, no clock of its own. Unlike
``desk.Desk`` it takes no current samples in between, and what is not set is not fitted. The
wires always check out well. Runs unchanged on CPython and MicroPython: integers, no typing.
"""

from cellwarden.readings import TEMP_COUNT, TEMP_MISSING, TEMP_OK
from cellwarden.ticks import MASK

# A heartbeat that outlives any step: else the core would rest after each, as behind an open gate.
PATIENT_MS = 600_000


class StepDesk:
    """Set ``current_ma``, ``pack_mv``, cells and temperatures; ``step`` passes time."""

    def __init__(self, controller, cells, now_ms):
        self.controller = controller
        self.now_ms = now_ms
        self.current_ma = 0
        self.pack_mv = 0
        self.bus_mv = None
        self.charger_mv = None
        self._cells = cells
        r = controller.readings
        r.secondary_fitted = True
        for i in range(cells):
            r.cell_valid[i] = 1

    def set_cells(self, cell_mv):
        """As many as the pack has, or one that stands for all; the pack is their sum."""
        cells = self.controller.readings.cell_mv
        if len(cell_mv) == 1:
            mv = cell_mv[0]
            for i in range(self._cells):
                cells[i] = mv
            self.pack_mv = mv * self._cells
            return
        total = 0
        for i in range(self._cells):
            cells[i] = mv = cell_mv[i]
            total += mv
        self.pack_mv = total

    def set_temps(self, temp_dc):
        """In the order of the product's sensors; those that are not given are missing."""
        r = self.controller.readings
        for i in range(TEMP_COUNT):
            known = i < len(temp_dc)
            r.temp_dc[i] = temp_dc[i] if known else 0
            r.temp_state[i] = TEMP_OK if known else TEMP_MISSING

    def step(self, ms):
        """Pass time with everything as it is, then one sample of it and a tick."""
        self.pass_time(ms)
        self.tick()

    def pass_time(self, ms):
        self.now_ms = (self.now_ms + ms) & MASK

    def sample_current(self):
        self.controller.readings.current_ma.put(self.current_ma, self.now_ms)

    def tick(self):
        """One sample of everything, and what the core makes of it."""
        controller = self.controller
        r = controller.readings
        now_ms = self.now_ms
        r.current_ma.put(self.current_ma, now_ms)
        r.pack_mv.put(self.pack_mv, now_ms)
        r.cells_done(now_ms)
        r.temps_done(now_ms)
        r.open_wire_ms = now_ms
        r.open_wire_count = (r.open_wire_count + 1) & MASK
        if self.bus_mv is not None:
            r.bus_mv.put(self.bus_mv, now_ms)
        if self.charger_mv is not None:
            r.charger_mv.put(self.charger_mv, now_ms)
        controller.tick(now_ms)
        controller.commands.reset_short = False
