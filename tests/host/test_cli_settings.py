"""`get`, `set`, `preset`, `switch`: through the real command to the real core, and back."""

import json

import pytest
from cli_board import PASSWORD, CliBoard, run

from cellwarden import ids
from cellwarden.tables import settings as table
from cellwarden_host import monitor, session, transaction
from cellwarden_host.problems import Refused


@pytest.fixture
def board():
    made = CliBoard()
    yield made
    made.unplug()


@pytest.fixture
def fresh():
    made = CliBoard(fresh=True)
    yield made
    made.unplug()


def test_get_shows_value_range_and_meaning(board):
    code, out, err = board.run("get", "cell_ov1", "chemistry", "pack_ov")
    assert (code, err) == (0, "")
    assert "4.200 V" in out and "1.500 to 4.500 V" in out and "charging stops" in out
    assert "nmc" in out and "auto" in out


def test_get_all_names_every_setting(board):
    code, out, _ = board.run("get", "--all", "--json")
    told = json.loads(out)
    assert code == 0
    assert list(told) == [row.name for row in table.SETTINGS]
    assert told["cell_ov1_mv"] == {"value": 4.2, "unit": "V"}
    assert told["chemistry"] == {"value": "nmc", "unit": ""}
    assert told["cell_channel"]["value"] == [0] * 32


def test_set_writes_and_says_what_changed(board):
    code, out, err = board.run("set", "cell_ov1=4.19V", "charge_current=30A")
    assert (code, err) == (0, "")
    assert "4.200 V" in out and "4.190 V" in out and "read back" in out
    assert board.setting("cell_ov1_mv") == 4190
    assert board.setting("charge_current_ma") == 30_000


def test_set_logs_out_again(board):
    board.run("set", "cell_ov1=4.19V")
    assert board.desk.controller.access.role(2) == ids.ROLE_ANYONE


def test_set_of_what_is_there_already_writes_nothing(board):
    revision = board.desk.controller.settings.revision
    code, out, _ = board.run("set", "cell_ov1=4.2V", password=None)
    assert code == 0 and "nothing to change" in out
    assert board.desk.controller.settings.revision == revision


def test_set_json_lists_the_changes(board):
    code, out, _ = board.run("set", "charge_current=30A", "--json")
    assert code == 0
    assert json.loads(out)["changes"] == [
        {"name": "charge_current_ma", "before": 40.0, "after": 30.0, "unit": "A"}
    ]


def test_dry_run_needs_no_password_and_writes_nothing(board):
    code, out, _ = board.run("set", "cell_ov1=4.19V", "--dry-run", password=None)
    assert code == 0 and "4.190 V" in out and "nothing was written" in out
    assert board.setting("cell_ov1_mv") == 4200


def test_out_of_range_is_told_by_name_with_the_range_and_changes_nothing(board):
    code, _, err = board.run("set", "cell_ov1=9V", "charge_current=30A")
    assert code == 1 and "cell_ov1_mv" in err and "1.500 to 4.500 V" in err
    assert board.setting("charge_current_ma") == 40_000


def test_every_value_out_of_range_is_told_before_anybody_logs_in(board):
    code, _, err = board.run("set", "cell_ov1=9V", "charge_current=2000A", password="wrong")
    assert code == 1 and "cell_ov1_mv" in err and "charge_current_ma" in err


def test_refused_settings_do_not_stay_staged_in_a_session_that_goes_on(board, monkeypatch):
    access = board.desk.controller.access
    source = monitor.Source(lambda: board.port, 115200, 1)
    with session.logged_in(source.board(), lambda: PASSWORD, ids.ROLE_INSTALLER):
        with pytest.raises(Refused):
            transaction.write(source.board(), {("cell_ov1_mv", 0): 4050})
        assert access.role(2) == ids.ROLE_INSTALLER
        assert board.desk.controller.settings.owner == 0
    assert access.role(2) == ids.ROLE_ANYONE
    source.close()


def test_broken_cross_rule_is_told_with_both_values(board):
    code, _, err = board.run("set", "cell_ov1=4050mV")
    assert code == 1 and "Traceback" not in err
    assert "cell_ov_recover_mv (4.100 V) must be below cell_ov1_mv (4.050 V)" in err
    assert "cell_ov2_mv" not in err
    assert board.setting("cell_ov1_mv") == 4200


def test_the_boards_own_refusal_is_explained(board, monkeypatch):
    """What the rehearsal let pass, the board still judges."""
    monkeypatch.setattr("cellwarden_host.rehearsal.Refused", lambda *_: None)
    monkeypatch.setattr("cellwarden_host.rehearsal.rehearse", lambda *_: [object()])
    code, _, err = board.run("set", "cell_ov1=4050mV")
    assert code == 1 and "cell_ov1_mv" in err and "must be" in err
    assert board.setting("cell_ov1_mv") == 4200


def test_more_than_the_board_is_rated_for_is_refused(board):
    code, _, err = board.run("set", "charge_current=400A", "charge_oc=500A")
    assert code == 1 and "board_rating_ma (300 A)" in err


def test_setting_that_needs_outputs_off_says_so(board):
    board.tick(100)
    assert board.desk.charge or board.desk.discharge
    code, _, err = board.run("set", "cell_count=20", "confirmed=yes")
    assert code == 1 and "switch charge off discharge off" in err
    assert board.setting("cell_count") == 24


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("set", "cell_ov9=1"), "did you mean"),
        (("set", "cell_ov1"), "NAME=VALUE"),
        (("set", "cell_ov1=blue"), "blue"),
        (("set", "pack_10mv=1"), "cannot be set"),
        (("set",), "NAME=VALUE"),
        (("get",), "--all"),
        (("get", "--all", "cell_ov1"), "--all"),
        (("get", "cell_ov1", "--out", "x.json"), "--all"),
        (("switch", "charge"), "on or off"),
        (("switch", "engine", "on"), "there is no switch"),
        (("switch", "charge", "maybe"), "off, on"),
        (("do", "fly"), "there is no"),
        (("do", "restart=1"), "there is no"),
        (("journal", "--limit", "-1"), "--limit"),
        (("monitor", "--every", "0"), "--every"),
        (("read", "--unit", "300"), "--unit"),
        (("preset", "lipo"), "invalid choice"),
        (("fly",), "invalid choice"),
    ],
)
def test_wrong_command_line_ends_with_2_and_a_hint(board, args, told):
    code, _, err = board.run(*args)
    assert code == 2 and told in err and "Traceback" not in err


def test_no_command_at_all_shows_the_commands():
    code, _, err = run()
    assert code == 2 and "COMMAND" in err


def test_wrong_password_is_refused_once_and_the_lock_out_is_told(board):
    for _ in range(3):
        code, _, err = board.run("set", "cell_ov1=4.19V", password="wrong-one")
        assert code == 1 and ("wrong password" in err or "locked" in err)
    code, _, err = board.run("set", "cell_ov1=4.19V")
    assert code == 1 and "try again in" in err
    assert board.setting("cell_ov1_mv") == 4200


def test_without_password_and_terminal_it_says_how_to_give_one(board, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    code, _, err = board.run("set", "cell_ov1=4.19V", password=None)
    assert code == 2 and "CELLWARDEN_PASSWORD" in err


def test_charger_port_cannot_write(request):
    board = CliBoard(port=1)
    request.addfinalizer(board.unplug)
    code, _, err = board.run("set", "cell_ov1=4.19V")
    assert code == 1 and "RS485-2" in err
    assert board.setting("cell_ov1_mv") == 4200


def test_lost_reply_to_a_commit_is_not_taken_for_a_failure(board, monkeypatch):
    monkeypatch.setattr("cellwarden_host.board.COMMAND_TIMEOUT_MS", 50)
    monkeypatch.setattr("cellwarden_host.board.TIMEOUT_MS", 50)
    board.forget_commit = True
    code, out, err = board.run("set", "cell_ov1=4.19V")
    assert (code, err) == (0, "")
    assert not board.forget_commit and board.setting("cell_ov1_mv") == 4190


def test_preset_commissions_a_fresh_board(fresh):
    code, out, err = fresh.run(
        "preset", "lfp", "--cells", "16", "--capacity", "100Ah", "--confirm", "--yes"
    )
    assert (code, err) == (0, "")
    assert "3.650 V" in out
    settings = fresh.desk.controller.settings
    assert settings.commissioned and settings.value[ids.CELL_OV1_MV] == 3650


def test_preset_without_confirm_leaves_the_board_uncommissioned(fresh):
    code, out, _ = fresh.run("preset", "lfp", "--cells", "16", "--capacity", "100", "--yes")
    assert code == 0 and "confirmed=yes" in out
    assert not fresh.desk.controller.settings.commissioned
    assert fresh.setting("capacity_mah") == 100_000


def test_preset_asks_before_it_writes(fresh, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    code, out, err = fresh.run("preset", "lfp", "--cells", "16", "--capacity", "100Ah")
    assert code == 2 and "--yes" in err and "3.650 V" in out
    assert fresh.setting("cell_count") == 0


def test_preset_confirms_nothing_that_is_not_known(fresh):
    code, _, err = fresh.run("preset", "lfp", "--cells", "16", "--confirm", "--yes")
    assert code == 2 and "--capacity" in err
    assert fresh.setting("chemistry") == 0


def test_settings_file_moves_a_setup_to_the_next_board(board, fresh, tmp_path):
    file = tmp_path / "pack.json"
    assert board.run("set", "cell_ov1=4.19V")[0] == 0
    code, out, _ = board.run("get", "--all", "--out", str(file))
    assert code == 0 and str(file) in out
    code, _, err = fresh.run("set", "--file", str(file))
    assert (code, err) == (0, "")
    assert fresh.setting("cell_ov1_mv") == 4190 and fresh.setting("cell_count") == 24
    assert fresh.setting("current_calibrated") == 0, "calibration belongs to one board"
    assert fresh.setting("confirmed") == 0, "a file takes no responsibility"
    fresh.cells(24)
    assert fresh.run("set", "--file", str(file), "--confirm")[0] == 0
    assert fresh.setting("confirmed") == 1


def test_settings_file_is_refused_as_a_whole_with_every_mistake(board, tmp_path):
    file = tmp_path / "pack.json"
    board.run("get", "--all", "--out", str(file))
    document = json.loads(file.read_text())
    document["settings"].update(
        {"cell_ov1_mv": "4.1 A", "no_such": 1, "charge_current_ma": "30 A", "buzzer": True}
    )
    file.write_text(json.dumps(document))
    code, _, err = board.run("set", "--file", str(file))
    assert code == 1
    assert "cell_ov1_mv" in err and "no_such" in err and "buzzer" in err
    assert board.setting("charge_current_ma") == 40_000


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{", 1),
        ("[]", 1),
        ('{"format": "other"}', 1),
        ('{"format": "cellwarden settings", "schema_version": 99, "settings": {}}', 1),
        ('{"format": "cellwarden settings", "schema_version": 1}', 1),
    ],
)
def test_file_that_is_no_settings_file(board, tmp_path, content, code):
    file = tmp_path / "x.json"
    file.write_text(content)
    assert board.run("set", "--file", str(file))[0] == code
    assert board.run("set", "--file", str(tmp_path / "none.json"))[0] == 2


def test_switch_is_a_permission_that_is_stored(board):
    board.tick(100)
    code, out, err = board.run("switch", "charge", "off", "heater", "charge")
    assert (code, err) == (0, "")
    assert "charge_wanted: off" in out and "heater_mode: charge" in out
    board.tick(20)
    assert not board.desk.charge and board.desk.discharge


def test_texts_are_set_by_name(board):
    code, out, err = board.run("set", "device_name=Shed 3")
    assert (code, err) == (0, "")
    assert "Shed 3" in board.run("get", "device_name")[1]


def test_password_changes_and_the_old_one_is_worth_nothing(board, monkeypatch):
    monkeypatch.setenv("CELLWARDEN_NEW_PASSWORD", "better-1234")
    code, _, err = board.run("password")
    assert (code, err) == (0, "")
    assert board.run("set", "cell_ov1=4.19V")[0] == 1
    assert board.run("set", "cell_ov1=4.19V", password="better-1234")[0] == 0


def test_a_board_gets_its_factory_role_before_it_is_set_up(board, fresh, monkeypatch):
    monkeypatch.setenv("CELLWARDEN_NEW_PASSWORD", "factory-1")
    assert board.run("password", "--first-factory")[0] == 1, "it has been commissioned"
    assert fresh.run("set", "current_gain_ppm=1010000", password="factory-1")[0] == 1
    code, out, err = fresh.run("password", "--first-factory")
    assert (code, err) == (0, "") and "factory" in out
    assert fresh.run("set", "current_gain_ppm=1010000")[0] == 1, "the installer may not"
    assert fresh.run("set", "current_gain_ppm=1010000", password="factory-1")[0] == 0
    assert fresh.setting("current_gain_ppm") == 1_010_000


@pytest.mark.parametrize("new", ["short", "x" * 17])
def test_password_of_a_wrong_length(board, monkeypatch, new):
    monkeypatch.setenv("CELLWARDEN_NEW_PASSWORD", new)
    code, _, err = board.run("password")
    assert code == 2 and "6 to 16 bytes" in err


def test_do_carries_out_a_command_once(board):
    code, _, err = board.run("do", "disconnect_replaced")
    assert (code, err) == (0, "")
    assert board.desk.controller.requests.save_state
    board.tick()
    journal = board.run("journal")[1]
    assert journal.count("disconnect_replaced") == 1


def test_do_asks_before_what_is_grave(board, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    code, _, err = board.run("do", "restart")
    assert code == 2 and "--yes" in err
    assert not board.desk.controller.requests.restart
    assert board.run("do", "restart", "--yes")[0] == 0
    assert board.desk.controller.requests.restart
