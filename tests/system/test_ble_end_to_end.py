"""The command line over Bluetooth, through everything: bleak, bumble's air, MicroPython, the pack.

One simulated Pico W in a process of its own, with its PC port beside it to compare with.
"""

import json
import os
import subprocess
import sys

import pytest

from cellwarden.tables import rows
from cellwarden_host import catalog, control_port, session
from cellwarden_host.bluetooth.line import BleLine
from cellwarden_host.bluetooth.place import Access
from cellwarden_host.board import Board
from cellwarden_host.link import Line
from cellwarden_host.problems import NoConnection
from cellwarden_host.sim_process import simulated_board

PASSWORD = "123456"
# What a session or the radio itself changes.
OF_THE_PORT = ("session_", "ble_", "journal_", "lockout_")
OV1 = catalog.SETTING["cell_ov1_mv"]


class Reached:
    """A board by cable and by air; ``run`` is the command on one of them."""

    def __init__(self, ready):
        self.ready = ready
        self.ports = json.loads(ready.read_text())
        self.cable = self.ports["rs485_2"]
        with Line(self.cable, 115_200) as line:
            texts = Board(line).read(catalog.TEXTS).texts
        self.air = "ble:" + texts["bluetooth_address"]

    def run(self, *args, port=None, password=PASSWORD, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "cellwarden_host.cli", *args, "--port", port or self.cable]
            + ["--ready-file", str(self.ready)]
            + (["--passkey", self.passkey()] if port else []),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "CELLWARDEN_PASSWORD": password},
            timeout=60,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    def passkey(self):
        """The one for the next pairing."""
        row = catalog.NAMED["bluetooth_passkey"]
        with Line(self.cable, 115_200) as line:
            over = Board(line)
            with session.logged_in(over, lambda: PASSWORD, rows.INSTALLER):
                return over.read([row]).texts[row.name]

    def access(self, passkey=True):
        digits = int(self.passkey()) if passkey else None
        return Access(self.ready, lambda: digits)

    def read(self, row):
        with Line(self.cable, 115_200) as line:
            return Board(line).read([row]).one(row.name)


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    with simulated_board(["--board", "pico_w_24s"]) as ready:
        yield Reached(ready)
    patch.undo()


def readings(port):
    """Everything that a port tells, by name."""
    with port as line:
        values = Board(line).read([*catalog.READINGS, *catalog.SETTINGS, *catalog.TEXTS])
    names = [row.name for row in (*catalog.READINGS, *catalog.SETTINGS)]
    return {name: values.all(name) for name in names} | values.texts


def test_what_does_not_move_is_the_same_over_both(board):
    access = board.access()
    wrong = set(catalog.NAMED)
    for _ in range(4):  # a voltage that trembles may seem to stand still, but not always
        before = readings(Line(board.cable, 115_200))
        by_air = readings(BleLine(board.air, access))
        after = readings(Line(board.cable, 115_200))
        still = [
            name
            for name in before
            if before[name] == after[name] and not name.startswith(OF_THE_PORT)
        ]
        wrong &= {name for name in still if by_air[name] != before[name]}
        if len(still) > 130 and not wrong:
            break
    assert len(still) > 130, "little stood still, so little was compared"
    assert not wrong
    told = json.loads(board.run("read", "--json", port=board.air))["readings"]
    cells = json.loads(board.run("read", "--json"))["readings"]
    assert set(told) == set(cells) and told["ble_state"]["value"] == "secured"
    assert told["cells_in_series"] == cells["cells_in_series"]


def test_settings_are_written_over_the_air_with_the_password(board):
    wrong = board.run("set", "cell_ov1=4.18V", port=board.air, password="654321", code=1)
    assert "wrong password" in wrong and board.read(OV1) == 4200
    assert "read back" in board.run("set", "cell_ov1=4.19V", port=board.air)
    assert board.read(OV1) == 4190
    assert "over Bluetooth" in board.run("journal", "--limit", "4")


def test_a_link_that_breaks_in_a_transaction_leaves_nothing_behind(board):
    before = board.read(OV1)
    with BleLine(board.air, board.access()) as line:
        over = Board(line)
        session.log_in(over, PASSWORD, rows.INSTALLER)
        over.command("begin", 1)
        over.write(OV1.address, [4170])
    assert "read back" in board.run("set", "cell_ov_recover=4.09V"), "no transaction is in the way"
    assert board.read(OV1) == before


def test_a_restart_is_told_at_once_and_the_pairing_outlives_it(board):
    with BleLine(board.air, board.access()) as line:
        over = Board(line)
        over.check_schema()
        control_port.ask(board.ports["control"], {"cmd": "reset"})
        with pytest.raises(NoConnection, match="is lost"):
            line.read(1, 60_000)
    with BleLine(board.air, board.access(passkey=False)) as line:
        Board(line).check_schema()
