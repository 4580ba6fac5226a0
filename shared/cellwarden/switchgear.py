"""The one place that decides gates and relays. Its rest state is everything off.

Closes a switch only on permission, nothing forbidding, complete samples in a row (``ready``)
and, for discharge, a finished precharge. Opens at once what is forbidden; a relay may first
wait up to 2 s for its current to fall. On common-port MOSFET boards it closes the MOSFET whose
body diode would otherwise carry the current the other MOSFET lets through, and opens it within
one current sample of that current falling or turning round. The secondary disconnect, once
fired, stays fired and keeps everything off. It must never close anything for lack of a
reading, and never leave a switch on because it was not called for a while.
"""

from . import ids
from . import schema_data as schema
from .precharge import DONE, DONE_PERCENT, PAUSED, RUNNING, STALE_MS, Precharge
from .switch_delays import Switch
from .ticks import elapsed_ms

# A lease that has ended opens a pack that has rested this long.
LEASE_REST_MS = 600_000
# Current that counts as flowing through a body diode: the larger of 1 A and 0.5 % of rating.
BYPASS_MA = 1000
BYPASS_PART = 200
# Current that counts as charging or discharging: the larger of 0.2 A and 0.1 % of rating.
FLOW_MA = 200
FLOW_PART = 1000

_BOTH = ids.FORBID_CHARGE | ids.FORBID_DISCHARGE
# Rules for which a relay does not wait: over-currents and everything dangerous.
_URGENT = bytes(
    r
    for r in range(schema.RULE_COUNT)
    if (schema.RULE_BITS[r] & ids.BIT_FAST or schema.RULE_LOUD[r] == ids.LOUD_DANGER)
    and schema.RULE_FORBIDS[r] & _BOTH
)


def urgent_forbids(protection):
    """The directions that active rules forbid without letting a relay wait."""
    forbids = 0
    for r in _URGENT:
        if protection.is_active(r):
            forbids |= schema.RULE_FORBIDS[r]
    return forbids & _BOTH


class Switchgear:
    """``tick`` decides everything, ``fast`` follows each current sample in between.

    ``urgent`` (``urgent_forbids``) is set by the controller before either, and ``hold``, the
    FORBID_ bits of directions that must not be closed now though nothing forbids them yet (a
    limit is broken and its delay runs, or a reading is missing); ``stop_requested``
    holds the FORBID_ bits of directions whose limit must be 0 A because a relay waits.
    """

    def __init__(self, board):
        relay = board.SWITCH_TYPE == "relay"
        break_ma = board.RELAY_BREAK_MA if relay else max(FLOW_MA, board.RATING_MA // FLOW_PART)
        self.relay = relay
        self.precharge = Precharge(board)
        self.charge_on = False
        self.discharge_on = False
        self.precharge_on = False
        self.charge_since_ms = 0
        self.discharge_since_ms = 0
        self.precharge_no_capacitor = 0
        self.precharge_short = 0
        self.precharge_stuck = 0
        self.operations = 0
        self.loaded_operations = 0
        self.state = ids.BOARD_STATE_IS_STARTING
        self.fired = False
        self.spent = False  # fired before the restart; off until somebody says it was replaced
        self.urgent = 0
        self.hold = 0
        self.stop_requested = 0
        self._charge = Switch(relay, break_ma)
        self._discharge = Switch(relay, break_ma)
        self._bypasses = board.COMMON_PORT and not relay
        self._bypass_ma = max(BYPASS_MA, board.RATING_MA // BYPASS_PART)
        # Below 1.5 times the threshold no bypass begins, so that it does not come and go.
        self._bypass_start_ma = self._bypass_ma + self._bypass_ma // 2
        self._flow_ma = max(FLOW_MA, board.RATING_MA // FLOW_PART)
        self._secondary_fitted = board.SECONDARY_FITTED
        self._heartbeat_ms = board.HEARTBEAT_MS
        self._precharge_state = -1  # as it was when last published
        self._current_known = False
        self._current_ma = 0
        self._ready = False
        self._was_ready = False
        self._lease_over = False
        self._ticked = False
        self._tick_ms = 0
        self._idle_ms = 0

    @property
    def charge_bypass(self):
        """The charge MOSFET is on only to relieve its body diode."""
        return self._charge.bypass

    @property
    def discharge_bypass(self):
        return self._discharge.bypass

    def clear(self):
        """A person has looked: precharge may be tried again."""
        self.precharge.clear()
        self._publish()

    def take_over(self, charge, discharge, now_ms, commands):
        """These switches are on already, held by hardware; a fired disconnect is not."""
        if self.fired or self.spent:
            return
        if charge:
            self._charge.is_held(now_ms)
        if discharge:
            self._discharge.is_held(now_ms)
        self._was_ready = True
        self._command(commands)

    def restore(self, fired, operations, loaded_operations):
        """What was known before a restart. A fired disconnect keeps everything off, but it is
        not fired anew: somebody may have replaced it."""
        self.spent = self.spent or fired
        self._discharge.operations = operations
        self._discharge.loaded_operations = loaded_operations
        self._publish()

    def disconnect_replaced(self, commands):
        """A person has put in a new secondary disconnect."""
        self.fired = self.spent = False
        commands.fire_secondary = False

    def all_off(self, now_ms, commands):
        """Everything off now: for a restart, an exception, a command."""
        self._charge.open(now_ms, self._loaded())
        self._discharge.open(now_ms, self._loaded())
        self.precharge.stop(now_ms)
        self._command(commands)

    def tick(self, now_ms, readings, forbids, ready, settings, lease_over, commands):
        if self._ticked and elapsed_ms(now_ms, self._tick_ms) >= self._heartbeat_ms:
            # The hardware has opened the gates meanwhile: start from rest, with precharge.
            self._charge.open(now_ms, False)
            self._discharge.open(now_ms, False)
            self.precharge.stop(now_ms)
        self._ticked = True
        self._tick_ms = now_ms
        self._ready = ready
        self._was_ready = self._was_ready or ready
        if self._lease_over != lease_over:
            self._lease_over = lease_over
            self._idle_ms = now_ms
        self._charge.age(now_ms)
        self._discharge.age(now_ms)
        self._decide(now_ms, readings, forbids, settings, commands)
        self._publish()
        self._name_state(forbids, settings)

    def fast(self, now_ms, readings, forbids, settings, commands):
        """After each current sample. Never more permissive than the newest tick."""
        self._decide(now_ms, readings, forbids, settings, commands)

    # --- decisions ----------------------------------------------------------------------------

    def _decide(self, now_ms, readings, forbids, settings, commands):
        live = settings.live
        if forbids & ids.FORBID_SECONDARY and self._secondary_fitted:
            self.fired = True
        current = readings.current_ma
        self._current_known = current.valid and elapsed_ms(now_ms, current.sampled_ms) <= STALE_MS
        self._current_ma = current.value if self._current_known else 0
        if self._loaded():
            self._idle_ms = now_ms
        charge = self._charge
        discharge = self._discharge
        self._obey_outside(now_ms, commands)
        blocked = _BOTH if self.fired or self.spent else forbids & _BOTH
        self._decide_charge(now_ms, blocked, live)
        self._decide_discharge(now_ms, readings, blocked, live)
        # Both on or both off as permissions: no body diode to relieve.
        if charge.on != discharge.on or charge.bypass or discharge.bypass:
            if self._bypasses:
                self._bypass(now_ms, readings)
        self._command(commands)

    def _obey_outside(self, now_ms, commands):
        """Whoever took a command back (an exception, Ctrl-C) has opened that switch."""
        if self._charge.on and not commands.charge:
            self._charge.open(now_ms, self._loaded())
        if self._discharge.on and not commands.discharge:
            self._discharge.open(now_ms, self._loaded())
        if self.precharge.on and not commands.precharge:
            self.precharge.stop(now_ms)

    def _decide_charge(self, now_ms, blocked, live):
        switch = self._charge
        forbidden = blocked & ids.FORBID_CHARGE
        wanted = live[ids.CHARGE_WANTED]
        if switch.on and not switch.bypass:
            if forbidden:
                self._open(switch, now_ms, ids.FORBID_CHARGE, blocked)
            elif not wanted and switch.may_open(now_ms):
                self._open(switch, now_ms, ids.FORBID_CHARGE, blocked)
            elif wanted:
                switch.keep()
        elif wanted and not forbidden and self._ready:
            if switch.on or self._may_close(switch, ids.FORBID_CHARGE, now_ms):
                switch.close(now_ms, False)  # or the bypass becomes a permission

    def _decide_discharge(self, now_ms, readings, blocked, live):
        switch = self._discharge
        forbidden = blocked & ids.FORBID_DISCHARGE
        wanted = live[ids.DISCHARGE_WANTED]
        rested = self._lease_over and elapsed_ms(now_ms, self._idle_ms) >= LEASE_REST_MS
        if switch.on and not switch.bypass:
            if forbidden:
                self._open(switch, now_ms, ids.FORBID_DISCHARGE, blocked)
            elif (rested or not wanted) and switch.may_open(now_ms):
                self._open(switch, now_ms, ids.FORBID_DISCHARGE, blocked)
            else:
                switch.keep()
        elif wanted and not forbidden and not self._lease_over and self._ready:
            if switch.on:
                if self._bus_is_up(readings):
                    switch.close(now_ms, False)
            elif self._may_close(switch, ids.FORBID_DISCHARGE, now_ms):
                self._start_discharge(now_ms, readings, live)
                return
        if switch.on and not forbidden:
            self.precharge.finish(now_ms)
        else:
            self.precharge.stop(now_ms)

    def _may_close(self, switch, direction, now_ms):
        return not self.hold & direction and switch.may_close(now_ms)

    def _start_discharge(self, now_ms, readings, live):
        if self.precharge.needed:
            timeout_ms = live[ids.PRECHARGE_TIMEOUT_MS]
            limit_ma = live[ids.PRECHARGE_MAX_MA]
            if self.precharge.step(now_ms, readings, timeout_ms, limit_ma) != DONE:
                return
        self._discharge.close(now_ms, False)

    def _open(self, switch, now_ms, direction, blocked):
        urgent = blocked & (self.urgent | (_BOTH if self.fired else 0)) & direction
        if urgent or not self._current_known:
            switch.open(now_ms, self._loaded())
        else:
            switch.open_gently(now_ms, abs(self._current_ma))

    def _bypass(self, now_ms, readings):
        """Close the MOSFET whose body diode carries what the other one lets through. With both
        directions blocked the other one is open, and so there is nothing to relieve."""
        out_ma = -self._current_ma  # 0 while it is not known
        switch = self._charge
        if switch.bypass:
            if out_ma < self._bypass_ma or not self._discharge.on:
                switch.open(now_ms, self._loaded())
        elif not switch.on and self._discharge.on and not self._discharge.bypass:
            if out_ma >= self._bypass_start_ma and switch.may_bypass(now_ms):
                switch.close(now_ms, True)
        switch = self._discharge
        if switch.bypass:
            if -out_ma < self._bypass_ma or not self._charge.on:
                switch.open(now_ms, self._loaded())
        elif not switch.on and self._charge.on and not self._charge.bypass:
            if -out_ma >= self._bypass_start_ma and switch.may_bypass(now_ms):
                if not self.precharge.on and self._bus_is_up(readings):
                    switch.close(now_ms, True)

    def _bus_is_up(self, readings):
        """True unless a bus sensor says otherwise: charging current proves the bus."""
        bus = readings.bus_mv
        pack = readings.pack_mv
        if not self.precharge.needed or not bus.fitted or not bus.valid or not pack.valid:
            return True
        return bus.value * 100 >= pack.value * DONE_PERCENT

    def _loaded(self):
        return not self._current_known or abs(self._current_ma) >= self._flow_ma

    # --- results ------------------------------------------------------------------------------

    def _command(self, commands):
        if self.fired:
            commands.fire_secondary = True
        charge = self._charge
        discharge = self._discharge
        precharge = self.precharge
        commands.charge = charge.on
        commands.discharge = discharge.on
        commands.precharge = precharge.on
        stop = ids.FORBID_CHARGE if charge.stopping else 0
        if discharge.stopping:
            stop |= ids.FORBID_DISCHARGE
        self.stop_requested = stop
        # Between ticks hardly anything is new.
        if (
            self.charge_on != charge.on
            or self.discharge_on != discharge.on
            or self.precharge_on != precharge.on
            or self._precharge_state != precharge.state
        ):
            self._publish()

    def _publish(self):
        charge = self._charge
        discharge = self._discharge
        precharge = self.precharge
        self.charge_on = charge.on
        self.charge_since_ms = charge.since_ms
        self.discharge_on = discharge.on
        self.discharge_since_ms = discharge.since_ms
        self.precharge_on = precharge.on
        self._precharge_state = precharge.state
        self.precharge_no_capacitor = precharge.no_capacitor
        self.precharge_short = precharge.short
        self.precharge_stuck = precharge.stuck
        self.operations = discharge.operations
        self.loaded_operations = discharge.loaded_operations

    def _name_state(self, forbids, settings):
        if not settings.commissioned:
            state = ids.BOARD_STATE_IS_UNCOMMISSIONED
        elif not self._was_ready:
            state = ids.BOARD_STATE_IS_STARTING
        elif self.precharge.state == RUNNING:
            state = ids.BOARD_STATE_IS_PRECHARGING
        elif self.charge_on or self.discharge_on:
            if self._current_ma >= self._flow_ma:
                state = ids.BOARD_STATE_IS_CHARGING
            elif -self._current_ma >= self._flow_ma:
                state = ids.BOARD_STATE_IS_DISCHARGING
            elif self._lease_over and not self.discharge_on:
                state = ids.BOARD_STATE_IS_LOCKED
            elif self.precharge.state == PAUSED and not self.discharge_on:
                state = ids.BOARD_STATE_IS_PRECHARGING  # its resistor has to cool first
            else:
                state = ids.BOARD_STATE_IS_READY
        elif self.fired or self.spent or forbids & _BOTH == _BOTH:
            state = ids.BOARD_STATE_IS_FAULT
        elif self._lease_over:
            state = ids.BOARD_STATE_IS_LOCKED
        else:
            state = ids.BOARD_STATE_IS_STANDBY
        self.state = state
