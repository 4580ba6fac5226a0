"""Current profiles: the packaged day, and what a pack makes of it."""

import importlib.util

import pytest
from model_bench import Bench

from cellwarden_host.sim.load import DATA, read_profile

SECOND = 1_000_000


def test_the_day_is_what_its_program_writes():
    path = DATA / "make_day.py"
    spec = importlib.util.spec_from_file_location("make_day", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    times, currents = read_profile("day")
    assert list(zip(times, currents, strict=True)) == module.day()


def test_the_first_forty_minutes_drive_recover_pause_and_charge():
    times, currents = read_profile("day")
    first = [(t, ma) for t, ma in zip(times, currents, strict=True) if t < 2400]
    assert min(ma for _, ma in first) < -200_000
    assert sum(1 for _, ma in first if 20_000 < ma <= 120_000) > 60  # pulses of regeneration
    assert sum(1 for t, ma in first if 1200 <= t < 1440 and abs(ma) < 5000) > 20
    assert sum(1 for _, ma in first if ma == 60_000) * 10 >= 480
    assert max(b - a for a, b in zip(times, times[1:], strict=False)) <= 10


def test_a_pack_lives_through_the_day_and_ends_full():
    bench = Bench(profile="day")
    bench.close()
    lowest = 1000
    for _ in range(0, 54_000, 300):
        bench.wait(300 * SECOND)
        truth = bench.truth
        lowest = min(lowest, min(truth["soc_permille"]))
        assert 3000 < min(truth["cell_mv"]) and max(truth["cell_mv"]) < 4200
        assert max(truth["temp_dc"]) < 600
    assert 250 < lowest < 500
    assert max(truth["soc_permille"]) > 950
    assert truth["pack_mv"] == pytest.approx(24 * 4150, abs=50)


def test_a_profile_may_repeat():
    bench = Bench()
    bench.close()
    bench.pack.load.set_profile([0, 10, 20], [-10_000, 10_000, 0], bench.t, repeat=True)
    seen = []
    for _ in range(8):
        bench.wait(5 * SECOND)
        seen.append(round(bench.truth["current_ma"], -3))
    # The first value waits for the load's soft start.
    assert seen[1:] == [10_000, 10_000, -10_000, -10_000, 10_000, 10_000, -10_000]


@pytest.mark.parametrize(
    "text",
    ["t,ma\n0,1\n", "t_s,current_ma\n", "t_s,current_ma\n1,0\n1,0\n", "t_s,current_ma\nx,0\n"],
)
def test_a_bad_profile_is_refused(tmp_path, text):
    file = tmp_path / "p.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):
        read_profile(file)
