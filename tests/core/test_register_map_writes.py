"""The register map, writing: who may, what is refused with which exception, all or nothing."""

from map_bench import (
    BEGIN,
    CHARGER,
    COMMIT,
    HELLO,
    LOGIN_ROLE,
    LOGOUT,
    PC,
    PRESET,
    Bench,
    first_factory_password,
    open_bench,
    s32,
)

from cellwarden import ids, packed
from cellwarden import schema_data as schema

DONE, NOT_ALLOWED, NO_ADDRESS, BAD_VALUE, FAILED, BUSY = 0, 1, 2, 3, 4, 6
OV1, OV2, BALANCE_DIFF, OFFSET_MA = 0x1030, 0x1031, 0x1091, 0x10E1


def test_without_a_session_nothing_can_be_written():
    b = Bench().commission()
    before = b.everything()
    for index in range(schema.SETTING_COUNT):
        address = packed.u16(schema.SETTING_ADDRESS, index)
        wide = schema.SETTING_FLAGS[index] & 8
        words = (0, 0) if wide else (0,)
        assert b.write(address, *words) == NOT_ALLOWED, hex(address)
    for i in range(len(schema.COMMAND_REGISTERS)):
        if schema.COMMAND_ROLE[i]:
            address = packed.u16(schema.COMMAND_ADDRESS, i)
            words = (1,) * schema.COMMAND_REGISTERS[i]
            assert b.write(address, *words) == NOT_ALLOWED, hex(address)
    for coil in range(len(schema.COILS)):
        assert b.write_coils(coil, 1) == NOT_ALLOWED
    for address in (0x0820, 0x0828, 0x0830):
        assert b.write(address, 0x4142) == NOT_ALLOWED
    assert b.everything() == before
    assert b.read(0x0065) == [ids.COMMIT_RESULT_IS_LOCKED]


def test_the_charger_s_port_can_say_hello_and_nothing_else():
    b = open_bench()
    before = b.everything()
    for address in (OV1, BALANCE_DIFF, 0x0830, BEGIN, COMMIT, LOGIN_ROLE, LOGOUT, 0x2003):
        assert b.write(address, 1, port=CHARGER) == NOT_ALLOWED, hex(address)
    assert b.write_coils(0, 0, port=CHARGER) == NOT_ALLOWED
    assert b.everything() == before
    assert b.write(HELLO, 2, 5460, 0xFFFF, port=CHARGER) == DONE
    link = b.controller.charger_link
    assert (link.state, link.charger_10mv, link.charger_da) == (2, 5460, -1)
    assert b.write(HELLO, 2, 5460, 400, port=PC) == NOT_ALLOWED


def test_an_installer_writes_a_setting_and_it_is_stored_and_journalled():
    b = open_bench()
    assert b.write(BALANCE_DIFF, 5) == DONE
    assert b.settings.live[ids.BALANCE_DIFF_MV] == 5
    assert b.controller.requests.save_settings
    entry = b.entry(b.controller.journal.next - 1)
    assert entry[ids.J_KIND] == ids.KIND_SETTINGS and entry[ids.J_PORT] == PC
    assert s32(entry, ids.J_LIMIT) == BALANCE_DIFF and s32(entry, ids.J_VALUE) == 1
    assert b.read(0x0065, 2) == [ids.COMMIT_RESULT_IS_OK, 0]


def test_writing_what_is_there_already_wears_no_flash():
    b = open_bench()
    entries = b.controller.journal.next
    assert b.write(BALANCE_DIFF, 20) == DONE
    assert not b.controller.requests.save_settings
    assert b.controller.journal.next == entries


def test_several_registers_change_together_or_not_at_all():
    b = open_bench()
    before = b.everything()
    assert b.write(OV1, 4350) == BAD_VALUE
    assert b.read(0x0065, 2) == [ids.COMMIT_RESULT_IS_CROSS_RULE, OV1]
    assert b.write(OV1, 4350, 4340) == BAD_VALUE
    assert b.write(OV1, 4350, 4400, 9999) == BAD_VALUE  # the third is out of range
    assert b.read(0x0065, 2) == [ids.COMMIT_RESULT_IS_RANGE, 0x1032]
    assert b.everything() == before
    assert b.write(OV1, 4350, 4400) == DONE
    assert b.read(OV1, 2) == [4350, 4400]


def test_a_write_that_touches_a_hole_changes_nothing():
    b = open_bench()
    before = b.everything()
    assert b.write(0x1091, 5, 40, 1) == NO_ADDRESS  # 0x1093 is a hole
    assert b.write(0x1026, 1) == NO_ADDRESS
    for address in (0x0000, 0x0003, 0x0200, 0x0300, 0x0800, 0x2040, 0x5000):
        assert b.write(address, 1) == NO_ADDRESS, hex(address)  # nothing there to be written
    assert b.everything() == before


def test_half_of_a_32_bit_setting_cannot_be_written():
    b = open_bench()
    before = b.everything()
    assert b.write(0x1050, 1) == BAD_VALUE
    assert b.write(0x1051, 1) == BAD_VALUE
    assert b.write(0x1051, 0, 1) == BAD_VALUE
    assert b.write(0x1051, 1, 0, 1) == BAD_VALUE
    assert b.everything() == before
    assert b.write(0x1050, 0, 50_000) == DONE
    assert b.settings.value[ids.CHARGE_CURRENT_MA] == 50_000


def test_negative_settings_are_written_in_twos_complement():
    b = open_bench()
    assert b.write(0x1076, 0x10000 - 150, 0x10000 - 100) == DONE
    assert b.settings.value[ids.DISCHARGE_UT_DC] == -150
    assert b.write(0x1056, 0xFFFF, 0xFFFF) == BAD_VALUE  # unsigned: far too much, not -1


def test_calibration_constants_are_the_factory_s():
    b = open_bench()
    assert b.write(OFFSET_MA, 5) == NOT_ALLOWED
    assert b.write(0x10D4, 1) == DONE
    b = Bench()
    b.login()
    assert first_factory_password(b) == DONE
    assert b.login(role=ids.ROLE_FACTORY, password=b"makers own") == DONE
    assert b.write(OFFSET_MA, 5) == DONE
    assert b.settings.value[ids.CURRENT_OFFSET_MA] == 5
    assert b.write(BALANCE_DIFF, 5) == DONE  # the factory may what an installer may


def test_switches_are_written_as_coils():
    b = open_bench()
    assert b.write_coils(1, 0, 0) == DONE
    value = b.settings.value
    assert (value[ids.CHARGE_WANTED], value[ids.DISCHARGE_WANTED], value[ids.EQUALIZATION]) == (
        1,
        0,
        0,
    )
    assert b.write_coils(4, 0, 0) == NO_ADDRESS
    assert b.write_coils(5, 0) == NO_ADDRESS


def test_begin_stages_until_commit_and_only_the_own_port_writes_meanwhile():
    b = open_bench()
    assert b.login(port=3) == DONE
    assert b.write(BEGIN, 1) == DONE
    assert b.write(OV1, 4350) == DONE  # does not fit yet: that is what staging is for
    assert b.read(OV1) == [4200]
    assert b.write(BALANCE_DIFF, 5, port=3) == BUSY
    assert b.write(BEGIN, 1, port=3) == BUSY
    assert b.write(BEGIN, 0, port=3) == BUSY
    assert b.write(COMMIT, 1, port=3) == BUSY
    assert b.write(COMMIT, 1) == BAD_VALUE
    assert b.read(0x0065, 2) == [ids.COMMIT_RESULT_IS_CROSS_RULE, OV1]
    assert b.write(OV2, 4400) == DONE
    assert b.write(COMMIT, 1) == DONE
    assert b.read(OV1, 2) == [4350, 4400]
    assert b.write(BALANCE_DIFF, 5, port=3) == DONE


def test_a_write_out_of_range_stages_nothing_of_itself():
    b = open_bench()
    b.write(BEGIN, 1)
    assert b.write(OV1, 4210, 9999) == BAD_VALUE
    assert b.write(COMMIT, 1) == NOT_ALLOWED
    assert b.read(0x0065) == [ids.COMMIT_RESULT_IS_NOTHING_STAGED]
    assert b.read(OV1) == [4200]


def test_begin_with_zero_drops_what_was_staged():
    b = open_bench()
    b.write(BEGIN, 1)
    b.write(BALANCE_DIFF, 5)
    assert b.write(BEGIN, 0) == DONE
    assert b.write(COMMIT, 1) == NOT_ALLOWED
    assert b.read(BALANCE_DIFF) == [20]


def test_a_transaction_ends_with_its_session():
    ends = (lambda b: b.write(LOGOUT, 1), lambda b: b.step(600_000))
    for end, other in ((ends[0], 1), (ends[1], 1), (ends[0], 0), (ends[1], 0)):
        b = open_bench()
        b.write(BEGIN, 1)
        b.write(BALANCE_DIFF, 5)
        end(b)
        if other:
            assert b.login(port=3) == DONE
            assert b.write(0x10D4, 0, port=3) == DONE
        assert b.login() == DONE
        assert b.write(COMMIT, 1) == NOT_ALLOWED
        assert b.read(BALANCE_DIFF) == [20]


def test_a_preset_needs_begin_and_sets_every_limit_of_the_chemistry():
    b = Bench()
    b.login()
    assert b.write(PRESET, ids.CHEMISTRY_LFP) == NOT_ALLOWED
    b.write(BEGIN, 1)
    assert b.write(PRESET, 6) == BAD_VALUE and b.write(PRESET, 0) == BAD_VALUE
    assert b.write(PRESET, ids.CHEMISTRY_LFP) == DONE
    assert b.write(0x1001, 16) == DONE
    assert b.write(0x1002, 1, 0x86A0, 1) == DONE
    assert b.write(COMMIT, 1) == DONE
    assert b.settings.commissioned and b.read(OV1, 3) == [3650, 3750, 3550]


def test_the_pack_cannot_become_another_while_an_output_is_on():
    for output in ("charge", "discharge", "precharge"):
        b = open_bench()
        b.cells(3700)
        setattr(b.controller.commands, output, True)
        assert b.write(0x1001, 20) == NOT_ALLOWED
        assert b.read(0x0065, 2) == [ids.COMMIT_RESULT_IS_OUTPUTS_ON, 0x1001]
        assert b.write(0x2005, 0xFAC7) == NOT_ALLOWED  # factory reset
        assert b.write(0x200C, 1) == NOT_ALLOWED  # self-test
        assert b.write(0x2007, 1) == NOT_ALLOWED  # current zero
        assert b.write(BALANCE_DIFF, 5) == DONE
        assert b.settings.commissioned


def test_the_present_cells_are_held_against_a_new_chemistry():
    b = open_bench()
    assert b.write(0x1000, ids.CHEMISTRY_LFP) == BAD_VALUE  # nothing measured yet
    b.cells(3700)
    assert b.write(0x1000, ids.CHEMISTRY_LTO) == BAD_VALUE
    assert b.read(0x0065, 2) == [ids.COMMIT_RESULT_IS_VOLTAGES, 0x1000]
    b.cells(3300)
    b.controller.protection.state[ids.RULE_CELLS_LOST] = 2
    assert b.write(0x1000, ids.CHEMISTRY_LFP) == BAD_VALUE
    b.controller.protection.state[ids.RULE_CELLS_LOST] = 0
    assert b.write(0x1000, ids.CHEMISTRY_LFP) == DONE


def test_a_fresh_board_holds_the_voltages_of_unmapped_channels_against_the_chemistry():
    b = Bench()
    b.login()
    b.controller.readings.stray_mv = 3900
    b.write(BEGIN, 1)
    b.write(PRESET, ids.CHEMISTRY_LFP)
    assert b.write(COMMIT, 1) == BAD_VALUE
    assert b.read(0x0065) == [ids.COMMIT_RESULT_IS_VOLTAGES]


def test_allowing_cold_charging_is_journalled_of_itself():
    b = open_bench()
    assert b.write(0x1072, 0x10000 - 50, 0) == BAD_VALUE
    assert b.read(0x0065) == [ids.COMMIT_RESULT_IS_COLD_CHARGE]
    b.write(BEGIN, 1)
    b.write(0x1072, 0x10000 - 50, 0)
    b.write(0x107F, 1)
    assert b.write(COMMIT, 1) == DONE
    assert b.kinds()[-2:] == [ids.KIND_SETTINGS, ids.KIND_COLD_CHARGE]
    assert s32(b.entry(b.controller.journal.next - 1), ids.J_VALUE) == -50


def test_while_storage_fails_nothing_is_taken():
    b = open_bench()
    b.controller.conditions.storage_failed = 1
    before = b.everything()
    assert b.write(BALANCE_DIFF, 5) == FAILED
    assert b.read(0x0065) == [ids.COMMIT_RESULT_IS_STORAGE]
    assert b.write(0x0830, 0x4142) == FAILED
    assert b.everything() == before


def test_texts_are_written_by_their_role_and_survive():
    b = open_bench()
    assert b.write_bytes(0x0830, b"Shed pack" + bytes(7)) == DONE
    assert b.settings.texts.get(ids.T_DEVICE_NAME) == b"Shed pack"
    assert b.controller.requests.save_settings
    assert b.write(0x0833, 0x2042) == DONE  # a part of it
    assert b.settings.texts.get(ids.T_DEVICE_NAME) == b"Shed p Bk"
    assert b.write_bytes(0x0820, b"CW-1") == NOT_ALLOWED  # the serial number is the factory's
    assert b.write(0x0830, 0x0741) == BAD_VALUE  # a control character
    assert b.write_bytes(0x082F, b"abcd") == NO_ADDRESS  # two texts at once


def test_coils_and_discrete_inputs_that_are_not_switches_cannot_be_written():
    b = open_bench()
    data = bytearray(4)
    assert b.map.write(2, 0, 1, data, 0, PC) == NO_ADDRESS
    assert b.map.write(4, OV1, 1, data, 0, PC) == NO_ADDRESS
