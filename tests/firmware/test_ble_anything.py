"""Whatever the stack tells, in whatever order, with whatever failing: the board holds its own."""

import random

from ble_bench import (
    CONNECT,
    DISCONNECT,
    ENCRYPTION,
    ENOMEM,
    MTU,
    OURS,
    PASSKEY,
    PEERS,
    REPLY,
    REQUEST,
    SET,
    WRITE,
    Board,
    frame,
)

from cellwarden import ids

READ_SOC = frame(bytes((1, 4, 0, 5, 0, 1)))
BALANCING_OFF = frame(bytes((1, 6, 0x10, 0xB2, 0, 0)))
CALLS = ("gatts_read", "gatts_write", "gatts_notify", "gap_disconnect", "gap_advertise", "config")
ERRORS = (OSError(ENOMEM), OSError(5), MemoryError(), ValueError("x"))


def act(b, chance):
    """Something happens; the stack may be told wrong, or fail."""
    stack = b.stack
    number = chance.randrange(3)
    what = chance.randrange(12)
    if what == 0:
        stack.arrive(number)
    elif what == 1:
        stack.leave(number)
    elif what == 2:
        stack.event(chance.choice((CONNECT, DISCONNECT, 8)), number, 0, bytes(6))
    elif what == 3:
        stack.event(MTU, number, chance.choice((0, 5, 23, 100, 247, 517, 65535)))
    elif what == 4:
        bits = [chance.randrange(2) for _ in range(3)]
        if number in stack.links:
            stack.links[number] = bits[0] | bits[1] << 1
        stack.event(ENCRYPTION, number, *bits, 16)
    elif what == 5:
        stack.event(PASSKEY, number, chance.choice((0, 2, 3, 3, 3, 4)), 0)
    elif what == 6:
        key = bytes((0, chance.randrange(8))) + bytes(5)
        value = chance.choice((None, bytes(80), bytes(80), bytes(112), bytes(200)))
        stack.event(SET, chance.choice((OURS, PEERS)), key, value)
    elif what == 7:
        stack.values[REQUEST] += chance.choice((READ_SOC, BALANCING_OFF, chance.randbytes(90)))
        stack.event(WRITE, number, REQUEST)
    elif what == 8:
        stack.fails = {} if stack.fails else {chance.choice(CALLS): chance.choice(ERRORS)}
    elif what == 9:
        stack.room = chance.choice((0, 1, 100))
    elif what == 10:
        b.controller.settings.live[ids.BLUETOOTH_ON] = chance.randrange(2)
    else:
        b.ble.forget()


def test_whatever_happens_nobody_gets_in_and_the_board_is_found_again():
    for seed in range(12):
        chance = random.Random(seed)
        b = Board()
        before = bytes(b.controller.settings.value)
        for _ in range(400):
            act(b, chance)
            authenticated = 3 in b.stack.links.values()
            told = len([1 for handle, _ in b.stack.told if handle == REPLY])
            b.run(chance.choice((2, 4, 20, 300)))
            if not authenticated:  # a reply that was begun may be cut off, and none begins
                assert len([1 for handle, _ in b.stack.told if handle == REPLY]) == told
            assert b.bonds.phones <= 4
        assert bytes(b.controller.settings.value) == before and b.role() == ids.ROLE_ANYONE
        b.stack.fails, b.stack.room = {}, 100
        b.controller.settings.live[ids.BLUETOOTH_ON] = 1
        for number in list(b.stack.links):
            b.stack.leave(number)
        b.run(6_000)
        b.run(3_700_000, 2_000)
        assert b.stack.advertised and not b.ble.failed, seed
        assert b.phone(9).ask(READ_SOC[:-2], 9)[:2] == bytes((1, 4)), seed
        again = Board(record=b.record())
        assert again.bonds.phones == b.bonds.phones and again.bonds.passkey == b.bonds.passkey
