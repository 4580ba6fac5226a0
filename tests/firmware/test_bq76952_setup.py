"""What the data memory is to hold: rounded outside ours, and proven byte by byte."""

import struct

import pytest
from bq76952_rig import Rig, bring_up
from hypothesis import given
from hypothesis import strategies as st

from firmware.drivers import bq76952_bringup as bringup
from firmware.drivers.bq76952_setup import (
    COV,
    CUV,
    OCC,
    SCD,
    Setup,
    cell_mask,
    default_channels,
    float_bytes,
)


def setup_of(**values):
    setup = Setup(values.pop("shunt_uohm", 250), values.pop("full_scale_ma", 600_000), bytes(9))
    for name, value in values.items():
        setattr(setup, name, value)
    setup.build()
    return setup


def held(setup, address, form="B"):
    for start, data in setup.runs:
        if start <= address < start + len(data):
            return struct.unpack_from(form, data, address - start)[0]
    raise AssertionError(hex(address))


@pytest.mark.parametrize(
    ("numerator", "denominator", "word"),
    [
        (1234, 1000, 0x3F9DF3B6),  # Libre Solar's tests of its bq769x2 interface
        (996, 100, 0x411F5C29),  # TI's forum, gain for 0.75 milliohm
        (27_432, 1000, 0x41DB74BC),  # TI's forum, BQ76942
        (74_768, 50_000, 0x3FBF67F5),  # a public driver's manifest for 5 milliohm ...
        (74_768 * 2_982_616_178, 50_000 * 10_000, 0x48D9C710),  # ... and its capacity gain
    ],
)
def test_floats_that_others_have_published(numerator, denominator, word):
    assert int.from_bytes(float_bytes(numerator, denominator), "little") == word


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_floats_are_those_of_a_processor_with_floats(numerator, denominator):
    exact = numerator / denominator
    assert struct.unpack("<f", float_bytes(numerator, denominator))[0] == pytest.approx(
        exact, rel=2**-23
    )


def test_gains_of_a_shunt():
    setup = setup_of(shunt_uohm=250)
    gain = held(setup, 0x91A8, "<f")
    assert gain == pytest.approx(7.5684 / 0.25, rel=1e-6)
    assert held(setup, 0x91AC, "<f") == pytest.approx(gain * 298261.6178, rel=1e-6)


@given(
    ov_mv=st.integers(1_500, 4_800),
    uv_mv=st.integers(1_000, 4_500),
    charge_ma=st.integers(1_000, 600_000),
    discharge_ma=st.integers(1_000, 600_000),
    short_ma=st.integers(1_000, 1_500_000),
    delay_ms=st.integers(0, 10_000),
    shunt_uohm=st.integers(50, 1_000),
)
def test_no_armed_threshold_lies_inside_ours(
    ov_mv, uv_mv, charge_ma, discharge_ma, short_ma, delay_ms, shunt_uohm
):
    setup = setup_of(
        ov_mv=ov_mv,
        uv_mv=uv_mv,
        charge_ma=charge_ma,
        discharge_ma=discharge_ma,
        short_ma=short_ma,
        voltage_delay_ms=delay_ms,
        shunt_uohm=shunt_uohm,
    )
    armed = held(setup, 0x9261)
    if armed & COV:
        assert held(setup, 0x9278) * 50.6 >= ov_mv
    if armed & CUV:
        assert held(setup, 0x9275) * 50.6 <= uv_mv
    else:
        assert uv_mv < 20 * 50.6 and setup.unarmed & CUV
    if armed & OCC:
        assert held(setup, 0x9280) * 2_000_000 >= charge_ma * shunt_uohm
    if armed & 0x20:
        assert held(setup, 0x9282) * 2_000_000 >= discharge_ma * shunt_uohm
    if armed & 0x40:
        assert held(setup, 0x9284) >= held(setup, 0x9282)
    if armed & SCD:
        table = (10, 20, 40, 60, 80, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500)
        code = held(setup, 0x9286)
        assert table[code] * 1_000_000 >= short_ma * shunt_uohm
        assert code == 0 or table[code - 1] * 1_000_000 < short_ma * shunt_uohm
    else:
        assert short_ma * shunt_uohm > 500_000_000 and setup.unarmed & SCD
    delay = held(setup, 0x9279, "<H")
    assert delay == held(setup, 0x9276, "<H") and 1 <= delay <= 2_047
    assert (delay + 2) * 3.3 >= min(delay_ms, 6_700)


def test_settings_of_a_veto_without_initiative():
    setup = setup_of(ov_mv=3_750, uv_mv=2_250, short_ma=600_000)
    assert held(setup, 0x9308) & 0x3C == 0x2C  # off at first, controlled, no predischarge
    assert held(setup, 0x9335) == 0  # no balancing of its own; commands accepted
    assert held(setup, 0x9234, "<H") & 0x0100 == 0  # no sleep
    assert held(setup, 0x92B2, "<H") == 2 and held(setup, 0x9263) & 0x02  # host watchdog
    assert held(setup, 0x9267) & 0x02 and held(setup, 0x926B) & 0x02  # ... opens both
    assert (held(setup, 0x9265), held(setup, 0x9269)) == (0x98, 0xE4)  # immediate turn-off
    assert held(setup, 0x9338, "b") == 85 and held(setup, 0x9339) == 3  # balancing: heat, time


def test_limits_nobody_knows_yet_are_as_wide_as_they_go():
    setup = setup_of()
    armed = held(setup, 0x9261)
    assert held(setup, 0x9278) == 110 and not armed & CUV
    assert held(setup, 0x9280) == 62 and held(setup, 0x9282) == 100


@pytest.mark.parametrize(
    ("cells", "mask"),
    [(16, 0xFFFF), (13, 0x8FFF), (3, 0x8003), (15, 0xBFFF)],  # 13: TI's forum
)
def test_cells_of_a_smaller_pack(cells, mask):
    assert cell_mask(default_channels(cells)) == mask


@pytest.mark.parametrize("channels", [[0, 1], [1, 2, 15], [0, 1, 2], [0, 2, 1, 15], [0, 1, 16]])
def test_maps_that_the_chip_cannot_measure(channels):
    assert cell_mask(channels) == 0


def test_current_unit_follows_the_range():
    assert [setup_of(full_scale_ma=ma).unit_ma for ma in (30_000, 300_000, 900_000)] == [
        1,
        10,
        100,
    ]


def test_what_was_written_is_what_the_chip_holds():
    rig = Rig(set_up=False)
    steps, done = bring_up(rig)
    assert done
    for address, data in rig.chip.setup.runs:
        assert rig.model.chip.memory.block(address)[: len(data)] == data
    assert not rig.model.chip.por and rig.model.crc and rig.chip.link.crc
    assert rig.model.chip.manufacturing & 0x10 and rig.fets() == (False, False)


def test_a_chip_that_speaks_crc_already_is_set_up_too():
    rig = Rig()
    steps, done = bring_up(rig)
    assert done and rig.model.crc


def test_without_crc_as_well():
    rig = Rig(crc=False)
    assert not rig.model.crc and rig.readings.cells_valid


def test_a_byte_the_chip_does_not_take_is_named():
    rig = Rig(set_up=False)
    rig.model.chip.memory.held[0x9278] = 86  # over-voltage stays at its default
    steps, done = bring_up(rig)
    assert not done and steps.reason == bringup.DIFFERENT and steps.failed_address == 0x9278
    assert not rig.chip.ready
    rig.switch_on()
    assert rig.fets() == (False, False) and not rig.readings.cells_valid


def test_other_reasons_to_refuse():
    rig = Rig(set_up=False)
    rig.model.silent = True
    assert bring_up(rig)[0].reason == bringup.SILENT
    rig.model.silent = False
    rig.model.device_number = 0x7694
    assert bring_up(rig)[0].reason == bringup.STRANGER
    rig.model.device_number = 0x7695
    rig.model.ignore_config = True
    assert bring_up(rig)[0].reason == bringup.LOCKED
    rig.model.ignore_config = False
    rig.model.chip.permanent = 0x04
    assert bring_up(rig)[0].reason == bringup.NOT_RUNNING
    rig.model.chip.permanent = 0
    assert bring_up(rig)[1]


def test_noise_while_setting_up_costs_time_not_truth():
    rig = Rig(set_up=False)
    rig.model.noise_every = 41
    steps, done = bring_up(rig)
    for _ in range(20):
        if done:
            break
        steps, done = bring_up(rig)
    assert done
    for address, data in rig.chip.setup.runs:
        assert rig.model.chip.memory.block(address)[: len(data)] == data
