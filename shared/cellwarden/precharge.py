"""Filling the load's capacitor through a resistor before the discharge switch closes.

Done when the bus has reached 95 % of the pack and the current is below its limit, both for
50 ms. Refused while the bus is above the pack. The resistor has an energy budget and cools
slowly. After three failed tries it locks until ``clear()``. No capacitor (the bus is there at
once, or without current), short (the bus stays down and the resistor carries all it can) and
stuck (anything else that does not arrive) are told apart. It must never let the resistor take
more than its budget, and never say done on a bus it does not know.
"""

from .ticks import elapsed_ms

IDLE = 0  # nothing wanted
RUNNING = 1
PAUSED = 2  # between tries, or waiting for the resistor to cool or the bus to fall
DONE = 3  # the discharge switch may close in this very call
LOCKED = 4  # three tries failed; a person must look

FAILED_NOT = 0
FAILED_SHORT = 1
FAILED_STUCK = 2
FAILED_REFUSED = 3  # the bus is above the pack; not a try
FAILED_BLIND = 4  # bus, pack or current reading lost; not a try
FAILED_HOT = 5  # the resistor has to cool first; not a try

TRIES = 3
PAUSE_MS = 10_000
HOLD_MS = 50
STALE_MS = 300
DONE_PERCENT = 95
DOWN_PERCENT = 5
REFUSE_MV = 2000
# A bus that arrives within this has no capacitor worth the name.
NO_CAPACITOR_MS = 20
# Less than this part of pack voltage / resistance was never drawn: no capacitor, or no path.
FAINT_PART = 20
# A short is told after this part of the time-out, so that the resistor need not take it all.
SHORT_PART = 4
# "Near" what the resistor lets through, in percent.
SHORT_PERCENT = 75
# A try starts with at most this part of the budget spent.
START_PART = 2
# The resistor loses its whole budget in this time, unless the board knows better.
COOL_S = 60
OVERLAP_MS = 100
# The next decision may be this far away: the budget must still cover it.
_AHEAD_MS = 100
# No gate outlives the heartbeat, so a longer gap between calls heats no further.
_GAP_MS = 500
_COOL_STEP_MS = 1000


def is_fresh(scalar, now_ms):
    return scalar.valid and elapsed_ms(now_ms, scalar.sampled_ms) <= STALE_MS


class Precharge:
    """``on``: the precharge switch. ``step`` is called with each decision of the switchgear."""

    def __init__(self, board):
        self._ohm = board.PRECHARGE_OHM
        self._budget_mj = board.PRECHARGE_ENERGY_J * 1000
        # A board without a bus sensor says how long to wait; 0: it must not switch on blindly.
        self._timed_ms = getattr(board, "PRECHARGE_TIMED_MS", 0)
        self._cool_mw = getattr(board, "PRECHARGE_COOL_MW", self._budget_mj // COOL_S)
        self.needed = self._ohm > 0  # False on a board that has no precharge branch
        # A relay closes late: the resistor bridges it for a moment.
        self._overlap_ms = OVERLAP_MS if board.SWITCH_TYPE == "relay" else 0
        self.on = False
        self.state = IDLE
        self.failure = FAILED_NOT  # why the newest attempt did not come through
        self.no_capacitor = 0
        self.short = 0
        self.stuck = 0
        self.tries = 0
        self.energy_mj = 0  # heat in the resistor, never underestimated
        self._start_ms = 0
        self._pause_ms = 0
        self._pause_length_ms = 0
        self._step_ms = 0
        self._full_mv = 0  # the most that can lie across the resistor in this try
        self._across_mv = 0  # what lay across it at the newest step
        self._base_ma = 0  # charging current before the try
        self._was_up = False  # the bus stood at the pack before the try
        self._good = False
        self._good_ms = 0
        self._current_count = 0
        self._bus_count = 0
        self._done_ms = 0
        self._peak_ma = 0

    def clear(self):
        """A person has looked: new tries, and nothing to report."""
        self.no_capacitor = self.short = self.stuck = 0
        self.tries = 0
        self.failure = FAILED_NOT
        if self.state == LOCKED:
            self.state = IDLE

    def assume_hot(self):
        """After a restart that was not a power-up: nobody knows how hot the resistor is."""
        self.energy_mj = self._budget_mj

    def stop(self, now_ms):
        """Discharge is not wanted, or not allowed: off at once."""
        if self._rests(now_ms):
            return
        self._account(now_ms, self._full_mv)
        self._off()
        if self.state == PAUSED and self._rested(now_ms):
            self.state = IDLE

    def finish(self, now_ms):
        """The discharge switch is on: the resistor is not needed any more."""
        if self._rests(now_ms):
            return
        if not self.on or elapsed_ms(now_ms, self._done_ms) >= self._overlap_ms:
            self.stop(now_ms)
        else:
            self._account(now_ms, self._across_mv)

    def _rests(self, now_ms):
        """Nothing to switch off, and not yet anything to take off the heat."""
        if self.on or self.state != IDLE:
            return False
        return elapsed_ms(now_ms, self._step_ms) < _COOL_STEP_MS

    def step(self, now_ms, readings, timeout_ms, limit_ma):
        """Discharge is wanted: go on. Returns the state; DONE only in the call it happens."""
        self._account(now_ms, self._measure_across(readings))
        if self.state == LOCKED:
            return LOCKED
        if self.state == PAUSED and not self._rested(now_ms):
            return PAUSED
        pack = readings.pack_mv
        bus = readings.bus_mv
        if not is_fresh(pack, now_ms) or not is_fresh(readings.current_ma, now_ms):
            return self._wait(now_ms, FAILED_BLIND)
        if bus.fitted:
            if not is_fresh(bus, now_ms):
                return self._wait(now_ms, FAILED_BLIND)
            if bus.value > pack.value + REFUSE_MV:
                return self._wait(now_ms, FAILED_REFUSED)
        elif self._timed_ms == 0:
            return self._wait(now_ms, FAILED_BLIND)
        else:
            timeout_ms += self._timed_ms
        if self.state != RUNNING:
            return self._begin(now_ms, readings)
        return self._run(now_ms, readings, timeout_ms, limit_ma)

    # --- one try ------------------------------------------------------------------------------

    def _begin(self, now_ms, readings):
        if self.energy_mj > self._budget_mj // START_PART:
            return self._wait(now_ms, FAILED_HOT)
        self._full_mv = readings.pack_mv.value
        if not self._affordable():
            return self._wait(now_ms, FAILED_HOT)
        current_ma = readings.current_ma.value
        self._base_ma = current_ma if current_ma > 0 else 0
        self._was_up = readings.bus_mv.fitted and self._is_up(readings)
        self._peak_ma = 0
        self._good = False
        self._start_ms = self._step_ms = now_ms
        self._across_mv = self._full_mv
        self.on = True
        self.state = RUNNING
        return RUNNING

    def _run(self, now_ms, readings, timeout_ms, limit_ma):
        gone_ms = elapsed_ms(now_ms, self._start_ms)
        current_ma = readings.current_ma.value
        draw_ma = self._base_ma - current_ma
        if draw_ma > self._peak_ma:
            self._peak_ma = draw_ma
        out_ma = -current_ma if current_ma < 0 else 0
        sensed = readings.bus_mv.fitted
        up = self._is_up(readings) if sensed else gone_ms >= self._timed_ms
        if up and out_ma < limit_ma:
            if not self._good:
                self._good = True
                self._good_ms = now_ms
                self._current_count = readings.current_ma.count
                self._bus_count = readings.bus_mv.count
                if sensed:
                    self._note_capacitor(gone_ms, readings)
            elif elapsed_ms(now_ms, self._good_ms) >= HOLD_MS and self._has_news(readings):
                return self._succeed(now_ms)
        else:
            self._good = False
        full_ma = readings.pack_mv.value // self._ohm
        near = draw_ma * 100 >= full_ma * SHORT_PERCENT
        # Without a sensor, a bus that still draws all it can when it should be up is down.
        down = self._is_down(readings) if sensed else up
        short = near and down
        if short and gone_ms * SHORT_PART >= timeout_ms:
            return self._fail(now_ms, FAILED_SHORT)
        if (gone_ms >= timeout_ms and not self._good) or not self._affordable():
            return self._fail(now_ms, FAILED_SHORT if short else FAILED_STUCK)
        return RUNNING

    def _is_up(self, readings):
        return readings.bus_mv.value * 100 >= readings.pack_mv.value * DONE_PERCENT

    def _is_down(self, readings):
        return readings.bus_mv.value * 100 < readings.pack_mv.value * DOWN_PERCENT

    def _has_news(self, readings):
        """Current and bus have been sampled again since both were first good."""
        if readings.current_ma.count == self._current_count:
            return False
        return not readings.bus_mv.fitted or readings.bus_mv.count != self._bus_count

    def _note_capacitor(self, gone_ms, readings):
        """The bus has just arrived: was there anything to fill?"""
        faint = self._peak_ma * FAINT_PART < readings.pack_mv.value // self._ohm
        at_once = gone_ms <= NO_CAPACITOR_MS
        self.no_capacitor = 1 if (faint or at_once) and not self._was_up else 0

    def _succeed(self, now_ms):
        self.on = self._overlap_ms > 0
        self._done_ms = now_ms
        self.state = DONE
        self.failure = FAILED_NOT
        self.tries = 0
        return DONE

    def _fail(self, now_ms, failure):
        self._off()
        self.failure = failure
        self.tries += 1
        if self.tries < TRIES:
            self._pause(now_ms, PAUSE_MS)
            return PAUSED
        self.state = LOCKED
        if failure == FAILED_SHORT:
            self.short = 1
        else:
            self.stuck = 1
        return LOCKED

    def _wait(self, now_ms, why):
        """Not now, and no try is used up; a try that was cut short is not repeated at once."""
        pause_ms = PAUSE_MS if self.state == RUNNING else 0
        self._off()
        self.failure = why
        self._pause(now_ms, pause_ms)
        return PAUSED

    def _pause(self, now_ms, length_ms):
        self.state = PAUSED
        self._pause_ms = now_ms
        self._pause_length_ms = length_ms

    def _rested(self, now_ms):
        return elapsed_ms(now_ms, self._pause_ms) >= self._pause_length_ms

    def _off(self):
        self.on = False
        if self.state == RUNNING or self.state == DONE:
            self.state = IDLE

    # --- the resistor -------------------------------------------------------------------------

    def _measure_across(self, readings):
        """Voltage across the resistor; all of it while the bus is not known."""
        if not readings.bus_mv.fitted or not readings.bus_mv.valid:
            return self._full_mv
        across_mv = readings.pack_mv.value - readings.bus_mv.value
        return across_mv if across_mv > 0 else 0

    def _power_cw(self, across_mv):
        """In 0.01 W, rounded up; in 0.1 V so that the square stays within 30 bits."""
        across_dv = across_mv // 100 + 1
        return across_dv * across_dv // self._ohm + 1

    def _affordable(self):
        ahead_mj = self._power_cw(self._full_mv) * _AHEAD_MS // 100
        return self.energy_mj + ahead_mj <= self._budget_mj

    def _account(self, now_ms, across_mv):
        """Add what the resistor took since the newest step, or take off what it lost. The load
        may pull the bus down as well as let it rise: the worse end of the step counts."""
        gone_ms = elapsed_ms(now_ms, self._step_ms)
        if self.on:
            self._step_ms = now_ms
            heated_ms = gone_ms if gone_ms < _GAP_MS else _GAP_MS
            worse_mv = across_mv if across_mv > self._across_mv else self._across_mv
            self._across_mv = across_mv
            self.energy_mj += (self._power_cw(worse_mv) * heated_ms + 99) // 100
        elif gone_ms >= _COOL_STEP_MS:  # so that rounding never stops the cooling
            self._step_ms = now_ms
            cooled_ms = gone_ms if gone_ms < PAUSE_MS else PAUSE_MS
            self.energy_mj -= self._cool_mw * cooled_ms // 1000
            if self.energy_mj < 0:
                self.energy_mj = 0
