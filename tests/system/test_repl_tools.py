"""mpremote and ampy, unmodified, on a board at work: everything goes off, and it comes back.

CELLWARDEN_MOMENTS says at how many random moments they attach; the seed is fixed, so a moment
that failed is met again.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from station import PINS, Station

HEARTBEAT_MS = 500
MOMENTS = int(os.environ.get("CELLWARDEN_MOMENTS", "6"))
TOOLS = Path(sys.executable).parent
PATIENCE_S = 120
SPEED = 3.0
RESISTOR_MS = 60_000


class Bench:
    """A board with a load on, its REPL's port, and when a Ctrl-C came in."""

    def __init__(self, images):
        self.station = Station(images.copy(), ptys=True)
        self.ctrl_c_ms = []
        console = self.station.board.console
        typed = console.typed

        def noted(data):
            if b"\x03" in data:
                self.ctrl_c_ms.append(self.station.now_ms)
            typed(data)

        console.typed = noted
        self.port = self.station.board.ptys["repl"].path
        self.station.start()
        self.station.inject("load_connect", 20_000)
        self.station.advance(2000)

    def run(self, tool, *arguments):
        """Run a tool to its end while time passes; what it printed."""
        self.ctrl_c_ms.clear()
        with self.station.paced(SPEED):
            done = subprocess.run(
                [TOOLS / tool, *arguments],
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
            )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}; {self.station.story()}"
        return done.stdout

    def mpremote(self, *arguments):
        return self.run("mpremote", "connect", self.port, *arguments)

    def all_went_off(self, was_on):
        """Off within the heartbeat's time of the first Ctrl-C, and off ever since."""
        station = self.station
        assert station.all_open, station.story()
        assert not any(station.plant.pins[name] for name in PINS), "not even commanded"
        first_ms = self.ctrl_c_ms[0]
        for name in was_on:
            off_ms = station.moved_ms(name, False, first_ms - 0.001)
            assert off_ms is not None and off_ms - first_ms <= HEARTBEAT_MS, station.story()
        for t_us, name, level in station.plant.moves:
            late = t_us / 1000 > first_ms + HEARTBEAT_MS
            assert not (late and level and name != "short"), station.story()

    def on_now(self):
        pack = self.station.plant.pack
        return [name for name in ("charge", "discharge") if getattr(pack, name).closed]

    def reset(self):
        """``mpremote reset``, which must bring the board back: it works and it switches on."""
        self.mpremote("resume", "reset")
        self.station.until_served()
        self.station.until(lambda: self.station.charge_closed, 10_000)


@pytest.fixture
def bench(images):
    opened = Bench(images)
    yield opened
    opened.station.close()


def test_ctrl_c_opens_the_gates_and_mpremote_works_and_resets(bench):
    was_on = bench.on_now()
    assert was_on == ["charge", "discharge"]
    said = bench.mpremote("exec", "import os; print(sorted(os.listdir('/'))[:3], 6 * 7)")
    assert "42" in said and "a.fw" in said
    bench.all_went_off(was_on)
    bench.station.advance(10_000)
    assert bench.station.all_open, "at the prompt everything stays off"
    bench.reset()
    # Nobody knows how hot the precharge resistor is: it has to cool first.
    bench.station.until(lambda: bench.station.discharge_closed, RESISTOR_MS + 10_000, 100)
    bench.station.advance(2000)
    assert bench.station.truth("current_ma") < -15_000, "and the load has its power back"


def test_main_can_be_run_again_from_the_prompt(bench):
    bench.mpremote("exec", "1")
    with bench.station.paced(SPEED):
        subprocess.run(
            [TOOLS / "mpremote", "connect", bench.port, "exec", "--no-follow", "import main"],
            check=True,
            capture_output=True,
            timeout=PATIENCE_S,
        )
    bench.station.until(lambda: bench.station.discharge_closed, RESISTOR_MS + 10_000, 100)


def test_a_file_put_on_a_running_board_by_ampy_arrives_with_everything_off(bench, tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("by ampy\n")
    was_on = bench.on_now()
    bench.run("ampy", "--port", bench.port, "put", str(note), "/note.txt")
    bench.all_went_off(was_on)
    assert "note.txt" in bench.run("ampy", "--port", bench.port, "ls", "/")
    bench.reset()


def test_mpremote_at_any_moment_leaves_no_output_on_and_the_board_comes_back(bench):
    """Moments before, while and after the board switches on, between any two bus accesses."""
    chance = random.Random(20)
    station = bench.station
    times_on = 0
    for moment in range(MOMENTS):
        station.repower()
        station.plant.moves.clear()
        station.advance(chance.uniform(0, 5000))
        was_on = bench.on_now()
        times_on += len(was_on) == 2
        assert "7" in bench.mpremote("exec", "print(3 + 4)"), moment
        bench.all_went_off(was_on)
        bench.reset()
    assert times_on > MOMENTS // 3, "a load was on at many of them"
