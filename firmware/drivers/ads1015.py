"""A high voltage behind a divider on an ADS1015, for controllers without a good converter.

Called like ``drivers/divider.py``. Each read starts one conversion and waits for it: about half
a millisecond, of which 0.4 are the chip's. The set-up is read back with each result, so that a
chip which was reset, or converted another input, gives no voltage. Integers within 30 bits.

Facts: TI ADS1015 datasheet SBAS473 (registers, single shot, 2.048 V range, 3300 conversions a
second within 10 %, 25 us to wake up, 12 bits in the upper end of 16).
"""

from firmware.clock import sleep_us

_CONVERSION = 0
_CONFIG = 1
# Upper byte: start, one input against ground, 2.048 V, single shot. Lower: 3300/s, no comparator.
_START = 0xC5
_FAST = 0xC3
_CONVERT_US = 400
_SATURATED = 2_046  # of 2047 steps
RANGE_MV = 2_048


class Ads1015Divider:
    """One input with its divider; ``mv`` counts only after ``read()`` said True."""

    def __init__(self, i2c, address, channel, top_kohm, bottom_kohm):
        self._i2c = i2c
        self._address = address
        self._full_scale_mv = RANGE_MV * (top_kohm + bottom_kohm) // bottom_kohm
        self._start = bytearray((_CONFIG, _START | channel << 4, _FAST))
        self._pointer = bytearray(1)
        self._in = bytearray(2)
        self.mv = 0

    def read(self):
        """Convert; False when the input is beyond the range or the chip is not as set up."""
        self._i2c.writeto(self._address, self._start)
        sleep_us(_CONVERT_US)
        self._fetch(_CONFIG)
        if self._in[0] != self._start[1] or self._in[1] != _FAST:
            return False
        self._fetch(_CONVERSION)
        code = self._in[0] << 4 | self._in[1] >> 4
        if code & 0x800:  # below ground by the converter's offset
            code = 0
        if code >= _SATURATED:
            return False
        self.mv = code * self._full_scale_mv >> 11
        return True

    def _fetch(self, register):
        self._pointer[0] = register
        self._i2c.writeto(self._address, self._pointer, False)
        self._i2c.readfrom_into(self._address, self._in)
