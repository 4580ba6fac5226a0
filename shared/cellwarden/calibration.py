"""Current calibration as the manual tells it: zero with outputs open, gain under a known load.

Only numbers are made here; the caller stores them and the shunt's driver applies them
(value = (raw - offset) * gain). Both are taken from a mean of steady current: a load that
switches, or a ripple that happens to be sampled at its crest, must not become a calibration.
A user's gain is trusted to its own uncertainty: below a tenth of the board's rating it corrects
at most 3 %, however often it is taken, unless a larger load has shown more (safety.md 3). The
calibration window lets an uncalibrated board work for ten minutes, all protections on.
"""

from .ticks import elapsed_ms

WINDOW_MS = 600_000
MIN_LOAD_MA = 2_000
MEAN_SAMPLES = 32
_SMALL_LOAD_PART = 10
_SMALL_LOAD_PPM = 30_000
_PLAUSIBLE_PPM = 200_000
_UNITY_PPM = 1_000_000
# A zero beyond this part of the rating is a current, or a broken board: it stays below the
# current at which a switch that does not open costs the secondary disconnect.
_ZERO_PART = 50
# Steady: within this part of the rating, and of the current itself, of where it began. The
# shunt monitor's own noise is a quarter of that.
_STEADY_PART = 800
_STEADY_SHARE = 16

OK = 0
REFUSED_NO_MEAN = 1  # no steady current has been measured yet
REFUSED_SMALL = 2  # the known load is below 2 A
REFUSED_IMPLAUSIBLE = 3  # too far away: the wrong shunt, direction or reading
REFUSED_NO_ZERO = 4  # the zero has to be taken first, since the newest start


class Calibration:
    """Means of the measured current, and what a person's calibration makes of them."""

    def __init__(self, board):
        self._small_ma = board.RATING_MA // _SMALL_LOAD_PART
        self._zero_limit_ma = board.RATING_MA // _ZERO_PART
        self._steady_ma = board.RATING_MA // _STEADY_PART
        self._window_ms = 0
        self._window = False
        self.window_port = 0
        self._sum_ma = 0
        self._samples = 0
        self._seen = 0
        self._near_ma = 0  # where the current has stood since the samples began
        self._off = False
        self.mean_off = False  # the mean was taken with all outputs off
        self.mean_ma = 0
        self.mean_known = False
        self.zero_taken = False

    def open_window(self, now_ms, port):
        """Open for WINDOW_MS, or until the session on ``port`` is over."""
        self._window = True
        self.window_port = port
        self._window_ms = now_ms

    def close_window(self):
        self._window = False

    def window_open(self, now_ms):
        if self._window and elapsed_ms(now_ms, self._window_ms) >= WINDOW_MS:
            self._window = False
        return self._window

    def window_left_s(self, now_ms):
        if not self.window_open(now_ms):
            return 0
        return (WINDOW_MS - elapsed_ms(now_ms, self._window_ms)) // 1000

    def sample(self, readings, outputs_off):
        """Collect the mean of the newest current samples; called once a tick.

        It begins anew when the outputs switch, and when the current moves: neither a zero nor a
        gain may hold samples of what went before.
        """
        current = readings.current_ma
        if not current.valid or outputs_off != self._off:
            self._off = outputs_off
            self._begin()
        elif current.count != self._seen:
            self._seen = current.count
            near = self._near_ma
            if abs(current.value - near) > self._steady_ma + abs(near) // _STEADY_SHARE:
                self._near_ma = current.value
                self._begin()
            self._sum_ma += current.value
            self._samples += 1
            if self._samples == MEAN_SAMPLES:
                self.mean_ma = self._near_ma = self._sum_ma // MEAN_SAMPLES
                self.mean_known = True
                self.mean_off = outputs_off
                self._sum_ma = self._samples = 0

    def zero(self, offset_ma, gain_ppm):
        """(result, new offset): what is measured now, with outputs open, is no current."""
        if not self.mean_known or not self.mean_off:
            return REFUSED_NO_MEAN, offset_ma
        new = offset_ma + self.mean_ma * 1000 // (gain_ppm // 1000)
        if abs(new) > self._zero_limit_ma:
            return REFUSED_IMPLAUSIBLE, offset_ma
        self.zero_taken = True
        self._begin()  # it was measured with the old zero
        return OK, new

    def gain(self, true_ma, gain_ppm):
        """(result, new gain): what is measured now is ``true_ma`` in truth."""
        if not self.zero_taken:
            return REFUSED_NO_ZERO, gain_ppm
        if abs(true_ma) < MIN_LOAD_MA:
            return REFUSED_SMALL, gain_ppm
        if not self.mean_known:
            return REFUSED_NO_MEAN, gain_ppm
        if self.mean_ma == 0:
            return REFUSED_IMPLAUSIBLE, gain_ppm
        new_ppm = gain_ppm * true_ma // self.mean_ma
        if abs(new_ppm - _UNITY_PPM) > _PLAUSIBLE_PPM:
            return REFUSED_IMPLAUSIBLE, gain_ppm
        if abs(true_ma) < self._small_ma:
            # What a larger load has shown may be beyond 3 %; a small one takes it no further.
            low = max(gain_ppm - _SMALL_LOAD_PPM, min(gain_ppm, _UNITY_PPM - _SMALL_LOAD_PPM))
            high = min(gain_ppm + _SMALL_LOAD_PPM, max(gain_ppm, _UNITY_PPM + _SMALL_LOAD_PPM))
            new_ppm = max(low, min(high, new_ppm))
        self._begin()  # it was measured with the old gain
        return OK, new_ppm

    def _begin(self):
        self._sum_ma = self._samples = 0
        self.mean_known = False
