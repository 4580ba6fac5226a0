"""``rp2`` on the simulated board: state machines that are serial ports, and DMA channels.

No program is carried out here: a state machine sends or receives bytes at an eighth of its
clock, which is what our programs do (a test carries those out, bit by bit). DMA goes between
such a state machine and memory, and goes on while the processor stands still.
"""

import simlink
import simops
import uctypes

_words = simlink.words
_DEEP = 0x7FFF  # nothing is lost on the way into memory


class PIO:
    OUT_HIGH = 3
    SHIFT_RIGHT = 1
    JOIN_TX = 1
    JOIN_RX = 2


def asm_pio(**_options):
    return lambda program: program


class StateMachine:
    def __init__(
        self, id, program, freq, set_base=None, out_base=None, in_base=None, jmp_pin=None
    ):
        self.port = simops.PIO + id
        self._baud = freq // 8
        self.shift = 0

    def active(self, on):
        for i in range(4):
            simlink.tx[8 + i] = (_DEEP >> (8 * (i & 1))) & 0xFF
        self.shift = 10 * simlink.call(simops.UART_INIT, self.port, 10, self._baud, 4, 0)
        if self.shift > 20:
            raise ValueError("no such state machine on this board")

    def tx_fifo(self):
        return 0


class DMA:
    def __init__(self):
        self._machine = None
        self._sends = False
        self._ring = None
        self._at = 0
        self._left = 0

    def pack_ctrl(
        self, size=2, inc_read=True, inc_write=True, ring_size=0, ring_sel=False, treq_sel=63
    ):
        return ring_size

    def config(self, read, write, count, ctrl, trigger):
        if isinstance(write, StateMachine):
            self._machine = write
            self._sends = True
            simlink.put(read, count)
            simlink.call(simops.UART_WRITE, write.port, 0, 0, count, 0)
            return
        self._machine = read
        if self._ring is None:
            if write & ((1 << ctrl) - 1):
                raise ValueError("a ring lies at a multiple of its size")
            self._ring = uctypes.bytearray_at(write, 1 << ctrl)
        self._at = 0
        self._left = count

    def active(self, on=None):
        """Whether it moves bytes; one that receives always does."""
        if self._sends:
            simlink.spin()
            return _words[2] >> self._machine.shift & 0x200 != 0
        if on == 0:
            self._left = 0
        return self._left > 0

    @property
    def count(self):
        """Transfers left. Here is where the bytes come into memory."""
        simlink.spin()
        machine = self._machine
        ring = self._ring
        waiting = _words[2] >> machine.shift & 0x1FF
        while waiting:
            simlink.call(simops.UART_READ, machine.port, 0, waiting, 0, waiting)
            for i in range(waiting):
                ring[self._at] = simlink.answer[simops.ANSWER_HEAD + i]
                self._at = (self._at + 1) & (len(ring) - 1)
            self._left -= waiting
            waiting = _words[2] >> machine.shift & 0x1FF
        if simlink.pending:
            simlink.dispatch()
        return self._left
