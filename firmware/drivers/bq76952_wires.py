"""Finds cut sense wires from what a BQ76952's open-wire current does to its cell readings.

Once every check time the chip draws 55 uA for 3 ms out of each pin. A pin whose wire is cut is
pulled down by that, a little each time, until it rests on the pin below: the cell under it
reads less and the cell above it as much more. So a check is two sets of cells with at least two
pulses in between. A wire is cut when its two cells moved against each other by about the same
amount, or when the lower one has nothing left and the upper one has it all. A load moves all
cells the same way, and balancing none of them (the chip pauses it to measure).

The wire of pack minus cannot be found like this: its pin is not pulled. The board must not
carry the chip's supply through it.

Facts: TI's technical reference manual SLUUBY2, "Cell Open Wire"; the thresholds are ours: with
1 uF from each pin to both its neighbours two pulses move it by 165 mV, with 220 nF by 750 mV.
"""

from array import array

from cellwarden.readings import MAX_CELLS
from cellwarden.ticks import MASK, elapsed_ms

_MOVED_MV = 100
_TOP_MOVED_MV = 250  # further, because a load alone may move a single cell
_EMPTY_MV = 200
_PULSES = 2


class OpenWires:
    """``cut[n]`` is 1 for the wire at the top of cell n; it counts once ``step`` said True."""

    def __init__(self, check_time_s):
        self._window_ms = _PULSES * check_time_s * 1000 + 200
        self._before = array("h", bytearray(2 * MAX_CELLS))
        self._began_ms = 0
        self._running = False
        self.cut = bytearray(MAX_CELLS + 1)

    def abandon(self):
        """Forget the set that a check began with."""
        self._running = False

    def step(self, mv, channel, count, now_ms):
        """Take a complete set (cell i at ``mv[channel[i]]``); True when it ends a check."""
        before = self._before
        if self._running:
            if elapsed_ms(now_ms, self._began_ms) < self._window_ms:
                return False
            self._judge(mv, channel, count)
        for i in range(count):
            before[i] = mv[channel[i]]
        self._began_ms = now_ms & MASK
        ended = self._running
        self._running = True
        return ended

    def _judge(self, mv, channel, count):
        cut = self.cut
        for i in range(len(cut)):
            cut[i] = 0
        before = self._before
        for i in range(count):
            below = mv[channel[i]]
            fell = before[i] - below
            if i + 1 == count:
                # The top of the stack: nothing above it can rise.
                if below <= _EMPTY_MV or fell > _TOP_MOVED_MV:
                    cut[count] = 1
                continue
            above = mv[channel[i + 1]]
            rose = above - before[i + 1]
            # not quite the same amount: a pulse may come between the two cells of one scan
            if fell > _MOVED_MV and rose > _MOVED_MV and abs(fell - rose) * 3 <= (fell + rose):
                cut[i + 1] = 1
            elif below <= _EMPTY_MV and above > _typical(mv, channel, count) * 3 // 2:
                cut[i + 1] = 1


def _typical(mv, channel, count):
    """The mean of all cells: a cut wire only shares two cells' voltage out differently."""
    total = 0
    for i in range(count):
        total += mv[channel[i]]
    return total // count
