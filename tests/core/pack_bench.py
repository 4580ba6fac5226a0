"""A pack's numbers for limits, balancing, estimator and heater: readings by hand, real
quantities and settings, a stand-in for protection, the clock in the test's hand."""

from switch_bench import Board, commissioned

from cellwarden import ids
from cellwarden.commands import Commands
from cellwarden.conditions import Conditions
from cellwarden.quantities import Quantities
from cellwarden.readings import TEMP_COUNT, TEMP_OK, Readings


class Forbids:
    """Stands in for protection and for the switchgear that quantities look at."""

    def __init__(self):
        self.forbids = 0
        self.state = bytearray(128)
        self.charge_on = self.discharge_on = True
        self.precharge_on = False
        self.charge_since_ms = self.discharge_since_ms = 0
        self.precharge_no_capacitor = self.precharge_short = self.precharge_stuck = 0


class Charge:
    """Stands in for the estimator."""

    def __init__(self):
        self.soc_permille = 500
        self.soc_sigma_permille = 10
        self.resistance_uohm = 0
        self.full = False


class Pack:
    """``pass_time(ms)`` takes one sample of everything that is not ``lost``."""

    def __init__(self, chemistry=ids.CHEMISTRY_NMC, cells=8, board=None, capacity_mah=100_000):
        self.board = board or Board()
        self.settings = commissioned(self.board, chemistry, cells, capacity_mah)
        self.live = self.settings.live
        self.cells = cells
        self.readings = Readings()
        self.protection = Forbids()
        self.estimator = Charge()
        self.commands = Commands()
        self.conditions = Conditions()
        self.quantities = Quantities(0)
        self.now_ms = 0
        self.cell_mv = [3700] * cells
        self.current_ma = 0
        self.temp_dc = [250] * TEMP_COUNT
        self.lost = ()

    def pass_time(self, ms=100):
        self.now_ms = (self.now_ms + ms) & 0x3FFFFFFF
        self.sample()
        self.quantities.update(
            self.readings,
            self.live,
            self.protection.state,
            self.protection,
            self.estimator.soc_permille,
            self.conditions,
            self.now_ms,
        )

    def sample(self):
        r = self.readings
        now_ms = self.now_ms
        if "cells" in self.lost:
            r.cells_valid = False
        else:
            for i in range(self.cells):
                r.cell_mv[i] = self.cell_mv[i]
            r.cells_done(now_ms)
        if "temps" in self.lost:
            r.temps_valid = False
        else:
            for i in range(TEMP_COUNT):
                r.temp_dc[i] = self.temp_dc[i]
                r.temp_state[i] = TEMP_OK
            r.temps_done(now_ms)
        if "current" in self.lost:
            r.current_ma.miss()
        else:
            r.current_ma.put(self.current_ma, now_ms)
