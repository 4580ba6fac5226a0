"""Pseudo-terminals that stand for the board's serial ports. Writing never blocks.

The far side is kept open here, so that a client may come and go, and raw, so that nothing is
echoed or translated before a client has set its own modes.
"""

import fcntl
import os
import struct
import termios
import time
import tty
from collections import deque

_RETIRED_MAX = 64
_retired: deque[int] = deque()
_BACKLOG_MAX = 1 << 20
_READER_PATIENCE_S = 1.0


def retire(far):
    """Keep the far side of a terminal whose near side is closed, for a while.

    Its name is gone at once, but its number would be the next terminal's, also of another
    process: a client that still asks there would talk to a stranger. A Modbus request holds
    what interrupts a firmware and opens its raw prompt.
    """
    _retired.append(far)
    if len(_retired) > _RETIRED_MAX:
        os.close(_retired.popleft())


class Pty:
    """``path`` is what a client opens; ``fd`` is what the loop reads."""

    def __init__(self):
        self.fd, self._far = os.openpty()
        tty.setraw(self._far)
        attributes = termios.tcgetattr(self._far)
        attributes[2] |= termios.CLOCAL
        termios.tcsetattr(self._far, termios.TCSANOW, attributes)
        os.set_blocking(self.fd, False)
        self.path = os.ttyname(self._far)
        self._backlog = bytearray()
        self._stuck_since = None

    def close(self):
        os.close(self.fd)
        retire(self._far)

    def read(self):
        """What the client has sent, or b""."""
        try:
            return os.read(self.fd, 4096)
        except OSError:
            return b""

    def send_or_drop(self, data):
        """For a line that nobody holds up: what a client has not room for is gone."""
        if self._unread() > 2048:
            # Nobody reads: what lies there is old, and a later client must not see it.
            termios.tcflush(self._far, termios.TCIFLUSH)
        self._write(data)

    def send(self, data):
        """For a console: wait for a slow reader, but not for one that is not there."""
        self._backlog += data
        self.flush()

    def flush(self):
        """Try to hand over the backlog; True when nothing is left."""
        if not self._backlog:
            return True
        done = self._write(self._backlog)
        del self._backlog[:done]
        if done:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = time.monotonic()
        elif time.monotonic() - self._stuck_since > _READER_PATIENCE_S:
            self._backlog.clear()
            self._stuck_since = None
        if len(self._backlog) > _BACKLOG_MAX:
            self._backlog.clear()
        return not self._backlog

    def _write(self, data):
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0

    def _unread(self):
        count = fcntl.ioctl(self._far, termios.FIONREAD, b"\0\0\0\0")
        return struct.unpack("i", count)[0]
