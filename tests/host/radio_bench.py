"""A small firmware with a GATT server, a board with a radio to run it, and what it prints."""

import contextlib
from types import SimpleNamespace

from sim_bench import printed, running

import boards.sim
from cellwarden_host.sim.radio_central import RadioCentral

RADIO_BOARD = SimpleNamespace(**{**vars(boards.sim), "BLE": True})
PLAIN_BOARD = SimpleNamespace(**{**vars(boards.sim), "BLE": False})
PASSKEY = 42

SECURE, OPEN, REPLY, BATTERY = (
    f"8e2d000{n}-5f0b-4c8e-9d3a-63656c6c7764" if n else "2a19" for n in (2, 5, 3, 0)
)

# ``on(event, data)`` and ``start()`` may be put in front of it.
FIRMWARE = """
import asyncio, bluetooth, os, time
from bluetooth import UUID
ble = bluetooth.BLE()
kept = {}
def show(value):
    return bytes(value).hex() if isinstance(value, (memoryview, bytes)) else value
def irq(event, data):
    if event == 29:
        kind, index, key = data
        return kept.get((kind, bytes(key)))
    if event == 30:
        kind, key, value = data
        if value is None:
            print("gone", kind)
            kept.pop((kind, bytes(key)), None)
        else:
            print("secret", kind, len(value))
            kept[(kind, bytes(key))] = bytes(value)
        keep()
        return True
    print("event", event, *[show(value) for value in data])
    if event == 31:
        ble.gap_passkey(data[0], data[1], PASSKEY)
    if event == 2:
        ble.gap_advertise(100_000)
    try:
        on(event, data)
    except NameError:
        pass
def keep():
    try:
        with open("/bonds", "w") as file:
            file.write(repr(kept))
    except OSError:
        pass
try:
    with open("/bonds") as file:
        kept.update(eval(file.read()))
except OSError:
    pass
ble.irq(irq)
ble.active(True)
ble.config(bond=True, mitm=True, io=0, le_secure=True, mtu=247, gap_name="Bench")
def our(number):
    return UUID("8e2d000%d-5f0b-4c8e-9d3a-63656c6c7764" % number)
((secure, reply, plain), (battery,)) = ble.gatts_register_services((
    (our(1), ((our(2), 0x300C), (our(3), 0x0010), (our(5), 0x000C))),
    (UUID(0x180F), ((UUID(0x2A19), 0x0012),)),
))
ble.gatts_write(battery, b"\\x42")
ble.gap_advertise(100_000, b"\\x02\\x01\\x06", resp_data=b"\\x06\\x09Bench")
try:
    start()
except NameError:
    pass
async def idle():
    while True:
        await asyncio.sleep_ms(20)
asyncio.run(idle())
""".replace("PASSKEY", str(PASSKEY))


@contextlib.contextmanager
def radio_board(tmp_path, before="", **options):
    """The board with that firmware, up for half a second."""
    with running(tmp_path, before + FIRMWARE, definition=RADIO_BOARD, **options) as board:
        if options.get("power", True):
            board.advance(500)
        yield board


@contextlib.contextmanager
def phone_on(board, **options):
    """A central that is connected."""
    with RadioCentral(board, **options) as phone:
        phone.connect("Bench")
        yield phone


def said(board, *words):
    """Lines that the firmware has printed and that start with ``words``."""
    board.call(board.console.drain)
    start = " ".join(str(word) for word in words)
    return [line for line in printed(board).splitlines() if line.startswith(start)]
