"""Frames of the BQ76952's driver, against bytes that others have published."""

import pytest
from bq76952_rig import Clock, Rig
from hypothesis import given
from hypothesis import strategies as st

import firmware.clock
from cellwarden_host.sim.bq76952_model import crc8 as models_crc8
from firmware.drivers.bq76952_link import Bq76952Link, crc8


class Tape:
    """An I2C bus that keeps what was written and answers what was laid down."""

    def __init__(self, *answers):
        self.written = []
        self.answers = list(answers)

    def writeto(self, _address, data, _stop=True):
        self.written.append(bytes(data))

    def readfrom_into(self, _address, into):
        into[:] = self.answers.pop(0)


def link_of(*answers, crc=True):
    firmware.clock.install(Clock())
    tape = Tape(*answers)
    return tape, Bq76952Link(tape, 0x08, crc)


def test_fet_enable_with_crc_as_in_tis_guide():
    # SLUAA11, figure 4-1: [0x10 0x3E 0x22] has 0x63, [0x00] has 0x00
    tape, link = link_of()
    assert link.command(0x0022)
    assert tape.written == [bytes((0x3E, 0x22, 0x63, 0x00, 0x00))]


@pytest.mark.parametrize(
    ("data", "checks"),
    [
        ((0x68, 0x0B), (0x33, 0x31)),  # SLUAA11, figure 4-2
        ((0xC5, 0x0B), (0x79, 0x31)),  # SLUAAM4, figure 4-2
    ],
)
def test_a_cell_with_crc_as_in_tis_guides(data, checks):
    tape, link = link_of(bytes((data[0], checks[0], data[1], checks[1])))
    assert link.read(0x14, 2)
    assert bytes(link.data[:2]) == bytes(data)
    assert tape.written == [b"\x14"]


def test_alarm_enable_as_in_tis_guide():
    tape, link = link_of(crc=False)  # SLUAA11, table 1-1: 0xF082 to 0x66
    link.out[0], link.out[1] = 0x82, 0xF0
    assert link.write(0x66, 2)
    assert tape.written == [bytes((0x66, 0x82, 0xF0))]


@pytest.mark.parametrize(
    ("address", "data", "check"),
    [
        (0x9180, b"\x7a\x30", 0x44),  # SLUUBY2, "Data Memory Access"
        (0x9261, b"\x8c", ~(0x61 + 0x92 + 0x8C) & 0xFF),  # SLUAA11, 3.3: its rule, its bytes
        (0x9180, b"\xb6\xf3\x9d\x3f", ~(0x91 + 0x80 + 0xB6 + 0xF3 + 0x9D + 0x3F) & 0xFF),
        (0x9180, b"\x00\x80", ~(0x91 + 0x80 + 0x80) & 0xFF),  # both: Libre Solar's tests
        (0x5678, b"\xab", 0x86),  # JaskRendix/bq76952, tests of the Rust driver
    ],
)
def test_data_memory_frames(address, data, check):
    tape, link = link_of(crc=False)
    link.out[2 : 2 + len(data)] = data
    link.prepare([len(data) + 2])
    assert link.send(address, len(data))
    assert tape.written == [
        bytes((0x3E, address & 0xFF, address >> 8)) + data,
        bytes((0x60, check, len(data) + 4)),
    ]


def test_an_answer_needs_its_own_address_length_and_sum():
    good = [b"\x01\x00", bytes((~(0x95 + 0x76 + 1) & 0xFF, 6)), b"\x95\x76"]
    _, link = link_of(*good, crc=False)
    assert link.fetch(0x0001) == 2 and bytes(link.data[:2]) == b"\x95\x76"
    for i, bad in ((0, b"\xff\xff"), (1, b"\x00\x06"), (1, bytes((good[1][0], 3)))):
        answers = list(good)
        answers[i] = bad
        _, link = link_of(*answers, crc=False)
        assert link.fetch(0x0001) == -1


@given(st.binary(min_size=1, max_size=70))
def test_two_ways_of_forming_the_check_agree(data):
    assert crc8(data, len(data)) == models_crc8(data)


def test_a_read_is_repeated_with_its_register_and_counted():
    bad, good = bytes((0x68, 0x32, 0x0B, 0x31)), bytes((0x68, 0x33, 0x0B, 0x31))
    tape, link = link_of(bad, good)
    assert link.read(0x14, 2)
    assert tape.written == [b"\x14", b"\x14"]
    assert link.crc_errors == 1


def test_attempts_are_bounded():
    bad = bytes((0x68, 0x32, 0x0B, 0x31))
    tape, link = link_of(*[bad] * 10)
    assert not link.read(0x14, 2)
    assert len(tape.written) == 3 and link.crc_errors == 3


def test_every_single_bit_error_is_found():
    rig = Rig()
    frame = bytes((0x68, 0x33, 0x0B, 0x31))
    for bit in range(32):
        spoiled = bytearray(frame)
        spoiled[bit // 8] ^= 1 << bit % 8
        _, link = link_of(*[bytes(spoiled)] * 3)
        assert not link.read(0x14, 2), bit
    assert rig.chip.ready


def test_fet_control_has_its_own_order_of_bits():
    rig = Rig()
    rig.bus.listening = True
    rig.switch_on(charge=True, discharge=False)
    assert rig.fets() == (True, False)
    payloads = [f[5] for f in rig.bus.frames if f[:2] == b"\x3e\x97"]
    assert payloads[0] == 0x0B  # CHG free; DSG, PDSG, PCHG off
    rig.commands.charge, rig.commands.discharge = False, True
    rig.run_ms(200)
    payloads = [f[5] for f in rig.bus.frames if f[:2] == b"\x3e\x97"]
    assert payloads[-1] == 0x0E and rig.fets() == (False, True)
    assert rig.chip.fet_status == 0x04
