"""How much charge is in the pack, and how sure that is: a first, honest estimate.

Counts charge exactly (mA times ms, whole mAh carried over), corrects it from the rested cell
voltage where the chemistry's curve tells something, and anchors it when the pack is full or
empty. The standard deviation grows with charge moved and with time, and shrinks at
corrections. What is shown follows a correction slowly and never jumps, except when a person
sets it. It must never invent certainty: before the first voltage there is no estimate.
"""

from . import ids, ocv_curves
from .ticks import MASK, elapsed_ms

# One mAh in mA * ms.
MAH = 3_600_000
# A sample stands for at most this long; what lies beyond is unknown and adds to the error.
LONGEST_MS = 10_000
_CHUNK_MS = 500
TOTAL_MAX_MAH = 1_000_000_000

# Error: gain in 1/1000 of the charge moved; offset in parts of the board's rating; own
# consumption and self-discharge in parts of the capacity each hour.
GAIN_PERMILLE = 5
OFFSET_PART = 5000
DRAIN_PART = 20_000
SIGMA_UNKNOWN = 250  # a voltage at an unknown time after work
SIGMA_FULL = 10
SIGMA_EMPTY = 20
SIGMA_SET = 50
SIGMA_RESTART = 10

# At rest: current below this part of the capacity (at least 100 mA).
REST_PART = 200
REST_LEAST_MA = 100
# Cells measure this well; the curve adds its own error, and its slope makes charge of both.
CELL_ERROR_MV = 5
LEAST_ERROR = 10
OCV_LOWEST_DC = 50  # the curves are for room temperature
OCV_HIGHEST_DC = 450

FULL_NEAR_MV = 15
FULL_HOLD_MS = 30_000
FULL_ENDS_PERMILLE = 980
EMPTY_PART = 5  # discharging slower than this part of the capacity an hour
EMPTY_HOLD_MS = 2000
# What is shown follows a correction by 1/1000 of the capacity in this time.
SLEW_MS = 2000

STATE_SIZE = 32


def permille_of(part, whole):
    """part / whole in 1/1000, without leaving 30 bits."""
    if whole <= 0:
        return 0
    if whole > 1_000_000:
        part //= 4
        whole //= 4
    return part * 1000 // whole


def of_permille(permille, whole):
    return whole // 1000 * permille + whole % 1000 * permille // 1000


def root(n):
    """Integer square root of up to 30 bits."""
    x = 0
    bit = 1 << 28
    while bit > n:
        bit >>= 2
    while bit:
        if n >= x + bit:
            n -= x + bit
            x = (x >> 1) + bit
        else:
            x >>= 1
        bit >>= 2
    return x


def _put(out, offset, value):
    for i in range(4):
        out[offset + i] = value >> (8 * i) & 0xFF


def _get(data, offset):
    value = 0
    for i in range(4):
        value |= data[offset + i] << (8 * i)
    return value if value < 0x80000000 else value - 0x100000000


class Estimator:
    """Charge in mAh and 1/1000; ``known`` is false until there was a voltage or a stored state."""

    def __init__(self):
        self.known = False
        self.full = False
        self.soc_permille = 0
        self.soc_sigma_permille = 1000
        self.remaining_mah = 0
        self.full_mah = 0
        self.cycles_tenths = 0
        self.charged_mah = 0
        self.discharged_mah = 0
        self.resistance_uohm = 0  # mean cell; 0 is not known
        self.curve = ocv_curves.OcvCurve()
        self.resistance_uohm = 0  # of the mean cell as warm as it is; 0 while not known
        self._believed_mah = 0
        self._behind_mah = 0  # shown less believed, on its way to 0
        self._in_rest = 0  # mA * ms not yet a whole mAh
        self._out_rest = 0
        self._sigma_mah = 0
        self._sigma_rest = 0  # mA * ms
        self._unknown_ms = 0
        self._resting = False
        self._rest_ms = 0
        self._rest_used = False
        self._full_since_ms = 0
        self._near_full = False
        self._empty_since_ms = 0
        self._near_empty = False
        self._slew_ms = 0
        self._update_ms = 0
        self._updated = False

    # --- counting -----------------------------------------------------------------------------

    def add_current(self, current_ma, dt_ms):
        """``current_ma`` flowed for the last ``dt_ms``."""
        if dt_ms > LONGEST_MS:
            self._unknown_ms += dt_ms - LONGEST_MS
            dt_ms = LONGEST_MS
        while dt_ms > 0:
            part_ms = dt_ms if dt_ms < _CHUNK_MS else _CHUNK_MS
            dt_ms -= part_ms
            if current_ma >= 0:
                self._in_rest += current_ma * part_ms
                if self._in_rest >= MAH:
                    mah = self._in_rest // MAH
                    self._in_rest -= mah * MAH
                    self.charged_mah = self._total(self.charged_mah + mah)
                    self._move(mah, mah)
            else:
                self._out_rest -= current_ma * part_ms
                if self._out_rest >= MAH:
                    mah = self._out_rest // MAH
                    self._out_rest -= mah * MAH
                    self.discharged_mah = self._total(self.discharged_mah + mah)
                    self._move(-mah, mah)

    def _total(self, mah):
        return mah if mah < TOTAL_MAX_MAH else TOTAL_MAX_MAH

    def _move(self, mah, amount):
        believed = self._believed_mah + mah
        self._believed_mah = self._within(believed)
        self._grow(amount * (MAH // 1000) * GAIN_PERMILLE)

    def _within(self, mah):
        if mah < 0:
            return 0
        return mah if mah < self.full_mah else self.full_mah

    def _grow(self, amount):
        """More error, in mA * ms."""
        self._sigma_rest += amount
        if self._sigma_rest >= MAH:
            mah = self._sigma_rest // MAH
            self._sigma_rest -= mah * MAH
            self._sigma_mah += mah
            if self._sigma_mah > self.full_mah:
                self._sigma_mah = self.full_mah

    # --- each tick ----------------------------------------------------------------------------

    def update(self, readings, quantities, settings, now_ms):
        live = settings.live
        self.curve.follow(settings)
        self._take_capacity(live[ids.CAPACITY_MAH])
        gone_ms = elapsed_ms(now_ms, self._update_ms) if self._updated else 0
        self._updated = True
        self._update_ms = now_ms
        if self.full_mah == 0:
            return
        self._age(gone_ms, live[ids.BOARD_RATING_MA])
        if readings.cells_valid and quantities.valid[ids.Q_CELL_MAX_MV]:
            self._look(readings, quantities, live, now_ms)
        self._show(now_ms)

    def _take_capacity(self, capacity_mah):
        """Settings have another capacity: the share stays what it was."""
        if capacity_mah == self.full_mah:
            return
        share = permille_of(self._believed_mah, self.full_mah)
        sigma = permille_of(self._sigma_mah, self.full_mah)
        self.full_mah = capacity_mah
        self._believed_mah = of_permille(share, capacity_mah)
        self._sigma_mah = of_permille(sigma, capacity_mah)
        self._behind_mah = 0

    def _age(self, gone_ms, rating_ma):
        """Offset, own consumption and self-discharge; and time nobody measured."""
        rate_ma = rating_ma // OFFSET_PART + self.full_mah // DRAIN_PART
        self._grow(rate_ma * (gone_ms if gone_ms < LONGEST_MS else LONGEST_MS))
        if self._unknown_ms:
            self._sigma_mah = self._within(
                self._sigma_mah + of_permille(SIGMA_RESTART, self.full_mah)
            )
            self._unknown_ms = 0

    def _look(self, readings, quantities, live, now_ms):
        """What the voltages say."""
        current = readings.current_ma
        known = current.valid
        rest_ma = self.full_mah // REST_PART
        quiet = known and abs(current.value) < (
            rest_ma if rest_ma > REST_LEAST_MA else REST_LEAST_MA
        )
        if not quiet:
            self._resting = False
        elif not self._resting:
            self._resting = True
            self._rest_used = False
            self._rest_ms = now_ms
        mean_mv = quantities.cell_sum_mv // live[ids.CELL_COUNT]
        if not self.known:
            self._believe(ocv_curves.permille_at(live[ids.CHEMISTRY], mean_mv), SIGMA_UNKNOWN)
            self._behind_mah = 0
            self.known = True
        if self._resting and not self._rest_used:
            if elapsed_ms(now_ms, self._rest_ms) >= live[ids.REST_MINUTES] * 60_000:
                self._rest_used = True
                self._correct(quantities, live, mean_mv)
        if known:
            self._anchor_full(quantities, live, current.value, now_ms)
            self._anchor_empty(quantities, live, current.value, now_ms)

    def _correct(self, quantities, live, mean_mv):
        """Weigh the rested voltage against the count, by what each is worth here."""
        coldest = quantities.value[ids.Q_TEMP_MIN_DC]
        hottest = quantities.value[ids.Q_TEMP_MAX_DC]
        if not quantities.valid[ids.Q_TEMP_MIN_DC]:
            return
        if coldest < OCV_LOWEST_DC or hottest > OCV_HIGHEST_DC:
            return
        chemistry = live[ids.CHEMISTRY]
        error_mv = CELL_ERROR_MV + ocv_curves.error_mv(chemistry)
        low = ocv_curves.permille_at(chemistry, mean_mv - error_mv)
        high = ocv_curves.permille_at(chemistry, mean_mv + error_mv)
        error = (high - low) // 2 + LEAST_ERROR
        mine = self.soc_sigma()
        if error >= mine:
            return  # the count knows better: a flat stretch tells nothing
        believed = permille_of(self._believed_mah, self.full_mah)
        weight = mine * mine + error * error
        moved = ((low + high) // 2 - believed) * (mine * mine) // weight
        self._believe(believed + moved, mine * error // root(weight))

    def _anchor_full(self, quantities, live, current_ma, now_ms):
        near_mv = live[ids.CHARGE_CELL_MV] - FULL_NEAR_MV
        slow_ma = of_permille(live[ids.FULL_CURRENT_PERMILLE], self.full_mah)
        near = quantities.value[ids.Q_CELL_MAX_MV] >= near_mv and 0 <= current_ma <= slow_ma
        if not near:
            self._near_full = False
        elif not self._near_full:
            self._near_full = True
            self._full_since_ms = now_ms
        elif not self.full and elapsed_ms(now_ms, self._full_since_ms) >= FULL_HOLD_MS:
            self._believe(1000, SIGMA_FULL)
            self.full = True
        if self.full and permille_of(self._believed_mah, self.full_mah) < FULL_ENDS_PERMILLE:
            self.full = False

    def _anchor_empty(self, quantities, live, current_ma, now_ms):
        slow = -current_ma * EMPTY_PART <= self.full_mah
        near = quantities.value[ids.Q_CELL_MIN_MV] <= live[ids.CELL_UV1_MV] and slow
        if not near:
            self._near_empty = False
        elif not self._near_empty:
            self._near_empty = True
            self._empty_since_ms = now_ms
        elif elapsed_ms(now_ms, self._empty_since_ms) >= EMPTY_HOLD_MS and self._believed_mah:
            self._believe(0, SIGMA_EMPTY)

    def _believe(self, permille, sigma):
        """A correction: what is shown stays where it is, and follows."""
        mah = self._within(of_permille(permille, self.full_mah))
        self._behind_mah += self._believed_mah - mah
        self._believed_mah = mah
        self._sigma_mah = of_permille(sigma, self.full_mah)

    def soc_sigma(self):
        sigma = permille_of(self._sigma_mah, self.full_mah)
        return sigma if sigma > 1 else 1

    def _show(self, now_ms):
        if not self._behind_mah:
            self._slew_ms = now_ms
        elif elapsed_ms(now_ms, self._slew_ms) >= SLEW_MS:
            self._slew_ms = now_ms
            step = self.full_mah // 1000 + 1
            behind = self._behind_mah
            if behind > step:
                self._behind_mah = behind - step
            else:
                self._behind_mah = behind + step if behind < -step else 0
        shown = self._within(self._believed_mah + self._behind_mah)
        self.remaining_mah = shown
        self.soc_permille = permille_of(shown, self.full_mah)
        self.soc_sigma_permille = self.soc_sigma()
        capacity = self.full_mah
        whole = self.discharged_mah // capacity
        self.cycles_tenths = whole * 10 + self.discharged_mah % capacity * 10 // capacity

    # --- set, stored --------------------------------------------------------------------------

    def set_soc(self, permille):
        """A person says so: shown at once."""
        self._believe(permille, SIGMA_SET)
        self._behind_mah = 0
        self.known = True
        self.full = False
        self.remaining_mah = self._believed_mah
        self.soc_permille = permille
        self.soc_sigma_permille = SIGMA_SET

    def state_into(self, out, offset):
        """Store what must survive a restart; returns the bytes written."""
        _put(out, offset, 1 if self.known else 0)
        _put(out, offset + 4, self._believed_mah)
        _put(out, offset + 8, self._behind_mah)
        _put(out, offset + 12, self._sigma_mah)
        _put(out, offset + 16, self.charged_mah)
        _put(out, offset + 20, self.discharged_mah)
        _put(out, offset + 24, self.full_mah)
        _put(out, offset + 28, 1 if self.full else 0)
        return STATE_SIZE

    def state_from(self, data, offset):
        """Take back what ``state_into`` wrote; time without power is not known."""
        self.known = _get(data, offset) == 1
        self.full_mah = _get(data, offset + 24)
        self._believed_mah = self._within(_get(data, offset + 4))
        self._behind_mah = _get(data, offset + 8)
        lost = of_permille(SIGMA_RESTART, self.full_mah)
        self._sigma_mah = self._within(_get(data, offset + 12) + lost)
        self.charged_mah = _get(data, offset + 16) & MASK
        self.discharged_mah = _get(data, offset + 20) & MASK
        self.full = _get(data, offset + 28) == 1
