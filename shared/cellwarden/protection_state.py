"""What the protections must remember over a restart: two bytes a rule.

State and used retries of rules that persist. A delay of minutes that is running (a deeply
discharged cell's hour) is kept in whole minutes in place of the retries, so that a board that
sleeps most of the time reaches its end all the same.
"""

from . import ids
from . import schema_data as schema
from .protection import ACTIVE, IDLE, LATCHED, PENDING

_COUNT = schema.RULE_COUNT
_MINUTE_MS = 60_000


def dump(protection, out, offset, now_ms):
    """Write into ``out``; returns the bytes used."""
    for r in range(_COUNT):
        state = protection.state[r]
        note = protection.retries[r]
        if state == PENDING:
            note = min(255, protection.pending_minutes(r, now_ms))
            state = PENDING if note else IDLE
        if not schema.RULE_BITS[r] & ids.BIT_PERSISTS:
            state = note = 0
        out[offset + 2 * r] = state
        out[offset + 2 * r + 1] = note
    return 2 * _COUNT


def load(protection, data, offset, length, now_ms, slept_ms):
    """Take back what ``dump`` wrote; rules it did not know stay idle."""
    for r in range(min(_COUNT, length // 2)):
        state = data[offset + 2 * r]
        note = data[offset + 2 * r + 1]
        if not schema.RULE_BITS[r] & ids.BIT_PERSISTS:
            continue
        if state == PENDING:
            protection.restore(r, PENDING, 0, note * _MINUTE_MS + slept_ms, now_ms)
        elif state in (IDLE, ACTIVE, LATCHED):
            protection.restore(r, state, note, 0, now_ms)
    protection.sum_up()
