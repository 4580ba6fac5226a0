"""The register map's commands: what each does, and to whom it does nothing."""

from map_bench import (
    NEW_PASSWORD,
    PC,
    Bench,
    first_factory_password,
    open_bench,
    s32,
)

from cellwarden import ids

DONE, NOT_ALLOWED, NO_ADDRESS, BAD_VALUE = 0, 1, 2, 3
BALANCE_DIFF = 0x1091
FORGET, NEW_PASSKEY, PASSKEY = 0x2090, 0x2091, 0x0840


def test_a_command_takes_its_own_registers_and_range():
    b = open_bench()
    before = b.everything()
    assert b.write(0x2003, 0) == BAD_VALUE
    assert b.write(0x2003, 2) == BAD_VALUE
    assert b.write(0x2003, 1, 1) == NO_ADDRESS
    assert b.write(0x2008, 0) == BAD_VALUE
    assert b.write(0x2009, 0) == BAD_VALUE
    assert b.write(0x2005, 1) == BAD_VALUE  # a factory reset needs its own number
    assert b.write(0x200A, 1001) == BAD_VALUE
    assert b.write(0x200E, 1) == NO_ADDRESS
    assert b.everything() == before


def test_commands_do_what_they_say_and_are_journalled():
    b = open_bench()
    c = b.controller
    b.step(500)
    assert b.write(0x2003, 1) == DONE and c.cleared_ms == b.now_ms
    assert b.write(0x2004, 1) == DONE and c.requests.restart
    assert b.write(0x200A, 731) == DONE and c.estimator.soc_permille == 731
    assert c.requests.save_state
    assert b.write(0x200B, 1) == DONE
    taken = [(ids.RULE_DEEP_DISCHARGE, b.now_ms), (ids.RULE_CELL_UV2, b.now_ms)]
    assert c.protection.taken == taken
    assert b.write(0x200C, 1) == DONE and c.requests.self_test
    assert b.kinds()[-5:] == [ids.KIND_COMMAND] * 5
    entry = b.entry(c.journal.next - 3)
    assert s32(entry, ids.J_LIMIT) == 0x200A and s32(entry, ids.J_VALUE) == 731


def test_a_factory_reset_takes_everything_back():
    b = open_bench()
    b.write_bytes(NEW_PASSWORD, b"correct horse" + bytes(3))
    assert b.write(0x2005, 0xFAC7) == DONE
    assert not b.settings.commissioned and b.settings.value[ids.CHEMISTRY] == 0
    assert b.controller.requests.factory_reset and b.controller.requests.save_settings
    assert b.access.factory_password
    assert b.write(BALANCE_DIFF, 5) == NOT_ALLOWED  # the session is over too


def test_logging_in_and_failing_to_are_journalled_with_the_port():
    b = Bench()
    assert b.login(password=b"guess1", port=3) == BAD_VALUE
    assert b.login() == DONE
    failed, good = b.entry(0), b.entry(1)
    assert failed[ids.J_KIND] == ids.KIND_LOGIN_FAILED and failed[ids.J_PORT] == 3
    assert s32(failed, ids.J_LIMIT) == 1 and s32(failed, ids.J_VALUE) == ids.ROLE_INSTALLER
    assert good[ids.J_KIND] == ids.KIND_LOGIN and good[ids.J_PORT] == PC


def test_an_answer_without_a_challenge_or_while_locked_out_is_not_allowed():
    b = Bench()
    assert b.write_bytes(0x2011, bytes(32)) == NOT_ALLOWED
    for _ in range(3):
        assert b.login(password=b"guess1") == BAD_VALUE
    assert b.login() == NOT_ALLOWED
    b.step(10_000)
    assert b.login() == DONE


def test_passwords_change_on_the_pc_port_and_on_bluetooth():
    b = open_bench()
    new = b"correct horse" + bytes(3)
    assert b.write_bytes(NEW_PASSWORD, new, port=3) == NOT_ALLOWED
    assert b.write_bytes(NEW_PASSWORD, new, port=1) == NOT_ALLOWED
    assert b.write_bytes(NEW_PASSWORD, b"short" + bytes(11)) == BAD_VALUE
    assert b.access.factory_password
    assert b.write_bytes(NEW_PASSWORD, new) == DONE
    assert not b.access.factory_password
    assert b.kinds()[-1] == ids.KIND_PASSWORD
    assert b.login(port=3, password=b"correct horse") == DONE
    assert b.write_bytes(NEW_PASSWORD, b"over the air" + bytes(4), port=3) == DONE


class Radio:
    """Takes the place of the firmware's Bluetooth."""

    def __init__(self):
        self.asked = []

    def forget(self):
        self.asked.append("forget")

    def new_passkey(self, passkey):
        self.asked.append(passkey)


def test_bluetooth_commands_need_a_radio_and_a_new_passkey_the_pc_port():
    b = open_bench()
    b.login(port=3)
    assert b.write(FORGET, 1) == NOT_ALLOWED
    assert b.write(NEW_PASSKEY, 1, 0xE240) == NOT_ALLOWED
    radio = b.controller.bluetooth = Radio()
    assert b.write(FORGET, 1, port=3) == DONE and b.write(NEW_PASSKEY, 1, 0xE240) == DONE
    assert b.write(NEW_PASSKEY, 1, 0xE240, port=3) == NOT_ALLOWED
    assert b.write(NEW_PASSKEY, 0xF, 0x4240) == BAD_VALUE
    assert radio.asked == ["forget", 123456]
    assert b.write(0x2005, 0xFAC7) == DONE
    assert radio.asked[2:] == ["forget", 0]  # whoever had the pack knows its passkey
    assert b.kinds().count(ids.KIND_COMMAND) == 1  # anybody could read a passkey there


def test_the_passkey_is_read_in_a_session_only():
    b = Bench()
    b.map.set_text(ids.T_BLUETOOTH_PASSKEY, "123456")
    assert b.read(PASSKEY, 3) == b.read(PASSKEY - 1, 3) == -NOT_ALLOWED
    b.login(port=3)
    assert b.read(PASSKEY, 3, port=3) == [0x3132, 0x3334, 0x3536]  # encrypted: for another phone
    assert b.read(PASSKEY, 3) == b.read(PASSKEY, 3, port=1)
    assert b.read(PASSKEY, 3) == -NOT_ALLOWED
    b.login()
    assert b.read(PASSKEY, 3) == [0x3132, 0x3334, 0x3536]


def test_the_factory_role_is_given_once_to_a_board_that_is_not_commissioned():
    b = open_bench()
    assert first_factory_password(b) == NOT_ALLOWED
    b = Bench()
    assert first_factory_password(b) == NOT_ALLOWED  # an installer's session is needed
    b.login(port=3)
    assert b.write_bytes(0x2048, b"makers own" + bytes(6), port=3) == NOT_ALLOWED
    b.login()
    assert first_factory_password(b) == DONE
    assert first_factory_password(b) == NOT_ALLOWED


def test_writing_keeps_a_session_alive_and_reading_does_not():
    b = open_bench()
    for _ in range(3):
        b.step(599_000)
        assert b.write(BALANCE_DIFF, 20) == DONE
    for _ in range(6):
        b.step(100_000)
        b.read(0)
    assert b.write(BALANCE_DIFF, 20) == NOT_ALLOWED
