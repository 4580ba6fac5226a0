"""Settings: always valid as a whole, changed in one go, and nothing dangerous by default."""

from map_bench import Bench

import boards.sim as board
from cellwarden import ids, packed
from cellwarden import schema_data as schema
from cellwarden.settings import Settings

OK = ids.COMMIT_RESULT_IS_OK
RANGE = ids.COMMIT_RESULT_IS_RANGE
CROSS_RULE = ids.COMMIT_RESULT_IS_CROSS_RULE
OUTPUTS_ON = ids.COMMIT_RESULT_IS_OUTPUTS_ON
COLD_CHARGE = ids.COMMIT_RESULT_IS_COLD_CHARGE
VOLTAGES = ids.COMMIT_RESULT_IS_VOLTAGES
REAL_CHEMISTRIES = range(ids.CHEMISTRY_NMC, ids.CHEMISTRY_NA_POLYANION + 1)


class SmallBoard:
    """A 40 A board with one front end of 12 cells."""

    RATING_MA = 40_000
    LTC6811_CHIPS = 1
    FTT_CELLS_MS = 1000
    FTT_CURRENT_MS = 300
    FTT_TEMPS_MS = 10_000


def commissioned(chemistry=ids.CHEMISTRY_NMC):
    return Bench().commission(chemistry).settings


def change(settings, *pairs, **facts):
    """One transaction; its result."""
    assert settings.begin(2)
    for index, value in pairs:
        result = settings.write(index, value)
        if result != OK:
            settings.abort()
            return result
    result = settings.commit(facts.get("off", True), facts.get("low", -1), facts.get("high", -1))
    settings.abort()
    return result


def address(index):
    return packed.u16(schema.SETTING_ADDRESS, index)


def unchanged_by(settings, *pairs, **facts):
    before = (list(settings.value), list(settings.live), settings.revision)
    result = change(settings, *pairs, **facts)
    assert (list(settings.value), list(settings.live), settings.revision) == before
    return result


def test_a_fresh_board_has_no_chemistry_no_cells_no_capacity_and_is_not_commissioned():
    s = Settings(board)
    assert s.value[ids.CHEMISTRY] == s.value[ids.CELL_COUNT] == s.value[ids.CAPACITY_MAH] == 0
    assert not s.commissioned and not s.lost


def test_the_defaults_of_every_chemistry_are_valid_on_large_and_small_boards():
    for definition, cells in ((board, 24), (SmallBoard, 8)):
        for chemistry in REAL_CHEMISTRIES:
            s = Settings(definition)
            s.begin(2)
            s.preset(chemistry)
            s.write(ids.CELL_COUNT, cells)
            s.write(ids.CAPACITY_MAH, 20_000)
            s.write(ids.CONFIRMED, 1)
            assert s.commit(True) == OK, (chemistry, s.commit_address)
            assert s.commissioned


def test_a_small_board_gets_its_own_rating_and_not_the_sheet_s():
    s = Settings(SmallBoard)
    assert s.live[ids.DISCHARGE_CURRENT_MA] == 40_000
    assert s.live[ids.DISCHARGE_PEAK_MA] == 120_000  # the sheet: a 40 A board gets 120 A
    assert unchanged_by(s, (ids.DISCHARGE_CURRENT_MA, 41_000)) == CROSS_RULE


def test_automatic_limits_follow_and_are_never_doubled_twice():
    s = commissioned()
    assert s.live[ids.PACK_OV_MV] == 24 * 4200 and s.value[ids.PACK_OV_MV] == 0
    assert change(s, (ids.DISCHARGE_CURRENT_MA, 100_000)) == OK
    assert s.live[ids.DISCHARGE_OC_MA] == 200_000
    assert s.live[ids.DISCHARGE_PEAK_MA] == 300_000
    assert s.value[ids.DISCHARGE_OC_MA] == 0  # stored apart from what is in force
    assert change(s, (ids.DISCHARGE_OC_MA, 150_000)) == OK
    assert s.live[ids.DISCHARGE_OC_MA] == 150_000


def test_live_values_end_with_board_constants_and_literals():
    s = commissioned()
    assert s.live[ids.BOARD_RATING_MA] == board.RATING_MA
    assert s.live[ids.BOARD_PEAK_MA] == 3 * board.RATING_MA
    assert s.live[ids.BOARD_FTT_CURRENT_MS] == board.FTT_CURRENT_MS
    first = schema.LIVE_COUNT - len(schema.LITERALS) // 4
    assert [packed.s32(schema.LITERALS, i) for i in range(len(schema.LITERALS) // 4)] == list(
        s.live[first:]
    )


def test_without_a_cell_count_no_pack_voltage_trips():
    s = Settings(board)
    assert s.live[ids.PACK_OV_MV] > 130_000 and s.live[ids.PACK_UV_MV] < 3_000


def test_values_are_held_to_their_range_and_zero_only_where_it_means_automatic():
    s = commissioned()
    for index in range(schema.SETTING_COUNT):
        low = packed.s32(schema.SETTING_MIN, index)
        high = packed.s32(schema.SETTING_MAX, index)
        assert unchanged_by(s, (index, high + 1)) == RANGE
        if not schema.SETTING_FLAGS[index] & 1:
            assert unchanged_by(s, (index, low - 1)) == RANGE
        else:
            assert s.accepts(index, 0) and not s.accepts(index, low - 1 or 1)


def test_every_cross_rule_refuses_one_step_past_its_bound():
    for at in range(0, len(schema.CROSS) // 2, 3):
        low, high, gap = (packed.s16(schema.CROSS, at + i) for i in range(3))
        s = commissioned()
        bound = s.live[high] - gap
        # Written out, so that nothing automatic moves along.
        fixed = ((high, s.live[high]),) if high < schema.SETTING_COUNT else ()
        pairs = fixed + ((low, bound + 1),)
        if not s.accepts(low, bound + 1):  # beyond its range: bring the higher one down
            top = packed.s32(schema.SETTING_MAX, low)
            if high < schema.SETTING_COUNT and packed.s32(schema.SETTING_MIN, high) >= top + gap:
                continue  # their ranges alone keep them apart
            pairs = ((low, top), (high, top + gap - 1))
        assert unchanged_by(s, *pairs) == CROSS_RULE, (low, high)
        named = [address(index) for index, _ in pairs]
        assert s.commit_address in named, (low, high)


def test_a_cross_rule_blames_the_setting_that_was_written():
    s = commissioned()
    assert unchanged_by(s, (ids.CELL_OV2_MV, 4190)) == CROSS_RULE
    assert s.commit_address == address(ids.CELL_OV2_MV)
    assert unchanged_by(s, (ids.CELL_OV1_MV, 4310)) == CROSS_RULE
    assert s.commit_address == address(ids.CELL_OV1_MV)


def test_settings_that_only_fit_together_are_taken_together():
    s = commissioned()
    assert unchanged_by(s, (ids.CELL_OV1_MV, 4350)) == CROSS_RULE
    assert change(s, (ids.CELL_OV1_MV, 4350), (ids.CELL_OV2_MV, 4400)) == OK
    assert s.live[ids.PACK_OV_MV] == 24 * 4350


def test_a_refused_commit_stays_open_to_be_put_right():
    s = commissioned()
    s.begin(2)
    s.write(ids.CELL_OV1_MV, 4350)
    assert s.commit(True) == CROSS_RULE
    s.write(ids.CELL_OV2_MV, 4400)
    assert s.commit(True) == OK
    assert s.value[ids.CELL_OV1_MV] == 4350


def test_only_one_owner_at_a_time_and_an_abort_drops_everything():
    s = commissioned()
    assert s.begin(2) and not s.begin(3)
    s.write(ids.BALANCE_DIFF_MV, 5)
    assert s.value[ids.BALANCE_DIFF_MV] == 20
    s.abort()
    assert s.begin(3)
    assert s.commit(True) == ids.COMMIT_RESULT_IS_NOTHING_STAGED
    assert s.value[ids.BALANCE_DIFF_MV] == 20


def test_nothing_can_be_committed_without_begin():
    s = commissioned()
    s.write(ids.BALANCE_DIFF_MV, 5)
    assert s.commit(True) == ids.COMMIT_RESULT_IS_NOTHING_STAGED
    assert s.begin(2) and s.commit(True) == ids.COMMIT_RESULT_IS_NOTHING_STAGED


def test_a_new_chemistry_brings_its_own_limits_unless_they_are_written_with_it():
    s = commissioned(ids.CHEMISTRY_NMC)
    pairs = ((ids.CHEMISTRY, ids.CHEMISTRY_LFP), (ids.BALANCE_START_MV, 3300))
    assert change(s, *pairs, low=3200, high=3300) == OK
    assert s.value[ids.CELL_OV1_MV] == 3650 and s.value[ids.CELL_UV2_MV] == 2250
    assert s.value[ids.BALANCE_START_MV] == 3300


def test_confirmation_falls_when_the_pack_becomes_another():
    for pair in (
        (ids.CHEMISTRY, ids.CHEMISTRY_LFP),
        (ids.CELL_COUNT, 20),
        (ids.CAPACITY_MAH, 50_000),
    ):
        s = commissioned()
        assert change(s, pair, low=3000, high=3400) == OK
        assert not s.value[ids.CONFIRMED] and not s.commissioned
        s = commissioned()
        assert change(s, pair, (ids.CONFIRMED, 1), low=3000, high=3400) == OK
        assert s.commissioned
    s = commissioned()
    assert change(s, (ids.CELL_COUNT, 24), (ids.BALANCE_DIFF_MV, 5)) == OK
    assert s.commissioned  # the same again is no other pack


def test_nothing_can_be_confirmed_before_it_is_set():
    for pair in ((ids.CHEMISTRY, 0), (ids.CELL_COUNT, 0), (ids.CAPACITY_MAH, 0)):
        s = commissioned()
        assert unchanged_by(s, pair, (ids.CONFIRMED, 1)) == CROSS_RULE
        assert s.commit_address == address(ids.CONFIRMED)


def test_what_makes_the_pack_changes_only_with_outputs_off():
    for pair in (
        (ids.CHEMISTRY, ids.CHEMISTRY_LFP),
        (ids.CELL_COUNT, 20),
        (ids.CAPACITY_MAH, 50_000),
    ):
        s = commissioned()
        assert unchanged_by(s, pair, low=3000, high=3400, off=False) == OUTPUTS_ON
        assert s.commit_address == address(pair[0])
    s = commissioned()
    assert change(s, (ids.BALANCE_DIFF_MV, 5), off=False) == OK


def test_a_chemistry_must_fit_the_voltages_that_are_there():
    lfp = (ids.CHEMISTRY, ids.CHEMISTRY_LFP)
    s = commissioned()
    assert unchanged_by(s, lfp, low=3600, high=3750) == VOLTAGES
    assert s.commit_address == address(ids.CHEMISTRY)
    assert unchanged_by(s, lfp, low=2250, high=3300) == VOLTAGES
    assert unchanged_by(s, lfp) == VOLTAGES  # not known is not good enough
    assert change(s, lfp, low=2251, high=3749) == OK


def test_a_person_s_confirmation_is_held_against_the_voltages_too():
    s = commissioned()
    assert change(s, (ids.CONFIRMED, 0)) == OK
    assert unchanged_by(s, (ids.CONFIRMED, 1), low=3600, high=4300) == VOLTAGES
    assert unchanged_by(s, (ids.CONFIRMED, 1)) == VOLTAGES
    assert change(s, (ids.CONFIRMED, 1), low=3600, high=3700) == OK


def test_a_fresh_board_that_sees_a_cell_too_high_for_the_chemistry_refuses_it():
    pairs = (
        (ids.CHEMISTRY, ids.CHEMISTRY_LFP),
        (ids.CELL_COUNT, 16),
        (ids.CAPACITY_MAH, 100_000),
        (ids.CONFIRMED, 1),
    )
    s = Settings(board)
    assert unchanged_by(s, *pairs, high=3900) == VOLTAGES
    assert change(s, *pairs, high=3300) == OK


def test_charging_nmc_or_lfp_below_freezing_needs_a_confirmation_for_that_cell():
    cold = ((ids.CHARGE_UT_DC, -50), (ids.CHARGE_UT_RECOVER_DC, 0))
    for chemistry in (ids.CHEMISTRY_NMC, ids.CHEMISTRY_LFP):
        s = commissioned(chemistry)
        assert unchanged_by(s, *cold) == COLD_CHARGE
        assert s.commit_address == address(ids.CHARGE_UT_DC)
        assert change(s, *cold, (ids.COLD_CHARGE_CONFIRMED, 1)) == OK
        assert unchanged_by(s, (ids.COLD_CHARGE_CONFIRMED, 0)) == COLD_CHARGE
        other = ids.CHEMISTRY_NMC + ids.CHEMISTRY_LFP - chemistry
        assert change(s, (ids.CHEMISTRY, other), low=3000, high=3400) == OK
        assert not s.value[ids.COLD_CHARGE_CONFIRMED] and s.value[ids.CHARGE_UT_DC] == 0
    for chemistry in (ids.CHEMISTRY_LTO, ids.CHEMISTRY_NA_LAYERED):
        assert commissioned(chemistry).value[ids.CHARGE_UT_DC] < 0


def test_under_voltage_has_a_floor_that_only_sodium_may_go_below():
    low = ((ids.DEEP_DISCHARGE_MV, 900), (ids.CELL_UV2_MV, 1000))
    assert unchanged_by(commissioned(ids.CHEMISTRY_LTO), *low) == CROSS_RULE
    assert change(commissioned(ids.CHEMISTRY_NA_POLYANION), *low) == OK
    nmc = commissioned(ids.CHEMISTRY_NMC)
    pairs = ((ids.DEEP_DISCHARGE_MV, 1500), (ids.CELL_UV2_MV, 1600), (ids.CELL_UV1_MV, 1900))
    assert unchanged_by(nmc, *pairs) == CROSS_RULE


def test_at_least_one_battery_sensor_is_fitted():
    assert unchanged_by(commissioned(), (ids.TEMPS_FITTED, 0x30)) == CROSS_RULE
    assert change(commissioned(), (ids.TEMPS_FITTED, 0x32)) == OK


def channels(*numbers):
    return tuple((ids.CELL_CHANNEL + i, number) for i, number in enumerate(numbers))


def test_a_channel_map_is_complete_rising_and_on_this_board_or_absent():
    def with_map(*numbers):
        s = Settings(board)
        pairs = ((ids.CELL_COUNT, 4),) + channels(*numbers)
        return change(s, *pairs), s.commit_address - address(ids.CELL_CHANNEL)

    assert with_map(1, 2, 13, 24)[0] == OK
    assert with_map(0, 0, 0, 0)[0] == OK
    assert with_map(1, 2, 2, 3) == (CROSS_RULE, 2)  # a channel twice
    assert with_map(1, 3, 2, 4) == (CROSS_RULE, 2)  # out of order
    assert with_map(1, 2, 3, 25) == (CROSS_RULE, 3)  # the board has 24
    assert with_map(1, 2, 3) == (CROSS_RULE, 3)  # a cell without a channel
    assert with_map(1, 2, 3, 4, 5) == (CROSS_RULE, 4)  # a channel without a cell


def test_a_pack_has_three_cells_at_least_and_no_more_than_the_board_has_channels():
    s = Settings(board)
    for cells in (1, 2, 25):
        assert unchanged_by(s, (ids.CELL_COUNT, cells)) == RANGE
    for cells in (3, 24):
        assert change(s, (ids.CELL_COUNT, cells)) == OK


def test_what_is_stored_comes_back_texts_too():
    s = commissioned(ids.CHEMISTRY_LTO)
    change(s, (ids.CURRENT_OFFSET_MA, -1234), (ids.LEASE_END, 1_000_000_000))
    s.texts.put(ids.T_SERIAL_NUMBER, b"CW-0001")
    buf = bytearray(2000)
    n = s.dump(buf)
    other = Settings(board)
    assert other.load(buf, n)
    assert other.value == s.value and other.live == s.live and other.commissioned
    assert other.texts.get(ids.T_SERIAL_NUMBER) == b"CW-0001"


def drop_pairs(buf, n, addresses):
    """The payload as a schema without these registers would have written it."""
    out = bytearray(buf[:4])
    for at in range(4, n, 6):
        if buf[at] | buf[at + 1] << 8 not in addresses:
            out += buf[at : at + 6]
    count = (len(out) - 4) // 6
    out[2], out[3] = count & 0xFF, count >> 8
    return out


def test_a_payload_of_an_older_schema_takes_the_defaults_of_its_own_chemistry():
    s = commissioned(ids.CHEMISTRY_LFP)
    buf = bytearray(2000)
    old = drop_pairs(buf, s.dump(buf), (address(ids.BALANCE_START_MV), address(ids.BUZZER)))
    other = Settings(board)
    assert other.load(old, len(old))
    assert other.value[ids.BALANCE_START_MV] == 3400 and other.value[ids.BUZZER] == 1
    assert other.commissioned


def test_a_payload_of_a_newer_schema_loses_only_what_is_not_known():
    s = commissioned()
    buf = bytearray(2000)
    n = s.dump(buf)
    newer = buf[:n] + bytes((0xFE, 0x1F, 1, 2, 3, 4))
    count = (len(newer) - 4) // 6
    newer[2], newer[3] = count & 0xFF, count >> 8
    other = Settings(board)
    assert other.load(newer, len(newer))
    assert other.value == s.value


def test_a_payload_that_is_not_a_valid_whole_means_lost_and_uncommissioned():
    s = commissioned()
    buf = bytearray(2000)
    n = s.dump(buf)
    for n_wrong in (0, 3, n - 1, n - 6):
        other = commissioned()
        assert not other.load(buf, n_wrong)
        assert other.lost and not other.commissioned and other.value[ids.CHEMISTRY] == 0
    at = 4 + 6 * ids.CELL_OV2_MV
    buf[at + 2], buf[at + 3] = 3000 & 0xFF, 3000 >> 8  # below level 1
    other = commissioned()
    assert not other.load(buf, n)
    assert other.lost and not other.commissioned


def test_lost_settings_stay_lost_until_a_person_has_set_the_pack_up_again():
    s = Settings(board)
    assert not s.load(b"", 0) and s.lost
    assert change(s, (ids.BUZZER, 0)) == OK
    assert s.lost
    s.begin(2)
    s.preset(ids.CHEMISTRY_NMC)
    s.write(ids.CELL_COUNT, 24)
    s.write(ids.CAPACITY_MAH, 100_000)
    s.write(ids.CONFIRMED, 1)
    assert s.commit(True) == OK
    assert not s.lost and s.commissioned


def test_a_factory_reset_leaves_an_uncommissioned_board_with_its_serial_number():
    s = commissioned()
    s.texts.put(ids.T_SERIAL_NUMBER, b"CW-0001")
    s.factory_reset()
    assert list(s.value) == list(Settings(board).value) and not s.commissioned
    assert s.texts.get(ids.T_SERIAL_NUMBER) == b"CW-0001"
