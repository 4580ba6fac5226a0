"""Resistance of each cell: from steps of the current, whatever front end, noise or weather."""

from health_bench import Bench

from cellwarden import ids
from cellwarden.cell_resistance import percent_at
from cellwarden.readout import ABSENT_16
from heap_proof import prove_no_allocation


def shown(bench, cell=0):
    """What the register shows, in uohm."""
    value = bench.health.register(1, cell)
    return None if value == ABSENT_16 else value * 10


def near(value, expected, percent):
    return abs(value - expected) * 100 <= expected * percent


def test_before_the_current_has_stepped_nothing_is_known():
    bench = Bench()
    bench.current_ma = -50_000
    bench.run(60_000)
    assert shown(bench) is None
    assert bench.charge.resistance_uohm == 0


def test_each_cell_has_its_own_resistance():
    bench = Bench()
    bench.uohm = [700, 800, 900, 1000, 1100, 1200, 1300, 2600]
    bench.steps(10)
    for i in range(8):
        assert near(shown(bench, i), bench.uohm[i], 3), i
    assert near(bench.charge.resistance_uohm, 1200, 3)
    assert bench.health.register(1, 8) == ABSENT_16


def test_steps_of_5_mv_and_small_currents_average_out():
    bench = Bench()
    bench.step_mv = 5
    bench.uohm = [800, 1000, 1200] * 2 + [900, 1500]
    bench.steps(60, ma=15_000)
    for i in range(8):
        assert near(shown(bench, i), bench.uohm[i], 12), (i, shown(bench, i))


def test_the_least_steps_are_not_rounded_off():
    bench = Bench()
    bench.steps(300, ma=5000, rest_ms=2500)
    total = sum([shown(bench, i) for i in range(8)])
    assert near(total // 8, 1000, 1), total // 8


def test_a_slow_change_of_the_current_is_no_step():
    bench = Bench()
    for ma in range(0, 60_000, 200):
        bench.current_ma = -ma
        bench.run(100)
    assert shown(bench) is None


def test_a_current_that_ripples_is_no_step():
    bench = Bench()
    for n in range(400):
        bench.current_ma = -40_000 if n % 5 in (1, 2) else 0
        bench.run(100)
    assert shown(bench) is None


def test_a_step_that_falls_between_voltage_and_current_does_no_harm():
    bench = Bench()
    for n in range(20):
        # The voltages of the first sets still belong to the current of before.
        bench.late_ma = bench.current_ma
        bench.current_ma = -50_000 if n % 2 == 0 else 0
        bench.run(200)
        bench.late_ma = None
        bench.run(4800)
    assert near(shown(bench), 1000, 4)


def test_what_lies_far_off_moves_it_only_a_little():
    bench = Bench()
    bench.steps(20)
    bench.uohm[3] = 20_000  # one bad step
    bench.current_ma = -50_000
    bench.run(5000)
    assert shown(bench, 3) < 1300
    bench.uohm[3] = 1000
    bench.steps(10)
    assert near(shown(bench, 3), 1000, 5)


def test_a_resistance_that_has_really_changed_is_found():
    bench = Bench()
    bench.steps(20)
    bench.uohm[3] = 2000
    bench.steps(80)
    assert near(shown(bench, 3), 2000, 5)


def test_it_is_told_for_25_degrees():
    bench = Bench()
    assert percent_at(250) == 100
    for dc, percent in ((-100, 305), (0, 215), (400, 67)):
        bench = Bench()
        bench.temp_dc = [dc] * 6
        bench.uohm = [10 * percent] * 8
        bench.steps(10)
        assert near(shown(bench), 1000, 3), dc
        assert near(bench.charge.resistance_uohm, 10 * percent, 3)


def test_the_factor_falls_with_warmth_and_ends_at_the_tables_ends():
    last = percent_at(-400)
    for dc in range(-350, 750, 25):
        assert percent_at(dc) <= last
        last = percent_at(dc)
    assert percent_at(-400) == percent_at(-300) and percent_at(900) == percent_at(600)


def test_nothing_is_learned_without_temperature_or_nearly_empty():
    bench = Bench()
    bench.lost = ("temps",)
    bench.steps(10)
    assert shown(bench) is None
    bench.lost = ()
    bench.charge.known = True
    bench.charge.soc_permille = 60
    bench.steps(10)
    assert shown(bench) is None
    bench.charge.soc_permille = 600
    bench.steps(10)
    assert shown(bench) is not None


def test_a_set_that_was_missed_is_not_bridged():
    bench = Bench()
    for n in range(10):
        bench.current_ma = -50_000 if n % 2 == 0 else 0
        bench.lost = ("cells",)
        bench.run(2000)
        bench.lost = ()
        bench.run(2000)
    assert shown(bench) is None


def test_a_log_of_a_set_a_second_gives_the_same():
    bench = Bench()
    bench.uohm[2] = 1500
    for _ in range(20):
        bench.current_ma = -50_000
        bench.run(20_000, 1000)
        bench.current_ma = 0
        bench.run(20_000, 1000)
    assert near(shown(bench), 1000, 3)
    assert near(shown(bench, 2), 1500, 3)


def test_other_cells_are_not_believed_to_be_the_old_ones():
    bench = Bench()
    bench.steps(10)
    assert shown(bench) is not None
    bench.live[ids.CAPACITY_MAH] = 50_000
    bench.settings.revision += 1
    bench.tick()
    assert shown(bench) is None


def test_nothing_is_allocated():
    bench = Bench()
    bench.steps(2)
    bench.current_ma = -50_000

    def step():
        bench.now_ms = (bench.now_ms + 100) & 0x3FFFFFFF
        bench.sample()
        bench.update()

    for _ in range(12):
        step()
    bench.current_ma = 0
    prove_no_allocation(step, 40)
