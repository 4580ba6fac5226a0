"""A board's Bluetooth on a bench: the real server and register map on a stack made for tests.

The stack has the manners of MicroPython's (docs: library/bluetooth; extmod/modbluetooth.c):
values of 20 bytes until more are asked for, writes beyond cut off, ``gatts_read`` that empties an
appending value, permissions that the stack itself enforces, OSError when its queue is full,
memoryviews that are good in the handler only, secrets asked for in the handler.
"""

import sys
from types import SimpleNamespace

import boards.sim as board
from cellwarden import ids, passwords
from cellwarden.access import PORT_BLUETOOTH, Access
from cellwarden.controller import Controller
from cellwarden.register_map import RegisterMap
from cellwarden_host.sim.provision import commissioned
from firmware.ble.bonds import Bonds
from firmware.ble.server import Bluetooth
from modbus_rtu import crc

ENOMEM, EOPNOTSUPP, ENOTCONN = 12, 95, 128
CONNECT, DISCONNECT, WRITE, MTU, ENCRYPTION, GET, SET, PASSKEY = 1, 2, 3, 21, 28, 29, 30, 31
BATTERY, REQUEST, REPLY, SUMMARY = 4, 5, 6, 7
OURS, PEERS, IDENTITY = 1, 2, 10
PHONE = b"\x00\x01\x02\x03\x04\x05\x06"


class UUID:
    def __init__(self, value):
        self.value = value

    def __iter__(self):
        return iter(bytes.fromhex(self.value.replace("-", ""))[::-1])


class Stack:
    """``bluetooth.BLE()`` of a test. ``pairs``: the stack was built with pairing."""

    def __init__(self, pairs=True):
        self.pairs = pairs
        self.fails = {}  # method: the error it raises
        self.calls = []
        self.options = {}
        self.values = {}
        self.size = {}
        self.append = set()
        self.told = []  # (handle, bytes) that went to the air
        self.room = 100  # notifications that the queue still takes
        self.advertised = None
        self.links = {}  # handle: 0, 1 encrypted, 3 authenticated
        self.passkeys = []
        self.handler = None
        self.definition = ()
        if pairs:
            self.gap_passkey = self._passkey

    def _do(self, name):
        self.calls.append(name)
        if name in self.fails:
            raise self.fails[name]

    def irq(self, handler):
        self.handler = handler

    def active(self, on):
        self._do("active")
        self.powered = on
        if on and self.handler(GET, (IDENTITY, 0, memoryview(b"irk"))) is None:
            self.handler(SET, (IDENTITY, memoryview(b"irk"), memoryview(bytes(16))))

    def config(self, *names, **options):
        self._do("config")
        if names:
            return (0, bytes((0x28, 0xCD, 0xC1, 0x00, 0x00, 0x01)))
        if not self.pairs and "bond" in options:
            raise ValueError("unknown config param")
        self.options.update(options)
        return None

    def gatts_register_services(self, services):
        self._do("gatts_register_services")
        self.definition = services
        handles, handle = [], 0
        for _, characteristics in services:
            here = []
            for row in characteristics:
                handle += 1
                here.append(handle)
                self.values[handle], self.size[handle] = b"", 20
                assert len(row) == 2
            handles.append(tuple(here))
        return tuple(handles)

    def gatts_set_buffer(self, handle, size, append):
        self.size[handle] = size
        if append:
            self.append.add(handle)

    def gatts_read(self, handle):
        self._do("gatts_read")
        value = self.values[handle]
        if handle in self.append:
            self.values[handle] = b""
        return value

    def gatts_write(self, handle, data, send_update=False):
        self._do("gatts_write")
        self.values[handle] = bytes(data)
        self.size[handle] = max(self.size[handle], len(data))
        if send_update and self.links and self.room:
            self.told.append((handle, bytes(data)))

    def gatts_notify(self, connection, handle, data):
        self._do("gatts_notify")
        if connection not in self.links:
            raise OSError(ENOTCONN)
        if not self.room:
            raise OSError(ENOMEM)
        self.room -= 1
        self.told.append((handle, bytes(data)))

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None):
        self._do("gap_advertise")
        self.advertised = None if interval_us is None else (interval_us, adv_data, resp_data)

    def gap_disconnect(self, connection):
        self._do("gap_disconnect")
        if connection not in self.links:
            return False
        self.leave(connection)
        return True

    def _passkey(self, connection, action, passkey):
        assert action == 3
        if connection not in self.links:
            raise OSError(ENOTCONN)
        self.passkeys.append(passkey)

    # --- the other side

    def event(self, number, *fields):
        views = [memoryview(bytearray(f)) if isinstance(f, bytes) else f for f in fields]
        answer = self.handler(number, tuple(views))
        answer = bytes(answer) if answer is not None and number == GET else answer
        for view in views:
            if isinstance(view, memoryview):
                view[:] = b"\xee" * len(view)
        return answer

    def arrive(self, connection):
        self.advertised = None
        self.links[connection] = 0
        self.event(CONNECT, connection, 0, PHONE[1:])

    def leave(self, connection):
        if self.links.pop(connection, None) is not None:
            self.event(DISCONNECT, connection, 0, PHONE[1:])

    def remote_write(self, connection, handle, data):
        """As the stack takes a write: refused, cut off, or kept and told."""
        if self.links.get(connection) != 3:
            return False
        kept = self.values[handle] if handle in self.append else b""
        self.values[handle] = (kept + data)[: self.size[handle]]
        self.event(WRITE, connection, handle)
        return True


class Board:
    """Time is the test's: ``run`` lets it pass."""

    def __init__(self, stack=None, record=None, page=None):
        self.stack = stack or Stack()
        self.now_ms = 1_000
        self.chance = 0
        self.controller = Controller(board, commissioned(board), Access(self._random), 0)
        self.map = RegisterMap(self.controller)
        self.map.set_text(ids.T_MACHINE_CODE, "e66038b7130b4c2a")
        self.bonds = Bonds(self._random)
        if record is None or not self.bonds.load(record, self.now_ms):
            self.bonds.renew()
        self.ble = Bluetooth(self.controller, self.map, self.bonds, page)
        self.controller.bluetooth = self.ble
        sys.modules["bluetooth"] = SimpleNamespace(BLE=lambda: self.stack, UUID=UUID)
        try:
            self.ble.begin(self.now_ms)
            self.ble.publish(self.now_ms)
        finally:
            del sys.modules["bluetooth"]
        self.run(600)

    def _random(self, n):
        self.chance += 1
        return bytes((37 * self.chance + 11 * i) & 0xFF for i in range(n))

    def record(self):
        buf = bytearray(1280)
        return bytes(buf[: self.bonds.dump(buf)])

    def run(self, ms=20, step_ms=2):
        for _ in range(0, ms, step_ms):
            self.now_ms = (self.now_ms + step_ms) & 0x3FFFFFFF
            self.controller.access.step(self.now_ms, 600_000)
            self.ble.step(self.now_ms)

    def reading(self, name):
        return self.controller.readout[getattr(ids, "R_" + name.upper())]

    def role(self):
        return self.controller.access.role(PORT_BLUETOOTH)

    def notes(self):
        """What the journal says of Bluetooth: (what, wrong pairings in a row)."""
        journal, entry, found = self.controller.journal, bytearray(64), []
        for number in range(journal.first, journal.next):
            journal.entry_into(number, entry, 0, 64)
            if entry[ids.J_KIND] == ids.KIND_BLUETOOTH:
                found.append((entry[ids.J_VALUE], entry[ids.J_LIMIT]))
        return found

    # --- a phone

    def connect(self, connection=1):
        self.stack.arrive(connection)
        self.run()

    def pair(self, connection=1, passkey=None, key=PHONE):
        """Pair as a phone does that types ``passkey``; true when the link is secure."""
        stack = self.stack
        asked = len(stack.passkeys)
        stack.event(PASSKEY, connection, 3, 0)
        self.run()
        if len(stack.passkeys) == asked or connection not in stack.links:
            return False
        right = passkey is None or passkey == stack.passkeys[-1]
        stack.links[connection] = 3 if right else 0
        stack.event(ENCRYPTION, connection, int(right), int(right), int(right), 16)
        if right:
            for kind in (OURS, PEERS):
                assert stack.event(SET, kind, key, bytes(80))
        self.run()
        return right

    def phone(self, connection=1, mtu=247):
        """A paired phone that is connected."""
        self.connect(connection)
        if mtu != 23:
            self.stack.event(MTU, connection, mtu)
        assert self.pair(connection)
        self.stack.told.clear()
        return self

    def write(self, data, connection=1, most=244):
        """Write bytes in pieces, as a phone does."""
        for at in range(0, len(data), most):
            self.stack.remote_write(connection, REQUEST, data[at : at + most])

    def replies(self):
        """What came back as replies since the last call."""
        data = b"".join(data for handle, data in self.stack.told if handle == REPLY)
        self.stack.told = [pair for pair in self.stack.told if pair[0] != REPLY]
        return data

    def ask(self, body, connection=1, most=244):
        """A request and what comes of it, without checksum."""
        self.write(frame(body), connection, most)
        self.run(60)
        reply = self.replies()
        assert not reply or crc.update(crc.START, reply, 0, len(reply)) == 0
        return reply[:-2]

    def login(self, password=b"123456", connection=1):
        """A session as installer; the answer that was sent."""
        self.ask(bytes((1, 6, 0x20, 0x10, 0, ids.ROLE_INSTALLER)), connection)
        nonce = self.ask(bytes((1, 3, 0x20, 0x40, 0, 8)), connection)[3:]
        key = passwords.key_of(password, ids.ROLE_INSTALLER)
        answer = passwords.response(key, nonce, PORT_BLUETOOTH, ids.ROLE_INSTALLER)
        body = bytes((1, 16, 0x20, 0x11, 0, 16, 32)) + answer
        self.ask(body, connection)
        return body


def frame(body):
    value = crc.update(crc.START, body, 0, len(body))
    return body + bytes((value & 0xFF, value >> 8))
