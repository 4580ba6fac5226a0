"""What current does to voltage: its sign, its lag, its growth in the cold, and what it learns."""

from cellwarden import ids
from cellwarden.polarisation import Polarisation
from heap_proof import prove_no_allocation

CAPACITY = 100_000
STEP_MS = 10_000
CURVE_DMV = 37_000


class Cell:
    """``flow(ma, seconds)``: a mean cell whose voltage follows the current at once."""

    def __init__(self, chemistry=ids.CHEMISTRY_NMC, uohm=0, temp_dc=250, soc_ppm=500_000):
        self.p = Polarisation()
        self.chemistry = chemistry
        self.uohm = uohm
        self.temp_dc = temp_dc
        self.soc_ppm = soc_ppm

    def flow(self, current_ma, seconds):
        p = self.p
        for _ in range(seconds * 1000 // STEP_MS):
            moved = current_ma * (STEP_MS // 1000) // 3600 * 10
            p.update(self.chemistry, CAPACITY, current_ma, self.temp_dc, STEP_MS, moved)
            lift = current_ma * self.uohm // 100_000
            p.learn(self.soc_ppm, CURVE_DMV + lift, CURVE_DMV)
        return p


def test_without_current_there_is_no_lift_and_little_error():
    p = Cell().flow(0, 600)
    assert p.lift_dmv == 0 and p.error_dmv == 0


def test_lift_has_the_sign_of_the_current():
    assert Cell().flow(50_000, 60).lift_dmv > 100
    assert Cell().flow(-50_000, 60).lift_dmv < -100


def test_lift_lags_and_fades():
    cell = Cell()
    first = cell.flow(50_000, 10).lift_dmv
    later = cell.flow(50_000, 1800).lift_dmv
    assert later > first + 50
    after = cell.flow(0, 10).lift_dmv
    assert 0 < after < later - first + 50
    assert abs(cell.flow(0, 4 * 3600).lift_dmv) <= 3


def test_the_cold_multiplies_it():
    warm = Cell(temp_dc=250).flow(20_000, 60).lift_dmv
    cold = Cell(temp_dc=-100).flow(20_000, 60).lift_dmv
    assert 3 * warm < cold < 6 * warm
    coldest = Cell(temp_dc=-400).flow(20_000, 60).lift_dmv
    assert coldest == Cell(temp_dc=-300).flow(20_000, 60).lift_dmv > cold
    assert Cell(temp_dc=800).flow(20_000, 60).lift_dmv < warm


def test_nearly_empty_cells_have_more_and_less_is_known():
    middle, low = Cell().flow(-30_000, 60), Cell(soc_ppm=20_000).flow(-30_000, 60)
    assert low.lift_dmv < middle.lift_dmv * 2
    assert low.error_dmv > middle.error_dmv * 2


def test_a_belief_outside_the_charge_is_the_end():
    for outside, end in ((-5_000_000, 0), (9_000_000, 1_000_000)):
        assert (
            Cell(soc_ppm=outside).flow(-30_000, 60).lift_dmv
            == Cell(soc_ppm=end).flow(-30_000, 60).lift_dmv
        )


def test_steps_teach_the_cells_own_size():
    cells = {}
    for uohm in (300, 700, 2000):
        cell = cells[uohm] = Cell(uohm=uohm)
        for _ in range(40):
            cell.flow(40_000, 20)
            cell.flow(-40_000, 20)
    assert cells[300].p.scale < cells[700].p.scale < cells[2000].p.scale
    assert 2 * cells[300].p.scale < cells[2000].p.scale
    fresh = Cell().flow(-40_000, 20)
    assert cells[700].p.error_dmv < fresh.error_dmv


def test_small_steps_and_the_ends_of_the_charge_teach_nothing():
    small = Cell(uohm=2000)
    ends = Cell(uohm=2000, soc_ppm=20_000)
    for _ in range(20):
        small.flow(2_000, 20)
        small.flow(-2_000, 20)
        ends.flow(40_000, 20)
        ends.flow(-40_000, 20)
    assert small.p.scale == ends.p.scale == 256


def test_a_pause_is_not_a_step():
    cell = Cell(uohm=2000)
    for current_ma in (40_000, -40_000) * 10:
        cell.flow(current_ma, 20)
        cell.p.restart()
    assert cell.p.scale == 256


def test_the_scale_stays_in_its_range():
    """A voltage that has nothing to do with the current."""
    for uohm in (-50_000, 50_000):
        cell = Cell(uohm=uohm)
        for _ in range(60):
            cell.flow(100_000, 20)
            cell.flow(-100_000, 20)
        assert 51 <= cell.p.scale <= 1536


def test_what_was_learned_comes_back():
    cell = Cell(uohm=1500)
    for _ in range(20):
        cell.flow(40_000, 20)
        cell.flow(-40_000, 20)
    again = Polarisation()
    again.recall(cell.p.products, cell.p.squares)
    assert again.scale == cell.p.scale != 256
    again.forget()
    assert again.scale == 256


def test_hysteresis_goes_the_way_of_the_charge():
    charged, discharged = Cell(ids.CHEMISTRY_LFP), Cell(ids.CHEMISTRY_LFP)
    charged.flow(30_000, 3600)
    discharged.flow(-30_000, 3600)
    assert charged.flow(0, 8 * 3600).lift_dmv > 20
    assert discharged.flow(0, 8 * 3600).lift_dmv < -20


def test_every_chemistry_at_the_largest_rates_stays_bounded():
    for chemistry in range(1, 6):
        cell = Cell(chemistry, uohm=10, temp_dc=-400, soc_ppm=0)
        for current_ma in (2_000_000, -2_000_000):
            p = cell.flow(current_ma, 3600)
            assert abs(p.lift_dmv) <= 60_000 and 0 <= p.error_dmv <= 9_000


def test_updating_and_learning_allocate_nothing():
    p = Polarisation()
    step_ma = [40_000]

    def step():
        step_ma[0] = -step_ma[0]
        p.update(1, CAPACITY, step_ma[0], 250, STEP_MS, 0)
        p.learn(500_000, CURVE_DMV + step_ma[0] // 100, CURVE_DMV)

    prove_no_allocation(step, repeats=100)
