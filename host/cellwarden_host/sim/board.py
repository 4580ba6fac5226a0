"""The simulated board: real firmware in a MicroPython child, in a world of virtual time.

``SimBoard`` joins clock, peripherals, child process, console and serial lines, and owns what a
board's surroundings do: power, resets, watchdog, and time passing while the firmware idles,
hangs or stands at its prompt. The pack lives in the plant, and goes on through every reset.

Three ways to let time pass: ``stepped`` (only in ``advance``; tests), ``paced`` (never faster
than ``speed`` times real time) and ``max``. The loop runs in ``advance`` or in ``run``, on one
thread; other threads come in through ``call``.
"""

import queue
import struct
import threading
from collections import deque

from .clock import Clock
from .console import Console
from .flash import FlashChip, PowerCut
from .layout import SimError, ops
from .pacer import Pacer
from .peripherals import Peripherals
from .poller import Poller
from .process import Child, find_micropython
from .ptys import Pty
from .silence import Silence

_QUESTION = struct.Struct("<BBBBI")
_ANSWER = struct.Struct("<6I")
_TICKS = 0x3FFFFFFF
_FOREVER = 1 << 62
_FLOW_STEP_S = 0.005
_STILLBORN_MAX = 5  # children in a row that die before they connect
RS485 = ("rs485_1", "rs485_2")


class SimBoard:
    """See the module. ``flash`` is a FlashChip or the path of an image."""

    def __init__(
        self,
        plant,
        board,
        flash,
        *,
        mode="stepped",
        speed=1.0,
        micropython=None,
        heap=None,
        ptys=True,
        ticks_ms_start=0,
        tick_cost_us=8000,
        boot_us=150_000,
        irq_poll_us=2000,
        unique_id="e660583883265f28",
    ):
        if mode not in ("stepped", "paced", "max"):
            raise ValueError(mode)
        self.plant = plant
        self.board = board
        self.flash = flash if isinstance(flash, FlashChip) else FlashChip(flash)
        self.stepped = mode == "stepped"
        self.clock = Clock()
        self.pacer = Pacer(speed if mode == "paced" else None)
        self.peripherals = Peripherals(
            plant,
            board,
            self.clock,
            self.flash,
            self._watchdog_bites,
            self._uart_sent,
            tick_cost_us,
            irq_poll_us,
        )
        self.uart_of = {label: getattr(board, label.upper() + "_UART") for label in RS485}
        self.ptys = {}
        if ptys:
            self.ptys = {label: Pty() for label in (*RS485, "repl")}
        self.console = Console(self.ptys.get("repl"))
        self.sent = {label: deque(maxlen=10_000) for label in RS485}
        self.resets = []  # (virtual time, cause) of every start, newest last
        self._micropython = micropython or find_micropython()
        self._heap = heap
        self._boot_us = boot_us
        self._ticks_ms_start = ticks_ms_start
        self._ticks_zero_us = 0
        self._unique_id = unique_id
        self.child = None
        self._stillborn = 0
        self._idle_until = None  # the child waits for this time
        self._idle_sequence = 0
        self._silence = Silence()
        self._stopping = False
        self._calls = queue.Queue()
        self._thread = None
        self._poller = Poller()
        for label, pty in self.ptys.items():
            self._poller.add(pty.fd, lambda label=label: self._pty_input(label))

    # --- life

    def power_on(self):
        """Plug the board in; the firmware starts."""
        if self.child is None:
            self._start(ops.PWRON_RESET, raw=False)

    def unplug(self):
        """Cut the power at once, wherever the firmware is."""
        self._end_child()
        self.peripherals.hard_reset()

    def hard_reset(self, cause=ops.HARD_RESET):
        """Reset the controller: pins float to their pull-downs, the firmware starts anew."""
        self._end_child()
        self.peripherals.hard_reset()
        self._start(cause, raw=False)

    def close(self):
        """End the child, free ptys and files. The flash image stays."""
        self.stop()
        self._end_child()
        for pty in self.ptys.values():
            pty.close()
        self._poller.close()
        self.flash.close()

    def _start(self, cause, raw):
        if cause != ops.SOFT_RESET:
            self._ticks_zero_us = self.clock.now_us
        self.resets.append((self.clock.now_us, cause))
        settings = {
            "RAW": int(raw),
            "CAUSE": cause,
            "SECTORS": self.flash.sectors,
            "ID": self._unique_id,
        }
        self.child = Child(self._micropython, settings, self._heap)
        self.console.attach(self.child, raw)
        self._silence.heard(self.child)
        self._poller.add(self.child.link.fileno(), self._hear_child)
        self._poller.add(self.child.stdout, self._child_printed)
        self._poller.add(self.child.irq.fileno(), self._interrupt_done)

    def _forget_child(self):
        child = self.child
        for number in (child.link.fileno(), child.stdout, child.irq.fileno()):
            self._poller.remove(number)
        self.console.detach()
        self.child = None
        self._idle_until = None
        return child

    def _end_child(self):
        if self.child is not None:
            self.console.drain()
            self._forget_child().kill()

    def _child_ended(self):
        """The process ended by itself: a soft reset, or a crash that resets the controller."""
        while self.console.drain() and self.child.exit_code() is None:
            self._poller.pause()
        self.console.drain()
        child = self._forget_child()
        child.close()
        self._stillborn = 0 if child.greeted else self._stillborn + 1
        if self._stillborn >= _STILLBORN_MAX:
            raise SimError(f"MicroPython does not start; it says: {self.console.log[-500:]!r}")
        if child.exit_code() < 0:
            self.peripherals.hard_reset()
            self._start(ops.WDT_RESET, raw=False)
            return
        self.peripherals.soft_reset()
        self.console.output(b"MPY: soft reboot\r\n")
        self._start(ops.SOFT_RESET, raw=self.console.raw)

    def _watchdog_bites(self):
        self.hard_reset(ops.WDT_RESET)

    # --- time

    def advance(self, time_ms):
        """Let exactly ``time_ms`` of virtual time pass."""
        self._loop(self.clock.now_us + int(time_ms * 1000))
        self.plant.advance(self.clock.now_us)

    @property
    def now_ms(self):
        return self.clock.now_us / 1000

    def run(self):
        """Let time pass until ``stop``."""
        self._stopping = False
        self.pacer.anchor(self.clock.now_us)
        self._loop(_FOREVER)

    def start(self):
        """``power_on`` and ``run`` on a thread of their own."""
        self._thread = threading.Thread(target=self._run_thread, name="simboard", daemon=True)
        self._thread.start()

    def _run_thread(self):
        self.power_on()
        self.run()

    def stop(self):
        if self._thread is not None:
            self._stopping = True
            self._poller.wake()
            self._thread.join()
            self._thread = None

    def call(self, function, timeout_s=30):
        """Run ``function()`` on the loop's thread and return what it returns."""
        if self._thread is None or threading.current_thread() is self._thread:
            return function()
        done = queue.Queue()
        self._calls.put((function, done))
        self._poller.wake()
        result, error = done.get(timeout=timeout_s)
        if error is not None:
            raise error
        return result

    def _serve_calls(self):
        while not self._calls.empty():
            function, done = self._calls.get()
            try:
                done.put((function(), None))
            except Exception as error:  # the caller's, not the loop's
                done.put((None, error))

    def _loop(self, limit_us):
        while self.clock.now_us < limit_us and not self._stopping:
            self._serve_calls()
            if self._idle_until is not None:
                self._pass_idle(limit_us)
            elif self.child is None:
                self._flow(limit_us, jump=True)
            elif not self._poller.poll(self._silence.patience_s):
                state = self._silence.state(self.child)
                if state and not self._poller.poll(0):
                    self._flow(limit_us, jump=state == Silence.PROMPT)

    def _pass_idle(self, limit_us):
        """The firmware waits: time passes up to its wish, the limit, or what wakes it."""
        child = self.child
        target_us = min(self._idle_until, limit_us)
        clock = self.clock
        while clock.now_us < target_us and not self.peripherals.wake:
            step_us = min(target_us, clock.next_us)
            if self.pacer.speed is not None:
                wait_s = self.pacer.wait_s(step_us)
                if wait_s > 0:
                    self._poller.poll(wait_s)
                    if self.child is not child or self._stopping or not self._calls.empty():
                        return
                    step_us = min(target_us, clock.next_us, self.pacer.allowed_us())
            clock.advance_to(step_us)
            if self.child is not child:
                return
        if self.peripherals.wake or clock.now_us >= self._idle_until:
            self._idle_until = None
            self._answer(self._idle_sequence, 0)

    def _flow(self, limit_us, jump):
        """Nobody asks for time to pass, so it passes at the rate of real time.

        Where nothing could happen meanwhile (no power, or the prompt waits), a stepped clock
        jumps: the outcome is the same.
        """
        clock = self.clock
        if self.stepped and jump:
            clock.advance_to(min(limit_us, clock.next_us))
            self._interrupt_child()
            return
        before_us = self._silence.real_us()
        self._poller.poll(_FLOW_STEP_S)
        gone_us = self._silence.real_us() - before_us
        clock.advance_to(min(limit_us, clock.now_us + gone_us))
        self.pacer.anchor(clock.now_us)
        self._interrupt_child()

    # --- the child

    def _hear_child(self):
        """One question; its answer costs what it costs."""
        child = self.child
        try:
            packet = child.link.recv(8192)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if not packet:
            self._child_ended()
            return
        if not self._silence.interrupting:
            self._silence.heard(child)
        self.console.child_spoke()
        if len(packet) < ops.REQUEST_HEAD:
            self.hard_reset(ops.WDT_RESET)
            return
        op, sequence, a, b, arg = _QUESTION.unpack_from(packet)
        peripherals = self.peripherals
        peripherals.reply = b""
        handler = peripherals.handlers.get(op)
        if handler is not None:
            try:
                result = handler(a, b, arg, packet[8:])
            except PowerCut:
                self.unplug()
                return
            if self.child is child:
                self._answer(sequence, result)
        elif op == ops.IDLE:
            self._idle_sequence = sequence
            self._idle_until = self.clock.now_us + arg
            peripherals.wake = peripherals.fired != 0
        else:
            self._board_question(op, sequence, a, arg)

    def _board_question(self, op, sequence, a, arg):
        if op == ops.SYNC:
            self._idle_until = None
            self._send(bytes((0x80 | a,)))
        elif op == ops.HELLO:
            self.child.greeted = True
            self.console.greeted()
            if self.resets[-1][1] != ops.SOFT_RESET:
                self.peripherals.charge(self._boot_us)
            self._answer(sequence, 0)
        elif op == ops.BOOT_DONE:
            self.console.drain()
            self.console.booted()
            self._answer(sequence, 0)
        elif op == ops.RESET:
            self._reset_asked(a, arg)
        else:
            # Not from our shim: whatever writes here has run wild, as on real hardware.
            self.hard_reset(ops.WDT_RESET)

    def _reset_asked(self, cause, sleep_ms):
        if not sleep_ms:
            self.hard_reset(cause)
            return
        self.unplug()
        self.clock.set("sleep", self.clock.now_us + sleep_ms * 1000, lambda: self._wake(cause))

    def _wake(self, cause):
        if self.child is None:
            self._start(cause, raw=False)

    def _answer(self, sequence, result):
        peripherals = self.peripherals
        ticks_us = self.clock.now_us - self._ticks_zero_us + self._ticks_ms_start * 1000
        fired = peripherals.fired
        peripherals.fired = 0
        self._send(
            _ANSWER.pack(
                sequence,
                fired,
                peripherals.uart_word(),
                ticks_us // 1000 & _TICKS,
                ticks_us & _TICKS,
                result,
            )
            + peripherals.reply
        )
        peripherals.reply = b""

    def _send(self, packet):
        try:
            self.child.link.send(packet)
        except OSError:
            pass  # it has just died; the link's end of file says so next

    def _interrupt_child(self):
        """Wake the child's interrupt thread: its main thread asks nothing."""
        mask = self.peripherals.fired
        child = self.child
        if child is None or not mask or self._silence.interrupting or not child.greeted:
            return
        self.peripherals.fired = 0
        prompt = self._silence.last == Silence.PROMPT
        try:
            child.irq.send(bytes((mask & 0xFF, mask >> 8, prompt, 0)))
        except OSError:
            return
        if not prompt:
            return
        self._silence.interrupting = True
        for _ in range(400):
            if self.child is not child or not self._silence.interrupting:
                break
            self._poller.poll(_FLOW_STEP_S)
            if self._idle_until is not None:
                self._pass_idle(_FOREVER)
        self._silence.interrupting = False

    def _interrupt_done(self):
        try:
            self.child.irq.recv(16)
        except OSError:
            return
        self._silence.interrupting = False

    # --- serial ports

    def _child_printed(self):
        if not self.console.drain():
            self._poller.remove(self.child.stdout)

    def _pty_input(self, label):
        data = self.ptys[label].read()
        if label == "repl":
            self.console.typed(data)
        else:
            self.uart_send(label, data)

    def uart_send(self, label, data):
        """Bytes from the far end of ``rs485_1`` or ``rs485_2``, at the line's rate."""
        self.peripherals.receive(self.uart_of[label], data)

    def uart_take(self, label):
        """What the board has sent since the last call: (time of the last byte in us, bytes)."""
        taken = list(self.sent[label])
        self.sent[label].clear()
        return taken

    def _uart_sent(self, port, end_us, data):
        for label, number in self.uart_of.items():
            if number == port:
                self.sent[label].append((end_us, data))
                if label in self.ptys:
                    self.ptys[label].send_or_drop(data)
