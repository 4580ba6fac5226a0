"""A UART on an RS485 line: byte times, buffers, and the driver-enable pin."""

from cellwarden_host.sim.uart_line import UartLine

BYTE_US = 1_000_000 * 10 // 9600


def line(rxbuf=256, txbuf=256, gated=True):
    """A line at 9600 baud, and what it delivers."""
    delivered = []
    made = UartLine(lambda end_us, data: delivered.append((end_us, data)), gated)
    made.configure(9600, 10, rxbuf, txbuf, 0)
    return made, delivered


def test_received_bytes_arrive_one_byte_time_apart():
    uart, _ = line()
    uart.receive(b"abc", 0)
    for count in range(4):
        uart.pump(count * BYTE_US + count)
        assert bytes(uart.ring) == b"abc"[:count]


def test_a_second_burst_waits_for_the_first():
    uart, _ = line()
    uart.receive(b"ab", 0)
    uart.receive(b"c", 0)
    uart.pump(2 * BYTE_US + 2)
    assert bytes(uart.ring) == b"ab"
    uart.pump(3 * BYTE_US + 3)
    assert bytes(uart.ring) == b"abc"


def test_a_full_ring_then_a_full_fifo_then_loss():
    uart, _ = line(rxbuf=16)
    uart.receive(bytes(range(60)), 0)
    uart.pump(100 * BYTE_US)
    assert bytes(uart.ring) == bytes(range(16))
    assert uart.lost_bytes == 60 - 16 - 32
    assert uart.take(100, 100 * BYTE_US) == bytes(range(16))
    assert uart.take(100, 100 * BYTE_US) == bytes(range(16, 32))
    assert uart.take(100, 100 * BYTE_US) == bytes(range(32, 48))


def test_only_the_fifo_receives_while_the_processor_stands_still():
    uart, _ = line()
    uart.stalled = True
    uart.receive(bytes(range(50)), 0)
    uart.pump(100 * BYTE_US)
    uart.stalled = False
    uart.pump(100 * BYTE_US)
    assert bytes(uart.ring) == bytes(range(32))
    assert uart.lost_bytes == 18


def test_a_port_nobody_has_opened_hears_nothing():
    uart = UartLine(lambda *_: None)
    uart.receive(b"abc", 0)
    uart.pump(1_000_000)
    assert not uart.ring and uart.lost_bytes == 3


def test_a_reply_is_delivered_whole_when_its_last_bit_is_out():
    uart, delivered = line()
    uart.set_driver_enable(1, 0)
    assert uart.write(b"reply", 0) == 5
    uart.pump(5 * BYTE_US - 10)
    assert delivered == []
    uart.pump(5 * BYTE_US + 10)
    assert [data for _, data in delivered] == [b"reply"]
    assert abs(delivered[0][0] - 5 * BYTE_US) < 10


def test_bytes_still_shifting_out_when_the_driver_lets_go_are_lost():
    uart, delivered = line()
    uart.set_driver_enable(1, 0)
    uart.write(b"reply", 0)
    uart.set_driver_enable(0, 2 * BYTE_US + 100)  # in the middle of the third byte
    uart.pump(10 * BYTE_US)
    assert [data for _, data in delivered] == [b"re"]


def test_a_byte_whose_start_bit_came_before_the_driver_is_lost():
    uart, delivered = line()
    uart.write(b"xyz", 0)
    uart.set_driver_enable(1, BYTE_US // 2)
    uart.pump(10 * BYTE_US)
    assert [data for _, data in delivered] == [b"yz"]


def test_nothing_is_heard_while_sending():
    uart, _ = line()
    uart.receive(b"abcd", 0)
    uart.set_driver_enable(1, BYTE_US + 100)
    uart.set_driver_enable(0, 2 * BYTE_US + 100)
    uart.pump(10 * BYTE_US)
    assert bytes(uart.ring) == b"ad"


def test_a_line_without_a_driver_pin_hears_and_sends_at_once():
    uart, delivered = line(gated=False)
    uart.write(b"out", 0)
    uart.receive(b"in", 0)
    uart.pump(10 * BYTE_US)
    assert bytes(uart.ring) == b"in" and delivered[0][1] == b"out"


def test_a_write_beyond_the_buffers_is_taken_in_part():
    uart, _ = line(txbuf=64)
    assert uart.write(bytes(200), 0) == 64 + 32
    assert uart.write(bytes(200), 0) == 0
    assert uart.write(bytes(200), 10_500) == 10


def test_a_reset_forgets_what_was_on_the_way():
    uart, delivered = line()
    uart.set_driver_enable(1, 0)
    uart.write(b"reply", 0)
    uart.receive(b"abc", 0)
    uart.power_off(100)
    uart.configure(9600, 10, 256, 256, 100)
    uart.pump(1_000_000)
    assert delivered == [] and not uart.ring
