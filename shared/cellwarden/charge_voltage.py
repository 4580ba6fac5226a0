"""CVL: the voltage of the whole pack at which its highest cell stands at the charge voltage.

That is the sum of the cells now, and what the highest is short of, for each: the spread is in
it, and the current is not, as all cells move together when it changes. A charger whose voltage
is too high is found out by the highest cell, and told less. Far below the end the spread does
not matter, and CVL is the charge voltage times the cells.
"""

from . import ids

# The spread counts once the highest cell is this near to the charge voltage.
NEAR_MV = 100
# CVL follows what it should be within this time: cells are noisy, the highest most of all.
FOLLOW_MS = 5000
# A charger's error is learned within this time, up to so much a cell.
TRIM_MS = 10_000
TRIM_MOST_MV = 50


class ChargeVoltage:
    """``mv`` for the whole pack; ``cells`` and ``cell_mv``, the charge voltage of each, are set
    by the owner."""

    def __init__(self):
        self.mv = 0
        self.cells = 0
        self.cell_mv = 0
        self._trim = 0  # mV a cell times TRIM_MS

    def step(self, quantities, dt_ms):
        cells = self.cells
        room_mv = self.cell_mv - quantities.value[ids.Q_CELL_MAX_MV]
        if room_mv >= NEAR_MV:
            target = cells * self.cell_mv
            self._trim = 0
        else:
            trim = self._trim - (room_mv if room_mv > -TRIM_MOST_MV else -TRIM_MOST_MV) * dt_ms
            if trim < 0:
                trim = 0
            elif trim > TRIM_MOST_MV * TRIM_MS:
                trim = TRIM_MOST_MV * TRIM_MS
            self._trim = trim
            target = quantities.cell_sum_mv + cells * (room_mv - trim // TRIM_MS)
        mv = self.mv
        if mv:
            gap_mv = target - mv
            # Rounded away from where it is: it gets there.
            target = mv + (gap_mv * dt_ms + (FOLLOW_MS - 1 if gap_mv > 0 else 0)) // FOLLOW_MS
        self.mv = target
