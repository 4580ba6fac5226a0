"""Requests are found whatever happens on the line: splits, gaps, noise, other units."""

from modbus_frames import HIDDEN, OTHERS, READ, READ_REPLY, REQUESTS, WRITE, WRITE_REPLY
from modbus_model import Line, frame, spoil


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
