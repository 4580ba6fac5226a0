"""The controller's life: the child process that runs the firmware, its resets, its questions.

A hard reset ends the process wherever it is; a soft reset is the process ending by itself. The
world outside (plant, clock, console, lines) goes on through both.
"""

import struct
from typing import Any

from .flash import PowerCut
from .layout import SimError, ops
from .process import Child
from .silence import Silence

_QUESTION = struct.Struct("<BBBBI")
_ANSWER = struct.Struct("<6I")
_TICKS = 0x3FFFFFFF
_STILLBORN_MAX = 5  # children in a row that die before they connect
_INTERRUPT_LOOKS = 400
_LOOK_S = 0.005


class Controller:
    """``options``: micropython, heap, boot_us, ticks_ms_start, unique_id, sectors, flash_fd."""

    def __init__(self, clock, peripherals, console, poller, options):
        self._clock = clock
        self._peripherals = peripherals
        self._console = console
        self._poller = poller
        self._options = options
        self._ticks_zero_us = 0
        self._stillborn = 0
        self._idle_sequence = 0
        self.child: Any = None
        self.idle_until = None  # the firmware waits for this time
        self.resets = []  # (virtual time, cause) of every start, newest last
        self.silence = Silence()
        console.on_input = self.silence.heard

    # --- life

    def start(self, cause, raw=False):
        options = self._options
        if cause != ops.SOFT_RESET:
            self._ticks_zero_us = self._clock.now_us
        self.resets.append((self._clock.now_us, cause))
        settings = {
            "RAW": int(raw),
            "CAUSE": cause,
            "PIO": int(self._peripherals.has_pio),
            "RADIO": int(self._peripherals.radio is not None),
            "SECTORS": options["sectors"],
            "ID": options["unique_id"],
        }
        self.child = Child(options["micropython"], settings, options["flash_fd"], options["heap"])
        self._console.attach(self.child, raw)
        self.silence.heard()
        self._poller.add(self.child.link.fileno(), self._hear)
        self._poller.add(self.child.stdout, self._printed)
        self._poller.add(self.child.irq.fileno(), self._interrupt_done)

    def end(self):
        """Power is gone: the firmware stops wherever it is."""
        if self.child is not None:
            self._console.drain()
            self._forget().kill()

    def unplug(self):
        self.end()
        self._peripherals.hard_reset()

    def hard_reset(self, cause):
        self.unplug()
        self.start(cause)

    def _forget(self):
        child = self.child
        for number in (child.link.fileno(), child.stdout, child.irq.fileno()):
            self._poller.remove(number)
        self._console.detach()
        self.child = None
        self.idle_until = None
        return child

    def _ended(self):
        """The process ended by itself: a soft reset, or a crash, which resets the chip."""
        while self._console.drain() and self.child.exit_code() is None:
            self._poller.pause()
        self._console.drain()
        child = self._forget()
        child.close()
        self._stillborn = 0 if child.greeted else self._stillborn + 1
        if self._stillborn >= _STILLBORN_MAX:
            raise SimError(
                f"MicroPython does not start; it says: {bytes(self._console.log[-500:])!r}"
            )
        if child.exit_code() < 0:
            self._peripherals.hard_reset()
            self.start(ops.WDT_RESET)
            return
        self._restart()

    def _restart(self):
        self._peripherals.soft_reset()
        self._console.output(b"MPY: soft reboot\r\n")
        self.start(ops.SOFT_RESET, self._console.raw)

    def _sleep(self, cause, time_ms):
        """Deep sleep: off, and a reset later."""
        self.unplug()
        wake_us = self._clock.now_us + time_ms * 1000
        self._clock.set("sleep", wake_us, lambda: self.child or self.start(cause))

    # --- questions and answers

    def _hear(self):
        child = self.child
        try:
            packet = child.link.recv(8192)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if not packet:
            self._ended()
            return
        if not self.silence.interrupting:
            self.silence.heard()
        self._console.child_spoke()
        if len(packet) < ops.REQUEST_HEAD:
            self.hard_reset(ops.WDT_RESET)
            return
        op, sequence, a, b, arg = _QUESTION.unpack_from(packet)
        if self._console.interrupt_wanted and op > ops.HELLO:
            self._console.interrupt()  # instead of an answer: the call never happens
            return
        peripherals = self._peripherals
        handler = peripherals.handlers.get(op)
        if handler is not None:
            peripherals.reply = b""
            try:
                result = handler(a, b, arg, packet[8:])
            except PowerCut:
                self.unplug()
                return
            if self.child is child:
                self._answer(sequence, result)
        elif op == ops.IDLE:
            self._idle_sequence = sequence
            self.idle_until = self._clock.now_us + arg
            peripherals.wake = peripherals.fired != 0
        else:
            self._hear_about_life(op, sequence, a, arg)

    def _hear_about_life(self, op, sequence, a, arg):
        if op == ops.SYNC:
            self.idle_until = None
            self._send(bytes((0x80 | a,)))
        elif op == ops.HELLO:
            self.child.greeted = True
            self._console.greeted()
            if self.resets[-1][1] != ops.SOFT_RESET:
                self._peripherals.charge(self._options["boot_us"])
            self._answer(sequence, 0)
        elif op == ops.BOOT_DONE:
            self._console.drain()
            self._console.booted()
            self._answer(sequence, 0)
        elif op == ops.RESET and arg:
            self._sleep(a, arg)
        elif op == ops.RESET and a == ops.SOFT_RESET:
            self.end()
            self._restart()
        else:
            # A reset was asked for; or rubbish came, which only a firmware run wild can write.
            self.hard_reset(a if op == ops.RESET else ops.WDT_RESET)

    def break_idle(self):
        """A Ctrl-C strikes while the firmware waits."""
        self.idle_until = None
        self._console.interrupt()

    def end_idle(self):
        """The firmware has waited long enough."""
        self.idle_until = None
        self._peripherals.reply = b""
        self._answer(self._idle_sequence, 0)

    def _answer(self, sequence, result):
        peripherals = self._peripherals
        now_us = self._clock.now_us - self._ticks_zero_us
        now_us += self._options["ticks_ms_start"] * 1000
        fired = peripherals.fired
        peripherals.fired = 0
        head = _ANSWER.pack(
            sequence,
            fired,
            peripherals.uart_word(),
            now_us // 1000 & _TICKS,
            now_us & _TICKS,
            result,
        )
        self._send(head + peripherals.reply)

    def _send(self, packet):
        try:
            self.child.link.send(packet)
        except OSError:
            pass  # it has just died; the end of its link says so next

    # --- interrupts for a firmware that asks nothing

    def interrupt(self):
        """Wake the child's second thread with what has fired.

        At the prompt that thread runs the handlers itself, and time waits for it; in a hang
        it can only queue them, as the firmware has to come to a next bytecode.
        """
        peripherals = self._peripherals
        child = self.child
        if child is None or not peripherals.fired or not child.greeted:
            return
        mask = peripherals.fired
        peripherals.fired = 0
        at_prompt = self.silence.last == Silence.PROMPT
        try:
            child.irq.send(bytes((mask & 0xFF, mask >> 8, at_prompt, 0)))
        except OSError:
            return
        self.silence.interrupting = at_prompt
        self.silence.poked = not at_prompt
        for _ in range(_INTERRUPT_LOOKS):
            if self.child is not child or not self.silence.interrupting:
                break
            self._poller.poll(_LOOK_S)
            if self.idle_until is not None:
                self._clock.advance_to(self.idle_until)
                self.end_idle()
        self.silence.interrupting = False

    def _interrupt_done(self):
        try:
            self.child.irq.recv(16)
        except OSError:
            return
        self.silence.interrupting = False

    def _printed(self):
        if not self._console.drain():
            self._poller.remove(self.child.stdout)
