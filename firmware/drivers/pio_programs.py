"""The RP2040's serial port in two state machines: one that sends bytes, one that receives them.

Eight cycles of a state machine make a bit: 8 data bits, lowest first, no parity, one stop bit.
A byte with a broken stop bit, or a line held low, is not a byte. Facts: RP2040 datasheet, PIO
chapter (timing of instructions and delays, which part of a FIFO's word a byte takes); the rp2
library of MicroPython for the assembler. The instructions' names exist only while it assembles.
"""

# ruff: noqa: F821
# mypy: disable-error-code="name-defined, call-overload, index, attr-defined"

from rp2 import PIO, asm_pio

CYCLES = 8  # of a state machine in a bit


@asm_pio(
    set_init=PIO.OUT_HIGH,
    out_init=PIO.OUT_HIGH,
    out_shiftdir=PIO.SHIFT_RIGHT,
    fifo_join=PIO.JOIN_TX,
)
def transmit():
    pull()  # waits here, the line at rest
    set(pins, 0)
    set(x, 7)[6]
    label("bit")
    out(pins, 1)[6]
    jmp(x_dec, "bit")
    set(pins, 1)[6]  # the stop bit's last cycle is the next byte's pull


@asm_pio(in_shiftdir=PIO.SHIFT_RIGHT, fifo_join=PIO.JOIN_RX)
def receive():
    label("start")
    wait(0, pin, 0)
    set(x, 7)[10]  # to the middle of the first bit
    label("bit")
    in_(pins, 1)
    jmp(x_dec, "bit")[6]
    jmp(pin, "whole")
    wait(1, pin, 0)
    jmp("start")
    label("whole")
    in_(null, 24)  # down to where a byte's transfer takes it from
    push(noblock)
