"""The UART of the simulated ``machine``, called as the rp2 port's.

How much waits, and whether the transmitter is busy, came with the host's last answer: looking
costs no round trip. A write never waits: what does not fit the transmit buffer is not taken.
"""

import simlink
import simops

_words = simlink.words


class UART:
    INV_TX = 1
    INV_RX = 2

    def __init__(
        self,
        id,
        baudrate=115200,
        bits=8,
        parity=None,
        stop=1,
        tx=None,
        rx=None,
        txbuf=256,
        rxbuf=256,
        timeout=0,
        timeout_char=0,
    ):
        self.id = id
        self._shift = 0
        self._txbuf = txbuf
        self._rxbuf = rxbuf
        self._timeout_ms = timeout
        self.init(baudrate, bits, parity, stop)

    def init(self, baudrate=115200, bits=8, parity=None, stop=1, txbuf=0, rxbuf=0, timeout=-1):
        if txbuf:
            self._txbuf = txbuf
        if rxbuf:
            self._rxbuf = rxbuf
        if timeout >= 0:
            self._timeout_ms = timeout
        simlink.tx[8] = self._rxbuf & 0xFF
        simlink.tx[9] = self._rxbuf >> 8
        simlink.tx[10] = self._txbuf & 0xFF
        simlink.tx[11] = self._txbuf >> 8
        frame_bits = 1 + bits + stop + (0 if parity is None else 1)
        place = simlink.call(simops.UART_INIT, self.id, frame_bits, baudrate, 4, 0)
        if place >= simops.UARTS:
            raise ValueError("UART(%d) doesn't exist" % self.id)
        self._shift = place * 10
        if simlink.pending:
            simlink.dispatch()

    def deinit(self):
        pass

    def any(self):
        simlink.spin()
        return (_words[2] >> self._shift) & 0x1FF

    def txdone(self):
        simlink.spin()
        return not (_words[2] >> self._shift) & 0x200

    def flush(self):
        while not self.txdone():
            simlink.idle(100)

    def readinto(self, into, count=None):
        """Take what has been received, at most ``count`` bytes; None when there is nothing."""
        room = len(into)
        if count is None or count > room:
            count = room
        waiting = self._wait()
        if waiting == 0:
            return None
        if count > waiting:
            count = waiting
        simlink.call(simops.UART_READ, self.id, 0, count, 0, count)
        simlink.take(into, count)
        return count

    def read(self, count=None):
        waiting = self._wait()
        if waiting == 0:
            return None
        into = bytearray(waiting if count is None else min(count, waiting))
        got = self.readinto(into)
        return bytes(into[:got])

    def readline(self):
        line = bytearray()
        while not line.endswith(b"\n") and self._wait():
            line += self.read(1)
        return bytes(line) or None

    def write(self, data, count=None):
        """Hand over at most ``count`` bytes; returns how many were taken, None for none."""
        if count is None:
            count = len(data)
        if count > simops.PAYLOAD_MAX:
            count = simops.PAYLOAD_MAX
        simlink.put(data, count)
        taken = simlink.call(simops.UART_WRITE, self.id, 0, 0, count, 0)
        if simlink.pending:
            simlink.dispatch()
        return taken if taken or not count else None

    def _wait(self):
        """Bytes waiting, after at most the port's timeout."""
        left_ms = self._timeout_ms
        waiting = self.any()
        while waiting == 0 and left_ms > 0:
            simlink.idle(1000)
            left_ms -= 1
            waiting = self.any()
        return waiting
