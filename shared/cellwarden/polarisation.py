"""How far the current lifts a cell's terminal above its rested voltage, and how sure that is.

A part that follows the current at once, with a size learned from the steps of the current, and
two that lag (charge transfer and diffusion); all in 0.1 mV at a rate of 1C, times the rate.
Typical sizes per chemistry; cold cells have more (Arrhenius, 3000 K), nearly empty ones too.
Hysteresis is half of what LFP shows, so that it is never far wrong either way. The model is
coarse: ``error_dmv`` says so, and nothing may be believed beyond it.
"""

from array import array

UNIT_RATE = 1024  # 1C
_MOST_RATE = 15 * UNIT_RATE

# In the order of the setting "chemistry", without "none", 0.1 mV at 1C: at once, two lagging,
# hysteresis. Sizes of cells of 2 to 5 Ah as their published models have them (PyBaMM's sets
# Chen2020, Mohtat2020, Prada2013, Chayambuka2022), rounded.
_SIZES = array("H", (
    700, 250, 350, 0,
    900, 200, 200, 50,
    500, 150, 200, 0,
    2000, 700, 900, 0,
    2000, 700, 900, 0,
))  # fmt: skip
_FAST_LAG_MS = 60_000
_SLOW_LAG_MS = 1_500_000
_HYSTERESIS_PPM = 40_000
# Diffusion: at 1C the charge at a particle's surface, which the voltage shows, may be this far
# from the mean.
_SURFACE_PPM = 40_000

# Times as much as at 25 degC, in 1/256, from -30 degC on, every 10 degC.
_COLDEST_DC = -300
_STEP_DC = 100
_WARMTH = array("H", (2493, 1531, 976, 643, 436, 304, 217, 158, 118, 89))
_ROOM_DC = 250
# Entropy: voltage of a rested cell against temperature, 0.1 mV for 1/256 of 0.1 degC.
_ENTROPY = 154

# Nearly empty cells: up to 2.5 times as much, and that much less is known of them.
_LOW_PPM = 200_000
# Steps are learned from in the middle of the charge only, and when they are large.
_STEP_RATE = 51
_LEARN_FROM_PPM = 80_000
_LEARN_TO_PPM = 970_000
_STEP_MOST_DMV = 3000
_PRIOR = 6250  # weight of the typical size, (0.1 mV)^2 / 16
_LEAST_SCALE = 51  # 1/256
_MOST_SCALE = 1536
# Of what flows at once: known to this part, plus this part while nothing has been learned.
_KNOWN = 38
_UNLEARNED = 180
_LAGGING = 190
# Beyond any cell: what keeps sums and products small.
_MOST_DRIVEN = 60 * UNIT_RATE
_LIFT_MOST_DMV = 60_000
_ERROR_MOST_DMV = 9_000


class Polarisation:
    def __init__(self):
        self.lift_dmv = 0
        self.error_dmv = 0
        self.scale = 256  # this cell's size, in 1/256 of the typical one
        self.warmth = 256
        self._at_once_dmv = 0
        self._lag_dmv = 0  # in 1/16
        self._slow_dmv = 0
        self._driven = 0  # the current behind diffusion, in 1/16 of its rate
        self._hysteresis_dmv = 0
        self.products = 0
        self.squares = 0
        self._before_dmv = 0
        self._voltage_dmv = 0
        self._rate = self._rate_now = 0
        self._lagging_dmv = self._temp_off_dc = 0
        self._seen = False

    def restart(self):
        """Time has passed unseen: the lagging parts are anything, steps begin anew."""
        self._lag_dmv = self._slow_dmv = self._driven = 0
        self._seen = False

    def forget(self):
        """Other cells."""
        self.restart()
        self.scale = 256
        self.products = self.squares = self._hysteresis_dmv = 0

    def _warm(self, temp_dc):
        at = temp_dc - _COLDEST_DC
        last = len(_WARMTH) - 1
        if at <= 0:
            return _WARMTH[0]
        low = at // _STEP_DC
        if low >= last:
            return _WARMTH[last]
        below = _WARMTH[low]
        return below + (_WARMTH[low + 1] - below) * (at - low * _STEP_DC) // _STEP_DC

    def update(self, chemistry, capacity_mah, current_ma, temp_dc, dt_ms, moved_ppm):
        """A stretch of ``dt_ms`` with this mean current. ``chemistry`` is not none."""
        most_ma = capacity_mah * 15
        current_ma = max(-most_ma, min(most_ma, current_ma))
        if capacity_mah >= 65_536:
            rate = current_ma * 16 // (capacity_mah >> 6)
        else:
            rate = current_ma * UNIT_RATE // capacity_mah
        self._rate_now = rate = max(-_MOST_RATE, min(_MOST_RATE, rate))
        sizes = (chemistry - 1) * 4
        warmth = self.warmth = self._warm(temp_dc)
        driven = max(-_MOST_DRIVEN, min(_MOST_DRIVEN, rate * warmth >> 8))
        self._at_once_dmv = _SIZES[sizes] * driven >> 10
        self._driven += (
            ((driven << 4) - self._driven) // 16 * (dt_ms >> 4) // (_SLOW_LAG_MS + dt_ms // 2 >> 8)
        )
        lag = self._lag_dmv
        self._lag_dmv += (
            ((_SIZES[sizes + 1] * driven >> 6) - lag)
            // 16
            * (dt_ms >> 4)
            // (_FAST_LAG_MS + dt_ms // 2 >> 8)
        )
        slow = self._slow_dmv
        self._slow_dmv += (
            ((_SIZES[sizes + 2] * driven >> 6) - slow)
            // 16
            * (dt_ms >> 4)
            // (_SLOW_LAG_MS + dt_ms // 2 >> 8)
        )
        self._lagging_dmv = lag + slow + self._lag_dmv + self._slow_dmv >> 5
        width = min(abs(moved_ppm), _HYSTERESIS_PPM)
        aim = _SIZES[sizes + 3] * 16
        if moved_ppm < 0:
            aim = -aim
        self._hysteresis_dmv += (
            (aim - self._hysteresis_dmv) * (width >> 4) // (_HYSTERESIS_PPM >> 4)
        )
        self._temp_off_dc = abs(temp_dc - _ROOM_DC)

    def learn(self, soc_ppm, voltage_dmv, curve_dmv):
        """What the mean voltage of the same stretch says, against the rested curve."""
        low = max(min(_LOW_PPM - soc_ppm, _LOW_PPM), 0) * 256 // _LOW_PPM
        shape = 256 + low * 3 // 2
        at_once = self._at_once_dmv * shape >> 8
        lagging = self._lagging_dmv * shape >> 8
        over_dmv = voltage_dmv - curve_dmv - lagging
        if (
            self._seen
            and abs(self._rate_now - self._rate) > _STEP_RATE
            and _LEARN_FROM_PPM < soc_ppm < _LEARN_TO_PPM
        ):
            self._step(at_once - self._before_dmv, over_dmv - self._voltage_dmv)
        self._seen = True
        self._before_dmv = at_once
        self._voltage_dmv = over_dmv
        self._rate = self._rate_now
        at_once = at_once * self.scale >> 8
        lagging = lagging * (256 + self.scale) >> 9
        lift = at_once + lagging + (self._hysteresis_dmv >> 4)
        self.lift_dmv = max(-_LIFT_MOST_DMV, min(_LIFT_MOST_DMV, lift))
        unlearned = _UNLEARNED * _PRIOR // (self.squares + _PRIOR)
        doubt = _KNOWN + unlearned + (low >> 1)
        lagging_doubt = _LAGGING + (unlearned >> 1)
        error = (abs(at_once) * doubt + abs(lagging) * lagging_doubt >> 8) + (
            self._temp_off_dc * _ENTROPY >> 8
        )
        self.error_dmv = min(error, _ERROR_MOST_DMV)

    @property
    def surface_ppm(self):
        """How far the charge that the voltage shows may be from the mean."""
        return (abs(self._driven) >> 4) * (_SURFACE_PPM >> 3) >> 7

    def _step(self, lift_dmv, seen_dmv):
        lift_dmv = max(-_STEP_MOST_DMV, min(_STEP_MOST_DMV, lift_dmv))
        seen_dmv = max(-_STEP_MOST_DMV, min(_STEP_MOST_DMV, seen_dmv))
        self.products += (lift_dmv * seen_dmv >> 4) - (self.products >> 8)
        self.squares += (lift_dmv * lift_dmv >> 4) - (self.squares >> 8)
        self._scale()

    def recall(self, products, squares):
        """What was learned before a restart."""
        self.products = products
        self.squares = squares
        self._scale()

    def _scale(self):
        scale = (self.products + _PRIOR) * 4 // (self.squares + _PRIOR >> 6)
        self.scale = max(_LEAST_SCALE, min(_MOST_SCALE, scale))
