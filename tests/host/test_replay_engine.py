"""What the player gives the core: time, current and voltages as the log has them, no more."""

import pytest

from cellwarden_host.problems import BadInput, Refused
from cellwarden_host.replay.engine import Event, Options, Replay, Row, replay_rows

NMC = Options("nmc", 100_000, soc0_percent=50)
# On its flat stretch a cell's voltage tells the charge least: what is believed stays.
LFP = Options("lfp", 100_000, soc0_percent=50)
FLAT_MV = 3290


def rows(*parts, cell_mv=3700, temp_dc=250, step_s=1.0):
    """Rows of (seconds, current): each part holds for so long; one row closes the last."""
    made, t = [], 0.0
    for seconds, current_ma in parts:
        end = t + seconds
        while t < end:
            made.append((t, current_ma, cell_mv, temp_dc))
            t += step_s
    return [*made, (t, 0, cell_mv, temp_dc)]


def run(made, options=NMC):
    """(the moments, the replay)"""
    replay = Replay(options)
    return list(replay.run(Row(t, i, (mv,), (dc,)) for t, i, mv, dc in made)), replay


def counted_mah(replay):
    estimator = replay.player.controller.estimator
    return estimator.charged_mah, estimator.discharged_mah


def events(moments):
    return [event for moment in moments for event in moment.events]


def test_a_rows_current_holds_until_the_next_row():
    _, replay = run([(0, 36_000, 3700, 250), (100, -72_000, 3700, 250), (150, 0, 3700, 250)])
    assert counted_mah(replay) == (1000, 1000)


@pytest.mark.parametrize("step_s", [0.1, 0.25, 1, 1.001, 2.5, 10, 60, 300])
def test_the_charge_counted_does_not_depend_on_how_often_was_recorded(step_s):
    _, replay = run(rows((300, 72_000), (600, -36_000), step_s=step_s))
    # the last row of each part holds for a whole step, at most
    late_mah = 72_000 * step_s / 3600 + 1
    assert counted_mah(replay) == (
        pytest.approx(6_000, abs=late_mah),
        pytest.approx(6_000, abs=late_mah),
    )


def test_the_first_row_is_no_time_gone_by():
    moments, replay = run([(5000, 90_000, FLAT_MV, 250), (5001, 0, FLAT_MV, 250)], LFP)
    assert moments[0].soc_percent == pytest.approx(50, abs=1)
    assert counted_mah(replay) == (25, 0)


def test_the_switches_are_on_from_the_first_row():
    moments, _ = run(rows((5, -20_000)))
    assert moments[0].charge_on and moments[0].discharge_on
    assert not events(moments)


@pytest.mark.parametrize("percent", [40, 52.5, 65])
def test_a_stated_charge_is_where_it_begins(percent):
    options = Options("lfp", 100_000, soc0_percent=percent)
    moments, _ = run(rows((3, 0), cell_mv=FLAT_MV), options)
    assert moments[0].soc_percent == pytest.approx(percent, abs=1)


def test_without_one_the_first_voltage_tells_it():
    low, _ = run(rows((3, 0), cell_mv=3500), Options("nmc", 100_000))
    high, _ = run(rows((3, 0), cell_mv=4000), Options("nmc", 100_000))
    assert 5 < low[0].soc_percent < 45 and 70 < high[0].soc_percent < 95
    assert low[0].sigma_percent > 1


def test_an_event_stands_where_it_happened():
    over = rows((20, 0)) + [(21 + t, 0, 4250, 250) for t in range(30)]
    moments, _ = run(over)
    trips = [event for event in events(moments) if event.kind == "trip"]
    assert Event(25.0, "trip", "cell_ov1") in trips  # 4 s after 21 s
    assert [m.row.t_s for m in moments if Event(25.0, "trip", "cell_ov1") in m.events] == [25]
    assert [m.charge_on for m in moments[24:27]] == [True, False, False]
    assert moments[-1].discharge_on


def test_between_rows_the_core_goes_on_ticking():
    moments, _ = run([(0, 0, 3700, 250), (10, 0, 4250, 250), (40, 0, 4250, 250)])
    trip = next(event for event in events(moments) if event.rule == "cell_ov1")
    assert trip.t_s == 14.0
    assert trip in moments[-1].events  # told with the next row


def test_current_that_goes_on_against_an_open_switch_is_no_failure():
    charging_on = [(t, 20_000, 4250, 250) for t in range(120)]
    moments, replay = run(rows((20, 0)) + [(21 + t, *rest) for t, *rest in charging_on])
    assert {e.rule for e in events(moments) if e.kind == "trip"} == {"cell_ov1", "pack_ov"}
    assert not replay.player.controller.commands.fire_secondary
    assert counted_mah(replay)[0] == pytest.approx(20_000 * 119 / 3600, abs=1)


def test_a_latched_protection_is_a_trip():
    moments, _ = run(rows((20, 0)) + [(21 + t, 0, 4350, 250) for t in range(10)])
    assert any(e.kind == "trip" and e.rule == "cell_ov2" for e in events(moments))


def test_a_switch_closed_for_its_diode_is_told_as_off():
    over = rows((20, 0)) + [(21 + t, 0, 4250, 250) for t in range(10)]
    made = over + [(31 + t, -50_000, 4190, 250) for t in range(10)]
    moments, replay = run(made)
    assert replay.player.controller.switchgear.charge_bypass
    assert not moments[-1].charge_on and moments[-1].discharge_on


def test_time_that_nobody_measured_is_told_and_makes_unsure():
    before = rows((100, -10_000), cell_mv=FLAT_MV)
    after = [(t + 86_400, i, mv, dc) for t, i, mv, dc in before]
    moments, replay = run(before + after, LFP)
    assert replay.gaps == [(86_400, 86_300)]
    assert moments[101].soc_percent == pytest.approx(moments[100].soc_percent, abs=2)
    assert moments[101].sigma_percent > moments[100].sigma_percent
    assert moments[101].charge_on
    # nothing was counted while nobody looked
    assert counted_mah(replay)[1] == pytest.approx(555, abs=2)


def test_what_a_log_calls_a_gap_can_be_said():
    far = [(t * 900.0, 4_000, 3700, 250) for t in range(5)]
    _, replay = run(far, Options("nmc", 100_000, soc0_percent=50, gap_s=1000))
    assert counted_mah(replay) == (4000, 0) and not replay.gaps
    assert len(run(far)[1].gaps) == 4


def test_a_latch_outlives_the_gap():
    over = rows((20, 0)) + [(21 + t, 0, 4350, 250) for t in range(10)]
    moments, _ = run(over + [(90_000 + t, 0, 3900, 250) for t in range(30)])
    assert not moments[-1].charge_on and not moments[-1].discharge_on


def test_a_warning_that_the_gap_ended_is_cleared():
    warm = rows((20, 0)) + [(21 + t, 0, 4190, 250) for t in range(10)]
    moments, _ = run(warm + [(90_000 + t, 0, 3900, 250) for t in range(30)])
    kinds = [e.kind for e in events(moments) if e.rule == "cell_ov_warn"]
    assert kinds == ["warn", "clear"]


def test_a_log_longer_than_ticks_reach():
    """Ticks wrap after 12 days and differences after 6: a gap of 9 days stays harmless."""
    before = rows((100, -10_000))
    after = [(t + 9 * 86_400, i, mv, dc) for t, i, mv, dc in before]
    moments, replay = run(before + after)
    assert moments[-1].charge_on and not events(moments)
    assert counted_mah(replay)[1] == pytest.approx(555, abs=2)


def test_one_cell_and_two_run_as_a_pack():
    assert Replay(Options("nmc", 2_500)).cells == 3
    replay = Replay(Options("nmc", 2_500, cells=2))
    list(replay.run([Row(0, 0, (3600, 3650)), Row(1, 0, (3600, 3650))]))
    assert list(replay.player.controller.readings.cell_mv[:3]) == [3600, 3650, 3625]


def test_a_mean_stands_for_all_cells():
    replay = Replay(Options("lfp", 100_000, cells=16))
    list(replay.run([Row(0, 0, (3300,)), Row(1, 0, (3301,))]))
    assert list(replay.player.controller.readings.cell_mv[:16]) == [3301] * 16
    assert replay.player.controller.readings.pack_mv.value == 16 * 3301


@pytest.mark.parametrize("capacity_mah", [200, 2_500, 100_000, 280_000, 2_000_000])
def test_packs_of_any_size_can_be_set_up(capacity_mah):
    options = Options("nmc", capacity_mah, soc0_percent=50)
    moments, replay = run(rows((600, -capacity_mah // 2)), options)
    assert counted_mah(replay)[1] == pytest.approx(capacity_mah / 12, abs=1)
    assert moments[-1].capacity_mah == pytest.approx(capacity_mah, rel=0.1)


def test_settings_have_to_pass_the_boards_own_checks():
    with pytest.raises(Refused, match="cell_ov_recover_mv"):
        Replay(Options("nmc", 100_000, changes={("cell_ov1_mv", 0): 3000}))
    with pytest.raises(Refused, match="out of range"):
        Replay(Options("nmc", 100_000, changes={("cell_ov1_mv", 0): 9000}))
    with pytest.raises(BadInput, match="lead_acid"):
        Replay(Options("lead_acid", 100_000))


def test_a_current_setting_buys_the_board_for_it():
    replay = Replay(Options("nmc", 2_500, changes={("discharge_current_ma", 0): 30_000}))
    assert replay.settings.live[0] and replay.board.RATING_MA == 30_000


def test_a_program_gets_charge_and_error_after_each_row():
    made = replay_rows([(0, 0, 3700, None), (1, 0, [3700, 3701, 3702], 250)], NMC)
    assert [len(row) for row in made] == [3, 3]
    assert [row[0] for row in made] == [0, 1]
    assert 30 < made[0][1] < 70 and 0 < made[0][2] < 50


def test_the_same_log_gives_the_same_twice():
    made = rows((300, -20_000), (100, 15_000), cell_mv=3655)
    assert replay_rows(made, NMC) == replay_rows(made, NMC)
