"""ADS1015 converter on I2C: single-shot conversions of its inputs against ground.

From the datasheet (Texas Instruments SBAS473): register pointer first, 16 bits, big endian; bit
15 of the config register starts a conversion and reads 0 while one runs; its result stands in
the upper 12 bits of the conversion register. Knows only what the firmware may ask for: inputs
against ground, +-2.048 V. Nothing here knows what hangs on an input.
"""

CONVERSION, CONFIG = 0, 1
DEFAULT = 0x8583
_START = 0x8000
_RATES = (128, 250, 490, 920, 1600, 2400, 3300, 3300)
_WAKE_US = 25
_AGAINST_GROUND = 4  # of the multiplexer's codes: from here on AIN0, AIN1, ...
_RANGE_2V = 2


class Ads1015:
    """I2cDevice; ``inputs[n]`` is an AdcInput of 2048 mV, or None where nothing hangs."""

    def __init__(self, plant, inputs):
        self._plant = plant
        self._inputs = inputs
        self._config = DEFAULT
        self._result = 0
        self._pointer = CONVERSION
        self._done_us = 0
        self._pending = False

    def write(self, data, now_us):
        if self._plant.i2c_stuck:
            return False
        self._catch_up(now_us)
        if data:
            self._pointer = data[0] & 3
        if len(data) >= 3 and self._pointer == CONFIG:
            self._config = (data[1] << 8 | data[2]) & ~_START
            if data[1] << 8 & _START and not self._pending:
                self._pending = True
                self._done_us = now_us + _WAKE_US + 1_000_000 // _RATES[self._config >> 5 & 7]
        return True

    def read(self, length, now_us):
        if self._plant.i2c_stuck:
            return None
        self._catch_up(now_us)
        word = self._result
        if self._pointer == CONFIG:
            word = self._config | (0 if self._pending else _START)
        return (word.to_bytes(2, "big") + b"\xff" * length)[:length]

    def _catch_up(self, now_us):
        if not self._pending or now_us < self._done_us:
            return
        self._pending = False
        self._plant.advance(now_us)
        channel = (self._config >> 12 & 7) - _AGAINST_GROUND
        known = channel >= 0 and self._config >> 9 & 7 == _RANGE_2V
        source = self._inputs[channel] if known and channel < len(self._inputs) else None
        # Eleven bits and a sign, of which half the range serves an input against ground.
        code = source.read_u16() >> 5 if source is not None else 0
        self._result = code << 4
