"""What a board remembers over a restart besides its settings: charge, latches, uptime, wear.

A fixed layout with a version in front; the firmware stores it with sequence number and CRC
(firmware/records.py) whenever a rule trips and every few minutes. A record of version 1 knows
nothing of single cells, and charge in mAh; one of version 2 nothing of the time that a lease
counts besides service; one of a version that is not known is not read:
latches are then unknown, so the journal tells, and the state of charge starts from voltage.
"""

from . import protection_state
from .estimator import STATE_SIZE
from .whole_numbers import permille_of

VERSION = 3
SIZE = 1280
# version, bits (1 disconnect fired, 2 armed, 4 state lost and not yet looked at), uptime (4),
# operations (4), loaded operations (4), length of estimator, length of cell health, the lease's
# time missed, date of time 0, and time of the newest date (4 each)
_HEAD = 30
_HEAD_1 = 16  # of version 1, without cell health
_HEAD_2 = 18  # of version 2, without lease


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
    _put(out, 18, c.lease.extra_s)
    _put(out, 22, c.lease.base_s)
    _put(out, 26, c.lease.told_s)
    size = c.estimator.state_into(out, _HEAD)
    out[14] = size & 0xFF
    out[15] = size >> 8
    at = _HEAD + size
    size = c.cells.state_into(out, at)
    out[16] = size & 0xFF
    out[17] = size >> 8
    at += size
    return at + protection_state.dump(c.protection, out, at, now_ms)


def _load_charge_1(estimator, data):
    """Known, believed, (shown), its doubt, in all charged and discharged, capacity."""
    full_mah = _get(data, _HEAD_1 + 24)
    if data[_HEAD_1] and full_mah:
        sigma = permille_of(_get(data, _HEAD_1 + 12), full_mah)
        estimator.begin(permille_of(_get(data, _HEAD_1 + 4), full_mah), sigma + 1)
    estimator.count.charged_mah = _get(data, _HEAD_1 + 16)
    estimator.count.discharged_mah = _get(data, _HEAD_1 + 20)


def load(controller, data, now_ms, slept_ms=0):
    """Take back what ``dump`` wrote; False when it is of another version or too short."""
    c = controller
    if len(data) < _HEAD or not 1 <= data[0] <= VERSION:
        return False
    head = (_HEAD_1, _HEAD_2, _HEAD)[data[0] - 1]
    cells = head + (data[14] | data[15] << 8)
    rules = cells if data[0] == 1 else cells + (data[16] | data[17] << 8)
    if len(data) < rules:
        return False
    c.uptime_s = c.start_uptime_s = _get(data, 2) + slept_ms // 1000
    if data[0] == VERSION:
        c.lease.extra_s = _get(data, 18)
        c.lease.base_s = _get(data, 22)
        c.lease.told_s = _get(data, 26)
    c.wire_proof.armed = bool(data[1] & 2)
    if data[1] & 4:
        c.conditions.state_lost = 1
    c.switchgear.restore(bool(data[1] & 1), _get(data, 6), _get(data, 10))
    if data[0] == 1:
        _load_charge_1(c.estimator, data)
    else:
        if cells - head == STATE_SIZE:  # else it starts from voltage
            c.estimator.state_from(data, head)
        c.cells.state_from(data, cells, rules - cells)
    protection_state.load(c.protection, data, rules, len(data) - rules, now_ms, slept_ms)
    return True
