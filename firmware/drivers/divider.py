"""A high voltage behind a resistor divider on the controller's own ADC.

Averages a few conversions; says so when the input is at the end of its range, because a
voltage there is not known. Integers within 31 bits.
"""

_SAMPLES = 4
_SATURATED = 65_400  # of a 16-bit scale: the last of 12 bits' steps


class Divider:
    """One divider; ``mv`` counts only after ``read()`` said True."""

    def __init__(self, adc, reference_mv, top_kohm, bottom_kohm):
        self._adc = adc
        self._full_scale_mv = reference_mv * (top_kohm + bottom_kohm) // bottom_kohm
        self.mv = 0

    def read(self):
        """Convert; False when the input is beyond the range of the ADC."""
        total = 0
        for _ in range(_SAMPLES):
            total += self._adc.read_u16()
        if total >= _SATURATED * _SAMPLES:
            return False
        # total * full_scale / 2^18 with the product split into 9 and 9 bits
        full = self._full_scale_mv
        self.mv = ((total >> 9) * full + (((total & 511) * full) >> 9)) >> 9
        return True
