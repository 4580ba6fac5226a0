"""The simulated board: real firmware in a MicroPython child, in a world of virtual time.

``SimBoard`` joins clock, controller, console and serial lines, and is where time passes: while
the firmware idles, hangs, stands at its prompt or has no power. The pack lives in the plant.

Three ways to let time pass: ``stepped`` (only in ``advance``; for tests), ``paced`` (never
faster than ``speed`` times real time) and ``max``. The loop runs in ``advance``, in ``run`` or
on the thread that ``start`` makes; other threads come in through ``call``.
"""

import time
from collections import deque

from .clock import Clock
from .console import Console
from .controller import Controller
from .flash import FlashChip
from .layout import ops
from .pacer import Pacer
from .peripherals import Peripherals
from .poller import Poller
from .process import find_micropython
from .ptys import Pty
from .radio import INTERVAL_MS
from .silence import Silence
from .worker import Worker

_FOREVER = 1 << 62
_FLOW_STEP_S = 0.005
_STILL_S = 0.05
_SENT_MAX = 10_000  # runs of bytes kept for uart_take


class SimBoard:
    """``flash`` is a FlashChip or the path of an image; ``board`` is a board's definition."""

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
        tick_cost_us=7000,
        settle_cost_us=3000,
        boot_us=150_000,
        irq_poll_us=2000,
        unique_id="e660583883265f28",
        rs485_joined=False,
        radio_interval_ms=INTERVAL_MS,
    ):
        if mode not in ("stepped", "paced", "max"):
            raise ValueError(mode)
        micropython = micropython or find_micropython()
        self.plant = plant
        self.flash = flash if isinstance(flash, FlashChip) else FlashChip(flash)
        self.rs485_joined = rs485_joined  # a cable from one RS485 port to the other
        self._stepped = mode == "stepped"  # then only ``advance`` lets time pass
        self.clock = Clock()
        self.pacer = Pacer(speed if mode == "paced" else None)
        self.peripherals = Peripherals(
            plant,
            board,
            self.clock,
            self.flash,
            lambda: self.controller.hard_reset(ops.WDT_RESET),
            self._uart_sent,
            (tick_cost_us, settle_cost_us),
            irq_poll_us,
            (_radio_address(unique_id), radio_interval_ms),
        )
        lines = self.peripherals.line_of
        self.ptys = {label: Pty() for label in (*lines, "repl")} if ptys else {}
        self.console = Console(self.ptys.get("repl"))
        self._sent: dict[str, deque] = {label: deque(maxlen=_SENT_MAX) for label in lines}
        self._poller = Poller()
        for label, pty in self.ptys.items():
            self._poller.add(pty.fd, lambda label=label: self._pty_input(label))
        if self.radio is not None:
            self.radio.attach(self._poller)
        self.controller: Controller = Controller(
            self.clock,
            self.peripherals,
            self.console,
            self._poller,
            {
                "micropython": micropython,
                "heap": heap,
                "boot_us": boot_us,
                "ticks_ms_start": ticks_ms_start,
                "unique_id": unique_id,
                "sectors": self.flash.sectors,
                "flash_fd": self.flash.fd,
            },
        )
        self._worker = Worker(self._poller.wake)

    # --- power

    def power_on(self):
        """Plug the board in; the firmware starts."""
        if self.controller.child is None:
            self.controller.start(ops.PWRON_RESET)

    def unplug(self):
        """Cut the power at once, wherever the firmware is."""
        self.controller.unplug()

    def hard_reset(self, cause=ops.HARD_RESET):
        """The reset button: pins float to their pull-downs, the firmware starts anew."""
        self.controller.hard_reset(cause)

    @property
    def powered(self):
        return self.controller.child is not None

    @property
    def resets(self):
        """(virtual time in us, cause) of every start, newest last."""
        return self.controller.resets

    @property
    def gates_enabled(self):
        """Whether the heartbeat's one-shot holds the gate drivers on."""
        return self.peripherals.pins.gates_enabled

    @property
    def radio(self):
        """Its Bluetooth, or None on a board without."""
        return self.peripherals.radio

    def close(self):
        """End the child, free ptys and files. The flash image stays. Harmless when repeated."""
        self.stop()
        self.controller.end()
        if self.radio is not None:
            self.radio.close()
        for pty in self.ptys.values():
            pty.close()
        self.ptys = {}
        self.console.pty = None
        self._poller.close()
        self.flash.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- the loop and who runs it

    @property
    def now_ms(self):
        return self.clock.now_us / 1000

    @property
    def speed(self):
        """Times real time; 0 as fast as it goes; "stepped"."""
        return "stepped" if self._stepped else self.pacer.speed or 0

    def set_speed(self, speed, stepped=False):
        """``speed`` times real time, None as fast as it goes; or only in ``advance``."""
        self._stepped = stepped
        self.pacer.set_speed(speed, self.clock.now_us)

    def advance(self, time_ms):
        """Let ``time_ms`` of virtual time pass, as fast as it goes.

        A call of the firmware that is under way may end a little later.
        """
        speed = self.pacer.speed
        self.pacer.speed = None
        try:
            self._loop(self.clock.now_us + int(time_ms * 1000))
        finally:
            self.pacer.set_speed(speed, self.clock.now_us)
        self.plant.advance(self.clock.now_us)

    def advance_until(self, condition, limit_ms=10_000, step_ms=1):
        """Step until ``condition()`` holds; True when it did within ``limit_ms``."""
        end_us = self.clock.now_us + limit_ms * 1000
        while not condition():
            if self.clock.now_us >= end_us:
                return False
            self.advance(step_ms)
        return True

    def run(self):
        """Let time pass until ``stop``."""
        self.pacer.anchor(self.clock.now_us)
        while not self._worker.stopping:
            if self._stepped:
                self._poller.poll(_STILL_S)
                self._worker.serve()
            else:
                self._loop(_FOREVER)

    def start(self):
        """Power on and let time pass on a thread of its own."""
        self._worker.start(self._power_on_and_run)

    def _power_on_and_run(self):
        try:
            self.power_on()
            self.run()
        except BaseException:
            self.controller.end()
            raise

    def stop(self):
        """End the thread of ``start``; the board stands still as it is."""
        self._worker.stop()

    @property
    def threaded(self):
        """Whether a thread of its own lets time pass."""
        return self._worker.running

    @property
    def failure(self):
        """What ended the thread of ``start``, if it did not end in order."""
        return self._worker.failure

    def call(self, function, timeout_s=60):
        """Run ``function()`` on the loop's thread and return what it returns."""
        return self._worker.call(function, timeout_s)

    def _loop(self, limit_us):
        controller = self.controller
        silence = controller.silence
        while self.clock.now_us < limit_us and not self._worker.stopping:
            if self._stepped and limit_us == _FOREVER:
                return
            if self._worker.waiting:
                self._worker.serve()
            if controller.idle_until is not None:
                if self.console.interrupt_wanted:
                    controller.break_idle()
                else:
                    self._pass_idle(limit_us)
            elif controller.child is None:
                self._flow(limit_us, jump=True)
            elif not self._poller.poll(silence.patience_s):
                state = silence.state(controller.child)
                if state and not self._poller.poll(0):
                    if self.console.interrupt_wanted:
                        self.console.interrupt()
                    self._flow(limit_us, jump=state == Silence.PROMPT)

    def _pass_idle(self, limit_us):
        """The firmware waits: time passes up to its wish, the limit, or what wakes it."""
        controller = self.controller
        peripherals = self.peripherals
        clock = self.clock
        target_us = min(controller.idle_until, limit_us)
        while clock.now_us < target_us and not peripherals.wake:
            step_us = min(target_us, clock.next_us)
            if self.pacer.speed is not None:
                wait_s = self.pacer.wait_s(step_us)
                if wait_s > 0:
                    self._poller.poll(wait_s)
                    if self._worker.stopping or self.console.interrupt_wanted:
                        return
                    if self._worker.waiting:
                        return
                    step_us = min(target_us, clock.next_us, self.pacer.allowed_us())
            if controller.idle_until is None:
                return  # a reset, or a Ctrl-C took the question back
            clock.advance_to(step_us)
        if controller.idle_until is None:
            return
        if peripherals.wake or clock.now_us >= controller.idle_until:
            controller.end_idle()

    def _flow(self, limit_us, jump):
        """Nobody asks for time to pass, so it passes at the rate of real time.

        Where nothing could happen meanwhile (no power, or the prompt waits), ``advance`` jumps
        from alarm to alarm: the outcome is the same.
        """
        clock = self.clock
        if jump and limit_us != _FOREVER:
            clock.advance_to(min(limit_us, clock.next_us))
        else:
            before_us = time.monotonic_ns() // 1000
            self._poller.poll(_FLOW_STEP_S)
            gone_us = time.monotonic_ns() // 1000 - before_us
            clock.advance_to(min(limit_us, clock.now_us + gone_us))
            self.pacer.anchor(clock.now_us)
        self.controller.interrupt()

    # --- serial ports

    def _pty_input(self, label):
        data = self.ptys[label].read()
        if label == "repl":
            self.console.typed(data)
        elif data:
            self.uart_send(label, data)

    def uart_send(self, label, data):
        """Bytes from the far end of ``rs485_1``, ``rs485_2`` or ``display``, at its rate."""
        self.peripherals.receive(label, data)

    def uart_take(self, label):
        """What the board has sent since the last call: (time of the last byte in us, bytes)."""
        taken = list(self._sent[label])
        self._sent[label].clear()
        return taken

    def _uart_sent(self, label, end_us, data):
        self._sent[label].append((end_us, data))
        if self.rs485_joined:
            self.peripherals.hear_other(label, end_us, data)
        if label in self.ptys:
            self.ptys[label].send_or_drop(data)


def _radio_address(unique_id):
    """A public address of this board's own, under an identifier that nobody has bought."""
    return "02:CE:" + ":".join(unique_id[i : i + 2].upper() for i in range(8, 16, 2))
