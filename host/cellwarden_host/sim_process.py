"""A simulator as a process of its own, for as long as somebody needs it.

In a process group of its own, so that Ctrl-C reaches only us; however we end, it ends with us.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .problems import Refused
from .ready_file import read_ready_file

_START_S = 90  # the firmware is compiled on the first start
_STOP_S = 5


@contextmanager
def simulated_board(arguments: Sequence[str] = ()) -> Iterator[Path]:
    """``cellwarden sim`` with these arguments, running; its ready file."""
    with tempfile.TemporaryDirectory(prefix="cellwarden-") as folder:
        ready, log = Path(folder) / "ready.json", Path(folder) / "sim.log"
        command = [sys.executable, "-m", "cellwarden_host.cli", "sim"]
        with log.open("w") as output:
            process = subprocess.Popen(
                [*command, *arguments, "--ready-file", str(ready)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            _wait(process, ready, log)
            yield ready
        finally:
            _stop(process)


def _wait(process: subprocess.Popen[bytes], ready: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if ready.exists() and read_ready_file(ready) is not None:
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    said = log.read_text(errors="replace").strip().splitlines()
    raise Refused("the simulator did not start; it said:\n  " + "\n  ".join(said[-15:]))


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
