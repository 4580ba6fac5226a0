"""Measures: cells at 10 Hz, current every 25 ms, everything slow in between.

``step(now_ms)`` does what is due and says how long until it wants to be called again; it sets
``fast_due`` when the current was sampled, and ``tick_due`` when a cycle's readings are complete
or known to be missing; who acts on them clears them. No call waits for a
conversion, none takes more than about 5 ms, and none raises: what a bus did not deliver is
marked as missing in ``Readings`` at once. Decides nothing and switches nothing.

A cycle of 100 ms: one slow job in steps (from 5), balancing off and the chips' configuration
proven (80), start of the cells' conversion (85), everything collected (90), one more current and
the tick (100). Collecting is a step of its own: the ports have their turn before the tick.
"""

from array import array

from cellwarden.loops import cells_into, fill, stray_code
from cellwarden.ticks import MASK, elapsed_ms
from firmware.background import STEP_MS, Background
from firmware.cell_map import CellMap, default_channels
from firmware.cell_sums import CellSums
from firmware.drivers.ina228 import DIAG_CONVERTED, DIAG_OVER, DIAG_UNDER
from firmware.drivers.ltc6811 import CELLS_MS, CHANNELS, REFERENCE_MS

CYCLE_MS = 100
CURRENT_MS = 25
_PREPARE_MS = 80
_START_MS = 85
_COLLECT_MS = 90
_LATE_MS = 50  # later than this, a new cycle begins from now
_SATURATED_CODE = 57_000  # the converter ends at 5.73 V: from here on nobody knows
_OPEN_WIRE_RUNS = 2  # enough for 10 nF of filter on each sense pin
_MOST_RUNS = 6  # what fits between two cell conversions

_RESTING, _PREPARED, _STARTED, _COLLECTED = range(4)


class Sampler:
    """Fills ``readings`` from the board's drivers."""

    def __init__(self, board, readings, hardware):
        self._chain = hardware.chain
        self._shunt = hardware.shunt
        self._hardware = hardware
        self._readings = readings
        self.cell_map = CellMap(hardware.chain.chips)
        runs = getattr(board, "OPEN_WIRE_RUNS", _OPEN_WIRE_RUNS)
        if runs > _MOST_RUNS:
            raise ValueError("OPEN_WIRE_RUNS: more than fit into a cycle")
        self.background = Background(hardware, self.cell_map, readings, runs)
        channels = hardware.chain.chips * CHANNELS
        self.cell_sums = CellSums(hardware.chain)
        self._code = array("H", bytearray(2 * channels))
        self._ok = bytearray(channels)
        self._chip_bad = bytearray(hardware.chain.chips)  # not to be believed, for any reason
        self._stage = _RESTING
        self._cycle_ms = 0
        self._current_at = 0
        self._prepared_ms = 0
        self._started_ms = 0
        self._stepped_ms = 0
        self._running = False
        self._conversion_started = False
        self._balancing_sent = False
        self._alert_seen = False
        self.tick_due = False
        self.fast_due = False
        self.bus_faults = 0  # exchanges that ended in an OSError
        readings.secondary_fitted = bool(board.SECONDARY_FITTED)
        readings.bus_mv.fitted = hardware.bus is not None
        readings.charger_mv.fitted = hardware.charger is not None

    def configure(self, cell_count, channel_map, temps_fitted_mask):
        """Take the pack's shape (``channel_map`` None: spread evenly); allocates.

        True when the cells are others than before: none is valid then until their wires have
        been checked. With a map that cannot be there are no cells, and none becomes valid.
        """
        self.background.fit(temps_fitted_mask)
        cells = self.cell_map
        if channel_map is None:
            channel_map = default_channels(cell_count, cells.chips)
        if cells.holds(cell_count, channel_map):
            return False
        cells.configure(cell_count, channel_map)
        self.background.map_changed()
        fill(self._readings.cell_valid, len(self._readings.cell_valid), 0)
        self._readings.cells_valid = False
        return True

    def step(self, now_ms):
        """Do what is due; the milliseconds until the next call is wanted."""
        if not self._running:
            self._running = True
            self._cycle_ms = now_ms
            self._stepped_ms = now_ms
        phase_ms = elapsed_ms(now_ms, self._cycle_ms)
        if phase_ms >= self._current_at:
            self.sample_current(now_ms)
            self.fast_due = True
            self._current_at = phase_ms // CURRENT_MS * CURRENT_MS + CURRENT_MS
        if self._stage == _RESTING:
            if phase_ms >= _PREPARE_MS:
                self.prepare(now_ms)
            elif self.background.busy() and elapsed_ms(now_ms, self._stepped_ms) >= STEP_MS:
                self._stepped_ms = now_ms
                self.background.step(now_ms)
        elif self._stage == _PREPARED:
            if phase_ms >= _START_MS and elapsed_ms(now_ms, self._prepared_ms) >= REFERENCE_MS:
                self.start(now_ms)
        elif self._stage == _STARTED:
            if phase_ms >= _COLLECT_MS and elapsed_ms(now_ms, self._started_ms) > CELLS_MS:
                self.collect(now_ms)
        elif phase_ms >= CYCLE_MS:
            self._begin_cycle(now_ms, phase_ms)
            phase_ms = elapsed_ms(now_ms, self._cycle_ms)
        return self._next_ms(now_ms, phase_ms)

    def _begin_cycle(self, now_ms, phase_ms):
        self._stage = _RESTING
        late_ms = phase_ms - CYCLE_MS
        self._cycle_ms = (now_ms if late_ms > _LATE_MS else now_ms - late_ms) & MASK
        self._current_at = CURRENT_MS
        self._stepped_ms = now_ms
        self.background.choose(now_ms)
        self.tick_due = True

    def _next_ms(self, now_ms, phase_ms):
        wait_ms = self._current_at - phase_ms
        if self._stage == _RESTING:
            due_ms = _PREPARE_MS - phase_ms
            if self.background.busy():
                step_ms = STEP_MS - elapsed_ms(now_ms, self._stepped_ms)
                due_ms = step_ms if step_ms < due_ms else due_ms
        elif self._stage == _PREPARED:
            due_ms = _START_MS - phase_ms
        elif self._stage == _STARTED:
            due_ms = _COLLECT_MS - phase_ms
        else:
            due_ms = CYCLE_MS - phase_ms
        wait_ms = due_ms if due_ms < wait_ms else wait_ms
        return wait_ms if wait_ms > 1 else 1

    # -- current -------------------------------------------------------------------------

    def sample_current(self, now_ms):
        """Fetch the current, and the hardware's own verdicts: comparator latch and alert."""
        readings = self._readings
        current = readings.current_ma
        try:
            shunt = self._shunt
            if not shunt.ready:
                # It may have been reset: it gets its set-up, and time for a conversion of its
                # own. What it holds until then is none.
                shunt.configure()
                current.miss()
            elif shunt.read_current():
                current.put(shunt.current_ma, now_ms)
            else:
                current.miss()
        except OSError:
            self._shunt_lost()
        alert = self._hardware.alert_pin
        if alert is not None and not alert.value():
            self._alert_seen = True
            readings.fast_overcurrent = True
        if self._hardware.short_pin is not None:
            readings.short_circuit = self._hardware.short_pin.value() == 1

    def _check_shunt(self):
        """Once a cycle: is the meter still set up, does it convert, has its alert fired?

        Reading the flags releases the alert, so it is reported for the tick that follows and
        comes back by itself while the current stays too high.
        """
        try:
            if not self._shunt.ready:
                return
            held = self._shunt.verify()
            diag = self._shunt.read_diag()
            if diag & (DIAG_OVER | DIAG_UNDER):
                self._alert_seen = True
            if not held or not diag & DIAG_CONVERTED:  # it answers, but does not measure
                self._readings.current_ma.miss()
                self._shunt.ready = False
        except OSError:
            self._shunt_lost()
        self._readings.fast_overcurrent = self._alert_seen
        self._alert_seen = False

    def _shunt_lost(self):
        self.bus_faults = (self.bus_faults + 1) & MASK
        self._shunt.ready = False
        self._readings.current_ma.miss()

    # -- cells ---------------------------------------------------------------------------

    def prepare(self, now_ms):
        """See that every chip still holds its configuration, and turn balancing off.

        A chip that was reset, or missed the last write, gets its configuration again before it
        is asked to measure. Talking to the chips also keeps their 2 s watchdogs quiet.
        """
        self._stage = _PREPARED
        self._prepared_ms = now_ms
        try:
            if not self._chain.check_config():
                self._chain.wake_from_sleep()
                self._chain.write_config(True)
            elif self._balancing_sent:
                self._chain.write_config(True)
            self._balancing_sent = False
        except OSError:
            self.bus_faults = (self.bus_faults + 1) & MASK

    def start(self, now_ms):
        """Clear the results and start converting all cells."""
        self._stage = _STARTED
        self._started_ms = now_ms
        self._conversion_started = False
        try:
            self.cell_sums.start()
            self._conversion_started = True
        except OSError:
            self.bus_faults = (self.bus_faults + 1) & MASK

    def collect(self, now_ms):
        """Read the cells and everything that goes with one tick."""
        self._stage = _COLLECTED
        self._collect_cells()
        self._check_shunt()
        self._read_divider(self._hardware.pack, self._readings.pack_mv, now_ms)
        self._read_divider(self._hardware.bus, self._readings.bus_mv, now_ms)
        self._read_divider(self._hardware.charger, self._readings.charger_mv, now_ms)
        outputs = self._hardware.outputs
        self._readings.feedback_valid = outputs.read_feedback()
        self._readings.charge_feedback = outputs.charge_feedback
        self._readings.discharge_feedback = outputs.discharge_feedback

    def _collect_cells(self):
        readings = self._readings
        cells = self.cell_map
        code = self._code
        ok = self._ok
        channels = len(ok)
        fill(ok, channels, 0)
        if self._conversion_started:
            try:
                self._chain.read_cells(code, ok)
                self.cell_sums.judge(code, ok)
            except OSError:
                self.bus_faults = (self.bus_faults + 1) & MASK
                fill(ok, channels, 0)
        self._conversion_started = False
        background = self.background
        bad = self._chip_bad
        for chip in range(len(bad)):
            bad[chip] = background.reference_bad[chip] | background.status_bad[chip]
            bad[chip] |= self.cell_sums.bad[chip]
        count = cells.count
        missing = cells_into(
            code,
            ok,
            _SATURATED_CODE,
            cells.channel,
            count,
            bad,
            readings.cell_mv,
            readings.cell_valid,
        )
        if count > 0 and not missing and not background.map_unproven:
            readings.cells_done(self._started_ms)
        else:
            readings.cells_valid = False
        readings.stray_mv = (stray_code(code, ok, cells.mapped, channels) + 5) // 10
        readings.chip_lost = self._chain.end_attempt()
        readings.pec_errors = self._chain.pec_errors

    def _read_divider(self, divider, scalar, now_ms):
        if divider is None:
            return
        try:
            if divider.read():
                scalar.put(divider.mv, now_ms)
                return
        except OSError:
            self.bus_faults = (self.bus_faults + 1) & MASK
        scalar.miss()

    # -- balancing -----------------------------------------------------------------------

    def apply_balance(self, commands):
        """Turn the commanded discharge switches on until the next conversion is prepared.

        Without a fresh, complete set of cells, or after a chip's thermal shutdown, none.
        """
        allowed = self._readings.cells_valid
        chain = self._chain
        for chip in range(chain.chips):
            if chain.overheated[chip]:
                allowed = False
        balance = commands.balance
        wanted = allowed and any(balance)
        if not wanted and not self._balancing_sent:
            return
        chain.clear_discharge()
        if wanted:
            for i in range(self.cell_map.count):
                if balance[i] == 1:
                    chain.want_discharge(self.cell_map.channel[i])
            wanted = chain.discharging()
        try:
            chain.write_config(False)
            self._balancing_sent = wanted
        except OSError:
            self.bus_faults = (self.bus_faults + 1) & MASK
