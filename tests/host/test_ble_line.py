"""The host over Bluetooth: the same as over a cable, and what a radio can do besides.

The boards are bumble peripherals on the simulator's air, with the real core behind them.
"""

import json
import threading

import pytest
from ble_board import ADDRESS, NAME, PASSKEY, Air, BleBoard
from cli_board import PASSWORD, run

from cellwarden.tables import rows
from cellwarden_host import catalog, session, transaction
from cellwarden_host.bluetooth import line as ble_line
from cellwarden_host.bluetooth.line import BleLine
from cellwarden_host.bluetooth.place import Access, passkey_of
from cellwarden_host.board import Board
from cellwarden_host.link import Line, open_line
from cellwarden_host.monitor import Source
from cellwarden_host.problems import BadInput, NoConnection, Refused
from cellwarden_host.update import vendor
from cellwarden_host.web import ports
from cellwarden_host.web.station import LOST, Station, Where

PORT = "ble:" + NAME


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """Waiting is short; who this computer is on the air, nobody else sees."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("CELLWARDEN_PASSKEY", raising=False)
    monkeypatch.setattr(ble_line, "FIND_S", 1.0)
    monkeypatch.setattr(ble_line, "LOOK_S", 0.2)
    monkeypatch.setattr(ble_line.BleLine, "reply_ms", 300)


@pytest.fixture
def air():
    made = Air()
    yield made
    made.close()


@pytest.fixture
def board(air, tmp_path):
    made = BleBoard(air, tmp_path)
    yield made
    made.unplug()


def access(board, passkey=PASSKEY):
    return Access(board.ready_file, lambda: passkey)


def over_the_air(board, *args, port=PORT, passkey=PASSKEY, password=PASSWORD):
    line = ("--port", port, "--ready-file", str(board.ready_file))
    key = ("--passkey", f"{passkey:06d}") if passkey is not None else ()
    return run(*args, *line, *key, password=password)


# --- finding


def test_scan_lists_who_calls_out(board):
    code, out, _ = run("scan", "--json", "--seconds", "0.2", "--ready-file", str(board.ready_file))
    assert code == 0
    assert json.loads(out) == [
        {
            "name": NAME,
            "address": ADDRESS,
            "rssi_dbm": -50,
            "port": "ble:" + ADDRESS,
            "simulated": True,
        }
    ]
    board.leave_air()
    code, out, err = run("scan", "--seconds", "0.1", "--ready-file", str(board.ready_file))
    assert code == 3 and out == "" and "no board is in sight" in err


@pytest.mark.parametrize(
    "port", ["ble:", PORT, PORT.lower(), "BLE:" + ADDRESS, "ble:" + ADDRESS.replace(":", "")]
)
def test_a_board_is_found_by_name_by_address_or_because_it_is_the_only_one(board, port):
    with BleLine(port, access(board)) as line:
        assert Board(line).read([catalog.READING["pack_10mv"]]).one("pack_10mv") == 8880


def test_of_several_boards_one_has_to_be_named(air, board, tmp_path):
    (tmp_path / "other").mkdir()
    other = BleBoard(air, tmp_path / "other", "Cellwarden-3C4D", "F0:F1:F2:F3:F4:00")
    with pytest.raises(BadInput, match="3C4D.*1A2B|1A2B.*3C4D"):
        BleLine("ble:", access(board))
    with pytest.raises(NoConnection, match="no board Nemo is in sight.*1A2B"):
        BleLine("ble:Nemo", access(board))
    with BleLine("ble:Cellwarden-3C4D", access(board)) as line:
        Board(line).check_schema()
        assert other.requests == 1 and board.requests == 0
    other.unplug()


def test_a_board_that_talks_to_somebody_else_is_not_in_sight(board):
    with BleLine(PORT, access(board)):
        with pytest.raises(NoConnection, match="no other phone connected"):
            BleLine(PORT, access(board))


# --- the same as over a cable


def test_readings_and_journal_are_the_same_over_both(board):
    def told(text):
        readings = json.loads(text)["readings"]
        return {name: one for name, one in readings.items() if not name.startswith("session")}

    by_cable = board.run("read", "--json")
    by_air = over_the_air(board, "read", "--json")
    assert by_air[0] == 0 and told(by_air[1]) == told(by_cable[1])
    assert over_the_air(board, "journal")[:2] == board.run("journal")[:2]


def test_a_setting_is_written_with_a_session_of_this_port(board):
    code, out, err = over_the_air(board, "set", "cell_ov1=4.19V", "charge_current=30A")
    assert (code, err) == (0, "") and "read back" in out
    assert board.setting("cell_ov1_mv") == 4190 and board.setting("charge_current_ma") == 30_000
    assert board.desk.controller.access.role(3) == rows.ANYONE, "logged out again"


def test_a_wrong_password_opens_nothing(board):
    code, _, err = over_the_air(board, "set", "cell_ov1=4.19V", password="654321")
    assert code == 1 and "wrong password" in err
    assert board.setting("cell_ov1_mv") == 4200


def test_a_link_of_the_smallest_pieces_carries_the_longest_frames(board):
    board.device.gatt_server.max_mtu = 23
    with BleLine(PORT, access(board)) as line:
        values = Board(line).read(catalog.SETTINGS)
        assert values.one("cell_ov1_mv") == 4200
        assert board.chunks and max(len(chunk) for chunk in board.chunks) <= 20


# --- pairing


def test_without_the_passkey_nothing_is_told(board):
    code, out, err = over_the_air(board, "read", passkey=None)
    assert code == 3 and out == ""
    assert "--passkey" in err and "CELLWARDEN_PASSKEY" in err and "bluetooth passkey" in err
    assert board.requests == 0


def test_a_wrong_passkey_is_told(board):
    code, out, err = over_the_air(board, "read", passkey=654321)
    assert code == 3 and out == "" and "does not take this passkey" in err
    assert board.requests == 0


def test_a_pairing_lasts_until_the_board_forgets_it(board):
    BleLine(PORT, access(board)).close()
    BleLine(PORT, access(board, None)).close()
    board.forget_bonds()
    with pytest.raises(NoConnection, match="asks for its passkey"):
        BleLine(PORT, access(board, None))
    BleLine(PORT, access(board)).close()


def test_a_board_that_cannot_pair_says_so(air, tmp_path):
    board = BleBoard(air, tmp_path, secure=False)
    with pytest.raises(NoConnection, match="cannot pair securely.*RS485"):
        BleLine(PORT, access(board))
    board.unplug()


@pytest.mark.parametrize("text", ["12345", "1234567", "12345a", "", "١٢٣٤٥٦"])
def test_a_passkey_is_six_digits(text):
    with pytest.raises(BadInput, match="6 digits"):
        passkey_of(text)
    assert passkey_of(" 001 234 ") == 1234


# --- losing it


def test_a_link_lost_while_waiting_is_told_at_once(board):
    board.drop_after = 0
    with BleLine(PORT, access(board)) as line:
        line.write(bytes.fromhex("010300000001840a"))
        with pytest.raises(NoConnection, match="is lost"):
            line.read(7, 600_000)
        for touch in (line.discard, lambda: line.write(b"x"), lambda: line.read(1, 1)):
            with pytest.raises(NoConnection, match="is lost"):
                touch()


def test_a_link_lost_in_a_transaction_leaves_nothing_of_it(board):
    with BleLine(PORT, access(board)) as line:
        over = Board(line)
        session.log_in(over, PASSWORD, rows.INSTALLER)
        board.drop_after = board.requests + 1  # begin is answered, the write is not
        with pytest.raises(NoConnection, match="is lost"):
            transaction.write(over, {("cell_ov1_mv", 0): 4190})
        line.reopen()
        board.tick(2)
        assert over.read([catalog.SETTING["cell_ov1_mv"]]).one("cell_ov1_mv") == 4200
        with pytest.raises(Refused):
            over.command("commit", 1)
    code, _, _ = board.run("set", "cell_ov1=4.18V")
    assert code == 0, "nobody's transaction is in the way"


def test_a_board_that_does_not_answer_is_not_told_to_be_a_cable(board):
    board.silent = True
    with BleLine(PORT, access(board)) as line:
        with pytest.raises(NoConnection, match="another address") as caught:
            Board(line).check_schema()
        assert "A and B" not in str(caught.value)
        assert board.requests == 1, "a late reply would be taken for the next one's"
        with pytest.raises(NoConnection, match="is lost"):
            Board(line).check_schema()
        board.silent = False
        line.reopen()
        Board(line).check_schema()


def test_a_link_that_breaks_while_it_is_made_is_made_once_more(board):
    board.drop_links = 1
    with BleLine(PORT, access(board)) as line:
        Board(line).check_schema()
    board.drop_links = 2
    with pytest.raises(NoConnection, match="ended the connection|lost"):
        BleLine(PORT, access(board))


def test_a_simulator_that_ends_is_a_lost_link(air, board):
    with BleLine(PORT, access(board)) as line:
        air.hang_up()
        with pytest.raises(NoConnection, match="is lost"):
            line.read(1, 600_000)


def test_watching_finds_the_board_again(board):
    source = Source(lambda: PORT, 115_200, 1, access(board))
    assert source.look()
    board.drop_after = board.requests
    assert not source.look() and "is lost" in source.trouble
    source._access = access(board, None)
    assert source.look() and not source.trouble, "as who was paired with"
    source.close()


# --- the PC software


def test_the_pc_software_connects_and_says_when_it_is_lost(board, monkeypatch):
    ports.look_in(board.ready_file, lambda: PASSKEY)
    assert ports.look_around(0.2) == 1
    assert f"Bluetooth: {NAME}" in ports.found().values()
    station = Station(every_s=0.01)
    moved = threading.Event()
    station.listeners.append(lambda _: moved.set())
    try:
        station.connect(Where("ble:" + ADDRESS, 9600, 1))
        assert moved.wait(20), station.trouble
        assert station.snapshot.get("pack_10mv") == 8880
        assert station.where.baud == 9600, "what a cable needs is kept"
        board.leave_air()
        for _ in range(2000):
            if station.link == LOST:
                break
            threading.Event().wait(0.01)
        assert station.link == LOST and not station.fresh
    finally:
        station.close()
        ports.look_in(ports.default_ready_file())


# --- what a radio does not carry


def test_what_needs_a_cable_says_so(board):
    with pytest.raises(BadInput, match="serial port only"):
        Line("ble:x", 9600)
    with BleLine(PORT, access(board)) as line:
        with pytest.raises(Refused, match="no line rate"):
            line.set_baud(9600)
        with pytest.raises(Refused, match="live"):
            vendor.run_vendor(line, None, lambda _: None)
    code, _, err = over_the_air(board, "update", "x.cwfw", "--vendor")
    assert code == 1 and "RS485-2 only" in err and "live" in err
    code, _, err = over_the_air(board, "bluetooth", "passkey", "271828")
    assert code == 1 and "RS485-2 only" in err


def test_a_line_rate_written_over_the_air_is_for_the_cable(board):
    with open_line(PORT, 115_200, access(board)) as line:
        over = Board(line)
        session.log_in(over, PASSWORD, rows.INSTALLER)
        transaction.write(over, {("rs485_2_baud", 0): 96, ("device_address", 0): 9})
        assert over.unit == 9 and board.setting("rs485_2_baud") == 96
