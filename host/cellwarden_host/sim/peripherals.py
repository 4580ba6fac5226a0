"""The controller's peripherals: pins, buses, timers, watchdog, as the firmware's calls use them.

Turns each request of the simulated ``machine`` into calls of the plant's models, and charges
the virtual time it takes. Knows the board's wiring from its definition; decides nothing.
"""

import struct
import time

from .layout import ops
from .uart_line import UartLine

_PINS = 48
_MODE_OUT = 1
_PULL_UP = 1
_IRQ_FALLING = 4
_IRQ_RISING = 8
_CALL_US = 1  # what a register access costs the processor
_ADC_US = 4
_FLOATING = 0xFF  # what a bus reads with nobody on it


class Peripherals:
    """``on_watchdog()`` and ``on_uart(port, end_us, data)`` tell the board what happened."""

    def __init__(self, plant, board, clock, flash, on_watchdog, on_uart, tick_cost_us, poll_us):
        self.plant = plant
        self.clock = clock
        self.flash = flash
        self.reply = b""  # payload of the answer being made
        self.fired = 0  # interrupt slots that the firmware has not been told of
        self.wake = False  # something that ends an idle has happened
        self.heartbeat_edges = 0
        self.pwm = {}  # pin name -> (frequency, duty)
        self._on_watchdog = on_watchdog
        self._tick_cost_us = tick_cost_us
        self._irq_poll_us = poll_us
        self._heartbeat_us = board.HEARTBEAT_MS * 1000
        self._wall_start = int(time.time())
        self._names = {number: name for name, number in board.PINS.items()}
        self._adc_names = {number: name for name, number in board.PINS.items()}
        self.lines = []
        self._line_of_pin = {}
        for port in (0, 1):
            name = self._de_pin_of(board, port)
            line = UartLine(
                lambda end_us, data, port=port: on_uart(port, end_us, data), name is not None
            )
            self.lines.append(line)
            if name:
                self._line_of_pin[name] = line
        self._level = [0] * _PINS
        self._mode = [0] * _PINS
        self._pull = [0] * _PINS
        self._gates = False
        self._reset_registers()
        self.handlers = {
            ops.PIN_MODE: self._pin_mode,
            ops.PIN_SET: self._pin_set,
            ops.PIN_GET: self._pin_get,
            ops.PIN_IRQ: self._pin_irq,
            ops.TIMER: self._timer,
            ops.SPI_INIT: self._spi_init,
            ops.SPI: self._spi,
            ops.I2C_INIT: self._i2c_init,
            ops.I2C_WRITE: self._i2c_write,
            ops.I2C_READ: self._i2c_read,
            ops.ADC: self._adc,
            ops.PWM: self._pwm,
            ops.UART_INIT: self._uart_init,
            ops.UART_READ: self._uart_read,
            ops.UART_WRITE: self._uart_write,
            ops.WDT_START: self._wdt_start,
            ops.WDT_FEED: self._wdt_feed,
            ops.FLASH_READ: self._flash_read,
            ops.FLASH_PROGRAM: self._flash_program,
            ops.FLASH_ERASE: self._flash_erase,
            ops.WALL_TIME: self._wall_time,
        }

    @staticmethod
    def _de_pin_of(board, port):
        for label in ("rs485_1", "rs485_2"):
            if getattr(board, label.upper() + "_UART", None) == port:
                return label + "_de" if label + "_de" in board.PINS else None
        return None

    def _reset_registers(self):
        self._irqs = {}  # pin -> [trigger, slot, level]
        self._spi_baud = {}
        self._i2c_baud = {}
        self._watchdog_us = 0
        self.fired = 0

    def hard_reset(self):
        """Every pin floats to its pull, every peripheral stops, the plant goes on."""
        now_us = self.clock.now_us
        for line in self.lines:
            line.power_off(now_us)
        for slot in range(ops.IRQ_SLOTS):
            self.clock.cancel(("timer", slot))
        self.clock.cancel("irq")
        self.clock.cancel("watchdog")
        for port in (0, 1):
            self.clock.cancel(("tx", port))
            self.clock.cancel(("rx", port))
        self._reset_registers()
        for pin in range(_PINS):
            if self._mode[pin] == _MODE_OUT:
                self._float(pin)
        self.pwm.clear()
        self.plant.hard_reset(now_us)

    def soft_reset(self):
        """The interpreter restarts: pins keep their level, timers and handlers are gone."""
        for slot in range(ops.IRQ_SLOTS):
            self.clock.cancel(("timer", slot))
        self.clock.cancel("irq")
        self._irqs = {}
        self.fired = 0

    # --- time

    def charge(self, cost_us):
        self.clock.advance_to(self.clock.now_us + cost_us)

    def stall(self, cost_us):
        """Time in which the processor stands still: only the UARTs' FIFOs receive."""
        for line in self.lines:
            line.pump(self.clock.now_us)
            line.stalled = True
        self.charge(cost_us)
        for line in self.lines:
            line.pump(self.clock.now_us)
            line.stalled = False
            line.pump(self.clock.now_us)

    # --- pins

    def level_of(self, name):
        """Output level of a named pin, for status."""
        for pin, known in self._names.items():
            if known == name:
                return self._level[pin] if self._mode[pin] == _MODE_OUT else 0
        return 0

    def _pin_mode(self, pin, flags, _arg, _data):
        mode = flags & 0x0F
        was_out = self._mode[pin] == _MODE_OUT
        self._pull[pin] = (flags >> 4) & 0x03
        if mode == _MODE_OUT:
            self._mode[pin] = mode
            if flags & 0x40:
                self._drive(pin, flags >> 7, not was_out)
            elif not was_out:
                self._drive(pin, self._level[pin], True)
        elif mode != 0x0F and was_out:
            self._float(pin)
        return self._level[pin]

    def _float(self, pin):
        """An output becomes an input: a chip select rises, everything else is pulled down."""
        self._drive(pin, 1 if self._names.get(pin) in self.plant.spi_devices else 0, False)
        self._mode[pin] = 0
        self._level[pin] = 0

    def _pin_set(self, pin, level, _arg, _data):
        if self._mode[pin] == _MODE_OUT:
            self._drive(pin, level, False)
        else:
            self._level[pin] = level
        return level

    def _drive(self, pin, level, first):
        if level == self._level[pin] and not first:
            return
        changed = level != self._level[pin]
        self._level[pin] = level
        name = self._names.get(pin)
        if name is None:
            return
        now_us = self.clock.now_us
        device = self.plant.spi_devices.get(name)
        if device is not None:
            device.deselect(now_us) if level else device.select(now_us)
            self._selected = None if level else device
            return
        line = self._line_of_pin.get(name)
        if line is not None:
            line.set_driver_enable(level, now_us)
            return
        self.plant.set_output(name, level, now_us)
        if name == "heartbeat" and changed:
            self._heartbeat()

    _selected = None

    def _heartbeat(self):
        """An edge re-arms the one-shot that lets the gate drivers work."""
        self.heartbeat_edges += 1
        now_us = self.clock.now_us
        self.clock.set("gates", now_us + self._heartbeat_us, self._gates_off)
        if not self._gates:
            self._gates = True
            self.plant.gates_enabled(True, now_us)
        self.charge(self._tick_cost_us)

    def _gates_off(self):
        self._gates = False
        self.plant.gates_enabled(False, self.clock.now_us)

    @property
    def gates_enabled(self):
        return self._gates

    def _read_pin(self, pin):
        if self._mode[pin] == _MODE_OUT:
            return self._level[pin]
        name = self._names.get(pin)
        if name is None:
            return 1 if self._pull[pin] == _PULL_UP else 0
        return 1 if self.plant.input_level(name, self.clock.now_us) else 0

    def _pin_get(self, pin, _b, _arg, _data):
        self.charge(_CALL_US)
        return self._read_pin(pin)

    # --- interrupts and timers

    def _pin_irq(self, pin, trigger, slot, _data):
        if trigger:
            self._irqs[pin] = [trigger, slot, self._read_pin(pin)]
            if self.clock.due("irq") is None:
                self._poll_irqs()
        else:
            self._irqs.pop(pin, None)
        return 0

    def _poll_irqs(self):
        for pin, watch in self._irqs.items():
            level = self._read_pin(pin)
            if level != watch[2]:
                watch[2] = level
                if watch[0] & (_IRQ_RISING if level else _IRQ_FALLING):
                    self.fire(watch[1])
        if self._irqs:
            self.clock.set("irq", self.clock.now_us + self._irq_poll_us, self._poll_irqs)

    def fire(self, slot):
        self.fired |= 1 << slot
        self.wake = True

    def _timer(self, slot, periodic, period_us, _data):
        name = ("timer", slot)
        self.clock.cancel(name)
        if period_us:

            def ring():
                self.fire(slot)
                if periodic:
                    self.clock.set(name, self.clock.now_us + period_us, ring)

            self.clock.set(name, self.clock.now_us + period_us, ring)
        return 0

    # --- buses

    def _spi_init(self, bus, _b, baud, _data):
        self._spi_baud[bus] = baud
        return 0

    def _spi(self, bus, wants, _arg, data):
        self.charge(_CALL_US + len(data) * 8_000_000 // self._spi_baud.get(bus, 1_000_000))
        device = self._selected
        if device is None:
            came = bytes((_FLOATING,)) * len(data)
        else:
            came = device.transfer(data, self.clock.now_us)
        if wants:
            self.reply = came
        return 0

    def _i2c_init(self, bus, _b, baud, _data):
        self._i2c_baud[bus] = baud
        return 0

    def _i2c_cost(self, bus, count):
        return _CALL_US + (count + 1) * 9_000_000 // self._i2c_baud.get(bus, 400_000)

    def _i2c_write(self, bus, address, _arg, data):
        self.charge(self._i2c_cost(bus, len(data)))
        device = self.plant.i2c_devices.get(address)
        return 1 if device is not None and device.write(data, self.clock.now_us) else 0

    def _i2c_read(self, bus, address, count, _data):
        self.charge(self._i2c_cost(bus, count))
        device = self.plant.i2c_devices.get(address)
        data = None if device is None else device.read(count, self.clock.now_us)
        self.reply = bytes(count) if data is None else data
        return 0 if data is None else 1

    def _adc(self, pin, _b, _arg, _data):
        self.charge(_ADC_US)
        name = self._adc_names.get(pin)
        return 0 if name is None else self.plant.adc_u16(name, self.clock.now_us)

    def _pwm(self, pin, running, frequency, data):
        duty = struct.unpack("<H", data)[0]
        name = self._names.get(pin, f"gpio{pin}")
        self.pwm[name] = (frequency, duty) if running else (0, 0)
        self._mode[pin] = _MODE_OUT
        self._drive(pin, 1 if running and duty and frequency else 0, False)
        return 0

    # --- serial ports

    def _uart_init(self, port, bits, baud, data):
        rxbuf, txbuf = struct.unpack("<HH", data)
        self.lines[port].configure(baud, bits, rxbuf, txbuf, self.clock.now_us)
        return 0

    def receive(self, port, data):
        """The far end of RS485 ``port`` (0, 1) sends."""
        line = self.lines[port]
        line.pump(self.clock.now_us)
        line.receive(data, self.clock.now_us)
        due_us = line.next_arrival_us()
        if due_us is not None and not line.ring:
            # Only the first byte of a burst ends an idle; the driver buffers the rest.
            self.clock.set(("rx", port), due_us, self._byte_came)

    def _byte_came(self):
        self.wake = True

    def _uart_read(self, port, _b, count, _data):
        data = self.lines[port].take(count, self.clock.now_us)
        self.reply = data + bytes(count - len(data))
        return len(data)

    def _uart_write(self, port, _b, _arg, data):
        line = self.lines[port]
        taken = line.write(data, self.clock.now_us)
        if taken:
            self.clock.set(
                ("tx", port), line.tx_free_us, lambda: line.pump(self.clock.now_us)
            )
        return taken

    def uart_word(self):
        """What waits on both ports, and who is still sending, as an answer carries it."""
        now_us = self.clock.now_us
        word = 0
        for line in reversed(self.lines):
            if line.active():
                line.pump(now_us)
            half = min(len(line.ring), 0x7FFF) | (0x8000 if line.tx_free_us > now_us else 0)
            word = word << 16 | half
        return word

    # --- watchdog, flash, calendar

    def _wdt_start(self, _a, _b, timeout_ms, _data):
        self._watchdog_us = timeout_ms * 1000
        return self._wdt_feed(0, 0, 0, b"")

    def _wdt_feed(self, _a, _b, _arg, _data):
        if self._watchdog_us:
            self.clock.set(
                "watchdog", self.clock.now_us + self._watchdog_us, self._on_watchdog
            )
        return 0

    def _flash_read(self, _a, _b, address, data):
        size = struct.unpack("<H", data)[0]
        self.reply = self.flash.read(address, size)
        self.charge(size * 20 // 1024)
        return 0

    def _flash_program(self, _a, _b, address, data):
        self.stall(self.flash.program(address, data))
        return 0

    def _flash_erase(self, _a, _b, sector, _data):
        self.stall(self.flash.erase(sector))
        return 0

    def _wall_time(self, _a, _b, _arg, _data):
        return (self._wall_start + self.clock.now_us // 1_000_000) & 0xFFFFFFFF
