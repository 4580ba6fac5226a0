"""The controller's pins, and what hangs on them: chip selects, gates, heartbeat, interrupts.

Levels stay through a soft reset and fall to the board's pull-downs on a hard one. The gate
enable is the board's one-shot: each heartbeat edge arms it, and the hardware opens the gates
when it runs out.

The hold one-shot (boards with ``HOLD_FITTED``) bridges a restart that was meant: a rising edge of
``hold_arm`` keeps the gates as they are, whatever pins and heartbeat do, until the next edge of
the heartbeat (one that falls in the reset itself does not count), at most HOLD_MS. It runs on a
charge that the heartbeat builds up in HOLD_CHARGE_MS and that one hold uses up, so that no crash
and no second restart can have it.
"""

from typing import Any

from .layout import ops

_PINS = 48
_OUT = 1
_UNCHANGED = 0x0F
_PULL_UP = 1
_IRQ_FALLING = 4
_IRQ_RISING = 8
HOLD_MS = 2_000
HOLD_CHARGE_MS = 5_000
_HOLD_DEAF_MS = 100


class Pins:
    """``spent(us)`` charges processor time; ``lines`` maps driver-enable names to UART lines."""

    def __init__(
        self, plant, board, clock, lines, fire, spent, tick_cost_us, settle_cost_us, irq_poll_us
    ):
        self._plant = plant
        self._clock = clock
        self._lines = lines
        self._fire = fire
        self._spent = spent
        self._tick_cost_us = tick_cost_us
        self._settle_cost_us = settle_cost_us
        self._unsettled = False
        self._work_us = 0
        self._irq_poll_us = irq_poll_us
        self._heartbeat_us = board.HEARTBEAT_MS * 1000
        self.names = {number: name for name, number in board.PINS.items()}
        self._numbers = dict(board.PINS)
        self._level = [0] * _PINS
        self._mode = [0] * _PINS
        self._pull = [0] * _PINS
        self._irqs = {}  # pin -> [trigger, slot, level]
        self.selected: Any = None  # the SPI device whose chip select is low
        self.gates_enabled = False
        self.heartbeat_edges = 0
        self._hold_fitted = getattr(board, "HOLD_FITTED", False)
        self.held = False
        self._armed_us = 0
        self._charging_us = 0  # the hold's charge grows since then
        self.pwm = {}  # pin name -> (frequency, duty)
        self.handlers = {
            ops.PIN_MODE: self._set_mode,
            ops.PIN_SET: self._set_level,
            ops.PIN_GET: self._get_level,
            ops.PIN_IRQ: self._set_irq,
            ops.PWM: self._set_pwm,
        }

    def soft_reset(self):
        """Levels stay; the interpreter's handlers are gone."""
        self._irqs = {}
        self._clock.cancel("irq")

    def hard_reset(self):
        self.soft_reset()
        for pin in range(_PINS):
            if self._mode[pin] == _OUT:
                self._float(pin)
        self.pwm.clear()

    def output(self, name):
        """What the controller drives a named pin to; 0 while it does not."""
        pin = self._numbers[name]
        return self._level[pin] if self._mode[pin] == _OUT else 0

    def _set_mode(self, pin, flags, _arg, _data):
        mode = flags & 0x0F
        was_out = self._mode[pin] == _OUT
        self._pull[pin] = (flags >> 4) & 0x03
        if mode == _OUT:
            self._mode[pin] = mode
            if flags & 0x40:
                self._drive(pin, flags >> 7, not was_out)
            elif not was_out:
                self._drive(pin, self._level[pin], True)
        elif mode != _UNCHANGED and was_out:
            self._float(pin)
        return self._level[pin]

    def _float(self, pin):
        """An output becomes an input: chip selects have a pull-up, all else a pull-down."""
        self._drive(pin, 1 if self.names.get(pin) in self._plant.spi_devices else 0, False)
        self._mode[pin] = 0
        self._level[pin] = 0

    def _set_level(self, pin, level, _arg, _data):
        if self._mode[pin] == _OUT:
            self._drive(pin, level, False)
        else:
            self._level[pin] = level  # the latch that a later change to output drives
        work_us, self._work_us = self._work_us, 0
        return work_us

    def _drive(self, pin, level, first):
        changed = level != self._level[pin]
        if not changed and not first:
            return
        self._level[pin] = level
        name = self.names.get(pin)
        now_us = self._clock.now_us
        if name is None:
            return
        if name in self._plant.spi_devices:
            self._select(self._plant.spi_devices[name], level, now_us)
        elif name in self._lines:
            self._lines[name].set_driver_enable(level, now_us)
        else:
            self._plant.set_output(name, level, now_us)
            if name == "heartbeat" and changed:
                self._beat()
            elif name == "hold_arm" and changed and level:
                self._hold(now_us)

    def _select(self, device, level, now_us):
        if not level:
            self.selected = device
            device.select(now_us)
        elif self.selected is device:
            self.selected = None
            device.deselect(now_us)

    def _beat(self):
        """An edge re-arms the one-shot, and ends half a tick: its processor time is due now."""
        self.heartbeat_edges += 1
        now_us = self._clock.now_us
        self._clock.set("gates", now_us + self._heartbeat_us, self._run_out)
        if not self.gates_enabled:
            self.gates_enabled = True
            self._charging_us = now_us
            self._plant.gates_enabled(True, now_us)
        if self.held and now_us - self._armed_us >= _HOLD_DEAF_MS * 1000:
            self._let_go()
        self._work_us = self._tick_cost_us
        self._unsettled = True

    def _hold(self, now_us):
        """Arm the hold one-shot, if it is there and charged."""
        charged = now_us - self._charging_us >= HOLD_CHARGE_MS * 1000
        if self._hold_fitted and self.gates_enabled and charged and not self.held:
            self.held = True
            self._armed_us = now_us
            self._plant.hold_gates(True, now_us)
            self._clock.set("hold", now_us + HOLD_MS * 1000, self._let_go)

    def _let_go(self):
        self._clock.cancel("hold")
        self.held = False
        self._charging_us = self._clock.now_us
        self._plant.hold_gates(False, self._clock.now_us)

    def settled(self):
        """The watchdog is fed: the tick's other half, if there was one, has ended. Its time."""
        cost_us = self._settle_cost_us if self._unsettled else 0
        self._unsettled = False
        return cost_us

    def _run_out(self):
        self.gates_enabled = False
        self._plant.gates_enabled(False, self._clock.now_us)

    def _read(self, pin):
        if self._mode[pin] == _OUT:
            return self._level[pin]
        name = self.names.get(pin)
        if name is None:
            return 1 if self._pull[pin] == _PULL_UP else 0
        return 1 if self._plant.input_level(name, self._clock.now_us) else 0

    def _get_level(self, pin, _b, _arg, _data):
        self._spent(1)
        return self._read(pin)

    def _set_irq(self, pin, trigger, slot, _data):
        if trigger:
            self._irqs[pin] = [trigger, slot, self._read(pin)]
            if self._clock.due("irq") is None:
                self._poll_irqs()
        else:
            self._irqs.pop(pin, None)
        return 0

    def edge(self, name):
        """A byte's start bit on a receive pin, for a firmware that sleeps over its UART."""
        watch = self._irqs.get(self._numbers[name])
        if watch is not None and watch[0] & _IRQ_FALLING:
            self._fire(watch[1])

    def _poll_irqs(self):
        for pin, watch in self._irqs.items():
            level = self._read(pin)
            if level != watch[2]:
                watch[2] = level
                if watch[0] & (_IRQ_RISING if level else _IRQ_FALLING):
                    self._fire(watch[1])
        if self._irqs:
            self._clock.set("irq", self._clock.now_us + self._irq_poll_us, self._poll_irqs)

    def _set_pwm(self, pin, running, frequency, data):
        """A pin that is pulsed counts as driven high: the models know no waveforms."""
        duty = int.from_bytes(data[:2], "little")
        on = bool(running and duty and frequency)
        self.pwm[self.names.get(pin, f"gpio{pin}")] = (frequency, duty) if on else (0, 0)
        self._mode[pin] = _OUT
        self._drive(pin, int(on), False)
        return 0
