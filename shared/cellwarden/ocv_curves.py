"""Open-circuit voltage against charge: the curve of a chemistry, or the pack's own.

A rested cell with a known curve tells its charge by its voltage, as well as the curve is known
there: ``error_at`` says how well, so that nobody believes a flat stretch. Points are closer
where curves bend (tables/ocv.py has them and says where they come from); between points the
curve is straight. Charge in ppm, 0 and 1_000_000 being the ends of the curve; voltage in 0.1 mV
(``_dmv``). Nothing here knows current, time or temperature.
"""

from array import array

from . import ids, packed
from . import ocv_data as data

POINTS = data.POINTS
PPM = 1_000_000
_LAST = POINTS - 1
_MIDDLE = POINTS // 2
_AT = array("H", bytes(data.POSITIONS))  # 1/1000 of the charge


class OcvCurve:
    """The curve in force. Allocated once; looking up remembers where it looked last."""

    def __init__(self):
        self.chemistry = ids.CHEMISTRY_NONE
        self.own = False  # the curve is the user's, not the chemistry's
        self.error_dmv = 0  # halfway; ``error_at`` knows it everywhere
        self._dmv = array("H", bytes(2 * POINTS))
        self._error_mv = bytearray(POINTS)
        self._segment = 0
        self._revision = -1

    def follow(self, settings):
        """Take the curve of these settings; costs nothing while they have not changed."""
        if settings.revision != self._revision:
            self._revision = settings.revision
            live = settings.live
            self.select(live[ids.CHEMISTRY], live, ids.OCV_MV)

    def select(self, chemistry, user_mv=None, first=0):
        """Take the user's points, from ``user_mv[first]`` on, where there are any; otherwise
        those typical of ``chemistry``."""
        own = bool(chemistry and user_mv is not None and user_mv[first + _LAST])
        if chemistry == self.chemistry and not own and not self.own:
            return
        self.chemistry = chemistry
        self.own = own
        row = (chemistry - 1) * POINTS if chemistry else 0
        for i in range(POINTS):
            if own:
                self._dmv[i] = user_mv[first + i] * 10
                self._error_mv[i] = data.OWN_ERROR_MV[chemistry - 1]
            else:
                self._dmv[i] = packed.u16(data.DMV, row + i)
                self._error_mv[i] = data.ERROR_MV[row + i]
        self.error_dmv = self._error_mv[_MIDDLE] * 10 if chemistry else 0

    def dmv_at(self, ppm):
        """Voltage of a rested cell with this charge; 0 without a chemistry."""
        return self._between(self._dmv, ppm) if self.chemistry else 0

    def error_at(self, ppm):
        """Standard deviation of a stranger's cell from the curve, 0.1 mV, at this charge."""
        return self._between(self._error_mv, ppm) * 10 if self.chemistry else 0

    def _between(self, values, ppm):
        if ppm <= 0:
            return values[0]
        if ppm >= PPM:
            return values[_LAST]
        at = _AT
        low = self._segment
        permille = ppm // 1000
        if not at[low] <= permille < at[low + 1]:
            low = 0
            high = _LAST
            while high - low > 1:
                middle = (low + high) >> 1
                if at[middle] <= permille:
                    low = middle
                else:
                    high = middle
            self._segment = low
        first = at[low]
        below = values[low]
        # At most 42_000 (the setting's range) * 25_000: inside 30 bits.
        part = (values[low + 1] - below) * (ppm - first * 1000)
        return below + part // ((at[low + 1] - first) * 1000)

    def ppm_at(self, voltage_dmv):
        """Charge at which a rested cell has this voltage: 0 and PPM beyond the ends, the middle
        of a stretch on which the curve does not rise; 0 without a chemistry."""
        dmv = self._dmv
        if not self.chemistry or voltage_dmv <= dmv[0]:
            return 0
        if voltage_dmv >= dmv[_LAST]:
            return PPM
        at = _AT
        low = self._segment
        if not dmv[low] < voltage_dmv <= dmv[low + 1]:
            low = 0
            high = _LAST
            while high - low > 1:
                middle = (low + high) >> 1
                if dmv[middle] < voltage_dmv:
                    low = middle
                else:
                    high = middle
            self._segment = low
        first = at[low]
        below = dmv[low]
        high = low + 1
        above = dmv[high]
        if voltage_dmv == above:
            while dmv[high + 1] == above:
                high += 1
            return (at[low + 1] + at[high]) * 500
        return first * 1000 + (voltage_dmv - below) * (at[high] - first) * 1000 // (above - below)
