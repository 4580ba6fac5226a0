"""RS485-2 as the bootloader uses it: one byte stream, half duplex, nothing else going on.

Sending waits until the last stop bit has left, then lets go of the line. It knows no protocol.
"""

import time

_RXBUF = 2048  # a whole block of YMODEM may wait while flash is written
_TXBUF = 256
_PIECE = 128


class Line:
    """``open`` before anything else; ``buf`` holds what ``read`` has taken."""

    def __init__(self, machine, board):
        pins = board.PINS
        self._make = machine.UART
        self._id = board.RS485_2_UART
        self._tx = machine.Pin(pins["rs485_2_tx"])
        self._rx = machine.Pin(pins["rs485_2_rx"])
        self._enable = None
        if "rs485_2_de" in pins:
            self._enable = machine.Pin(pins["rs485_2_de"], machine.Pin.OUT, value=0)
        self._uart = None
        self.baud = 0
        self.buf = bytearray(256)

    def open(self, baud):
        """Talk at ``baud`` from now on."""
        self.baud = baud
        self._uart = self._make(
            self._id, baudrate=baud, tx=self._tx, rx=self._rx, rxbuf=_RXBUF, txbuf=_TXBUF
        )

    def close(self):
        self._uart.deinit()

    def read(self):
        """Take what has come in; how many bytes."""
        waiting = self._uart.any()
        if not waiting:
            return 0
        return self._uart.readinto(self.buf, min(waiting, len(self.buf))) or 0

    def key(self):
        """One byte of what has come in, or b""."""
        if not self._uart.any():
            return b""
        return self._uart.read(1) or b""

    def drop(self):
        """Forget what has come in."""
        while self.read():
            pass

    def send(self, data):
        """Say it, and let go of the line."""
        uart = self._uart
        if self._enable is not None:
            self._enable.value(1)
        for at in range(0, len(data), _PIECE):
            uart.write(data[at : at + _PIECE])
            while not uart.txdone():
                time.sleep_us(50)
        if self._enable is not None:
            self._enable.value(0)
