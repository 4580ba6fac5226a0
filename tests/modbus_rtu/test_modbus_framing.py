"""Requests are found whatever happens on the line: splits, gaps, noise, other units."""

from modbus_model import Line, frame, spoil

from modbus_rtu import crc

READ = frame(1, "03 00 04 00 02")
READ_REPLY = frame(1, "03 04 00 00 00 00")
WRITE = frame(1, "10 00 04 00 02 04 11 22 33 44")
WRITE_REPLY = frame(1, "10 00 04 00 02")
REQUESTS = [
    frame(1, text)
    for text in (
        "01 00 00 00 09",
        "02 00 00 00 09",
        "03 00 04 00 02",
        "04 00 04 00 02",
        "05 00 04 FF 00",
        "06 00 04 00 02",
        "0F 00 13 00 0A 02 CD 01",
        "10 00 04 00 02 04 11 22 33 44",
        "11",
        "14 07 06 00 01 00 00 00 02",
        "16 00 04 00 F2 00 25",
        "17 00 03 00 06 00 0E 00 03 06 00 FF 00 FF 00 FF",
        "2B 0E 01 00",
    )
]
# A whole request to unit 1 as the data of something sent to, or by, unit 2.
HIDDEN = frame(1, "06 00 07 00 63")
OTHERS = [
    frame(2, "01 00 00 00 0A"),
    frame(2, b"\x01\x02\x11\x22"),
    frame(2, "03 00 00 00 0A"),
    frame(2, b"\x03\x14" + bytes(range(20))),
    frame(2, b"\x03\x08" + HIDDEN),
    frame(2, b"\x04\x10" + HIDDEN + HIDDEN),
    frame(2, "05 00 01 FF 00"),
    frame(2, "07"),
    frame(2, "07 6D"),
    frame(2, "08 00 00 A5 37"),
    frame(2, "0B"),
    frame(2, "0B FF FF 01 08"),
    frame(2, b"\x0f\x00\x00\x00\x40\x08" + HIDDEN),
    frame(2, "0F 00 00 00 40"),
    frame(2, b"\x10\x00\x00\x00\x04\x08" + HIDDEN),
    frame(2, "10 00 00 00 04"),
    frame(2, "11"),
    frame(2, b"\x11\x0a\x01" + HIDDEN + b"\xff"),
    frame(2, "14 07 06 00 01 00 00 00 02"),
    frame(2, b"\x14\x0a\x09\x06" + HIDDEN),
    frame(2, "16 00 04 00 F2 00 25"),
    frame(2, b"\x17\x00\x00\x00\x01\x00\x00\x00\x04\x08" + HIDDEN),
    frame(2, "18 04 DE"),
    frame(2, b"\x18\x00\x0a\x00\x04" + HIDDEN),
    frame(2, "2B 0E 01 00"),
    frame(2, b"\x2b\x0e\x01\x01\x00\x00\x01\x00\x08" + HIDDEN),
    frame(2, b"\x41" + HIDDEN + b"\x07"),
    frame(2, "83 02"),
    frame(247, "AB 01"),
]


def test_every_split_of_every_request():
    for request in REQUESTS:
        expected = Line().send(request)
        assert expected
        for at in range(1, len(request)):
            line = Line()
            assert line.send(request[:at]) == b""
            assert line.wait(20) == b""
            assert line.send(request[at:], 29) == expected
            assert line.wait(1) == b"" and line.wait(1000) == b""


def test_byte_by_byte_with_gaps():
    for request in REQUESTS:
        line = Line()
        expected = Line().send(request)
        for i in range(len(request) - 1):
            assert line.send(request[i : i + 1], 30) == b""
            assert line.wait(19) == b""
        assert line.send(request[-1:]) == expected
        assert line.server.frames_good == 1 and line.server.crc_errors == 0


def test_a_gap_that_is_too_long_ends_the_frame():
    for request in REQUESTS:
        line = Line()
        line.send(request[:-1])
        assert line.wait(50) == b""
        assert line.send(request[-1:], 1) == b""
        assert line.wait(60) == b""
        assert line.model.writes == []
        assert line.send(READ, 1) == READ_REPLY


def test_a_gap_nobody_looked_at_is_no_gap():
    # The controller was busy (flash), the bytes were in the port's buffer all the time.
    for at in range(1, len(WRITE)):
        line = Line()
        assert line.send(WRITE[:at]) == b""
        assert line.send(WRITE[at:], 400) == WRITE_REPLY


def test_half_a_frame_then_silence_then_a_whole_one():
    for request in REQUESTS:
        for at in range(1, len(request)):
            line = Line()
            line.send(request[:at])
            assert line.send(READ, 51) == READ_REPLY
            line = Line()
            line.send(request[:at])
            assert line.wait(51) == b""
            assert line.send(READ, 51) == READ_REPLY


def test_half_a_frame_directly_before_a_whole_one():
    for request in REQUESTS:
        for at in range(1, len(request)):
            line = Line()
            reply = line.send(request[:at] + READ)
            assert reply in (b"", READ_REPLY)
            assert (reply or line.wait(line.server.settle_ms)) == READ_REPLY
            assert line.model.writes == []


def test_noise_directly_before_a_request():
    for noise in (
        b"\x00",
        b"\xff",
        b"\x00\x00",
        b"\xff\x00\xff",
        b"\x01",
        b"\x01\x03",
        b"\x01\x01\x01",
        b"\x05\x03\x00",
        bytes(range(248, 256)),
        b"\xfe" * 40,
    ):
        line = Line()
        assert line.soon(noise + READ) == READ_REPLY
        assert line.server.crc_errors == 1
        line = Line()
        assert (line.soon(noise + WRITE) or line.wait(line.server.settle_ms)) == WRITE_REPLY


def test_noise_that_promises_a_long_frame_delays_a_request_only_until_silence():
    for noise in (
        b"\x01\x10\0\0\0\x7b\xf6",
        b"\x02\x03\xfa",
        b"\x01\x41",
        b"\x02\x41",
        b"\x02\x03\x41",
    ):
        line = Line()
        assert line.send(noise + READ) == b""
        assert line.wait(line.server.settle_ms - 1) == b""
        assert line.wait(1) == READ_REPLY
        assert line.wait(1000) == b""


def test_noise_behind_a_request():
    line = Line()
    assert line.send(WRITE + b"\x00\xff\x00") == WRITE_REPLY
    assert line.wait(1000) == b""
    assert line.send(READ)[:3] == READ_REPLY[:3]


def test_noise_before_and_behind():
    line = Line()
    assert line.send(b"\x02\x03\xfa" + WRITE + b"\xff") == b""
    assert line.wait(5) == b""
    assert line.wait(45) == WRITE_REPLY
    assert len(line.model.writes) == 1


def test_one_wrong_bit_anywhere_means_silence():
    for request in REQUESTS:
        for at in range(len(request)):
            line = Line()
            bad = spoil(request, at)
            assert line.send(bad) == b""
            assert line.wait(5) == b"" and line.wait(1000) == b""
            assert line.model.writes == []
            assert line.server.frames_good == 0
            assert line.send(READ) == READ_REPLY


def test_other_units_pass_by_in_any_order_without_a_pause():
    for first in OTHERS:
        for second in OTHERS:
            line = Line()
            assert line.send(first + second + READ) == READ_REPLY
            assert line.server.other_unit == 2
            assert line.server.crc_errors == 0
            assert line.model.writes == []


def test_a_request_inside_a_frame_of_another_unit_is_data():
    for other in OTHERS:
        for at in range(1, len(other)):
            line = Line()
            assert line.send(other[:at]) == b""
            assert line.wait(4) == b""
            assert line.send(other[at:]) == b""
            assert line.wait(5) == b"" and line.wait(1000) == b""
            assert line.model.writes == []
            assert line.server.other_unit == 1


def test_another_unit_s_damaged_frame_does_not_swallow_the_next_request():
    for other in OTHERS:
        if HIDDEN in other:
            continue
        line = Line()
        line.send(spoil(other))
        assert (line.send(READ, 3) or line.wait(5)) == READ_REPLY


def test_reserved_addresses_are_nobody():
    for unit in (248, 254, 255):
        line = Line()
        assert line.send(frame(unit, "06 00 01 00 02")) == b""
        assert line.wait(5) == b"" and line.wait(60) == b""
        assert line.send(READ) == READ_REPLY
        assert line.model.writes == [] and line.server.other_unit == 0


def test_several_requests_at_once_are_answered_one_by_one():
    line = Line()
    assert line.send(WRITE + READ + REQUESTS[8]) == WRITE_REPLY
    assert line.wait(0) == frame(1, "03 04 11 22 33 44")
    assert line.wait(0) == frame(1, "11 03 43 57 FF")
    assert line.wait(0) == b""
    assert line.send(WRITE + READ) == WRITE_REPLY
    assert line.send(WRITE, 1) == frame(1, "03 04 11 22 33 44")
    assert line.wait(0) == WRITE_REPLY


def test_a_request_whose_answer_nobody_waits_for_any_more_is_dropped():
    line = Line()
    assert line.send(b"\x02\x03\xfa" + READ + WRITE + b"\xff") == b""
    assert line.wait(50) == READ_REPLY  # the write is still there, and 50 ms old
    assert line.send(REQUESTS[8]) == frame(1, "11 03 43 57 FF")
    assert line.model.writes == []


def test_time_that_seems_to_run_backwards_is_no_silence():
    line = Line()
    assert line.send(WRITE[:5]) == b""
    assert line.wait(-3) == b""
    assert line.wait(3) == b""
    assert line.send(WRITE[5:], 1) == WRITE_REPLY


def test_noise_counts_once_a_run():
    line = Line()
    for expected, data in ((1, b"\xff\x00\xff"), (1, b"\xff"), (2, READ + b"\xff")):
        line.send(data)
        line.wait(5)
        assert line.server.crc_errors == expected
    line.wait(60)
    line.send(b"\xff", 60)
    assert line.server.crc_errors == 3


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
