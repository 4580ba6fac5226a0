"""Thermistors: from the ratio of a divider's voltage to its reference to 0.1 degC.

Reference -> pull-up -> input -> thermistor -> minus, so that only the ratio counts and the
reference's own error drops out. A ratio beyond what the thermistor can give between -50 and
+150 degC is a cut wire or a short and never becomes a temperature.
"""

from array import array
from math import exp

from cellwarden.readings import TEMP_OK, TEMP_OPEN, TEMP_SHORTED

_COLDEST_DC = -500
_STEP_DC = 25
_POINTS = 81  # up to +150 degC
_RATIO_ONE = 30_000  # ratio 1.0; the product with a step stays inside 30 bits


class Ntc:
    """The curve of one kind of thermistor; ``temp_dc`` holds the newest conversion."""

    def __init__(self, r25_ohm, beta_k, pullup_ohm):
        self._ratio = array("H", bytearray(2 * _POINTS))
        self.temp_dc = 0
        for i in range(_POINTS):
            kelvin = (_COLDEST_DC + _STEP_DC * i) / 10 + 273.15
            ohm = r25_ohm * exp(beta_k * (1 / kelvin - 1 / 298.15))
            self._ratio[i] = int(_RATIO_ONE * ohm / (ohm + pullup_ohm) + 0.5)

    def convert(self, code, reference_code):
        """Fill ``temp_dc`` and return TEMP_OK, or say TEMP_OPEN or TEMP_SHORTED."""
        if reference_code <= 0:
            return TEMP_SHORTED
        if code > reference_code:
            code = reference_code
        ratio = code * _RATIO_ONE // reference_code if code < 35_000 else _RATIO_ONE
        table = self._ratio
        if ratio > table[0]:
            return TEMP_OPEN
        if ratio < table[_POINTS - 1]:
            return TEMP_SHORTED
        low = 0  # the ratio falls with temperature: table[low] >= ratio > table[high]
        high = _POINTS - 1
        while high - low > 1:
            middle = (low + high) >> 1
            if table[middle] >= ratio:
                low = middle
            else:
                high = middle
        span = table[low] - table[high]
        part = (table[low] - ratio) * _STEP_DC
        self.temp_dc = _COLDEST_DC + _STEP_DC * low + ((part + span // 2) // span if span else 0)
        return TEMP_OK
