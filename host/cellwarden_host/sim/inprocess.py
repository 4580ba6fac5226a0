"""The controller's ``machine`` on CPython, in process: pins and buses that call a plant.

``World(plant, board)`` owns the time: nothing passes but what a bus transfer costs, what the
firmware sleeps and what ``run`` lets pass. The newest world is the current one, because the
firmware has one clock. The heartbeat's one-shot and the watchdog are here too, as they are
hardware. The plant is any object with the interface in docs/architecture.md ("The simulated
board"); it is told the time with every call.
"""

import firmware.clock
from cellwarden.ticks import MASK


class Clock:
    """Virtual microseconds since the world began; the firmware's ticks may start elsewhere."""

    def __init__(self, first_tick_ms):
        self.now_us = 0
        self._first_us = first_tick_ms * 1000

    def ticks_us(self):
        return self.now_us + self._first_us

    def sleep_us(self, us):
        self.now_us += us


class Pin:
    """One pin; a chip-select pin selects its SPI device."""

    IN, OUT, PULL_UP, PULL_DOWN = 0, 1, 2, 3

    def __init__(self, machine, number, mode=None, pull=None, value=None):
        self._machine = machine
        self.name = machine.names[number]
        self._mode = mode
        self._level = None
        self._device = machine.plant.spi_devices.get(self.name)
        if value is not None:
            self.value(value)

    def value(self, level=None):
        machine = self._machine
        if level is None:
            if self._mode == Pin.OUT:
                return self._level
            return machine.plant.input_level(self.name, machine.clock.now_us)
        if self.name == "heartbeat":
            if level != self._level:
                machine.beat()
            self._level = level
        elif self._device is None:
            self._level = level
            machine.plant.set_output(self.name, level, machine.clock.now_us)
        elif level != self._level:
            self._level = level
            if level:
                self._device.deselect(machine.clock.now_us)
                machine.selected = None
            else:
                self._device.select(machine.clock.now_us)
                machine.selected = self._device
        return None


class _PinFactory:
    IN, OUT, PULL_UP, PULL_DOWN = Pin.IN, Pin.OUT, Pin.PULL_UP, Pin.PULL_DOWN

    def __init__(self, machine):
        self._machine = machine

    def __call__(self, number, mode=None, pull=None, value=None):
        return Pin(self._machine, number, mode, pull, value)


class Spi:
    """1 Mbit/s full duplex with whatever is selected; nothing selected reads 0xFF."""

    def __init__(self, machine):
        self._machine = machine

    def write(self, data):
        self._transfer(bytes(data))

    def write_readinto(self, data, into):
        into[:] = self._transfer(bytes(data))

    def _transfer(self, data):
        machine = self._machine
        start_us = machine.clock.now_us
        machine.clock.now_us += 8 * len(data)
        if machine.selected is None:
            return b"\xff" * len(data)
        return machine.selected.transfer(data, start_us)


class I2c:
    """400 kbit/s; an address that does not acknowledge raises EIO, as on the controller."""

    def __init__(self, machine):
        self._machine = machine

    def writeto(self, address, data, stop=True):
        machine = self._machine
        machine.clock.now_us += 25 * (len(data) + 1)
        device = machine.plant.i2c_devices.get(address)
        if device is None or not device.write(bytes(data), machine.clock.now_us):
            raise OSError(5)
        return len(data)

    def readfrom_into(self, address, into, stop=True):
        machine = self._machine
        machine.clock.now_us += 25 * (len(into) + 1)
        device = machine.plant.i2c_devices.get(address)
        data = device.read(len(into), machine.clock.now_us) if device else None
        if data is None:
            raise OSError(5)
        into[:] = data


class Adc:
    def __init__(self, machine, pin):
        self._machine = machine
        self._name = pin.name

    def read_u16(self):
        machine = self._machine
        machine.clock.now_us += 2
        return machine.plant.adc_u16(self._name, machine.clock.now_us)


class Watchdog:
    """Resets the controller when nobody has fed it for a while; it cannot be stopped."""

    def __init__(self, clock, timeout_ms):
        self._clock = clock
        self._timeout_us = timeout_ms * 1000
        self._due_us = clock.now_us + self._timeout_us

    def feed(self):
        self._due_us = self._clock.now_us + self._timeout_us

    def bites_at(self, now_us):
        """When it has bitten, as seen at ``now_us``; None while it has not."""
        return self._due_us if now_us >= self._due_us else None


class Machine:
    """The ``machine`` module of one plant."""

    def __init__(self, plant, board, clock):
        self.plant = plant
        self.clock = clock
        self.names = {number: name for name, number in board.PINS.items()}
        self.selected = None
        self.Pin = _PinFactory(self)
        self._hold_us = board.HEARTBEAT_MS * 1000
        self._beat_us = None
        self._watchdog = None
        self.was_reset = False  # the watchdog has bitten: the firmware is gone

    def beat(self):
        """An edge of the heartbeat: the gates may be on for a while."""
        if self._beat_us is None:
            self.plant.gates_enabled(True, self.clock.now_us)
        self._beat_us = self.clock.now_us

    def watch_heartbeat(self, now_us):
        """Let the gates go when the last edge is too long ago at ``now_us``."""
        if self._beat_us is not None and now_us - self._beat_us > self._hold_us:
            self.plant.gates_enabled(False, self._beat_us + self._hold_us)
            self._beat_us = None

    def watch(self, now_us):
        """Let the one-shot run out and the watchdog bite, if their time is over."""
        self.watch_heartbeat(now_us)
        bitten_us = self._watchdog.bites_at(now_us) if self._watchdog else None
        if bitten_us is not None:
            self._watchdog = None
            self.was_reset = True
            self.plant.hard_reset(bitten_us)

    def WDT(self, timeout):
        self._watchdog = Watchdog(self.clock, timeout)
        return self._watchdog

    def SPI(self, *_args, **_kwargs):
        return Spi(self)

    def I2C(self, *_args, **_kwargs):
        return I2c(self)

    def ADC(self, pin):
        return Adc(self, pin)


class World:
    """One plant, its ``machine`` and the only clock there is."""

    def __init__(self, plant, board, first_tick_ms=0):
        self.clock = Clock(first_tick_ms)
        firmware.clock.install(self.clock)
        self.plant = plant
        self.board = board
        self.machine = Machine(plant, board, self.clock)
        self.longest_step_us = 0
        self._due_us = 0

    @property
    def now_ms(self):
        return (self.clock.ticks_us() // 1000) & MASK

    def run(self, duration_ms, step):
        """Call ``step(now_ms)`` whenever it wants; it answers with the next wait in ms."""
        end_us = self.clock.now_us + duration_ms * 1000
        while self.clock.now_us < end_us:
            self.call(step)
        self.plant.advance(self.clock.now_us)

    def hang(self, duration_ms):
        """Pass time while the firmware does nothing: only the hardware lives."""
        end_us = self.clock.now_us + duration_ms * 1000
        while self.clock.now_us < end_us:
            self.clock.now_us = min(end_us, self.clock.now_us + 1000)
            self.machine.watch(self.clock.now_us)
            self.plant.advance(self.clock.now_us)

    def call(self, step):
        """Wait until the next call is wanted, and make it."""
        clock = self.clock
        clock.now_us = max(clock.now_us, self._due_us)
        self.machine.watch(clock.now_us)
        before_us = clock.now_us
        wait_ms = step(self.now_ms)
        self._due_us = (before_us // 1000 + wait_ms) * 1000
        took_us = clock.now_us - before_us
        if took_us > self.longest_step_us:
            self.longest_step_us = took_us
