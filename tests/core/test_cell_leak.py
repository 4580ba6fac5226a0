"""Which cell leaks: looks at the same charge, days apart, and what may look like a leak."""

from cellwarden.cell_leak import PAIRS, WHERE, WORST, CellLeak, root
from cellwarden.readout import ABSENT_16
from heap_proof import prove_no_allocation

CELLS = 12
CAPACITY = 100_000
LIMIT = 10  # 0.01 % a day
NMC_SIGMA = 37


class Days:
    """``true[i]`` (0.001 %) is what a cell has against the mean; a look is taken as asked."""

    def __init__(self):
        self.leak = CellLeak()
        self.hours = 1000
        self.true = [(i * 7919) % 41 * 50 - 1000 for i in range(CELLS)]
        self.spread = [(i * 104729) % 21 - 10 for i in range(CELLS)]  # percent of capacity
        self.rate = [0] * CELLS  # 0.001 % a day
        self.error = 0  # 0.01 %, of each look
        self._random = 1

    def pass_hours(self, hours):
        for _ in range(hours):
            self.hours += 1
            self.leak.grow_older(self.hours, CELLS)
            if self.hours % 24 == 0:
                for i in range(CELLS):
                    self.true[i] -= self.rate[i]

    def look(self, charge=5000, sigma=NMC_SIGMA, at_most=(), at_least=()):
        """``charge`` in 0.01 %."""
        if not self.leak.begin(charge, sigma, self.hours):
            return False
        seen = []
        for i in range(CELLS):
            self._random = (self._random * 1103 + 12345) & 0xFFFF
            error = (self._random >> 4) % (2 * self.error + 1) - self.error
            # A smaller cell swings more.
            seen.append(self.true[i] // 10 - self.spread[i] * (charge - 5000) // 100 + error)
        i = 0
        while not self.leak.compare(i, CELLS, seen[i], (i in at_least) - (i in at_most)):
            i = (i + 1) % CELLS
        return True

    def days(self, count, looks=((12, 5000),), **how):
        """A look at each of these (hours after the last, charge); the first day it warned."""
        for day in range(count):
            passed = 0
            for hours, charge in looks:
                self.pass_hours(hours)
                passed += hours
                self.look(charge, **how)
            self.pass_hours(24 - passed)
            if self.leak.facts[WORST] >= LIMIT:
                return day + 1
        return None

    def balance(self, cell, mah):
        """Balancing takes it, and the core counts it."""
        self.true[cell] -= mah * 100_000 // CAPACITY
        for _ in range(mah):
            self.leak.take(cell, 3600, CAPACITY)


def test_before_looks_days_apart_nothing_is_known():
    d = Days()
    d.days(2)
    assert d.leak.facts[WORST] == -1
    assert d.leak.register(0) == ABSENT_16


def test_cells_that_only_differ_do_not_leak():
    d = Days()
    d.error = 40
    assert d.days(200, ((6, 5200), (12, 4100))) is None
    assert d.leak.facts[WORST] == 0
    for i in range(CELLS):
        rate = d.leak.register(i)
        assert min(rate, 0x10000 - rate) < 12


def test_three_times_the_limit_is_found_within_a_week_and_named():
    for cell in (0, 5, CELLS - 1):
        d = Days()
        d.error = 40
        d.days(20)
        d.rate[cell] = 300
        assert 2 <= d.days(8) <= 7
        assert d.leak.facts[WHERE] == cell + 1


def test_a_leak_from_the_first_day_on_is_found_within_a_week():
    d = Days()
    d.error = 40
    d.rate[4] = 300
    assert d.days(8) <= 7
    d.days(10)
    assert 200 < d.leak.register(4) * 10 < 400


def test_it_clears_when_the_leak_is_gone():
    d = Days()
    d.rate[4] = 400
    d.days(20)
    assert d.leak.facts[WORST] >= LIMIT
    d.rate[4] = 0
    for _ in range(14):
        d.days(1)
    assert d.leak.facts[WORST] < LIMIT - 3


def test_half_the_limit_is_not_told():
    d = Days()
    d.error = 20
    d.rate[4] = 50
    assert d.days(120) is None


def test_capacity_spread_is_no_leak_though_the_charge_moves_with_the_seasons():
    for step in (20, 100, 200):
        d = Days()
        d.spread[10] = 20  # one cell is not like the others at all
        for charge in range(2000, 9000, step):
            d.days(1, ((8, charge), (8, charge - 900)), sigma=10)
            assert d.leak.facts[WORST] < LIMIT


def test_what_balancing_takes_is_no_leak():
    d = Days()
    for _ in range(60):
        for cell in (1, 2, 7):
            d.balance(cell, 150)
        assert d.days(1) is None
    for cell in (1, 2, 7):
        rate = d.leak.register(cell)
        assert min(rate, 0x10000 - rate) <= 4


def test_a_leak_that_balancing_hides_is_found():
    """All others are balanced down to the leaking cell: nothing is seen but their balancing."""
    d = Days()
    d.rate[4] = 300
    told = None
    for _ in range(10):
        for cell in range(CELLS):
            if cell != 4:
                d.balance(cell, 300)
        told = told or d.days(1)
    assert told is not None and d.leak.facts[WHERE] == 5


def test_balancing_counted_wrong_by_a_third_is_no_leak():
    d = Days()
    for _ in range(40):
        for cell in (1, 2, 7):
            d.true[cell] -= 500  # as its voltage tells
            for _ in range(375):
                d.leak.take(cell, 3600, CAPACITY)
        assert d.days(1) is None


def test_one_cell_balanced_by_half_as_much_again_as_was_counted_is_no_leak():
    d = Days()
    for _ in range(40):
        d.true[2] -= 400
        for _ in range(250):
            d.leak.take(2, 3600, CAPACITY)
        assert d.days(1, sigma=20) is None


def test_a_cell_known_only_to_have_at_most_so_much_is_not_said_to_leak():
    """Behind the knee of a flat curve: it stays where it is, while others are balanced."""
    d = Days()
    d.true[4] = -1000
    for _ in range(30):
        for cell in range(CELLS):
            if cell != 4:
                d.balance(cell, 100)
                d.true[cell] += 100  # seen against a mean that falls with them
        assert d.days(1, at_most=(4,), sigma=10) is None
    assert d.leak.rate[4] == 0


def test_a_cell_that_falls_behind_the_knee_is_told():
    d = Days()
    d.days(6, sigma=10)
    d.rate[4] = 300
    for _ in range(6):
        # From one percent behind on nobody sees how far.
        edge = d.true[4] < -1000
        if edge:
            d.true[4] = -1000
        d.days(1, sigma=10, at_most=(4,) if edge else ())
    assert d.leak.facts[WORST] >= LIMIT and d.leak.facts[WHERE] == 5


def test_behind_the_knee_its_rate_stays_what_it_was():
    d = Days()
    d.rate[4] = 300
    d.days(12, sigma=10)
    rate = d.leak.rate[4]
    d.rate[4] = 0
    for _ in range(9):
        d.days(1, sigma=10, at_most=(4,))
    assert rate > 250 and d.leak.rate[4] == rate


def test_a_cell_known_only_to_have_at_least_so_much_is_not_said_to_leak():
    d = Days()
    d.true[4] = 2000
    d.days(6, sigma=10)
    d.true[4] = 200  # where the curve becomes flat above it
    for _ in range(8):
        assert d.days(1, sigma=10, at_least=(4,)) is None


def test_nothing_is_compared_over_an_unknown_time():
    d = Days()
    d.days(10)
    pairs = d.leak.facts[PAIRS]
    d.leak.lose_time()
    d.true[4] -= 2000  # months without power
    d.days(2)
    assert d.leak.facts[PAIRS] == pairs
    assert d.days(10) is None


def test_a_rate_that_nothing_has_confirmed_for_a_month_is_forgotten():
    d = Days()
    d.rate[4] = 400
    d.days(20)
    assert d.leak.facts[WORST] >= LIMIT
    d.pass_hours(31 * 24)
    assert d.leak.facts[WORST] == -1


def test_one_cell_charged_by_hand_makes_no_leak_of_the_others():
    d = Days()
    d.days(10)
    d.true[3] += 20_000
    assert d.days(15) is None


def test_cells_too_far_apart_are_left_out():
    d = Days()
    d.true[2] = -40_000
    d.rate[2] = 300
    assert d.days(20) is None
    assert d.leak.register(2) == 0


def test_roots():
    for n in (0, 1, 2, 3, 4, 99, 100, 65_535, 1_000_000, 0x3FFFFFFF):
        assert root(n) ** 2 <= n < (root(n) + 1) ** 2


def test_nothing_is_allocated():
    d = Days()
    d.days(12)
    leak = d.leak
    seen = [0] * CELLS
    hours = [d.hours]

    def step():
        hours[0] += 13
        leak.grow_older(hours[0], CELLS)
        leak.take(3, 800_000, CAPACITY)
        if leak.begin(5000, NMC_SIGMA, hours[0]):
            i = 0
            while not leak.compare(i, CELLS, seen[i], 0):
                i = (i + 1) % CELLS

    prove_no_allocation(step, 60)
