"""Runs on MicroPython: the Bluetooth stack's interrupt under micropython.heap_lock().

Whatever the stack reports or asks for, secrets of phones included. Prints OK, or ends in the
MemoryError of whoever allocated.
"""

import micropython

from firmware.ble import events as ev
from firmware.ble.bonds import MOST, Bonds
from firmware.ble.events import Events

_WRITE, _GET_SECRET, _SET_SECRET = 3, 29, 30
_OURS, _PEERS, _IDENTITY = 1, 2, 10


def chance(n):
    return bytes([7 * i + 3 for i in range(n)])


def bond(bonds, handler, number):
    """A phone pairs; its secrets are told in the interrupt and read back there."""
    key = memoryview(b"\x00\x01\x02\x03\x04\x05" + bytes((number,)))
    value = memoryview(bytes((number,)) * 80)
    ours, peers = (_OURS, key, value), (_PEERS, key, value)
    micropython.heap_lock()
    taken = handler(_SET_SECRET, ours) and handler(_SET_SECRET, peers)
    micropython.heap_unlock()
    bonds.refresh()
    wanted, first = (_OURS, 0, key), (_PEERS, 0, None)
    micropython.heap_lock()
    told = handler(_GET_SECRET, wanted)
    any_told = handler(_GET_SECRET, first)
    micropython.heap_unlock()
    assert taken and bytes(told) == bytes(value) and any_told is not None
    bonds.settle(True)


def main():
    bonds = Bonds(chance)
    bonds.renew()
    events = Events(bonds)
    handler = events.handler
    assert handler(_SET_SECRET, (_IDENTITY, memoryview(b"irk"), memoryview(bytes(16))))
    for number in range(MOST + 3):
        bond(bonds, handler, number)
    assert bonds.phones == MOST
    buf = bytearray(1280)
    kept = bytes(memoryview(buf)[: bonds.dump(buf)])
    again = Bonds(chance)
    assert again.load(kept, 0) and again.phones == MOST and again.passkey == bonds.passkey

    who, mtu, bits = (5, 1, b"123456"), (5, 247), (5, 1, 1, 1, 16)
    events.mine = 5
    micropython.heap_lock()
    handler(ev.CONNECT, who)
    for _ in range(100):
        handler(ev.MTU, mtu)
        handler(ev.ENCRYPTION, bits)
        handler(_WRITE, mtu)
        handler(ev.PASSKEY, bits)
    handler(ev.DISCONNECT, who)
    taken = 0
    while events.take():
        taken += 1
    micropython.heap_unlock()
    assert events.written and events.lost and events.event == ev.DISCONNECT and taken > 20
    print("OK")


main()
