"""How much charge is in the pack, how sure that is, and what the pack holds when full.

Puts the parts together: charge_count counts, polarisation says what the current does to the
voltage, ocv_curves what a rested voltage says of the charge, soc_filter weighs count against
voltage, soc_lesson learns the capacity between empty and full. Means of ten seconds go through
them one part a tick, so that no tick is long. What is shown follows a correction slowly and
never jumps, except when a person sets it. Charge is defined by the curve: 0 and 100 % are its
ends, and a charge that ends below its upper end ends below 100 %. It must never invent
certainty: before the first voltage there is no estimate.
"""

from . import estimator_record, ids
from .charge_count import LONGEST_MS, ChargeCount
from .ocv_curves import PPM, OcvCurve
from .polarisation import Polarisation
from .soc_filter import GAIN_UNIT, SocFilter
from .soc_lesson import SocLesson
from .ticks import elapsed_ms
from .whole_numbers import of_permille, root

STATE_SIZE = estimator_record.SIZE
STRETCH_MS = 10_000
LOOK_MS = 60_000
_LOOK_PPM = 10_000  # or when this much charge has moved
_SAMPLES_MOST = 200

SIGMA_UNKNOWN = 250  # 1/1000: a voltage at an unknown time after work
SIGMA_SET = 50
SIGMA_RESTART = 10
# A cell that has not rested for a known time may be this far from its voltage, 0.1 mV; it
# fades within half of what the settings call a rest.
_UNRESTED_DMV = 120
_REST_PART_MS = 30_000
# Resolution and noise of a mean of cells.
_METER_DMV = 15
_ROOM_DC = 250
_SETTLED_DMV = 50
_RESTED_DMV = 60

FULL_NEAR_MV = 15
FULL_HOLD_MS = 30_000
FULL_ENDS_PPM = 20_000
_IDLE_PART = 200
# What is shown follows a correction at this rate.
SLEW_PPM_S = 500
# A lesson further from what is believed than the root of this many standard deviations is
# believed at once.
_LESSON_GATE = 3
# The charger's end tells the voltage this well, and the charge no better than that.
_FULL_ERROR_DMV = 100
_FULL_WIDTH_PPM = 20_000
# Once a tick: nothing, then one part of the work on the newest stretch.
_WAIT, _DROP, _LEARN, _LOOK, _PART, _TEACH, _WEIGH = range(7)


class Estimator:
    """``known`` is false until there was a voltage or a stored state."""

    def __init__(self):
        self.known = False
        self.full = False
        self.settled = False
        self.soc_permille = 0
        self.soc_sigma_permille = 1000
        self.remaining_mah = 0
        self.full_mah = 0
        self.cycles_tenths = 0
        self.resistance_uohm = 0  # of the mean cell as warm as it is; 0 while not known
        self.count = ChargeCount()
        self.curve = OcvCurve()
        self.polarisation = Polarisation()
        self.filter = SocFilter()
        self.lesson = SocLesson()
        self.rated_mah = 0
        self.chemistry = 0
        self.shown_ppm = 0
        self.full_ppm = PPM
        self._full_since_ms = 0
        self._near_full = False
        self._update_ms = 0
        self._updated = False
        self._unrested_dmv = _UNRESTED_DMV
        self._rested_ms = self._rest_ms = 0
        self._part = _WAIT
        self._temp_dc = _ROOM_DC
        self._cells_mv = self._current_ma = self._samples = 0  # sums of this stretch
        self._stretch_ms = self._stretch_ppm = 0
        self._mean_dmv = self._mean_ma = self._mean_ms = self._mean_ppm = 0
        self._look_dmv = self._look_error = self._look_ms = self._look_ppm = 0
        self._low = self._middle = self._high = 0  # of the newest look

    @property
    def charged_mah(self):
        return self.count.charged_mah

    @property
    def discharged_mah(self):
        return self.count.discharged_mah

    @property
    def soc_ppm(self):
        """The best belief; what is shown follows it."""
        return self.filter.soc_ppm

    @property
    def sigma_ppm(self):
        return self.filter.sigma_ppm

    @property
    def polarisation_dmv(self):
        return self.polarisation.lift_dmv

    @property
    def capacity_sigma_permille(self):
        return self.filter.gain_sigma * 1000 // GAIN_UNIT

    @property
    def offset_ma(self):
        """What the current's zero is learned to be wrong by."""
        return self.filter.offset * (self.rated_mah >> 6) // 250_000

    def add_current(self, current_ma, dt_ms):
        """``current_ma`` flowed for the last ``dt_ms``."""
        self.count.add(current_ma, dt_ms)

    # --- each tick ----------------------------------------------------------------------------

    def update(self, readings, quantities, settings, now_ms):
        live = settings.live
        self.curve.follow(settings)
        self._take_pack(live)
        gone_ms = elapsed_ms(now_ms, self._update_ms) if self._updated else 0
        self._updated = True
        self._update_ms = now_ms
        if self.full_mah == 0 or not self.chemistry:
            return
        moved = self.count.take()
        if moved:
            self.filter.move(moved)
            self.lesson.move(moved)
            self._stretch_ppm += moved
            self.shown_ppm += moved
        self._stretch_ms += gone_ms if gone_ms < LONGEST_MS else LONGEST_MS
        if self.count.unknown_ms:
            self.count.unknown_ms = 0
            self.lesson.forget()
            self.filter.doubt(SIGMA_RESTART * 1000)
        if readings.cells_valid and quantities.valid[ids.Q_CELL_MAX_MV]:
            self._take_voltage(readings, quantities, live, now_ms)
        part = self._part
        if part:
            self._work(part, live)
        elif self._stretch_ms >= STRETCH_MS:
            self._close(quantities, live)
        self._show(gone_ms)

    def _take_pack(self, live):
        """Other settings: the share stays what it was, what was learned does not."""
        rated = live[ids.CAPACITY_MAH]
        chemistry = live[ids.CHEMISTRY]
        if rated == self.rated_mah and chemistry == self.chemistry:
            return
        if chemistry != self.chemistry:
            self.polarisation.forget()
        self.rated_mah = rated
        self.chemistry = chemistry
        self.count.capacity(rated)
        self.filter.forget_gain()
        self.lesson.forget()
        self._take_full()

    def _take_full(self):
        """The capacity that the learned gain makes of the rated one."""
        rated = self.rated_mah
        part = (GAIN_UNIT << 12) // (GAIN_UNIT + self.filter.gain)
        self.full_mah = (rated >> 12) * part + ((rated & 4095) * part >> 12)

    def _take_voltage(self, readings, quantities, live, now_ms):
        mean_mv = quantities.cell_sum_mv // live[ids.CELL_COUNT]
        if not self.known:
            self.begin(self.curve.ppm_at(mean_mv * 10) // 1000, SIGMA_UNKNOWN)
        current = readings.current_ma
        if not current.valid:
            return
        if self._samples < _SAMPLES_MOST:
            self._cells_mv += quantities.cell_sum_mv // 4
            self._current_ma += current.value
            self._samples += 1
        self._watch_full(quantities, live, current.value, now_ms)

    def _close(self, quantities, live):
        """A stretch is complete: its means, and what the filter makes of time."""
        samples = self._samples
        self._mean_ms = self._stretch_ms
        self._mean_ppm = self._stretch_ppm
        self._part = _DROP if samples else _WAIT
        if samples:
            cells = live[ids.CELL_COUNT]
            pack_mv = self._cells_mv // samples * 4
            self._mean_dmv = self._cells_mv * 4 // samples * 10 // cells
            self._mean_ma = self._current_ma // samples
            self.count.add_energy(pack_mv, self._mean_ma, self._mean_ms)
        self._cells_mv = self._current_ma = self._samples = 0
        self._stretch_ms = self._stretch_ppm = 0
        self.shown_ppm += self.filter.age(self._mean_ppm, self._mean_ms)
        self.lesson.move(-self.filter.corrected_ppm)
        if not samples:
            self.polarisation.restart()
            self._unrested_dmv = _UNRESTED_DMV
            self.filter.weigh()
        coldest = quantities.value[ids.Q_TEMP_MIN_DC]
        hottest = quantities.value[ids.Q_TEMP_MAX_DC]
        known = quantities.valid[ids.Q_TEMP_MIN_DC] and quantities.valid[ids.Q_TEMP_MAX_DC]
        self._temp_dc = (coldest + hottest) // 2 if known else _ROOM_DC

    def _work(self, part, live):
        """One part of the work on the newest stretch."""
        self._part = part + 1
        polarisation = self.polarisation
        if part == _DROP:
            polarisation.update(
                self.chemistry, self.rated_mah, self._mean_ma, self._temp_dc, self._mean_ms,
                self._mean_ppm,
            )  # fmt: skip
        elif part == _LEARN:
            then_ppm = self.filter.soc_ppm - self._mean_ppm // 2
            polarisation.learn(then_ppm, self._mean_dmv, self.curve.dmv_at(then_ppm))
            self.settled = abs(polarisation.lift_dmv) < _SETTLED_DMV
            self._collect(live)
        elif part == _LOOK:
            if self._look_ms >= LOOK_MS or abs(self._look_ppm) >= _LOOK_PPM:
                self._look()
            else:
                self._part = _WEIGH
        elif part == _PART:
            self.filter.part(self._low, self._middle, self._high, self._is_rested())
        elif part == _TEACH:
            self._teach(self._low, self._middle, self._high, self._is_rested())
        else:
            self._part = _WAIT
            self.filter.weigh()
            self._take_full()

    def _collect(self, live):
        """This stretch's rested voltage goes into the look, weighed by time."""
        dt_ms = self._mean_ms
        rest_ms = self._rest_ms = live[ids.REST_MINUTES] * _REST_PART_MS
        if abs(self.polarisation.lift_dmv) >= _RESTED_DMV:
            self._rested_ms = 0
        elif self._rested_ms < rest_ms:
            self._rested_ms += dt_ms
        self._unrested_dmv -= -(-self._unrested_dmv * dt_ms // rest_ms)
        rested_dmv = self._mean_dmv - self.polarisation.lift_dmv
        weight = dt_ms >> 6
        self._look_dmv += rested_dmv * weight
        self._look_error += self.polarisation.error_dmv * weight
        self._look_ms += dt_ms
        self._look_ppm += self._mean_ppm

    def _look(self):
        weight = self._look_ms >> 6
        dmv = self._look_dmv // weight
        lift_error = min(self._look_error // weight, 9_000)
        curve = self.curve
        middle = curve.ppm_at(dmv)
        own = curve.error_at(middle)
        unrested = self._unrested_dmv
        meter = _METER_DMV * _METER_DMV
        error = root(own * own + lift_error * lift_error + unrested * unrested + meter)
        polarisation = self.polarisation
        surface = polarisation.surface_ppm
        low = curve.ppm_at(dmv - error) - surface
        high = curve.ppm_at(dmv + error) + surface
        if low > 0 and high < PPM:
            middle = (low + high) // 2
        # The mean voltage belongs to the middle of the look.
        since = self._look_ppm // 2
        self._low = low + since
        self._middle = middle + since
        self._high = high + since
        self._look_dmv = self._look_error = self._look_ms = self._look_ppm = 0

    def _is_rested(self):
        return self._rested_ms >= self._rest_ms

    def _teach(self, low, middle, high, rested):
        """A look goes to the filter, and to the lesson; what it learned is believed when it
        knows better, or when it contradicts what is believed."""
        self.filter.look(low, middle, high, rested)
        lesson = self.lesson
        if lesson.look(low, middle, high):
            known = self.filter.gain_sigma
            both = lesson.sigma * lesson.sigma + known * known
            away = min(abs(lesson.gain - self.filter.gain), 30_000)  # squared: 30 bits
            if lesson.sigma < known or away * away // _LESSON_GATE > both:
                self.filter.learn_gain(lesson.gain, lesson.sigma)

    def _watch_full(self, quantities, live, current_ma, now_ms):
        """The charger's end: at charge voltage with the current gone, for a while."""
        near_mv = live[ids.CHARGE_CELL_MV] - FULL_NEAR_MV
        rated = self.rated_mah
        slow_ma = of_permille(live[ids.FULL_CURRENT_PERMILLE], rated)
        near = quantities.value[ids.Q_CELL_MAX_MV] >= near_mv
        if not (near and -rated // _IDLE_PART <= current_ma <= slow_ma):
            self._near_full = False
        elif not self._near_full:
            self._near_full = True
            self._full_since_ms = now_ms
        elif not self.full and elapsed_ms(now_ms, self._full_since_ms) >= FULL_HOLD_MS:
            self.full = True
            mean_mv = quantities.cell_sum_mv // live[ids.CELL_COUNT]
            dmv = mean_mv * 10 - self.polarisation.lift_dmv
            full_ppm = self.curve.ppm_at(dmv)
            low = min(self.curve.ppm_at(dmv - _FULL_ERROR_DMV), full_ppm - _FULL_WIDTH_PPM)
            high = max(self.curve.ppm_at(dmv + _FULL_ERROR_DMV), full_ppm + _FULL_WIDTH_PPM)
            self._teach(low, full_ppm, high, True)
            self.filter.weigh()
            self.full_ppm = self.filter.soc_ppm
        if self.full:
            soc_ppm = self.filter.soc_ppm
            if soc_ppm > self.full_ppm:
                self.full_ppm = soc_ppm
            elif soc_ppm < self.full_ppm - FULL_ENDS_PPM:
                self.full = False

    def _show(self, gone_ms):
        behind = self.shown_ppm - self.filter.soc_ppm
        step = SLEW_PPM_S * (gone_ms if gone_ms < LONGEST_MS else LONGEST_MS) // 1000
        behind = behind - step if behind > step else behind + step if behind < -step else 0
        shown = self.filter.soc_ppm + behind
        self.shown_ppm = shown = 0 if shown < 0 else PPM if shown > PPM else shown
        self.soc_permille = shown // 1000
        doubt = (self.filter.sigma_ppm + abs(behind) // 2) // 1000
        self.soc_sigma_permille = max(min(doubt, 1000), 1)
        capacity = self.full_mah
        self.remaining_mah = of_permille(self.soc_permille, capacity)
        discharged = self.count.discharged_mah
        self.cycles_tenths = discharged // capacity * 10 + discharged % capacity * 10 // capacity

    # --- set, stored --------------------------------------------------------------------------

    def begin(self, soc_permille, sigma_permille):
        """A first belief that is not certain, shown at once."""
        self.filter.begin(soc_permille * 1000, sigma_permille * 1000)
        self.shown_ppm = soc_permille * 1000
        self.known = True
        self.full = False
        self.lesson.forget()
        if self.full_mah:
            self._show(0)
        self.soc_permille = soc_permille
        self.soc_sigma_permille = sigma_permille

    def recall(self, flags, shown_ppm, full_ppm, rated_mah, chemistry):
        """What was stored before a restart is in the parts by now."""
        self.rated_mah = rated_mah
        self.chemistry = chemistry
        self.shown_ppm = shown_ppm
        self.full_ppm = full_ppm
        self.filter.doubt(SIGMA_RESTART * 1000)
        self._take_full()
        self.known = bool(flags & 1)
        self.full = bool(flags & 2)
        if self.full_mah:
            self._show(0)

    def set_soc(self, soc_permille):
        """A person says so: shown at once."""
        self.begin(soc_permille, SIGMA_SET)

    def state_into(self, out, offset):
        """Store what must survive a restart; returns the bytes written."""
        return estimator_record.dump(self, out, offset)

    def state_from(self, data, offset):
        """Take back what ``state_into`` wrote; time without power is not known."""
        estimator_record.load(self, data, offset)
