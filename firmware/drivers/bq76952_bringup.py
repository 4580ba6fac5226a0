"""Sets a BQ76952 up, from whatever state it is found in, in steps of a few milliseconds.

Takes away all permissions, writes the whole data memory that is ours, reads it back from the
chip and compares every byte, and only then lets the chip control FETs at all; they stay off.
While settings are written the chip protects nothing, so nobody may start this with an output
on. Setting up again after a reset is the same sequence from the beginning. Nothing is
allocated here.

Facts: TI's technical reference manual SLUUBY2 (CONFIG_UPDATE takes 2 ms to enter and 1 ms to
leave, and its end clears POR; FET_ENABLE toggles; SWAP_COMM_MODE) and SLUAA11; that the mode
does not always change within those times is Libre Solar's experience (bms-firmware, pull
request 56).
"""

from firmware.clock import sleep_us
from firmware.drivers.bq76952 import CFGUPDATE, SIGNATURE, UNUSABLE
from firmware.drivers.bq76952_locks import ALL_OFF

IDLE, RUNNING, DONE, FAILED = range(4)
# Why it failed.
SILENT, STRANGER, LOCKED, DIFFERENT, NO_CONTROL, NOT_OFF, NOT_RUNNING = range(1, 8)

_PROBE, _IDENTIFY, _ENTER, _WRITE, _VERIFY, _LEAVE, _SWAP, _CONTROL, _OFF, _SIGN, _END = range(11)
_PATIENCE = 12  # steps that one stage may take to see an answer

_DEVICE_NUMBER = 0x0001
_BQ76952 = 0x7695
_MANUFACTURING = 0x0057
_FET_EN = 0x0010
_FET_ENABLE = 0x0022
_ALL_FETS_OFF = 0x0095
_ENTER_CONFIG = 0x0090
_LEAVE_CONFIG = 0x0092
_SWAP_COMM_MODE = 0x29BC
_EXIT_DEEPSLEEP = 0x000E
_BATTERY_STATUS = 0x12
_ALARM = 0x62
_FET_STATUS = 0x7F


class BringUp:
    """``start()``, then ``step()`` at least 2 ms apart until it is not RUNNING."""

    def __init__(self, chip):
        self._chip = chip
        self._link = chip.link
        self.state = IDLE
        self.reason = 0
        self.failed_address = 0  # of the first byte that the chip did not take
        self._stage = _PROBE
        self._asked = False
        self._run = 0
        self._tries = 0

    def start(self):
        """Begin anew. All outputs must be off, and none can be permitted until DONE."""
        self._chip.void()
        self._chip.busy = True
        self.state = RUNNING
        self.reason = 0
        self.failed_address = 0
        self._go(_PROBE)

    def run(self):
        """All steps at once, for a bench; True when the chip is set up."""
        self.start()
        while self.step() == RUNNING:
            sleep_us(2_000)
        return self.state == DONE

    def step(self):
        """Do one step; the state after it."""
        if self.state != RUNNING:
            return self.state
        self._tries += 1
        stage = self._stage
        if stage == _PROBE:
            self._probe()
        elif stage == _IDENTIFY:
            self._identify()
        elif stage == _ENTER:
            self._enter()
        elif stage == _WRITE:
            self._write()
        elif stage == _VERIFY:
            self._verify()
        elif stage == _LEAVE:
            self._leave()
        elif stage == _SWAP:
            self._swap()
        elif stage == _CONTROL:
            self._control()
        elif stage == _OFF:
            self._off()
        elif stage == _SIGN:
            self._sign()
        else:
            self._end()
        if self.state == RUNNING and self._tries > _PATIENCE:
            self._fail(SILENT)
        self._chip.busy = self.state == RUNNING
        return self.state

    def _go(self, stage):
        self._stage = stage
        self._asked = False
        self._tries = 0

    def _fail(self, reason):
        self.state = FAILED
        self.reason = reason

    def _ask(self, code):
        """Ask once for the answer of ``code``; True when the step is used up by that."""
        if self._asked:
            return False
        self._asked = self._link.command(code)
        return True

    def _status(self):
        """Battery Status, or -1."""
        if not self._link.read(_BATTERY_STATUS, 2):
            return -1
        return self._link.data[0] | (self._link.data[1] << 8)

    def _probe(self):
        """Find out whether the chip speaks with checks; one that was reset may not."""
        link = self._link
        for crc in (True, False):  # without checks nearly anything looks like an answer
            link.crc = crc
            if link.read(_BATTERY_STATUS, 2, 1) and link.command(_ALL_FETS_OFF):
                link.command(_EXIT_DEEPSLEEP)
                self._go(_IDENTIFY)
                return

    def _identify(self):
        if self._ask(_DEVICE_NUMBER) or self._link.fetch(_DEVICE_NUMBER) < 2:
            return
        if self._link.data[0] | (self._link.data[1] << 8) != _BQ76952:
            self._fail(STRANGER)
        else:
            self._go(_ENTER)

    def _enter(self):
        if self._ask(_ENTER_CONFIG):
            return
        status = self._status()
        if status >= 0 and status & CFGUPDATE:
            self._run = 0
            self._go(_WRITE)
        elif self._tries >= _PATIENCE:
            self._fail(LOCKED)

    def _write(self):
        runs = self._chip.setup.runs
        address, data = runs[self._run]
        out = self._link.out
        for i in range(len(data)):
            out[2 + i] = data[i]
        if not self._link.send(address, len(data)):
            return
        self._tries = 0
        self._run += 1
        if self._run == len(runs):
            self._run = 0
            self._go(_VERIFY)

    def _verify(self):
        """Compare one run with what the chip says it holds."""
        runs = self._chip.setup.runs
        address, data = runs[self._run]
        if self._ask(address) or self._link.fetch(address) < len(data):
            return
        for i in range(len(data)):
            if self._link.data[i] != data[i]:
                self.failed_address = address + i
                self._fail(DIFFERENT)
                return
        self._run += 1
        self._go(_VERIFY if self._run < len(runs) else _LEAVE)

    def _leave(self):
        if self._ask(_LEAVE_CONFIG):
            return
        # The chip may have changed to the other way of speaking by now: that is looked at next.
        if not self._link.read(_BATTERY_STATUS, 2, 1):
            self._link.crc = not self._link.crc
        elif not self._link.data[0] & CFGUPDATE:
            self._go(_SWAP)

    def _swap(self):
        """Speak as the set-up says, with or without checks."""
        link = self._link
        if link.crc == self._chip.setup.crc:
            if self._status() >= 0:
                self._go(_CONTROL)
        elif not self._asked:
            self._asked = link.command(_SWAP_COMM_MODE)
        else:
            link.crc = self._chip.setup.crc

    def _control(self):
        """Let the chip control the FETs: a toggle, so looked at before and after."""
        if self._ask(_MANUFACTURING) or self._link.fetch(_MANUFACTURING) < 2:
            return
        if self._link.data[0] & _FET_EN:
            self._go(_OFF)
        elif self._tries >= _PATIENCE:
            self._fail(NO_CONTROL)
        else:
            self._link.command(_FET_ENABLE, 1)
            self._asked = False

    def _off(self):
        """Whatever was found, no FET is permitted, and none is on."""
        if not self._asked:
            self._asked = self._chip.control(ALL_OFF)
        elif self._link.read(_FET_STATUS, 1) and not self._link.data[0] & 0x0F:
            self._go(_SIGN)
        elif self._tries >= _PATIENCE:
            self._fail(NOT_OFF)

    def _sign(self):
        if self._ask(SIGNATURE) or self._link.fetch(SIGNATURE) < 2:
            return
        self._run = self._link.data[0] | (self._link.data[1] << 8)
        self._go(_END)

    def _end(self):
        """Old alarms away; then the chip must be at work, with nothing left of a reset."""
        self._link.out[0] = self._link.out[1] = 0xFF
        if not self._link.write(_ALARM, 2):
            return
        status = self._status()
        if status < 0:
            return
        if status & UNUSABLE:
            self._fail(NOT_RUNNING)
            return
        self._chip.set_up(self._run)
        self.state = DONE
