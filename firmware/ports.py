"""A serial port that serves Modbus RTU: moves bytes between a UART and the server.

Never waits: ``step`` moves what is there and returns. The driver-enable pin of the RS485
transceiver is on from the first byte to the last one's stop bit, and not longer: the next
request may follow after 3.5 characters. A timer lets go of the line, because ``step`` may be
held up by a control tick. A transceiver that turns round by itself has no such pin. It knows
no registers and no batteries.

``timer`` is the number of a hardware timer on controllers that have none in software: an
ESP32's MicroPython refuses -1. With None there is none: for a line without a direction.
``uart`` makes the UART where it is not the controller's own.
"""

from modbus_rtu.server import Server

_CHUNK = 64
_BUFFER = 512
# How soon ``step`` wants to be called again: at rest, and while a reply is on the line.
REST_MS = 2
BUSY_MS = 1


class ModbusPort:
    """One UART with its Modbus server. ``number`` tells the register map which port asks."""

    def __init__(self, machine, uart_id, pins, name, model, number, timer=-1, uart=None):
        self._machine = machine
        self._make = uart
        self._uart_id = uart_id
        self._tx_pin = machine.Pin(pins[name + "_tx"])
        self._rx_pin = machine.Pin(pins[name + "_rx"])
        self._enable = None
        if name + "_de" in pins:
            self._enable = machine.Pin(pins[name + "_de"], machine.Pin.OUT, value=0)
        self.server = Server(model, 1, number)
        self._buf = bytearray(_CHUNK)
        self._uart = None
        self._baud = 0
        self._wanted_baud = 0
        self.sending = False
        self.answered = False  # a request, since the start
        self._timer = None if timer is None else machine.Timer(timer)
        self._once = machine.Timer.ONE_SHOT
        self._release_line = self._release  # bound once: binding allocates

    def configure(self, address, baud):
        """Answer as ``address`` at ``baud``, once a reply that is on its way has left."""
        self.server.address = address
        self._wanted_baud = baud

    def _open(self):
        self._baud = self._wanted_baud
        make = self._make or self._machine.UART
        self._uart = make(
            self._uart_id,
            baudrate=self._baud,
            tx=self._tx_pin,
            rx=self._rx_pin,
            rxbuf=_BUFFER,
            txbuf=_BUFFER,
        )

    def step(self, now_ms):
        """Move bytes; milliseconds until the next call is wanted."""
        if self.sending:
            if self._timer is None and self._uart.txdone():
                self.sending = False
            return BUSY_MS
        if self._baud != self._wanted_baud:
            self._open()
        waiting = self._uart.any()
        if waiting:
            n = self._uart.readinto(self._buf, waiting if waiting < _CHUNK else _CHUNK)
            length = self.server.feed(self._buf, n, now_ms) if n else 0
        else:
            length = self.server.poll(now_ms)
        if length:
            self._send(length)
            return BUSY_MS
        return BUSY_MS if waiting else REST_MS

    def _send(self, length):
        self.sending = self.answered = True
        if self._enable is not None:
            self._enable.value(1)
        self._uart.write(self.server.tx, length)
        if self._timer is None:
            return
        line_ms = length * 10_000 // self._baud or 1
        self._timer.init(mode=self._once, period=line_ms, callback=self._release_line)

    def _release(self, timer):
        """The reply should be out: let go of the line, or look again in a millisecond."""
        if self._uart.txdone():
            if self._enable is not None:
                self._enable.value(0)
            self.sending = False
        else:
            timer.init(mode=self._once, period=1, callback=self._release_line)
