"""The wire to a daisy chain of LTC6811-1: isoSPI wake-up, commands, checked register groups.

Knows bytes and their check, not what they mean. Data whose packet check is wrong are counted
and never passed on as good; a chip without a single good frame for a while has fallen silent.

Facts: LTC6811-1/-2 and LTC6820 datasheets (isoSPI idle after 4.3 ms at the earliest, ready
10 us after a wake-up pulse, awake from sleep after 400 us) and Analog Devices' LTC681x library
(``wakeup_sleep``, ``read_68``). In a read the nearest chip, chip 0, answers first.
"""

from cellwarden.loops import wrong_frames
from cellwarden.ticks import MASK, elapsed_ms
from firmware.clock import now_ms, sleep_us
from firmware.drivers.pec15 import TABLE, pec15

_IDLE_MS = 3  # longer without a word, and the ports may have gone idle
_READY_US = 10
_WAKE_US = 400
_LOST_AFTER = 3  # attempts in a row without one good frame


def frame_of(command, length):
    """A transmit buffer: command, its check, and 0xFF where chips will answer."""
    frame = bytearray(length)
    frame[0] = command >> 8
    frame[1] = command & 0xFF
    check = pec15(frame, 0, 2)
    frame[2] = check >> 8
    frame[3] = check & 0xFF
    for i in range(4, length):
        frame[i] = 0xFF
    return frame


class Ltc6811Link:
    """``good[k]`` tells whether chip k's newest frame, still in ``rx``, may be used."""

    def __init__(self, spi, cs, chips, commands):
        self._spi = spi
        self._cs = cs
        self.chips = chips
        self.rx = bytearray(4 + 8 * chips)
        self._commands = {code: frame_of(code, 4) for code in commands}
        self._spoken_ms = (now_ms() - 1000) & MASK
        self.good = bytearray(chips)
        self._heard = bytearray(chips)  # any good frame in this attempt
        self._silent = bytearray(chips)  # attempts in a row without one
        self.pec_errors = 0

    def wake(self):
        """Wake idle isoSPI ports, unless the chain was spoken to a moment ago."""
        if elapsed_ms(now_ms(), self._spoken_ms) > _IDLE_MS:
            for _ in range(self.chips):
                self._cs.value(0)
                self._cs.value(1)
                sleep_us(_READY_US)

    def wake_from_sleep(self):
        """Wake chips that have slept (or were just powered): 0.4 ms a chip."""
        for _ in range(self.chips):
            self._cs.value(0)
            sleep_us(_WAKE_US)
            self._cs.value(1)
            sleep_us(_READY_US)

    def command(self, code):
        """Send one of the commands named above to every chip."""
        self.send(self._commands[code])

    def send(self, frame):
        """Send a whole frame to the chain; nothing comes back."""
        self.wake()
        self._cs.value(0)
        try:
            self._spi.write(frame)
        finally:
            self._cs.value(1)
        self._spoken_ms = now_ms()

    def _exchange(self, frame):
        for at in range(11, len(self.rx), 8):
            self.rx[at] = 0xFF  # no check ends in a 1: what is not overwritten is not good
        self._cs.value(0)
        try:
            self._spi.write_readinto(frame, self.rx)
        finally:
            self._cs.value(1)
        self._spoken_ms = now_ms()

    def read(self, frame):
        """Read a register group of every chip, a second time where a check was wrong.

        Reading does not change a register, so the second read may replace the first. True
        when every chip's data are good.
        """
        self.wake()
        for _attempt in range(2):
            self._exchange(frame)
            wrong = wrong_frames(self.rx, self.chips, TABLE, self.good, self._heard)
            if not wrong:
                return True
            self.pec_errors = (self.pec_errors + wrong) & MASK
        return False

    def end_attempt(self):
        """Close one measuring attempt; the number of chips that have fallen silent."""
        lost = 0
        for chip in range(self.chips):
            if self._heard[chip]:
                self._silent[chip] = 0
            elif self._silent[chip] < 255:
                self._silent[chip] += 1
            self._heard[chip] = 0
            if self._silent[chip] >= _LOST_AFTER:
                lost += 1
        return lost
