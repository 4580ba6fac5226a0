"""The protection engine: judges every rule of the schema, and nothing else.

A rule is data (tables/rules.py, packed in schema_data.py); this file holds the one mechanism
they all share: a limit crossed for its delay trips, a value past its recovery for its delay,
and whatever else recovery waits for, clears. It counts fresh samples and real time, never
calls. A value that is not known neither trips nor clears: the rules on the age of readings
act then. It must never switch anything: it only says what is forbidden.
"""

from array import array

from . import ids
from . import schema_data as schema
from .loops import next_rule
from .ticks import MASK, elapsed_ms

IDLE = 0
PENDING = 1
ACTIVE = 2
LATCHED = 3

# Kinds of event, as the journal names them.
EVENT_TRIP = 1
EVENT_CLEAR = 2
EVENT_LATCH = 3
EVENT_RETRY = 4
EVENT_WARN = 5

_COUNT = schema.RULE_COUNT
_NO_RETRIES = 0xFF
_EVENTS = 32
# Used retries are forgiven after this long without a trip.
_FORGIVE_MS = 600_000
# A load or charger that overloads again so soon after it was believed to be removed was not.
_BACK_MS = 60_000
_BELIEVED = 1
_DOUBTED = 2  # it seemed removed too often: only a person can tell
# A person's release counts for this long: hardware latches need a moment to let go.
_PERSON_MS = 5_000
_LOOKED = 1  # clear it once its value has recovered
_TAKEN_ON = 2  # clear it though the limit is still broken
# No tick is held against a moment further back: ticks wrap after six days.
_OLDEST_MS = 3_600_000
_PERSONS = (ids.WAIT_PERSON, ids.WAIT_CONFIRMATION)


class Context:
    """What recovery may wait for, as the controller knows it this tick."""

    def __init__(self):
        self.charging = False  # charge current is seen
        self.discharging = False
        self.load_removed = False  # known to be removed; unknown is False
        self.charger_removed = False


class Protection:
    """State of every rule: ``state[r]`` is IDLE, PENDING, ACTIVE or LATCHED."""

    def __init__(self, quantities, live):
        self._q = quantities
        self._live = live
        self.context = Context()
        self.state = bytearray(_COUNT)
        self.retries = bytearray(_COUNT)
        self.forbids = 0  # ids.FORBID_* bits of all active rules
        self.pending = 0  # the same of rules whose limit is broken and whose delay runs
        self.loudest = 0  # ids.LOUD_*
        self.backup = 0  # what is forbidden by active rules with no second limit behind them
        self.event_rule = bytearray(_EVENTS)
        self.event_kind = bytearray(_EVENTS)
        self.events = 0  # events waiting for the journal; the controller sets it back to 0
        self.events_lost = 0
        self._since_ms = array("i", [0] * _COUNT)  # pending since, then tripped since
        self._good_ms = array("i", [0] * _COUNT)  # past the recovery value since
        self._good = bytearray(_COUNT)
        self._hits = bytearray(_COUNT)
        self._seen = array("i", [-1] * _COUNT)
        self._released = bytearray(_COUNT)  # a person has asked: _LOOKED or _TAKEN_ON
        self._muted = bytearray(_COUNT)  # taken on as it is, until it has recovered once
        self._released_ms = 0
        self._removed = bytearray(_COUNT)  # whether a removed load or charger is believed
        self._all = bytes(range(_COUNT))
        self._fast = bytes(r for r in range(_COUNT) if schema.RULE_BITS[r] & ids.BIT_FAST)
        q = quantities
        known = (q.value, q.valid, q.count, live)
        self._watch = known + (self.state, self._seen, self._muted, self.retries)

    def is_active(self, rule):
        return self.state[rule] >= ACTIVE

    def forbidding(self, mask):
        """Lowest-numbered active rule that forbids any of ``mask``; -1 when none does."""
        forbids = schema.RULE_FORBIDS
        state = self.state
        for r in self._all:
            if state[r] >= ACTIVE and forbids[r] & mask:
                return r
        return -1

    def judge(self, now_ms, fast):
        """Judge all rules, or with ``fast`` those that follow each current sample."""
        order = self._fast if fast else self._all
        length = len(order)
        watch = self._watch
        changed = False
        at = next_rule(order, 0, length, watch)
        while at < length:
            changed |= self._decide(order[at], now_ms)
            at = next_rule(order, at + 1, length, watch)
        if changed:
            self.sum_up()

    def _decide(self, r, now_ms):
        """Judge one rule by the newest sample; true when its state has changed."""
        q = schema.RULE_QUANTITY[r]
        count = self._q.count[q]
        state = self.state
        s = state[r]
        if count == self._seen[r] and not schema.RULE_BITS[r] & ids.BIT_ALWAYS:
            return self._ripen(r, now_ms)  # a delay may end between two samples
        self._seen[r] = count
        value = self._q.value[q]
        trip = self._live[schema.RULE_TRIP[r]]
        broken = value >= trip if schema.RULE_BITS[r] & ids.BIT_OVER else value <= trip
        if s == PENDING:
            if broken:
                return self._pending(r, now_ms)
            state[r] = IDLE
            return True
        if s != IDLE:
            return self._recover(r, value, trip, broken, now_ms)
        if not broken:
            self._muted[r] = 0
            if self.retries[r]:
                self._forgive(r, now_ms)
        elif not self._muted[r]:
            self._since_ms[r] = now_ms
            self._hits[r] = 0
            self._pending(r, now_ms)
            return True
        return False

    def _pending(self, r, now_ms):
        """One more sample over the limit; true when that trips the rule."""
        self.state[r] = PENDING
        if self._hits[r] < 255:
            self._hits[r] += 1
        return self._ripen(r, now_ms)

    def _ripen(self, r, now_ms):
        """Trip a pending rule whose samples and delay are complete; true when it does."""
        delay_ms = self._live[schema.RULE_DELAY[r]]
        if self._hits[r] < schema.RULE_SAMPLES[r]:
            return False
        if elapsed_ms(now_ms, self._since_ms[r]) < delay_ms:
            return False
        if self._removed[r]:
            again = elapsed_ms(now_ms, self._good_ms[r]) < _BACK_MS
            self._removed[r] = _DOUBTED if again and not self._retry(r) else 0
        self._since_ms[r] = now_ms
        self._good[r] = 0
        self._released[r] = 0
        limit = schema.RULE_RETRIES[r]
        spent = limit != _NO_RETRIES and self.retries[r] >= limit
        if spent or schema.RULE_WAIT[r] in _PERSONS:
            self.state[r] = LATCHED
            self._event(r, EVENT_LATCH)
        else:
            self.state[r] = ACTIVE
            self._event(r, EVENT_TRIP if schema.RULE_FORBIDS[r] else EVENT_WARN)
        return True

    def _recover(self, r, value, trip, broken, now_ms):
        """True when an active rule clears."""
        self._grow_no_older(r, now_ms)
        if broken and not self._released[r]:  # as nearly always
            self._good[r] = 0
            return False
        wait = schema.RULE_WAIT[r]
        if self._is_released(r, now_ms) == _TAKEN_ON:
            self._muted[r] = 1
            self._clear(r)
            return True
        recover = self._live[schema.RULE_RECOVER[r]]
        over = schema.RULE_BITS[r] & ids.BIT_OVER
        if schema.RULE_BITS[r] & ids.BIT_HYSTERESIS:
            recover = trip - recover if over else trip + recover
        good = value <= recover if over else value >= recover
        if wait == ids.WAIT_UNDER_VOLTAGE and self.context.charging:
            good = True  # a charger at work: no need to wait for the rebound
        if broken or not good:
            self._good[r] = 0
            return False
        if not self._good[r]:
            self._good[r] = 1
            self._good_ms[r] = now_ms
        delay_ms = self._live[schema.RULE_RECOVER_DELAY[r]]
        if elapsed_ms(now_ms, self._good_ms[r]) < delay_ms:
            return False
        released = self._is_released(r, now_ms)
        if not released and not self._wait_is_over(r, wait, now_ms):
            return False
        if released:
            self.retries[r] = self._removed[r] = 0
        self._clear(r)
        return True

    def _grow_no_older(self, r, now_ms):
        if elapsed_ms(now_ms, self._since_ms[r]) > _OLDEST_MS:
            self._since_ms[r] = (now_ms - _OLDEST_MS) & MASK
        if elapsed_ms(now_ms, self._good_ms[r]) > _OLDEST_MS:
            self._good_ms[r] = (now_ms - _OLDEST_MS) & MASK

    def _is_released(self, r, now_ms):
        if self._released[r] and elapsed_ms(now_ms, self._released_ms) > _PERSON_MS:
            self._released[r] = 0
        return self._released[r]

    def _clear(self, r):
        self._released[r] = 0
        self.state[r] = IDLE
        self._event(r, EVENT_CLEAR)

    def _wait_is_over(self, r, wait, now_ms):
        c = self.context
        if wait == ids.WAIT_NONE:
            return True
        if wait == ids.WAIT_OVER_VOLTAGE:
            return c.discharging or c.charger_removed
        if wait == ids.WAIT_UNDER_VOLTAGE:
            if c.charging:
                self.retries[r] = 0
                return True
            return c.load_removed and self._retry(r)
        if wait == ids.WAIT_CHARGER_OFF or wait == ids.WAIT_LOAD_OFF:
            removed = c.charger_removed if wait == ids.WAIT_CHARGER_OFF else c.load_removed
            if removed and self._removed[r] != _DOUBTED:
                self._removed[r] = _BELIEVED
                return True
            retry_ms = self._live[schema.RULE_RETRY_DELAY[r]]
            return elapsed_ms(now_ms, self._since_ms[r]) >= retry_ms and self._retry(r)
        return False

    def _retry(self, r):
        """Use up one of the rule's retries; false when there is none left."""
        if self.state[r] == LATCHED or self.retries[r] >= schema.RULE_RETRIES[r]:
            return False
        self.retries[r] += 1
        self._event(r, EVENT_RETRY)
        return True

    def _forgive(self, r, now_ms):
        timed = schema.RULE_WAIT[r] != ids.WAIT_UNDER_VOLTAGE
        if timed and elapsed_ms(now_ms, self._good_ms[r]) >= _FORGIVE_MS:
            self.retries[r] = 0

    def clear_latches(self, now_ms):
        """A person has looked: rules clear as soon as their value has recovered."""
        for r in self._all:
            if self.state[r] >= ACTIVE:
                self._released[r] = _LOOKED
        self._released_ms = now_ms

    def take_on(self, rule, now_ms):
        """A person takes a rule's value as it is: it clears, and stays quiet until the value
        has recovered once. Only for rules that wait for confirmation."""
        if self.state[rule] >= ACTIVE and schema.RULE_WAIT[rule] == ids.WAIT_CONFIRMATION:
            self._released[rule] = _TAKEN_ON
            self._released_ms = now_ms

    def forget(self, rule):
        """What the rule judged is not there any more (a sensor is not fitted)."""
        if self.state[rule] != IDLE:
            self._clear(rule)
            self.sum_up()

    def _event(self, rule, kind):
        if self.events < _EVENTS:
            self.event_rule[self.events] = rule
            self.event_kind[self.events] = kind
            self.events += 1
        else:
            self.events_lost = (self.events_lost + 1) & 0x3FFFFFFF

    def sum_up(self):
        """Work out anew what all active rules forbid."""
        forbids = pending = loudest = backup = 0
        for r in self._all:
            if self.state[r] == PENDING:
                # An empty cell may be charged during the hour that makes it deeply discharged.
                if schema.RULE_WAIT[r] != ids.WAIT_CONFIRMATION:
                    pending |= schema.RULE_FORBIDS[r]
            elif self.state[r] >= ACTIVE:
                forbids |= schema.RULE_FORBIDS[r]
                if schema.RULE_BITS[r] & ids.BIT_BACKUP:
                    backup |= schema.RULE_FORBIDS[r]
                loud = schema.RULE_LOUD[r]
                if loud > loudest:
                    loudest = loud
        self.forbids = forbids
        self.pending = pending
        self.loudest = loudest
        self.backup = backup

    def pending_minutes(self, rule, now_ms):
        """Whole minutes for which a rule's delay has run; 0 while it does not."""
        if self.state[rule] != PENDING:
            return 0
        return elapsed_ms(now_ms, self._since_ms[rule]) // 60_000

    def restore(self, rule, state, retries, pending_ms, now_ms):
        """Give a rule back what was known of it before a restart; ``sum_up`` is due then."""
        self.retries[rule] = retries
        self._since_ms[rule] = self._good_ms[rule] = (now_ms - pending_ms) & MASK
        self.state[rule] = state
        if state == PENDING:
            self._hits[rule] = schema.RULE_SAMPLES[rule]
