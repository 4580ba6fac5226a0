"""The BQ76952: 3 to 16 cells, current, temperatures, and a second lock on both FETs.

The chip converts all the time. Nothing read in an exchange that failed is used, nothing counts
as fresh unless a scan has ended since the last look, and a chip that was reset is not ``ready``
until it has been set up again (bq76952_bringup.py). What it may do is in bq76952_locks.py.

Facts: TI's technical reference manual SLUUBY2 (direct commands, status and alarm bits, a scan
takes 54 to 63 ms and a current 3 ms) and TI's support forum: the two bytes of a result may stem
from two conversions, so that it is off by 256 steps now and then.
"""

from array import array

from firmware.drivers import bq76952_setup as setup_bits
from firmware.drivers.bq76952_locks import POR, Bq76952Locks

_PERMANENT = 0x0A  # permanent failures A to D by turns, battery status, cells, stack, pins
_CURRENT = 0x3A
_ALARM = 0x62
_ALARM_ENABLE = 0x66
_TEMPERATURES = 0x68  # die, then CFETOFF, DFETOFF, ALERT, TS1 to TS3, HDQ, DCHG, DDSG
_BLOCK = 48
_STATUS_AT = 0x12 - _PERMANENT
_CELLS_AT = 0x14 - _PERMANENT
WORDS = 19  # 16 cells, stack, PACK pin, LD pin
STACK, PACK_PIN, LD_PIN = 16, 17, 18
TEMPERATURES = 10
DIE = 0

# Battery Status
CFGUPDATE, WATCHDOG = 0x0001, 0x0010
PERMANENT_FAILURE, SHUTDOWN_PENDING, SLEEPING = 0x1000, 0x2000, 0x8000
# A chip in one of these states does not hold or does not use what it was set up with.
UNUSABLE = CFGUPDATE | POR | WATCHDOG | PERMANENT_FAILURE | SHUTDOWN_PENDING

COULOMBS = 0x0076
SIGNATURE = 0x0005

# Two bytes of two conversions differ from the value before by 256 steps, give or take.
_TORN = 100
_ZERO_DK = 2731  # 0 degC in 0.1 K
_STALE_SCANS = 2


class Bq76952(Bq76952Locks):
    """Results count only after the method that fetches them has said True."""

    def __init__(self, i2c, setup, address=0x08, sign=1):
        super().__init__(i2c, setup, address)
        self.answered = False  # to the newest request for cells
        self._sign = sign
        self.changed()
        self.mv = array("h", bytearray(2 * WORDS))  # the pins in 10 mV
        self._fresh = 0  # cycles without a finished scan
        self._known = False  # ``mv`` holds an earlier set to compare with
        self.temp_dk = array("h", bytearray(2 * TEMPERATURES))
        self._temps_known = False
        self.current_ma = 0
        self.clipped = False
        self._code = 0
        self.offset_ma = 0
        self.gain_ppm = 0
        self._offset = 0
        self.battery_status = 0
        self.alarm = 0  # bits that were latched between the newest two looks
        self.permanent = 0  # any permanent failure of A to D, or-ed
        self.signature = -1
        self.charge_mah = 0  # of the chip's own counter, whole mAh
        self.counted_s = 0

    # -- what the pack and a person set ---------------------------------------------------

    def set_calibration(self, offset_ma, gain_ppm):
        """Take a zero, taken off first, and a correction of the gain in parts per million."""
        self.offset_ma = offset_ma
        self.gain_ppm = gain_ppm
        self._offset = offset_ma

    def set_limits(self, charge_ma, discharge_ma):
        """Choose where the chip's over-current protections stand; allocates, as all of these.

        A set-up is due then, which waits for outputs that are off.
        """
        self.setup.charge_ma = charge_ma
        self.setup.discharge_ma = discharge_ma
        self.changed()

    def set_voltages(self, ov_mv, uv_mv):
        """Choose the cell voltages beyond which the chip may open its FETs."""
        self.setup.ov_mv = ov_mv
        self.setup.uv_mv = uv_mv
        self.changed()

    def set_cells(self, mask):
        """Say which inputs carry cells."""
        self.setup.cells = mask
        self.changed()

    def changed(self):
        """``setup`` holds something new: form what the chip is to hold; allocates."""
        self.setup.build()
        self.link.prepare([len(data) + 2 for _, data in self.setup.runs])
        self.setup_due = True

    # -- measuring -----------------------------------------------------------------------

    def read_cells(self):
        """Fetch battery status, cells and pins into ``mv``; True when they are whole and fresh.

        False as well when the chip has lost its set-up, which ends ``ready``, and when no scan
        has ended since the last call; ``stale`` tells how long that has been so.
        """
        link = self.link
        self.answered = link.read(_PERMANENT, _BLOCK)
        if not self.answered:
            return False
        data = link.data
        self.permanent = data[1] | data[3] | data[5] | data[7]
        self.battery_status = data[_STATUS_AT] | (data[_STATUS_AT + 1] << 8)
        if self.battery_status & UNUSABLE:
            self.lost()
            return False
        if self.battery_status & SLEEPING and not self.sleep_allowed:
            self.allow_sleep(False)
            self._not_fresh()
            return False
        mv = self.mv
        moved = 0  # a bit for each value that is to be read again
        at = _CELLS_AT
        for i in range(WORDS):
            value = _signed(data[at], data[at + 1])
            at += 2
            if not -_TORN < value - mv[i] < _TORN:
                moved |= 1 << i
            mv[i] = value
        if not self._known:  # nothing to compare with: the next set will have this one
            self._known = True
            self._not_fresh()
            return False
        for i in range(WORDS):
            if moved & (1 << i) and not self._settle(0x14 + 2 * i, mv, i):
                self._known = self.answered = False
                return False
        return self._scanned()

    def _settle(self, register, values, i):
        """Read one value again until its high byte is that of one conversion.

        Results are several milliseconds apart and reads a fraction of one, so of two reads in
        a row at most one is torn, and one whose high byte agrees with the read before is not.
        """
        link = self.link
        high = values[i] >> 8
        for _ in range(2):
            if not link.read(register, 2):
                return False
            values[i] = _signed(link.data[0], link.data[1])
            if values[i] >> 8 == high:
                return True
            high = values[i] >> 8
        return True

    def set_up(self, signature):
        """The chip holds its set-up now; its first results are still to come."""
        self.signature = signature
        self.setup_due = False
        self.ready = True
        self.sleep_allowed = False
        self._fresh = _STALE_SCANS

    def _scanned(self):
        """Take the latched alarms and clear them; True when the end of a scan was among them."""
        link = self.link
        self.answered = link.read(_ALARM, 2)
        if not self.answered:
            return False
        low = link.out[0] = link.data[0]
        link.out[1] = link.data[1]
        self.alarm = low | (link.data[1] << 8)
        # each bit is latched until it is written back
        if self.alarm and not link.write(_ALARM, 2):
            return False
        if low & setup_bits.ALARM_ADSCAN:
            self._fresh = 0
            return True
        self._not_fresh()
        return False

    def alert_on(self, mask):
        """Choose what pulls the ALERT pin: for a sleep, where no scan is looked for.

        While measuring the ends of scans are among the alarms; a set-up chooses them again.
        """
        self.link.out[0] = mask & 0xFF
        self.link.out[1] = mask >> 8
        return self.link.write(_ALARM_ENABLE, 2)

    def _not_fresh(self):
        if self._fresh < _STALE_SCANS:
            self._fresh += 1

    def stale(self):
        """True when no scan has ended for two cycles: the chip answers but does not measure."""
        return self._fresh >= _STALE_SCANS

    def read_current(self):
        """Fetch the newest current into ``current_ma`` (charging positive); True if done."""
        link = self.link
        self.after_silence()
        if not link.read(_CURRENT, 2):
            return False
        code = _signed(link.data[0], link.data[1])
        if not -_TORN < code - self._code < _TORN:
            # the same test as for a voltage, without an array to go through
            high = code >> 8
            for _ in range(2):
                if not link.read(_CURRENT, 2):
                    return False
                code = _signed(link.data[0], link.data[1])
                if code >> 8 == high:
                    break
                high = code >> 8
        self._code = code
        limit = self.setup.clip_code
        self.clipped = not -limit < code < limit
        ma = (code if self._sign > 0 else -code) * self.setup.unit_ma - self._offset
        # at most 3.3 kA times 10 %: both factors are cut so that the product has 30 bits
        self.current_ma = ma + (ma // 100) * (self.gain_ppm // 10) // 1_000
        return True

    def read_temperatures(self):
        """Fetch the die's and all pins' temperatures in 0.1 K into ``temp_dk``; True if done.

        The first set after a set-up serves only to compare the next with.
        """
        link = self.link
        if not link.read(_TEMPERATURES, 2 * TEMPERATURES):
            return False
        data = link.data
        temps = self.temp_dk
        moved = 0
        for i in range(TEMPERATURES):
            value = _signed(data[2 * i], data[2 * i + 1])
            if not -_TORN < value - temps[i] < _TORN:
                moved |= 1 << i
            temps[i] = value
        if not self._temps_known:
            self._temps_known = True
            return False
        for i in range(TEMPERATURES):
            if moved & (1 << i) and not self._settle(_TEMPERATURES + 2 * i, temps, i):
                self._temps_known = False
                return False
        return True

    def temp_dc(self, i):
        """Temperature ``i`` (0 the die, then the pins in the chip's order) in 0.1 degC."""
        return self.temp_dk[i] - _ZERO_DK

    def void(self):
        """Nothing is known of the chip, nothing is permitted, and no older value helps."""
        super().void()
        self._known = False
        self._temps_known = False

    # -- answers that take the chip a while: ask, and collect a millisecond later ---------

    def ask(self, code):
        """Have the chip prepare an answer."""
        return self.link.command(code)

    def collect_coulombs(self):
        """Take the chip's charge and time counters: 1 when they came and time went on, 0 when
        it stands or nothing came, -1 when somebody else has asked in between."""
        if self.link.asked != COULOMBS:
            return -1
        if self.link.fetch(COULOMBS) < 12:
            return 0
        data = self.link.data
        whole = data[0] | (data[1] << 8) | (data[2] << 16) | ((data[3] & 0x1F) << 24)
        if data[3] & 0x10:
            whole -= 0x2000_0000
        unit = self.setup.unit_ma
        # of the fraction the upper 8 bits, which is at most 0.4 mAh
        self.charge_mah = whole * unit + (data[7] * unit >> 8)
        seconds = data[8] | (data[9] << 8) | (data[10] << 16) | ((data[11] & 0x1F) << 24)
        went_on = 1 if seconds != self.counted_s else 0
        self.counted_s = seconds
        return went_on

    def collect_signature(self):
        """Compare the check over all settings with that of the set-up; False when it differs.

        The answer that does not come counts as no difference: reading cells tells that.
        """
        if self.link.fetch(SIGNATURE) < 2:
            return True
        if self.link.data[0] | (self.link.data[1] << 8) == self.signature:
            return True
        self.lost()
        return False


def _signed(low, high):
    value = low | (high << 8)
    return value - 0x10000 if value & 0x8000 else value
