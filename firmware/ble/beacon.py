"""How the board calls out that it is there: often when something has happened, else rarely.

Often costs power and makes a board quick to find. Nothing here knows of links: who has one, or
whose radio is switched off by a setting, does not want to be heard.
"""

from cellwarden import ids
from cellwarden.ticks import elapsed_ms
from firmware.ble import gatt

_FAST_MS = 30_000
_QUIET_MS = 600_000
_FAST_US, _STEADY_US, _QUIET_US = 100_000, 1_000_000, 2_000_000


class Beacon:
    """``interval_us`` is 0 while nothing is on the air: whoever knows that the stack has fallen
    silent says so there, and -1 who is not sure of it."""

    def __init__(self, bluetooth, ble, texts, now_ms):
        self._ble = ble
        self._texts = texts
        self._told = gatt.advertisement(bluetooth)
        self._name = b""
        self._loudest = 0
        self.interval_us = 0
        self.stir(now_ms)

    def stir(self, now_ms):
        """Something has happened: be found quickly for a while."""
        self._happened_ms = now_ms
        self._fast = True
        self._quiet = False

    def step(self, now_ms, readout, wanted):
        """Have the stack call out as often as it should."""
        loudest = readout[ids.R_LOUDEST]
        if loudest != self._loudest:
            self._loudest = loudest
            self.stir(now_ms)
        still_ms = elapsed_ms(now_ms, self._happened_ms)
        if still_ms >= _FAST_MS:
            self._fast = False
        if readout[ids.R_CHARGE_SWITCH] == 1 or readout[ids.R_DISCHARGE_SWITCH] == 1:
            self._quiet = False
            if not self._fast:
                self._happened_ms = now_ms
        elif still_ms >= _QUIET_MS:
            self._quiet = True
        name = gatt.name_of(self._texts)
        if name != self._name:
            self._ble.config(gap_name=name)
            self._name = name
            self.interval_us = 0
        wanted_us = _FAST_US if self._fast else _QUIET_US if self._quiet else _STEADY_US
        if not wanted:
            wanted_us = 0
        if wanted_us == self.interval_us:
            return
        self._ble.gap_advertise(None)
        if wanted_us:
            response = gatt.scan_response(name)
            self._ble.gap_advertise(wanted_us, self._told, resp_data=response)
        self.interval_us = wanted_us
