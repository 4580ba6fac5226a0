"""Wrong requests get the exception of the standard, and change nothing."""

from modbus_model import SIZE, Line, Model, frame, pdu

READS = (1, 2, 3, 4)
MOST = {1: 2000, 2: 2000, 3: 125, 4: 125}


def word(value):
    return bytes([value >> 8, value & 0xFF])


def head(function, address, count):
    return bytes([function]) + word(address) + word(count)


def refused(line, request, code):
    """The request gets exception ``code`` and wrote nothing."""
    request = pdu(request) if isinstance(request, str) else request
    before = len(line.model.writes), line.server.exceptions
    reply = line.ask(request)
    after = len(line.model.writes), line.server.exceptions
    return reply == bytes([request[0] | 0x80, code]) and after == (before[0], before[1] + 1)


def test_reads_up_to_the_limit_and_no_further():
    line = Line()
    for function in READS:
        most = MOST[function]
        size = (most + 7) // 8 if function <= 2 else 2 * most
        for count, expected in ((1, 1 if function <= 2 else 2), (most, size)):
            reply = line.ask(head(function, 0, count))
            assert reply[:2] == bytes([function, expected])
            assert len(reply) == 2 + expected
        for count in (0, most + 1, 0x8000, 0xFFFF):
            assert refused(line, head(function, 0, count), 3)


def test_writes_up_to_the_limit_and_no_further():
    line = Line()
    for function, most in ((15, 1968), (16, 123)):
        for count in (1, most - 1, most):
            size = (count + 7) // 8 if function == 15 else 2 * count
            body = head(function, 5, count) + bytes([size]) + bytes(size)
            assert line.ask(body) == head(function, 5, count)
        count = most + 1
        size = (count + 7) // 8 if function == 15 else 2 * count
        assert refused(line, head(function, 5, count) + bytes([size]) + bytes(size), 3)
        assert refused(line, head(function, 5, 0) + b"\0", 3)


def test_a_byte_count_that_does_not_fit_the_quantity():
    line = Line()
    for count, size in ((2, 3), (2, 5), (2, 2), (2, 6), (2, 0), (123, 244), (1, 255)):
        assert refused(line, head(16, 0, count) + bytes([size]) + bytes(size), 3)
    for count, size in ((8, 2), (9, 1), (16, 3), (1968, 245), (1, 0)):
        assert refused(line, head(15, 0, count) + bytes([size]) + bytes(size), 3)


def test_exchange_limits():
    line = Line()

    def exchange(read_count, write_count, size=None):
        size = 2 * write_count if size is None else size
        return (
            b"\x17" + word(0) + word(read_count) + word(9) + word(write_count)
            + bytes([size]) + bytes(size)
        )  # fmt: skip

    assert line.ask(exchange(125, 121))[:2] == b"\x17\xfa"
    for wrong in (
        exchange(126, 1),
        exchange(0, 1),
        exchange(1, 122),
        exchange(1, 0),
        exchange(1, 2, 3),
        exchange(1, 2, 6),
    ):
        assert refused(line, wrong, 3)


def test_exchange_writes_before_it_reads():
    line = Line()
    assert line.ask("17 00 05 00 02 00 06 00 01 02 AB CD") == pdu("17 04 00 00 AB CD")


def test_an_exchange_whose_read_is_refused_writes_nothing():
    line = Line()
    assert refused(line, b"\x17" + word(SIZE - 1) + pdu("00 02 00 06 00 01 02 AB CD"), 2)
    assert refused(line, "17 FF FF 00 02 00 06 00 01 02 AB CD", 2)
    line.model.refuse_write = 1
    assert refused(line, "17 00 05 00 02 00 06 00 01 02 AB CD", 1)


def test_a_range_that_passes_the_last_address():
    line = Line()
    for function in READS:
        assert refused(line, head(function, 0xFFFF, 2), 2)
        assert refused(line, head(function, 0x10000 - MOST[function] + 1, MOST[function]), 2)
    assert refused(line, head(16, 0xFFFF, 2) + b"\x04\0\0\0\0", 2)
    assert refused(line, head(15, 0xFFFF, 2) + b"\x01\x03", 2)
    assert refused(line, "17 00 00 00 01 FF FF 00 02 04 00 01 00 02", 2)


def test_a_range_that_just_reaches_the_last_address_is_the_models_to_judge():
    class Last(Model):
        def read(self, table, address, count, out, offset, port):
            return 0 if address + count == 0x10000 else 4

    line = Line(Last())
    for function in READS:
        assert line.ask(head(function, 0xFFFF, 1))[0] == function
        assert line.ask(head(function, 0x10000 - MOST[function], MOST[function]))[0] == function


def test_the_models_address_refusal_is_passed_on():
    line = Line()
    for function in READS:
        assert line.ask(head(function, SIZE - 1, 1))[0] == function
        assert refused(line, head(function, SIZE, 1), 2)
        assert refused(line, head(function, SIZE - 1, 2), 2)
    assert refused(line, head(6, SIZE, 1), 2)
    assert refused(line, head(5, SIZE, 0xFF00), 2)
    assert refused(line, head(16, SIZE - 1, 2) + b"\x04\0\0\0\0", 2)
    assert refused(line, b"\x16" + word(SIZE) + b"\0\0\0\0", 2)


def test_a_coil_is_on_or_off():
    line = Line()
    for value in (1, 0xFF, 0xFF01, 0xFE00, 0x0100, 0xFFFF):
        assert refused(line, head(5, 0, value), 3)


def test_every_code_of_the_model_reaches_the_client():
    line = Line()
    for code in (1, 2, 3, 4, 5, 6, 8, 10, 11, 255):
        line.model.refuse = code
        for request in (
            "01 00 00 00 01",
            "03 00 00 00 01",
            "05 00 00 00 00",
            "06 00 00 00 00",
            "0F 00 00 00 01 01 00",
            "10 00 00 00 01 02 00 00",
            "14 07 06 00 01 00 00 00 01",
            "16 00 00 00 00 00 00",
            "17 00 00 00 01 00 00 00 01 02 00 00",
        ):
            assert refused(line, request, code)


def test_a_model_that_answers_nonsense_has_failed():
    line = Line()
    for code in (-1, -3, 256, 1000, "no"):
        line.model.refuse = code
        assert refused(line, "03 00 00 00 01", 4)
        assert refused(line, "06 00 00 00 01", 4)


def test_a_model_that_raises_has_failed_and_the_server_goes_on():
    line = Line()
    line.model.fail = ValueError("broken")
    assert refused(line, "03 00 00 00 01", 4)
    assert refused(line, "10 00 00 00 01 02 00 00", 4)
    line.model.fail = None
    assert line.ask("03 00 00 00 01") == pdu("03 02 00 00")


def test_ctrl_c_and_exit_pass_through():
    for stop in (KeyboardInterrupt, SystemExit):
        line = Line()
        line.model.fail = stop()
        try:
            line.ask("03 00 00 00 01")
            raise AssertionError("swallowed")
        except stop:
            pass
        line.model.fail = None
        assert line.ask("03 00 00 00 01") == pdu("03 02 00 00")


def test_functions_not_served():
    # 7, 11, 12, 21 have a length and are refused at once; the others after a short silence.
    for request in ("07", "0B", "0C", "15 07 06 00 01 00 00 00 00"):
        assert refused(Line(), request, 1)
    for request in ("08 00 00 12 34", "18 00 01", "09", "41 01 02 03", "64", "7F", "2B 0D 00"):
        line = Line()
        assert line.ask(request) == b""
        code = bytes([pdu(request)[0] | 0x80, 1])
        assert line.wait(line.server.settle_ms) == frame(1, code)


def test_optional_functions_exist_only_if_the_model_has_them():
    class Plain:
        def read(self, table, address, count, out, offset, port):
            return 0

    for request in ("11", "14 07 06 00 01 00 00 00 01", "2B 0E 01 00"):
        assert Line(Plain()).ask(request) == bytes([pdu(request)[0] | 0x80, 1])


def test_no_function_with_the_highest_bit_is_ever_answered():
    line = Line()
    for function in (0, 0x80, 0x83, 0xFF):
        assert line.send(frame(1, bytes([function, 2])), 1000) == b""
        assert line.wait(5) == b"" and line.wait(60) == b""


def test_bits_beyond_the_count_are_zero_even_if_the_model_sets_them():
    class Ones(Model):
        def read(self, table, address, count, out, offset, port):
            for i in range((count + 7) // 8):
                assert out[offset + i] == 0
                out[offset + i] = 0xFF
            return 0

    line = Line(Ones())
    assert line.ask("01 00 00 00 0B") == pdu("01 02 FF 07")
    assert line.ask("02 00 00 00 10") == pdu("02 02 FF FF")
    assert line.ask("01 00 00 00 01") == pdu("01 01 01")


def test_the_model_is_told_the_port():
    line = Line()
    line.ask("06 00 00 00 01")
    assert line.model.ports == ["p"]
