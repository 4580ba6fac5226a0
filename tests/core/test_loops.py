"""The inner loops: plain Python and machine code do the same, and both what they say."""

from array import array

from cellwarden import ids, loops, loops_plain, ticks
from cellwarden import schema_data as schema

try:
    from cellwarden import loops_viper
except ImportError:
    loops_viper = loops_plain

_NAMES = (
    "elapsed_ms fill wrong_frames same group_into cells_into sum_of stray_code cells_sum next_rule"
).split()
_CHIPS = 3
_CHANNELS = 12 * _CHIPS


class Random:
    """Numbers that are the same on every runtime."""

    def __init__(self, seed):
        self._state = seed

    def below(self, limit):
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % limit

    def bytes(self, length, limit=256):
        return bytearray([self.below(limit) for _ in range(length)])

    def words(self, length, kind, least, limit):
        return array(kind, [least + self.below(limit - least) for _ in range(length)])


def both(name, arguments, times):
    """Call both with the same arguments; results and everything written must be the same."""
    for seed in range(times):
        here = arguments(Random(seed))
        there = arguments(Random(seed))
        result = getattr(loops_plain, name)(*here)
        assert getattr(loops_viper, name)(*there) == result, (name, seed)
        assert plain(there) == plain(here), (name, seed)


def plain(values):
    return [list(v) if isinstance(v, (bytearray, array)) else v for v in values]


def table():
    result = array("H", [0] * 256)
    for index in range(256):
        remainder = index << 7
        for _ in range(8):
            remainder = (remainder << 1) ^ 0x4599 if remainder & 0x4000 else remainder << 1
        result[index] = remainder & 0x7FFF
    return result


def test_there_is_one_of_each_on_every_runtime():
    for name in _NAMES:
        assert callable(getattr(loops, name)) and callable(getattr(loops_viper, name))
    assert ticks.elapsed_ms is loops.elapsed_ms


def test_machine_code_is_used_where_there_is_some():
    for name in _NAMES:
        assert getattr(loops, name) is getattr(loops_viper, name)


def test_elapsed_time_wraps_and_never_runs_backwards():
    for elapsed_ms in (loops_plain.elapsed_ms, loops_viper.elapsed_ms):
        assert elapsed_ms(5, 3) == 2
        assert elapsed_ms(3, 5) == 0
        assert elapsed_ms(2, 0x3FFFFFFF) == 3
        assert elapsed_ms(0x1FFFFFFF, 0) == 0x1FFFFFFF
        assert elapsed_ms(0x20000000, 0) == 0
    both("elapsed_ms", lambda r: [r.below(0x3FFFFFFF), r.below(0x3FFFFFFF)], 200)


def test_bytes_are_filled_as_far_as_told():
    both("fill", lambda r: [r.bytes(12), r.below(13), r.below(256)], 40)


def test_a_frame_is_good_when_its_check_is():
    # Analog Devices' example of a command: 0x0001 has the check 0x3D6E.
    pec = table()
    rx = bytearray(4) + bytearray(6) + bytearray(2)
    remainder = 16
    for byte in rx[4:10]:
        remainder = ((remainder << 8) & 0x7FFF) ^ pec[(remainder >> 7) ^ byte]
    rx[10] = remainder << 1 >> 8
    rx[11] = remainder << 1 & 0xFF
    for wrong_frames in (loops_plain.wrong_frames, loops_viper.wrong_frames):
        good = bytearray(1)
        heard = bytearray(1)
        assert wrong_frames(rx, 1, pec, good, heard) == 0 and good[0] and heard[0]
        for at in range(4, 12):
            rx[at] ^= 0x10
            assert wrong_frames(rx, 1, pec, good, heard) == 1 and not good[0] and heard[0]
            rx[at] ^= 0x10
    both("wrong_frames", lambda r: frames(r, pec), 60)


def frames(r, pec):
    """Frames of which about half are good."""
    rx = r.bytes(4 + 8 * _CHIPS)
    for at in range(4, len(rx), 8):
        remainder = 16
        for byte in rx[at : at + 6]:
            remainder = ((remainder << 8) & 0x7FFF) ^ pec[(remainder >> 7) ^ byte]
        if r.below(2):
            rx[at + 6] = remainder << 1 >> 8
            rx[at + 7] = remainder << 1 & 0xFF
    return [rx, _CHIPS, pec, r.bytes(_CHIPS), r.bytes(_CHIPS)]


def test_bytes_are_the_same_where_the_mask_says():
    assert loops.same(b"\x01\x02", 1, b"\x07\x12", 1, b"\x0f", 1) == 1
    assert loops.same(b"\x01\x02", 1, b"\x07\x12", 1, b"\x1f", 1) == 0

    def arguments(r):
        return [r.bytes(9, 2), r.below(6), r.bytes(9, 2), r.below(6), r.bytes(3, 3), r.below(4)]

    both("same", arguments, 200)


def test_a_register_group_goes_where_its_channels_are():
    def arguments(r):
        per_chip = (12, 6, 4)[r.below(3)]
        first = 3 * r.below((per_chip + 2) // 3)
        rx = bytearray([(0xFF, 0x12)[r.below(2)] for _ in range(4 + 8 * _CHIPS)])
        good = r.bytes(_CHIPS, 2)
        code = r.words(_CHANNELS, "H", 0, 65536)
        return [rx, _CHIPS, good, first, per_chip, code, r.bytes(_CHANNELS, 2)]

    both("group_into", arguments, 200)


def test_cells_are_taken_from_good_channels_of_good_chips():
    def arguments(r):
        channel = bytearray(range(r.below(4), _CHANNELS))
        return [
            r.words(_CHANNELS, "H", 30_000, 65_536), bytearray([r.below(9) > 0] * _CHANNELS),
            57_000, channel, min(32, len(channel)), r.bytes(_CHIPS, 2),
            array("H", [7] * 32), bytearray(32),
        ]  # fmt: skip

    both("cells_into", arguments, 100)


def test_sums_and_extremes():
    def channels(r):
        return [r.words(_CHANNELS, "H", 0, 65_536), bytearray([r.below(40) > 0] * _CHANNELS)]

    both("sum_of", lambda r: channels(r) + [12 * r.below(3), 12], 60)
    both("stray_code", lambda r: channels(r) + [r.bytes(_CHANNELS, 2), _CHANNELS], 60)
    both("cells_sum", lambda r: [r.words(32, "H", 3700, 3716), 1 + r.below(32), out()], 100)
    both("cells_sum", lambda r: [r.words(32, "H", 0, 65_536), 32, out()], 20)
    for cells_sum in (loops_plain.cells_sum, loops_viper.cells_sum):
        found = out()
        cells_sum(array("H", [5, 9, 2, 9, 2]), 5, found)
        assert list(found) == [9, 1, 2, 2, 27, 5 + 18 + 6 + 36 + 10]


def out():
    return array("i", [0] * 6)


def test_the_next_rule_is_the_same_one():
    order = bytes(range(schema.RULE_COUNT))
    for seed in range(200):
        here, there = watch(Random(seed)), watch(Random(seed))
        at = found = 0
        while at < len(order):
            at = loops_plain.next_rule(order, at, len(order), here)
            assert loops_viper.next_rule(order, found, len(order), there) == at
            found = at = at + 1
        assert plain(there) == plain(here)


def watch(r):
    """Quantities near their limits, most of them valid and fresh, some negative."""
    n = schema.QUANTITY_COUNT
    rules = schema.RULE_COUNT
    live = r.words(schema.LIVE_COUNT, "i", -3, 4)
    value = r.words(n, "i", -3, 4)
    value[r.below(n)] = -0x40000000
    live[r.below(schema.LIVE_COUNT)] = 0x3FFFFFFF
    rare = (0, 0, 0, 0, 0, 1, 2, 3)
    state = bytearray([rare[r.below(8)] for _ in range(rules)])
    muted = bytearray([r.below(9) == 0 for _ in range(rules)])
    retries = bytearray([r.below(9) == 0 for _ in range(rules)])
    seen = r.words(rules, "i", -1, 2)
    return value, r.bytes(n, 2), r.words(n, "i", 0, 2), live, state, seen, muted, retries


def test_a_rule_that_has_nothing_to_decide_is_passed_by():
    rule = ids.RULE_CELL_OV1
    q = schema.RULE_QUANTITY[rule]
    values = watch(Random(1))
    value, valid, count, live, state, seen, muted, retries = values
    order = bytes([rule])

    def finds():
        seen[rule] = -1
        return loops.next_rule(order, 0, 1, values) == 0

    valid[q], state[rule], muted[rule], retries[rule] = 1, 0, 0, 0
    live[schema.RULE_TRIP[rule]] = 4200
    value[q] = 4199
    count[q] = 1
    assert not finds() and seen[rule] == 1
    value[q] = 4200
    assert finds() and seen[rule] == -1
    value[q] = 4199
    retries[rule] = 1
    assert finds()
    retries[rule] = 0
    state[rule] = 2
    assert finds()
    seen[rule] = 1
    assert loops.next_rule(order, 0, 1, values) == 1
    state[rule] = 1
    assert loops.next_rule(order, 0, 1, values) == 0
    valid[q] = 0
    assert loops.next_rule(order, 0, 1, values) == 1
