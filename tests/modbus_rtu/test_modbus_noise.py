"""Frames hidden in noise, broadcasts, lying lengths: what a long dirty line does."""

from modbus_frames import HIDDEN, READ, READ_REPLY, REQUESTS
from modbus_model import Line, frame, spoil

from modbus_rtu import crc


def test_a_checksum_that_fits_by_chance_in_the_middle_does_not_end_a_known_length():
    begin = frame(2, bytes([3, 20]) + bytes(range(7)))  # 12 bytes whose checksum is 0
    whole = frame(2, begin[1:] + HIDDEN + b"\x01\x02\x03")
    line = Line()
    assert len(whole) == 25
    for part in (whole[:12], whole[12:14], whole[14:]):
        assert line.send(part) == b""
        assert line.wait(1) == b""
    assert line.server.other_unit == 1 and line.server.crc_errors == 0
    assert line.model.writes == []


def test_three_bytes_are_no_frame_of_another_unit():
    found = 0
    for unit in range(2, 248):
        value = crc.update(crc.START, bytes([unit]), 0, 1)
        if 43 < value & 0xFF < 0x80:
            found += 1
            line = Line()
            line.send(bytes([unit, value & 0xFF, value >> 8]))
            assert line.server.other_unit == 0
    assert found


def test_an_endless_frame_of_another_unit_is_given_up_without_silence():
    line = Line()
    line.send(b"\x02\x41" + b"\xff" * 200)
    line.send(b"\xff" * 60, 1)
    assert line.soon(READ) == READ_REPLY


def test_long_noise_does_not_use_up_the_look_behind_it():
    line = Line()
    assert line.send(b"\x02\x03\x02" * 30 + b"\x02\x03\xfa" + READ) == b""
    replies = [line.wait(5)]
    for _ in range(20):
        replies.append(line.wait(1))
    assert [reply for reply in replies if reply] == [READ_REPLY]


def test_broadcast_writes_are_obeyed_in_silence():
    line = Line()
    for text in (
        "05 00 04 FF 00",
        "06 00 05 00 02",
        "0F 00 13 00 0A 02 CD 01",
        "10 00 04 00 01 02 11 22",
        "16 00 04 00 F2 00 25",
    ):
        line.model.writes.clear()
        assert line.send(frame(0, text), 100) == b""
        assert line.wait(1000) == b""
        assert len(line.model.writes) == 1
    assert line.server.frames_good == 5


def test_refused_broadcasts_are_silent_too():
    line = Line()
    for text in ("05 00 04 12 00", "06 FF FF 00 02", "10 00 04 00 02 02 11 22"):
        assert line.send(frame(0, text), 100) == b"" and line.wait(1000) == b""
    assert line.model.writes == [] and line.server.exceptions == 0


def test_broadcasts_that_ask_for_an_answer_are_ignored():
    line = Line()
    for request in REQUESTS:
        if request[1] in (5, 6, 15, 16, 22):
            continue
        assert line.send(frame(0, request[1:-2]), 100) == b"" and line.wait(1000) == b""
    assert line.send(frame(0, "41 01 02")) == b"" and line.wait(1000) == b""
    assert line.model.writes == []
    assert line.send(READ) == READ_REPLY


def test_broadcast_and_request_in_one_go():
    line = Line()
    assert line.send(frame(0, "06 00 04 00 63") + READ) == frame(1, "03 04 00 63 00 00")


def test_a_function_ended_by_silence_with_a_lying_byte_count():
    line = Line()
    assert line.send(frame(1, "10 00 04 00 02 04 11 22")) == b""
    assert line.wait(5) == b""  # the rest may still come
    assert line.wait(45) == frame(1, "90 03")
    assert line.model.writes == []


def test_a_changed_address_counts_from_the_next_request_on():
    line = Line()
    line.server.address = 9
    assert line.send(READ) == b""
    assert line.send(frame(9, "03 00 04 00 02")) == frame(9, "03 04 00 00 00 00")


def test_a_flood_of_noise_is_survived():
    for noise in (b"\x01\x10\0\0\0\x7b\xf6", b"\x02\x03\xfa", b"\x01", b"\x00\x06", b"\x02\x41"):
        line = Line()
        flood = noise * 200
        for at in range(0, len(flood), 37):
            assert line.send(flood[at : at + 37], 1) == b""
        assert line.send(flood) == b""
        for _ in range(10):
            assert line.wait(30) == b""
        assert line.send(READ, 1) == READ_REPLY
        assert line.send(flood[: len(noise) * 60], 60) == b""
        assert (line.send(READ, 60) or line.wait(1) or line.wait(5)) == READ_REPLY
        assert line.model.writes == []


class Counting:
    """Counts the bytes of checksum worked off in each call."""

    def __enter__(self):
        self.original = crc.update
        self.worked = 0

        def update(value, buf, start, end):
            self.worked += end - start
            return self.original(value, buf, start, end)

        crc.update = update
        return self

    def __exit__(self, *_):
        crc.update = self.original


def test_no_call_works_longer_than_a_tick_can_bear():
    # Noise made of nothing but promising beginnings, each half as long as all that is there.
    noise = bytes([2, 3, 120]) * 90 + bytes([1, 16, 0, 0, 0, 60, 120]) * 34
    for pause_ms in (1, 60):
        line = Line()
        with Counting() as count:
            line.send(noise)
            for _ in range(200):
                assert count.worked <= 300 + 268
                count.worked = 0
                line.wait(pause_ms)
        assert line.send(READ) == READ_REPLY


def test_silence_is_looked_at_once():
    line = Line()
    line.send(b"\x02\x03\xfa" + spoil(READ))
    with Counting() as count:
        assert line.wait(5) == b""
        assert count.worked == 8
        for _ in range(44):
            assert line.wait(1) == b""
        assert count.worked == 8


def test_counters_stay_small_integers():
    line = Line()
    for name in ("frames_good", "other_unit", "crc_errors", "exceptions"):
        assert getattr(line.server, name) == 0
        setattr(line.server, name, 0x3FFFFFFF)
    line.send(frame(2, "83 02") + spoil(READ))
    line.wait(60)
    line.send(frame(1, "03 00 00 00 00"))
    for name in ("frames_good", "other_unit", "crc_errors", "exceptions"):
        assert getattr(line.server, name) == 0, name
