"""The display's port: PIO programs bit by bit, DMA into a ring, and nothing to be written."""

import importlib
from types import SimpleNamespace

import pytest
from pio_rig import Chip, Pin

from firmware.display_port import PORT_DISPLAY, ReadOnly, display_port
from modbus_rtu import crc

CYCLES = 8  # of a bit
FRAME = 10 * CYCLES


def frame(*body):
    data = bytearray((*body, 0, 0))
    crc.append(data, len(body))
    return bytes(data)


class Uart:
    def __init__(self, monkeypatch, machines=(0, 1)):
        self.chip = Chip()
        self.chip.install(monkeypatch)
        module = importlib.import_module("firmware.drivers.pio_uart")
        self.module = module
        self.port = module.PioUart(machines, 115_200, Pin(), Pin())

    def run(self, cycles, line=None):
        for _ in range(cycles):
            self.chip.cycle(line)

    def levels(self, cycles):
        """What the sending pin is at, cycle by cycle."""
        seen = []
        for _ in range(cycles):
            self.chip.cycle(1)
            seen.append(self.chip.machines[0].pin)
        return seen

    def hear(self, *bits):
        """Bits on the receiving line, each of them whole."""
        for bit in bits:
            self.run(CYCLES, bit)

    def hear_bytes(self, data):
        for byte in data:
            self.hear(0, *(byte >> i & 1 for i in range(8)), 1)

    def take(self):
        waiting = self.port.any()
        buf = bytearray(waiting)
        self.port.readinto(buf, waiting)
        return bytes(buf)


@pytest.fixture
def uart(monkeypatch):
    return Uart(monkeypatch)


def test_a_byte_leaves_as_start_bit_eight_bits_lowest_first_and_stop_bit(uart):
    uart.run(20, 1)
    uart.port.write(b"\x53\xff", 2)
    levels = uart.levels(2 * FRAME + 8)
    start = levels.index(0)
    bits = [levels[start + CYCLES * i + CYCLES // 2] for i in range(20)]
    assert bits == [0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0, *[1] * 9]
    changes = [i - start for i in range(1, len(levels)) if levels[i] != levels[i - 1]]
    assert all(change % CYCLES == 0 for change in changes)


def test_it_is_done_when_the_last_byte_leaves(uart):
    uart.port.write(bytes(30), 30)
    uart.run(20 * FRAME)
    assert not uart.port.txdone()
    uart.run(11 * FRAME)
    assert uart.port.txdone()


@pytest.mark.parametrize("byte", [0x00, 0xFF, 0x55, 0xAA, 0x01, 0x80])
def test_a_byte_is_heard_and_so_is_the_next_without_a_pause(uart, byte):
    uart.hear(1)
    uart.hear_bytes((byte, byte ^ 0xFF))
    uart.hear(1)
    assert uart.take() == bytes((byte, byte ^ 0xFF))


def test_a_line_held_low_is_not_a_byte_and_what_follows_is_heard(uart):
    uart.hear(1, *[0] * 25, 1, 1)
    assert uart.take() == b""
    uart.hear_bytes(b"ok")
    uart.hear(1)
    assert uart.take() == b"ok"


def test_a_sender_two_percent_off_is_understood(uart):
    for numerator in (98, 102):
        bits = [1, 1]
        for byte in b"\x55\x00\xff\x37":
            bits += [0, *(byte >> i & 1 for i in range(8)), 1]
        length = len(bits) * CYCLES * numerator // 100
        for cycle in range(length):
            uart.chip.cycle(bits[cycle * 100 // numerator // CYCLES])
        uart.hear(1, 1)
        assert uart.take() == b"\x55\x00\xff\x37"


def test_the_ring_goes_round_and_nothing_is_lost_that_is_fetched_in_time(uart):
    uart.hear(1)
    sent, got = b"", b""
    for i in range(20):
        piece = bytes((i * 50 + j) & 0xFF for j in range(50))
        uart.hear_bytes(piece)
        uart.hear(1)
        sent += piece
        got += uart.take()
    assert got == sent


def test_more_than_a_ring_in_one_go_counts_as_nothing_and_it_hears_on(uart):
    uart.hear(1)
    uart.hear_bytes(bytes(300))
    uart.hear(1)
    assert uart.take() == b""
    uart.hear_bytes(b"again")
    uart.hear(1)
    assert uart.take() == b"again"


def test_a_channel_that_is_nearly_used_up_starts_anew(uart, monkeypatch):
    monkeypatch.setattr(uart.module, "_COUNT", 0x10000 + 512)
    uart.port._listen()
    uart.hear(1)
    for i in range(30):
        piece = bytes((i + j) & 0xFF for j in range(40))
        uart.hear_bytes(piece)
        uart.hear(1)
        assert uart.take() == piece
        assert uart.port.any() == 0
    assert uart.chip.channels[1].count > 0x10000


def test_each_channel_is_paced_by_its_own_state_machine(monkeypatch):
    """Requests in the datasheet's order: PIO0 TX0-3, RX0-3, then PIO1's."""
    uart = Uart(monkeypatch, (5, 6))
    uart.port.write(b"x", 1)
    out, into = (channel.ctrl for channel in uart.chip.channels)
    assert (out["treq_sel"], into["treq_sel"]) == (9, 14)
    assert into["ring_sel"] and not into["inc_read"] and not out["inc_write"]
    assert uart.chip.machines[0].freq == 8 * 115_200


class Map:
    def __init__(self):
        self.ports = []

    def read(self, table, address, count, out, offset, port):
        self.ports.append(port)
        for i in range(count):
            out[offset + 2 * i] = 0
            out[offset + 2 * i + 1] = address + i
        return 0

    def write(self, *_):
        raise AssertionError("a display wrote")

    read_record = server_id = device_object = None


def served(monkeypatch):
    uart = Chip()
    uart.install(monkeypatch)
    board = SimpleNamespace(DISPLAY_PIO=(0, 1), PINS={"display_tx": 3, "display_rx": 28})
    registers = Map()
    machine = SimpleNamespace(
        Pin=lambda _number: Pin(), Timer=SimpleNamespace(ONE_SHOT=0)
    )  # a timer made of it would raise
    port = display_port(board, machine, registers)
    port.configure(1, 115_200)
    port.step(0)
    return uart, port, registers


def exchange(chip, port, request):
    """A request over the line, until the reply has left: its bytes, received by the same rig."""
    far = []
    for bit in (1, *[b for byte in request for b in (0, *(byte >> i & 1 for i in range(8)), 1)]):
        for _ in range(CYCLES):
            chip.cycle(bit)
    levels = []
    now_ms = 10
    for _ in range(60):
        now_ms += 2
        port.step(now_ms)
        for _ in range(184):  # 2 ms at this rate are 1843 cycles; time is not what is tested
            chip.cycle(1)
            levels.append(chip.machines[0].pin)
    at = 0
    while 0 in levels[at:]:
        at = levels.index(0, at)
        bits = [levels[at + CYCLES * i + CYCLES // 2] for i in range(1, 9)]
        far.append(sum(bit << i for i, bit in enumerate(bits)))
        at += FRAME - 2
    return bytes(far)


def test_a_request_is_answered_again_and_again_without_a_timer(monkeypatch):
    chip, port, registers = served(monkeypatch)
    for _ in range(2):
        reply = exchange(chip, port, frame(1, 3, 0, 7, 0, 2))
        assert reply == frame(1, 3, 4, 0, 7, 0, 8)
    assert set(registers.ports) == {PORT_DISPLAY}


def test_a_write_is_refused(monkeypatch):
    chip, port, _ = served(monkeypatch)
    assert exchange(chip, port, frame(1, 6, 0, 7, 0, 2)) == frame(1, 0x86, 1)


def test_on_a_controller_with_a_third_uart_it_is_that_one():
    board = SimpleNamespace(DISPLAY_UART=2, PINS={"display_tx": 3, "display_rx": 28})
    opened = []

    class Hardware:
        def __init__(self, number, **options):
            opened.append((number, options["baudrate"]))

        def any(self):
            return 0

    machine = SimpleNamespace(
        Pin=lambda _number: Pin(), Timer=SimpleNamespace(ONE_SHOT=0), UART=Hardware
    )
    port = display_port(board, machine, Map())
    port.configure(1, 115_200)
    port.step(0)
    assert opened == [(2, 115_200)]


def test_nobody_holds_a_session_on_it():
    from cellwarden import ids
    from cellwarden.access import Access

    access = Access(bytes)
    assert access.role(PORT_DISPLAY) == ids.ROLE_ANYONE
    assert ReadOnly(Map()).write(3, 0, 1, b"", 0, PORT_DISPLAY) == 1
