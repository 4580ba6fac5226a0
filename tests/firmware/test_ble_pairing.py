"""Pairing: the passkey, what wrong ones cost, and the phones that a board knows."""

from types import SimpleNamespace

from ble_bench import (
    CONNECT,
    ENCRYPTION,
    GET,
    IDENTITY,
    OURS,
    PASSKEY,
    PEERS,
    PHONE,
    REQUEST,
    SET,
    Board,
    frame,
)

from cellwarden import ids

LOCKS_S = (0, 0, 10, 60, 300, 900, 3600, 3600)


def key(number):
    return bytes((0, number)) + PHONE[2:]


def ltk(number):
    return bytes((number,)) * 80


def bond(b, number, connection=1):
    """Another phone pairs, and goes."""
    b.connect(connection)
    assert b.pair(connection, key=key(number))
    b.stack.leave(connection)
    b.run(300)


def known(b, number):
    return b.stack.event(GET, OURS, 0, key(number)) is not None


def test_the_passkey_has_six_digits_by_chance_and_stays_over_a_restart():
    b, other = Board(), Board()
    other.bonds.renew()
    assert 0 < b.bonds.passkey < 1_000_000 and other.bonds.passkey != b.bonds.passkey
    again = Board(record=b.record())
    assert again.bonds.passkey == b.bonds.passkey and not again.bonds.changed
    text = again.controller.settings.texts.get(ids.T_BLUETOOTH_PASSKEY)
    assert text == b"%06d" % b.bonds.passkey


def test_who_knows_the_passkey_is_paired_and_comes_back_without_it():
    b = Board()
    passkey = b.bonds.passkey
    b.phone().run(600)
    assert b.stack.passkeys == [passkey]
    assert b.reading("ble_state") == ids.BLE_STATE_IS_SECURED and b.reading("ble_bonds") == 1
    again = Board(record=b.record())
    assert again.stack.event(GET, OURS, 0, PHONE) == bytes(80)
    assert again.stack.event(GET, PEERS, 0, None) == bytes(80)
    again.connect()
    again.stack.links[1] = 3
    again.stack.event(ENCRYPTION, 1, 1, 1, 1, 16)
    again.run(300)
    assert again.reading("ble_state") == ids.BLE_STATE_IS_SECURED and not again.stack.passkeys


def test_a_passkey_is_good_for_one_phone_or_two_wrong_tries():
    b = Board()
    for tried in range(300):
        shown = b.bonds.passkey
        assert b.bonds.failed(0) == bool(tried % 2) == (b.bonds.passkey != shown)
        record = b.record()
        b.bonds.load(record, 0)  # a restart gives no more tries
    b = Board()
    heard = b.bonds.passkey
    b.phone()
    text = b.controller.settings.texts.get(ids.T_BLUETOOTH_PASSKEY)
    assert b.bonds.passkey != heard and text == b"%06d" % b.bonds.passkey and b.bonds.changed


def test_a_new_passkey_lets_everybody_try_again():
    b = Board()
    for _ in range(5):
        b.bonds.failed(b.now_ms)
    assert b.bonds.locked_ms(b.now_ms)
    b.ble.forget()
    b.ble.new_passkey(0)
    b.run(300)
    assert b.reading("ble_pairing_failures") == b.reading("ble_pairing_lock_s") == 0
    b.phone()


def test_a_short_key_is_none():
    for size in (7, 15):
        b = Board()
        b.connect()
        b.stack.event(PASSKEY, 1, 3, 0)
        b.run()
        b.stack.links[1] = 3
        b.stack.event(ENCRYPTION, 1, 1, 1, 1, size)
        b.run(300)
        assert not b.stack.links and b.bonds.failures == 1


def test_secrets_of_another_link_take_no_place():
    b = Board()
    bond(b, 3)
    b.phone().run(600)
    for number in range(20, 26):
        b.stack.event(CONNECT, 2, 0, PHONE[1:])
        for kind in (OURS, PEERS):
            b.stack.event(SET, kind, key(number), ltk(9))
        b.run(300)
    b.stack.leave(1)
    b.run(300)
    assert known(b, 3) and b.reading("ble_bonds") == 2 and not known(b, 20)


def test_a_secret_that_comes_while_others_are_settled_is_settled_too():
    b = Board()
    b.bonds.put(OURS, key(1), ltk(1))
    data, bonds = b.bonds._data, b.bonds

    class Late:  # as the stack's own thread may, behind the place where it goes
        def __len__(self):
            return len(data)

        def __getitem__(self, at):
            return data[at]

        def __setitem__(self, at, value):
            data[at] = value
            bonds._data = data
            bonds.put(PEERS, key(2), ltk(2))

    bonds._data = Late()
    bonds.settle(True)
    assert bonds._on_trial


def test_wrong_passkeys_lock_ever_longer_and_a_restart_is_no_way_round():
    b = Board()
    for tried, lock_s in enumerate(LOCKS_S, 1):
        b.connect()
        assert not b.pair(passkey=-1)
        b.stack.leave(1)
        b.run(300)
        assert b.reading("ble_pairing_failures") == tried
        assert b.reading("ble_pairing_lock_s") in (lock_s, lock_s - 1)
        if lock_s:
            b = Board(record=b.record())
            asked = len(b.stack.passkeys)
            b.connect()
            assert not b.pair() and len(b.stack.passkeys) == asked  # not even tried
            assert b.reading("ble_pairing_failures") == tried
            b.run(1000 * lock_s, 250)
    b.connect()
    assert b.pair()
    assert b.bonds.failures == 0


def test_a_thousand_wrong_passkeys_leave_nothing_but_a_lock_and_another_passkey():
    b = Board()
    bond(b, 1)
    first, before = b.bonds.passkey, bytes(b.controller.settings.value)
    for i in range(1_000):
        b.connect()
        for kind in (OURS, PEERS):
            b.stack.event(SET, kind, key(i & 0xFF), ltk(9))  # for what it is worth
        b.pair(passkey=-1)
        b.write(frame(bytes((1, 6, 0x10, 0xB2, 0, 0))))
        b.stack.leave(1)
        b.run(4)
    b.run(300)
    assert b.bonds.failures == 4 and b.reading("ble_bonds") == 1
    assert known(b, 1) and not known(b, 2)
    assert bytes(b.controller.settings.value) == before
    for _ in range(10):
        b.run(3_700_000, 1_000)
        b.connect()
        b.pair(passkey=-1)
        b.stack.leave(1)
        b.run()
    assert b.bonds.passkey != first  # what was learned about the old one is worth nothing
    b.run(3_700_000, 1_000)
    b.connect()
    assert b.pair()


def test_a_pairing_that_is_dropped_halfway_was_wrong():
    b = Board()
    b.connect()
    b.stack.event(PASSKEY, 1, 3, 0)
    b.run()
    b.stack.leave(1)
    b.run(300)
    assert b.reading("ble_pairing_failures") == 1
    b.connect()
    b.stack.event(PASSKEY, 1, 3, 0)
    b.run()
    b.stack.event(PASSKEY, 1, 3, 0)
    b.run()
    assert b.bonds.failures == 2


def test_a_link_that_is_encrypted_without_a_passkey_ends():
    b = Board()
    bond(b, 1)
    b.connect()
    b.stack.event(SET, OURS, key(1), ltk(7))  # as if it were the phone that we know
    b.stack.event(SET, PEERS, key(2), ltk(7))
    b.stack.event(ENCRYPTION, 1, 1, 0, 1, 16)
    b.run(300)
    assert not b.stack.links and b.reading("ble_bonds") == 1
    assert b.stack.event(GET, OURS, 0, key(1)) == bytes(80) and not known(b, 2)


def test_who_does_not_pair_within_a_minute_has_to_go():
    b = Board()
    b.connect()
    b.run(59_000, 50)
    assert b.stack.links
    b.run(1_500, 50)
    assert not b.stack.links and b.stack.advertised


def test_a_link_that_is_no_longer_encrypted_ends_with_its_session():
    b = Board().phone()
    b.login()
    b.stack.event(ENCRYPTION, 1, 0, 0, 0, 0)
    b.write(frame(bytes((1, 6, 0x10, 0xB2, 0, 0))))
    b.run(300)
    assert b.role() == ids.ROLE_ANYONE and not b.stack.links
    assert b.controller.settings.value[ids.EQUALIZATION] == 1


def test_four_phones_are_kept_and_the_oldest_makes_room():
    b = Board()
    for number in range(1, 6):
        bond(b, number)
    assert [known(b, number) for number in range(1, 6)] == [False, True, True, True, True]
    bond(b, 2)  # pairs anew, and is the youngest now
    bond(b, 6)
    assert [known(b, number) for number in range(2, 7)] == [True, False, True, True, True]
    again = Board(record=b.record())
    assert again.reading("ble_bonds") == 4 and not known(again, 3)
    bond(again, 7)
    assert [known(again, n) for n in (2, 4, 5, 6, 7)] == [True, False, True, True, True]


def test_our_own_identity_is_kept_and_is_no_phone():
    b = Board()
    assert b.reading("ble_bonds") == 0
    assert b.stack.event(GET, IDENTITY, 0, b"irk") == bytes(16)
    b.ble.forget()
    again = Board(record=b.record())
    assert again.stack.event(GET, IDENTITY, 0, b"irk") == bytes(16)


def test_a_secret_that_is_too_long_is_refused_and_one_that_is_dropped_is_gone():
    b = Board()
    b.connect()
    assert not b.stack.event(SET, OURS, key(1), bytes(113))
    assert not b.stack.event(SET, OURS, bytes(17), bytes(80))
    bond(b, 1, 2) if not b.stack.links else b.stack.leave(1)
    b.run()
    bond(b, 1)
    b.connect()
    assert b.stack.event(SET, OURS, key(1), None)
    assert not known(b, 1)
    b.pair(key=key(2))
    b.run(300)
    assert not known(b, 1) and known(b, 2)


def test_a_stranger_fills_no_place_of_a_phone_that_is_known():
    b = Board()
    for number in range(1, 5):
        bond(b, number)
    b.connect()
    for number in range(20, 60):
        b.stack.event(SET, OURS, key(number), ltk(1))
    b.stack.leave(1)
    b.run(300)
    assert all(known(b, number) for number in range(1, 5)) and b.reading("ble_bonds") == 4


def test_a_record_that_is_cut_or_of_another_kind_is_none():
    b = Board()
    bond(b, 1)
    record = b.record()
    for bad in (b"", record[:3], record[:-1], record[:7], b"\x09" + record[1:]):
        again = Board(record=bad)
        assert again.reading("ble_bonds") == 0 and 0 < again.bonds.passkey < 1_000_000
        assert again.bonds.changed
        again.phone()


def test_an_installer_forgets_phones_and_chooses_the_passkey():
    b = Board().phone()
    b.ble.new_passkey(4711)
    b.ble.forget()
    b.run(600)
    assert b.bonds.passkey == 4711 and b.bonds.changed and not b.stack.links
    assert b.controller.settings.texts.get(ids.T_BLUETOOTH_PASSKEY) == b"004711"
    assert b.reading("ble_bonds") == 0
    b.ble.new_passkey(0)
    assert b.bonds.passkey not in (0, 4711)
    b.ble.forget()  # with nobody there: the next phone is none of those
    b.phone()
    b.run(600)
    assert b.stack.links


def test_pairing_is_journalled_and_the_passkey_is_not():
    b = Board().phone()
    b.ble.new_passkey(123_456)
    b.stack.leave(1)
    b.run()
    b.connect()
    b.pair(passkey=-1)
    assert b.notes() == [(1, 0), (4, 0), (2, 1)]


def test_an_oled_shows_the_passkey_to_who_pairs_only():
    page = SimpleNamespace(passkey=-1)
    b = Board(page=page)
    b.connect()
    assert page.passkey == -1
    b.stack.event(PASSKEY, 1, 3, 0)
    b.run()
    assert page.passkey == b.bonds.passkey
    b.stack.leave(1)
    b.run()
    assert page.passkey == -1
    b.phone()
    assert page.passkey == -1


def test_a_passkey_is_never_typed_in_or_compared():
    for action in (0, 2, 4):
        b = Board()
        b.connect()
        b.stack.event(PASSKEY, 1, action, 0)
        b.run()
        assert not b.stack.links and not b.stack.passkeys


def test_a_stack_that_is_wrong_about_permissions_still_writes_nothing():
    b = Board()
    b.connect()
    b.stack.event(PASSKEY, 1, 3, 0)
    b.stack.links[1] = 3
    b.stack.remote_write(1, REQUEST, frame(bytes((1, 6, 0x20, 0x10, 0, 1))))
    b.run(100)
    assert not b.replies() and b.controller.access.asked_role(3) == 0
