"""The simulated board's wire to the host process: one question, one answer, virtual time.

Every call of the simulated ``machine``, ``time`` and ``select`` ends here. Nothing on this
path allocates, so the firmware's heap-lock proofs hold with the simulator included. A Ctrl-C
may strike between question and answer: the next call then drops what arrived late.

Interrupts: each answer names the slots (pins, timers) that fired. Their handlers run on the
main thread at the end of the call. When the firmware hangs or waits at the prompt, no call
comes; then the host wakes a second thread, which runs them there, as a real interrupt would.
"""

import _thread
import os
import sys
from array import array

import micropython
import simops
import uctypes

_HEAD = simops.ANSWER_HEAD

port = None  # the socket
tx = bytearray(simops.REQUEST_HEAD + simops.PAYLOAD_MAX)
words = array("I", bytearray(_HEAD + simops.PAYLOAD_MAX))
answer = uctypes.bytearray_at(uctypes.addressof(words), _HEAD + simops.PAYLOAD_MAX)
_one = bytearray(1)
_wake = bytearray(4)

busy = False  # a call is under way, or was when an exception struck
pending = 0  # interrupt slots that fired and have not run
_seq = 0
_nonce = 0
_spins = 0
_dispatching = False
_thread_runs = False
_thread_id = 0
_handlers = [None] * simops.IRQ_SLOTS
_arguments = [None] * simops.IRQ_SLOTS


class HostGone(SystemExit):
    """The host process has ended: the board has no world left."""


def connect():
    """Open the sockets that the host handed down and start the interrupt thread."""
    global port
    port = open(int(os.getenv("CELLWARDEN_SIM_FD")), "r+b")
    wake_port = open(int(os.getenv("CELLWARDEN_SIM_IRQ_FD")), "r+b")
    _thread.start_new_thread(_interrupts, (wake_port,))


def call(op, a, b, arg, n_out, n_in):
    """Ask ``op`` with ``n_out`` bytes in ``tx`` behind the head; return the result word.

    ``n_in`` payload bytes are then in ``answer`` behind its head, until the next call.
    """
    global busy, pending, _seq, _spins
    while _thread_runs and _thread.get_ident() != _thread_id:
        pass
    if busy:
        _resync()
    busy = True
    _spins = 0
    _seq = (_seq + 1) & 0x7F  # never looks like the answer to a SYNC
    tx[0] = op
    tx[1] = _seq
    tx[2] = a
    tx[3] = b
    tx[4] = arg & 0xFF
    tx[5] = (arg >> 8) & 0xFF
    tx[6] = (arg >> 16) & 0xFF
    tx[7] = (arg >> 24) & 0xFF
    port.write(tx, 8 + n_out)
    got = port.readinto(words, _HEAD + n_in)
    if got != _HEAD + n_in or words[0] != _seq:
        raise HostGone(1)
    busy = False
    pending |= words[1]
    return words[5]


def put(data, count):
    """Copy ``count`` bytes into the payload of the next call."""
    for i in range(count):
        tx[8 + i] = data[i]


def take(data, count):
    """Copy ``count`` bytes of the last answer's payload, then run what interrupts fired."""
    for i in range(count):
        data[i] = answer[_HEAD + i]
    if pending:
        dispatch()


def act(op, a, b, arg):
    """A call without payload, then the interrupts that have fired."""
    result = call(op, a, b, arg, 0, 0)
    if pending:
        dispatch()
    return result


def idle(time_us):
    """Let virtual time pass, at most ``time_us``, less when an interrupt comes."""
    call(simops.IDLE, 0, 0, time_us, 0, 0)
    if pending:
        dispatch()


def work(time_us):
    """Let the time pass that a real board's processor works; interrupts run meanwhile."""
    start_us = words[4]
    gone_us = 0
    while gone_us < time_us:
        idle(time_us - gone_us)
        gone_us = (words[4] - start_us) & 0x3FFFFFFF


def spin():
    """Count looks at the clock without a call: a busy wait must see time pass as well."""
    global _spins
    _spins += 1
    if _spins > 100:
        idle(500)


def dispatch():
    """Run the handlers of the slots that fired, as the scheduler of a real board would."""
    global pending, _dispatching
    if _dispatching:
        return
    _dispatching = True
    try:
        slot = 0
        while pending and slot < simops.IRQ_SLOTS:
            if pending & (1 << slot):
                pending &= ~(1 << slot)
                _run(slot)
            slot += 1
    finally:
        _dispatching = False


def _run(slot):
    handler = _handlers[slot]
    if handler is not None:
        try:
            handler(_arguments[slot])
        except Exception as err:
            sys.print_exception(err)


def claim_slot(owner):
    """The interrupt slot of ``owner`` (a pin or timer): its old one, or a free one."""
    free = -1
    for slot in range(simops.IRQ_SLOTS):
        if _arguments[slot] is owner:
            return slot
        if free < 0 and _arguments[slot] is None:
            free = slot
    if free < 0:
        raise OSError(12)  # ENOMEM, as a port out of timers says
    _arguments[free] = owner
    return free


def set_handler(slot, handler):
    _handlers[slot] = handler


def release_slot(slot):
    _handlers[slot] = None
    _arguments[slot] = None


def _resync():
    """Drop whatever the host answered to calls that an exception cut short."""
    global _nonce
    _nonce = (_nonce + 1) & 0x7F
    tx[0] = simops.SYNC
    tx[2] = _nonce
    port.write(tx, 8)
    while True:
        # One byte a read: the rest of a packet is discarded, so packets stay whole.
        if not port.readinto(_one, 1):
            raise HostGone(1)
        if _one[0] == 0x80 | _nonce:
            return


def _interrupts(wake_port):
    """Second thread: runs handlers while the main thread asks nothing."""
    global _thread_id
    _thread_id = _thread.get_ident()
    while True:
        try:
            _serve_wake(wake_port)
        except KeyboardInterrupt:
            pass  # meant for the main thread


def _serve_wake(wake_port):
    """One packet: a slot mask, and whether the main thread sits at its prompt."""
    global _thread_runs
    if wake_port.readinto(_wake, 4) != 4:
        # The host is gone. The main thread may hang and never notice: end the process.
        os.system("kill -9 $PPID")
    mask = _wake[0] | (_wake[1] << 8)
    if _wake[2] and not busy:
        _thread_runs = True  # holds the main thread at its next call
        try:
            for slot in range(simops.IRQ_SLOTS):
                if mask & (1 << slot):
                    _run(slot)
        finally:
            _thread_runs = False
    else:
        for slot in range(simops.IRQ_SLOTS):
            if mask & (1 << slot):
                try:
                    micropython.schedule(_run, slot)
                except RuntimeError:
                    pass  # queue full: lost, as on a real board
    wake_port.write(_wake, 1)
