"""Watchdog and gate-enable one-shot: what bites when the firmware hangs, waits or stops."""

import pytest
from sim_bench import printed, running

from cellwarden_host.sim.layout import ops

BEAT = """
import machine, time
beat = machine.Pin(13, machine.Pin.OUT, value=0)
def run(count):
    for _ in range(count):
        beat.toggle()
        time.sleep_ms(100)
"""
FEED = """
import machine
watchdog = machine.WDT(timeout=1000)
machine.Timer(period=300, callback=lambda t: watchdog.feed())
"""


def test_the_gates_open_half_a_second_after_the_last_heartbeat(tmp_path):
    with running(tmp_path, BEAT + "run(10)\ntime.sleep(5)", tick_cost_us=0) as board:
        board.advance(3000)
        edges = [when for when, _ in board.plant.events("heartbeat")][1:]
        assert board.plant.events("gates") == [(edges[0], True), (edges[-1] + 500_000, False)]
        assert not board.gates_enabled


def test_a_tick_costs_processor_time(tmp_path):
    with running(tmp_path, BEAT + "run(3)", tick_cost_us=8000) as board:
        board.advance(1000)
        edges = [when for when, _ in board.plant.events("heartbeat")][1:]
        assert [b - a for a, b in zip(edges, edges[1:], strict=False)] == [108_001, 108_001]


@pytest.mark.parametrize("trouble", ["while True: pass", "time.sleep(100)", "input()"])
def test_a_firmware_that_hangs_is_reset_and_its_gates_open(tmp_path, trouble):
    main = BEAT + "machine.WDT(timeout=1000)\n"
    main += "if machine.reset_cause() == 1:\n    run(3)\n    " + trouble
    with running(tmp_path, main) as board:
        assert board.advance_until(lambda: len(board.resets) > 1, step_ms=50)
        (_, power_on), (_, second) = board.resets[:2]
        assert (power_on, second) == (ops.PWRON_RESET, ops.WDT_RESET)
        reset_us = board.plant.events("reset")[0][0]
        gates = board.plant.events("gates")
        assert gates[1][1] is False and gates[1][0] < reset_us
        fed_us = board.resets[0][0] + 150_000
        assert 1_000_000 <= reset_us - fed_us <= 1_100_000


def test_a_watchdog_that_is_fed_stays_quiet(tmp_path):
    main = "import machine, time\nw = machine.WDT(timeout=500)\n"
    main += "while True:\n    w.feed()\n    time.sleep_ms(400)"
    with running(tmp_path, main) as board:
        board.advance(10_000)
        assert len(board.resets) == 1


def test_a_timer_of_boot_feeds_the_watchdog_at_the_prompt(tmp_path):
    with running(tmp_path, boot=FEED) as board:
        board.advance(20_000)
        assert len(board.resets) == 1
        assert printed(board).endswith(">>> ")


def test_without_that_timer_the_prompt_is_reset(tmp_path):
    with running(tmp_path, boot="import machine\nmachine.WDT(timeout=1000)") as board:
        board.advance(1500)
        assert [cause for _, cause in board.resets] == [ops.PWRON_RESET, ops.WDT_RESET]


def test_timers_run_while_the_firmware_hangs(tmp_path):
    with running(tmp_path, "while True: pass", FEED) as board:
        board.advance(2500)
        assert len(board.resets) == 1


def test_the_watchdog_survives_a_soft_reset(tmp_path):
    main = "import machine\nif machine.reset_cause() == 1:\n"
    main += "    machine.WDT(timeout=1000)\n    machine.soft_reset()"
    with running(tmp_path, main) as board:
        board.advance(1500)
        causes = [cause for _, cause in board.resets]
        assert causes == [ops.PWRON_RESET, ops.SOFT_RESET, ops.WDT_RESET]


def test_power_off_and_on(tmp_path):
    main = BEAT + "machine.Pin(10, machine.Pin.OUT, value=1)\nrun(1000)"
    with running(tmp_path, main) as board:
        board.advance(500)
        board.unplug()
        assert board.plant.level("charge_gate") == 0
        assert not board.powered
        board.advance(1000)
        assert not board.gates_enabled
        board.power_on()
        board.advance(500)
        assert board.gates_enabled and board.plant.level("charge_gate") == 1
        assert [cause for _, cause in board.resets] == [ops.PWRON_RESET] * 2


def test_the_world_goes_on_while_the_board_is_dark(tmp_path):
    with running(tmp_path, power=False) as board:
        board.advance(60_000)
        assert board.now_ms == 60_000


def test_rubbish_on_the_link_is_a_firmware_run_wild(tmp_path):
    main = "import machine, time, simlink\nif machine.reset_cause() == 1:\n"
    main += "    simlink.port.write(b'??')\n    time.sleep(1)\nprint('sane again')"
    with running(tmp_path, main) as board:
        board.advance(1000)
        assert [cause for _, cause in board.resets] == [ops.PWRON_RESET, ops.WDT_RESET]
        assert "sane again\n" in printed(board)


def test_a_crashed_process_is_a_reset(tmp_path):
    main = "import machine, os, time\nif machine.reset_cause() == 1:\n"
    main += "    os.system('kill -9 $PPID')\n    time.sleep(1)\nprint('back')"
    with running(tmp_path, main) as board:
        board.advance(1000)
        assert [cause for _, cause in board.resets] == [ops.PWRON_RESET, ops.WDT_RESET]
        assert "back\n" in printed(board)


def test_a_hard_reset_stops_the_watchdog(tmp_path):
    main = "import machine\nif machine.reset_cause() == 1:\n"
    main += "    machine.WDT(timeout=1000)\n    machine.reset()"
    with running(tmp_path, main) as board:
        board.advance(5000)
        assert [cause for _, cause in board.resets] == [ops.PWRON_RESET, ops.HARD_RESET]
