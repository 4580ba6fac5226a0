"""Time to full and to empty: steady numbers while current flows, none at rest."""

from switch_bench import Board, commissioned

from cellwarden import ids
from cellwarden.ocv_curves import OcvCurve
from cellwarden.readings import Readings
from cellwarden.readout import ABSENT
from cellwarden.ticks import MASK
from cellwarden.time_left import (
    AGAINST_DS,
    FIRST_DS,
    LONGEST_MIN,
    QUIET_DS,
    RISE_PART,
    SMOOTH_DS,
    TimeLeft,
)
from heap_proof import prove_no_allocation

CAPACITY_MAH = 100_000
STEP_MS = 800


class Charge:
    """Stands in for the estimator."""

    def __init__(self, chemistry, capacity_mah):
        self.known = True
        self.full = False
        self.full_mah = capacity_mah
        self.remaining_mah = capacity_mah // 2
        self.resistance_uohm = 0
        self.curve = OcvCurve()
        self.curve.select(chemistry)


class Bench:
    """A current that flows, and what is left told every 0.8 s."""

    def __init__(self, chemistry=ids.CHEMISTRY_NMC, capacity_mah=CAPACITY_MAH, start_ms=0):
        self.settings = commissioned(Board(), chemistry, 8, capacity_mah)
        self.estimator = Charge(chemistry, capacity_mah)
        self.readings = Readings()
        self.left = TimeLeft()
        self.now_ms = start_ms
        self._mas = 0

    def update(self):
        self.left.update(self.estimator, self.readings, self.settings, self.now_ms)

    def run(self, ma, seconds, step_ms=STEP_MS):
        """Let it flow, and the charge with it; returns all that was told."""
        told = []
        for _ in range(seconds * 1000 // step_ms):
            self.now_ms = (self.now_ms + step_ms) & MASK
            self.readings.current_ma.put(ma, self.now_ms)
            self._mas += ma * step_ms // 1000
            moved = self._mas // 3600
            self._mas -= moved * 3600
            charge = self.estimator
            charge.remaining_mah = max(0, charge.remaining_mah + moved)
            self.update()
            told.append((self.left.to_full_min, self.left.to_empty_min))
        return told


def test_nothing_is_told_at_rest():
    bench = Bench()
    assert set(bench.run(0, 600) + bench.run(300, 600)) == {(ABSENT, ABSENT)}


def test_a_steady_load_is_told_after_half_a_minute_and_counts_down():
    bench = Bench()
    told = bench.run(-20_000, FIRST_DS // 10 + 2)
    assert told[0] == (ABSENT, ABSENT)
    assert told[-1][0] == ABSENT and 148 <= told[-1][1] <= 150
    empty = [minutes for _, minutes in bench.run(-20_000, 3600)]
    assert all(a - b in (0, 1) for a, b in zip(empty, empty[1:]))
    assert 88 <= empty[-1] <= 90


def test_a_charge_takes_longer_than_its_current_says():
    """Its end is at constant voltage: about as long as the current takes to die away."""
    bench = Bench()
    told = bench.run(40_000, 60)
    plain_min = 50_000 * 60 // 40_000
    assert told[-1][1] == ABSENT
    assert plain_min - 10 <= told[-1][0] <= plain_min + 15
    bench = Bench(ids.CHEMISTRY_LFP)  # steep: hardly any constant voltage
    assert plain_min - 3 <= bench.run(40_000, 60)[-1][0] <= plain_min + 5


def test_the_end_of_a_charge_is_reckoned_with_as_its_current_dies_away():
    bench = Bench(ids.CHEMISTRY_LTO)
    end_mah = bench.estimator.curve.ppm_at(27_000) // 10
    tau_s = 600  # the current dies away with this time constant, from 30 A on
    bench.estimator.remaining_mah = end_mah - 30_000 * tau_s // 3600 - 5000
    bench.run(30_000, 600)
    ma = 30_000
    left_s = 1075  # ln(30 A / 5 A) * tau
    while left_s > 120:
        told = bench.run(ma, 8)[-1][0]
        assert left_s // 120 <= told <= left_s // 60 + 5, (told, left_s)
        ma -= ma * 8 // tau_s
        left_s -= 8


def test_a_full_pack_is_full_now():
    bench = Bench()
    bench.run(20_000, 60)
    bench.estimator.full = True
    assert bench.run(20_000, 2)[-1] == (0, ABSENT)


def test_an_unknown_charge_or_current_tells_nothing():
    bench = Bench()
    bench.run(-20_000, 120)
    bench.estimator.known = False
    assert bench.run(-20_000, 2)[-1] == (ABSENT, ABSENT)
    bench.estimator.known = True
    assert bench.run(-20_000, 120)[-1][1] != ABSENT
    bench.readings.current_ma.miss()
    bench.now_ms += STEP_MS
    bench.update()
    assert bench.left.to_empty_min == ABSENT


def test_a_pulsing_load_gives_one_steady_number():
    bench = Bench()
    told = []
    for _ in range(60):
        told += bench.run(-60_000, 8) + bench.run(0, 16)
    later = [minutes for _, minutes in told[len(told) // 3 :]]
    # 20 A in the mean: from 130 minutes down to about 114 in 16 minutes.
    assert all(90 <= minutes <= 150 for minutes in later)
    steps = [b - a for a, b in zip(later, later[1:])]
    assert max(abs(step) for step in steps) <= 10
    assert later[-1] < later[0]


def test_a_change_of_load_glides():
    bench = Bench()
    bench.run(-10_000, 600)
    told = [minutes for _, minutes in bench.run(-40_000, 600)]
    assert 270 <= told[0] <= 300 and 60 <= told[-1] <= 65
    assert all(a - b <= 1 + a // 50 for a, b in zip(told, told[1:]))


def test_a_little_more_time_is_not_worth_a_new_number():
    bench = Bench()
    bench.run(-20_000, 600)
    before = bench.left.to_empty_min
    rest = [minutes for _, minutes in bench.run(-19_700, 60)]
    assert max(rest) <= before
    much = [minutes for _, minutes in bench.run(-10_000, 600)]
    assert much[-1] > before + before // RISE_PART


def test_a_pause_at_the_lights_changes_nothing_a_stop_ends_it():
    bench = Bench()
    bench.run(-20_000, 600)
    assert bench.run(0, 60)[-1][1] != ABSENT
    assert bench.run(-20_000, 60)[-1][1] != ABSENT
    assert bench.run(0, QUIET_DS // 10 + 2)[-1] == (ABSENT, ABSENT)


def test_a_short_charge_on_the_way_is_no_turn_a_longer_one_is():
    bench = Bench()
    bench.run(-20_000, 600)
    assert bench.run(20_000, AGAINST_DS // 10 - 5)[-1][0] == ABSENT
    bench.run(-20_000, 300)
    bench.run(20_000, AGAINST_DS // 10 + 5)
    told = bench.run(20_000, FIRST_DS // 10 + 5)[-1]
    assert told[0] != ABSENT and told[1] == ABSENT


def test_what_is_told_is_bounded():
    bench = Bench()
    bench.estimator.remaining_mah = 4_000_000
    assert bench.run(-600, 120)[-1][1] == LONGEST_MIN
    bench = Bench(capacity_mah=2_000_000)
    bench.estimator.resistance_uohm = 1_000_000
    assert 0 <= bench.run(2_000_000, 120)[-1][0] <= LONGEST_MIN
    bench.estimator.remaining_mah = 2_500_000
    assert bench.run(2_000_000, 2)[-1][0] == 0
    bench = Bench(capacity_mah=1)
    assert bench.run(-2_000_000, 120)[-1][1] == 0


def test_long_steps_and_the_wrap_of_the_clock_do_no_harm():
    bench = Bench(start_ms=MASK - 60_000)
    told = bench.run(-20_000, SMOOTH_DS // 10 * 4, step_ms=60_000)
    assert 140 <= told[-1][1] <= 150
    bench = Bench(start_ms=MASK - 30_000)
    assert 145 <= bench.run(-20_000, 60)[-1][1] <= 150


def test_an_update_allocates_nothing():
    bench = Bench()

    def step():
        bench.now_ms = (bench.now_ms + STEP_MS) & MASK
        bench.update()

    for ma in (20_000, -20_000, 0):
        bench.run(ma, 120)
        prove_no_allocation(step)
