"""Plays rows of a log to one controller: the same core as on a board, its clock made of rows.

A row's values hold until the next row; in between the core ticks at least once a second. What
a log cannot tell (chips, wires, switches, ports) is not judged: whoever recorded it had other
switches, so current that flows on after the core has opened its own is no failure of theirs.
It must never change a reading, and never let the core know a row before its time.

Runs unchanged on CPython and MicroPython: integers and lists, no typing.
"""

from cellwarden import ids, state_record
from cellwarden import schema_data as schema
from cellwarden.controller import Controller
from cellwarden.protection import ACTIVE, EVENT_CLEAR, Protection

from ..step_desk import PATIENT_MS, StepDesk

# The core counts charge over at most this between two samples of the current.
STEP_MS = 1000
# Whole samples in a row before the core switches on, and one more to do it.
_PRIMING = 12

# What only a board can know of itself, and what holds currents against open switches.
_NOT_IN_A_LOG = (
    ids.Q_OPEN_WIRES,
    ids.Q_OPEN_WIRE_AGE_MS,
    ids.Q_CELLS_AGE_MS,
    ids.Q_CURRENT_AGE_MS,
    ids.Q_TEMPS_AGE_MS,
    ids.Q_PACK_AGE_MS,
    ids.Q_SUM_ERROR_PERMILLE,
    ids.Q_FROZEN_SAMPLES,
    ids.Q_STRAY_MV,
    ids.Q_SENSOR_FAULTS,
    ids.Q_POWER_TEMP_DC,
    ids.Q_POWER_MARGIN_DC,
    ids.Q_BALANCE_TEMP_DC,
    ids.Q_SHORT_LATCHED,
    ids.Q_FAST_OVERCURRENT,
    ids.Q_CHARGE_STUCK_ON_MA,
    ids.Q_DISCHARGE_STUCK_ON_MA,
    ids.Q_CHARGE_STUCK_OFF,
    ids.Q_DISCHARGE_STUCK_OFF,
    ids.Q_CHARGE_FEEDBACK_ON,
    ids.Q_DISCHARGE_FEEDBACK_ON,
    ids.Q_OV_CHARGE_MA,
    ids.Q_UV_DISCHARGE_MA,
    ids.Q_UV2_DISCHARGE_MA,
    ids.Q_UNSTOPPED_CHARGE_MA,
    ids.Q_UNSTOPPED_DISCHARGE_MA,
    ids.Q_PRECHARGE_NO_CAPACITOR,
    ids.Q_PRECHARGE_SHORT,
    ids.Q_PRECHARGE_STUCK,
    ids.Q_SETTINGS_LOST,
    ids.Q_UNCOMMISSIONED,
    ids.Q_UNCALIBRATED,
    ids.Q_SELF_TEST_FAILURES,
    ids.Q_LEASE_OVER,
    ids.Q_WATCHDOG_RESTART,
    ids.Q_TICK_LATE_MS,
    ids.Q_CHARGER_SILENT,
    ids.Q_HEATER_FAULT,
    ids.Q_FACTORY_PASSWORD,
    ids.Q_NO_SECONDARY,
    ids.Q_STORAGE_FAILED,
    ids.Q_STATE_LOST,
)
JUDGED = bytes(
    [r for r in range(schema.RULE_COUNT) if schema.RULE_QUANTITY[r] not in _NOT_IN_A_LOG]
)


class LogBoard:
    """A board that fits any pack; its rating tells the core how coarse its current meter is."""

    SWITCH_TYPE = "mosfet"
    COMMON_PORT = True
    RELAY_BREAK_MA = 0
    SECONDARY_FITTED = True
    PRECHARGE_OHM = 0  # nothing to precharge: the bus is not in the log
    PRECHARGE_ENERGY_J = 0
    LTC6811_CHIPS = 3
    AFE_SUPPLY = "own"
    BALANCE_OHM = 100
    BALANCE_GROUP = 6
    HEARTBEAT_MS = PATIENT_MS
    FTT_CELLS_MS = 10_000
    FTT_CURRENT_MS = 10_000
    FTT_TEMPS_MS = 10_000

    def __init__(self, rating_ma):
        self.RATING_MA = rating_ma


class LogProtection(Protection):
    """Judges the rules that a log can speak to."""

    def __init__(self, quantities, live):
        super().__init__(quantities, live)
        self._all = JUDGED
        self._fast = bytes([r for r in self._fast if r in JUDGED])


class LogController(Controller):
    """The core, with its events kept."""

    def __init__(self, board, settings, access, start_ms):
        super().__init__(board, settings, access, start_ms)
        self.protection = LogProtection(self.quantities, settings.live)
        self.events = []  # (kind, rule) in the order they came

    def count(self, now_ms):
        """Count the charge of the newest current sample without judging anything."""
        self._count_charge(now_ms)

    def _write_journal(self, now_ms):
        p = self.protection
        for i in range(p.events):
            self.events.append((p.event_kind[i], p.event_rule[i]))
        super()._write_journal(now_ms)


class Player:
    """``begin`` with the first row, then ``row`` after ``row``.

    ``events`` grows by (ms since the first row, kind, rule); whoever reads it empties it.
    """

    def __init__(self, board, settings, access, cells):
        self.t_ms = 0
        self.begun = False
        self.events = []
        self._board = board
        self._settings = settings
        self._access = access
        self._cells = cells
        self._start(0)

    def begin(self, current_ma, cell_mv, temp_dc):
        """The first row: switches on, nothing counted yet."""
        self.begun = True
        self._take(current_ma, cell_mv, temp_dc)
        self._prime()

    def believe(self, soc_permille, sigma_permille):
        """Where the charge began, as far as somebody knew."""
        start_soc(self.controller.estimator, soc_permille, sigma_permille)
        self._tick()

    def row(self, gone_ms, current_ma, cell_mv, temp_dc):
        """The next row, ``gone_ms`` after the one before; that one held until now."""
        steps = (gone_ms + STEP_MS - 1) // STEP_MS
        done_ms = 0
        for i in range(1, steps):
            until_ms = gone_ms * i // steps
            self._pass(until_ms - done_ms)
            done_ms = until_ms
            self._tick()
        self._pass(gone_ms - done_ms)
        self._desk.sample_current()
        self.controller.count(self._desk.now_ms)
        self._take(current_ma, cell_mv, temp_dc)
        self._tick()

    def restart(self, gone_ms, current_ma, cell_mv, temp_dc):
        """A row after time that nobody recorded: what a board makes of having been off."""
        before = self.controller.protection.state
        record = bytearray(state_record.SIZE)
        state_record.dump(self.controller, record, self._desk.now_ms)
        self._pass(gone_ms)
        self._start(self._desk.now_ms)
        state_record.load(self.controller, record, self._desk.now_ms, gone_ms)
        protection = self.controller.protection
        protection.sum_up()
        for rule in JUDGED:
            if before[rule] >= ACTIVE > protection.state[rule]:
                self.events.append((self.t_ms, EVENT_CLEAR, rule))
        self._take(current_ma, cell_mv, temp_dc)
        self._prime()

    def _start(self, now_ms):
        self.controller = LogController(self._board, self._settings, self._access, now_ms)
        self._desk = StepDesk(self.controller, self._cells, now_ms)

    def _prime(self):
        for _ in range(_PRIMING):
            self._tick()

    def _pass(self, ms):
        self.t_ms += ms
        self._desk.pass_time(ms)

    def _take(self, current_ma, cell_mv, temp_dc):
        desk = self._desk
        desk.current_ma = current_ma
        desk.set_cells(cell_mv)
        desk.set_temps(temp_dc)

    def _tick(self):
        self._desk.tick()
        happened = self.controller.events
        if happened:
            for kind, rule in happened:
                self.events.append((self.t_ms, kind, rule))
            self.controller.events = []


def start_soc(estimator, soc_permille, sigma_permille):
    """A charge that somebody states, and how far it may be off."""
    if hasattr(estimator, "begin"):
        estimator.begin(soc_permille, sigma_permille)
    else:
        estimator.set_soc(soc_permille)


def soc_ppm(estimator):
    """The best belief, in 1/1 000 000: not slewed as the display is."""
    if hasattr(estimator, "soc_ppm"):
        return estimator.soc_ppm
    return estimator.soc_permille * 1000


def sigma_ppm(estimator):
    if hasattr(estimator, "sigma_ppm"):
        return estimator.sigma_ppm
    return estimator.soc_sigma_permille * 1000


def trace(board, settings, access, cells, soc0, rows):
    """Both runtimes' proof: [soc, sigma, charge on, discharge on] after each row.

    ``rows``: [gone_ms, current_ma, cell_mv list, temp_dc list]; ``soc0`` in 1/1000 or None.
    """
    player = Player(board, settings, access, cells)
    out = []
    for gone_ms, current_ma, cell_mv, temp_dc in rows:
        if not player.begun:
            player.begin(current_ma, cell_mv, temp_dc)
            if soc0 is not None:
                player.believe(soc0, 100)
        else:
            player.row(gone_ms, current_ma, cell_mv, temp_dc)
        e = player.controller.estimator
        commands = player.controller.commands
        out.append([soc_ppm(e), sigma_ppm(e), commands.charge, commands.discharge])
    return out
