"""Plays a list of what clients and the world do to a register map, watching its promises.

Runs on both runtimes; the property test makes the lists. Each step is a list: what, then its
arguments. An assertion that fails names the step.
"""

from array import array

from map_bench import CHARGER, HELLO, NEW_PASSWORD, Bench

import boards.sim as board
from cellwarden import ids
from cellwarden import schema_data as schema
from cellwarden.settings import Settings

_NOT_ALLOWED = 1
_BUF = bytearray(2000)


def play(steps):
    """The exception code of each step, then what is stored at the end."""
    b = Bench()
    codes = []
    for step in steps:
        before = b.everything()
        allowed = _may_change(b, step)
        code = _do(b, step)
        codes.append(code)
        after = b.everything()
        if code:
            assert after == before, (step, "refused, and yet changed")
        if not allowed and step[0] in ("write", "coils"):
            assert after == before, (step, "changed without the right to")
        _is_valid_whole(b, step)
    _comes_back(b.settings)
    return [codes, list(b.settings.value), list(b.settings.live), bytes(b.settings.texts.data)]


def _may_change(b, step):
    """True when this step is a session's, or the charger's only word."""
    if step[0] == "write" and step[1:3] == [CHARGER, HELLO]:
        return True
    return step[0] in ("write", "coils") and b.access.role(step[1]) > 0 and step[1] != CHARGER


def _do(b, step):
    what = step[0]
    if what == "write":
        return b.write(step[2], *step[3], port=step[1])
    if what == "coils":
        return b.write_coils(step[2], *step[3], port=step[1])
    if what == "login":
        return b.login(password=b"123456" if step[2] else b"wrong one", port=step[1]) and 0
    if what == "password":
        b.write_bytes(NEW_PASSWORD, b"123456" + bytes(10), port=step[1])
    elif what == "step":
        b.step(step[1])
    elif what == "outputs":
        b.controller.commands.discharge = step[1]
    elif what == "cells":
        b.cells(step[1])
    elif what == "storage":
        b.controller.conditions.storage_failed = step[1]
    return 0


def _is_valid_whole(b, step):
    """What is in force passes every check, and follows from what is stored."""
    s = b.settings
    live = array("i", [0] * schema.LIVE_COUNT)
    s.check.fill_constants(live)
    assert s.check.ranges(s.value) == ids.COMMIT_RESULT_IS_OK, step
    result = s.check.whole(s.value, live, bytes(schema.SETTING_COUNT))
    assert result == ids.COMMIT_RESULT_IS_OK, (step, result, s.check.address)
    assert s.live == live, (step, "in force is not what is stored")
    set_up = s.value[ids.CHEMISTRY] and s.value[ids.CELL_COUNT] and s.value[ids.CAPACITY_MAH]
    assert s.commissioned == bool(set_up and s.value[ids.CONFIRMED]), step


def _comes_back(settings):
    other = Settings(board)
    assert other.load(_BUF, settings.dump(_BUF))
    assert list(other.value) == list(settings.value)
    assert list(other.live) == list(settings.live)
    assert other.texts.data == settings.texts.data


def load_anything(payload):
    """A stored payload of any bytes: what the board makes of it is valid, or it is lost."""
    settings = Settings(board)
    good = settings.load(payload, len(payload))
    live = array("i", [0] * schema.LIVE_COUNT)
    settings.check.fill_constants(live)
    assert settings.check.ranges(settings.value) == ids.COMMIT_RESULT_IS_OK
    result = settings.check.whole(settings.value, live, bytes(schema.SETTING_COUNT))
    assert result == ids.COMMIT_RESULT_IS_OK
    assert settings.live == live
    assert settings.lost == (not good)
    assert good or not settings.commissioned
    return [good, list(settings.value)]


def read_anything(steps):
    """Reads of any table, range and port: the code, and what came."""
    b = Bench().commission()
    b.login()
    b.cells(3700)
    seen = []
    for table, address, count, port in steps:
        out = bytearray(2 * count + 2)
        before = b.everything()
        code = b.map.read(table, address, count, out, 1, port)
        assert code in (0, _NOT_ALLOWED, 2), code
        assert out[0] == 0 and out[-1] == 0
        assert b.everything() == before
        seen.append([code, bytes(out) if not code else b""])
    return seen
