"""Counts charge and energy exactly: mA times ms, with what is left over carried on.

``moved_ppm`` is the charge moved since it was last taken, in 1e-6 of the rated capacity. A
sample stands for LONGEST_MS at most; what lies beyond is time nobody measured. It must never
round a current away, however small, and knows no voltage but for energy.
"""

# One mAh in mA * ms.
MAH = 3_600_000
# One Wh in tenths of a watt times tenths of a second.
_WH = 360_000
LONGEST_MS = 10_000
_CHUNK_MS = 500
_LONGEST_ENERGY_MS = 30_000
TOTAL_MAX = 1_000_000_000


class ChargeCount:
    def __init__(self):
        self.charged_mah = 0
        self.discharged_mah = 0
        self.charged_wh = 0
        self.discharged_wh = 0
        self.unknown_ms = 0
        self.moved_ppm = 0
        self._in_rest = 0  # mA * ms not yet a whole mAh
        self._out_rest = 0
        self._rest = 0  # mA * ms not yet a whole ppm
        self._part = 0  # mA * ms of a ppm; 0 without a capacity
        self._energy_rest = 0

    def capacity(self, rated_mah):
        """From now on a ppm is a part of this capacity."""
        self._part = rated_mah * 18 // 5
        self._rest = 0

    def add(self, current_ma, dt_ms):
        """``current_ma`` flowed for the last ``dt_ms``."""
        if dt_ms > LONGEST_MS:
            if self.unknown_ms < MAH:
                self.unknown_ms += min(dt_ms, MAH) - LONGEST_MS
            dt_ms = LONGEST_MS
        while dt_ms > 0:
            part_ms = dt_ms if dt_ms < _CHUNK_MS else _CHUNK_MS
            dt_ms -= part_ms
            amount = current_ma * part_ms
            if amount >= 0:
                rest = self._in_rest + amount
                if rest >= MAH:
                    mah = rest // MAH
                    rest -= mah * MAH
                    self.charged_mah = min(self.charged_mah + mah, TOTAL_MAX)
                self._in_rest = rest
            else:
                rest = self._out_rest - amount
                if rest >= MAH:
                    mah = rest // MAH
                    rest -= mah * MAH
                    self.discharged_mah = min(self.discharged_mah + mah, TOTAL_MAX)
                self._out_rest = rest
            part = self._part
            if part:
                rest = self._rest + amount
                if rest >= part or rest < 0:
                    ppm = rest // part
                    rest -= ppm * part
                    self.moved_ppm += ppm
                self._rest = rest

    def take(self):
        """The charge moved since the last call, in ppm of the capacity."""
        moved = self.moved_ppm
        self.moved_ppm = 0
        return moved

    def add_energy(self, pack_mv, current_ma, dt_ms):
        """``dt_ms`` at this mean voltage and current."""
        while dt_ms > _LONGEST_ENERGY_MS:
            dt_ms -= _LONGEST_ENERGY_MS
            self.add_energy(pack_mv, current_ma, _LONGEST_ENERGY_MS)
        tenth_watts = pack_mv // 100 * (current_ma // 100) // 10
        rest = self._energy_rest + tenth_watts * (dt_ms // 100)
        if rest >= _WH or rest <= -_WH:
            wh = abs(rest) // _WH
            if rest > 0:
                self.charged_wh = min(self.charged_wh + wh, TOTAL_MAX)
                rest -= wh * _WH
            else:
                self.discharged_wh = min(self.discharged_wh + wh, TOTAL_MAX)
                rest += wh * _WH
        self._energy_rest = rest
