"""The INA228 shunt monitor: pack current, and a latched alert for a fast over-current.

Runs continuously on the shunt only, without averaging, so that its alert acts within one or
two conversions (about a millisecond). It is no short-circuit protection: that is a
comparator's work. Its common mode ends at 85 V, so the shunt sits on the low side of any pack
that can be above that, and the pack voltage is measured by a divider, never by its VBUS.

Facts: TI INA228 datasheet, tables 7-3 to 7-24 (registers, 312.5 nV and 5 uV steps at
ADCRANGE 0 and a quarter of that at 1, alert latch cleared by reading DIAG_ALRT, identity).
Integers only; a current is formed within 31 bits. A conversion has noise of several of the 20
bits' steps (same data sheet, noise performance), so a result that never changes is a stuck one.
"""

from cellwarden.ticks import MASK

_CONFIG = 0x00
_ADC_CONFIG = 0x01
_VSHUNT = 0x04
_DIAG_ALRT = 0x0B
_SOVL = 0x0C
_SUVL = 0x0D
_MANUFACTURER = 0x3E
_DEVICE = 0x3F

_RANGE_40MV = 0x0010
_ADC_FAST_SHUNT = 0xA000 | (4 << 6)  # continuous, shunt only, 540 us, no averaging
_ALERT_LATCHED = 0x8000  # latch on; active low; compared on single conversions
DIAG_OVER = 0x0040
DIAG_UNDER = 0x0020
DIAG_CONVERTED = 0x0002
DIAG_MEMORY_OK = 0x0001

_VERIFIED = (_CONFIG, _ADC_CONFIG, _SOVL, _SUVL)
_CODE_END = 0x7FFFF
_STILL_READS = 20  # the same result so often in a row is no measurement


class Ina228:
    """One INA228 on I2C. ``current_ma`` counts only after ``read_current()`` said True.

    Calibration: ``set_calibration(offset_ma, gain_ppm)``; the offset is what the uncorrected
    meter shows at 0 A and is taken off first, the gain is a correction in parts per million.
    """

    def __init__(self, i2c, address, shunt_uohm, full_scale_ma, sign=1):
        self._i2c = i2c
        self._address = address
        self._shunt_uohm = shunt_uohm
        self._sign = sign
        # A * uOhm = uV; the fine range ends at 40.96 mV
        self._fine = full_scale_ma // 1000 * shunt_uohm < 40_960
        self._pointer = bytearray(1)
        self._in = bytearray(3)
        self._in2 = bytearray(2)
        self._out = bytearray(3)
        self._wanted = [_RANGE_40MV if self._fine else 0, _ADC_FAST_SHUNT, 0x7FFF, 0x8000]
        self._verify_next = 0
        self.ready = False  # holds its set-up, as far as anybody knows
        self.current_ma = 0
        self.clipped = False
        self._code = 0
        self._still = 0  # reads in a row that brought the same result
        self.diag = 0
        self.resets_seen = 0
        self.offset_ma = 0
        self.gain_ppm = 0
        self.set_calibration(0, 0)

    def set_calibration(self, offset_ma, gain_ppm):
        """Take a zero and a gain; allocates, so never in a tick."""
        self.offset_ma = offset_ma
        self.gain_ppm = gain_ppm
        # mA = code * factor / 2^shift, with the factor in 19 to 20 bits: code is split into
        # 9 and 10 bits so that no product exceeds 2^30.
        numerator = (78_125 if self._fine else 312_500) * (1_000_000 + gain_ppm)
        denominator = self._shunt_uohm * 1_000_000 * 1_000
        shift = 10
        while shift < 29 and (numerator << (shift + 1)) // denominator < (1 << 20):
            shift += 1
        self._factor = (numerator << shift) // denominator
        self._shift = shift - 10
        self._offset = offset_ma * (1_000_000 + gain_ppm) // 1_000_000

    def set_limits(self, charge_ma, discharge_ma):
        """Choose the fast over-current trip of each direction; ``configure()`` is due then.

        Beyond the measuring range, and for a limit of 0 (none is known yet), the trip sits at
        the range's end. Allocates, so never in a tick.
        """
        step_nv = 1_250 if self._fine else 5_000
        over = charge_ma * self._shunt_uohm // step_nv
        under = discharge_ma * self._shunt_uohm // step_nv
        if self._sign < 0:
            over, under = under, over
        self._wanted[2] = over if 0 < over < 0x7FFF else 0x7FFF
        self._wanted[3] = 0x10000 - (under if 0 < under < 0x7FFF else 0x7FFF)
        self.ready = False

    def identified(self):
        """True when the chip at this address says it is an INA228."""
        return self._read16(_MANUFACTURER) == 0x5449 and self._read16(_DEVICE) >> 4 == 0x228

    def configure(self):
        """Write all registers and read them back; True when the chip holds them."""
        for i in range(4):
            self._write(_VERIFIED[i], self._wanted[i])
        self._write(_DIAG_ALRT, _ALERT_LATCHED)
        result = True
        for i in range(4):
            if self._read16(_VERIFIED[i]) != self._wanted[i]:
                result = False
        self.read_diag()  # clears an alert from before the limits were set
        self.ready = result
        return result

    def verify(self):
        """Compare the conversion set-up, and one more register a call in turn.

        False when the chip lost one (it was reset): results since then may be on another
        scale, and ``configure()`` is due (``ready`` says so as well).
        """
        i = self._verify_next
        self._verify_next = (i + 1) & 3
        if self._read16(_ADC_CONFIG) == self._wanted[1]:
            if self._read16(_VERIFIED[i]) == self._wanted[i]:
                return True
        self.resets_seen = (self.resets_seen + 1) & MASK
        self.ready = False
        return False

    def read_current(self):
        """Fetch the newest conversion into ``current_ma`` (charging positive); True if done.

        At the end of its range the meter shows that end and ``clipped``. A result that has
        not changed at all for half a second is none: False.
        """
        self._pointer[0] = _VSHUNT
        self._i2c.writeto(self._address, self._pointer, False)
        self._i2c.readfrom_into(self._address, self._in)
        code = (self._in[0] << 12) | (self._in[1] << 4) | (self._in[2] >> 4)
        self._still = self._still + 1 if code == self._code else 0
        self._code = code
        negative = code > _CODE_END
        if negative:
            code = 0x100000 - code
        self.clipped = code >= _CODE_END
        if code > _CODE_END:
            code = _CODE_END
        factor = self._factor
        value = ((code >> 10) * factor + (((code & 1023) * factor) >> 10)) >> self._shift
        if negative:
            value = -value
        if self._sign < 0:
            value = -value
        self.current_ma = value - self._offset
        if self._still >= _STILL_READS and not self.clipped:
            self._still = _STILL_READS
            return False
        return True

    def read_diag(self):
        """Read the flags into ``diag``; reading releases a latched alert."""
        self.diag = self._read16(_DIAG_ALRT)
        return self.diag

    def _read16(self, register):
        self._pointer[0] = register
        self._i2c.writeto(self._address, self._pointer, False)
        self._i2c.readfrom_into(self._address, self._in2)
        return (self._in2[0] << 8) | self._in2[1]

    def _write(self, register, value):
        self._out[0] = register
        self._out[1] = value >> 8
        self._out[2] = value & 0xFF
        self._i2c.writeto(self._address, self._out)
