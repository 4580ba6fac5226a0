"""`ocv`: through the real command to the real core, and back."""

import json
import re
from pathlib import Path

import pytest
from cli_board import CliBoard

from cellwarden import ids
from cellwarden.ocv_curves import POINTS
from cellwarden.tables.rows import CHEMISTRIES

DOCUMENT = Path(__file__).parents[2] / "docs" / "chemistries.md"

POINTS_OF_FILE = [(0, 3000), (10, 3400), (50, 3700), (90, 4050), (100, 4180)]


@pytest.fixture
def board():
    made = CliBoard()
    yield made
    made.unplug()


@pytest.fixture
def curve_file(tmp_path):
    return written(tmp_path / "own.csv", POINTS_OF_FILE)


def written(path, points):
    lines = ["soc_percent,ocv_mv", *(f"{at},{mv}" for at, mv in points)]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def held(board):
    settings = board.desk.controller.settings
    return list(settings.live[ids.OCV_MV : ids.OCV_MV + POINTS])


def test_the_typical_curve_is_shown_with_its_error(board):
    code, out, err = board.run("ocv")
    assert (code, err) == (0, "")
    assert "typical curve of NMC" in out and "2500 to 4200 mV" in out
    line = next(text for text in out.splitlines() if text.startswith("50 %"))
    assert line.split() == ["50", "%", "3743.5", "mV", "40", "mV", "4.3", "%"]
    assert "charge_cell_mv = 4150 mV" in out


def test_json_has_every_point(board):
    code, out, _ = board.run("ocv", "--json")
    told = json.loads(out)
    assert code == 0 and told["chemistry"] == "nmc" and told["own"] is False
    assert len(told["points"]) == POINTS
    assert told["points"][0] == {"soc_percent": 0.0, "ocv_mv": 2500.0, "error_mv": 250.0}
    assert told["points"][-1]["soc_percent"] == 100 and told["written"] is False


def test_a_file_is_written_as_one_change_and_cleared_again(board, curve_file):
    revision = board.desk.controller.settings.revision
    code, out, err = board.run("ocv", curve_file)
    assert (code, err) == (0, "")
    assert "own curve: 3000 to 4180 mV" in out and "read back" in out
    assert board.desk.controller.settings.revision == revision + 1
    assert held(board)[0] == 3000 and held(board)[-1] == 4180

    told = json.loads(board.run("ocv", "--json")[1])
    assert told["own"] and told["points"][8] == {
        "soc_percent": 10.0,
        "ocv_mv": 3400.0,
        "error_mv": 5.0,
    }
    code, out, _ = board.run("ocv", "--clear")
    assert code == 0 and "typical curve" in out and held(board) == [0] * POINTS


def test_the_same_curve_again_writes_nothing(board, curve_file):
    board.run("ocv", curve_file)
    revision = board.desk.controller.settings.revision
    code, out, _ = board.run("ocv", curve_file, password=None)
    assert code == 0 and "already" in out
    assert board.desk.controller.settings.revision == revision


def test_a_dry_run_writes_nothing(board, curve_file):
    code, out, _ = board.run("ocv", curve_file, "--dry-run", password=None)
    assert code == 0 and "3000 to 4180 mV" in out and "nothing was written" in out
    assert held(board) == [0] * POINTS


def test_a_bad_file_leaves_the_board_alone(board, tmp_path):
    bad = written(tmp_path / "bad.csv", [(0, 3000), (50, 3900), (60, 3800), (100, 4180)])
    code, _, err = board.run("ocv", bad)
    assert code == 1 and "line 4" in err and "falls" in err
    assert held(board) == [0] * POINTS


def test_a_wrong_password_leaves_the_board_alone(board, curve_file):
    code, _, err = board.run("ocv", curve_file, password="000000")
    assert code == 1 and err and held(board) == [0] * POINTS


def test_a_curve_of_another_chemistry_is_remarked_upon(board, tmp_path):
    lfp = written(tmp_path / "lfp.csv", [(0, 2200), (10, 3200), (90, 3337), (100, 3600)])
    _, out, _ = board.run("ocv", lfp, "--dry-run")
    assert "is it a curve of these cells?" in out
    assert "4150 mV: 100.0 %" in out


def test_the_curve_in_force_can_be_kept_and_given_back(board, tmp_path):
    kept = tmp_path / "kept.csv"
    code, out, _ = board.run("ocv", "--out", str(kept))
    assert code == 0 and "written to" in out
    assert kept.read_text().splitlines()[:2] == ["soc_percent,ocv_mv", "0,2500"]
    assert board.run("ocv", str(kept))[0] == 0
    assert held(board)[-1] == 4200


def test_one_thing_at_a_time(board, curve_file):
    assert board.run("ocv", curve_file, "--clear")[0] == 2


def test_without_a_chemistry_there_is_no_curve():
    board = CliBoard(fresh=True)
    try:
        code, _, err = board.run("ocv")
        assert code == 2 and "no chemistry" in err
        assert json.loads(board.run("ocv", "--json")[1])["points"] == []
    finally:
        board.unplug()


@pytest.mark.parametrize("chemistry", CHEMISTRIES[1:])
def test_the_document_tells_the_errors_that_the_command_tells(chemistry):
    row = re.search(rf"^\| {chemistry} \|(.*)\|$", DOCUMENT.read_text(), re.M)
    told = re.findall(r"(\d+) mV, ([\d.]+) %", row.group(1))
    board = CliBoard(chemistry=chemistry)
    try:
        lines = [line.split() for line in board.run("ocv")[1].splitlines()]
    finally:
        board.unplug()
    shown = {line[0]: (line[4], line[6]) for line in lines if len(line) == 8}
    assert told == [shown[percent] for percent in ("6", "20", "50", "80", "95")]
