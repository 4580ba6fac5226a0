"""Thermistors, dividers and noise: how a physical quantity becomes the voltage a chip sees.

NTC: R(T) = R25 * exp(B * (1/T - 1/298.15)), the beta form of thermistor makers' sheets, as the
lower half of a divider fed by the front end's second reference. Divider: two resistors with a
tolerance, then a 12-bit converter. Nothing here knows who reads it.
"""

import math
import random

NTC_OPEN = "open"
NTC_SHORT = "short"
_KELVIN = 273.15


class Noise:
    """Gaussian numbers from a table: cheap, repeatable, good enough for a converter."""

    def __init__(self, seed):
        rng = random.Random(seed)
        self._table = [rng.gauss(0, 1) for _ in range(1021)]
        self._at = 0

    def next(self):
        at = self._at = (self._at + 1) % 1021
        return self._table[at]


def ntc_ohm(temp_c, r25_ohm, beta_k):
    """Resistance of the thermistor at ``temp_c``."""
    return r25_ohm * math.exp(beta_k * (1 / (temp_c + _KELVIN) - 1 / (25 + _KELVIN)))


class Thermistor:
    """One sensor place: follows ``temp_c()`` unless a fault holds it."""

    def __init__(self, board, temp_c):
        self._board = board
        self._temp_c = temp_c
        self.fault = None  # NTC_OPEN, NTC_SHORT or a fixed temperature in degC

    def temp_c(self):
        """What the sensor senses; None when its wire is open or shorted."""
        fault = self.fault
        if fault is None:
            return self._temp_c()
        return None if fault in (NTC_OPEN, NTC_SHORT) else fault

    def ratio(self):
        """Voltage at the divider's tap as a part of the reference, 0..1."""
        if self.fault == NTC_OPEN:
            return 0.999
        if self.fault == NTC_SHORT:
            return 0.0005
        board = self._board
        ohm = ntc_ohm(self.temp_c(), board.NTC_R25_OHM, board.NTC_BETA_K)
        return ohm / (ohm + board.NTC_PULLUP_OHM)


class AdcInput:
    """A divider in front of the controller's 12-bit converter."""

    def __init__(self, divider, ref_mv, node_mv, noise, gain):
        top, bottom = divider
        self._ratio = bottom / (top + bottom)
        self._ref_mv = ref_mv
        self._node_mv = node_mv
        self._noise = noise
        self._tolerance = gain
        self.gain = 1.0  # a fault's factor
        self.stuck_code = None

    def read_u16(self):
        """The 12-bit code, spread over 16 bits as MicroPython does."""
        if self.stuck_code is not None:
            code = self.stuck_code
        else:
            mv = self._node_mv() * self._ratio * self._tolerance * self.gain
            code = int(mv * 4096 / self._ref_mv + 0.5 + self._noise.next())
            code = 0 if code < 0 else 4095 if code > 4095 else code
        return code << 4 | code >> 8
