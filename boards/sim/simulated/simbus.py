"""Pins, timers, SPI, I2C, ADC and PWM of the simulated ``machine``."""

import simlink
import simops


class Pin:
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4
    IRQ_RISING = 8

    def __init__(self, id, mode=-1, pull=-1, value=None):
        if isinstance(id, Pin):
            id = id.id
        elif isinstance(id, str):
            id = int(id[2:])  # "GP13"
        if not 0 <= id <= 47:
            raise ValueError("invalid pin")
        self.id = id
        self.slot = -1
        if mode != -1:
            self.init(mode, pull, value)

    def init(self, mode=-1, pull=-1, value=None):
        flags = (mode & 0x0F) | ((pull & 0x03) << 4 if pull in (1, 2) else 0)
        if value is not None:
            flags |= 0x40 | (0x80 if value else 0)
        simlink.act(simops.PIN_MODE, self.id, flags, 0)

    def value(self, level=None):
        if level is None:
            return simlink.act(simops.PIN_GET, self.id, 0, 0)
        work_us = simlink.act(simops.PIN_SET, self.id, 1 if level else 0, 0)
        if work_us:
            simlink.work(work_us)

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    high = on
    low = off

    def toggle(self):
        self.value(not self.value())

    def irq(self, handler=None, trigger=12, hard=False):
        if handler is None:
            if self.slot >= 0:
                simlink.act(simops.PIN_IRQ, self.id, 0, self.slot)
                simlink.release_slot(self.slot)
                self.slot = -1
            return
        self.slot = simlink.claim_slot(self)
        simlink.set_handler(self.slot, handler)
        simlink.act(simops.PIN_IRQ, self.id, trigger, self.slot)

    def __repr__(self):
        return "Pin(GPIO%d)" % self.id


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, mode=1, period=-1, freq=-1, callback=None, hard=False):
        self.slot = -1
        if period != -1 or freq != -1:
            self.init(mode, period, freq, callback)

    def init(self, mode=1, period=-1, freq=-1, callback=None, hard=False):
        period_us = 1_000_000 // freq if freq > 0 else period * 1000
        if period_us <= 0:
            raise ValueError("period")
        self.slot = simlink.claim_slot(self)
        simlink.set_handler(self.slot, callback)
        simlink.act(simops.TIMER, self.slot, mode, period_us)

    def deinit(self):
        if self.slot >= 0:
            simlink.act(simops.TIMER, self.slot, 0, 0)
            simlink.release_slot(self.slot)
            self.slot = -1


class SPI:
    MSB = 0
    LSB = 1

    def __init__(
        self,
        id,
        baudrate=1_000_000,
        polarity=0,
        phase=0,
        bits=8,
        firstbit=0,
        sck=None,
        mosi=None,
        miso=None,
    ):
        self.id = id
        self.init(baudrate, polarity, phase, bits, firstbit)

    def init(self, baudrate=1_000_000, polarity=0, phase=0, bits=8, firstbit=0):
        if bits != 8:
            raise ValueError("bits")
        simlink.act(simops.SPI_INIT, self.id, 0, baudrate)

    def deinit(self):
        pass

    def write(self, buf):
        count = len(buf)
        simlink.put(buf, count)
        simlink.call(simops.SPI, self.id, 0, 0, count, 0)
        if simlink.pending:
            simlink.dispatch()

    def write_readinto(self, out, into):
        count = len(out)
        if len(into) != count:
            raise ValueError("buffers must be the same length")
        simlink.put(out, count)
        simlink.call(simops.SPI, self.id, 1, 0, count, count)
        simlink.take(into, count)

    def readinto(self, into, write=0):
        count = len(into)
        for i in range(count):
            simlink.tx[8 + i] = write
        simlink.call(simops.SPI, self.id, 1, 0, count, count)
        simlink.take(into, count)

    def read(self, count, write=0):
        into = bytearray(count)
        self.readinto(into, write)
        return bytes(into)


class I2C:
    def __init__(self, id, scl=None, sda=None, freq=400_000, timeout=50_000):
        self.id = id
        simlink.act(simops.I2C_INIT, id, 0, freq)

    def scan(self):
        return [address for address in range(8, 0x78) if self._write(address, b"", 0)]

    def writeto(self, address, buf, stop=True):
        count = len(buf)
        if not self._write(address, buf, count):
            raise OSError(5)  # EIO: not acknowledged
        return count

    def readfrom_into(self, address, into, stop=True):
        count = len(into)
        if not simlink.call(simops.I2C_READ, self.id, address, count, 0, count):
            raise OSError(5)
        simlink.take(into, count)

    def readfrom(self, address, count, stop=True):
        into = bytearray(count)
        self.readfrom_into(address, into)
        return bytes(into)

    def writeto_mem(self, address, register, buf, addrsize=8):
        self.writeto(address, register.to_bytes(addrsize // 8, "big") + bytes(buf))

    def readfrom_mem_into(self, address, register, into, addrsize=8):
        self.writeto(address, register.to_bytes(addrsize // 8, "big"), False)
        self.readfrom_into(address, into)

    def readfrom_mem(self, address, register, count, addrsize=8):
        into = bytearray(count)
        self.readfrom_mem_into(address, register, into, addrsize)
        return bytes(into)

    def _write(self, address, buf, count):
        simlink.put(buf, count)
        acknowledged = simlink.call(simops.I2C_WRITE, self.id, address, 0, count, 0)
        if simlink.pending:
            simlink.dispatch()
        return acknowledged


class ADC:
    def __init__(self, pin):
        self.id = pin.id if isinstance(pin, Pin) else pin if pin >= 26 else 26 + pin

    def read_u16(self):
        return simlink.act(simops.ADC, self.id, 0, 0)

    def read_uv(self):
        return self.read_u16() * 3_300_000 // 65535


class PWM:
    def __init__(self, pin, freq=-1, duty_u16=-1):
        self.id = pin.id if isinstance(pin, Pin) else pin
        self._freq = 0
        self._duty = 0
        self.init(freq, duty_u16)

    def init(self, freq=-1, duty_u16=-1):
        if freq >= 0:
            self._freq = freq
        if duty_u16 >= 0:
            self._duty = duty_u16
        self._send(1)

    def deinit(self):
        self._send(0)

    def freq(self, hertz=None):
        if hertz is None:
            return self._freq
        self._freq = hertz
        self._send(1)

    def duty_u16(self, duty=None):
        if duty is None:
            return self._duty
        self._duty = duty
        self._send(1)

    def _send(self, running):
        simlink.tx[8] = self._duty & 0xFF
        simlink.tx[9] = self._duty >> 8
        simlink.call(simops.PWM, self.id, running, self._freq, 2, 0)
        if simlink.pending:
            simlink.dispatch()
