"""Bring-up of the simulated board through its REPL, as on a bench: what passes, what fails,
and what is off when the person, the program or the cable has gone."""

import json
import os
import re
import signal
import subprocess
import sys
import threading

import pytest
from station import Station

from cellwarden_host.bringup import checklist
from cellwarden_host.bringup.repl import BoardRepl
from cellwarden_host.sim.layout import ops

PICO_HEAP = 334 * 1024  # on 64 bits, what a Pico has
OFF_MS = 500
MOST_MS = 2000
PATIENCE_S = 60
LOAD_MA = 20_000
SWITCHES = ("charge", "discharge", "precharge")


def bench_of(images, **options):
    return Station(images.copy(), ptys=True, heap=PICO_HEAP, rs485_joined=True, **options)


def bitten(station):
    """How often the watchdog has reset the board."""
    return sum(cause == ops.WDT_RESET for _, cause in station.board.resets)


def walked(station, repl, load_ma=0):
    """The whole checklist without a person: the results by step."""
    walk = checklist.Checklist(repl, None, lambda name, result: None, load_ma)
    return walk.run()


def failed(results):
    return [name for name, result in results.items() if result["result"] == "fail"]


# --- a good board


def test_a_good_board_passes_and_its_report_is_filed(images, tmp_path):
    station = bench_of(images)
    try:
        station.start()
        station.inject("load_connect", LOAD_MA)
        with station.paced(None):
            command = [sys.executable, "-m", "cellwarden_host.cli", "bringup", "--yes"]
            command += ["--port", station.board.ptys["repl"].path, "--load", "20"]
            command += ["--serial", "A/17", "--out", str(tmp_path), "--json"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "60 V" in done.stderr and "isolator" in done.stderr
        assert station.all_open and bitten(station) == 0
    finally:
        station.close()
    (file,) = tmp_path.glob("*.json")
    made = json.loads(file.read_text())
    assert made["verdict"] == "pass" and made["serial_number"] == "A/17"
    assert made["machine_code"] == "e660583883265f28" and made["firmware"]
    results = {step["step"]: step["result"] for step in made["steps"]}
    skipped = {name for name, result in results.items() if result != "pass"}
    assert skipped == {"warm", "buzzer", "sleep"}, "what needs a person"
    gain = next(step for step in made["steps"] if step["step"] == "gain")
    assert abs(gain["data"]["mean_ma"] + LOAD_MA) < LOAD_MA // 100
    page = file.with_suffix(".html").read_text()
    assert ">PASS</div>" in page and "A/17" in page and "e660583883265f28" in page
    assert not re.search(r"(src|href)\s*=|url\(", page), "the page carries everything in itself"


# --- one fault at a time


class Noise:
    """A cell whose wire has a bad contact: its voltage jumps."""

    def __init__(self, station, cell):
        self._pack = station.plant.pack
        self._cell = cell - 1
        self._step = self._pack.on_step
        self._up = False
        self._pack.on_step = self._jump

    def _jump(self, now_us):
        self._up = not self._up
        self._pack.cells.clamp_mv[self._cell] = 3830 + (20 if self._up else -20)
        self._step(now_us)

    def end(self):
        self._pack.on_step = self._step
        self._pack.cells.clamp_mv.clear()


@pytest.fixture(scope="module")
def joined(images):
    """A board at its prompt with one bench session for all faults, one after the other."""
    station = bench_of(images)
    station.start()
    with station.paced(None), BoardRepl(station.board.ptys["repl"].path) as repl:
        repl.hold(True)
        yield station, repl
    station.close()


FAULTS = (
    (("open_wire", 7), "wires", "sense wire 7 is cut", 0),
    (("sensor_open", 3), "temps", "sensor 3 reads like a cut wire", 0),
    (("noise", 5), "cells", "cell 5 is noisy", 0),
    (("discharge_mosfet_stuck_on",), "rest", "discharge switch does not open", 0),
    (("charge_mosfet_stuck_on",), "charge", "does not open or not close", 0),
    (("precharge_stuck_off",), "discharge", "precharge did not lift the output", 0),
    (("ina_stuck",), "zero", "shunt leads, or the chip is stuck", 0),
    (("ina_offset", 700), "zero", "shunt sense leads", 0),
    (("ina_silent",), "scan", "INA228 current monitor at 0x40", 0),
    (("ina_gain", 700), "gain", "shunt value, its sense leads", LOAD_MA),
    (("chip_mux_fail", 2), "chips", "multiplexer", 0),
    (("pack_adc_gain", 900), "sums", "divider, cell count", 0),
)


@pytest.mark.parametrize(("fault", "step", "said", "load_ma"), FAULTS)
def test_a_fault_fails_exactly_its_step_and_says_where_to_look(joined, fault, step, said, load_ma):
    station, repl = joined
    call = station.board.call
    noise = None
    if fault[0] == "noise":
        noise = call(lambda: Noise(station, fault[1]))
    else:
        call(lambda: station.inject(*fault))
    if load_ma:
        call(lambda: station.inject("load_connect", load_ma))
    try:
        results = walked(station, repl, load_ma)
    finally:
        call(lambda: station.clear())
        if noise:
            call(noise.end)
        repl.clear()
    assert failed(results) == [step], "\n".join(f"{n}: {r}" for n, r in results.items())
    assert said in results[step]["say"]
    assert repl.report()["verdict"] == "fail"
    assert station.all_open


def test_without_a_cable_between_the_ports_the_loop_back_is_no_failure(joined):
    station, repl = joined
    station.board.rs485_joined = False
    try:
        assert repl.step("rs485", False)["result"] == "skipped"
        assert repl.step("rs485", True)["result"] == "fail", "somebody said there is one"
    finally:
        station.board.rs485_joined = True


# --- somebody or something has gone


class Typist:
    """A person at the prompt, in stepped time."""

    def __init__(self, station):
        self.station = station
        self.interrupts()
        self.says("import bench")

    def interrupts(self):
        """Ctrl-C, and the prompt."""
        log = self.station.board.console.log
        mark = len(log)  # a prompt from before is no answer: what is typed next would be lost
        self.station.board.console.typed(b"\x03")
        self.station.until(lambda: log[mark:].endswith(b">>> "), 5_000)

    def types(self, line):
        self.station.board.console.typed(line.encode() + b"\r\n")

    def says(self, line):
        """Type a line and let the board come back to its prompt; what it printed."""
        log = self.station.board.console.log
        mark = len(log)
        self.types(line)
        self.station.until(lambda: log[mark:].endswith(b">>> "), 120_000, 50)
        return bytes(log[mark:]).decode()

    def closes(self, line):
        """Type a line and wait for the discharge switch to close."""
        self.types(line)
        self.station.until(lambda: self.station.discharge_closed, 120_000, 5)


@pytest.fixture(scope="module")
def at_the_bench(images):
    station = bench_of(images).start()
    yield Typist(station)
    station.close()


@pytest.fixture
def typist(at_the_bench):
    yield at_the_bench
    if at_the_bench.station.all_open and not at_the_bench.station.board.console.raw:
        at_the_bench.interrupts()


def off_within(station, since_ms, limit_ms):
    """Everything goes off within ``limit_ms`` and stays off."""
    station.until(lambda: station.all_open, limit_ms, 5)
    assert station.now_ms - since_ms <= limit_ms + 5, station.story()
    station.advance(3_000)
    assert station.all_open and not any(station.plant.pins[name + "_gate"] for name in SWITCHES)


def test_ctrl_c_in_a_pulse_opens_everything_and_the_prompt_comes_back(typist):
    station = typist.station
    typist.closes("bench.discharge(2000)")
    station.advance(300)
    assert station.discharge_closed
    since_ms = station.now_ms
    station.board.console.typed(b"\x03")
    off_within(station, since_ms, OFF_MS)
    assert "KeyboardInterrupt" in station.story()
    assert "pass" in typist.says("bench.zero()"), "and the bench goes on"
    assert bitten(station) == 0


def test_a_pulse_ends_by_itself_after_two_seconds_at_most(typist):
    station = typist.station
    typist.closes("bench.discharge(60000)")
    since_ms = station.now_ms
    off_within(station, since_ms, MOST_MS + 100)


def test_a_host_that_answers_no_more_loses_the_pulse(typist):
    """The dead-man: answered for a while, then the other side is gone."""
    station = typist.station
    typist.says("bench.hold()")
    log = station.board.console.log
    answered = log.count(b"\x05")

    def held():
        nonlocal answered
        if log.count(b"\x05") > answered:
            answered += 1
            station.board.console.typed(b"\x06")
        return station.discharge_closed

    typist.types("bench.discharge(2000)")
    station.until(held, 120_000, 5)
    start_ms = station.now_ms
    station.until(lambda: held() and station.now_ms - start_ms > 800, 1_000, 5)
    assert answered >= 8, "held as long as somebody answers"
    off_within(station, station.now_ms, OFF_MS)
    assert bitten(station) == 0, "and the board waits at the bench, off"
    typist.interrupts()
    typist.says("bench.hold(False)")


def test_a_bench_command_that_hangs_with_an_output_on_loses_it(typist):
    station = typist.station
    station.plant.moves.clear()
    typist.says("from firmware.bench import commands as c; s = c.taken(); s.__enter__()")
    typist.says("s.settle(); s.permit(0, 1, 5000); s.until(s.app.switched_on, 60000)")
    assert station.moved_ms("precharge", True) is not None
    station.until(lambda: station.all_open, OFF_MS, 5)
    typist.says("s.__exit__(None, None, None); s.dropped")


def test_what_the_protections_forbid_is_refused_by_name(typist):
    station = typist.station
    station.inject("cell", 7, 4_250)
    typist.says("bench.cells(60)")
    station.plant.moves.clear()
    said = typist.says("bench.charge()")
    assert "skipped" in said and "a cell is full" in said
    assert not any(name == "charge_gate" and level for _, name, level in station.plant.moves)
    station.clear()


def test_a_watchdog_that_nobody_feeds_resets_the_board(typist):
    station = typist.station
    before = bitten(station)
    typist.types("bench.watchdog()")
    station.until(lambda: bitten(station) > before, 4_000)
    assert station.all_open


HELD = """
import sys
from cellwarden_host.bringup.repl import BoardRepl
with BoardRepl(sys.argv[1]) as repl:
    repl.hold(True)
    repl.step("discharge", 2000)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_program_that_dies_in_a_pulse_takes_it_along(at_the_bench, how):
    station = at_the_bench.station
    resets = len(station.board.resets)
    dogs = bitten(station)
    plant = station.plant
    struck = []
    gone = threading.Event()
    with station.paced(None):
        program = subprocess.Popen(
            [sys.executable, "-c", HELD, station.board.ptys["repl"].path],
            stderr=subprocess.DEVNULL,
        )
        look = plant._look

        def strike():
            look()
            if plant.pack.discharge.closed and not struck and len(station.board.resets) > resets:
                os.kill(program.pid, how)
                struck.append(plant.pack.now_us / 1000)
            if struck and station.all_open:
                gone.set()

        plant._look = strike
        gone.wait(PATIENCE_S)
        program.send_signal(signal.SIGKILL)
        program.wait()
    off_ms = station.moved_ms("discharge", False, struck[0])
    assert off_ms is not None and off_ms - struck[0] <= OFF_MS, station.story()
    plant._look = look
    station.advance(5_000)
    assert station.all_open and bitten(station) == dogs
