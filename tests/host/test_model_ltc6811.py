"""The LTC6811 chain behaves as its data sheet says.

Command and checksum bytes are those that the Rust driver atlas-aero/rt-LTC681X tests against.
"""

import pytest
from model_bench import (
    ADAX,
    ADCV,
    ADCV_DCP,
    ADSTAT,
    RDAUX,
    RDCFGA,
    RDCV,
    RDSTATA,
    RDSTATB,
    REF_ON,
    Bench,
    framed,
)

from cellwarden_host.sim.ltc6811_model import pec15


@pytest.mark.parametrize(
    ("data", "pec"),
    [
        ("0001", "3d6e"),
        ("0002", "2b0a"),
        ("0004", "07c2"),
        ("0006", "9a94"),
        ("0008", "5e52"),
        ("000a", "c304"),
        ("000c", "efcc"),
        ("000e", "729a"),
        ("0010", "ed72"),
        ("0012", "7024"),
        ("0360", "f46c"),
        ("0370", "af42"),
        ("0560", "d3a0"),
        ("0568", "3bae"),
        ("3267f21e5f24", "379e"),
        ("cd62111f8324", "9884"),
        ("c9627c1c1a21", "1be6"),
        ("1a597450606d", "89d8"),
        ("68bf0056002b", "5ac4"),
    ],
)
def test_pec15_vectors(data, pec):
    assert pec15(bytes.fromhex(data)).to_bytes(2, "big").hex() == pec


def test_cells_read_what_the_cells_have_within_the_total_error():
    bench = Bench()
    for code, mv in zip(bench.cells(), bench.truth["cell_mv"], strict=True):
        assert abs(code / 10 - mv) < 1.5


def test_every_mode_converts_and_takes_its_time():
    times = {(1, 0): 1121, (2, 0): 2343, (3, 0): 201_325, (0, 0): 12_816}
    times |= {(1, 1): 1296, (2, 1): 3041, (3, 1): 4437, (0, 1): 7230}
    for (md, adcopt), us in times.items():
        bench = Bench()
        config = bytes([REF_ON[0] | adcopt]) + REF_ON[1:]
        bench.write_config(config, config)
        bench.wait(5000)
        bench.command(0x711)
        bench.command(0x260 | md << 7)
        start = bench.t
        while bench.t < start + us * 0.95 - 200:
            assert bench.words(RDCV[:1])[0] == 0xFFFF
            bench.wait(us // 20)
        bench.wait(us // 5 + 500)
        assert 37_000 < bench.words(RDCV[:1])[0] < 39_000


def test_results_before_the_end_of_a_conversion_are_the_old_ones():
    bench = Bench()
    before = bench.cells()
    bench.plant.inject("cell", 1, 4000)
    bench.command(ADCV)
    assert bench.words(RDCV) == before
    bench.wait(3000)
    assert abs(bench.words(RDCV)[0] - 40_000) < 15


def test_without_the_reference_a_conversion_waits_for_it():
    bench = Bench()
    bench.write_config(bytes([0xF8, 0, 0, 0, 0, 0]), bytes([0xF8, 0, 0, 0, 0, 0]))
    bench.command(0x711)
    bench.command(ADCV)
    bench.wait(3000)
    assert bench.words(RDCV[:1])[0] == 0xFFFF
    bench.wait(4000)
    assert bench.words(RDCV[:1])[0] != 0xFFFF


def test_polling_answers_low_until_done():
    bench = Bench()
    bench.command(ADCV)
    assert bench.command(0x714, read=2) == b"\0\0"
    bench.wait(2400)
    assert bench.command(0x714, read=2)[-1] == 0xFF


def test_writes_shift_the_far_chip_first_and_reads_answer_near_first():
    bench = Bench()
    near = bytes([0xFC, 1, 2, 3, 0, 0])
    far = bytes([0xFC, 4, 5, 6, 0, 0])
    bench.write_config(near, far)
    (first, good), (second, good2) = bench.groups(RDCFGA)
    assert good and good2
    assert first[1:] == near[1:] and second[1:] == far[1:]


def test_a_bad_command_pec_is_ignored_and_a_bad_data_pec_spoils_one_chip():
    bench = Bench()
    bench.command(0x711)
    bench.raw(bytes([0x03, 0x60, 0xF4, 0x6D]))
    bench.wait(4000)
    assert bench.words(RDCV)[0] == 0xFFFF
    data = bytes([0xFC, 9, 9, 9, 0, 0])
    bad = bytearray(framed(data))
    bad[7] ^= 2
    bench.command(0x001, framed(data) + bytes(bad))
    (near, _), (far, _) = bench.groups(RDCFGA)
    assert near[1:] == REF_ON[1:] and far[1:] == data[1:]


def test_an_idle_port_loses_the_first_selection():
    bench = Bench()
    bench.wake()
    bench.wait(3000)
    assert bench.raw(framed([0, 2]) + b"\xff" * 16)[4:] != b"\xff" * 16
    bench.wait(8000)
    assert bench.raw(framed([0, 2]) + b"\xff" * 16)[4:] == b"\xff" * 16
    bench.wait(100)
    assert bench.raw(framed([0, 2]) + b"\xff" * 16)[4:] != b"\xff" * 16


def test_a_woken_port_needs_ten_microseconds_a_chip():
    bench = Bench()

    def wake_then_read(gap_us):
        bench.wait(8000)
        bench.chain.select(bench.t)
        bench.chain.deselect(bench.t)
        bench.t += gap_us
        return bench.raw(framed([0, 2]) + b"\xff" * 16)[4:] != b"\xff" * 16

    assert not wake_then_read(15)
    assert wake_then_read(25)


def test_the_overlap_command_measures_cell_7_twice():
    bench = Bench()
    bench.command(0x711)
    bench.command(0x301)
    bench.wait(2000)
    codes = bench.words(RDCV)
    assert codes[5] == codes[8] == 0xFFFF
    assert abs(codes[6] - codes[7]) < 15
    assert abs(codes[6] / 10 - bench.truth["cell_mv"][6]) < 1.5


def test_two_seconds_of_silence_lose_configuration_and_discharge():
    bench = Bench()
    on = bytes([0xFC, 7, 7, 7, 0x01, 0])
    bench.write_config(on, REF_ON)
    assert bench.truth["balancing"] == [0]
    bench.wait(1_900_000)
    assert bench.groups(RDCFGA)[0][0][1] == 7
    bench.wait(2_100_000)
    bench.plant.chain.check(bench.t)
    assert bench.truth["balancing"] == []
    bench.wake()
    assert bench.groups(RDCFGA)[0][0][1:] == b"\0\0\0\0\0"


def test_a_sleeping_chain_wakes_chip_by_chip():
    bench = Bench()
    bench.wait(3_000_000)
    bench.chain.select(bench.t)
    bench.chain.deselect(bench.t)
    bench.wait(500)
    near, far = bench.groups(RDCFGA)
    assert near[1] and far[0] == b"\xff" * 6
    bench.wait(500)
    assert bench.groups(RDCFGA)[1][1]


def test_discharge_timer_keeps_balancing_through_a_watchdog():
    bench = Bench()
    bench.write_config(bytes([0xFC, 0, 0, 0, 1, 0x10]), REF_ON)  # half a minute
    bench.wait(20_000_000)
    bench.chain.check(bench.t)
    assert bench.truth["balancing"] == [0]
    bench.wait(12_000_000)
    bench.chain.check(bench.t)
    assert bench.truth["balancing"] == []


def test_reading_while_discharging_is_depressed_unless_discharge_pauses():
    bench = Bench(wire_mohm=200)
    rest = bench.cells(ADCV)
    bench.write_config(bytes([0xFC, 0, 0, 0, 0x04, 0]), REF_ON)
    paused = bench.cells(ADCV)
    through = bench.cells(ADCV_DCP)
    assert abs(paused[2] - rest[2]) < 15
    assert rest[2] - through[2] > 80  # 34 mA through two wires of 0.2 ohm: 14 mV
    assert through[1] - rest[1] > 30 and through[3] - rest[3] > 30


def test_clear_commands_fill_with_ones():
    bench = Bench()
    bench.cells()
    for code in (0x711, 0x712, 0x713):
        bench.command(code)
    assert set(bench.words(RDCV)) == {0xFFFF}
    assert set(bench.words(RDAUX)) == {0xFFFF}
    data = bench.groups(RDSTATB)[0][0]
    assert data[2:5] == b"\xff\xff\xff" and data[5] & 3 == 3
    assert bench.groups(RDSTATB)[0][0][5] & 1 == 0  # reading cleared THSD


@pytest.mark.parametrize(
    ("md", "adcopt", "first", "second"),
    [(1, 0, 0x9565, 0x6A9A), (1, 1, 0x9553, 0x6AAC), (2, 0, 0x9555, 0x6AAA)],
)
def test_self_test_patterns(md, adcopt, first, second):
    bench = Bench()
    config = bytes([REF_ON[0] | adcopt]) + REF_ON[1:]
    bench.write_config(config, config)
    for test, pattern in ((1, first), (2, second)):
        for base, codes in ((0x207, RDCV), (0x407, RDAUX), (0x40F, (RDSTATA,))):
            bench.command(base | md << 7 | test << 5)
            bench.wait(10_000)
            assert set(bench.words(codes)) == {pattern}


def test_diagn_clears_or_shows_muxfail():
    bench = Bench()
    bench.plant.inject("chip_mux_fail", 2)
    bench.command(0x713)
    bench.command(0x715)
    bench.wait(6000)
    near, far = (data for data, _ in bench.groups(RDSTATB))
    assert not near[5] & 2 and far[5] & 2


def test_status_group_shows_sum_temperature_and_supplies():
    bench = Bench()
    bench.command(ADSTAT)
    bench.wait(3000)
    words = bench.words((RDSTATA,))
    assert abs(words[0] * 2 - sum(bench.truth["cell_mv"][:12])) < 30
    assert abs(words[1] / 75 - 273 - 30) < 3
    assert 45_000 < words[2] < 55_000


def test_flags_follow_the_thresholds():
    bench = Bench()
    bench.plant.inject("cell", 3, 4300)
    bench.plant.inject("cell", 16, 2500)
    under, over = 3_200_000 // 1600 - 1, 4_160_000 // 1600  # the Rust driver's 0xCF 0x87 0xA2
    config = bytes([0xFC, under & 0xFF, under >> 8 | (over & 15) << 4, over >> 4, 0, 0])
    assert config[1:4] == bytes([0xCF, 0x87, 0xA2])
    bench.write_config(config, config)
    bench.cells()
    near, far = (data for data, _ in bench.groups(RDSTATB))
    assert near[2:5] == bytes([1 << 5, 0, 0])
    assert far[2:5] == bytes([1 << 6, 0, 0])


def test_thermistors_and_their_reference():
    bench = Bench(ambient_dc=250)
    bench.command(ADAX)
    bench.wait(5000)
    words = bench.words(RDAUX)
    assert words[5] == pytest.approx(30_000, abs=30)
    for i in (0, 1, 2, 3, 6, 7):
        assert words[i] == pytest.approx(15_000, abs=60)


def test_a_gpio_pulled_down_by_configuration_reads_nothing():
    bench = Bench()
    bench.write_config(bytes([0xF4, 0, 0, 0, 0, 0]), REF_ON)
    bench.command(ADAX)
    bench.wait(5000)
    words = bench.words(RDAUX)
    assert words[0] < 20 < words[1]


def test_cells_with_two_thermistors_in_one_command():
    bench = Bench()
    bench.command(0x711)
    bench.command(0x712)
    bench.command(0x56F)
    bench.wait(4000)
    assert bench.words(RDCV)[11] != 0xFFFF
    aux = bench.words(RDAUX)
    assert aux[0] != 0xFFFF and aux[1] != 0xFFFF and aux[2] == 0xFFFF
    bench.command(0x567)  # cells and their sum
    bench.wait(8000)
    assert abs(bench.words((RDSTATA,))[0] * 2 - sum(bench.truth["cell_mv"][:12])) < 30


def test_a_chip_starved_below_its_supply_answers_nothing():
    bench = Bench()
    for cell in range(1, 13):
        bench.plant.inject("cell", cell, 900)
    assert bench.command(RDCFGA, read=16) == b"\xff" * 16
    for cell in range(1, 13):
        bench.plant.inject("cell", cell, 3700)
    bench.wake()
    assert bench.groups(RDCFGA)[0][0][1:] == b"\0\0\0\0\0"


def test_unused_channels_read_nothing():
    bench = Bench(cells=21)
    codes = bench.cells()
    assert [i for i, code in enumerate(codes) if code < 20] == [11, 22, 23]
