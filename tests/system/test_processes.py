"""The programs as a person starts them: they come up, say where, and leave nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cellwarden_host.sim.control import ControlClient

CELLWARDEN = [sys.executable, "-m", "cellwarden_host.cli"]
PATIENCE_S = 90


def _until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE_S} s")


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


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


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
        _until(lambda: ready.exists() or process.poll() is not None, "the ready file")
        assert process.poll() is None, process.stderr.read()
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
    assert not any(_alive(pid) for pid in children)


def test_killing_sim_leaves_no_firmware_behind(simulator):
    process, _, _ = simulator
    children = _children(process.pid)
    assert children
    process.kill()
    process.wait(PATIENCE_S)
    _until(lambda: not any(_alive(pid) for pid in children), "the end of the firmware")


def test_faults_are_injected_through_the_control_port_while_it_runs(simulator):
    _, ports, _ = simulator
    control = ControlClient(ports["control"])
    try:
        _until(lambda: control("truth")["truth"]["charge_closed"], "switching on")
        control("inject", fault="cell", args=[7, 4310])
        _until(lambda: control("truth")["truth"]["secondary_fired"], "level 2")
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
    assert not any(_alive(pid) for pid in children)
