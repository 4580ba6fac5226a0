"""Modbus server properties: any bytes, any pauses, on CPython and on MicroPython alike.

The replies are compared with a second server written here from the standard alone, in another
style (structs, sets, whole frames only), so that the two do not share their mistakes.
"""

import struct

import crcmod.predefined
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modbus_model import SIZE, frame
from modbus_trace import play

from modbus_rtu import crc

crc16 = crcmod.predefined.mkPredefinedCrcFun("modbus")

WRITING = (5, 6, 15, 16, 22, 23)
SILENCE_MS = 60


class Reference:
    """Whole PDUs in, whole PDUs out."""

    def __init__(self):
        self.memory = {table: {} for table in (1, 2, 3, 4)}
        self.writes = []

    def get(self, table, address, count):
        if address + count > SIZE:
            raise LookupError
        return [self.memory[table].get(address + i, 0) for i in range(count)]

    def put(self, table, address, values):
        if address + len(values) > SIZE:
            raise LookupError
        self.memory[table].update(enumerate(values, address))
        self.writes.append([table, address, list(values)])

    def reply(self, pdu):
        function = pdu[0]
        try:
            return bytes([function]) + self.carry_out(function, pdu[1:])
        except LookupError:
            return bytes([function | 0x80, 2])
        except ValueError:
            return bytes([function | 0x80, 3])

    def carry_out(self, function, body):
        if function in (1, 2):
            address, count = struct.unpack(">HH", body)
            self.demand(1 <= count <= 2000)
            packed = sum(bit << i for i, bit in enumerate(self.get(function, address, count)))
            size = -(-count // 8)
            return bytes([size]) + packed.to_bytes(size, "little")
        if function in (3, 4):
            address, count = struct.unpack(">HH", body)
            self.demand(1 <= count <= 125)
            return struct.pack(f">B{count}H", 2 * count, *self.get(function, address, count))
        if function == 5:
            address, value = struct.unpack(">HH", body)
            self.demand(value in (0, 0xFF00))
            self.put(1, address, [int(value != 0)])
            return body
        if function == 6:
            address, value = struct.unpack(">HH", body)
            self.put(3, address, [value])
            return body
        if function in (15, 16):
            address, count, size = struct.unpack(">HHB", body[:5])
            bits = function == 15
            self.demand(1 <= count <= (1968 if bits else 123))
            self.demand(size == (-(-count // 8) if bits else 2 * count))
            if bits:
                packed = int.from_bytes(body[5:], "little")
                self.put(1, address, [packed >> i & 1 for i in range(count)])
            else:
                self.put(3, address, struct.unpack(f">{count}H", body[5:]))
            return body[:4]
        if function == 22:
            address, and_mask, or_mask = struct.unpack(">HHH", body)
            (value,) = self.get(3, address, 1)
            self.put(3, address, [(value & and_mask) | (or_mask & ~and_mask & 0xFFFF)])
            return body
        read_at, read_count, write_at, write_count, size = struct.unpack(">HHHHB", body[:9])
        self.demand(1 <= read_count <= 125 and 1 <= write_count <= 121)
        self.demand(size == 2 * write_count)
        self.get(3, read_at, read_count)
        self.put(3, write_at, struct.unpack(f">{write_count}H", body[9:]))
        values = self.get(3, read_at, read_count)
        return struct.pack(f">B{read_count}H", 2 * read_count, *values)

    @staticmethod
    def demand(condition):
        if not condition:
            raise ValueError


def word(*values):
    return struct.pack(f">{len(values)}H", *values)


addresses = st.one_of(
    st.integers(0, 40), st.integers(SIZE - 130, SIZE + 2), st.integers(0xFF00, 0xFFFF)
)
words = st.one_of(st.sampled_from([0, 1, 0xFF00, 0xFFFF]), st.integers(0, 0xFFFF))
unfit = st.one_of(st.just(0), st.just(0), st.integers(-2, 2))


@st.composite
def requests(draw, functions=(1, 2, 3, 4, 5, 6, 15, 16, 22, 23)):
    """PDUs whose length follows from their own byte count, right or wrong in their values."""
    function = draw(st.sampled_from(functions))
    address = draw(addresses)
    if function in (1, 2, 3, 4):
        most = 2000 if function <= 2 else 125
        count = draw(st.one_of(st.integers(1, 20), st.sampled_from([0, most, most + 1, 0xFFFF])))
        return bytes([function]) + word(address, count)
    if function in (5, 6):
        return bytes([function]) + word(address, draw(words))
    if function == 22:
        return bytes([function]) + word(address, draw(words), draw(words))
    count = draw(st.one_of(st.integers(1, 12), st.sampled_from([0, 121, 122, 123, 124, 1968])))
    size = -(-count // 8) if function == 15 else 2 * count
    size = min(255, max(0, size + draw(unfit)))
    data = draw(st.binary(min_size=size, max_size=size))
    head = word(address, count) + bytes([size])
    if function == 23:
        head = word(draw(addresses), draw(st.sampled_from([0, 1, 5, 125, 126]))) + head
    return bytes([function]) + head + data


foreign = st.one_of(
    st.builds(frame, st.integers(2, 247), requests()),
    st.builds(
        lambda unit, function, data: frame(unit, bytes([function, len(data)]) + data),
        st.integers(2, 247),
        st.sampled_from([1, 2, 3, 4, 17, 20, 23]),
        st.binary(min_size=1, max_size=60),
    ),
)


@given(st.lists(requests(), max_size=8))
def test_replies_and_writes_are_those_of_the_standard(micropython_replay, pdus):
    script = []
    expected = []
    reference = Reference()
    for step, pdu in enumerate(pdus):
        script += [frame(1, pdu), SILENCE_MS]
        expected.append([2 * step, frame(1, reference.reply(pdu))])
    replies, writes, counters = micropython_replay.compare(play, script)
    assert replies == expected
    assert writes == reference.writes
    assert counters[:3] == [len(pdus), 0, 0]


@st.composite
def chopped(draw, pieces):
    """The pieces as one stream in arbitrary parts of up to 200 bytes, with short pauses.

    Pauses are shorter than the settling time; longer ones inside a frame have their own test.
    """
    stream = b"".join(pieces)
    cuts = draw(st.lists(st.integers(0, len(stream)), max_size=12))
    cuts += range(0, len(stream), 200)
    script = []
    begin = 0
    for cut in [*sorted(cuts), len(stream)]:
        if cut > begin:
            script += [stream[begin:cut], draw(st.integers(0, 4))]
            begin = cut
    return script


@st.composite
def traffic(draw):
    """Frames on the line, as (frame, PDU for unit 1 or None), and the stream in parts."""
    pieces = []
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["ours", "all", "other"]))
        if kind == "other":
            pieces.append((draw(foreign), 2, b""))
        else:
            pdu = draw(requests())
            pieces.append((frame(1 if kind == "ours" else 0, pdu), int(kind == "ours"), pdu))
    return pieces, draw(chopped([piece[0] for piece in pieces]))


@given(traffic())
def test_any_traffic_in_any_parts_gives_the_same_replies(micropython_replay, line):
    pieces, script = line
    reference = Reference()
    expected = []
    for _, unit, pdu in pieces:
        if unit == 1:
            expected.append(frame(1, reference.reply(pdu)))
        elif unit == 0 and pdu[0] in (5, 6, 15, 16, 22):
            reference.reply(pdu)
    replies, writes, counters = micropython_replay.compare(play, [*script, SILENCE_MS])
    assert [reply for _, reply in replies] == expected
    assert writes == reference.writes
    assert counters[2] == 0


@given(requests(), st.lists(st.tuples(st.integers(1, 20), st.integers(0, 49)), max_size=6))
def test_pauses_inside_a_frame_do_not_lose_it(micropython_replay, pdu, parts):
    data = frame(1, pdu)
    script = []
    for size, pause_ms in parts:
        if len(data) > size:
            script += [data[:size], pause_ms]
            data = data[size:]
    script.append(data)
    replies, _, _ = micropython_replay.compare(play, script)
    assert replies == [[len(script) - 1, frame(1, Reference().reply(pdu))]]


@st.composite
def damaged(draw):
    """A frame for us with a bit wrong, an end missing, or bytes put in."""
    data = bytearray(frame(draw(st.sampled_from([0, 1])), draw(requests(WRITING))))
    at = draw(st.integers(0, len(data) - 1))
    how = draw(st.sampled_from(["flip", "cut", "insert"]))
    if how == "flip":
        data[at] ^= 1 << draw(st.integers(0, 7))
    elif how == "cut":
        del data[at:]
    else:
        data[at:at] = draw(st.binary(min_size=1, max_size=3))
    return bytes(data)


seeds = st.lists(st.sampled_from(b"\x00\x01\x02\x03\x05\x06\x10\x0f\x17\x2b\x41\xff"), max_size=60)
rubbish = st.one_of(
    st.binary(max_size=300),
    seeds.map(bytes),
    damaged(),
    foreign,
    st.builds(lambda pdu: frame(1, pdu), requests()),
)


def allowed_writes(stream):
    """Every write that some good frame for us anywhere in ``stream`` asks for."""
    allowed = []
    for start in range(len(stream) - 3):
        if stream[start] > 1 or stream[start + 1] not in WRITING:
            continue
        for end in range(start + 4, min(len(stream), start + 268) + 1):
            if crc16(stream[start:end]) == 0:
                reference = Reference()
                try:
                    reference.reply(stream[start + 1 : end - 2])
                except struct.error:
                    continue
                allowed += [write[:2] for write in reference.writes]
    return allowed


@given(
    st.lists(st.one_of(rubbish, st.sampled_from([0, 1, 4, 5, 6, 20, 49, 50, 200])), max_size=8),
    requests((1, 2, 3, 4)),
    st.booleans(),
)
@settings(deadline=None)
def test_whatever_came_first_the_next_good_frame_is_answered(
    micropython_replay, before, pdu, looked
):
    script = [*before, SILENCE_MS] if looked else list(before)
    replies, writes, _ = micropython_replay.compare(play, [*script, frame(1, pdu)])
    ours = [reply for step, reply in replies if step == len(script)]
    if looked or not before or not any(isinstance(event, bytes) for event in before):
        assert len(ours) == 1
    if looked:
        assert ours[0][:2] in (frame(1, pdu)[:2], bytes([1, pdu[0] | 0x80]))
    stream = b"".join(event for event in script if isinstance(event, bytes))
    allowed = allowed_writes(stream)
    for table, address, _ in writes:
        assert [table, address] in allowed


@given(st.one_of(rubbish, seeds.map(bytes)), requests((1, 2, 3, 4)))
def test_a_request_directly_behind_rubbish_is_answered_when_silence_comes(
    micropython_replay, noise, pdu
):
    replies, _, counters = micropython_replay.compare(play, [noise + frame(1, pdu), 5, 50, 50])
    # By chance the beginning may be a good frame of another unit, which costs the request.
    assert replies or counters[1], "no answer at all"
    if len(noise) < 4 and not counters[1]:
        reply = Reference().reply(pdu)
        assert [answer for _, answer in replies] == [frame(1, reply)]


@given(st.binary(max_size=300), st.integers(0, 300))
def test_the_checksum_is_that_of_crcmod(data, cut):
    assert crc.update(crc.START, data, 0, len(data)) == crc16(data)
    cut = min(cut, len(data))
    part = crc.update(crc.START, data, 0, cut)
    assert crc.update(part, data, cut, len(data)) == crc16(data)


@pytest.mark.parametrize("bits", [1, 2])
def test_no_damaged_write_gets_through(bits):
    """Every single and (sparsely) double bit error in a write is met with silence."""
    good = frame(1, "10 00 04 00 02 04 11 22 33 44")
    size = 8 * len(good)
    for first in range(size):
        for second in range(first + 1, size, 7) if bits == 2 else [None]:
            data = bytearray(good)
            data[first >> 3] ^= 1 << (first & 7)
            if second is not None:
                data[second >> 3] ^= 1 << (second & 7)
            replies, writes, _ = play([bytes(data), 5, 60])
            assert (replies, writes) == ([], [])
