"""Functions 20 (records) and 43/14 (identification): many parts in one reply."""

from modbus_model import Line, pdu


def sub(file, record, length, reference=6):
    return bytes([reference, file >> 8, file & 0xFF, record >> 8, record & 0xFF, length >> 8]) + (
        bytes([length & 0xFF])
    )


def records(*subs):
    body = b"".join(subs)
    return b"\x14" + bytes([len(body)]) + body


def test_several_records_in_one_reply():
    reply = Line().ask(records(sub(1, 0, 2), sub(2, 5, 1), sub(4, 199, 1)))
    assert reply == pdu("14 0E 05 06 03 E8 03 E9 03 06 07 D5 03 06 10 67")


def test_records_fill_a_reply_and_no_more():
    line = Line()
    reply = line.ask(records(sub(1, 0, 121)))
    assert reply[:4] == b"\x14\xf4\xf3\x06" and len(reply) == 2 + 244
    assert line.ask(records(sub(1, 0, 122))) == b"\x94\x03"
    assert line.ask(records(sub(1, 0, 60), sub(1, 0, 60)))[:2] == b"\x14\xf4"
    assert line.ask(records(sub(1, 0, 60), sub(1, 0, 61))) == b"\x94\x03"
    assert line.ask(records(sub(1, 0, 0xFFFF))) == b"\x94\x03"
    assert line.ask(records(sub(1, 0, 0))) == b"\x94\x03"
    most = line.ask(records(*[sub(1, i, 1) for i in range(35)]))
    assert most[:2] == bytes([0x14, 35 * 4])


def test_record_requests_of_wrong_size():
    line = Line()
    for size in (0, 1, 6, 8, 13, 15, 246, 252, 255):
        assert line.ask(b"\x14" + bytes([size]) + bytes(size)) == b"\x94\x03"


def test_records_that_do_not_exist():
    line = Line()
    for wrong in (
        sub(1, 0, 1, reference=5),
        sub(0, 0, 1),
        sub(5, 0, 1),
        sub(1, 199, 2),
        sub(1, 10000, 1),
    ):
        assert line.ask(records(wrong)) == b"\x94\x02"
        assert line.ask(records(sub(1, 0, 1), wrong)) == b"\x94\x02"


def test_record_numbers_end_where_the_standard_ends_them():
    line = Line()
    line.model.read_record = lambda file, record, length, out, offset, port: 0
    assert line.ask(records(sub(1, 9999, 1)))[:2] == b"\x14\x04"
    assert line.ask(records(sub(1, 10000, 1))) == b"\x94\x02"
    assert line.ask(records(sub(0, 1, 1))) == b"\x94\x02"


def stream(line, code, first=0):
    """All objects of a stream, and how many replies that took."""
    objects = {}
    replies = 0
    while True:
        reply = line.ask(bytes([0x2B, 0x0E, code, first]))
        assert reply[:3] == bytes([0x2B, 0x0E, code]) and len(reply) <= 253
        replies += 1
        at = 7
        for _ in range(reply[6]):
            assert reply[at] not in objects
            objects[reply[at]] = reply[at + 2 : at + 2 + reply[at + 1]]
            at += 2 + reply[at + 1]
        assert at == len(reply)
        if reply[4] == 0:
            assert reply[5] == 0
            return objects, replies
        assert reply[4] == 0xFF
        first = reply[5]


def full_line():
    line = Line()
    every = list(range(7)) + [0x80, 0x90, 0xFF]
    line.model.objects = {i: b"object %d " % i * 8 for i in every}
    return line


def test_streams_tell_their_category_in_several_replies():
    line = full_line()
    every = line.model.objects
    assert stream(line, 1) == ({i: every[i] for i in range(3)}, 1)
    objects, replies = stream(line, 2)
    assert objects == {i: every[i] for i in range(7)} and replies == 3
    objects, replies = stream(line, 3)
    assert objects == every and replies == 4


def test_a_stream_begins_where_asked_or_anew_if_there_is_no_such_object():
    line = full_line()
    assert sorted(stream(line, 2, 5)[0]) == [5, 6]
    assert sorted(stream(line, 3, 0x90)[0]) == [0x90, 0xFF]
    for code, first in ((1, 3), (2, 7), (2, 0x80), (3, 0x81), (3, 0x10)):
        every = stream(line, code)[0]
        assert sorted(stream(line, code, first)[0]) == sorted(every)


def test_individual_access():
    line = full_line()
    value = line.model.objects[0x90]
    reply = line.ask("2B 0E 04 90")
    assert reply == pdu("2B 0E 04 83 00 00 01 90") + bytes([len(value)]) + value
    for missing in (7, 0x7F, 0x81):
        assert line.ask(bytes([0x2B, 0x0E, 4, missing])) == b"\xab\x02"


def test_reserved_objects_are_not_told_even_if_the_model_has_them():
    line = full_line()
    line.model.objects[0x40] = b"reserved"
    assert 0x40 not in stream(line, 3)[0]
    assert line.ask("2B 0E 04 40") == b"\xab\x02"


def test_wrong_code():
    for code in (0, 5, 0x80, 0xFF):
        assert Line().ask(bytes([0x2B, 0x0E, code, 0])) == b"\xab\x03"


def test_a_lower_conformity_level_answers_what_it_has():
    line = Line()
    assert line.ask("2B 0E 03 00")[:4] == pdu("2B 0E 03 81")
    assert sorted(stream(line, 3)[0]) == [0, 1, 2]
    line = Line()
    line.model.objects[5] = b"model"
    assert line.ask("2B 0E 03 00")[:4] == pdu("2B 0E 03 82")
    assert sorted(stream(line, 3)[0]) == [0, 1, 2, 5]


def test_the_longest_object_just_fits_and_a_longer_one_is_a_failure():
    line = Line()
    line.model.objects[0] = b"x" * 244
    objects, replies = stream(line, 1)
    assert len(objects[0]) == 244 and replies == 2
    line.model.objects[0] = b"x" * 245
    assert line.ask("2B 0E 01 00") == b"\xab\x04"
    assert line.ask("2B 0E 04 00") == b"\xab\x04"
    line.model.objects[0] = b"x"
    line.model.objects[1] = b"x" * 300
    assert line.ask("2B 0E 01 00")[4:7] == b"\xff\x01\x01"
    assert line.ask("2B 0E 01 01") == b"\xab\x04"


def test_a_server_id_of_no_length_or_too_long_is_a_failure():
    line = Line()
    for length in (0, -1, 252, 1000):
        line.model.server_id = lambda out, offset, length=length: length
        assert line.ask("11") == b"\x91\x04"
