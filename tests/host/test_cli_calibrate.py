"""`calibrate`: zero, window, current, charge and capacity through the real command."""

import json

import pytest
from cli_board import CliBoard

from cellwarden import ids
from cellwarden.access import PORT_PC
from cellwarden_host import calibration, lesson

UNITY = 1_000_000
RATING_A = 300


class MeteredBoard(CliBoard):
    """``true_ma`` flows; the meter shows it ``gain`` times and ``offset_ma`` too high, less what
    the board has been calibrated to, as its driver would."""

    true_ma = 0
    gain = 1.0
    offset_ma = 0
    ripple_ma = 0
    cell_mv = 3700
    _turn = 0

    def tick(self, count=1):
        for _ in range(count):
            settings = self.desk.controller.settings.live
            self._turn += 1
            raw = self.true_ma * self.gain + self.offset_ma + self.ripple_ma * (self._turn % 3 - 1)
            raw -= settings[ids.CURRENT_OFFSET_MA]
            self.desk.current_ma = round(raw * settings[ids.CURRENT_GAIN_PPM] / UNITY)
            # Cells that stand still under a load would be taken for frozen.
            mv = self.cell_mv + self.true_ma // 1000 + self._turn % 2
            self.desk.cell_mv = [mv] * self.desk.cells
            super().tick(1)

    def off(self):
        return not (self.desk.charge or self.desk.discharge)


@pytest.fixture
def board(monkeypatch):
    made = MeteredBoard(calibrated=False)
    for module in (calibration, lesson):
        monkeypatch.setattr(module, "sleep", lambda s: made.tick(max(1, round(10 * s))))
    yield made
    made.unplug()


def zeroed(board):
    code, _, err = board.run("calibrate", "zero")
    assert code == 0, err


def working(board):
    """The zero is taken and the window is open."""
    zeroed(board)
    code, out, err = board.run("calibrate", "window", "open")
    assert code == 0 and "charge and discharge on" in out, err
    return board


def refused(board, *args, code=1):
    before = list(board.desk.controller.settings.value)
    got, out, err = board.run("calibrate", *args)
    assert (got, out) == (code, ""), err
    assert list(board.desk.controller.settings.value) == before
    return err


def test_the_whole_way_makes_the_board_show_the_truth(board):
    board.gain, board.offset_ma = 1.08, 700
    board.tick(10)
    code, out, _ = board.run("calibrate", "zero")
    assert code == 0 and "0.70 A is taken off" in out and "shows 0.00 A" in out
    assert board.setting("current_offset_ma") == 700 and not board.setting("current_calibrated")
    assert "charge and discharge on" in board.run("calibrate", "window", "open")[1]
    board.true_ma = -40_000
    code, out, err = board.run("calibrate", "current", "40A")
    assert (code, err) == (0, "") and "-7.41 %" in out and "shows -40.00 A" in out
    told = json.loads(board.run("read", "--json")[1])
    assert abs(told["readings"]["current_ma"]["value"] + 40) < 0.1
    board.tick(10)
    assert not board.off(), "it works without the window from now on"
    assert not board.desk.controller.calibration.window_open(board.desk.now_ms)


def test_status_says_what_comes_next_at_each_step(board):
    def next_step():
        code, out, _ = board.run("calibrate", "status")
        assert code == 0
        return out.splitlines()[-1]

    assert "calibrate zero" in next_step()
    working(board)
    assert "current TRUE_A" in next_step() and "30.00 A or more" in next_step()
    board.true_ma = -40_000
    board.run("calibrate", "current", "40")
    assert "watch" in next_step()
    told = json.loads(board.run("calibrate", "status", "--json")[1])
    assert told["status"]["current_calibrated"]["value"] == "yes"
    assert told["status"]["current_ma"]["unit"] == "A" and "watch" in told["next"]


def test_the_zero_is_refused_while_something_is_on(board):
    working(board)
    err = refused(board, "zero")
    assert "charge, discharge" in err and "cellwarden switch charge off" in err


def test_a_zero_as_large_as_a_current_is_refused(board):
    board.offset_ma = 900  # the alarm of a stuck switch would stand in the way, but for this
    board.true_ma = -RATING_A * 30
    assert "measures -8.10 A" in refused(board, "zero")


def test_a_zero_that_looked_like_a_stuck_switch_says_how_to_go_on(board):
    board.offset_ma = 1500
    board.tick(20)
    code, out, _ = board.run("calibrate", "zero")
    assert code == 0 and "still latched: charge switch does not open" in out
    assert "cellwarden clear" in out
    out = board.run("calibrate", "window", "open")[1]
    assert "the switches are off" in out and "charge switch does not open" in out
    assert board.run("clear", "--yes")[0] == 0
    board.tick(30)
    assert not board.off()


def test_the_window_lasts_longer_than_its_command_and_closes(board):
    working(board)
    assert board.desk.controller.access.role(PORT_PC) == ids.ROLE_INSTALLER
    board.tick(50)
    assert not board.off()
    assert board.run("calibrate", "window", "close")[1] == "window closed\n"
    board.tick(10)
    assert board.off()


def test_a_gain_before_the_zero_is_refused(board):
    board.run("calibrate", "window", "open")
    board.true_ma = -40_000
    board.tick(40)
    assert "the zero comes first" in refused(board, "current", "40A")


def test_a_load_below_2_ampere_is_refused_before_the_board_is_asked(board):
    assert "2.00 A or more" in refused(board, "current", "1.999A")


@pytest.mark.parametrize(
    ("true_ma", "words", "told"),
    [
        (-40_000, ("55A",), "20 % in all"),
        (-40_000, ("40A", "--charging"), "the other direction"),
        (-40_000, ("+40A",), "the other direction"),
        (-50, ("40A",), "through the board's shunt"),
    ],
)
def test_an_implausible_current_is_refused_with_what_is_likely(board, true_ma, words, told):
    working(board).true_ma = true_ma
    board.tick(40)
    err = refused(board, "current", *words)
    assert told in err and "othing was changed" in err


def test_a_current_with_the_switches_off_is_told_as_that(board):
    zeroed(board)
    board.tick(40)
    err = refused(board, "current", "40A")
    assert "switches are off" in err and "calibrate window open" in err


def test_an_unsteady_current_is_refused_after_some_patience(board):
    working(board).true_ma = -40_000
    board.ripple_ma = 9_000
    err = refused(board, "current", "40A")
    assert "not steady" in err and "inverter" in err


def test_a_load_that_has_just_come_is_waited_for(board):
    working(board).true_ma = -40_000
    assert board.run("calibrate", "current", "40A")[0] == 0


def test_a_small_load_that_cannot_correct_all_says_so(board):
    board.gain = 1.08
    working(board).true_ma = -10_000
    code, out, err = board.run("calibrate", "current", "10A")
    assert (code, out) == (1, "")
    assert "taken (-3.00 %)" in err and "shows -10.48 A" in err and "30.00 A or more" in err
    assert board.setting("current_gain_ppm") == 970_000 and board.setting("current_calibrated")


def test_a_charger_calibrates_as_well(board):
    board.gain = 0.95
    working(board).true_ma = 35_000
    code, out, err = board.run("calibrate", "current", "35", "--charging", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["true_a"] == 35 and abs(told["shown_a"] - 35) < 0.05
    assert abs(told["gain_ppm"] - UNITY / 0.95) < 100


def test_a_state_of_charge_is_set_and_shown(board):
    code, out, _ = board.run("calibrate", "soc", "80")
    assert code == 0 and "state of charge: 80.0 %" in out
    told = json.loads(board.run("calibrate", "soc", "35.5%", "--json")[1])
    assert told["soc_permille"] == {"value": 35.5, "unit": "%"}
    assert board.desk.controller.estimator.soc_permille == 355


def test_a_capacity_is_set_with_outputs_off_and_stays_confirmed(board):
    board.run("calibrate", "soc", "50")
    code, out, err = board.run("calibrate", "capacity", "85", "--yes")
    assert code == 0 and "85 Ah" in out, err
    assert board.setting("capacity_mah") == 85_000 and board.setting("confirmed")
    board.tick(5)
    assert board.desk.controller.estimator.full_mah == 85_000
    assert board.desk.controller.estimator.soc_permille == 500, "the share stays"
    told = json.loads(board.run("calibrate", "capacity", "90500mAh", "--yes", "--json")[1])
    assert told == {"capacity_mah": 90_500, "confirmed": True}


def test_a_capacity_is_refused_while_outputs_are_on_and_without_a_word_for_it(board):
    working(board)
    assert "cellwarden switch charge off" in refused(board, "capacity", "85", "--yes")
    assert "--yes" in refused(board, "capacity", "85", code=2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("current", "fast"), "for example"),
        (("current", "40V"), "for example"),
        (("current", "3000"), "2000 A at most"),
        (("current", "-40", "--charging"), "either"),
        (("soc", "101"), "0 to 100"),
        (("soc", "33.33"), "finer"),
        (("capacity", "0", "--yes"), "not 0"),
        (("capacity", "9999", "--yes"), "2000 Ah"),
        (("window", "ajar"), "invalid choice"),
        (("watch", "--every", "0"), "--every"),
        ((), "ACTION"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_a_hint(board, words, told):
    code, _, err = board.run("calibrate", *words)
    assert code == 2 and told in err and "Traceback" not in err


def test_without_a_password_nothing_is_written(board):
    code, _, err = board.run("calibrate", "zero", password=None)
    assert code == 2 and "password" in err


def test_watch_follows_the_lesson_to_both_of_its_ends(board, monkeypatch):
    """The ends as the board tells them: under-voltage, then a charge that is over."""
    pack = {"turn": 0}
    working(board).true_ma = -40_000
    board.run("calibrate", "current", "40A")
    limits = board.desk.controller.limits

    def pass_time(_seconds):
        pack["turn"] += 1
        board.cell_mv = 2750 if pack["turn"] in (2, 3) else 3700
        board.tick(60)
        if pack["turn"] > 4:
            limits.charge_by = ids.CHARGE_LIMITED_BY_IS_FULL
            board.desk.controller.ticks += 1  # what is read is put together anew

    monkeypatch.setattr(lesson, "sleep", pass_time)
    code, out, err = board.run("calibrate", "watch", "--json")
    looks = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert looks[0]["ends_seen"] == [] and "discharge until" in looks[0]["next"]
    assert looks[2]["ends_seen"] == ["empty"] and "now charge" in looks[2]["next"]
    assert looks[-1]["ends_seen"] == ["empty", "full"] and looks[-1]["done"]
    assert len(looks) == 6
    code, out, _ = board.run("calibrate", "watch", "--count", "1")
    assert code == 0 and "charge" in out and len(out.splitlines()) == 1
