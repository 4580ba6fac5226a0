"""The controller's peripherals but its pins: buses, serial ports, timers, watchdog, flash.

Turns each question of the simulated ``machine`` into calls of the plant's models, and charges
the virtual time it takes. Decides nothing.
"""

import time

from .flash import READ_US_PER_KB
from .layout import ops
from .pins import Pins
from .radio import Radio
from .uart_line import UartLine

_CALL_US = 1  # what a register access costs the processor
_ADC_US = 4
_RADIO_US = 20  # a call into the stack
_FLOATING = b"\xff"  # what a bus reads with nobody on it
RS485 = ("rs485_1", "rs485_2")
DISPLAY = "display"
_WAITING_MAX = 0x1FF
_SENDING = 0x200


class Peripherals:
    """``on_watchdog()`` and ``on_sent(label, end_us, data)`` tell the board what happened;
    ``air`` is the public address of its radio and the connection interval in ms."""

    def __init__(self, plant, board, clock, flash, on_watchdog, on_sent, costs_us, poll_us, air):
        self._plant = plant
        self._clock = clock
        self._flash = flash
        self._on_watchdog = on_watchdog
        self._wall_start = int(time.time())
        self.reply = b""  # payload of the answer being made
        self.fired = 0  # interrupt slots that the firmware has not been told of
        self.wake = False  # something that ends an idle has happened
        by_port = {}
        self.line_of = {}  # by label
        enables = {}
        for label in RS485:
            port = getattr(board, label.upper() + "_UART")
            gated = label + "_de" in board.PINS
            line = UartLine(lambda end_us, data, label=label: on_sent(label, end_us, data), gated)
            by_port[port] = self.line_of[label] = line
            if gated:
                enables[label + "_de"] = line
        self.has_pio = hasattr(board, "DISPLAY_PIO")
        ports = [ops.PIO + machine for machine in getattr(board, "DISPLAY_PIO", ())]
        if hasattr(board, "DISPLAY_UART"):
            ports = [board.DISPLAY_UART]
        if ports:
            line = UartLine(
                lambda end_us, data: on_sent(DISPLAY, end_us, data), False, self.has_pio
            )
            by_port.update(dict.fromkeys(ports, line))
            self.line_of[DISPLAY] = line
        self._by_port = by_port
        self.lines = list(dict.fromkeys(by_port[port] for port in sorted(by_port)))
        tick_us, settle_us = costs_us
        self.pins = Pins(
            plant, board, clock, enables, self.fire, self.charge, tick_us, settle_us, poll_us
        )
        self._stop_all()
        self.handlers = {
            **self.pins.handlers,
            ops.TIMER: self._timer,
            ops.SPI_INIT: self._spi_init,
            ops.SPI: self._spi,
            ops.I2C_INIT: self._i2c_init,
            ops.I2C_WRITE: self._i2c_write,
            ops.I2C_READ: self._i2c_read,
            ops.ADC: self._adc,
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
        self.radio = None
        if getattr(board, "BLE", False):
            self.radio = Radio(clock, self.fire, *air)
            self.handlers[ops.RADIO] = self._radio

    # --- resets

    def _stop_all(self):
        self._spi_baud = {}
        self._i2c_baud = {}
        self._watchdog_us = 0
        self.fired = 0

    def soft_reset(self):
        """The interpreter restarts: pins and watchdog stay, timers and handlers are gone."""
        for slot in range(ops.IRQ_SLOTS):
            self._clock.cancel(("timer", slot))
        self.pins.soft_reset()
        if self.radio is not None:
            self.radio.switch_off()
        self.fired = 0

    def hard_reset(self):
        """Every peripheral stops, every pin floats to its pull; the plant goes on."""
        self.soft_reset()
        self._clock.cancel("watchdog")
        for line in self.lines:
            line.power_off(self._clock.now_us)
            self._clock.cancel(("sent", line))
            self._clock.cancel(("came", line))
        self._stop_all()
        self.pins.hard_reset()
        self._plant.hard_reset(self._clock.now_us)

    # --- time

    def charge(self, cost_us):
        """The processor is busy this long."""
        self._clock.advance_to(self._clock.now_us + cost_us)

    def _stall(self, cost_us):
        """The processor stands still this long: only the UARTs' FIFOs receive."""
        for line in self.lines:
            line.pump(self._clock.now_us)
            line.stalled = not line.by_dma
        self.charge(cost_us)
        for line in self.lines:
            line.pump(self._clock.now_us)
            line.stalled = False
            line.pump(self._clock.now_us)

    def fire(self, slot):
        """An interrupt for the firmware."""
        self.fired |= 1 << slot
        self.wake = True

    def _timer(self, slot, periodic, period_us, _data):
        name = ("timer", slot)
        self._clock.cancel(name)
        if period_us:

            def ring():
                self.fire(slot)
                if periodic:
                    self._clock.set(name, self._clock.now_us + period_us, ring)

            self._clock.set(name, self._clock.now_us + period_us, ring)
        return 0

    def _wdt_start(self, _a, _b, timeout_ms, _data):
        self._watchdog_us = timeout_ms * 1000
        self._wdt_feed(0, 0, 0, b"")
        return 0

    def _wdt_feed(self, _a, _b, _arg, _data):
        if self._watchdog_us:
            due_us = self._clock.now_us + self._watchdog_us
            self._clock.set("watchdog", due_us, self._on_watchdog)
        return self.pins.settled()

    def _wall_time(self, _a, _b, _arg, _data):
        return (self._wall_start + self._clock.now_us // 1_000_000) & 0xFFFFFFFF

    # --- buses

    def _spi_init(self, bus, _b, baud, _data):
        self._spi_baud[bus] = baud
        return 0

    def _spi(self, bus, wants, _arg, data):
        self.charge(_CALL_US + len(data) * 8_000_000 // self._spi_baud.get(bus, 1_000_000))
        device = self.pins.selected
        came = _FLOATING * len(data)
        if device is not None:
            came = device.transfer(data, self._clock.now_us)
        if wants:
            self.reply = came
        return 0

    def _i2c_init(self, bus, _b, baud, _data):
        self._i2c_baud[bus] = baud
        return 0

    def _i2c_address(self, bus, address, count):
        """Time for address and ``count`` bytes, and who is there."""
        self.charge(_CALL_US + (count + 1) * 9_000_000 // self._i2c_baud.get(bus, 400_000))
        return self._plant.i2c_devices.get(address)

    def _i2c_write(self, bus, address, _arg, data):
        device = self._i2c_address(bus, address, len(data))
        return 1 if device is not None and device.write(data, self._clock.now_us) else 0

    def _i2c_read(self, bus, address, count, _data):
        device = self._i2c_address(bus, address, count)
        data = None if device is None else device.read(count, self._clock.now_us)
        self.reply = bytes(count) if data is None else data
        return 0 if data is None else 1

    def _adc(self, pin, _b, _arg, _data):
        self.charge(_ADC_US)
        name = self.pins.names.get(pin)
        return 0 if name is None else self._plant.adc_u16(name, self._clock.now_us)

    # --- serial ports

    def _uart_init(self, port, bits, baud, data):
        """Answers with the port's place among those that there are."""
        if port not in self._by_port:
            return ops.UARTS
        rxbuf = int.from_bytes(data[:2], "little")
        txbuf = int.from_bytes(data[2:4], "little")
        line = self._by_port[port]
        line.configure(baud, bits, rxbuf, txbuf, self._clock.now_us)
        return self.lines.index(line)

    def receive(self, label, data):
        """The far end of a line sends."""
        line = self.line_of[label]
        line.pump(self._clock.now_us)
        line.receive(data, self._clock.now_us)
        self.pins.edge(label + "_rx")
        due_us = line.next_arrival_us()
        if due_us is not None and not line.ring and not line.by_dma:
            # Only the first byte of a burst ends an idle; the driver buffers the rest.
            self._clock.set(("came", line), due_us, self._byte_came)

    def hear_other(self, label, end_us, data):
        """The other port heard, on a joined line, what this one sent until ``end_us``."""
        sender = self.line_of[label]
        for other, line in self.line_of.items():
            joined = label in RS485 and other in RS485 and other != label
            if joined and line.baud == sender.baud:
                start_us = end_us - len(data) * sender.bits * 1_000_000 // sender.baud
                line.receive(data, start_us)
                line.pump(self._clock.now_us)

    def _byte_came(self):
        self.wake = True

    def _uart_read(self, port, _b, count, _data):
        data = self._by_port[port].take(count, self._clock.now_us)
        self.reply = data + bytes(count - len(data))
        return len(data)

    def _uart_write(self, port, _b, _arg, data):
        line = self._by_port[port]
        taken = line.write(data, self._clock.now_us)
        if taken:
            self._clock.set(("sent", line), line.tx_free_us, lambda: line.pump(self._clock.now_us))
        return taken

    def uart_word(self):
        """What waits on the ports, and who is still sending, as an answer carries it."""
        now_us = self._clock.now_us
        word = 0
        for line in reversed(self.lines):
            if line.active():
                line.pump(now_us)
            waiting = min(len(line.ring), _WAITING_MAX)
            word = word << 10 | waiting | (_SENDING if line.tx_free_us > now_us else 0)
        return word

    # --- radio

    def _radio(self, function, flags, arg, data):
        self.charge(_RADIO_US)
        assert self.radio is not None
        result, self.reply = self.radio.call(function, flags, arg, data)
        return result

    # --- flash

    def _flash_read(self, _a, _b, size, _data):
        self.charge(size * READ_US_PER_KB // 1024)
        return 0

    def _flash_program(self, _a, _b, address, data):
        self._stall(self._flash.program(address, data))
        return 0

    def _flash_erase(self, _a, _b, sector, _data):
        self._stall(self._flash.erase(sector))
        return 0
