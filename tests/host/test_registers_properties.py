"""Whatever clients write, in whatever order: settings are valid as a whole, a refused write
changes nothing, nothing is written without a session, and both runtimes agree to the bit."""

import struct

import map_replay
from hypothesis import given, settings
from hypothesis import strategies as st

import boards.sim
from cellwarden.settings import Settings
from cellwarden.tables import readings, rows
from cellwarden.tables import settings as table

MANY = settings(max_examples=150, deadline=None)
PORT = st.sampled_from((1, 2, 2, 2, 2, 3))
WORD = st.integers(0, 0xFFFF)


def words(row, value):
    """Registers of one number."""
    if rows.width(row) == 2:
        return [value >> 16 & 0xFFFF, value & 0xFFFF]
    return [value & 0xFFFF]


def values(row):
    """Numbers that matter for a setting: defaults, bounds, just past them, anything between."""
    some = {row.low, row.high, row.low - 1, row.high + 1, 0, 1}
    some.update(row.default if isinstance(row.default, tuple) else (row.default,))
    return st.one_of(st.sampled_from(sorted(some)), st.integers(row.low, row.high))


@st.composite
def setting_write(draw):
    """One setting, or a run of neighbours."""
    at = draw(st.integers(0, len(table.SETTINGS) - 1))
    many = draw(st.sampled_from((1, 1, 1, 2, 3, 6)))
    first = table.SETTINGS[at]
    data: list[int] = []
    for row in table.SETTINGS[at : at + many]:
        if row.address != first.address + len(data):
            break
        count = draw(st.integers(1, row.count)) if row.count > 1 else 1
        for _ in range(count):
            data += words(row, draw(values(row)))
        if count < row.count:
            break
    return ["write", draw(PORT), first.address, data]


@st.composite
def pack_write(draw):
    """Chemistry, cells, capacity and confirmation in one request, as a set-up tool does."""
    cells = draw(st.sampled_from((0, 3, 16, 24, 25)))
    data = [
        draw(st.integers(0, 6)),
        cells,
        *words(table.SETTINGS[2], draw(st.sampled_from((0, 20_000, 100_000)))),
        draw(st.integers(0, 1)),
    ]
    return ["write", draw(PORT), 0x1000, data]


@st.composite
def command_write(draw):
    row = draw(st.sampled_from(readings.COMMANDS))
    low, high = row.low, row.high
    value = draw(st.one_of(st.just(low), st.integers(max(low - 1, -(1 << 31)), high + 1)))
    data = (
        [value & 0xFFFF]
        if row.registers == 1
        else draw(st.lists(WORD, min_size=row.registers, max_size=row.registers))
    )
    return ["write", draw(PORT), row.address, data]


STEP = st.one_of(
    setting_write(),
    setting_write(),
    pack_write(),
    command_write(),
    st.tuples(
        st.just("write"),
        PORT,
        st.sampled_from((0x2000, 0x2000, 0x2001, 0x2001, 0x2002)),
        st.lists(st.integers(0, 5), min_size=1, max_size=1),
    ).map(list),
    st.tuples(
        st.just("write"), PORT, st.integers(0, 0x2100), st.lists(WORD, min_size=1, max_size=4)
    ).map(list),
    st.tuples(
        st.just("write"),
        PORT,
        st.integers(0x0820, 0x0837),
        st.lists(st.integers(0x4141, 0x5A5A), min_size=1, max_size=3),
    ).map(list),
    st.tuples(
        st.just("coils"),
        PORT,
        st.integers(0, 5),
        st.lists(st.integers(0, 1), min_size=1, max_size=5),
    ).map(list),
    st.tuples(st.just("login"), PORT, st.sampled_from((True, True, True, False))).map(list),
    st.tuples(st.just("step"), st.sampled_from((100, 10_000, 31_000, 600_000))).map(list),
    st.tuples(st.just("outputs"), st.booleans()).map(list),
    st.tuples(st.just("cells"), st.sampled_from((1000, 2300, 3300, 3700, 4200, 4900))).map(list),
    st.tuples(st.just("storage"), st.sampled_from((0, 0, 1))).map(list),
)
STEPS = st.lists(STEP, min_size=1, max_size=40).map(
    lambda steps: [["login", 2, True], ["cells", 3700], *steps]
)


@MANY
@given(steps=STEPS)
def test_settings_are_always_valid_and_a_refused_write_changes_nothing(micropython_replay, steps):
    micropython_replay.compare(map_replay.play, steps)


@st.composite
def stored(draw):
    """A payload as some schema might have stored it: right, wrong, or torn."""
    pairs = []
    for row in table.SETTINGS:
        for element in range(row.count):
            if draw(st.integers(0, 9)) == 0:
                address = row.address + element * rows.width(row)
                pairs.append((address, draw(values(row))))
    pairs += draw(st.lists(st.tuples(WORD, st.integers(-(1 << 31), (1 << 31) - 1)), max_size=3))
    data = struct.pack("<HH", draw(WORD), len(pairs))
    data += b"".join(struct.pack("<Hi", *pair) for pair in pairs)
    return data[: len(data) - draw(st.sampled_from((0, 0, 0, 0, 1, 6)))]


@MANY
@given(payload=st.one_of(stored(), st.binary(max_size=64)))
def test_whatever_was_stored_the_board_is_valid_or_says_that_settings_were_lost(
    micropython_replay, payload
):
    micropython_replay.compare(map_replay.load_anything, payload)


@MANY
@given(
    changes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), min_size=1, max_size=8)
)
def test_a_valid_payload_with_any_bytes_changed_is_never_half_taken(micropython_replay, changes):
    board = Settings(boards.sim)
    buf = bytearray(2000)
    payload = buf[: board.dump(buf)]
    for at, byte in changes:
        payload[at % len(payload)] = byte
    micropython_replay.compare(map_replay.load_anything, bytes(payload))


@MANY
@given(
    reads=st.lists(
        st.tuples(
            st.integers(1, 4),
            st.one_of(
                st.integers(0, 0x0360),
                st.integers(0x0800, 0x0840),
                st.integers(0x1000, 0x1100),
                st.integers(0x2000, 0x2060),
                WORD,
            ),
            st.integers(1, 125),
            st.integers(1, 3),
        ).filter(lambda read: read[1] + read[2] <= 0x10000),
        min_size=1,
        max_size=10,
    )
)
def test_any_read_answers_or_refuses_and_changes_nothing(micropython_replay, reads):
    micropython_replay.compare(map_replay.read_anything, [list(read) for read in reads])
