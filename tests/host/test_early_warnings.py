"""A leaking cell is found within days, and no honest pack is ever said to leak.

Months at a step of 20 s; the pack, its sensors and its weather are early_bench.py's.
"""

import pytest
from early_bench import Months, commuter, solar

from cellwarden import ids
from cellwarden.cell_leak import WORST

LIMIT_PERCENT = 0.1  # a day: cell_leak_warn as it comes
FOUND_DAYS = 10
USES = {"solar": solar(7), "commuter": commuter}


@pytest.mark.parametrize(
    ("chemistry", "use", "seed"),
    [
        ("nmc", "solar", 1),
        ("nmc", "commuter", 2),
        ("lfp", "commuter", 3),
        ("lto", "solar", 4),
        ("na_layered", "commuter", 5),
        ("na_polyanion", "solar", 6),
    ],
)
def test_an_honest_pack_never_leaks(chemistry, use, seed):
    # Flat curves tell nothing of cells that are not balanced at the top.
    pack = {"soc_permille": 985, "soc_spread_permille": 2} if chemistry == "lfp" else {}
    months = Months(chemistry, USES[use], seed=seed, **pack)
    assert months.days(30) is None, (months.most, months.where)
    assert months.health.charge.leak.facts[WORST] >= 0, "it would not have known"


def test_a_small_pack_far_out_of_balance_does_not_leak_while_it_is_balanced():
    """40 mA are several percent a day of 10 Ah: what balancing takes is far above any leak."""
    for seed in (1, 2):
        months = Months("nmc", commuter, seed=seed, capacity_mah=10_000, soc_spread_permille=40)
        assert months.days(25) is None, (months.most, months.where)
        assert months.balanced_mas > 0.01 * 10_000 * 3600, "hardly anything was balanced"


@pytest.mark.parametrize(
    ("chemistry", "use", "start_permille"),
    [
        ("nmc", "commuter", 600),
        ("nmc", "solar", 600),
        ("lfp", "commuter", 985),
        ("lto", "commuter", 600),
        ("na_layered", "solar", 600),
    ],
)
def test_three_times_the_limit_is_found(chemistry, use, start_permille):
    spread = 1 if chemistry == "lfp" else 10
    months = Months(
        chemistry, USES[use], seed=9, soc_permille=start_permille, soc_spread_permille=spread
    )
    months.leak = {2: 3 * LIMIT_PERCENT}
    found = months.days(FOUND_DAYS)
    assert found is not None and months.where == 3


def test_a_supply_on_a_tap_of_the_stack_is_told_as_what_it_is():
    """2.5 mA from two of six cells of 10 Ah: 0.6 % a day that the others do not lose."""
    months = Months("nmc", commuter, seed=4, capacity_mah=10_000)
    for cell in (0, 1):
        months.plant.set_drain(cell, 2.5)
    assert months.days(12) is not None
    assert months.where in (1, 2)


def test_a_leak_that_has_ended_clears():
    months = Months("nmc", commuter, seed=3)
    months.leak = {2: 0.4}
    assert months.days(FOUND_DAYS) is not None
    months.leak = {}
    months.live[ids.CELL_LEAK_WARN] = 1000
    months.days(14)
    assert months.health.charge.leak.facts[WORST] <= 7


def test_a_plateau_that_is_never_left_tells_nothing_at_all():
    def middle(hour, day):
        return 0.08 if hour % 12 < 6 else -0.08

    months = Months("lfp", middle, seed=2, soc_permille=400)
    months.leak = {2: 1.0}
    assert months.days(20) is None
    assert months.most == -1
    assert not months.health.charge.known


def test_resistances_of_a_log_are_those_of_the_cells():
    months = Months("nmc", commuter, seed=8)
    months.step_s = 1
    months.t_s = 8 * 3600
    months.days(0.05)
    resistance = months.health.resistance
    assert resistance.known
    for cell in range(months.cells):
        shown_uohm = months.health.register(1, cell) * 10
        true_uohm = months.plant._r0_base[cell] * 1e6
        assert abs(shown_uohm - true_uohm) < 0.12 * true_uohm
