"""The programs as a person starts them: they come up, say where, and leave nothing behind."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cellwarden_host.sim.control import ControlClient

CELLWARDEN = [sys.executable, "-m", "cellwarden_host.cli"]
PATIENCE_S = 90


def _ended(pid):
    """Wait for the end of a process that is not our child; False when it lives on."""
    try:
        number = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([number], [], [], PATIENCE_S)[0])
    finally:
        os.close(number)


def _comes_true(control, name):
    """Let virtual time pass until the plant's truth says so."""
    for _ in range(100):
        if control("truth")["truth"][name]:
            return True
        control("advance", ms=100)
    return False


def _children(pid):
    """Processes below ``pid``, whatever session they put themselves in."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            state, parent = stat.rsplit(")", 1)[1].split()[:2]
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found, wave = set(), {pid}
    while wave:
        wave = {child for child, parent in parents.items() if parent in wave}
        found |= wave
    return found


@pytest.fixture
def simulator(tmp_path):
    """``cellwarden sim`` as a process of its own, and what its ready file says."""
    ready = tmp_path / "ready.json"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [*CELLWARDEN, "sim", "--ready-file", str(ready), "--speed", "5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout.readline(), process.stderr.read()
        assert ready.exists(), "it is written before the ports are told"
        yield process, json.loads(ready.read_text()), ready
    finally:
        process.kill()
        process.communicate()


def test_sim_tells_its_ports_serves_them_and_ends_cleanly(simulator):
    process, ports, ready = simulator
    assert {"repl", "rs485_1", "rs485_2", "control"} <= set(ports)
    assert all(Path(ports[name]).exists() for name in ("repl", "rs485_1", "rs485_2"))
    read = subprocess.run(
        [*CELLWARDEN, "read", "--port", ports["rs485_2"], "--json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert read.returncode == 0, read.stderr
    assert json.loads(read.stdout)
    children = _children(process.pid)
    assert children, "the firmware runs in a process of its own"
    process.send_signal(signal.SIGINT)
    process.wait(PATIENCE_S)
    assert process.returncode == 0
    assert not ready.exists(), "nobody is sent to ports that are gone"
    assert all(_ended(pid) for pid in children)


def test_killing_sim_leaves_no_firmware_behind(simulator):
    process, _, _ = simulator
    children = _children(process.pid)
    assert children
    process.kill()
    process.wait(PATIENCE_S)
    assert all(_ended(pid) for pid in children)


def test_faults_are_injected_through_the_control_port_while_it_runs(simulator):
    _, ports, _ = simulator
    control = ControlClient(ports["control"])
    try:
        assert _comes_true(control, "charge_closed")
        control("inject", fault="cell", args=[7, 4310])
        assert _comes_true(control, "secondary_fired")
        truth = control("truth")["truth"]
        assert not truth["charge_closed"] and not truth["discharge_closed"]
        reply = control("status")
        assert reply["powered"] and reply["resets"][0][1] == 1
    finally:
        control.close()


def test_run_without_a_terminal_prints_lines_and_ends_at_ctrl_c():
    process = subprocess.Popen(
        [*CELLWARDEN, "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        lines = [process.stdout.readline() for _ in range(8)]
        assert all(lines), process.stderr.read()
        children = _children(process.pid)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.communicate()
    assert any("%" in line for line in lines), lines
    assert process.returncode in (0, 130)
    assert all(_ended(pid) for pid in children)
