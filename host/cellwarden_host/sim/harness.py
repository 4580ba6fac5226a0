"""The sense harness: 25 wires from 24 cells to the pins of the front ends.

Wire ``w`` joins boundary ``w`` of the stack (0 = pack minus) to every pin that sits there: one
pin inside a chip, two where chips meet, more where unused channels are tied together. A cut
wire leaves its pins floating on their filter capacitors: leakage pulls them slowly to the
middle of their neighbours (plus an offset), the open-wire test's 100 uA moves them fast, and
clamp diodes stop them 0.3 V outside their neighbours. Each chip's own supply and ground stay
connected, except that a border wire carries both.

Wires are 0..cells; nothing here knows registers.
"""

import math
import random

CLAMP_MV = 300.0
DRIFT_TAU_S = 1.5


class Harness:
    """Channel map and wire potentials."""

    def __init__(self, board, config, pack):
        self.pack = pack
        self.cells = config.cells
        self.chips = board.LTC6811_CHIPS
        self.channels = config.channels or spread_evenly(config.cells, self.chips)
        self.cell_of: list[int | None] = [None] * (12 * self.chips)
        for cell, channel in enumerate(self.channels):
            self.cell_of[channel] = cell
        self.pin_wire = self._pins()
        self.pin_farad = config.pin_nf / 1e9
        self._wire_ohm = config.wire_mohm / 1000
        rng = random.Random(config.seed + 1)
        self._offset_mv = [rng.gauss(0, 1) * 150 for _ in range(config.cells + 1)]
        self.open = {}  # wire -> potential in mV, where it floats now
        self.swapped = {}  # wire -> boundary it really goes to
        self._drift_us = 0

    def _pins(self):
        """Wire at each of the 13 C pins, chip by chip."""
        pins, wire = [], 0
        for chip in range(self.chips):
            row = [wire]
            for channel in range(chip * 12, chip * 12 + 12):
                if self.cell_of[channel] is not None:
                    wire += 1
                row.append(wire)
            pins.append(row)
        return pins

    def chip_cells(self, chip):
        """(first wire, last wire) of a chip."""
        row = self.pin_wire[chip]
        return row[0], row[12]

    # --- potentials -------------------------------------------------------------------------

    def potentials(self, cell_mv, bleed_ma):
        """Potential of every wire at the front end, pack minus being 0."""
        ohm = self._wire_ohm
        level, at = 0.0, [0.0]
        for mv in cell_mv:
            level += mv
            at.append(level)
        if any(bleed_ma):
            # Balancing current runs through the sense wires: out at the top, back below.
            for cell, ma in enumerate(bleed_ma):
                if ma:
                    at[cell + 1] -= ma * ohm
                    at[cell] += ma * ohm
        if self.swapped:
            true = list(at)
            for wire, boundary in self.swapped.items():
                at[wire] = true[boundary]
        for wire, mv in self.open.items():
            at[wire] = mv
        return at

    def cut(self, wire):
        """Cut a wire; it stays for a moment where it was."""
        at = self.potentials(self.pack.all_cell_mv(), ())
        self._drift_us = self.pack.now_us
        self.open[wire] = at[wire]

    def mend(self, wire):
        self.open.pop(wire, None)

    def limits(self, wire, at):
        """Where the clamp diodes stop a floating wire."""
        low = at[wire - 1] if wire else 0.0  # the bottom chip's own ground
        high = at[wire + 1] if wire < self.cells else self.pack.pack_mv()  # the top's supply
        return low - CLAMP_MV, high + CLAMP_MV

    def push(self, wire, coulomb, at):
        """Charge a floating wire's pins; both the list and the state follow."""
        low, high = self.limits(wire, at)
        mv = at[wire] + coulomb / self.pin_farad * 1000
        at[wire] = min(max(mv, low), high)
        self.open[wire] = at[wire]

    def drift(self, now_us):
        """Let floating wires leak towards the middle of their neighbours."""
        dt = (now_us - self._drift_us) / 1e6
        self._drift_us = now_us
        if not self.open or dt <= 0:
            return
        at = self.potentials(self.pack.all_cell_mv(), ())
        part = 1 - math.exp(-dt / DRIFT_TAU_S)
        for wire in sorted(self.open):
            low, high = self.limits(wire, at)
            middle = min(max((low + high) / 2 + self._offset_mv[wire], low), high)
            at[wire] += (middle - at[wire]) * part
            self.open[wire] = at[wire]


def spread_evenly(cells, chips):
    """Channel of each cell when cells are shared out evenly, low channels of a chip first."""
    channels: list[int] = []
    done = 0
    for chip in range(chips):
        share = (cells - done + chips - chip - 1) // (chips - chip)
        channels += range(chip * 12, chip * 12 + share)
        done += share
    return channels
