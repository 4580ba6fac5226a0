"""Weighs counted charge against voltage: one belief, and how sure it is.

Between looks the belief moves with the counted charge; its doubt grows by what the current's
offset and the capacity may be wrong by, each known to a learned extent, over the time and the
charge since. A look is the charge at which the curve has the rested voltage, and half the width
over which it could: wide on a flat stretch, so that the count is left alone there.

Looks made close to each other err alike: a stretch of them (12 % of the charge, 4 h) counts as
one, weighed by their worth, and most of its error is taken to be shared by all other stretches.
So no number of looks on a wrong curve makes anything certain. A belief that a stretch
contradicts by more than four times its doubt is doubted anew.

Standard deviations are in units of 50 ppm of the capacity. It must never narrow its doubt but
by a look, and never move by more than a look says.
"""

from .whole_numbers import SHARE, of_share, root, share

PPM = 1_000_000
UNIT = 50  # ppm

# The sheet allows an offset of 100 mA for 100 Ah: 1000 ppm an hour, here in 1/16.
_OFFSET_PRIOR = 700 * 16
_OFFSET_MOST = 1200 * 16
_OFFSET_LEAST = 60 * 16
# What 1 + capacity error makes of charge, in 1/65536.
GAIN_UNIT = 65_536
_GAIN_PRIOR = 1_640  # 2.5 %
_GAIN_LEAST = 200
_GAIN_LOW = -22_900
_GAIN_HIGH = 52_000
_LONGEST_S = 1_500_000

_STRETCH_PPM = 120_000
_STRETCH_S = 14_400
_PART = 3  # looks of this much more or less worth make another stretch
_WORTH = 1 << 22
_SHARED = 887  # root of 3/4, in 1/1024; the other quarter is a stretch's own
_GATE = 16  # the square of four standard deviations
_WIDEST = 10_000
_LEAST = 40
_MOST_DOUBT = 6_000
_DIFFERENCE_MOST = 400_000


class SocFilter:
    def __init__(self):
        self.counted_ppm = 0
        self.offset = 0
        self.offset_sigma = _OFFSET_PRIOR
        self.gain = 0
        self.gain_sigma = _GAIN_PRIOR
        self.soc_ppm = 0
        self.sigma_ppm = PPM
        self._variance = 0
        self._common = 0
        self._since_s = 0
        self._moved = 0
        self._offset_rest = 0
        self.corrected_ppm = 0  # taken off for the offset, at the newest stretch
        self._gain_rest = 0
        self._second_rest = 0
        self._worth = 0
        self._away = 0  # mean of looks less count, in 1/16
        self._width = 0  # mean half width, in 1/16
        self._part = 0  # share of the stretch, of SHARE
        self._both = 0  # variance by which count and stretch may differ
        self._stretch_ppm = 0
        self._stretch_s = 0

    def begin(self, soc_ppm, sigma_ppm):
        """A first belief, or a person's."""
        self.counted_ppm = soc_ppm
        sigma = min(sigma_ppm // UNIT, _MOST_DOUBT)
        self._variance = sigma * sigma
        self._common = self._since_s = self._moved = 0
        self._drop_stretch()
        self.soc_ppm = soc_ppm
        self.sigma_ppm = sigma_ppm

    def forget_gain(self):
        """Another capacity."""
        self.gain = 0
        self.gain_sigma = _GAIN_PRIOR
        self._moved = 0

    def learn_gain(self, gain, sigma):
        """A lesson between empty and full."""
        self.gain = max(_GAIN_LOW, min(_GAIN_HIGH, gain))
        self.gain_sigma = max(sigma, _GAIN_LEAST)
        self._moved = 0

    def doubt(self, sigma_ppm):
        """Something moved that nobody saw."""
        self._commit()
        sigma = min(sigma_ppm // UNIT, _MOST_DOUBT)
        self._variance = min(self._variance + sigma * sigma, _MOST_DOUBT * _MOST_DOUBT)
        self.weigh()

    def move(self, ppm):
        """Charge was counted: the count and the belief move with it."""
        self.counted_ppm = self._within(self.counted_ppm + ppm)
        self.soc_ppm = self._within(self.soc_ppm + ppm)

    def _within(self, ppm):
        if ppm < 0:
            return 0
        return ppm if ppm < PPM else PPM

    def age(self, moved_ppm, dt_ms):
        """A stretch of at most 20 s has passed, ``moved_ppm`` of it counted already; returns
        what the learned offset and gain add to it."""
        rest = self._offset_rest + self.offset * (dt_ms >> 4)
        off = rest // 3_600_000
        self._offset_rest = rest - off * 3_600_000
        self.corrected_ppm = off
        rest = self._gain_rest + self.gain * max(-16_000, min(16_000, moved_ppm))
        add = rest // GAIN_UNIT
        self._gain_rest = rest - add * GAIN_UNIT
        self.move(add - off)
        rest = self._second_rest + dt_ms
        seconds = rest // 1000
        self._second_rest = rest - seconds * 1000
        self._since_s = min(self._since_s + seconds, _LONGEST_S)
        self._stretch_s += seconds
        self._stretch_ppm += moved_ppm
        moved = self._moved + moved_ppm // UNIT
        self._moved = max(-60_000, min(60_000, moved))
        variance = self._variance + 1 + abs(moved_ppm) // 4000
        self._variance = min(variance, _MOST_DOUBT * _MOST_DOUBT)
        return add - off

    def _drift(self):
        """What the offset may have added since the last look."""
        return min(self.offset_sigma * (self._since_s >> 4) // 180_000, _MOST_DOUBT)

    def _stray(self):
        """The same of the gain; signed, as the charge moved."""
        return max(-_MOST_DOUBT, min(_MOST_DOUBT, self.gain_sigma * self._moved // GAIN_UNIT))

    def part(self, low_ppm, middle_ppm, high_ppm, rested):
        """What this look will be worth; ends the present stretch first, where the look is of
        another. Ahead of ``look``, which then has less to do. Under current a look that
        contradicts the belief is itself doubted."""
        width = max(_LEAST, min(_WIDEST, (high_ppm - low_ppm) // (2 * UNIT)))
        if not rested:
            away = abs(self._within(middle_ppm) - self.soc_ppm) // UNIT
            if away * away // _GATE > self._spread() + width * width:
                width = min(away // 4, _WIDEST)
        if self._worth:
            mean = self._width >> 4
            if (
                abs(self._stretch_ppm) > _STRETCH_PPM
                or self._stretch_s > _STRETCH_S
                or width * _PART < mean
                or width > mean * _PART
            ):
                self._commit()
        return width

    def look(self, low_ppm, middle_ppm, high_ppm, rested):
        """The voltage says ``middle_ppm``, or anything from low to high."""
        width = self.part(low_ppm, middle_ppm, high_ppm, rested)
        middle_ppm = self._within(middle_ppm)
        worth = _WORTH // (width * width) or 1
        away = (middle_ppm - self.counted_ppm) * 16 // UNIT
        if not self._worth:
            self._away = away
            self._width = width * 16
            self._worth = worth
        else:
            self._worth += worth
            further = away - self._away
            further = max(-_DIFFERENCE_MOST, min(_DIFFERENCE_MOST, further))
            self._away += further * worth // self._worth
            self._width += (width * 16 - self._width) * worth // self._worth

    def _spread(self):
        """The belief's variance before the present stretch."""
        drift = self._drift()
        stray = self._stray()
        common = self._common
        most = _MOST_DOUBT * _MOST_DOUBT * 2
        return min(self._variance + common * common + drift * drift + stray * stray, most)

    def weigh(self):
        """The belief by count and present stretch together, and its doubt."""
        spread = self._spread()
        if not self._worth:
            self.soc_ppm = self.counted_ppm
            self.sigma_ppm = root(spread) * UNIT
            return
        width = self._width >> 4
        away = self._away >> 4
        both = max(spread + width * width, away * away // _GATE)
        part = share(both - width * width, both)
        self.soc_ppm = self._within(self.counted_ppm + (part * self._away >> 10) * UNIT // 16)
        rest = SHARE - part
        own = max(both - width * width - self._common * self._common, 0)
        own = of_share(rest, of_share(rest, own))
        own += of_share(part, of_share(part, width * width >> 2))
        common = self._common * rest + (width * _SHARED >> 10) * part >> 10
        self.sigma_ppm = root(min(own + common * common, 1 << 29)) * UNIT
        self._part = part
        self._both = both

    def _commit(self):
        """The stretch is over: what it taught stays."""
        if not self._worth:
            return
        self.weigh()
        part = self._part
        both = self._both
        width = self._width >> 4
        away = self._away >> 4
        drift = self._drift()
        stray = self._stray()
        spread = self._spread()
        learned = self.offset_sigma * share(drift * away, both) >> 10
        self.offset = max(-_OFFSET_MOST, min(_OFFSET_MOST, self.offset - learned))
        learned = self.gain_sigma * share(stray * away, both) >> 10
        self.gain = max(_GAIN_LOW, min(_GAIN_HIGH, self.gain + learned))
        kept = root(max(SHARE - share(drift * drift, both), 0) << 10)
        kept = self.offset_sigma * kept >> 10
        kept = root(kept * kept + self._stretch_s * 32 // 3)
        self.offset_sigma = max(_OFFSET_LEAST, min(_OFFSET_PRIOR, kept))
        kept = root(max(SHARE - share(stray * stray, both), 0) << 10)
        kept = self.gain_sigma * kept >> 10
        kept = root(kept * kept + self._stretch_s // 20)
        self.gain_sigma = max(_GAIN_LEAST, kept)
        rest = SHARE - part
        doubted = max(both - width * width - spread, 0)
        own = self._variance + doubted
        self._variance = of_share(rest, of_share(rest, own))
        self._variance += of_share(part, of_share(part, width * width >> 2))
        self._common = self._common * rest + (width * _SHARED >> 10) * part >> 10
        self._since_s = self._since_s * rest >> 10
        self._moved = self._moved * rest >> 10
        self.counted_ppm = self.soc_ppm
        self._drop_stretch()

    def _drop_stretch(self):
        self._worth = self._away = self._width = 0
        self._stretch_ppm = self._stretch_s = 0
