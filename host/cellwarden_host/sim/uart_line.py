"""One UART of the controller and the half-duplex RS485 line on it, in virtual time.

Models what a byte takes on the wire, the 32-byte hardware FIFO that alone receives while the
processor stands still (DMA does not mind), the driver's ring buffer, and the driver-enable pin:
bytes that shift out while it is low never reach the line, and while it is high nothing is heard.
A line of PIO and DMA has neither FIFO to fill nor such a pin. Chip facts:
RP2040 datasheet, UART chapter (32-deep FIFOs); buffers as in MicroPython's rp2 port.
"""

from collections import deque

FIFO_BYTES = 32
_RELEASE_BYTES = 512  # a longer stream is handed over in pieces of this size


class UartLine:
    """``deliver(end_us, data)`` gets what reached the line, a run of bytes at a time."""

    def __init__(self, deliver, has_driver_enable=True, by_dma=False):
        self._deliver = deliver
        self.by_dma = by_dma
        self._gated = has_driver_enable
        self.lost_bytes = 0  # received and thrown away: overflow, or while sending
        self.power_off(0)

    def power_off(self, now_us):
        """The controller is reset: not initialised, nothing on the way."""
        self.baud = 0
        self.bits = 10
        self.rxbuf = self.txbuf = 256
        self.ring = bytearray()
        self._fifo = bytearray()
        self.stalled = False
        self._arriving: deque[list] = deque()  # [start_us, data, next index]
        self._rx_free_us = now_us
        self._leaving: deque[list] = deque()
        self.tx_free_us = now_us
        self._frame = bytearray()
        self._frame_end_us = now_us
        self._enabled = False
        self._enabled_us = now_us  # when driver enable last rose
        self._released_us = now_us  # when it last fell

    def configure(self, baud, bits, rxbuf, txbuf, now_us):
        self.pump(now_us)
        self.baud, self.bits, self.rxbuf, self.txbuf = baud, bits, rxbuf, txbuf

    def _end_us(self, start_us, index):
        """When byte ``index`` of a run that began at ``start_us`` is complete."""
        return start_us + (index + 1) * self.bits * 1_000_000 // self.baud

    def receive(self, data, now_us):
        """Bytes from the far end, back to back at the line's rate; without a rate, lost."""
        if not self.baud or not data:
            self.lost_bytes += len(data)
            return
        start_us = max(now_us, self._rx_free_us)
        self._arriving.append([start_us, bytes(data), 0])
        self._rx_free_us = self._end_us(start_us, len(data) - 1)

    def next_arrival_us(self):
        """When the next byte will be complete, or None."""
        if not self._arriving:
            return None
        start_us, _, index = self._arriving[0]
        return self._end_us(start_us, index)

    def active(self):
        return bool(self._arriving or self._leaving or self._frame or self._fifo)

    def pump(self, now_us):
        """Let everything happen that is complete by ``now_us``."""
        if not self.baud:
            return
        if self._fifo and not self.stalled:
            self._drain_fifo()
        while self._arriving:
            run = self._arriving[0]
            while run[2] < len(run[1]):
                end_us = self._end_us(run[0], run[2])
                if end_us > now_us:
                    break
                self._hear(run[1][run[2]], self._end_us(run[0], run[2] - 1))
                run[2] += 1
            if run[2] < len(run[1]):
                break
            self._arriving.popleft()
        self._send_out(now_us)

    def _hear(self, byte, start_us):
        if self._gated and (self._enabled or self._released_us > start_us):
            self.lost_bytes += 1
        elif not self.stalled and not self._fifo and len(self.ring) < self.rxbuf:
            self.ring.append(byte)
        elif len(self._fifo) < FIFO_BYTES:
            self._fifo.append(byte)
        else:
            self.lost_bytes += 1

    def _drain_fifo(self):
        room = self.rxbuf - len(self.ring)
        self.ring += self._fifo[:room]
        del self._fifo[:room]

    def take(self, count, now_us):
        """The controller reads up to ``count`` received bytes."""
        self.pump(now_us)
        data = bytes(self.ring[:count])
        del self.ring[:count]
        self._drain_fifo()
        return data

    def write(self, data, now_us):
        """The controller sends; returns how many bytes its buffers took."""
        self.pump(now_us)
        if not self.baud:
            return 0
        busy_us = max(0, self.tx_free_us - now_us)
        queued = -(-busy_us * self.baud // (self.bits * 1_000_000))
        taken = min(len(data), max(0, self.txbuf + FIFO_BYTES - queued))
        if taken:
            start_us = max(now_us, self.tx_free_us)
            self._leaving.append([start_us, bytes(data[:taken]), 0])
            self.tx_free_us = self._end_us(start_us, taken - 1)
        return taken

    def set_driver_enable(self, level, now_us):
        self.pump(now_us)
        if level and not self._enabled:
            self._enabled_us = now_us
        elif self._enabled and not level:
            self._released_us = now_us
        self._enabled = bool(level)

    def _send_out(self, now_us):
        while self._leaving:
            run = self._leaving[0]
            while run[2] < len(run[1]):
                end_us = self._end_us(run[0], run[2])
                if end_us > now_us:
                    break
                start_us = self._end_us(run[0], run[2] - 1)
                if not self._gated or (self._enabled and self._enabled_us <= start_us):
                    self._frame.append(run[1][run[2]])
                    self._frame_end_us = end_us
                run[2] += 1
            if run[2] < len(run[1]):
                break
            self._leaving.popleft()
        # One piece for a whole reply: a client must not see gaps that the line does not have.
        if self._frame and (not self._leaving or len(self._frame) >= _RELEASE_BYTES):
            frame = bytes(self._frame)
            self._frame.clear()
            self._deliver(self._frame_end_us, frame)
