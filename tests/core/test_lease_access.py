"""Who may lease, lock and unlock: the lessor, and nobody below; what an older record holds."""

from map_bench import BLUETOOTH, PASSWORD, PC, Bench

from cellwarden import ids, state_record
from cellwarden.refusals import BAD_VALUE, DONE, NOT_ALLOWED
from cellwarden.settings import Settings

INSTALLER, FACTORY, LESSOR = ids.ROLE_INSTALLER, ids.ROLE_FACTORY, ids.ROLE_LESSOR
LEASE_PASSWORD, TELL_DATE, NEW_PASSWORD, FACTORY_RESET = 0x2080, 0x2088, 0x2022, 0x2005
LEASE_MODE, LEASE_LOCKED, CELL_OV1 = 0x10C0, 0x10C5, 0x1030
OFFSET_MA = 0x10E1
RENTAL = b"rent a pack"
NOW_S = 217_000_000
LOCK = (ids.LEASE_MODE_IS_DAYS, 1, 86_400 - 65_536)


def padded(password):
    return password + bytes(16 - len(password))


def rented():
    """A pack with a lessor, leased for a day, and nobody logged in."""
    b = Bench().commission()
    b.login()
    assert b.write_bytes(LEASE_PASSWORD, padded(RENTAL)) == DONE
    assert b.login(LESSOR, RENTAL) == DONE
    assert b.write(LEASE_MODE, *LOCK) == DONE
    b.write(0x2021, 1)
    return b


def test_there_is_no_lessor_until_an_installer_gives_the_board_one():
    b = Bench().commission()
    assert b.write_bytes(LEASE_PASSWORD, padded(RENTAL)) == NOT_ALLOWED
    b.login()
    assert b.write(LEASE_MODE, *LOCK) == NOT_ALLOWED
    assert b.write_bytes(LEASE_PASSWORD, padded(b"short")) == BAD_VALUE
    assert b.write_bytes(LEASE_PASSWORD, padded(RENTAL)) == DONE
    assert b.login(LESSOR, PASSWORD) == BAD_VALUE
    assert b.login(LESSOR, RENTAL) == DONE


def test_an_installer_cannot_lift_a_lease():
    b = rented()
    b.login()
    before = list(b.settings.value)
    assert b.write(LEASE_MODE, 0) == NOT_ALLOWED
    assert b.write(LEASE_LOCKED, 0) == NOT_ALLOWED
    assert b.write(LEASE_MODE + 1, 0x3000, 0) == NOT_ALLOWED
    assert b.write_bytes(LEASE_PASSWORD, padded(b"another one")) == NOT_ALLOWED
    assert b.write_bytes(LEASE_PASSWORD, bytes(16)) == NOT_ALLOWED
    assert list(b.settings.value) == before
    assert b.write_bytes(NEW_PASSWORD, padded(b"mine alone")) == DONE  # his own, not the lessor's
    b.write(0x2021, 1)
    assert b.login(LESSOR, RENTAL) == DONE


def test_a_transaction_that_touches_the_lease_is_refused_too():
    b = rented()
    b.login()
    assert b.write(0x2000, 1) == DONE and b.write(CELL_OV1, 4190) == DONE
    assert b.write(LEASE_MODE, 0) == NOT_ALLOWED


def test_a_factory_reset_keeps_lease_and_lessor():
    b = rented()
    b.login()
    assert b.write(FACTORY_RESET, 0xFAC7) == DONE
    assert not b.settings.commissioned
    assert b.settings.value[ids.LEASE_MODE] == ids.LEASE_MODE_IS_DAYS
    assert b.settings.value[ids.LEASE_END] == 86_400
    assert b.settings.value[ids.LEASE_CHECK_DAYS] == 30
    b.login()
    assert b.write(LEASE_MODE, 0) == NOT_ALLOWED
    assert b.login(LESSOR, RENTAL) == DONE


def test_a_lessor_may_what_an_installer_may_and_not_what_the_maker_may():
    b = rented()
    b.login(LESSOR, RENTAL)
    assert b.write(CELL_OV1, 4190) == DONE
    assert b.write(LEASE_LOCKED, 1) == DONE
    assert b.write(OFFSET_MA, 0, 100) == NOT_ALLOWED
    assert b.write_bytes(0x0820, b"S1" + bytes(14)) == NOT_ALLOWED
    assert b.write_bytes(0x0830, b"pack" + bytes(12)) == DONE


def test_the_maker_may_help_a_lessor_who_lost_the_password():
    b = Bench()
    b.login()
    assert b.write_bytes(0x2048, padded(b"makers own")) == DONE
    b.write_bytes(LEASE_PASSWORD, padded(RENTAL))
    assert b.login(FACTORY, b"makers own") == DONE
    assert b.write(LEASE_LOCKED, 1) == DONE
    assert b.write_bytes(LEASE_PASSWORD, padded(b"a new lessor")) == DONE
    assert b.login(LESSOR, b"a new lessor") == DONE


def test_a_lessor_who_sells_the_pack_takes_himself_away():
    b = rented()
    b.login(LESSOR, RENTAL)
    b.login(LESSOR, RENTAL, port=BLUETOOTH)
    assert b.write_bytes(LEASE_PASSWORD, bytes(16), port=BLUETOOTH) == DONE
    assert b.access.role(PC) == b.access.role(BLUETOOTH) == ids.ROLE_ANYONE
    assert b.login(LESSOR, RENTAL) == NOT_ALLOWED
    b.login()
    assert b.write_bytes(LEASE_PASSWORD, padded(b"the next one")) == DONE


def test_a_date_needs_a_session_and_the_first_one_the_lessor():
    b = rented()
    date = (NOW_S >> 16, NOW_S & 0xFFFF)
    assert b.write(TELL_DATE, *date) == NOT_ALLOWED
    b.login()
    assert b.write(TELL_DATE, *date) == NOT_ALLOWED
    b.login(LESSOR, RENTAL)
    b.controller.requests.save_state = False
    assert b.write(TELL_DATE, *date) == DONE
    assert b.controller.requests.save_state and b.controller.lease.base_s == NOW_S


def test_passwords_of_a_board_without_a_lessor_are_read_and_the_lessor_s_is_kept():
    b = rented()
    buf = bytearray(256)
    n = b.access.dump(buf)
    after = Bench()
    assert after.access.load(buf, n, 0)
    assert after.login(LESSOR, RENTAL) == DONE
    old = buf[: n - 33]
    old[0] = 1
    after = Bench()
    assert after.access.load(old, n - 33, 0)
    assert after.login() == DONE and after.login(LESSOR, RENTAL) == NOT_ALLOWED


def test_settings_of_before_these_rows_take_their_defaults():
    b = rented()
    buf = bytearray(4096)
    n = b.settings.dump(buf)
    kept = bytes(buf[:4])
    for at in range(4, n, 6):
        if not 0x10C3 <= buf[at] | buf[at + 1] << 8 <= 0x10C5:
            kept += bytes(buf[at : at + 6])
    kept = bytearray(kept)
    kept[2:4] = bytes((((len(kept) - 4) // 6) & 0xFF, ((len(kept) - 4) // 6) >> 8))
    after = Settings(b.controller.board)
    assert after.load(kept, len(kept))
    assert after.value[ids.LEASE_MODE] == ids.LEASE_MODE_IS_DAYS
    assert after.value[ids.LEASE_CHECK_DAYS] == 30 and not after.value[ids.LEASE_LOCKED]


def test_the_lease_s_time_survives_a_restart():
    from test_cell_health import NOW_MS, controller, learned

    c = learned(controller())
    c.protection.state[ids.RULE_CELL_OV2] = 3
    c.lease.extra_s, c.lease.base_s, c.lease.told_s = 7200, NOW_S, 99
    data = bytearray(state_record.SIZE)
    n = state_record.dump(c, data, NOW_MS)
    after = controller()
    assert state_record.load(after, bytes(data[:n]), NOW_MS)
    lease = after.lease
    assert (lease.extra_s, lease.base_s, lease.told_s) == (7200, NOW_S, 99)
    # Version 2 had everything else, and no lease.
    old = bytearray(data[:18]) + data[30:n]
    old[0] = 2
    after = controller()
    assert state_record.load(after, bytes(old), NOW_MS)
    assert after.uptime_s == c.uptime_s and after.lease.extra_s == after.lease.base_s == 0
    assert after.protection.state[ids.RULE_CELL_OV2] == 3


def test_a_start_after_a_loss_of_supply_costs_its_price_once_and_is_stored():
    from test_cell_health import NOW_MS, controller

    c = controller()
    c.settings.live[ids.LEASE_MODE] = ids.LEASE_MODE_IS_DAYS
    c.settings.live[ids.LEASE_OUTAGE_MINUTES] = 60
    c.publisher.restart_cause = ids.RESTART_CAUSE_IS_POWER
    for i in range(5):
        c.tick((NOW_MS + 100 * i) & 0x3FFFFFFF)
    assert c.lease.extra_s == 3600 and c.requests.save_state
