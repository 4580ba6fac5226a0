"""Commissioning without a page: what blocks what, what is kept, found, and reported."""

import json
from datetime import datetime

import pytest
from cli_board import PASSWORD, CliBoard

from cellwarden_host import data_folder, kept, session
from cellwarden_host.board import Board
from cellwarden_host.commissioning import plausible, report, set_up
from cellwarden_host.commissioning import progress as stages
from cellwarden_host.commissioning.progress import Progress
from cellwarden_host.commissioning.set_up import Pack
from cellwarden_host.commissioning.warming import Warming
from cellwarden_host.link import Line
from cellwarden_host.problems import BadInput, Refused
from cellwarden_host.words import known, say, tell

CODE = "E66058388344"
NOW = datetime(2026, 1, 2, 3, 4, 5)
PACK = Pack(2, 16, 100_000)


@pytest.fixture(autouse=True)
def folder(tmp_path):
    data_folder.use(tmp_path)
    return tmp_path


@pytest.fixture
def fresh():
    """A fresh board with 16 LFP cells on it: (its fake, its Board)."""
    fake = CliBoard(fresh=True)
    fake.cells(16, 3300)
    with Line(fake.port, 115200) as line:
        board = Board(line)
        session.log_in(board, PASSWORD, 1)
        yield fake, board


def test_a_pack_is_written_unconfirmed_and_stays_off_until_the_limits_are_confirmed(fresh):
    fake, board = fresh
    assert set_up.write_pack(board, PACK)
    fake.tick(50)
    assert (fake.setting("cell_count"), fake.setting("cell_ov1_mv")) == (16, 3650)
    assert not fake.desk.discharge
    assert not set_up.write_pack(board, PACK)
    set_up.write_limits(board, {"charge_current_ma": 50_000, "discharge_current_ma": 100_000})
    assert fake.setting("confirmed") == 1
    assert fake.setting("charge_current_ma") == 50_000
    assert Pack.of(plausible.look(board).settings) == PACK


def test_what_is_wrong_with_a_harness_is_told_by_the_cell(fresh):
    fake, board = fresh
    set_up.write_pack(board, PACK)

    def told(**changes):
        for name, value in changes.items():
            setattr(fake.desk, name, value)
        fake.tick(30)
        found = plausible.cells(plausible.look(board), 100)
        fake.desk.open_wires, fake.desk.pack_mv = (), "sum"
        fake.desk.cell_mv = [3300] * 16
        return plausible.good(found), plausible.worst_first(found)

    assert told()[0]
    assert told(open_wires=(5,)) == (False, "Sense wire 5 has no contact")
    good, said = told(pack_mv=48_000)
    assert not good
    assert "52.80 V" in said
    assert "cell 9" in told(cell_mv=[3300] * 8 + [3150] + [3300] * 7)[1]
    swapped = [3300] * 4 + [4900, 0, 4900] + [3300] * 9
    assert "changed places" in told(cell_mv=swapped)[1]
    fake.desk.cell_mv = None
    fake.tick(30)
    assert not plausible.good(plausible.cells(plausible.look(board), 100))


def test_sensors_are_believed_only_when_one_alone_warms():
    warming = Warming([0, 1, 4])
    assert warming.see([250, 251, 300, None, 240, None]) is None
    assert warming.see([262, 252, 300, None, 240, None]) is None
    assert warming.see([266, 252, 300, None, 240, None]) == 0
    assert warming.see([280, 270, 300, None, 259, None]) is None  # the room, or the sun
    assert warming.see([280, 285, 300, None, 255, None]) == 1
    assert warming.missing == [4]
    assert warming.see([280, 285, 300, None, None, None]) is None
    assert warming.see([280, 285, 300, None, 400, None]) is None  # it begins anew
    assert warming.see([280, 285, 300, None, 420, None]) == 4


def test_a_commissioning_goes_on_where_it_was_left():
    made = Progress(CODE)
    assert made.at == stages.PACK
    assert made.blocked_by(stages.LIMITS) == stages.HARNESS
    made.set_pack(PACK, say("written"), NOW)
    made.record(stages.HARNESS, True, "ok", NOW)
    made.found_sensor(2)
    with pytest.raises(Refused):
        made.skip(stages.ZERO, "no time", NOW)
    with pytest.raises(Refused):
        made.skip(stages.SENSORS, "  ", NOW)
    made.skip(stages.SENSORS, "glued in", NOW)
    again = Progress(CODE)
    assert again.at == stages.ZERO
    assert again.steps[stages.SENSORS].said == "glued in"
    assert (again.sensors, again.pack) == ([2], PACK)
    again.hold_against(PACK, True)
    assert again.at == stages.ZERO
    again.hold_against(Pack(2, 15, 100_000), True)
    assert again.at == stages.PACK
    assert Progress("other").at == stages.PACK


def test_a_report_tells_everything_in_both_languages(fresh, folder):
    fake, board = fresh
    set_up.write_pack(board, PACK)
    fake.tick(30)
    made = Progress(CODE)
    made.set_pack(PACK, "", NOW)
    for step in (stages.HARNESS, stages.SENSORS, stages.ZERO, stages.LIMITS, stages.GAIN):
        made.record(step, True, plausible.worst_first([plausible.Finding(True, "x")]), NOW)
    made.record(stages.PASSWORD, True, "", NOW)
    made.record_proof("cell_ov1", True, say("Opened after about {seconds} s", seconds=4), NOW)
    assert not made.close_proofs(NOW)
    made.skip_open_proofs("no load <here>", NOW)
    assert made.close_proofs(NOW)
    seen = plausible.look(board)
    told = report.record(made, seen, {"serial_number": "000007"}, NOW)
    assert told["verdict"] == report.INCOMPLETE
    assert {proof["name"] for proof in told["proofs"]} == set(made.proofs)
    files = report.write(told, "zh")
    assert files[0].name == "commissioning-000007-20260102030405.json"
    assert report.write(told)[0] != files[0]
    kept_record = json.loads(files[0].read_text())
    assert kept_record["settings"]["cell_count"] == 16
    html = files[1].read_text()
    assert "&lt;here&gt;" in html
    assert "单体过压" in html
    assert "INCOMPLETE" not in html
    made.record_proof("cell_uv1", False, "The protection did not act", NOW)
    assert report.verdict(made) == "fail"


def test_channels_are_read_as_people_write_them():
    assert set_up.channels_in("1-3, 13-14", 5) == (1, 2, 3, 13, 14)
    assert set_up.channels_text((1, 2, 3, 13, 14)) == "1-3, 13-14"
    assert set_up.channels_in(" ", 5) == ()
    for wrong in ("1-4", "a", "3, 2, 1, 4, 5", "1-4, 4"):
        with pytest.raises(BadInput):
            set_up.channels_in(wrong, 5)


def test_sentences_come_back_from_disk_with_their_parts():
    said = say("{serial}, {date}, read back", serial=known("a"), date="b")
    again = kept.thaw(json.loads(json.dumps(kept.freeze(said))))
    assert again == said
    assert tell(again, "zh") == tell(said, "zh")
    assert kept.thaw(kept.freeze("plain")) == "plain"
