"""The inner loops of a cycle as machine code: ``loops_plain.py`` tells what they mean.

The one module that is compiled for a processor, and only where there is MicroPython to do it.
Nothing checks an index here: callers vouch for what they pass. Numbers of the schema stand as
such, because machine code cannot look names up; tests hold both modules against each other.
"""
# Types of viper's own, which nobody else knows:
# ruff: noqa: F821
# mypy: ignore-errors

import micropython

from . import schema_data as schema


@micropython.viper
def elapsed_ms(now_ms: int, then_ms: int) -> int:
    gone = (now_ms - then_ms) & 0x3FFFFFFF
    return gone if gone < 0x20000000 else 0


@micropython.viper
def fill(data: ptr8, length: int, value: int):
    for i in range(length):
        data[i] = value


@micropython.viper
def wrong_frames(rx: ptr8, chips: int, table: ptr16, good: ptr8, heard: ptr8) -> int:
    wrong = 0
    at = 4
    for chip in range(chips):
        remainder = 16
        for i in range(at, at + 6):
            remainder = ((remainder << 8) & 0x7FFF) ^ table[(remainder >> 7) ^ rx[i]]
        remainder <<= 1
        if rx[at + 6] == remainder >> 8 and rx[at + 7] == remainder & 0xFF:
            good[chip] = 1
            heard[chip] = 1
        else:
            good[chip] = 0
            wrong += 1
        at += 8
    return wrong


@micropython.viper
def same(data: ptr8, at: int, other: ptr8, other_at: int, mask: ptr8, length: int) -> int:
    for i in range(length):
        if (data[at + i] ^ other[other_at + i]) & mask[i]:
            return 0
    return 1


@micropython.viper
def group_into(
    rx: ptr8, chips: int, good: ptr8, first: int, per_chip: int, code: ptr16, ok: ptr8
) -> int:
    missing = 0
    values = per_chip - first
    if values > 3:
        values = 3
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


@micropython.viper
def cells_into(
    code: ptr16,
    ok: ptr8,
    limit: int,
    channel: ptr8,
    count: int,
    chip_bad: ptr8,
    cell_mv: ptr16,
    cell_valid: ptr8,
) -> int:
    missing = 0
    for i in range(count):
        at = channel[i]
        value = code[at]
        if ok[at] and value < limit and not chip_bad[at // 12]:
            cell_mv[i] = (value + 5) // 10
            cell_valid[i] = 1
        else:
            cell_valid[i] = 0
            missing += 1
    return missing


@micropython.viper
def sum_of(code: ptr16, ok: ptr8, first: int, count: int) -> int:
    total = 0
    for i in range(first, first + count):
        if not ok[i]:
            return -1
        total += code[i]
    return total


@micropython.viper
def stray_code(code: ptr16, ok: ptr8, mapped: ptr8, channels: int) -> int:
    highest = 0
    for i in range(channels):
        if ok[i] and not mapped[i]:
            value = code[i]
            if value > highest:
                highest = value
    return highest


@micropython.viper
def cells_sum(cell_mv: ptr16, count: int, out: ptr32):
    high = cell_mv[0]
    low = high
    high_at = 0
    low_at = 0
    total = 0
    fingerprint = 0
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


@micropython.viper
def next_rule(order: ptr8, at: int, length: int, watch) -> int:
    value = ptr32(watch[0])
    valid = ptr8(watch[1])
    count = ptr32(watch[2])
    live = ptr32(watch[3])
    state = ptr8(watch[4])
    seen = ptr32(watch[5])
    muted = ptr8(watch[6])
    retries = ptr8(watch[7])
    quantity = ptr8(schema.RULE_QUANTITY)
    rule_bits = ptr8(schema.RULE_BITS)
    rule_trip = ptr8(schema.RULE_TRIP)
    bit = 31
    sign = 1 << bit  # where words have 64 bits, ptr32 brings no sign along
    for position in range(at, length):
        r = order[position]
        q = quantity[r]
        bits = rule_bits[r]
        s = state[r]
        if count[q] == seen[r]:
            if s == 0:
                continue
            if not bits & 32:
                if s == 1 and valid[q]:
                    return position
                continue
        if not valid[q]:
            continue
        if s or muted[r] or retries[r]:
            return position
        now = value[q]
        now -= (now & sign) << 1
        trip = live[rule_trip[r]]
        trip -= (trip & sign) << 1
        if bits & 1:
            if now >= trip:
                return position
        elif now <= trip:
            return position
        seen[r] = count[q]
    return length
