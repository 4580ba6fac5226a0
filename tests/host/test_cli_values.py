"""Names and values as people type and read them, all from the schema."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.tables import rows
from cellwarden_host import catalog, units
from cellwarden_host.problems import BadInput

SETTING = catalog.SETTING


@pytest.mark.parametrize(
    ("name", "typed", "count"),
    [
        ("cell_ov1_mv", "4200", 4200),
        ("cell_ov1_mv", "4.2V", 4200),
        ("cell_ov1_mv", "4.2 v", 4200),
        ("cell_ov1_mv", "4200mV", 4200),
        ("charge_current_ma", "40A", 40_000),
        ("capacity_mah", "100Ah", 100_000),
        ("charge_ot_dc", "45C", 450),
        ("charge_ot_dc", "450", 450),
        ("charge_ut_dc", "-5.5°C", -55),
        ("cell_ov_delay_ms", "5s", 5000),
        ("rest_minutes", "1h", 60),
        ("rs485_1_baud", "19200 baud", 192),
        ("full_current_permille", "5%", 50),
        ("pack_ov_mv", "auto", 0),
        ("temps_fitted", "0x3F", 63),
        ("chemistry", "LFP", 2),
        ("chemistry", "na-layered", 4),
        ("heater_mode", "always", 3),
        ("charge_wanted", "off", 0),
    ],
)
def test_value_is_understood(name, typed, count):
    assert units.parse(SETTING[name], typed) == count


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("cell_ov1_mv", "4.2A", "mV"),
        ("cell_ov1_mv", "4.2005V", "finer"),
        ("cell_ov1_mv", "high", "number"),
        ("cell_ov1_mv", "", "number"),
        ("cell_ov1_mv", "auto", "automatic"),
        ("cell_ov1_mv", "1e3", "number"),
        ("cell_ov1_mv", "nan", "number"),
        ("charge_ot_dc", "45.55C", "finer"),
        ("chemistry", "lipo", "nmc"),
        ("chemistry", "9", "nmc"),
        ("temps_fitted", "0xZZ", "number"),
    ],
)
def test_value_that_cannot_be_meant_is_refused_with_what_would_be(name, typed, told):
    with pytest.raises(BadInput) as problem:
        units.parse(SETTING[name], typed)
    assert name in str(problem.value) and told in str(problem.value)


@given(st.sampled_from(catalog.SETTINGS), st.data())
def test_what_is_shown_can_be_typed_back(row, data):
    count = data.draw(st.integers(row.low, row.high))
    assert units.parse(row, units.text(row, count)) == count


@given(st.sampled_from([*catalog.SETTINGS, *catalog.READINGS]), st.data())
def test_registers_carry_every_value_of_the_range(row, data):
    counts = [data.draw(st.integers(row.low, row.high)) for _ in range(row.count)]
    words = [word for count in counts for word in catalog.encode(row, count)]
    assert all(0 <= word <= 0xFFFF for word in words)
    assert catalog.decode(row, words) == counts


def test_absent_is_none_only_where_no_value_can_be_it():
    current, bits = catalog.READING["current_ma"], catalog.READING["balancing_low"]
    assert catalog.decode(current, [0x7FFF, 0xFFFF]) == [None]
    assert catalog.decode(catalog.READING["temp_max_dc"], [0x7FFF]) == [None]
    assert catalog.decode(bits, [0x7FFF]) == [0x7FFF]
    assert catalog.decode(SETTING["current_offset_ma"], [0xFFFF, 0xFFFF]) == [-1]


def test_every_schema_unit_can_be_shown():
    for row in (*catalog.SETTINGS, *catalog.READINGS):
        assert row.unit in units.SCHEMA_UNITS
        assert units.text(row, row.high)


def test_short_names_are_understood_and_wrong_ones_get_a_hint():
    assert catalog.find("cell_ov1").name == "cell_ov1_mv"
    assert catalog.find("Charge-Current").name == "charge_current_ma"
    with pytest.raises(BadInput, match="did you mean.*cell_ov1_mv"):
        catalog.find("cel_ov1_mv")


def test_elements_of_arrays_count_from_one():
    row, element = catalog.find_element("cell_channel[32]")
    assert (row.name, element) == ("cell_channel", 31)
    for wrong in ("cell_channel[0]", "cell_channel[33]", "cell_ov1_mv[2]"):
        with pytest.raises(BadInput):
            catalog.find_element(wrong)


def test_plan_reads_every_register_once_and_no_hole():
    wanted = [*catalog.SETTINGS, *catalog.READINGS, *catalog.TEXTS]
    blocks = catalog.plan(wanted)
    planned = [a for b in blocks for a in range(b.address, b.address + b.registers)]
    meant = [a for row in wanted for a in range(row.address, row.address + catalog.size(row))]
    assert sorted(planned) == sorted(meant)
    assert all(block.registers <= 125 for block in blocks)


def test_plan_merges_neighbours():
    rows_ = [r for r in catalog.READINGS if r.address < 0x37]
    assert len(catalog.plan(rows_)) == 1
    most = max(catalog.size(r) for r in rows_)
    split = catalog.plan(rows_, most)
    assert len(split) > 1 and all(block.registers <= most for block in split)


def test_texts_are_utf8_and_bounded():
    row = catalog.NAMED["device_name"]
    assert catalog.decode_text(catalog.encode_text(row, "Büro 7")) == "Büro 7"
    with pytest.raises(BadInput):
        catalog.encode_text(row, "x" * (2 * row.registers + 1))


def test_register_finds_its_setting():
    for row in catalog.SETTINGS:
        width = rows.width(row)
        last = row.address + row.count * width - 1
        assert catalog.row_at(last) == (row, row.count - 1)
    assert catalog.row_at(0x0FFF) is None
