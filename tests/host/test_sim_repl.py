"""The simulated board's REPL, with the tools people use on real ones."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import serial
from sim_bench import printed, running

from cellwarden_host.sim.layout import ops

BOOT = """
import machine
print("boot")
watchdog = machine.WDT(timeout=1000)
machine.Timer(period=300, callback=lambda t: watchdog.feed())
"""
MAIN = """
import asyncio
from machine import Pin
print("main")
async def beat():
    pin = Pin(13, Pin.OUT, value=0)
    while True:
        pin.toggle()
        await asyncio.sleep_ms(20)
asyncio.run(beat())
"""
RAW = b"raw REPL; CTRL-B to exit\r\n>"


@pytest.fixture
def board(tmp_path):
    """A board that runs in real time on a thread of its own."""
    with running(tmp_path, MAIN, BOOT, power=False, mode="paced") as made:
        made.start()
        with serial.Serial(made.ptys["repl"].path, timeout=20) as port:
            assert port.read_until(b"main\r\n").endswith(b"main\r\n")
        yield made
        assert made.failure is None


def tool(name, *arguments):
    """Run a tool of the virtual environment on the board's REPL; its output."""
    command = [str(Path(sys.executable).parent / name), *arguments]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def mpremote(board, *arguments):
    return tool("mpremote", "connect", board.ptys["repl"].path, *arguments)


def ampy(board, *arguments):
    return tool("ampy", "-p", board.ptys["repl"].path, *arguments)


def test_mpremote_works_on_it(board, tmp_path):
    data = bytes(range(256)) * 20
    (tmp_path / "a.bin").write_bytes(data)
    assert mpremote(board, "eval", "1 + 1") == b"2\r\n"
    mpremote(board, "fs", "cp", str(tmp_path / "a.bin"), ":a.bin")
    assert b"Up to date" in mpremote(board, "fs", "cp", str(tmp_path / "a.bin"), ":a.bin")
    assert b"5120 a.bin" in mpremote(board, "fs", "ls")
    mpremote(board, "fs", "cp", ":a.bin", str(tmp_path / "b.bin"))
    assert (tmp_path / "b.bin").read_bytes() == data
    (tmp_path / "s.py").write_text(
        "import time\nfor i in range(3):\n    print(i)\n    time.sleep(0.1)"
    )
    assert mpremote(board, "run", str(tmp_path / "s.py")) == b"0\r\n1\r\n2\r\n"
    before = len(board.resets)
    assert mpremote(board, "exec", "x = 5", "exec", "print(x)") == b"5\r\n"
    assert mpremote(board, "resume", "exec", "print(x)") == b"5\r\n"
    assert [cause for _, cause in board.resets[before:]] == [ops.SOFT_RESET]
    mpremote(board, "reset")
    with serial.Serial(board.ptys["repl"].path, timeout=20) as port:
        assert port.read_until(b"main\r\n").endswith(b"main\r\n")
    assert board.resets[-1][1] == ops.HARD_RESET


def test_ampy_works_on_it(board, tmp_path):
    (tmp_path / "s.py").write_text("print('from ampy')\n")
    ampy(board, "put", str(tmp_path / "s.py"))
    assert b"/s.py" in ampy(board, "ls")
    assert b"from ampy" in ampy(board, "get", "s.py")
    assert ampy(board, "run", str(tmp_path / "s.py")).strip() == b"from ampy"


def expect(port, ending):
    came = port.read_until(ending)
    assert came.endswith(ending), came
    return came


def test_a_soft_reset_from_the_raw_prompt_runs_boot_only(board):
    with serial.Serial(board.ptys["repl"].path, timeout=20) as port:
        port.write(b"\r\x03")
        expect(port, b">>> ")
        port.write(b"\r\x01")
        expect(port, RAW)
        port.write(b"\x04")
        assert expect(port, RAW) == b"OK\r\nMPY: soft reboot\r\nboot\r\n" + RAW
        port.write(b"print(1)\x04")
        assert expect(port, b"\x04>") == b"OK1\r\n\x04\x04>"
        port.write(b"\x02")
        expect(port, b">>> ")
        port.write(b"\x04")
        assert expect(port, b"main\r\n") == b"\r\nMPY: soft reboot\r\nboot\r\nmain\r\n"


def answered(board, typed, ending):
    """Type something, and let time pass until the console has ended with ``ending``."""
    board.console.log.clear()
    board.console.typed(typed)
    return board.advance_until(lambda: board.console.log.endswith(ending), 30_000, 20)


def test_interrupted_at_any_moment_it_comes_back(tmp_path):
    dice = random.Random(7)
    with running(tmp_path, MAIN, BOOT) as made:
        assert made.advance_until(lambda: made.console.log.endswith(b"main\r\n"))
        for turn in range(40):
            made.advance(dice.random() * 50)  # where in the firmware it strikes
            made.console.typed(b"\x03\x03\x03" if turn % 3 else b"\x03")
            assert answered(made, b"\r\x01", RAW)
            assert answered(made, b"\x04", b"MPY: soft reboot\r\nboot\r\n" + RAW)
            assert answered(made, b"\x02", b">>> ")
            assert answered(made, b"\x04", b"boot\r\nmain\r\n")
        assert {cause for _, cause in made.resets} == {ops.PWRON_RESET, ops.SOFT_RESET}


def test_code_that_hangs_at_the_prompt_can_be_interrupted(tmp_path):
    with running(tmp_path) as made:
        made.advance(200)
        made.console.typed(b"while True: pass\r\r")
        made.advance(100)
        assert answered(made, b"\x03", b"KeyboardInterrupt: \r\n>>> ")


def test_ctrl_c_opens_the_gates_half_a_second_after_the_last_beat(tmp_path):
    with running(tmp_path, MAIN, BOOT, tick_cost_us=0) as made:
        made.advance(400)
        assert made.gates_enabled
        made.console.typed(b"\x03")
        made.advance(1000)
        beat_us = made.plant.events("heartbeat")[-1][0]
        assert made.plant.events("gates")[-1] == (beat_us + 500_000, False)
        assert beat_us < 420_000 and len(made.resets) == 1


def test_output_that_nobody_reads_holds_nobody_up(tmp_path):
    main = "for i in range(20000):\n    print('a line that nobody will ever read')\nprint('end')"
    with running(tmp_path, main) as made:
        assert made.advance_until(lambda: "end\n" in printed(made), step_ms=100)


def test_typed_before_the_prompt_is_read_at_the_prompt(tmp_path):
    with running(tmp_path, "import time\ntime.sleep(1)") as made:
        made.advance(500)
        made.console.typed(b"print(6 * 7)\r")
        made.advance(1000)
        assert ">>> print(6 * 7)\n42\n" in printed(made)


def test_ctrl_c_while_it_boots_reaches_the_prompt(tmp_path):
    with running(
        tmp_path, "print('main')\nwhile True: pass", "import time\ntime.sleep(5)"
    ) as made:
        made.console.typed(b"\x03")
        made.advance(500)
        assert "KeyboardInterrupt" in printed(made) and printed(made).endswith(">>> ")


def test_the_pty_is_the_same_after_resets(board):
    path = board.ptys["repl"].path
    board.call(board.hard_reset)
    with serial.Serial(path, timeout=20) as port:
        expect(port, b"main\r\n")
    assert os.path.exists(path) and board.ptys["repl"].path == path


def test_a_firmware_that_never_idles_can_be_interrupted(tmp_path):
    main = "from machine import Pin\npin = Pin(10, Pin.OUT)\nwhile True:\n    pin.toggle()"
    with running(tmp_path, main) as made:
        made.advance(200)
        made.console.typed(b"\x03")
        made.advance(1)
        assert made.advance_until(lambda: made.console.log.endswith(b">>> "))
        assert made.now_ms < 300
