"""The board's REPL: between the terminal a person or tool opens and the child's stdin/stdout.

Does what a real port does around MicroPython's prompt: Ctrl-C interrupts running code, a soft
reset prints ``MPY: soft reboot`` and comes back in the mode (friendly or raw) it was asked in,
lines end with CR LF. Several Ctrl-C before the first has been seen are one: some builds of
MicroPython's unix port die of the second.
"""

import os
import time
from typing import Any

_CTRL_A = b"\x01"
_CTRL_C = 3
_RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n"
_FRIENDLY_PROMPT = b"for more information.\r\n"
_MERGE_S = 1.0
_HELD_MAX = 1 << 20


class Console:
    """``pty`` may be None: then output is only kept (``log``) and input comes from ``typed``."""

    def __init__(self, pty=None):
        self.pty = pty
        self.raw = False  # the prompt that was shown last
        self.on_input = lambda: None  # the child has got something to do
        self.log = bytearray()  # the newest output, for status and tests
        self._child: Any = None
        self._held = bytearray()  # input that the child has not taken yet
        self._open = False  # the child takes input
        self.at_prompt = False  # boot.py and main.py have ended
        self._hide = False  # drop output up to the raw prompt
        self._tail = b""
        self._last = 0
        self.interrupt_wanted = False  # a Ctrl-C waits for a moment when it does no harm
        self._interrupted_s = None  # when an interrupt went out that has not been noticed

    def attach(self, child, raw):
        """A new child: input waits until it has booted, or at least has an interpreter."""
        self._child = child
        self.raw = raw
        self._open = False
        self.at_prompt = False
        self._hide = False
        self._tail = b""
        self.interrupt_wanted = False
        self._interrupted_s = None
        self._held.clear()

    def detach(self):
        self._child = None
        self._held.clear()

    def greeted(self):
        """The child runs MicroPython code now."""
        if not self.raw:
            self._open = True

    def booted(self):
        """boot.py and main.py have ended; the child shows a friendly prompt next."""
        if self.raw and not self._open:
            self._hide = True
            self._held[:0] = _CTRL_A
        self._open = True
        self.at_prompt = True
        self.pump()

    def typed(self, data):
        """Bytes from the terminal."""
        if self._child is None:
            return
        for byte in data:
            if byte != _CTRL_C:
                self._held.append(byte)
            elif not self._child.greeted or self._child.catches_interrupt():
                self._want_interrupt()
            else:
                self._held.append(byte)  # the prompt reads it
        if len(self._held) > _HELD_MAX:
            self._held.clear()
        self.pump()

    def _want_interrupt(self):
        sent_s = self._interrupted_s
        if sent_s is None or time.monotonic() - sent_s > _MERGE_S:
            self.interrupt_wanted = True

    def interrupt(self):
        """The moment has come: the child waits, or hangs, or has reached its prompt."""
        self.interrupt_wanted = False
        if self._child.catches_interrupt():
            self._interrupted_s = time.monotonic()
            self._child.interrupt()
        else:
            self._held.append(_CTRL_C)
            self.pump()

    def child_spoke(self):
        """A question came after the interrupt: it has been noticed."""
        self._interrupted_s = None

    def pump(self):
        """Hand held input to the child, and held output to the terminal."""
        if self._held and self._open and self._child is not None:
            try:
                done = os.write(self._child.stdin, self._held)
            except (BlockingIOError, BrokenPipeError):
                done = 0
            del self._held[:done]
            self.on_input()
        if self.pty is not None:
            self.pty.flush()

    def drain(self):
        """Take what the child has printed; False at the end of its output."""
        while True:
            try:
                data = os.read(self._child.stdout, 65536)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            self._printed(data)

    def _printed(self, data):
        seen = self._tail + data
        raw_at = seen.rfind(_RAW_PROMPT)
        friendly_at = seen.rfind(_FRIENDLY_PROMPT)
        if self._hide:
            if raw_at < 0:
                self._tail = seen
                return
            self._hide = False
            data = seen[raw_at:]
        if raw_at >= 0 or friendly_at >= 0:
            self.raw = raw_at > friendly_at
        self._tail = seen[-len(_RAW_PROMPT) + 1 :]
        self.output(data)

    def output(self, data):
        """Print on the terminal, bare line feeds as a board sends them: CR LF."""
        text = bytearray()
        last = self._last
        for byte in data:
            if byte == 10 and last != 13:
                text.append(13)
            text.append(byte)
            last = byte
        self._last = last
        self.log += text
        del self.log[:-65536]
        if self.pty is not None:
            self.pty.send(text)
