"""Measures with a BQ76952: cells at 10 Hz, current every 25 ms, everything slow in between.

Takes the place of ``firmware.sampling.Sampler`` on a board with this chip, and is called like
it. The chip converts by itself all the time; what is fetched counts when its exchange was
checked and a scan has ended since the last. What did not come is marked as missing at once. A
chip that has lost its set-up gives no readings at all until it has been set up again, and that
waits for outputs that are off. Decides nothing and switches nothing on.

A cycle of 100 ms: status, cells and pins (0), then one slow job in steps of 5 ms.
"""

from cellwarden.readings import (
    MAX_CELLS,
    TEMP_COUNT,
    TEMP_MISSING,
    TEMP_OK,
    TEMP_OPEN,
    TEMP_SHORTED,
)
from cellwarden.ticks import MASK, elapsed_ms
from firmware.drivers.bq76952 import COULOMBS, LD_PIN, PACK_PIN, SIGNATURE, STACK
from firmware.drivers.bq76952_bringup import RUNNING, BringUp
from firmware.drivers.bq76952_locks import BALANCE
from firmware.drivers.bq76952_setup import (
    CELLS,
    CHECK_TIME_S,
    OCC,
    OCD1,
    OCD2,
    cell_mask,
    default_channels,
)
from firmware.drivers.bq76952_wires import OpenWires

CYCLE_MS = 100
CURRENT_MS = 25
STEP_MS = 5
_LATE_MS = 50  # later than this, a new cycle begins from now
_BALANCE_CYCLES = 10  # a wish is told anew this often
_SILENT_COUNTER = 3  # looks in a row at a clock that stands still
# beyond: a pin that floats, or the converter's end
_LOWEST_MV, _HIGHEST_MV = -100, 5_500
_COLDEST_DC, _HOTTEST_DC = -500, 1_500  # beyond: no thermistor gives that

_IDLE, _TEMPS, _COULOMBS, _SIGNATURE, _BALANCED, _BRING_UP = range(6)
_JOBS = (
    _IDLE,
    _IDLE,
    _TEMPS,
    _IDLE,
    _COULOMBS,
    _IDLE,
    _SIGNATURE,
    _IDLE,
    _BALANCED,
    _IDLE,
)


class Bq76952Sampler:
    """Fills ``readings`` from ``hardware.chip``; ``hardware.outputs`` says when all is off."""

    def __init__(self, board, readings, hardware):
        self._readings = readings
        self._chip = hardware.chip
        self._outputs = hardware.outputs
        self._temps_at = board.BQ76952_TEMPS  # sensor -> the chip's temperature, 0 the die
        self._die_max_dc = hardware.chip.setup.die_max_c * 10
        self.bring_up = BringUp(hardware.chip)
        self._wires = OpenWires(CHECK_TIME_S)
        self._wires_before = bytearray(MAX_CELLS + 1)
        self.channel = bytearray(MAX_CELLS)
        self.count = 0
        self.fitted_mask = 0
        self._map_unproven = False
        self._cycle = 0
        self._cycle_ms = 0
        self._current_at = 0
        self._stepped_ms = 0
        self._running = False
        self._job = _IDLE
        self._step = 0
        self._stopped = 0  # looks at the chip's clock that found it standing
        self._phase = 0
        self._told = 0
        self.tick_due = False
        self.fast_due = False
        self.bus_faults = 0  # cycles in which an exchange failed for good
        readings.secondary_fitted = bool(board.SECONDARY_FITTED)
        readings.bus_mv.fitted = True
        readings.charger_mv.fitted = True

    def configure(self, cell_count, channel_map, temps_fitted_mask):
        """Take the pack's shape (``channel_map`` None: the usual one); allocates.

        True when the cells are others than before. With a map that cannot be there are no
        cells, and none becomes valid.
        """
        self.fitted_mask = temps_fitted_mask
        if channel_map is None:
            channel_map = default_channels(cell_count) if 0 < cell_count <= CELLS else ()
        mask = cell_mask(channel_map[:cell_count])
        count = cell_count if mask else 0
        same = count == self.count
        for i in range(count):
            same = same and channel_map[i] == self.channel[i]
        if same:
            return False
        self.count = count
        for i in range(count):
            self.channel[i] = channel_map[i]
        if mask:
            self._chip.set_cells(mask)
        readings = self._readings
        self._map_unproven = readings.open_wire_count > 0
        self._wires.abandon()
        for i in range(MAX_CELLS):
            readings.cell_valid[i] = 0
            self._wires_before[i] = 0
        readings.cells_valid = False
        return True

    def step(self, now_ms):
        """Do what is due; the milliseconds until the next call is wanted."""
        if not self._running:
            self._running = True
            self._cycle_ms = self._stepped_ms = now_ms
        phase_ms = elapsed_ms(now_ms, self._cycle_ms)
        if phase_ms >= self._current_at:
            self.sample_current(now_ms)
            self.fast_due = True
            self._current_at = phase_ms // CURRENT_MS * CURRENT_MS + CURRENT_MS
        if phase_ms >= CYCLE_MS:
            self.collect(now_ms)
            late_ms = phase_ms - CYCLE_MS
            self._cycle_ms = (now_ms if late_ms > _LATE_MS else now_ms - late_ms) & MASK
            self._current_at = CURRENT_MS
            self._stepped_ms = now_ms
            self._choose()
            self.tick_due = True
            phase_ms = elapsed_ms(now_ms, self._cycle_ms)
        elif self._job != _IDLE and elapsed_ms(now_ms, self._stepped_ms) >= STEP_MS:
            self._stepped_ms = now_ms
            self._work(now_ms)
        wait_ms = min(self._current_at, CYCLE_MS) - phase_ms
        if self._job != _IDLE:
            wait_ms = min(wait_ms, STEP_MS - elapsed_ms(now_ms, self._stepped_ms))
        return wait_ms if wait_ms > 1 else 1

    # -- what every cycle brings -----------------------------------------------------------

    def sample_current(self, now_ms):
        """Fetch the current; a chip that is not set up measures on another scale."""
        current = self._readings.current_ma
        chip = self._chip
        if chip.ready and not chip.stale() and chip.read_current():
            current.put(chip.current_ma, now_ms)
        else:
            current.miss()

    def collect(self, now_ms):
        """Fetch status, cells and pins, and mark as missing what did not come."""
        readings = self._readings
        chip = self._chip
        status = chip.read_status()
        self._outputs.feedback_known = status
        readings.feedback_valid = self._outputs.read_feedback()
        readings.charge_feedback = self._outputs.charge_feedback
        readings.discharge_feedback = self._outputs.discharge_feedback
        if status and chip.ready:
            readings.fast_overcurrent = chip.safety_a & (OCC | OCD1 | OCD2) != 0
        readings.short_circuit = chip.short_seen
        fresh = False
        if chip.ready:
            fresh = chip.read_cells()
        if fresh:
            self._publish(now_ms)
        elif not chip.ready or chip.stale() or not chip.answered:
            self._miss()
        if not status or (chip.ready and not chip.answered):
            self.bus_faults = (self.bus_faults + 1) & MASK
        readings.chip_lost = chip.link.end_attempt()
        readings.pec_errors = chip.link.crc_errors

    def _publish(self, now_ms):
        readings = self._readings
        mv = self._chip.mv
        complete = self.count > 0 and not self._map_unproven
        mapped = 0
        for i in range(self.count):
            channel = self.channel[i]
            mapped |= 1 << channel
            value = mv[channel]
            if _LOWEST_MV <= value < _HIGHEST_MV:
                readings.cell_mv[i] = value if value > 0 else 0
                readings.cell_valid[i] = 1
            else:
                readings.cell_valid[i] = 0
                complete = False
        stray = 0
        for channel in range(CELLS):
            if not mapped & (1 << channel) and mv[channel] > stray:
                stray = mv[channel]
        readings.stray_mv = stray
        if complete:
            readings.cells_done(now_ms)
        else:
            readings.cells_valid = False
        readings.pack_mv.put(mv[STACK] * 10, now_ms)
        readings.bus_mv.put(mv[LD_PIN] * 10, now_ms)
        readings.charger_mv.put(mv[PACK_PIN] * 10, now_ms)
        if self.count and self._wires.step(mv, self.channel, self.count, now_ms):
            self._publish_wires(now_ms)

    def _miss(self):
        readings = self._readings
        for i in range(MAX_CELLS):
            readings.cell_valid[i] = 0
        readings.cells_valid = False
        readings.pack_mv.miss()
        readings.bus_mv.miss()
        readings.charger_mv.miss()
        if not self._chip.ready:
            readings.current_ma.miss()
        self._wires.abandon()

    def _publish_wires(self, now_ms):
        """A cut wire when two checks in a row agree, and none as soon as none is seen."""
        readings = self._readings
        cut = self._wires.cut
        before = self._wires_before
        suspected = confirmed = False
        for i in range(len(cut)):
            if cut[i]:
                if before[i]:
                    confirmed = True
                else:
                    suspected = True
        if confirmed or not suspected:
            for i in range(len(cut)):
                readings.open_wire[i] = cut[i] & before[i]
            readings.open_wire_ms = now_ms
            readings.open_wire_count = (readings.open_wire_count + 1) & MASK
            self._map_unproven = False
        for i in range(len(cut)):
            before[i] = cut[i]

    # -- slow jobs -----------------------------------------------------------------------

    def _choose(self):
        """Take up the job of the cycle that begins."""
        self._cycle = (self._cycle + 1) % 10
        chip = self._chip
        if self._job == _BRING_UP and self.bring_up.state == RUNNING:
            return
        self._step = 0
        self._job = _JOBS[self._cycle]
        outputs = self._outputs
        if not chip.ready or chip.setup_due:
            # While it is set up, the chip protects nothing: never with an output on.
            if not (outputs.charge_on or outputs.discharge_on):
                self.bring_up.start()
                self._job = _BRING_UP
            elif not chip.ready:
                self._job = _IDLE
        elif self._job == _BALANCED and not chip.balanced:
            self._job = _IDLE

    def _work(self, now_ms):
        step = self._step
        self._step = step + 1
        if self._job == _BRING_UP:
            if self.bring_up.step() != RUNNING:
                self._job = _IDLE
        elif self._job == _TEMPS:
            self._job = _IDLE
            self._read_temps(now_ms)
        elif self._job == _COULOMBS:
            self._count(step)
        elif self._job == _SIGNATURE:
            self._check_settings(step)
        else:
            self._check_balance(step)
        if not self._chip.ready:
            self._miss()

    def _read_temps(self, now_ms):
        readings = self._readings
        chip = self._chip
        known = chip.read_temperatures()
        for sensor in range(TEMP_COUNT):
            state = TEMP_MISSING
            if known and (self.fitted_mask >> sensor) & 1 and sensor < len(self._temps_at):
                value = chip.temp_dc(self._temps_at[sensor])
                if value < _COLDEST_DC:
                    state = TEMP_OPEN
                elif value > _HOTTEST_DC:
                    state = TEMP_SHORTED
                else:
                    state = TEMP_OK
                    readings.temp_dc[sensor] = value
            readings.temp_state[sensor] = state
        if known:
            readings.temps_done(now_ms)
        else:
            readings.temps_valid = False

    def _count(self, step):
        """The chip's clock must go on, or its processor has stopped while its bus answers."""
        chip = self._chip
        if step == 0:
            chip.ask(COULOMBS)
            return
        self._job = _IDLE
        went_on = chip.collect_coulombs()
        if went_on >= 0:
            self._stopped = 0 if went_on else self._stopped + 1
        if self._stopped >= _SILENT_COUNTER:
            self._stopped = 0
            chip.lost()

    def _check_settings(self, step):
        if step == 0:
            self._chip.ask(SIGNATURE)
            return
        self._job = _IDLE
        self._chip.collect_signature()

    def _check_balance(self, step):
        """End a balancing that nobody wants."""
        chip = self._chip
        if step == 0:
            chip.ask(BALANCE)
            return
        self._job = _IDLE
        really = chip.collect_balanced()
        if really > 0 and really & ~chip.balanced:
            chip.balance(0)

    # -- balancing -----------------------------------------------------------------------

    def apply_balance(self, commands):
        """Have the chip bleed the commanded cells: never two neighbours, never when it is hot.

        Of neighbours every second one at a time; as many at once as the board allows. What is
        not told again within 3 s ends by itself.
        """
        chip = self._chip
        self._told += 1
        allowed = chip.ready and self._readings.cells_valid
        if chip.temp_dc(0) > self._die_max_dc:
            allowed = False
        wanted = 0
        if allowed:
            for i in range(self.count):
                if commands.balance[i] == 1:
                    wanted |= 1 << i
        if wanted & (wanted << 1):
            wanted &= 0x5555 if self._phase & 1 else 0xAAAA
        mask = 0
        left = chip.setup.balance_cells
        for k in range(self.count):
            i = (k + self._phase) % self.count
            if left and wanted & (1 << i):
                mask |= 1 << self.channel[i]
                left -= 1
        if self._told >= _BALANCE_CYCLES or (chip.balanced and not mask):
            self._told = 0
            self._phase = (self._phase + 1) % CELLS
            if mask or chip.balanced:
                chip.balance(mask)
