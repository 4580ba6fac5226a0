"""`cellwarden flash` on a simulated board: a new version arrives, and no pulled cable harms it.

An old firmware runs with a load on. Whatever happens while a new one is put on the board, it
then starts as the whole old firmware, as the whole new one, or not at all with every output
off; and the same command finishes the job. CELLWARDEN_PULLS says how often a cable is pulled;
the seed is fixed, so a moment that failed is met again.
"""

import io
import json
import os
import random
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest
import serial
from other_firmware import slot_with
from station import PINS, Station

from cellwarden_host import board_check, board_folders
from cellwarden_host.cli import main
from cellwarden_host.flash import plan, remote
from cellwarden_host.flash.on_board import BoardFiles
from cellwarden_host.sim.compiling import compiled
from cellwarden_host.sim.image import flash_files, program
from firmware.version import VERSION

CHAIN = 5  # pulls on one board
PULLS = int(os.environ.get("CELLWARDEN_PULLS", "20"))
OLD = "0.0.9"
HEARTBEAT_MS = 500
SPEED = 5.0
CHANGED = 5  # modules of the old firmware that differ from the new one's
DIFFER = 4  # files on the board: the slot and its manifest, boot.py, main.py
NOTE = b"mine\n"
MINE = ("/note.txt", "/mine.bin")
SETTINGS = {"cell_ov1_mv": 4185, "cell_ov2_mv": 4290}
FOLDER = board_check.opened(board_folders.root() / "sim")
HOW = ("the cable", "the power", "the power in the middle of a write to flash")


def old_firmware():
    """Flash path -> contents: an older firmware that works, as far as it differs."""
    texts = program("sim").texts
    modules = {}
    for path in sorted(texts)[:: len(texts) // CHANGED]:
        if not path.endswith(("_viper.py", "/version.py")):
            modules[path[1:-3] + ".mpy"] = compiled(texts[path], "older")  # with line numbers
    old = slot_with(modules, OLD)
    for path in ("/boot.py", "/main.py"):
        old[path] = flash_files("sim")[path].read_bytes() + b"# older\n"
    old["/firmware/left_over.py"] = b"raise SystemExit\n"
    old["/note.txt"] = NOTE
    return old


@pytest.fixture(scope="module")
def old():
    return old_firmware()


class Bench:
    """A board at work with an older firmware, a load on, settings of its own."""

    def __init__(self, station, old):
        new = {file.path: file for file in plan.wanted("sim", True)}
        mine = {path: plan.File.of(path, data) for path, data in old.items() if path not in MINE}
        self.releases = {VERSION: tuple(new.values()), OLD: tuple({**new, **mine}.values())}
        self.differ = mine.keys()
        self.station = station(extra=old, settings=SETTINGS, ptys=True)
        self.port = self.station.board.ptys["repl"].path
        self.rs485 = self.station.board.ptys["rs485_2"].path
        self.station.start()
        self.station.inject("load_connect", 20_000)
        self.station.advance(1000)

    def flash(self, *options, version=VERSION):
        """(exit code, standard output, standard error) of ``cellwarden flash``."""
        out, err = io.StringIO(), io.StringIO()
        words = ["flash", "--board", "sim", "--yes", "--port", self.port, *options]
        with (
            pytest.MonkeyPatch.context() as shelf,
            self.station.paced(SPEED),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            shelf.setattr(plan, "wanted", lambda *_: self.releases[version])
            code = main(words)
        return code, out.getvalue(), err.getvalue()

    def finish(self, version=VERSION):
        """Flash again, which must work; this firmware runs with the same settings."""
        code, out, err = self.flash("--json", version=version)
        assert code == 0, f"{err}; {self.station.story()}"
        self.runs(version)
        for name, value in SETTINGS.items():
            assert self.station.read(name) == value, "settings stay"
        return json.loads(out)

    def runs(self, version):
        self.station.until_served()
        self.station.advance(300)
        assert self.station.read("firmware_version") == version
        assert not self.station.active("settings_lost")

    def hashes(self):
        """What is on the board."""
        with self.station.paced(SPEED), remote.opened(self.port) as opened:
            files = BoardFiles(opened)
            held = files.hashes(plan.roots(self.releases[VERSION]))
            files.reset()
        return held

    def commanded(self):
        return [name for name in PINS if self.station.plant.pins[name]]


@pytest.fixture
def bench(station, old):
    return Bench(station, old)


@pytest.mark.parametrize("tool", remote.TOOLS)
def test_a_board_at_work_gets_a_new_firmware_and_works_on(bench, tool):
    station = bench.station
    assert station.charge_closed and station.discharge_closed
    began_ms = station.now_ms
    code, out, err = bench.flash("--tool", tool, "--rs485", bench.rs485)
    assert code == 0, err
    assert "verified" in out and f"it runs: version {VERSION}" in out
    off = [
        (t_us / 1000 - began_ms, name)
        for t_us, name, level in station.plant.moves
        if t_us / 1000 > began_ms and name in ("charge", "discharge") and not level
    ]
    assert {name for _, name in off[:2]} == {"charge", "discharge"}, "all goes off first"
    bench.runs(VERSION)
    for name, value in SETTINGS.items():
        assert station.read(name) == value
    station.until(lambda: station.charge_closed, 30_000)
    assert "/firmware/left_over.py" not in bench.hashes()
    note = "import os; print(open('/note.txt').read(), os.listdir('/'))"
    with station.paced(SPEED), remote.opened(bench.port, patience_s=30) as opened:
        said = opened.exec(note)
    assert NOTE.decode().strip() in said and "data" in said and ".flash" not in said


def test_a_second_run_sends_nothing(bench):
    assert len(bench.finish()["send"]) == DIFFER
    again = bench.finish()
    assert again["send"] == [] and again["bytes"] == 0 and again["remove"] == []


def test_a_dry_run_changes_nothing_and_the_board_works_on(bench):
    before = bench.hashes()
    code, out, _ = bench.flash("--dry-run")
    assert code == 0 and "left_over.py (remove)" in out and "settings stay" in out
    bench.runs(OLD)
    bench.station.until(lambda: bench.station.charge_closed, 30_000)
    assert bench.hashes() == before


def test_an_empty_board_becomes_one(station):
    nothing = dict.fromkeys(flash_files("sim"))
    empty = station(extra={**nothing, "/note.txt": NOTE}, fresh=True, ptys=True)
    empty.board.power_on()
    empty.advance(500)
    words = ["flash", "--board", "sim", "--yes", "--port", empty.board.ptys["repl"].path]
    out = io.StringIO()
    with empty.paced(SPEED), redirect_stdout(out):
        assert main(words) == 0
    assert " %, " in out.getvalue() and "s left" in out.getvalue(), "progress is told"
    empty.until_served()
    empty.advance(300)
    assert empty.read("firmware_version") == VERSION and empty.active("uncommissioned")
    assert empty.all_open


# Fills the file system up to a few sectors.
FILL = """
import os, time
with open("/mine.bin", "ab") as file:
    while os.statvfs("/")[3] > 10:
        time.sleep_ms(1)
        file.write(bytes(4096))
        file.flush()
"""


def test_a_full_board_is_left_as_it_is(station, old):
    full = Bench(station, {**old, "/mine.bin": bytes(900_000)})
    with full.station.paced(None), remote.opened(full.port) as opened:
        opened.exec(FILL)
        BoardFiles(opened).reset()
    code, _, err = full.flash()
    assert code == 1 and "full" in err and "Nothing was changed" in err
    full.runs(OLD)


def test_a_firmware_that_does_not_load_is_never_started(bench):
    files = bench.releases[VERSION]
    broken = slot_with({"firmware/tasks.mpy": compiled("import nothing_like_this\n", "tasks")})
    spoiled = tuple(plan.File.of(file.path, broken.get(file.path, file.data)) for file in files)
    bench.releases["spoiled"] = spoiled
    code, _, err = bench.flash(version="spoiled")
    assert code == 1 and "nothing_like_this" in err and "outputs stay off" in err
    _stands_safe(bench)
    bench.finish()


# --- pulled cables


class Pulled(serial.SerialException):
    pass


def _count(monkeypatch, tool, pull_at=None, pull=lambda: None):
    """Count what goes to the board; after ``pull_at`` bytes ``pull()`` and nothing more goes."""
    sent = [0]
    write = serial.Serial.write

    def counted(port, data):
        if port.port != tool:
            return write(port, data)
        if pull_at is not None and sent[0] + len(data) > pull_at:
            write(port, bytes(data)[: max(0, pull_at - sent[0])])
            sent[0] = pull_at
            pull()
            raise Pulled("pulled")
        sent[0] += len(data)
        return write(port, data)

    monkeypatch.setattr(serial.Serial, "write", counted)
    return sent


@pytest.fixture(scope="module")
def traffic(images, old):
    """Bytes to the board in a whole run."""
    opened = Station(images.copy(extra=old, settings=SETTINGS), ptys=True)
    try:
        whole = Bench(lambda **_: opened, old)
        with pytest.MonkeyPatch.context() as monkeypatch:
            sent = _count(monkeypatch, whole.port)
            whole.finish()
        return sent[0]
    finally:
        opened.close()


def _stands_safe(bench):
    """Power off and on: prompt, nothing on, nothing commanded, for as long as one looks."""
    station = bench.station
    station.cut_power()
    station.advance(1000)
    station.plant.moves.clear()
    station.board.power_on()
    station.until(lambda: station.board.console.at_prompt, 10_000)
    station.advance(5_000)
    assert station.all_open and not bench.commanded(), station.story()
    assert not any(level for _, _, level in station.plant.moves), station.story()


def _starts_whole_or_not(bench):
    """After a power cycle: the whole old or the whole new firmware, or everything off."""
    station = bench.station
    station.cut_power()
    station.advance(1000)
    assert station.all_open
    station.plant.moves.clear()
    station.board.power_on()
    board = station.board
    up = lambda: board.console.at_prompt or all(line.baud for line in board.peripherals.lines)  # noqa: E731
    station.until(up, 10_000)
    version = None
    if not board.console.at_prompt:
        station.advance(300)
        version = station.read("firmware_version")
        assert version in (OLD, VERSION)
    else:
        station.advance(3_000)
        assert station.all_open and not bench.commanded(), station.story()
        assert not any(level for _, _, level in station.plant.moves), station.story()
    return version


def _finishes(bench, before, after, found):
    """The next run works, and what it finds shows that the version ``found`` was whole."""
    done = bench.finish(after)
    lacking = {*done["send"], *done["waiting"]}
    if found == before:
        differ = {file.path for file in bench.releases[after]} & bench.differ
        assert lacking == differ, "not one file of the new was in place among the old"
    elif found == after:
        assert not lacking, "not one file of the old was left among the new"
    else:
        assert "/main.py" in lacking, "nothing was there that could start"


@pytest.mark.parametrize("seed", range(PULLS // CHAIN))
def test_a_cable_pulled_at_any_byte_leaves_a_safe_board_and_a_job_to_finish(
    bench, traffic, monkeypatch, seed
):
    """Forth and back between two versions, each time with one pull in the middle."""
    chance = random.Random(seed)
    station = bench.station
    board = station.board
    before, after = OLD, VERSION
    for number in range(CHAIN):
        # Putting in place takes few bytes, but the most can go wrong there.
        first = 0 if number % 2 else traffic * 3 // 4
        at = chance.randrange(first, traffic * 19 // 20)
        kind = HOW[(seed + number) % 3]

        def pull(kind=kind):
            if kind == HOW[1]:
                board.call(board.unplug)
            elif kind == HOW[2]:
                board.call(lambda: board.flash.cut_after_writes(0))

        with monkeypatch.context() as pulled:
            _count(pulled, bench.port, at, pull)
            code, _, err = bench.flash(version=after)
            assert code == 3 and "plug the cable in again" in err, (at, kind, err)
        station.advance(HEARTBEAT_MS)
        assert station.all_open and not bench.commanded(), "the outputs are off at once"
        board.flash.cancel_cut()
        found = _starts_whole_or_not(bench)
        _finishes(bench, before, after, found)
        before, after = after, before


def test_a_killed_command_is_finished_by_the_next(bench):
    """The next command meets a board in the middle of a raw paste, not switched off between."""
    words = [sys.executable, "-m", "cellwarden_host.cli", "flash", "--board", "sim", "--yes"]
    until = random.Random(4).randrange(10, 60)
    with bench.station.paced(SPEED):
        process = subprocess.Popen(
            [*words, "--port", bench.port], stdout=subprocess.PIPE, text=True
        )
        for line in process.stdout:
            if " %, " in line and int(line.split("%")[0]) >= until:
                break
        process.kill()
        process.communicate()
    bench.station.advance(HEARTBEAT_MS)
    assert bench.station.all_open and not bench.commanded()
    _finishes(bench, OLD, VERSION, OLD)
