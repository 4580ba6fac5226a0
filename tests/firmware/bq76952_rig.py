"""A BQ76952's driver, outputs and sampler around the chip's model, with a clock of their own."""

import firmware.clock
from cellwarden.commands import Commands
from cellwarden.readings import Readings
from cellwarden_host.sim.bq76952_chip import Surroundings
from cellwarden_host.sim.bq76952_model import ADDRESS
from cellwarden_host.sim.bq76952_model import Bq76952 as Model
from firmware.drivers.bq76952 import Bq76952
from firmware.drivers.bq76952_bringup import BringUp
from firmware.drivers.bq76952_outputs import Bq76952Outputs
from firmware.drivers.bq76952_sampler import Bq76952Sampler
from firmware.drivers.bq76952_setup import (
    PIN_ALERT_LOW,
    PIN_CELL_THERMISTOR,
    PIN_FET_OFF_INPUT,
    PIN_FET_THERMISTOR,
    Setup,
)

CYCLE_MS = 100
BYTE_US = 23  # nine bits at 400 kHz, rounded up
SHUNT_UOHM = 250
PINS = (
    PIN_FET_OFF_INPUT | 0x80,  # low keeps the FET off, as a pin that is let go of does
    PIN_FET_OFF_INPUT | 0x80,
    PIN_ALERT_LOW,
    PIN_CELL_THERMISTOR,
    PIN_CELL_THERMISTOR,
    PIN_CELL_THERMISTOR,
    PIN_CELL_THERMISTOR,
    PIN_FET_THERMISTOR,
    0,
)
OV_MV, UV_MV = 3_750, 2_250
CHARGE_MA, DISCHARGE_MA, SHORT_MA = 150_000, 300_000, 600_000


class Board:
    BQ76952_TEMPS = (4, 5, 6, 7, 8, 0)
    SECONDARY_FITTED = False


class Clock:
    def __init__(self):
        self.now_us = 5_000_000

    def ticks_us(self):
        return self.now_us

    def sleep_us(self, us):
        self.now_us += us


class Bus:
    """400 kHz I2C with the model on it; every byte takes its time."""

    def __init__(self, clock, model):
        self.clock = clock
        self.model = model
        self.frames = []  # what was written, while somebody listens
        self.listening = False

    def writeto(self, address, data, _stop=True):
        self.clock.now_us += BYTE_US * (len(data) + 1)
        if self.listening:
            self.frames.append(bytes(data))
        if address != ADDRESS or not self.model.write(bytes(data), self.clock.now_us):
            raise OSError(5)
        return len(data)

    def readfrom_into(self, address, into):
        self.clock.now_us += BYTE_US * (len(into) + 1)
        data = self.model.read(len(into), self.clock.now_us) if address == ADDRESS else None
        if data is None:
            raise OSError(5)
        into[:] = data


class Gate:
    """A pin of the controller on the chip's CFETOFF or DFETOFF input."""

    def __init__(self, outside, name):
        self._outside = outside
        self._name = name

    def value(self, level=None):
        if level is None:
            return getattr(self._outside, self._name)
        setattr(self._outside, self._name, level)
        return None


class Plain:
    level = 0

    def value(self, level=None):
        if level is not None:
            self.level = level
        return self.level


class Rig:
    """``run_ms`` lets the sampler run, and each tick's commands take effect."""

    def __init__(self, cells=16, crc=True, set_up=True, cell_mv=3_300.0, bus_type=Bus):
        self.clock = Clock()
        firmware.clock.install(self.clock)
        self.outside = Surroundings(cells, cell_mv, SHUNT_UOHM / 1000)
        self.model = Model(self.outside)
        self.model.chip.power_up(self.clock.now_us)
        self.bus = bus_type(self.clock, self.model)
        setup = Setup(SHUNT_UOHM, 600_000, PINS, crc)
        setup.short_ma = SHORT_MA
        self.chip = Bq76952(self.bus, setup)
        self.chip.set_limits(CHARGE_MA, DISCHARGE_MA)
        self.chip.set_voltages(OV_MV, UV_MV)
        self.readings = Readings()
        pins = {
            "charge_gate": Gate(self.outside, "cfetoff"),
            "discharge_gate": Gate(self.outside, "dfetoff"),
            "heartbeat": Plain(),
        }
        self.outputs = Bq76952Outputs(pins, self.chip)
        self.sampler = Bq76952Sampler(Board, self.readings, self)
        self.sampler.configure(cells, None, 0x3F)
        self.commands = Commands()
        self.on_tick = None
        self.ticks = 0
        self.longest_us = 0  # one call of the sampler
        if set_up:
            self.run_ms(1_500)
            assert self.chip.ready, self.sampler.bring_up.reason

    @property
    def now_ms(self):
        return self.clock.now_us // 1000

    def run_ms(self, duration_ms):
        end_us = self.clock.now_us + duration_ms * 1000
        while self.clock.now_us < end_us:
            began_us = self.clock.now_us
            wait_ms = self.sampler.step(self.now_ms)
            self.longest_us = max(self.longest_us, self.clock.now_us - began_us)
            self.sampler.fast_due = False
            if self.sampler.tick_due:
                self.sampler.tick_due = False
                self.ticks += 1
                if self.on_tick:
                    self.on_tick()
                self.outputs.apply(self.commands)
                self.commands.reset_short = False
                self.sampler.apply_balance(self.commands)
            self.clock.now_us += wait_ms * 1000

    def until(self, condition, limit_ms=10_000):
        """Milliseconds of the chip's time until ``condition()`` holds after a tick."""
        began_us = self.clock.now_us
        while not condition():
            self.run_ms(5)
            assert self.clock.now_us - began_us < limit_ms * 1000, "it never came about"
        return (self.clock.now_us - began_us) // 1000

    def switch_on(self, charge=True, discharge=True):
        self.outputs.locked = False
        self.commands.charge = charge
        self.commands.discharge = discharge
        self.run_ms(300)

    def fets(self):
        """(charge, discharge) as they really are."""
        p = self.model.chip.protections
        return p.charge_on, p.discharge_on


def running(**options):
    """A rig with both FETs on."""
    rig = Rig(**options)
    rig.switch_on()
    assert rig.fets() == (True, True)
    return rig


def nothing_valid(rig):
    """True when the readings say that nothing is known."""
    r = rig.readings
    return not (r.cells_valid or r.current_ma.valid or r.pack_mv.valid or r.bus_mv.valid)


def bring_up(rig):
    """Set a rig's chip up by itself, without a sampler."""
    steps = BringUp(rig.chip)
    return steps, steps.run()
