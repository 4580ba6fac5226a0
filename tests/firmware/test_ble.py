"""Modbus over Bluetooth: what a phone may, and what no phone can do to a board."""

import random

from ble_bench import MTU, REPLY, REQUEST, SUMMARY, Board, frame

from cellwarden import ids
from cellwarden import schema_data as schema

READ_SOC = bytes((1, 4, 0, 5, 0, 1))
READ_MANY = bytes((1, 4, 2, 0, 0, 112))
BALANCING_OFF = bytes((1, 6, 0x10, 0xB2, 0, 0))


def test_a_reply_is_the_one_of_rs485_in_pieces_of_the_packet_size():
    for mtu in (23, 64, 247):
        b = Board().phone(mtu=mtu)
        reply = b.ask(READ_MANY, most=mtu - 3)
        assert reply[:3] == bytes((1, 4, 224)) and len(reply) == 227
        b.write(frame(READ_MANY))
        b.run(60)
        sizes = [len(data) for handle, data in b.stack.told if handle == REPLY]
        assert sum(sizes) == 229 and max(sizes) == min(229, mtu - 3)


def test_a_request_may_come_byte_by_byte_with_pauses():
    b = Board().phone()
    for byte in frame(READ_SOC):
        assert not b.replies()
        b.write(bytes((byte,)))
        b.run(120)
    assert b.replies()[:3] == bytes((1, 4, 2))


def test_half_a_request_is_no_part_of_what_comes_later():
    b = Board().phone()
    b.write(frame(BALANCING_OFF)[:5])
    b.run(1_600)
    assert b.ask(READ_SOC)[:2] == bytes((1, 4))


def test_bytes_before_the_link_is_secure_reach_nobody():
    b = Board()
    b.connect()
    assert not b.stack.remote_write(1, REQUEST, frame(READ_SOC))  # by the stack itself
    b.stack.links[1] = 3  # and were the stack wrong: we have not been told that it is secure
    b.write(frame(READ_SOC))
    b.run(100)
    assert not b.replies() and b.reading("ble_dropped") == 0
    b.run(300)
    assert b.reading("ble_dropped") == 8


def test_nothing_of_a_link_is_left_to_the_next_one():
    b = Board().phone()
    b.login()
    assert b.role() == ids.ROLE_INSTALLER
    b.ask(bytes((1, 6, 0x20, 0, 0, 1)))  # a transaction is open
    b.write(frame(BALANCING_OFF)[:6])
    b.run()
    b.stack.leave(1)
    b.run(300)
    assert b.role() == ids.ROLE_ANYONE and not any(b.stack.values[SUMMARY])
    b.phone(2)
    b.write(frame(BALANCING_OFF)[6:], 2)
    b.run(1_100)
    assert b.ask(BALANCING_OFF, 2) == bytes((1, 0x86, 1))
    assert b.controller.settings.value[ids.EQUALIZATION] == 1
    b.login(connection=2)
    assert b.role() == ids.ROLE_INSTALLER and b.controller.settings.owner == 0


def test_a_reply_that_was_begun_does_not_go_to_the_next_link():
    b = Board().phone(mtu=23)
    b.stack.room = 1
    b.write(frame(READ_MANY))
    b.run(30)
    b.stack.leave(1)
    b.run(300)
    b.stack.told.clear()
    b.stack.room = 100
    b.phone(2)
    b.run(600)
    assert not b.replies()


def test_a_replayed_login_opens_nothing():
    b = Board().phone()
    answer = b.login()
    b.ask(bytes((1, 6, 0x20, 0x21, 0, 1)))
    assert b.role() == ids.ROLE_ANYONE
    assert b.ask(answer) == bytes((1, 0x90, 1))
    b.ask(bytes((1, 6, 0x20, 0x10, 0, 1)))
    b.ask(answer)
    assert b.role() == ids.ROLE_ANYONE
    assert b.ask(BALANCING_OFF) == bytes((1, 0x86, 1))


def test_a_full_queue_is_tried_again_and_then_ends_the_link():
    b = Board().phone(mtu=23)
    b.stack.room = 3
    b.write(frame(READ_MANY))
    b.run(100)
    assert len(b.replies()) == 60
    b.stack.room = 100
    b.run(100)
    assert len(b.replies()) == 169
    b.stack.room = 0  # a phone that takes nothing any more
    b.login()
    b.run(2_300)
    assert not b.stack.links and b.role() == ids.ROLE_ANYONE
    assert b.reading("ble_state") == ids.BLE_STATE_IS_ADVERTISING


def test_what_comes_while_a_reply_goes_out_is_counted_and_dropped():
    b = Board().phone(mtu=23)
    b.stack.room = 1
    b.write(frame(READ_MANY))
    b.run(20)
    for _ in range(5):
        b.write(frame(BALANCING_OFF) * 60)
        b.run(4)
    b.stack.room = 100
    b.run(600)
    assert len(b.replies()) == 229
    assert b.reading("ble_dropped") == 5 * 480
    assert b.ask(READ_SOC)[:2] == bytes((1, 4))


def test_a_step_is_bounded_whatever_comes():
    b = Board().phone()
    chance = random.Random(3)
    b.ble._link.server.put = lambda buf, n, now_ms: sizes.append(n)
    sizes = []
    for _ in range(2_000):
        b.write(chance.randbytes(600), most=chance.choice((1, 20, 244, 600)))
        reads = b.stack.calls.count("gatts_read")
        b.run(2)
        assert b.stack.calls.count("gatts_read") <= reads + 1
    assert max(sizes) <= 64
    # Four seconds: what is read is garbage later, so it has to stay small against the heap.
    assert 30_000 < sum(sizes) < 52_000


def test_noise_writes_nothing_and_the_board_answers_afterwards():
    b = Board().phone()
    before = bytes(b.controller.settings.value)
    chance = random.Random(5)
    for _ in range(300):
        noise = bytearray(chance.randbytes(chance.randrange(1, 244)))
        if chance.random() < 0.5:
            noise[:8] = frame(BALANCING_OFF)
            noise[chance.randrange(8)] ^= 1 << chance.randrange(8)
        b.write(bytes(noise))
        b.run(chance.randrange(0, 12))
    b.run(1_500)
    b.replies()
    assert bytes(b.controller.settings.value) == before
    assert b.ask(READ_SOC)[:2] == bytes((1, 4))
    assert b.reading("ble_state") == ids.BLE_STATE_IS_SECURED


def test_a_firmware_on_trial_has_shown_itself_to_who_got_a_reply_over_bluetooth():
    b = Board().phone()
    b.run(1_000)
    assert not b.ble.answered
    b.stack.room = 0
    b.ask(READ_SOC)
    assert not b.ble.answered  # nothing has gone out
    b.stack.room = 100
    b.run(60)
    assert b.ble.answered


def test_a_write_of_another_link_is_not_obeyed():
    b = Board().phone()
    b.login()
    b.stack.links[2] = 3
    b.stack.remote_write(2, REQUEST, frame(BALANCING_OFF))
    b.run(300)
    assert not b.replies() and b.controller.settings.value[ids.EQUALIZATION] == 1
    assert b.role() == ids.ROLE_ANYONE


def test_the_unit_is_the_one_of_the_settings():
    b = Board().phone()
    b.controller.settings.live[ids.DEVICE_ADDRESS] = 7
    b.run(300)
    assert b.ask(READ_SOC) == b""
    assert b.ask(b"\x07" + READ_SOC[1:])[:2] == bytes((7, 4))


def test_a_summary_has_whole_fields_and_as_many_as_fit():
    for mtu, fields in ((23, 8), (64, None), (247, 44)):
        b = Board().phone(mtu=mtu)
        b.run(100)
        data = b.stack.values[SUMMARY]
        assert data[:2] == bytes((schema.SCHEMA_VERSION >> 8, schema.SCHEMA_VERSION & 0xFF))
        lengths = [2 * n for n in schema.SUMMARY_REGISTERS]
        whole = [2 + sum(lengths[:n]) for n in range(len(lengths) + 1)]
        assert len(data) == max(n for n in whole if n <= mtu - 3)
        if fields:
            assert len(data) == whole[fields]
        soc = int.from_bytes(b.ask(READ_SOC)[3:5], "big")
        assert int.from_bytes(data[2:4], "big") == soc


def test_a_summary_comes_twice_a_second_while_something_changes_and_rarely_when_not():
    b = Board().phone()
    b.run(600)
    b.stack.told.clear()
    b.run(10_000)
    assert len(b.stack.told) in (2, 3)
    b.stack.told.clear()
    out = b.controller.publisher.readout
    for i in range(20):
        out[ids.R_PACK_10MV] = 5_000 + i
        b.run(500)
    assert 18 <= len(b.stack.told) <= 22


def test_who_asks_nothing_for_five_minutes_has_to_go():
    b = Board().phone()
    b.run(200_000, 50)
    b.ask(READ_SOC)
    b.run(200_000, 50)
    assert b.stack.links
    b.run(101_000, 50)
    assert not b.stack.links


def test_a_second_central_is_sent_away():
    b = Board().phone()
    b.stack.arrive(2)
    b.run(300)
    assert set(b.stack.links) == {1} and b.ask(READ_SOC)
    assert b.reading("ble_connections") == 1


def test_a_link_whose_end_was_never_told_passes_nothing_on():
    b = Board().phone()
    b.login()
    b.stack.arrive(1)  # the same number again
    b.stack.links[1] = 3
    b.write(frame(BALANCING_OFF))
    b.run(300)
    assert b.role() == ids.ROLE_ANYONE and not b.replies()
    assert b.reading("ble_state") == ids.BLE_STATE_IS_CONNECTED
    b.stack.leave(1)
    b.phone()


def test_a_packet_size_below_or_above_what_we_take_is_not_believed():
    b = Board().phone()
    b.stack.event(MTU, 1, 5)
    b.run()
    b.write(frame(READ_MANY))
    b.run(60)
    assert max(len(data) for handle, data in b.stack.told if handle == REPLY) == 20
    b.replies()
    b.stack.event(MTU, 1, 517)
    b.run()
    assert b.ask(READ_MANY)[:2] == bytes((1, 4))


def test_a_password_changes_over_a_secure_link():
    b = Board().phone()
    b.login()
    new = b"correct horse" + bytes(3)
    assert b.ask(bytes((1, 16, 0x20, 0x22, 0, 8, 16)) + new)[1] == 16
    assert not b.controller.access.factory_password


def test_events_that_are_lost_cost_the_link_and_never_its_end():
    b = Board().phone()
    b.login()
    for _ in range(100):
        b.stack.event(MTU, 1, 100)
    b.run(300)
    assert not b.stack.links and b.role() == ids.ROLE_ANYONE
    assert b.stack.advertised
    b.phone(2)
    assert b.ask(READ_SOC, 2)
