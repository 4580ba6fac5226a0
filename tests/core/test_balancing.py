"""Balancing: when it starts and stops, what it must not do, and how long it says it takes."""

from pack_bench import Pack
from switch_bench import Board

from cellwarden import ids
from cellwarden.balancing import (
    MOST_COOL,
    MOST_HOT,
    MOST_UNKNOWN,
    MOST_WARM,
    SLOT_MS,
    Balancer,
)
from cellwarden.ocv_curves import POINTS
from heap_proof import prove_no_allocation

START_MV = 4100


class Bench(Pack):
    def __init__(self, cells=24, **changes):
        Pack.__init__(self, cells=cells, board=Board(**changes))
        self.balancer = Balancer(self.board)
        self.cell_mv = [START_MV] * cells
        self.charge_mas = [0] * cells

    def run(self, ms):
        for _ in range(ms // 100):
            self.pass_time()
            self.update()
            for i in range(self.cells):
                if self.commands.balance[i]:
                    self.charge_mas[i] += self.cell_mv[i] // self.board.BALANCE_OHM
        return self

    def update(self):
        self.balancer.update(
            self.readings,
            self.quantities,
            self.protection,
            self.estimator,
            self.settings,
            self.now_ms,
            self.commands,
        )

    def chosen(self):
        return [i for i in range(self.cells) if self.commands.balance[i]]

    def ever_chosen(self, slots=8):
        seen = set()
        for _ in range(slots):
            self.run(SLOT_MS)
            seen.update(self.chosen())
        return sorted(seen)


def raised(bench, cells, by_mv=40):
    for i in cells:
        bench.cell_mv[i] = START_MV + by_mv
    return bench


def test_only_the_cells_that_have_too_much_are_chosen():
    bench = raised(Bench(), (2, 7, 15))
    assert bench.ever_chosen() == [2, 7, 15]


def test_it_starts_at_the_difference_and_not_before():
    assert raised(Bench(), (2,), 20).ever_chosen() == [2]
    assert raised(Bench(), (2,), 19).ever_chosen() == []


def test_it_starts_at_the_start_voltage_and_not_before():
    bench = Bench()
    bench.cell_mv = [START_MV - 60] * 24
    bench.cell_mv[5] = START_MV - 1
    assert bench.ever_chosen() == []
    bench.cell_mv[5] = START_MV
    assert bench.ever_chosen() == [5]


def test_it_goes_on_below_the_difference_and_stops_at_half_of_it():
    bench = raised(Bench(), (2,), 40)
    bench.run(SLOT_MS)
    bench.cell_mv[2] = START_MV + 11
    assert bench.ever_chosen() == [2]
    bench.cell_mv[2] = START_MV + 10
    assert bench.ever_chosen() == [] and not bench.balancer.active
    bench.cell_mv[2] = START_MV + 15
    assert bench.ever_chosen() == []


def test_it_stops_below_the_start_voltage():
    bench = raised(Bench(), (2,))
    bench.run(SLOT_MS)
    assert bench.balancer.active
    bench.cell_mv = [START_MV - 80] * 24
    bench.cell_mv[2] = START_MV - 31
    assert bench.ever_chosen() == []


def test_nothing_is_drawn_when_it_is_not_allowed():
    def forbid(bench):
        bench.protection.forbids = ids.FORBID_BALANCE

    def switch_off(bench):
        bench.live[ids.EQUALIZATION] = 0

    def lose_cells(bench):
        bench.lost = ("cells",)

    def lose_current(bench):
        bench.lost = ("current",)

    def discharge(bench):
        bench.current_ma = -6000

    for stop in (forbid, switch_off, lose_cells, lose_current, discharge):
        bench = raised(Bench(), (2,))
        bench.run(SLOT_MS)
        assert bench.chosen() == [2]
        stop(bench)
        bench.run(100)
        assert bench.chosen() == [] and bench.balancer.count == 0
        assert bench.balancer.minutes == 0


def test_charging_and_resting_allow_it():
    for current_ma in (0, 50_000, -900):
        bench = raised(Bench(), (2,))
        bench.current_ma = current_ma
        assert bench.ever_chosen() == [2]


def test_adjacent_channels_are_never_on_together_and_all_get_their_turn():
    bench = raised(Bench(), range(1, 24))
    seen = set()
    for _ in range(12):
        bench.run(SLOT_MS)
        chosen = bench.chosen()
        assert all(b - a > 1 for a, b in zip(chosen, chosen[1:]))
        assert len(chosen) == bench.balancer.count
        seen.update(chosen)
    assert seen == set(range(1, 24))


def test_a_choice_holds_for_its_slot():
    bench = raised(Bench(), range(1, 24))
    bench.run(SLOT_MS)
    changes = 0
    was = bench.chosen()
    for _ in range(5 * SLOT_MS // 100):
        bench.run(100)
        changes += bench.chosen() != was
        was = bench.chosen()
    assert changes <= 5


def test_a_warm_balancing_board_works_with_fewer_resistors():
    limit_dc = Bench().live[ids.BALANCE_OT_DC]
    for dc, most in (
        (250, MOST_COOL),
        (limit_dc - 150, MOST_WARM),
        (limit_dc - 60, MOST_HOT),
        (limit_dc - 10, 0),
    ):
        bench = raised(Bench(), range(1, 24))
        bench.temp_dc[5] = dc
        for _ in range(8):
            bench.run(SLOT_MS)
            per_group = [0] * 4
            for i in bench.chosen():
                per_group[i // bench.board.BALANCE_GROUP] += 1
            assert max(per_group) <= most
        assert bool(bench.ever_chosen()) == (most > 0)


def test_a_board_without_a_sensor_is_careful():
    bench = raised(Bench(), range(1, 24))
    bench.live[ids.TEMPS_FITTED] = 0x1F
    for _ in range(8):
        bench.run(SLOT_MS)
        for first in range(0, 24, 6):
            group = [i for i in bench.chosen() if first <= i < first + 6]
            assert len(group) <= MOST_UNKNOWN


def test_cells_of_a_crowded_group_take_turns():
    bench = raised(Bench(), range(1, 24))
    bench.temp_dc[5] = bench.live[ids.BALANCE_OT_DC] - 60  # one resistor a group
    assert bench.ever_chosen(40) == list(range(1, 24))


def test_the_mean_current_stays_within_the_setting():
    for ma in (2, 10, 25, 40):
        bench = raised(Bench(), (2,))
        bench.live[ids.BALANCE_MA] = ma
        seconds = 600
        bench.run(seconds * 1000)
        mean_ma = bench.charge_mas[2] / (seconds * 10)
        assert 0.75 * ma <= mean_ma <= ma * 1.05


def test_the_time_it_takes_follows_from_charge_and_current():
    bench = raised(Bench(), (2,), 30)
    bench.run(SLOT_MS)
    few = bench.balancer.minutes
    assert few > 0
    bench = raised(Bench(), range(1, 24), 30)
    bench.run(SLOT_MS)
    assert bench.balancer.minutes > few  # they have to take turns
    bench = raised(Bench(), (2,), 60)
    bench.run(SLOT_MS)
    assert bench.balancer.minutes > few
    bench = raised(Bench(), (2,), 30)
    bench.live[ids.BALANCE_MA] = 10
    bench.run(SLOT_MS)
    assert bench.balancer.minutes > 3 * few


def test_the_time_it_takes_follows_from_the_packs_own_curve():
    bench = raised(Bench(), (2,), 30)
    bench.run(SLOT_MS)
    typical = bench.balancer.minutes
    bench = raised(Bench(), (2,), 30)
    for i in range(POINTS):  # steeper up there than NMC: less charge behind 30 mV
        bench.live[ids.OCV_MV + i] = 3000 + 25 * i
    bench.run(SLOT_MS)
    assert 0 < bench.balancer.minutes < typical


def test_every_pack_size_can_be_balanced():
    for cells in (3, 7, 13, 32):
        bench = raised(Bench(cells, LTC6811_CHIPS=3), range(1, cells))
        assert bench.ever_chosen(20) == list(range(1, cells))


def test_an_update_allocates_nothing():
    bench = raised(Bench(), range(1, 24))
    bench.run(SLOT_MS)

    def step():
        bench.now_ms += 1000
        bench.update()

    prove_no_allocation(step, repeats=40)
