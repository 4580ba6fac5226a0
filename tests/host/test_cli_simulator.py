"""`inject` against a control port, and the faults that can be listed."""

import json
import socket
import threading

import pytest
from cli_board import run

from cellwarden_host.sim.faults import FAULTS


@pytest.fixture
def control():
    """A control port that answers each request with what ``answer`` says, and keeps it."""

    class Control:
        answer = {"ok": True, "text": "done so"}
        asked = []

    server = socket.create_server(("127.0.0.1", 0))
    found = Control()
    found.asked = []
    found.port = str(server.getsockname()[1])

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, connection.makefile("rw") as line:
                found.asked.append(json.loads(line.readline()))
                line.write(json.dumps(found.answer) + "\n")
                line.flush()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield found
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def test_inject_passes_the_fault_on(control):
    code, out, _ = run("inject", "--control", control.port, "cell", "7", "4250")
    assert (code, out) == (0, "done so\n")
    assert control.asked == [{"cmd": "inject", "fault": "cell", "args": ["7", "4250"]}]


def test_inject_takes_negative_numbers(control):
    assert run("inject", "--control", control.port, "current", "-90000")[0] == 0
    assert control.asked[0]["args"] == ["-90000"]


def test_clear_one_or_all(control):
    assert run("inject", "--control", control.port, "--clear")[0] == 0
    assert run("inject", "--control", control.port, "--clear", "cell")[0] == 0
    assert [request["fault"] for request in control.asked] == ["all", "cell"]
    assert {request["cmd"] for request in control.asked} == {"clear"}


def test_refusal_is_in_the_simulators_words(control):
    control.answer = {"ok": False, "error": "cell must be 1 to 24, not 77"}
    code, _, err = run("inject", "--control", control.port, "cell", "77", "1")
    assert code == 1 and "1 to 24" in err


def test_no_simulator(tmp_path):
    code, _, err = run("inject", "--ready-file", str(tmp_path / "none"), "soc", "500")
    assert code == 2 and "cellwarden sim" in err
    code, _, err = run("inject", "--control", "1", "soc", "500")
    assert code == 3 and "cellwarden sim" in err


def test_list_names_every_fault_with_its_arguments():
    code, out, _ = run("inject", "--list", "--json")
    told = json.loads(out)
    assert code == 0 and list(told) == list(FAULTS)
    assert told["cell"]["args"] == ["cell", "mv"]
    assert "cell_drift" in run("inject", "--list")[1]


@pytest.mark.parametrize("args", [("inject",), ("inject", "--clear", "cell", "x")])
def test_nothing_or_too_much_asked(args):
    assert run(*args)[0] == 2


@pytest.mark.parametrize(
    "command",
    [
        "sim",
        "run",
        "inject",
        "read",
        "monitor",
        "get",
        "set",
        "preset",
        "switch",
        "clear",
        "calibrate",
        "do",
        "password",
        "alarms",
        "journal",
    ],
)
def test_every_command_explains_itself_with_examples(command):
    code, out, _ = run(command, "--help")
    assert code == 0 and f"cellwarden {command}" in out.split("examples:")[1]
