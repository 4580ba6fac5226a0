"""One protection engine on a bench, with a clock and values that the test owns."""

from array import array

import boards.sim as board
from cellwarden import ids
from cellwarden import schema_data as schema
from cellwarden.protection import ACTIVE, Protection
from cellwarden.settings import Settings

STEP_MS = 100
ALL = range(schema.RULE_COUNT)


class FakeQuantities:
    """Values that a test sets by hand; each ``put`` is one fresh sample."""

    def __init__(self):
        n = schema.QUANTITY_COUNT
        self.value = array("i", [0] * n)
        self.valid = bytearray(n)
        self.count = array("i", [0] * n)

    def put(self, q, value):
        self.value[q] = value
        self.valid[q] = 1
        self.count[q] += 1


def commissioned(chemistry=ids.CHEMISTRY_NMC):
    settings = Settings(board)
    settings.begin(1)
    settings.preset(chemistry)
    settings.write(ids.CELL_COUNT, 24)
    settings.write(ids.CAPACITY_MAH, 100_000)
    settings.write(ids.CONFIRMED, 1)
    assert settings.commit(True) == ids.COMMIT_RESULT_IS_OK
    return settings


class Bench:
    """One protection engine with a clock that the test owns."""

    def __init__(self, start_ms=0):
        self.live = commissioned().live
        # An hour of ticks for each test of deep discharge would take too long.
        self.live[schema.RULE_DELAY[ids.RULE_DEEP_DISCHARGE]] = 30_000
        self.q = FakeQuantities()
        self.p = Protection(self.q, self.live)
        self.now_ms = start_ms

    def run(self, rule, value, ms, until=None):
        """Feed ``value`` for ``ms``; stop early once the rule's state is ``until``."""
        for _ in range(ms // STEP_MS):
            self.now_ms = (self.now_ms + STEP_MS) & 0x3FFFFFFF
            self.q.put(schema.RULE_QUANTITY[rule], value)
            self.p.judge(self.now_ms, False)
            self.p.events = 0
            if until is not None and self.p.state[rule] == until:
                return True
        return until is None

    def limit(self, rule):
        return self.live[schema.RULE_TRIP[rule]]

    def over(self, rule):
        return bool(schema.RULE_BITS[rule] & ids.BIT_OVER)

    def broken(self, rule):
        """A value exactly at the limit: over means >=, under means <=."""
        return self.limit(rule)

    def harmless(self, rule):
        return self.limit(rule) - 1 if self.over(rule) else self.limit(rule) + 1

    def recovered(self, rule):
        recover = self.live[schema.RULE_RECOVER[rule]]
        if schema.RULE_BITS[rule] & ids.BIT_HYSTERESIS:
            return self.limit(rule) - recover if self.over(rule) else self.limit(rule) + recover
        return recover

    def trip(self, rule):
        delay_ms = self.live[schema.RULE_DELAY[rule]]
        self.run(rule, self.broken(rule), delay_ms + 1000)
        assert self.p.state[rule] >= ACTIVE, rule

    def delay_ms(self, rule):
        return self.live[schema.RULE_DELAY[rule]]
