"""Minutes until full while charging, until empty while discharging: absent at rest.

The current is averaged over the first minutes of a charge or load, and over the last two ever
after; pulses, lights and clouds do not make the number jump. A charge ends in constant voltage:
its current then dies away with the room that is left, which takes longer than the mean current
says. The numbers are a person's, rough and bounded; nothing may be decided on them.
"""

from . import ids
from .readout import ABSENT
from .ticks import MASK

# All times in 0.1 s. The current is averaged over...
SMOOTH_DS = 1200
# ...and told from this age of a mean on.
FIRST_DS = 300
# So long without current ends it; so long the other way round begins it anew.
QUIET_DS = 1200
AGAINST_DS = 300
# No current: below this part of the capacity an hour, at least so much.
QUIET_PART = 200
QUIET_LEAST_MA = 100
LONGEST_MIN = 9999
# What is told falls by any minute, and rises only by more than one and a part of itself.
RISE_PART = 32
# Resistance of ordinary cells in the first moment, micro-ohm times mAh, where nobody has
# measured it; it grows to this while a charge lasts.
USUAL_UOHM_MAH = 60_000_000
LASTING_PERCENT = 170
_MOST_UOHM = 50_000
_SCALE = 64


class TimeLeft:
    """``to_full_min`` and ``to_empty_min``, ABSENT when they are not known."""

    def __init__(self):
        self.to_full_min = ABSENT
        self.to_empty_min = ABSENT
        self._mean = 0  # 1/64 mA
        self._age_ds = 0  # of the mean; 0: no current has been seen
        self._quiet_ds = 0
        self._against_ds = 0
        self._ms = 0

    def update(self, estimator, readings, settings, now_ms):
        """Every second or so; a longer step is taken as it is."""
        dt_ds = ((now_ms - self._ms) & MASK) // 100
        if not dt_ds:
            return
        self._ms = now_ms
        if dt_ds > SMOOTH_DS:
            dt_ds = SMOOTH_DS
        current = readings.current_ma
        capacity_mah = estimator.full_mah
        if not (current.valid and estimator.known and capacity_mah):
            self._rest()
            return
        quiet_ma = capacity_mah // QUIET_PART
        if quiet_ma < QUIET_LEAST_MA:
            quiet_ma = QUIET_LEAST_MA
        self._average(current.value, quiet_ma, dt_ds)
        mean_ma = self._mean // _SCALE
        told = self.to_full_min != ABSENT or self.to_empty_min != ABSENT
        if abs(mean_ma) < (quiet_ma >> 1 if told else quiet_ma) or self._age_ds < FIRST_DS:
            self.to_full_min = self.to_empty_min = ABSENT
        elif mean_ma < 0:
            self.to_full_min = ABSENT
            minutes = _minutes(estimator.remaining_mah, -mean_ma)
            self.to_empty_min = _glide(self.to_empty_min, minutes)
        else:
            self.to_empty_min = ABSENT
            if estimator.full:
                self.to_full_min = 0
            else:
                minutes = self._until_full(estimator, settings.live, mean_ma)
                self.to_full_min = _glide(self.to_full_min, minutes)

    def _rest(self):
        self.to_full_min = self.to_empty_min = ABSENT
        self._age_ds = self._quiet_ds = self._against_ds = self._mean = 0

    def _average(self, ma, quiet_ma, dt_ds):
        if -quiet_ma < ma < quiet_ma:
            self._quiet_ds += dt_ds
            self._against_ds = 0
            if not self._age_ds or self._quiet_ds >= QUIET_DS:
                self._rest()
                return
        else:
            self._quiet_ds = 0
            self._against_ds = self._against_ds + dt_ds if (ma < 0) != (self._mean < 0) else 0
            if self._against_ds >= AGAINST_DS:
                self._age_ds = self._against_ds = 0
        age_ds = self._age_ds
        if not age_ds:
            self._mean = ma * _SCALE
        age_ds += dt_ds
        if age_ds > SMOOTH_DS:
            age_ds = SMOOTH_DS
        self._age_ds = age_ds
        self._mean += (ma * _SCALE - self._mean) // age_ds * dt_ds

    def _until_full(self, estimator, live, ma):
        """At ``ma`` up to where the charge voltage is reached, and less and less from there."""
        curve = estimator.curve
        capacity_mah = estimator.full_mah
        uohm = estimator.resistance_uohm or USUAL_UOHM_MAH // capacity_mah
        if uohm > _MOST_UOHM:
            uohm = _MOST_UOHM
        end_dmv = live[ids.CHARGE_CELL_MV] * 10
        # 0.1 mV: mA * micro-ohm / 100_000.
        lift_dmv = (ma // 100) * uohm // 1000 * LASTING_PERCENT // 100
        end_ppm = curve.ppm_at(end_dmv)
        left_mah = _part(end_ppm, capacity_mah) - estimator.remaining_mah
        if left_mah <= 0:
            return 0
        late_mah = _part(end_ppm - curve.ppm_at(end_dmv - lift_dmv), capacity_mah)
        if late_mah > left_mah:
            late_mah = left_mah
        # Charge that comes with a dying current takes the logarithm of its ratio times as long.
        last_ma = _part(live[ids.FULL_CURRENT_PERMILLE] * 1000, capacity_mah) + 1
        return _minutes(left_mah - late_mah + _times_log(late_mah, ma, last_ma), ma)


def _part(ppm, mah):
    """ppm of a charge, inside 30 bits."""
    return mah // 1000 * (ppm // 1000) + mah % 1000 * (ppm // 1000) // 1000


def _times_log(mah, ma, last_ma):
    """mah * ln(ma / last_ma), 0 where that is negative; straight between powers of two."""
    if ma <= last_ma:
        return 0
    doublings = 0
    while ma >= 2 * last_ma:
        ma >>= 1
        doublings += 1
    # ln 2 = 0.69
    return mah * 69 // 100 * doublings + mah * 69 // 100 * ((ma - last_ma) * 100 // last_ma) // 100


def _minutes(mah, ma):
    minutes = mah * 60 // ma
    return minutes if minutes < LONGEST_MIN else LONGEST_MIN


def _glide(shown, minutes):
    if shown == ABSENT or minutes < shown or minutes - shown > 1 + shown // RISE_PART:
        return minutes
    return shown
