"""A bad line: wrong port, silence, noise, a pulled cable. Exit code 3 and what to do."""

import os
import pty
import socket
import threading

import pytest
from cli_board import CliBoard, run

from cellwarden_host.link import Line
from cellwarden_host.monitor import Source
from cellwarden_host.ready_file import KEYS, read_ready_file


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("cellwarden_host.board.TIMEOUT_MS", 30)
    monkeypatch.setattr("cellwarden_host.board.COMMAND_TIMEOUT_MS", 30)


@pytest.fixture
def board():
    made = CliBoard()
    yield made
    made.unplug()


def test_port_that_does_not_exist():
    code, _, err = run("read", "--port", "/dev/no-such-port")
    assert code == 3 and "no port /dev/no-such-port" in err and "Traceback" not in err


def test_port_that_is_no_serial_port(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    code, _, err = run("read", "--port", str(file))
    assert code == 3 and "not a serial port" in err


def test_port_that_another_program_has(board):
    with Line(board.port, 115200):
        code, _, err = board.run("read")
    assert code == 3 and "in use" in err


def test_silence_says_which_rates_and_addresses_to_try(board):
    board.mute = True
    code, _, err = board.run("read")
    assert code == 3
    assert "--baud" in err and "9600" in err and "115200" in err and "--unit" in err


def test_another_address_is_silence(board):
    code, _, err = board.run("read", "--unit", "2")
    assert code == 3 and "unit 2" in err


def test_spoiled_replies_are_never_believed(board):
    board.spoil = True
    code, out, err = board.run("read")
    assert code == 3 and out == "" and "no Modbus reply" in err


def test_noise_before_replies_does_no_harm(board):
    board.noise = b"\x00\xff\x01\x03\x55"
    code, out, _ = board.run("get", "cell_ov1")
    assert code == 0 and "4.200 V" in out


def test_cable_pulled_while_reading():
    master, slave = pty.openpty()
    port = os.ttyname(slave)

    def pull():
        os.read(master, 8)
        os.close(slave)
        os.close(master)

    thread = threading.Thread(target=pull)
    thread.start()
    code, out, err = run("read", "--port", port)
    thread.join()
    assert code == 3 and out == "" and "has gone" in err


def test_monitor_outlives_a_pulled_cable_and_finds_the_board_again():
    boards = [CliBoard(), CliBoard()]
    source = Source(lambda: boards[0].port, 115200, 1)
    assert source.look()
    boards[0].unplug()
    for _ in range(2):
        assert not source.look() and source.trouble
    del boards[0]
    assert source.look() and not source.trouble
    source.close()
    boards[0].unplug()


def test_line_that_goes_away_while_writing_leaves_the_board_as_it_was(board):
    board.spoil = True
    code, _, _ = board.run("set", "cell_ov1=4.19V")
    assert code == 3
    assert board.setting("cell_ov1_mv") == 4200


def test_no_port_and_no_simulator(tmp_path):
    code, _, err = run("read", "--ready-file", str(tmp_path / "none.json"))
    assert code == 2 and "--port" in err and "cellwarden sim" in err


def test_running_simulator_is_found_by_its_file(board, tmp_path):
    file = tmp_path / "sim.json"
    with socket.create_server(("127.0.0.1", 0)) as control:
        ports = dict.fromkeys(KEYS, board.port) | {"control": control.getsockname()[1]}
        file.write_text(__import__("json").dumps(ports))
        code, out, _ = run("get", "cell_ov1", "--ready-file", str(file))
        assert code == 0 and "4.200 V" in out
    assert read_ready_file(file) is None, "its simulator has ended"
    file.write_text("{")
    assert read_ready_file(file) is None
