"""Runs on MicroPython: a BQ76952's measuring and switching under micropython.heap_lock().

The chip here is a register file that allocates nothing either. Prints OK, or ends in the
MemoryError of whoever allocated.
"""

import micropython

from cellwarden.commands import Commands
from cellwarden.readings import Readings
from firmware import clock
from firmware.drivers.bq76952 import Bq76952
from firmware.drivers.bq76952_link import _TABLE as CRC
from firmware.drivers.bq76952_outputs import Bq76952Outputs
from firmware.drivers.bq76952_sampler import Bq76952Sampler
from firmware.drivers.bq76952_setup import Setup

FIRST = 0x9180
FAILURE = OSError(5)


class Pin:
    def __init__(self):
        self.level = 0

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level


class Chip:
    """Direct registers, transfer buffer and data memory, always in CRC mode."""

    def __init__(self):
        self.register = bytearray(128)
        self.memory = bytearray(0x300)
        self.pointer = 0
        self.fet_en = 0
        self.seconds = 0
        self.refuse = 0
        self.spoil = 0
        self.last = 0
        for cell in range(16):
            self.word(0x14 + 2 * cell, 3_300)
        self.word(0x34, 5_280)
        self.word(0x12, 0x0108)
        for at in range(0x68, 0x7C, 2):
            self.word(at, 2_981)

    def word(self, at, value):
        self.register[at] = value & 0xFF
        self.register[at + 1] = (value >> 8) & 0xFF

    def writeto(self, address, data, stop=True):
        if self.refuse:
            self.refuse -= 1
            raise FAILURE
        at = self.pointer = data[0]
        for i in range(1, len(data) - 1, 2):
            if at == 0x62:
                pass
            elif at < 0x7F:
                self.register[at] = data[i]
            if at == 0x3F:
                self.prepare(self.register[0x3E] | (data[i] << 8))
            elif at == 0x61:
                self.take(self.register[0x3E] | (self.register[0x3F] << 8), data[i] - 4)
            at += 1

    def prepare(self, code):
        count = 2
        buffer = self.register
        for i in range(32):
            buffer[0x40 + i] = 0
        if code >= FIRST:
            count = 32
            for i in range(32):
                buffer[0x40 + i] = self.memory[code - FIRST + i]
        elif code == 0x0001:
            self.word(0x40, 0x7695)
        elif code == 0x0022:
            self.fet_en ^= 0x10
        elif code == 0x0057:
            self.word(0x40, self.fet_en)
        elif code == 0x0005:
            self.word(0x40, 0x1234)
        elif code == 0x0076:
            count = 12
            self.seconds += 1
            self.word(0x48, self.seconds)
        elif code == 0x0090:
            self.register[0x12] |= 1
        elif code == 0x0092:
            self.word(0x12, 0x0100)
        total = (code & 0xFF) + (code >> 8)
        for i in range(count):
            total += buffer[0x40 + i]
        buffer[0x60] = ~total & 0xFF
        buffer[0x61] = count + 4

    def take(self, code, count):
        if code >= FIRST:
            for i in range(count):
                self.memory[code - FIRST + i] = self.register[0x40 + i]
        elif code == 0x0097:
            off = self.register[0x40]
            self.register[0x7F] = (0 if off & 4 else 1) | (0 if off & 1 else 4)

    def readfrom_into(self, address, into):
        self.register[0x62] |= 0x02
        self.last ^= 3
        self.register[0x3A] = 0x20 ^ self.last
        at = self.pointer
        check = CRC[CRC[CRC[0x10] ^ at] ^ 0x11]
        for i in range(0, len(into), 2):
            value = self.register[at]
            into[i] = value
            if i + 1 < len(into):  # asked without checks, it sends them all the same
                into[i + 1] = CRC[check ^ value]
            check = 0
            at += 1
        if self.spoil:
            self.spoil -= 1
            into[0] ^= 1


class Board:
    BQ76952_TEMPS = (4, 5, 6, 7, 8, 0)
    SECONDARY_FITTED = False


class Hardware:
    pass


bus = Chip()
setup = Setup(250, 600_000, (0x82, 0x82, 0x82, 7, 7, 7, 7, 0x0F, 0))
setup.short_ma = 600_000
hardware = Hardware()
hardware.chip = chip = Bq76952(bus, setup)
chip.set_limits(150_000, 300_000)
chip.set_voltages(3_750, 2_250)
pins = {"charge_gate": Pin(), "discharge_gate": Pin(), "heartbeat": Pin()}
hardware.outputs = outputs = Bq76952Outputs(pins, chip)
readings = Readings()
sampler = Bq76952Sampler(Board, readings, hardware)
sampler.configure(16, None, 0x3F)
commands = Commands()


def run(now_ms, duration_ms, switching=True):
    """The board's loop, with time from outside."""
    end_ms = now_ms + duration_ms
    while now_ms < end_ms:
        wait_ms = sampler.step(now_ms)
        if sampler.fast_due:
            sampler.fast_due = False
            outputs.apply(commands)
        if sampler.tick_due:
            sampler.tick_due = False
            commands.charge = switching and not commands.charge
            commands.discharge = switching and chip.ready
            commands.balance[3] ^= 1
            commands.balance[4] = 1
            outputs.apply(commands)
            sampler.apply_balance(commands)
            outputs.heartbeat()
            if (now_ms // 100) % 7 == 0:
                bus.spoil = 2
            if (now_ms // 100) % 11 == 0:
                bus.refuse = 1
        now_ms += wait_ms
    return now_ms


def reset(now_ms):
    """A chip that was reset is set up again, once everything is off."""
    bus.word(0x12, 0x0108)
    bus.memory[0x100] ^= 0xFF
    bus.fet_en = 0
    now_ms = run(now_ms, 500)
    return run(run(now_ms, 1_500, False), 1_000)


def veto(now_ms):
    """A protection of the chip trips, and lets go."""
    bus.register[0x03] = 0x88
    now_ms = run(now_ms, 500)
    bus.register[0x03] = 0
    commands.reset_short = True
    now_ms = run(now_ms, 500)
    commands.reset_short = False
    return now_ms


def jump(now_ms):
    """All results move at once, and are read again."""
    for cell in range(16):
        bus.word(0x14 + 2 * cell, 2_900)
    bus.word(0x3A, 0xF000)
    return run(now_ms, 500)


outputs.locked = False
now = run(1_000, 3_000, False)
now = run(now, 4_000)
clock.now_ms()
micropython.heap_lock()
try:
    now = run(now, 12_000)
    now = veto(now)
    now = jump(now)
    now = reset(now)
    now = run(now, 3_000)
    outputs.all_off()
finally:
    micropython.heap_unlock()
assert readings.cells_count > 120 and readings.cells_valid, readings.cells_count
assert readings.temps_valid and readings.open_wire_count >= 3
assert readings.current_ma.valid
assert chip.resets_seen == 1 and chip.vetoes >= 2, (chip.resets_seen, chip.vetoes)
assert readings.pec_errors > 10 and chip.link.nacks > 5
assert pins["charge_gate"].level == 0 and bus.register[0x7F] == 0
print("OK")
