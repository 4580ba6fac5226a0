"""A simulated pack with its board at work: what the system tests act on and look at.

The firmware is the real one, under MicroPython; time is virtual and passes only in ``advance``
and its kin (or, with ``pace()``, on a thread of its own for programs that open a port). What
really happened is read from the plant: ``moves`` is every change of every switch with its time,
so that a pulse of a microsecond is seen. Nothing here asserts what a test is about.
"""

import contextlib
import shutil

import boards.sim as definition
from cellwarden_host import catalog, journal_words, session, transaction
from cellwarden_host.board import Board
from cellwarden_host.sim.board import SimBoard
from cellwarden_host.sim.image import flash_files, write_image
from cellwarden_host.sim.pack_config import PackConfig
from cellwarden_host.sim.plant import Plant
from cellwarden_host.sim.provision import commissioned, files
from cellwarden_host.sim.transport import SteppedTransport

PASSWORD = "123456"
INSTALLER = 1
# From a limit crossed to the gate off, on top of the set delay (the bound of the design): one
# sample period, one tick and the longest step of a port.
SAMPLE_MS = 100
TICK_MS = 100
PORT_STEP_MS = 5
REACTION_MS = SAMPLE_MS + TICK_MS + PORT_STEP_MS
CHARGER_MV = 24 * 4150
PINS = ("charge_gate", "discharge_gate", "precharge_gate", "secondary_fire", "heater")
RULE = {row.name: row for row in catalog.RULES}


class WatchedPlant(Plant):
    """``moves`` holds every change of every switch, and of the pins that command them, as
    (time in us, name, level)."""

    def __init__(self, board, config):
        self.moves = []
        self._levels = {}
        super().__init__(board, config)
        self._look()

    def _look(self):
        pack = self.pack
        levels = {
            "charge": pack.charge.closed,
            "discharge": pack.discharge.closed,
            "precharge": pack.precharge.closed,
            "secondary": self.secondary_fired,
            "short": pack.short_latched,
        }
        for name in PINS:
            levels[name] = self.pins[name]
        for name, level in levels.items():
            level = bool(level)
            if self._levels.get(name) != level:
                if name in self._levels:
                    self.moves.append((pack.now_us, name, level))
                self._levels[name] = level

    def _apply(self):
        super()._apply()
        self._look()

    def _after_step(self, now_us):
        super()._after_step(now_us)
        self._look()


class WatchedBoard(SimBoard):
    """``on_reply[label](end_us, data)`` sees a reply when its last byte has left."""

    def __init__(self, *arguments, **options):
        self.on_reply = {}
        super().__init__(*arguments, **options)

    def _uart_sent(self, label, end_us, data):
        super()._uart_sent(label, end_us, data)
        if label in self.on_reply:
            self.on_reply[label](end_us, data)


class Images:
    """Flash images: made once for each kind of board, copied for every run."""

    def __init__(self, folder):
        self._folder = folder
        self._made = {}
        self._copies = 0

    def copy(self, chemistry="nmc", settings=None, extra=None, fresh=False, cells=24):
        """``extra`` maps flash paths to other contents, or to None for a file left out."""
        key = (chemistry, cells, fresh, repr(sorted((settings or {}).items())), repr(extra))
        if key not in self._made:
            contents = dict(flash_files("sim"))
            if not fresh:
                made = commissioned(definition, chemistry, cells, changes=settings)
                contents |= files(made)
            contents |= extra or {}
            contents = {path: data for path, data in contents.items() if data is not None}
            self._made[key] = write_image(self._folder / f"{len(self._made)}.img", contents)
        self._copies += 1
        copied = self._folder / f"run-{self._copies}.img"
        shutil.copyfile(self._made[key], copied)
        return copied


class Port(SteppedTransport):
    """A client's line in stepped time, with the silence between frames that the bus wants."""

    baud = 115200

    def __init__(self, board, label):
        super().__init__(board, label)
        self.port = label
        self._simboard = board

    def write(self, data):
        self._simboard.advance(2)
        super().write(data)


class Station:
    """``board`` is the SimBoard, ``plant`` the truth, ``pc`` a master on RS485-2."""

    def __init__(self, image, pack=None, **options):
        self.plant = WatchedPlant(definition, PackConfig(**(pack or {})))
        self.board = WatchedBoard(self.plant, definition, image, **options)
        self.pc = Board(Port(self.board, "rs485_2"))
        self.on_charger_port = Board(Port(self.board, "rs485_1"))

    def close(self):
        self.board.close()

    # --- time and power

    @property
    def now_ms(self):
        return self.board.now_ms

    def advance(self, time_ms):
        self.board.advance(time_ms)

    def until(self, condition, limit_ms, step_ms=10):
        """Let time pass until ``condition()``; it must come true within ``limit_ms``."""
        came = self.board.advance_until(condition, limit_ms, step_ms)
        assert came, f"not within {limit_ms} ms; {self.story()}"

    def start(self):
        """Power on and wait until charging and discharging are switched on."""
        self.board.power_on()
        self.until_on()
        return self

    def until_on(self, limit_ms=30_000):
        pack = self.plant.pack
        self.until(lambda: pack.charge.closed and pack.discharge.closed, limit_ms)

    def until_served(self, limit_ms=10_000):
        """Wait until the firmware serves its ports."""
        self.until(lambda: all(line.baud for line in self.board.peripherals.lines), limit_ms)

    def cut_power(self):
        self.board.unplug()

    def repower(self):
        """Off for a second, then on until the firmware serves its ports."""
        self.board.unplug()
        self.advance(1000)
        self.board.power_on()
        self.until_served()

    # --- the truth

    @property
    def charge_closed(self):
        return self.plant.pack.charge.closed

    @property
    def discharge_closed(self):
        return self.plant.pack.discharge.closed

    @property
    def all_open(self):
        pack = self.plant.pack
        return not (pack.charge.closed or pack.discharge.closed or pack.precharge.closed)

    def truth(self, name):
        return self.plant.truth()[name]

    def inject(self, fault, *arguments):
        """Bring a fault about now; returns the time in ms."""
        self.plant.advance(self.board.clock.now_us)
        self.plant.inject(fault, *arguments)
        return self.now_ms

    def clear(self, fault="all"):
        self.plant.advance(self.board.clock.now_us)
        self.plant.clear(fault)
        return self.now_ms

    def moved_ms(self, name, level, after_ms=0):
        """When ``name`` first went to ``level`` after a time; None when it did not."""
        for t_us, what, to in self.plant.moves:
            if what == name and to == level and t_us >= after_ms * 1000:
                return t_us / 1000
        return None

    def story(self):
        """For a failing test: where everything stands."""
        moves = ", ".join(f"{t / 1000:.1f} {n} {int(v)}" for t, n, v in self.plant.moves[-12:])
        said = bytes(self.board.console.log[-600:]).decode(errors="replace")
        return f"t={self.now_ms:.1f}; moves: {moves}; the firmware says: {said!r}"

    # --- over Modbus

    def read(self, name, board=None):
        row = catalog.NAMED[name]
        values = (board or self.pc).read([row])
        return values.texts[name] if row.kind == "text" else values.one(name)

    def word(self, name):
        return self.pc.read([catalog.NAMED[name]]).word(name)

    def active(self, rule):
        """Whether a rule is active, as its rule_state tells."""
        return bool(self._rule_state(rule) & 1)

    def latched(self, rule):
        return bool(self._rule_state(rule) & 4)

    def _rule_state(self, rule):
        return self.pc.words(catalog.RULE_STATE)[RULE[rule].number]

    def journal(self):
        """All entries that the board holds, oldest first."""
        return list(journal_words.fetch(self.pc, *journal_words.held(self.pc)))

    def entries(self, rule, kind=None):
        return [
            entry
            for entry in self.journal()
            if entry.rule is not None and entry.rule.name == rule
            if kind is None or entry.kind == kind
        ]

    @contextlib.contextmanager
    def installer(self):
        with session.logged_in(self.pc, lambda: PASSWORD, INSTALLER):
            yield

    def command(self, name, value):
        with self.installer():
            self.pc.command(name, value)

    def write_settings(self, **wanted):
        with self.installer():
            transaction.write(self.pc, {(name, 0): value for name, value in wanted.items()})

    # --- for programs that open a port

    @contextlib.contextmanager
    def paced(self, speed=1.0):
        """Meanwhile time passes by itself, at ``speed`` times real time (None: full speed)."""
        self.board.set_speed(speed)
        self.board.start()
        try:
            yield
        finally:
            self.board.stop()
            self.board.set_speed(None, stepped=True)
