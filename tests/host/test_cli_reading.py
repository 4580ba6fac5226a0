"""`read`, `monitor`, `alarms`, `journal`: what a person or a script gets to see."""

import csv
import io
import json

import pytest
from cli_board import CliBoard
from rich.console import Console

from cellwarden import ids
from cellwarden_host import catalog, journal_words, monitor
from cellwarden_host.dashboard import Dashboard, Note, line_of
from cellwarden_host.problems import NoConnection
from cellwarden_host.rule_words import limits, way_back


@pytest.fixture
def board():
    made = CliBoard()
    yield made
    made.unplug()


def trip(board, cell=7, mv=4250):
    """One cell over its limit for longer than the delay."""
    board.tick(30)
    board.desk.cell_mv[cell - 1] = mv
    board.tick(60)


def test_read_json_has_every_reading_scaled_and_null_where_absent(board):
    board.desk.cell_mv[4] = 3712
    board.desk.temp_dc[3] = None
    board.desk.current_ma = -12_345
    board.tick(3)
    code, out, err = board.run("read", "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    readings = told["readings"]
    assert list(readings) == [row.name for row in catalog.READINGS]
    assert all(set(item) == {"value", "unit"} for item in readings.values())
    assert readings["current_ma"] == {"value": -12.345, "unit": "A"}
    assert readings["cell_mv"]["value"][4] == 3.712 and len(readings["cell_mv"]["value"]) == 24
    assert readings["cell_max_number"] == {"value": 5, "unit": ""}
    assert readings["temp_dc"]["value"][3] is None
    assert readings["discharge_off_rule"]["value"] is None
    assert readings["chemistry_name"] == {"value": "nmc", "unit": ""}
    assert told["unit"] == 1 and told["port"] == board.port
    assert told["texts"]["product"] == "Cellwarden"


def test_read_shows_a_dash_for_what_is_not_known(board):
    board.desk.current_ma = None
    board.tick(30)
    code, out, _ = board.run("read")
    line = next(line for line in out.splitlines() if line.startswith("current_ma"))
    assert code == 0 and line.split()[1] == "-"


def test_alarms_say_why_an_output_is_off_and_what_brings_it_back(board):
    code, out, _ = board.run("alarms")
    assert code == 0 and "no alarms" in out
    trip(board)
    code, out, _ = board.run("alarms")
    assert code == 0
    assert "charge switch: off, because: cell over-voltage" in out
    assert "discharge switch: on" in out
    assert "4.200 V or more for 4 s" in out and "4.100 V or less" in out


def test_alarms_of_a_switch_that_a_person_has_turned_off(board):
    board.run("switch", "charge", "off")
    board.tick(30)
    assert "cellwarden switch charge on" in board.run("alarms")[1]


def test_alarms_json(board):
    trip(board)
    told = json.loads(board.run("alarms", "--json")[1])
    assert told["switches"]["charge"]["off_rule"] == "cell over-voltage"
    assert "cell_ov1" in [rule["name"] for rule in told["rules"]]


def test_every_rule_can_be_told_in_words(board):
    values = monitor.Source(lambda: board.port, 115200, 1)
    settings = values.board().read(catalog.SETTINGS)
    values.close()
    for rule in catalog.RULES:
        assert limits(rule, settings), rule.name
        assert way_back(rule, settings), rule.name


def test_journal_tells_rule_limit_value_and_cell(board):
    trip(board)
    code, out, _ = board.run("journal")
    last = out.splitlines()[-1]
    assert code == 0
    assert "trip: cell over-voltage, 4.250 V at cell 7, limit 4.200 V or more" in last
    assert "on: discharge" in last


def test_journal_limit_csv_and_json_agree(board):
    trip(board)
    rows = list(csv.DictReader(io.StringIO(board.run("journal", "--csv", "--limit", "2")[1])))
    lines = [
        json.loads(line) for line in board.run("journal", "--json", "--limit", "2")[1].splitlines()
    ]
    assert len(rows) == len(lines) == 2
    for row, line in zip(rows, lines, strict=True):
        assert {k: "" if v is None else str(v) for k, v in line.items()} == row
    assert lines[-1]["rule"] == "cell_ov1" and lines[-1]["value"] == 4250


def test_journal_of_a_board_on_which_nothing_happened(board):
    board.desk.controller.journal.first = board.desk.controller.journal.next
    assert board.run("journal")[1] == "the journal is empty\n"


def test_long_journal_is_fetched_whole(board):
    journal = board.desk.controller.journal
    for i in range(100):
        journal.note(ids.KIND_TEXT, board.desk.controller, i, 0, 2)
    board.tick()
    out = board.run("journal", "--limit", "0")[1].splitlines()
    assert len(out) == journal.next - journal.first == 64
    assert [line.split()[0] for line in out] == [
        f"#{n}" for n in range(journal.first, journal.next)
    ]


def test_entry_that_is_overwritten_while_reading_is_left_out(board):
    source = monitor.Source(lambda: board.port, 115200, 1)
    journal = board.desk.controller.journal
    for i in range(100):
        journal.note(ids.KIND_TEXT, board.desk.controller, i, 0, 2)
    found = journal_words.fetch(source.board(), journal.first - 2, journal.next)
    assert len(list(found)) == 64
    source.close()


def test_spoiled_entry_is_never_told():
    with pytest.raises(NoConnection):
        journal_words.parse([1] * 32)


def test_monitor_without_a_terminal_prints_a_line_a_look(board):
    trip(board)
    code, out, _ = board.run("monitor", "--count", "3", "--every", "0.05")
    lines = [line for line in out.splitlines() if not line.startswith("  journal")]
    assert code == 0 and len(lines) == 3
    assert out.count("trip: cell over-voltage") == 1, "an event is told once"
    assert "cell over-voltage" in lines[0] and "charge off" in lines[0]


def test_monitor_json_is_a_document_a_line(board):
    _, out, _ = board.run("monitor", "--count", "2", "--every", "0.05", "--json")
    assert [json.loads(line)["stale"] for line in out.splitlines()] == [False, False]


def test_values_that_could_not_be_read_again_are_stale_not_new(board, monkeypatch):
    monkeypatch.setattr("cellwarden_host.board.TIMEOUT_MS", 20)
    source = monitor.Source(lambda: board.port, 115200, 1)
    assert source.look()
    board.mute = True
    assert not source.look() and "no answer" in source.trouble
    assert line_of(source.values, source.trouble).startswith("STALE")
    board.mute = False
    assert source.look() and not source.trouble
    source.close()


def drawn(dashboard, source, width=140, height=50):
    console = Console(width=width, file=io.StringIO(), record=True)
    stale_s = 7.0 if source.trouble else 0.0
    console.print(dashboard.render(source.values, stale_s, source.trouble, width, height))
    return console.export_text()


def test_dashboard_shows_cells_switches_and_reasons(board):
    trip(board)
    source = monitor.Source(lambda: board.port, 115200, 1)
    source.look()
    dashboard = Dashboard()
    dashboard.add(Note("story", "a charger is plugged in"))
    text = drawn(dashboard, source)
    assert "4.250" in text and "off: cell over-voltage" in text and "a charger" in text
    source.trouble = "the line is gone"
    assert "STALE, 7 s old: the line is gone" in drawn(dashboard, source)
    source.close()


def test_dashboard_fits_a_small_terminal(board):
    trip(board)
    source = monitor.Source(lambda: board.port, 115200, 1)
    source.look()
    lines = drawn(Dashboard(), source, 80, 24).splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    text = "".join(lines)
    assert "4.250" in text and "off: cell over-voltage" in text
    source.close()


def test_dashboard_draws_a_board_that_knows_nothing():
    board = CliBoard(fresh=True)
    source = monitor.Source(lambda: board.port, 115200, 1)
    assert source.look()
    assert "not commissioned" in drawn(Dashboard(), source)
    source.close()
    board.unplug()
