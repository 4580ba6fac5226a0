"""The inner loops of a cycle, in plain Python: the fallback, and what each of them means.

``loops_viper.py`` has the same functions for the controller's processor. Whoever calls them
vouches for lengths and indices: a wrong one raises here, but would reach foreign memory there.
They decide nothing and allocate nothing.
"""

from . import ids
from . import schema_data as schema


def elapsed_ms(now_ms, then_ms):
    """Milliseconds from ``then_ms`` to ``now_ms``; a ``then`` in the future counts as 0."""
    gone = (now_ms - then_ms) & 0x3FFFFFFF
    return gone if gone < 0x20000000 else 0


def fill(data, length, value):
    """Set the first ``length`` bytes of ``data``."""
    for i in range(length):
        data[i] = value


def wrong_frames(rx, chips, table, good, heard):
    """Check each chip's 8 bytes behind the first 4; how many are wrong.

    6 bytes and their packet check (PEC-15, by its ``table`` of 256). Sets ``good[chip]``;
    ``heard[chip]`` becomes 1 where the frame is good and stays as it is elsewhere.
    """
    wrong = 0
    at = 4
    for chip in range(chips):
        remainder = 16
        for i in range(at, at + 6):
            remainder = ((remainder << 8) & 0x7FFF) ^ table[(remainder >> 7) ^ rx[i]]
        remainder <<= 1
        if rx[at + 6] == remainder >> 8 and rx[at + 7] == remainder & 0xFF:
            good[chip] = heard[chip] = 1
        else:
            good[chip] = 0
            wrong += 1
        at += 8
    return wrong


def same(data, at, other, other_at, mask, length):
    """1 when ``length`` bytes of both, from there on, are the same where ``mask`` has ones."""
    for i in range(length):
        if (data[at + i] ^ other[other_at + i]) & mask[i]:
            return 0
    return 1


def group_into(rx, chips, good, first, per_chip, code, ok):
    """Take a register group of up to three values a chip out of ``rx``; how many are missing.

    The values go to ``code`` from ``chip * per_chip + first`` on. Missing is what comes in a
    wrong frame or has not been converted (0xFFFF).
    """
    missing = 0
    values = min(3, per_chip - first)
    for chip in range(chips):
        at = 4 + 8 * chip
        to = chip * per_chip + first
        for i in range(to, to + values):
            value = rx[at] | (rx[at + 1] << 8)
            at += 2
            if good[chip] and value != 0xFFFF:
                code[i] = value
                ok[i] = 1
            else:
                ok[i] = 0
                missing += 1
    return missing


def cells_into(code, ok, limit, channel, count, chip_bad, cell_mv, cell_valid):
    """Codes of 0.1 mV by channel to millivolts by cell; how many cells are missing.

    Good is a code that is ``ok``, below ``limit``, and of a chip (12 channels each) that is
    not bad.
    """
    missing = 0
    for i in range(count):
        at = channel[i]
        if ok[at] and code[at] < limit and not chip_bad[at // 12]:
            cell_mv[i] = (code[at] + 5) // 10
            cell_valid[i] = 1
        else:
            cell_valid[i] = 0
            missing += 1
    return missing


def sum_of(code, ok, first, count):
    """Sum of ``count`` codes from ``first`` on; -1 when one of them is not ``ok``."""
    total = 0
    for i in range(first, first + count):
        if not ok[i]:
            return -1
        total += code[i]
    return total


def stray_code(code, ok, mapped, channels):
    """Highest good code of a channel that no cell is mapped to; 0 without one."""
    highest = 0
    for i in range(channels):
        if ok[i] and not mapped[i] and code[i] > highest:
            highest = code[i]
    return highest


def cells_sum(cell_mv, count, out):
    """``out``: highest, its index, lowest, its index, sum, fingerprint of ``count`` cells.

    The first of equal ones counts. The fingerprint changes when any cell does.
    """
    high = low = cell_mv[0]
    high_at = low_at = 0
    total = fingerprint = 0
    for i in range(count):
        mv = cell_mv[i]
        total += mv
        fingerprint += mv * (i + 1)
        if mv > high:
            high = mv
            high_at = i
        elif mv < low:
            low = mv
            low_at = i
    out[0] = high
    out[1] = high_at
    out[2] = low
    out[3] = low_at
    out[4] = total
    out[5] = fingerprint


def next_rule(order, at, length, watch):
    """First position from ``at`` on in ``order`` of a rule that has something to decide;
    ``length`` when there is none. What it passes by has been seen.

    Nothing to decide: no fresh sample, or a good one while the rule is idle and owes nothing.
    ``watch``: value, valid, count of quantities; live limits; state, seen, muted, retries.
    """
    value, valid, count, live, state, seen, muted, retries = watch
    for position in range(at, length):
        r = order[position]
        q = schema.RULE_QUANTITY[r]
        bits = schema.RULE_BITS[r]
        if count[q] == seen[r]:
            if state[r] == 0:
                continue
            if not bits & ids.BIT_ALWAYS:
                if state[r] == 1 and valid[q]:
                    return position
                continue
        if not valid[q]:
            continue
        if state[r] or muted[r] or retries[r]:
            return position
        trip = live[schema.RULE_TRIP[r]]
        if value[q] >= trip if bits & ids.BIT_OVER else value[q] <= trip:
            return position
        seen[r] = count[q]
    return length
