"""Answering a read allocates nothing: proven with a locked heap where there is one."""

from modbus_model import Line, frame

try:
    from micropython import heap_lock, heap_unlock
except ImportError:  # CPython has no such lock; there these tests only check the answers

    def heap_lock():
        pass

    def heap_unlock():
        pass


def ask_locked(line, buf, n):
    """Feed in two parts, poll once between: the reply's length, and whether nothing raised."""
    server = line.server
    first = bytearray(3)
    rest = bytearray(n - 3)
    for i in range(n):
        if i < 3:
            first[i] = buf[i]
        else:
            rest[i - 3] = buf[i]
    now_ms = (line.now_ms + 100) & 0x3FFFFFFF
    line.now_ms = now_ms
    heap_lock()
    try:
        sent = server.feed(first, 3, now_ms)
        sent += server.poll(now_ms + 7)
        sent += server.feed(rest, n - 3, now_ms + 8)
        server.poll(now_ms + 9)
    finally:
        heap_unlock()
    return sent


def check(request, length):
    line = Line()
    for _ in range(3):
        assert ask_locked(line, request, len(request)) == length
        assert not line.server.tx[1] & 0x80
    assert line.server.exceptions == 0


def test_reads_of_registers():
    for function in (3, 4):
        for count in (1, 10, 125):
            check(frame(1, bytes([function, 0, 4, 0, count])), 5 + 2 * count)


def test_reads_of_bits():
    for function in (1, 2):
        for count in (1, 10, 2000):
            request = frame(1, bytes([function, 0, 4, count >> 8, count & 0xFF]))
            check(request, 5 + (count + 7) // 8)


def test_noise_other_units_and_refusals():
    line = Line()
    refused = frame(1, "03 00 00 00 7E")
    passing = frame(2, bytes([3, 40]) + bytes(40)) + bytes([9, 9, 9, 0, 0xFF])
    for _ in range(3):
        assert ask_locked(line, refused, len(refused)) == 5
        assert ask_locked(line, passing, len(passing)) == 0
    assert line.server.exceptions == 3 and line.server.other_unit == 3
