"""The client against our server, and against lines that lie, break off or stay silent."""

from modbus_model import Line, frame, pdu, spoil

from modbus_rtu.client import Client, ModbusError, ModbusException, ModbusFrameError, ModbusTimeout


class Transport:
    """A server at the other end; ``chunk`` bytes a read at most; ``mangle`` spoils replies."""

    def __init__(self, chunk=300):
        self.line = Line()
        self.chunk = chunk
        self.sent = []
        self.waiting = b""
        self.mangle = None

    def write(self, data):
        self.sent.append(bytes(data))
        reply = self.line.send(data, 100)
        self.waiting += self.mangle(reply) if self.mangle else reply

    def read(self, max_bytes, timeout_ms):
        assert max_bytes > 0 and timeout_ms == 200
        n = min(max_bytes, self.chunk)
        data = self.waiting[:n]
        self.waiting = self.waiting[n:]
        return data

    def discard(self):
        self.waiting = b""


class Script(Transport):
    """Replies from a list, one a request."""

    def __init__(self, *replies):
        Transport.__init__(self)
        self.replies = list(replies)

    def write(self, data):
        self.sent.append(bytes(data))
        self.waiting += self.replies.pop(0)


def client_to(port, **options):
    return Client(port, timeout_ms=200, **options)


def raised(kind, function, *args):
    try:
        function(*args)
    except kind as error:
        return error
    raise AssertionError("nothing raised")


def test_every_method_against_our_server():
    for chunk in (1, 2, 7, 300):
        port = Transport(chunk)
        model = port.line.model
        client = client_to(port)
        client.write_register(3, 0xABCD)
        client.write_registers(4, [1, 0xFFFF] + [7] * 121)
        assert model.writes[-2:] == [(3, 3, [0xABCD]), (3, 4, [1, 0xFFFF] + [7] * 121)]
        assert client.read_holding(3, 3) == [0xABCD, 1, 0xFFFF]
        assert client.read_holding(2, 125)[:2] == [0, 0xABCD]
        client.mask_write(3, 0x00FF, 0x1200)
        assert client.read_holding(3) == [0x12CD]
        assert client.read_write_registers(3, 2, 4, [9]) == [0x12CD, 9]
        model.tables[4][0] = 0x8001
        assert client.read_input(0, 2) == [0x8001, 0]
        client.write_coil(1, True)
        client.write_coils(2, [1, 0, 1, 1, 0, 0, 0, 0, 1])
        assert client.read_coils(0, 12) == [bool(i in (1, 2, 4, 5, 10)) for i in range(12)]
        client.write_coil(1, False)
        assert client.read_coils(1) == [False]
        client.write_coils(0, [True] * 1968)
        assert client.read_coils(0, 2000) == [True] * 1968 + [False] * 32
        model.tables[2][5] = 1
        assert client.read_discrete(4, 3) == [False, True, False]
        assert client.read_records([(1, 0, 2), (2, 7, 1)]) == [[1000, 1001], [2007]]
        assert len(client.read_records([(1, 0, 121)])[0]) == 121
        assert client.server_id() == b"CW\xff"
        assert port.line.server.crc_errors == 0 and port.line.server.exceptions == 0


def test_identification_over_several_replies():
    for chunk in (1, 300):
        port = Transport(chunk)
        every = {i: b"object %d " % i * 9 for i in (0, 1, 2, 3, 6, 0x80, 0xFE)}
        port.line.model.objects = every
        client = client_to(port)
        assert client.device_objects() == every
        assert sorted(client.device_objects(1)) == [0, 1, 2]
        assert sorted(client.device_objects(2)) == [0, 1, 2, 3, 6]
        assert client.device_objects(4, 0x80) == {0x80: every[0x80]}
        assert raised(ModbusException, client.device_objects, 4, 9).code == 2


def test_an_exception_is_raised_with_its_code_and_not_tried_again():
    port = Transport()
    client = client_to(port)
    for code in (1, 2, 3, 4, 5, 6, 99):
        port.line.model.refuse = code
        before = len(port.sent)
        error = raised(ModbusException, client.read_holding, 0)
        assert error.code == code and str(code) in str(error)
        assert isinstance(error, ModbusError)
        assert len(port.sent) == before + 1


def test_silence_is_retried_and_then_a_timeout():
    for retries in (0, 1, 3):
        port = Script(*[b""] * 4)
        raised(ModbusTimeout, client_to(port, retries=retries).read_holding, 0)
        assert port.sent == [frame(1, "03 00 00 00 01")] * (1 + retries)


def test_a_lost_reply_is_made_good_by_the_retry():
    port = Script(b"", spoil(frame(1, "03 02 00 07")), frame(1, "03 02 00 07"))
    assert client_to(port).read_holding(0) == [7]
    assert len(port.sent) == 3


def test_what_came_before_the_request_is_discarded():
    port = Script(frame(1, "03 02 00 07"))
    port.waiting = frame(1, "03 02 00 09")
    assert client_to(port).read_holding(0) == [7]


def test_noise_before_the_reply_is_skipped():
    reply = frame(1, "03 04 00 07 00 08")
    for noise in (
        b"\0",
        b"\xff" * 30,
        b"\x01",
        b"\x01\x03",
        b"\x01\x03\xfa",
        b"\x01\x83",
        b"\x01\x03\x04",
        frame(2, "03 04 00 01 00 02"),
        frame(1, "04 04 00 01 00 02"),
        spoil(reply),
        reply[:-1],
    ):
        for chunk in (1, 300):
            port = Script(noise + reply)
            port.chunk = chunk
            assert client_to(port, retries=0).read_holding(0, 2) == [7, 8]


def test_broken_replies_are_frame_errors():
    good = frame(1, "03 04 00 07 00 08")
    broken = [good[:n] for n in range(1, len(good))]
    broken += [spoil(good, i) for i in range(len(good))]
    broken += [frame(2, "03 04 00 07 00 08"), frame(1, "04 04 00 07 00 08"), b"\x55" * 300]
    broken += [frame(1, "03 02 00 07"), frame(1, "03 06 00 07 00 08 00 09"), frame(1, "84 02")]
    for reply in broken:
        error = raised(ModbusError, client_to(Script(reply), retries=0).read_holding, 0, 2)
        assert type(error) is ModbusFrameError, reply


def test_endless_noise_ends_in_an_error():
    for noise in (b"\x55" * 5000, b"\x01\x03\xfa" * 2000):
        raised(ModbusFrameError, client_to(Script(noise), retries=0).read_holding, 0)


def test_a_write_must_be_echoed():
    for reply in ("06 00 01 00 02", "06 00 02 00 03"):
        port = Script(frame(1, reply))
        raised(ModbusFrameError, client_to(port, retries=0).write_register, 1, 3)
    port = Script(frame(1, "10 00 01 00 01"))
    raised(ModbusFrameError, client_to(port, retries=0).write_registers, 1, [3, 4])
    port = Script(frame(1, "16 00 01 00 02 00 04"))
    raised(ModbusFrameError, client_to(port, retries=0).mask_write, 1, 2, 3)


def test_records_and_objects_that_do_not_fit_the_request():
    port = Script(frame(1, "14 0A 03 06 00 01 05 06 00 06 00 02"))
    raised(ModbusFrameError, client_to(port, retries=0).read_records, [(1, 0, 2), (1, 5, 1)])
    port = Script(frame(1, "2B 0E 02 81 00 00 00"))
    raised(ModbusFrameError, client_to(port, retries=0).device_objects)
    more = frame(1, "2B 0E 03 83 FF 00 01 00 01 41")
    raised(ModbusFrameError, client_to(Script(more, more), retries=0).device_objects)


def test_a_reply_of_objects_that_lies_about_their_lengths_is_refused():
    port = Script(frame(1, "2B 0E 03 83 00 00 02 00 01 41"))
    raised(ModbusFrameError, client_to(port, retries=0).device_objects)
    port = Script(frame(1, "2B 0E 03 83 00 00 01 00 03 41"))
    raised(ModbusFrameError, client_to(port, retries=0).device_objects)


def test_broadcast_writes_and_does_not_wait():
    port = Transport()
    client = client_to(port, unit=0)
    client.write_register(5, 6)
    client.write_coils(5, [1])
    assert port.line.model.writes == [(3, 5, [6]), (1, 5, [1])]
    raised(ValueError, client.read_holding, 0)
    raised(ValueError, client.server_id)
    assert len(port.sent) == 2


def test_what_no_request_can_hold_is_refused_before_anything_is_sent():
    port = Transport()
    client = client_to(port)
    for call in (
        (client.read_holding, 0, 0),
        (client.read_holding, 0, 126),
        (client.read_input, 65536, 1),
        (client.read_coils, 0, 2001),
        (client.read_discrete, -1, 1),
        (client.write_register, 0, 65536),
        (client.write_register, 0, -1),
        (client.write_registers, 0, []),
        (client.write_registers, 0, [0] * 124),
        (client.write_coils, 0, [0] * 1969),
        (client.read_write_registers, 0, 1, 0, [0] * 122),
        (client.read_write_registers, 0, 126, 0, [0]),
        (client.read_records, []),
        (client.read_records, [(1, 0, 122)]),
        (client.read_records, [(1, 0, 1)] * 36),
    ):
        raised(ValueError, *call)
    raised(ValueError, Client, port, 248)
    assert port.sent == []


def test_the_bytes_that_go_out():
    port = Script(frame(1, "10 00 01 00 02"))
    client_to(port).write_registers(1, [0x000A, 0x0102])
    assert port.sent == [frame(1, pdu("10 00 01 00 02 04 00 0A 01 02"))]
