"""A third serial port for the RP2040: two PIO state machines and two DMA channels.

Used like a ``machine.UART``: what has been received is put into a ring by DMA, so a control tick
or an erasing flash that holds the processor up costs no byte, and a reply leaves by DMA from the
buffer it was made in, which must stay as it is until ``txdone``. Allocates nothing once open.
Facts: RP2040 datasheet, DMA chapter (rings are aligned to their size, requests of the PIO
blocks are numbered by eights, receivers from 4 on); MicroPython's rp2.DMA.
"""

import rp2
import uctypes

from firmware.drivers.pio_programs import CYCLES, receive, transmit

_RING_BITS = 8
_RING = 1 << _RING_BITS
# Bytes until the channel has to be started anew, and how few may be left before it is: a small
# integer each, and 12 hours of an unbroken stream.
_COUNT = 0x20000000
_FEW = 0x10000


class PioUart:
    """``machines``: the numbers of the state machines that send and receive."""

    def __init__(self, machines, baudrate, tx, rx, rxbuf=0, txbuf=0):
        tx.init(tx.OUT, value=1)
        rx.init(rx.IN, rx.PULL_UP)
        clock = CYCLES * baudrate
        number = machines[0]
        sender = rp2.StateMachine(number, transmit, freq=clock, set_base=tx, out_base=tx)
        self._sender = sender
        self._out = rp2.DMA()
        self._out_ctrl = self._out.pack_ctrl(
            size=0, inc_write=False, treq_sel=(number >> 2) * 8 + (number & 3)
        )
        number = machines[1]
        receiver = rp2.StateMachine(number, receive, freq=clock, in_base=rx, jmp_pin=rx)
        self._receiver = receiver
        memory = bytearray(2 * _RING)
        self._address = (uctypes.addressof(memory) + _RING - 1) & ~(_RING - 1)
        start = self._address - uctypes.addressof(memory)
        self._ring = memoryview(memory)[start : start + _RING]
        self._in = rp2.DMA()
        self._in_ctrl = self._in.pack_ctrl(
            size=0,
            inc_read=False,
            ring_size=_RING_BITS,
            ring_sel=True,
            treq_sel=(number >> 2) * 8 + (number & 3) + 4,
        )
        self._listen()
        receiver.active(1)
        sender.active(1)

    def _listen(self):
        """Start the channel that receives at the ring's beginning."""
        self._in.active(0)
        self._left = _COUNT  # of its transfers, when the bytes before were taken
        self._in.config(
            read=self._receiver,
            write=self._address,
            count=_COUNT,
            ctrl=self._in_ctrl,
            trigger=True,
        )

    def any(self):
        """How many bytes wait; what nobody fetched before it was overwritten does not count."""
        left = self._in.count  # type: ignore[attr-defined]  # the stubs lack it
        waiting = self._left - left
        if waiting > _RING:
            self._left = left
            return 0
        if not waiting and left < _FEW:
            self._listen()
        return waiting

    def readinto(self, buf, count):
        """Move ``count`` bytes, at most what ``any`` told, into ``buf``."""
        ring = self._ring
        at = -self._left
        for i in range(count):
            buf[i] = ring[(at + i) & (_RING - 1)]
        self._left -= count
        return count

    def write(self, buf, count):
        """Send ``count`` bytes from ``buf``."""
        self._out.config(
            read=buf, write=self._sender, count=count, ctrl=self._out_ctrl, trigger=True
        )
        return count

    def txdone(self):
        """Whether the last byte has begun to leave."""
        return not self._out.active() and not self._sender.tx_fifo()
