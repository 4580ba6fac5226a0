"""The LTC6811's open-wire check, cut into steps that each take a few milliseconds.

Pulls every sense pin up and then down with 100 uA and compares: a pin whose wire is cut moves,
a connected one does not. Never run it while balancing, and never convert cells between two
steps: the currents must keep charging the same pins.

Facts: LTC6811 datasheet, "Open Wire Check (ADOW)": at least two conversions each way; pin n
between two cells is open when cell n+1 reads over 400 mV less pulled up than pulled down; the
bottom pin when the lowest cell reads 0 pulled up; the top pin when the highest cell reads 0
pulled down. More filter capacitance needs more conversions (the board says how many).
Channels without a cell are shorted on the harness and are not judged. Of two neighbouring cut
wires at least one is found.
"""

from array import array

from firmware.drivers.ltc6811 import ADOW_PULL_DOWN, ADOW_PULL_UP, CHANNELS

PINS = CHANNELS + 1
_DELTA_CODE = 4000  # 400 mV
_ZERO_CODE = 20  # 2 mV: noise on what the datasheet calls 0

IDLE, RUNNING, DONE, FAILED = range(4)


class OpenWireCheck:
    """One check at a time: ``start()``, then ``step()`` at least 3 ms apart until not RUNNING.

    ``open_pin[chip * 13 + n]`` is the result for pin C(n); it counts only after DONE.
    """

    def __init__(self, chain, runs=2):
        self._chain = chain
        self._runs = runs if runs > 2 else 2
        channels = chain.chips * CHANNELS
        self._up = array("H", bytearray(2 * channels))
        self._down = array("H", bytearray(2 * channels))
        self._ok = bytearray(channels)
        self.open_pin = bytearray(chain.chips * PINS)
        self.state = IDLE
        self._step = 0

    def start(self):
        """Begin anew; discharge switches must be off already."""
        self.state = RUNNING
        self._step = 0

    def abandon(self):
        """Forget a check that was interrupted."""
        self.state = IDLE

    def step(self, mapped):
        """Do one step; ``mapped[channel]`` is 1 where a cell is connected. Returns the state.

        One pulled-up conversion a step, one step that reads them, and the same pulled down. A
        result with a bad packet check spoils the whole check: it says FAILED, not "no wire".
        """
        if self.state != RUNNING:
            return self.state
        chain = self._chain
        runs = self._runs
        step = self._step
        self._step = step + 1
        if step == 0:
            chain.start_cells(ADOW_PULL_UP)
        elif step < runs:
            chain.command(ADOW_PULL_UP)
        elif step == runs:
            chain.read_cells(self._up, self._ok)
            if not self._complete(mapped):
                return self.state
            chain.start_cells(ADOW_PULL_DOWN)
        elif step < 2 * runs:
            chain.command(ADOW_PULL_DOWN)
        else:
            chain.read_cells(self._down, self._ok)
            if self._complete(mapped):
                self._judge(mapped)
                self.state = DONE
        return self.state

    def _complete(self, mapped):
        for channel in range(len(self._ok)):
            if mapped[channel] and not self._ok[channel]:
                self.state = FAILED
                return False
        return True

    def _judge(self, mapped):
        up = self._up
        down = self._down
        result = self.open_pin
        for i in range(len(result)):
            result[i] = 0
        for chip in range(self._chain.chips):
            lowest = -1
            highest = -1
            first = chip * CHANNELS
            pin = chip * PINS
            for n in range(CHANNELS):
                channel = first + n
                if mapped[channel]:
                    if lowest < 0:
                        lowest = n
                        if up[channel] <= _ZERO_CODE:
                            result[pin + n] = 1
                    elif down[channel] - up[channel] > _DELTA_CODE:
                        result[pin + n] = 1
                    highest = n
            if highest >= 0 and down[first + highest] <= _ZERO_CODE:
                result[pin + highest + 1] = 1
