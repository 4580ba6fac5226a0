"""A register map on a bench: real settings, access, journal and readings; the rest plain values.

For tests that run on both runtimes. ``Bench`` writes and reads as a port would; its clock and
its random numbers are the test's.
"""

from array import array

import boards.sim as board
from cellwarden import ids, passwords
from cellwarden import schema_data as schema
from cellwarden.access import Access
from cellwarden.calibration import Calibration
from cellwarden.cell_health import CellHealth
from cellwarden.charger_link import ChargerLink
from cellwarden.commands import Commands
from cellwarden.conditions import Conditions
from cellwarden.journal import Journal
from cellwarden.lease import Lease
from cellwarden.readings import Readings
from cellwarden.readout import ABSENT
from cellwarden.register_map import RegisterMap
from cellwarden.requests import Requests
from cellwarden.settings import Settings

CHARGER, PC, BLUETOOTH = 1, 2, 3
COILS, DISCRETE, HOLDING, INPUT = 1, 2, 3, 4
PASSWORD = b"123456"
OFFSET = 3  # where a server lets the map write

BEGIN, COMMIT, PRESET = 0x2000, 0x2001, 0x2002
LOGIN_ROLE, LOGIN_RESPONSE, LOGOUT, CHALLENGE = 0x2010, 0x2011, 0x2021, 0x2040
NEW_PASSWORD, FIRST_FACTORY_PASSWORD, HELLO = 0x2022, 0x2048, 0x2030


class Quantities:
    def __init__(self):
        n = schema.QUANTITY_COUNT
        self.value = array("i", [0] * n)
        self.valid = bytearray(n)
        self.where = bytearray(n)


class Protection:
    def __init__(self):
        self.state = bytearray(schema.RULE_COUNT)
        self.retries = bytearray(schema.RULE_COUNT)
        self.forbids = 0
        self.loudest = 0
        self.taken = []

    def take_on(self, rule, now_ms):
        self.taken.append((rule, now_ms))


class Estimator:
    soc_permille = 500

    def set_soc(self, permille):
        self.soc_permille = permille


class Switchgear:
    state = 3
    replaced = False

    def disconnect_replaced(self, commands):
        self.replaced = True


class Controller:
    """What the register map and the journal look at."""

    def __init__(self, settings, access):
        self.board = board
        self.settings = settings
        self.access = access
        self.readings = Readings()
        self.commands = Commands()
        self.requests = Requests()
        self.conditions = Conditions()
        self.quantities = Quantities()
        self.protection = Protection()
        self.estimator = Estimator()
        self.cells = CellHealth(board)
        self.switchgear = Switchgear()
        self.charger_link = ChargerLink()
        self.lease = Lease()
        self.calibration = Calibration(board)
        self.journal = Journal()
        self.readout = array("i", [ABSENT] * schema.READING_COUNT)
        self.uptime_s = 1234
        self.cleared_ms = None
        self.updater = None
        self.bluetooth = None

    def clear_latches(self, now_ms):
        self.cleared_ms = now_ms


class Bench:
    def __init__(self):
        self.nonces = 0
        self.now_ms = 1000
        self.settings = Settings(board)
        self.access = Access(self._random)
        self.controller = Controller(self.settings, self.access)
        self.map = RegisterMap(self.controller)
        self.step()

    def _random(self, n):
        self.nonces += 1
        return bytes((self.nonces + i) & 0xFF for i in range(n))

    def step(self, ms=0):
        """Time passes; the controller's tick tells access so."""
        self.now_ms = (self.now_ms + ms) & 0x3FFFFFFF
        self.access.step(self.now_ms, self.settings.live[ids.SESSION_MINUTES] * 60_000)

    def read(self, address, count=1, port=PC, table=HOLDING):
        """Registers, or minus an exception code."""
        out = bytearray(OFFSET + 2 * count)
        code = self.map.read(table, address, count, out, OFFSET, port)
        if code:
            return -code
        return [out[OFFSET + 2 * i] << 8 | out[OFFSET + 2 * i + 1] for i in range(count)]

    def bits(self, table, address, count, port=PC):
        out = bytearray(OFFSET + (count + 7) // 8)
        code = self.map.read(table, address, count, out, OFFSET, port)
        if code:
            return -code
        return [out[OFFSET + i // 8] >> (i % 8) & 1 for i in range(count)]

    def write(self, address, *words, port=PC):
        data = bytearray(OFFSET)
        for word in words:
            data.append(word >> 8 & 0xFF)
            data.append(word & 0xFF)
        return self.map.write(HOLDING, address, len(words), data, OFFSET, port)

    def write_coils(self, address, *values, port=PC):
        data = bytearray(OFFSET + (len(values) + 7) // 8)
        for i in range(len(values)):
            data[OFFSET + i // 8] |= values[i] << (i % 8)
        return self.map.write(COILS, address, len(values), data, OFFSET, port)

    def write_bytes(self, address, data, port=PC):
        words = [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]
        return self.write(address, *words, port=port)

    def login(self, role=ids.ROLE_INSTALLER, password=PASSWORD, port=PC):
        """The whole exchange as a client does it; the code of its last write."""
        code = self.write(LOGIN_ROLE, role, port=port)
        if code:
            return code
        nonce = []
        for word in self.read(CHALLENGE, 8, port=port):
            nonce += [word >> 8, word & 0xFF]
        key = passwords.key_of(password, role)
        answer = passwords.response(key, bytes(nonce), port, role)
        return self.write_bytes(LOGIN_RESPONSE, answer, port=port)

    def commission(self, chemistry=ids.CHEMISTRY_NMC, cells=24, capacity_mah=100_000):
        """A pack set up and confirmed, by way of settings alone."""
        s = self.settings
        s.begin(PC)
        s.preset(chemistry)
        s.write(ids.CELL_COUNT, cells)
        s.write(ids.CAPACITY_MAH, capacity_mah)
        s.write(ids.CONFIRMED, 1)
        assert s.commit(True) == ids.COMMIT_RESULT_IS_OK
        return self

    def cells(self, mv, now_ms=None):
        """All cells read ``mv``."""
        r = self.controller.readings
        for i in range(self.settings.value[ids.CELL_COUNT]):
            r.cell_mv[i] = mv
            r.cell_valid[i] = 1
        r.cells_done(self.now_ms if now_ms is None else now_ms)

    def entry(self, number):
        """A journal entry as bytes, or minus an exception code."""
        out = bytearray(OFFSET + 64)
        file = number // 10_000 + 1
        code = self.map.read_record(file, number % 10_000, 32, out, OFFSET, PC)
        return -code if code else bytes(out[OFFSET:])

    def kinds(self):
        """Kinds of all entries that are held."""
        journal = self.controller.journal
        return [self.entry(n)[ids.J_KIND] for n in range(journal.first, journal.next)]

    def everything(self):
        """All that a refused write must leave alone."""
        c = self.controller
        r = c.requests
        return (
            list(self.settings.value),
            list(self.settings.live),
            bytes(self.settings.texts.data),
            self.settings.revision,
            (r.restart, r.factory_reset, r.self_test, r.save_settings, r.save_state),
            c.cleared_ms,
            c.estimator.soc_permille,
            list(c.protection.taken),
            c.charger_link.hellos,
            self.access.factory_password,
        )


def open_bench(**pack):
    """A commissioned pack whose PC port has an installer's session."""
    b = Bench().commission(**pack)
    assert b.login() == 0
    b.controller.requests.save_settings = False
    return b


def first_factory_password(b):
    return b.write_bytes(FIRST_FACTORY_PASSWORD, b"makers own" + bytes(6))


def s32(entry, at):
    """Signed number of four bytes in a journal entry."""
    value = entry[at] | entry[at + 1] << 8 | entry[at + 2] << 16 | entry[at + 3] << 24
    return value - (1 << 32) if value >> 31 else value
