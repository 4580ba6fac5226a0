"""A core at work on 24 cells, fed with numbers that move: the subject of all core measurements.

Runs on MicroPython (64 and 32 bits) and on CPython. Feeding allocates nothing, so a step may be
timed or proven with the feeding in it. Every reading is fresh in every cycle: no rule is
spared, as none is on a real board.
"""
# MicroPython's modules, not CPython's:
# mypy: ignore-errors

try:
    import board  # as it is called on a controller
except ImportError:
    import boards.sim as board
from cellwarden import ids
from cellwarden.access import Access
from cellwarden.controller import Controller
from cellwarden.readings import TEMP_COUNT, TEMP_OK
from cellwarden.register_map import RegisterMap
from cellwarden.settings import BOARD, Settings
from cellwarden.ticks import MASK
from modbus_rtu.server import Server

CELLS = 24
FAST_MS = 25
FASTS = 3  # current samples between two ticks
_NMC = 1
_CAPACITY_MAH = 100_000
_CURRENT_MA = -20_000
_CELL_MV = 3700
_START_TICKS = 120  # proves the wiring, precharges, switches on


def commissioned():
    """Settings as a person would make them for 24 NMC cells of 100 Ah."""
    settings = Settings(board)
    settings.begin(BOARD)
    settings.preset(_NMC)
    settings.write(ids.CELL_COUNT, CELLS)
    settings.write(ids.CAPACITY_MAH, _CAPACITY_MAH)
    settings.write(ids.CONFIRMED, 1)
    settings.write(ids.CURRENT_CALIBRATED, 1)
    if settings.commit(True) != ids.COMMIT_RESULT_IS_OK:
        raise ValueError("settings refused at %d" % settings.commit_address)
    return settings


class BenchPack:
    """A controller with its readings; ``cycle`` passes 100 ms. Its passwords are no secret."""

    def __init__(self):
        self.now_ms = 0
        self.spacing_ms = FAST_MS
        self.controller = Controller(board, commissioned(), Access(bytes), 0)
        self.register_map = RegisterMap(self.controller)
        self.server = Server(self.register_map, 1, 2)
        self._beat = 0
        readings = self.controller.readings
        readings.bus_mv.fitted = readings.charger_mv.fitted = True
        readings.secondary_fitted = True
        readings.feedback_valid = True
        for i in range(CELLS):
            readings.cell_valid[i] = 1
        for i in range(TEMP_COUNT):
            readings.temp_state[i] = TEMP_OK
            readings.temp_dc[i] = 250
        for _ in range(_START_TICKS):
            self.cycle()

    def cycle(self):
        """Three current samples, each judged, then a whole set and its tick."""
        for _ in range(FASTS):
            self.fast()
        self.tick()

    def feed_fast(self):
        """A fresh current sample."""
        self.now_ms = (self.now_ms + self.spacing_ms) & MASK
        current = self.controller.readings.current_ma
        flows = self.controller.commands.discharge
        current.put(_CURRENT_MA + (self._beat & 7) * 10 if flows else 0, self.now_ms)

    def feed(self):
        """A fresh sample of everything; cells differ and move a little."""
        self.feed_fast()
        self._beat = (self._beat + 1) & 0xFF
        now_ms = self.now_ms
        readings = self.controller.readings
        commands = self.controller.commands
        beat = self._beat
        total = 0
        for i in range(CELLS):
            mv = _CELL_MV + ((i * 7 + beat) & 15)
            readings.cell_mv[i] = mv
            total += mv
        readings.cells_done(now_ms)
        readings.temps_done(now_ms)
        readings.open_wire_count = (readings.open_wire_count + 1) & MASK
        readings.open_wire_ms = now_ms
        readings.pack_mv.put(total, now_ms)
        readings.bus_mv.put(total, now_ms)
        readings.charger_mv.put(total, now_ms)
        readings.charge_feedback = 1 if commands.charge else 0
        readings.discharge_feedback = 1 if commands.discharge else 0

    def crowd(self):
        """Pass hardly any time from now on: what is left out for a while has missed nothing."""
        self.spacing_ms = 1

    def fast(self):
        self.feed_fast()
        self.controller.fast(self.now_ms)

    def tick(self):
        self.feed()
        self.controller.tick(self.now_ms)


class Reader:
    """A Modbus read of ``count`` registers from ``address``, through the server to its reply."""

    def __init__(self, pack, address, count):
        body = (1, 3, address >> 8, address & 0xFF, count >> 8, count & 0xFF)
        self.request = bytearray(body + _crc(body))
        self._pack = pack
        self._length = 5 + 2 * count
        if self.read() != self._length or pack.server.tx[1] != 3:
            raise ValueError("%d registers from 0x%04X cannot be read" % (count, address))

    def read(self):
        """Bytes of the reply. A time of its own, so that the framer sees separate requests."""
        pack = self._pack
        pack.now_ms = (pack.now_ms + 1) & MASK
        return pack.server.feed(self.request, len(self.request), pack.now_ms)


def _crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value & 0xFF, value >> 8
