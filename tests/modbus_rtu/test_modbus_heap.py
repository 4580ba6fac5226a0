"""Answering a read allocates nothing: proven with a locked heap on MicroPython."""

from modbus_model import Line, frame

from heap_proof import prove_no_allocation


class Asker:
    """Feeds a request in two parts, polls in between, and checks what comes back."""

    def __init__(self, request, reply_length, function):
        self.server = Line().server
        self.first = bytearray(request[:3])
        self.rest = bytearray(request[3:])
        self.reply_length = reply_length
        self.function = function
        self.now_ms = 0

    def step(self):
        server = self.server
        now_ms = self.now_ms
        self.now_ms = now_ms + 100
        sent = server.feed(self.first, 3, now_ms)
        sent += server.poll(now_ms + 7)
        sent += server.feed(self.rest, len(self.rest), now_ms + 8)
        if sent != self.reply_length or sent and server.tx[1] != self.function:
            raise MemoryError  # the server answers 04 when the model, or it, finds no memory
        if server.poll(now_ms + 14) or server.poll(now_ms + 70):
            raise AssertionError


def prove(request, reply_length, function):
    prove_no_allocation(Asker(request, reply_length, function).step)


def test_reads_of_registers():
    for function in (3, 4):
        for count in (1, 10, 125):
            request = frame(1, bytes([function, 0, 4, 0, count]))
            prove(request, 5 + 2 * count, function)


def test_reads_of_bits():
    for function in (1, 2):
        for count in (1, 10, 2000):
            request = frame(1, bytes([function, 0, 4, count >> 8, count & 0xFF]))
            prove(request, 5 + (count + 7) // 8, function)


def test_exceptions():
    prove(frame(1, "03 00 00 00 7E"), 5, 0x83)
    prove(frame(1, "04 FF FF 00 02"), 5, 0x84)
    prove(frame(1, "07"), 5, 0x87)


def test_noise_and_other_units():
    prove(frame(2, bytes([3, 40]) + bytes(40)), 0, 0)
    prove(bytes([9, 9, 9, 0, 0xFF, 2, 3, 200, 1, 16, 0, 0, 0, 1, 9, 0]), 0, 0)


def test_a_model_that_allocates_is_found_out():
    """The proof proves something: on MicroPython it fails for a model that allocates."""
    asker = Asker(frame(1, "03 00 04 00 01"), 7, 3)
    inner = asker.server._model

    class Wasteful:
        def read(self, table, address, count, out, offset, port):
            return inner.read(table, address, count, bytearray(8), 0, port)

    asker.server._model = Wasteful()
    try:
        import micropython  # noqa: F401
    except ImportError:
        return
    try:
        prove_no_allocation(asker.step)
    except AssertionError:
        return
    raise AssertionError("a model that allocates passed")
