"""What a board remembers over a restart besides its settings: charge, latches, uptime, wear.

A fixed layout with a version in front; the firmware stores it with sequence number and CRC
(firmware/records.py) whenever a rule trips and every few minutes. A record of another version
is not read: latches are then unknown, so the journal tells, and the state of charge starts
from voltage.
"""

from . import protection_state

VERSION = 1
SIZE = 512
# version, bits (1 disconnect fired, 2 armed, 4 state lost and not yet looked at), uptime (4),
# operations (4), loaded operations (4), length of estimator
_HEAD = 16


def _put(out, offset, value):
    for i in range(4):
        out[offset + i] = value >> 8 * i & 0xFF


def _get(data, offset):
    return data[offset] | data[offset + 1] << 8 | data[offset + 2] << 16 | data[offset + 3] << 24


def dump(controller, out, now_ms):
    """Write the state into ``out`` (a bytearray of SIZE); returns the bytes used."""
    c = controller
    out[0] = VERSION
    out[1] = int(c.switchgear.fired or c.switchgear.spent) | int(c.wire_proof.armed) << 1
    out[1] |= c.conditions.state_lost << 2
    _put(out, 2, c.uptime_s)
    _put(out, 6, c.switchgear.operations)
    _put(out, 10, c.switchgear.loaded_operations)
    size = c.estimator.state_into(out, _HEAD)
    out[14] = size & 0xFF
    out[15] = size >> 8
    return _HEAD + size + protection_state.dump(c.protection, out, _HEAD + size, now_ms)


def load(controller, data, now_ms, slept_ms=0):
    """Take back what ``dump`` wrote; False when it is of another version or too short."""
    c = controller
    if len(data) < _HEAD or data[0] != VERSION:
        return False
    size = data[14] | data[15] << 8
    if len(data) < _HEAD + size:
        return False
    c.uptime_s = c.start_uptime_s = _get(data, 2)
    c.wire_proof.armed = bool(data[1] & 2)
    if data[1] & 4:
        c.conditions.state_lost = 1
    c.switchgear.restore(bool(data[1] & 1), _get(data, 6), _get(data, 10))
    c.estimator.state_from(data, _HEAD)
    rules = _HEAD + size
    protection_state.load(c.protection, data, rules, len(data) - rules, now_ms, slept_ms)
    return True
