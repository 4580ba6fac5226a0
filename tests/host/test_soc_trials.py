"""The trial of the state of charge: bad sensors, what is judged when, and its yardsticks."""

import math
from dataclasses import replace

import pytest

from cellwarden_host.bench import soc_rows
from cellwarden_host.bench.row import NOT_MEASURED, OK, SHORT_OF
from cellwarden_host.soc_trials import profiles, trace, yardsticks
from cellwarden_host.soc_trials.compare import Compared
from cellwarden_host.soc_trials.score import Score, judged_rows, score
from cellwarden_host.soc_trials.sensors import Sensors
from cellwarden_host.soc_trials.trace import About, Trace
from cellwarden_host.soc_trials.trials import CHECK, TUNE
from cellwarden_host.soc_trials.yardsticks import Circuit, Curve

CAPACITY_MAH = 100_000
PERFECT = Sensors(gain=0, offset=0, temp=0, seed=1)
# A straight curve: 3000 mV empty, 4000 mV full. And a flat one with a knee at each end.
STRAIGHT = ((0.0, 50.0, 100.0), (3000.0, 3500.0, 4000.0))
FLAT = ((0.0, 10.0, 95.0, 100.0), (2500.0, 3250.0, 3300.0, 3500.0))
CIRCUIT = Circuit(r0_mv=50, r1_mv=30, tau1_s=30, r2_mv=40, tau2_s=600, left_mv=2)


def about(chemistry="nmc", curve=STRAIGHT, told=50.0, row_s=10.0):
    return About("t", chemistry, CAPACITY_MAH, told, *curve, row_s, "analytic")


def pack(c_rate, soc0=0.5, told=0.5, sensors=PERFECT, of=None, row_s=10.0):
    """A trace of a cell that is exactly ``CIRCUIT`` on the straight curve."""
    of = of or about(told=told * 100, row_s=row_s)
    soc, v1, v2 = soc0, 0.0, 0.0
    truth, mv = [], []
    for i, c in enumerate(c_rate):
        if i:
            soc += c * row_s / 3600
        a1, a2 = math.exp(-row_s / CIRCUIT.tau1_s), math.exp(-row_s / CIRCUIT.tau2_s)
        v1 = a1 * v1 + (1 - a1) * CIRCUIT.r1_mv * c
        v2 = a2 * v2 + (1 - a2) * CIRCUIT.r2_mv * c
        truth.append(100 * soc)
        mv.append(3000 + 1000 * soc + CIRCUIT.r0_mv * c + v1 + v2)
    t_s = [i * row_s for i in range(len(c_rate))]
    told_ma = sensors.current_ma(c_rate, CAPACITY_MAH)
    return Trace(of, t_s, told_ma, sensors.cell_mv(mv), [250] * len(t_s), truth)


def up_and_down(hours):
    return [0.3 * math.sin(i / 97) for i in range(round(hours * 360))]


def test_a_perfect_meter_tells_the_current_but_for_its_noise():
    told = PERFECT.current_ma([0.5] * 4000, CAPACITY_MAH)
    assert sum(told) / len(told) == pytest.approx(50_000, abs=5)
    assert {ma % 10 for ma in told} == {0}


def test_gain_and_offset_stay_and_follow_the_capacity():
    bad = Sensors(gain=1, offset=-1, temp=0, seed=2)
    told = bad.current_ma([1.0] * 4000, 2 * CAPACITY_MAH)
    assert sum(told) / len(told) == pytest.approx(200_000 * 1.005 - 200, abs=10)


def test_voltage_comes_in_steps_of_five_millivolts_and_is_right_on_average():
    told = PERFECT.cell_mv([3333.0] * 4000)
    assert {mv % 5 for mv in told} == {0}
    assert sum(told) / len(told) == pytest.approx(3333, abs=0.3)


def test_temperature_is_off_by_a_degree_at_most():
    told = Sensors(0, 0, -1, 3).temp_dc([200.0] * 2000)
    assert sum(told) / len(told) == pytest.approx(190, abs=0.5)


def test_the_same_seed_reports_the_same():
    assert PERFECT.cell_mv([3700.0] * 50) == PERFECT.cell_mv([3700.0] * 50)
    assert PERFECT.cell_mv([3700.0] * 50) != replace(PERFECT, seed=9).cell_mv([3700.0] * 50)


def test_the_error_counts_after_two_hours():
    flat = pack([0.0] * 1080)  # three hours
    told = [60.0] * 719 + [51.0] * 361
    got = score(flat, told)
    assert got.worst == pytest.approx(10.0 if told[720] == 60 else 1.0)
    assert got.rms == pytest.approx(1.0)
    assert got.judged_h == pytest.approx(1.0)


def test_two_sigma_counts_from_the_first_row():
    flat = pack([0.0] * 1000)
    told = [60.0] * 250 + [50.0] * 750
    assert score(flat, told, [4.9] * 1000).inside == pytest.approx(75)
    assert score(flat, told, [5.0] * 1000).inside == pytest.approx(100)
    assert score(flat, told).inside is None


def on_lfp(percent):
    """Rows of ten minutes with this true charge."""
    n = len(percent)
    of = about("lfp", FLAT, row_s=600.0)
    return Trace(of, [600.0 * i for i in range(n)], [0] * n, [3300] * n, [250] * n, percent)


def test_lfp_counts_from_an_hour_after_a_knee_to_a_day_after_it():
    plateau, knee = [50.0], [98.0]
    told = list(judged_rows(on_lfp(plateau * 10 + knee * 3 + plateau * 200)))
    first, last = told.index(True), len(told) - 1 - told[::-1].index(True)
    held = 11  # ten minutes after it was entered at row 10
    assert first == held + 6
    assert last == 12 + 24 * 6
    assert all(told[first:last])


def test_a_glimpse_of_a_knee_is_none():
    assert not any(judged_rows(on_lfp([50.0] * 5 + [98.0] + [50.0] * 20)))


def test_a_step_in_the_middle_of_the_plateau_is_no_knee():
    steep = ((0.0, 60.0, 62.0, 100.0), (3200.0, 3250.0, 3300.0, 3350.0))
    of = about("lfp", steep, row_s=600.0)
    rows = on_lfp([61.0] * 30)
    assert not any(judged_rows(replace(rows, about=of)))


def test_counting_keeps_what_it_was_told_wrong():
    trace_ = pack(up_and_down(4), soc0=0.5, told=0.7)
    told = yardsticks.coulombs_from_told(trace_)
    assert told[-1] - trace_.true_soc_percent[-1] == pytest.approx(20, abs=0.2)


def test_counting_from_a_rested_voltage_starts_right():
    trace_ = pack([0.0] * 30 + up_and_down(4), soc0=0.5, told=0.7)
    told = yardsticks.coulombs_from_voltage(trace_)
    assert told[0] == pytest.approx(50, abs=1)


def test_the_curve_gives_back_its_own_charge():
    curve = Curve(about())
    for soc in (0.0, 0.2, 0.5, 0.9, 1.0):
        assert curve.soc(curve.at(soc)[0]) == pytest.approx(soc)


def test_the_filter_finds_a_charge_that_it_was_told_wrong():
    trace_ = pack(up_and_down(6), soc0=0.5, told=0.7)
    told, sigma = yardsticks.kalman(trace_, CIRCUIT)
    got = score(trace_, told, sigma)
    assert got.rms < 0.5 and got.worst < 1.0
    assert got.inside > 90  # its own model, white noise: here it may be sure


def test_the_filter_is_too_sure_of_a_cell_it_was_not_fitted_on():
    trace_ = pack(up_and_down(6), soc0=0.5, told=0.7)
    wrong = replace(CIRCUIT, r0_mv=150, r2_mv=90)
    assert score(trace_, *yardsticks.kalman(trace_, wrong)).inside < 60


def test_there_is_a_circuit_for_every_chemistry_that_is_tried():
    assert {trial.chemistry for trial in CHECK} == set(yardsticks.CIRCUITS)
    assert {trial.chemistry for trial in CHECK} == set(soc_rows.TARGETS)


def test_nothing_is_checked_on_what_was_tuned_on():
    assert not {trial.cell for trial in TUNE} & {trial.cell for trial in CHECK}
    assert not {trial.sensors.seed for trial in TUNE} & {trial.sensors.seed for trial in CHECK}
    names = [trial.name for trial in TUNE + CHECK]
    assert len(set(names)) == len(names)
    assert not {flows(trial) for trial in TUNE} & {flows(trial) for trial in CHECK}


def flows(trial):
    return tuple(
        segment.c_rate.tobytes() if isinstance(segment, profiles.Flow) else repr(segment)
        for segment in trial.segments
    )


def test_every_first_charge_is_told_wrong_and_capacities_where_it_says_so():
    for trial in TUNE + CHECK:
        assert abs(trial.told) == 20
        assert 0 < trial.soc0 * 100 + trial.told <= 100
        assert bool(trial.capacity_error) == ("capacity" in trial.name)


def test_corners_are_enough_to_draw_the_flow():
    flow = profiles.Flow(profiles.np.array([0.0, 0.0, 0.0, 1.0, 2.0, 2.0]), 5.0)
    at_s, c_rate = flow.corners
    assert list(at_s) == [0, 10, 20, 25]
    assert list(c_rate) == [0, 0, 2, 2]


def test_a_trace_is_read_as_it_was_written(tmp_path):
    trace_ = pack(up_and_down(0.2))
    again = trace.read(trace.write(trace_, tmp_path))
    assert again.about == trace_.about
    assert again.current_ma == trace_.current_ma and again.cell_mv == trace_.cell_mv
    assert again.true_soc_percent == pytest.approx(trace_.true_soc_percent, abs=0.001)


def test_thinning_keeps_the_charge():
    trace_ = pack([0.4] * 60 + [-0.2] * 61)
    thin = trace.thinned(trace_, 60)
    assert len(thin) == 21
    assert sum(thin.current_ma[1:]) * 6 == pytest.approx(sum(trace_.current_ma[1:]), abs=60)


GOOD = Score(0.8, 2.0, 97.0, 5.0, 8.0)
BAD = Score(3.0, 9.0, 40.0, 5.0, 8.0)
NEVER = Score(None, None, 99.0, 0.0, 100.0)


def compared(mine, name="a", chemistry="nmc", wrong=False, peer=BAD):
    return Compared(name, chemistry, wrong, mine, peer, peer, peer)


def test_a_trace_is_good_when_all_three_figures_are():
    _, first, *_ = soc_rows.table([compared(GOOD)])
    assert first.verdict == OK and "EKF 3.0 / 9.0 / 40 %" in first.peer
    for bad in (replace(GOOD, rms=1.6), replace(GOOD, worst=4.1), replace(GOOD, inside=94.0)):
        _, first, *_ = soc_rows.table([compared(bad)])
        assert first.verdict == SHORT_OF


def test_a_wrong_capacity_is_judged_by_the_bound_only_and_stands_apart():
    rows = list(soc_rows.table([compared(replace(BAD, inside=96.0), wrong=True), compared(GOOD)]))
    assert rows[1].verdict == OK
    assert rows[3].what == "all of nmc" and rows[3].ours == soc_rows.figures(GOOD)


def test_a_trace_without_a_knee_is_judged_by_the_bound_only():
    _, first, *_ = soc_rows.table([compared(NEVER, chemistry="lfp")])
    assert first.verdict == OK and "knee" in first.note


def test_scores_are_pooled_by_their_hours():
    both = soc_rows.pooled([Score(3.0, 5.0, 90.0, 1.0, 1.0), Score(1.0, 2.0, 100.0, 3.0, 9.0)])
    assert both.rms == pytest.approx(math.sqrt((9 + 3) / 4))
    assert both.worst == 5.0
    assert both.inside == pytest.approx(99.0)


def test_being_nearer_than_a_yardstick_is_counted():
    *_, last = soc_rows.table([compared(GOOD), compared(BAD, "b", peer=GOOD)])
    assert last.ours == "1 of 2" and last.verdict == SHORT_OF


def test_without_the_models_the_bench_says_how_to_get_them(monkeypatch):
    monkeypatch.setattr(soc_rows, "find_spec", lambda name: None)
    (row,) = soc_rows.rows()
    assert row.verdict == NOT_MEASURED and "make setup-models" in row.note
