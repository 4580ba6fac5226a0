"""Runs on MicroPython: the drivers' steady path under micropython.heap_lock().

Chips here are canned answers that allocate nothing either. Prints OK, or ends in the
MemoryError of whoever allocated.
"""

import micropython

import boards.sim as board
from cellwarden.commands import Commands
from cellwarden.readings import Readings
from firmware import clock
from firmware.drivers.pec15 import pec15
from firmware.hardware import Hardware
from firmware.sampling import Sampler

CHIPS = board.LTC6811_CHIPS


class Pin:
    IN = 0
    OUT = 1

    def __init__(self, number, mode=None, value=None):
        self.level = 1 if mode == Pin.IN else value

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level


def group(words):
    """One register group of all chips, with checks, behind the four command bytes."""
    data = bytearray(6)
    for i, word in enumerate(words):
        data[2 * i] = word & 0xFF
        data[2 * i + 1] = word >> 8
    check = pec15(data, 0, 6)
    return bytes(4) + (bytes(data) + bytes((check >> 8, check & 0xFF))) * CHIPS


class Spi:
    """Answers by the command: cleared after a clear, results after a conversion."""

    def __init__(self):
        self.cells = group((38_000, 38_100, 38_200))
        self.clear = group((0xFFFF, 0xFFFF, 0xFFFF))
        self.aux = group((15_000, 15_000, 30_000))
        self.status_a = group((22_860, 22_500, 50_000))  # 12 cells of 3.81 V, by 20
        self.status_b = group((32_000, 0, 0))
        self.config = bytearray(4 + 8 * CHIPS)
        self.cleared = False
        self.spoil = 0

    def write(self, data):
        if data[0] == 0x07 and data[1] == 0x11:
            self.cleared = True
        elif data[0] in (0x02, 0x03) or data[0] == 0x05 and data[1] == 0x67:
            self.cleared = False
        elif data[0] == 0 and data[1] == 0x01:
            last = CHIPS - 1
            for chip in range(CHIPS):
                for i in range(8):
                    self.config[4 + 8 * chip + i] = data[4 + 8 * (last - chip) + i]

    def write_readinto(self, data, into):
        command = data[1]
        if command == 0x02:
            answer = self.config
        elif command <= 0x0A:
            answer = self.clear if self.cleared else self.cells
        elif command <= 0x0E:
            answer = self.aux
        else:
            answer = self.status_a if command == 0x10 else self.status_b
        for i in range(len(into)):
            into[i] = answer[i]
        if self.spoil:
            self.spoil -= 1
            into[7] ^= 1


class I2c:
    """A register file that holds what was written."""

    def __init__(self):
        self.low = bytearray(64)
        self.high = bytearray(64)
        self.low[0x0B] = 0x03
        self.pointer = 0
        self.last = 0x30

    def writeto(self, address, data, stop=True):
        self.pointer = data[0]
        if len(data) == 3 and data[0] != 0x0B:
            self.high[data[0]] = data[1]
            self.low[data[0]] = data[2]

    def readfrom_into(self, address, into):
        if len(into) == 3:
            self.last ^= 0x70  # a meter's last digit never stands still
            into[0], into[1], into[2] = 0xFF, 0x12, self.last
        else:
            into[0] = self.high[self.pointer]
            into[1] = self.low[self.pointer]


class Adc:
    def __init__(self, pin):
        pass

    def read_u16(self):
        return 45_000


class Machine:
    Pin = Pin
    ADC = Adc
    spi = Spi()
    i2c = I2c()

    @staticmethod
    def SPI(number, **_options):
        return Machine.spi

    @staticmethod
    def I2C(number, **_options):
        return Machine.i2c


hardware = Hardware(board, Machine)
readings = Readings()
sampler = Sampler(board, readings, hardware)
sampler.configure(24, None, 0x3F)
commands = Commands()
outputs = hardware.outputs
outputs.locked = False


def run(now_ms, duration_ms):
    """The board's loop, with time from outside."""
    end_ms = now_ms + duration_ms
    while now_ms < end_ms:
        wait_ms = sampler.step(now_ms)
        sampler.fast_due = False
        if sampler.tick_due:
            sampler.tick_due = False
            commands.charge = not commands.charge
            commands.balance[3] ^= 1
            outputs.apply(commands)
            sampler.apply_balance(commands)
            hardware.buzzer.play((now_ms // 1000) & 3, now_ms)
            outputs.heartbeat()
            if (now_ms // 100) % 7 == 0:
                Machine.spi.spoil = 3
        now_ms += wait_ms
    return now_ms


def lost_configuration(now_ms):
    """A reset chip and a reset meter are set up again without allocating either."""
    Machine.spi.config[6] ^= 0xFF
    Machine.i2c.low[0x01] ^= 0xFF
    return run(now_ms, 500)


now = run(1_000, 12_000)  # warm-up
clock.now_ms()
micropython.heap_lock()
try:
    now = run(now, 24_000)
    now = lost_configuration(now)
    outputs.locked = True
    outputs.apply(commands)
    outputs.all_off()
finally:
    micropython.heap_unlock()
assert readings.cells_count > 300 and readings.cells_valid, readings.cells_count
assert readings.temps_valid and readings.open_wire_count >= 3
assert readings.current_ma.valid and -11_892 < readings.current_ma.value < -11_885, (
    readings.current_ma.value
)
assert not any(sampler.cell_sums.bad)
assert readings.pec_errors > 10
assert hardware.shunt.resets_seen == 1
print("OK")
