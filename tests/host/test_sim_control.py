"""The control port, and a simulator that stays: starting, finding, ending it."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sim_bench import running, wait_until

from cellwarden_host.sim.control import ControlClient, ControlServer
from cellwarden_host.sim.layout import SimError

MAIN = """
import time
from machine import UART, Pin
gate = Pin(10, Pin.OUT, value=1)
beat = Pin(13, Pin.OUT, value=0)
uart = UART(1, 115200)
Pin(3, Pin.OUT, value=1)
open("/boots", "a").close()
while True:
    beat.toggle()
    uart.write(b"beat")
    time.sleep_ms(100)
"""


@pytest.fixture
def control(tmp_path):
    """A client of a board that stands still until it is told to go on."""
    with running(tmp_path, MAIN, power=False) as board:
        board.start()
        quits = threading.Event()
        server = ControlServer(board, quits.set)
        client = ControlClient(server.port)
        client.board, client.quits = board, quits
        client("advance", ms=1000)
        yield client
        client.close()
        server.close()


def test_time_stands_still_until_advanced(control):
    before = control("status")
    assert control("status")["t_ms"] == before["t_ms"]
    assert 1000 <= before["t_ms"] <= 1010 and before["speed"] == "stepped"
    assert before["gates_enabled"] and before["outputs"]["charge_gate"] == 1
    assert before["resets"] == [[0, 1]]
    assert control("advance", ms=500)["t_ms"] >= before["t_ms"] + 500


def test_it_runs_by_itself_when_given_a_speed(control):
    assert control("speed", speed=0)["speed"] == 0
    start = control("status")["t_ms"]
    while control("status")["t_ms"] < start + 2000:
        pass
    assert control("speed", speed="stepped")["speed"] == "stepped"


def test_power_and_reset(control):
    control("unplug")
    control("advance", ms=1000)
    status = control("status")
    assert not status["powered"] and not status["gates_enabled"]
    assert status["outputs"]["charge_gate"] == 0
    control("plug")
    control("advance", ms=500)
    control("reset")
    control("advance", ms=500)
    assert [cause for _, cause in control("status")["resets"]] == [1, 1, 2]


def test_flash_is_cut_and_slowed(control):
    assert control("cut_flash", after=0, torn=False)["flash_writes"] >= 0
    control("reset")
    control("advance", ms=1000)
    assert not control("status")["powered"]
    control("flash_timing", timing="worst")
    assert control.board.flash.erase_us == 400_000


def test_serial_lines_by_hand(control):
    taken = control("uart_take", port="rs485_2")["sent"]
    assert {bytes.fromhex(run["hex"]) for run in taken} == {b"beat"}
    assert control("uart_take", port="rs485_2")["sent"] == []
    control("uart_send", port="rs485_1", hex="0103")


def test_faults_and_truth_go_to_the_plant(control):
    assert control("inject", fault="short_latched", args=[1])["text"] == "short_latched is 1"
    assert control.board.plant.inputs == {"short_latched": 1}
    assert control("clear")["text"] == "all clear"
    assert control("truth")["truth"]["events"] > 3
    assert control("faults")["faults"]["open_wire"]["args"] == ["wire"]


def test_a_parameter_of_the_plant_is_set_by_name(control):
    control.board.plant.ambient_dc = 250
    assert control("set", name="ambient_dc", value=-100) == {"was": 250, "value": -100}
    assert control.board.plant.ambient_dc == -100
    for name in ("no_such", "log", "_private", "inject"):
        with pytest.raises(SimError, match="no parameter"):
            control("set", name=name, value=1)


@pytest.mark.parametrize(
    "request_, says",
    [
        ({"cmd": "nonsense"}, "there are: help, status"),
        ({"cmd": "advance"}, "'ms' is missing"),
        ({"cmd": "advance", "ms": -1}, "0 to a day"),
        ({"cmd": "advance", "ms": "x"}, "could not convert"),
        ({"cmd": "uart_send", "port": "com1", "hex": ""}, "no port 'com1'"),
        ({"cmd": "uart_send", "port": "rs485_1", "hex": "0"}, "hex"),
        ({"cmd": "flash_timing", "timing": "slow"}, "typical or worst"),
    ],
)
def test_wrong_requests_say_why(control, request_, says):
    with pytest.raises(SimError, match=says):
        control(**request_)


def test_rubbish_is_answered_and_the_connection_lives(control):
    for line in (b"rubbish\n", b"[]\n", b"\xff\xfe\n"):
        control._file.write(line)
        control._file.flush()
        assert json.loads(control._file.readline())["ok"] is False
    control("status")


def test_quit_is_passed_on(control):
    control("quit")
    assert control.quits.wait(30)


def start_simulator(tmp_path, *options):
    """The `cellwarden sim` command in its own process, once its ready file is there."""
    ready = tmp_path / "ready.json"
    code = "import sys; from cellwarden_host.cli import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "sim", "--ready-file", str(ready), *options],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert wait_until(lambda: ready.exists() or process.poll() is not None)
    assert process.poll() is None, process.stdout.read().decode()
    return process, ready, json.loads(ready.read_text())


def children_of(pid):
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(folder.name))
    return found


def gone(pid):
    """The process has ended (a zombie that nobody has buried has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, "quit"])
def test_a_simulator_leaves_nothing_behind(tmp_path, ending):
    process, ready, ports = start_simulator(tmp_path)
    try:
        assert set(ports) >= {"repl", "rs485_1", "rs485_2", "control"}
        client = ControlClient(ports["control"])
        assert client("status")["powered"]
        children = children_of(process.pid)
        assert children
        if ending == "quit":
            client("quit")
        else:
            process.send_signal(ending)
        code = process.wait(30)
        assert code == (-signal.SIGKILL if ending == signal.SIGKILL else 0)
        assert wait_until(lambda: all(gone(child) for child in children))
        assert ready.exists() == (ending == signal.SIGKILL)
        client.close()
    finally:
        process.kill()
        process.wait()


def test_a_flash_file_keeps_what_the_board_was_told(tmp_path):
    image = str(tmp_path / "flash.img")
    for _ in range(2):
        process, _, ports = start_simulator(tmp_path, "--flash", image)
        client = ControlClient(ports["control"])
        client("quit")
        assert process.wait(30) == 0
        client.close()
    listed = json.loads((tmp_path / "flash.img.files").read_text())
    assert "/boot.py" in listed and not any(path.startswith("/data") for path in listed)
