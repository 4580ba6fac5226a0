"""The radio: what it calls out and how often, and radios that cannot do what is wanted."""

import sys
from types import SimpleNamespace

import pytest
from ble_bench import (
    BATTERY,
    CONNECT,
    DISCONNECT,
    ENCRYPTION,
    ENOMEM,
    EOPNOTSUPP,
    MTU,
    REQUEST,
    SUMMARY,
    UUID,
    Board,
    Stack,
)

from cellwarden import ids
from firmware.ble import fit

UUID_BYTES = bytes.fromhex("8e2d00015f0b4c8e9d3a63656c6c7764")[::-1]
FAST, STEADY, QUIET = 100_000, 1_000_000, 2_000_000


def interval(b):
    return b.stack.advertised[0] if b.stack.advertised else 0


def switch(b, on):
    b.controller.publisher.readout[ids.R_DISCHARGE_SWITCH] = on


def flags(b):
    """Flags by the last digits of each characteristic's UUID."""
    found = {}
    for _, characteristics in b.stack.definition:
        for uuid, flag in characteristics:
            value = uuid.value
            found[value if isinstance(value, int) else int(value[4:8], 16)] = flag
    return found


def test_requests_and_summaries_need_encryption_and_authentication():
    found = flags(Board())
    assert found[2] == 0x3000 | 0x0C and found[3] == 0x10 and found[4] == 0x0600 | 0x12
    assert found[0x2A19] == 0x12 and found[0x2A24] == found[0x2A26] == found[0x2A29] == 2
    assert 0x2A25 not in found  # a serial number would make a board followable


def test_the_advertisement_tells_the_service_and_the_name():
    b = Board()
    _, told, response = b.stack.advertised
    assert told == b"\x02\x01\x06\x11\x07" + UUID_BYTES and len(told) <= 31
    assert response == b"\x10\x09Cellwarden-4c2a"
    b.map.set_text(ids.T_DEVICE_NAME, "Garage pack 0001")
    b.run(600)
    assert b.stack.advertised[2] == b"\x11\x09Garage pack 0001"
    assert b.stack.options["gap_name"] == b"Garage pack 0001"


def test_a_board_is_found_fast_when_something_happens_and_slowly_when_nothing_does():
    b = Board()
    assert interval(b) == FAST
    b.run(31_000, 50)
    assert interval(b) == STEADY
    b.run(600_000, 200)
    assert interval(b) == QUIET
    b.controller.publisher.readout[ids.R_LOUDEST] = 3
    b.run(600)
    assert interval(b) == FAST
    b.run(31_000, 50)
    switch(b, 1)
    b.run(900_000, 200)
    assert interval(b) == STEADY  # a pack at work
    switch(b, 0)
    b.run(601_000, 200)
    assert interval(b) == QUIET
    b.connect()
    b.run(300)
    assert interval(b) == 0
    b.stack.leave(1)
    b.run(300)
    assert interval(b) == FAST


def test_a_radio_that_is_switched_off_by_a_setting_is_silent():
    b = Board().phone()
    b.controller.settings.live[ids.BLUETOOTH_ON] = 0
    b.run(600)
    assert not b.stack.links and interval(b) == 0
    assert b.reading("ble_state") == ids.BLE_STATE_IS_OFF
    b.controller.settings.live[ids.BLUETOOTH_ON] = 1
    b.run(600)
    assert interval(b) and b.reading("ble_state") == ids.BLE_STATE_IS_ADVERTISING


def test_a_stack_that_pairs_without_a_passkey_is_one_without_pairing():
    stack = Stack()

    def refuse(*_):
        raise OSError(EOPNOTSUPP)

    stack.gap_passkey = refuse  # MicroPython's BTstack binding with pairing switched on
    assert Board(stack).reading("ble_state") == ids.BLE_STATE_IS_NO_PAIRING


def test_a_link_that_never_came_up_does_not_silence_the_board():
    b = Board()
    b.stack.advertised = None
    b.stack.event(DISCONNECT, 5, 0xFF, bytes(6))
    b.run(600)
    assert interval(b)


def test_a_link_that_begins_while_the_board_begins_to_call_out_ends_that():
    b = Board()
    b.stack.links[1] = 0
    b.stack.event(CONNECT, 1, 0, bytes(6))  # and it calls out all the same
    b.run(600)
    assert not interval(b) and b.reading("ble_state") == ids.BLE_STATE_IS_CONNECTED


def test_a_link_that_nobody_told_of_is_ended():
    b = Board()
    for _ in range(60):
        b.stack.event(ENCRYPTION, 9, 0, 0, 0, 0)
    for number in range(50, 60):
        b.stack.event(CONNECT, number, 0, bytes(6))
    b.stack.links[59] = 0
    b.run(300)
    assert 59 not in b.stack.links
    b = Board()
    b.stack.links[7] = 0
    b.stack.event(MTU, 7, 100)
    b.run(300)
    assert not b.stack.links


def test_a_radio_that_is_given_up_is_switched_off():
    b = Board()
    b.stack.fails["gatts_write"] = OSError(5)
    b.connect()
    b.ble._link.reset = b.ble._look = None  # raises
    b.run(70_000, 50)
    assert b.ble.failed and b.stack.powered is False
    stack = Stack()
    stack.fails["gatts_register_services"] = OSError(5)
    assert Board(stack).ble.failed and stack.powered is False


def test_a_board_without_memory_for_bluetooth_goes_without(monkeypatch):
    def full(*_):
        raise MemoryError

    b = Board()
    b.controller.bluetooth = None
    monkeypatch.setattr("firmware.ble.server.Bluetooth.__init__", full)
    keeps = SimpleNamespace(load_bonds=lambda bonds, now_ms: None)
    assert fit(b.controller, b.map, keeps, None, 0) is None and b.controller.bluetooth is None
    assert b.reading("ble_state") == ids.BLE_STATE_IS_FAILED


def test_the_end_of_a_link_is_understood_under_either_name():
    b = Board().phone()
    b.login()
    b.stack.links.clear()
    b.stack.event(8, 1, 0xFF, bytes(6))
    b.run(600)
    assert b.role() == ids.ROLE_ANYONE and interval(b)


def test_a_stack_without_pairing_offers_nothing_that_needs_it():
    b = Board(Stack(pairs=False))
    assert set(flags(b)) == {0x2A29, 0x2A24, 0x2A26, 0x2A19}
    assert b.reading("ble_state") == ids.BLE_STATE_IS_NO_PAIRING and interval(b)
    b.connect()
    b.run(61_000, 50)
    assert not b.stack.links
    b.run(600)
    assert interval(b)


def test_the_battery_level_is_for_anybody_and_told_when_it_changes():
    b = Board()
    assert b.stack.values[BATTERY] == b"\x00"  # not known
    b.connect()
    b.controller.publisher.readout[ids.R_SOC_PERMILLE] = 735
    b.run(300)
    assert b.stack.values[BATTERY] == b"\x4a" and (BATTERY, b"\x4a") in b.stack.told


def test_whatever_fails_at_the_start_the_board_works_on_and_says_so():
    for name in ("active", "config", "gatts_register_services", "gatts_write"):
        for error in (OSError(ENOMEM), MemoryError(), ValueError("unknown"), AttributeError("x")):
            stack = Stack()
            stack.fails[name] = error
            b = Board(stack)
            b.run(2_000)
            assert b.reading("ble_state") == ids.BLE_STATE_IS_FAILED or (
                name == "config" and isinstance(error, ValueError)
            )
            b.ble.forget()
            b.ble.new_passkey(1)
            b.ble.off()


def test_a_build_without_bluetooth_is_a_failed_radio():
    b = Board()
    b.ble.failed = True
    sys.modules["bluetooth"] = None
    try:
        b.ble.begin(b.now_ms)
        b.ble.publish(b.now_ms)
    finally:
        del sys.modules["bluetooth"]
    assert b.reading("ble_state") == ids.BLE_STATE_IS_FAILED


def test_a_call_that_fails_at_work_costs_the_link_and_not_the_radio():
    for name in ("gatts_read", "gatts_write", "gatts_notify"):
        for error in (MemoryError(), OSError(5), ValueError("x")):
            if name == "gatts_write" and isinstance(error, OSError):
                continue  # a full queue
            b = Board().phone()
            b.login()
            b.stack.fails[name] = error
            b.stack.remote_write(1, REQUEST, bytes((1, 4, 0, 5, 0, 1, 0x21, 0xCB)))
            b.run(6_000)
            assert b.role() == ids.ROLE_ANYONE and not b.stack.links, (name, error)
            del b.stack.fails[name]
            b.run(600)
            assert b.phone(2).ask(bytes((1, 4, 0, 5, 0, 1)), 2)


def test_summaries_that_do_not_fit_are_left_out_and_cost_nothing():
    b = Board().phone()
    b.stack.fails["gatts_write"] = OSError(ENOMEM)  # subscribed, and never reads
    b.controller.publisher.readout[ids.R_SOC_PERMILLE] = 500
    b.run(60_000, 10)
    assert b.stack.links and b.ask(bytes((1, 4, 0, 5, 0, 1)))
    del b.stack.fails["gatts_write"]
    b.run(6_000)
    assert b.stack.values[BATTERY] == b"\x32" and len(b.stack.values[SUMMARY]) == 124


def test_a_radio_that_stays_broken_is_given_up_and_no_session_with_it():
    b = Board().phone()
    b.login()
    for name in ("gatts_read", "gatts_write", "gap_disconnect", "gap_advertise"):
        b.stack.fails[name] = OSError(5)
    b.stack.remote_write(1, REQUEST, b"\x01")
    b.run(120_000, 50)
    assert b.reading("ble_state") == ids.BLE_STATE_IS_FAILED
    assert b.role() == ids.ROLE_ANYONE
    calls = len(b.stack.calls)
    b.run(1_000)
    assert len(b.stack.calls) == calls


def test_a_stack_that_never_tells_of_the_end_is_not_waited_for():
    b = Board().phone()
    b.stack.gap_disconnect = lambda connection: True
    b.ble.forget()
    b.run(6_000)
    assert b.reading("ble_state") == ids.BLE_STATE_IS_ADVERTISING
    b.stack.links.clear()
    assert b.phone(2).ask(bytes((1, 4, 0, 5, 0, 1)), 2)


def test_the_address_is_a_text():
    b = Board()
    text = b.controller.settings.texts.get(ids.T_BLUETOOTH_ADDRESS)
    assert text == b"28CDC1000001"


def test_a_radio_that_hung_the_last_start_is_left_alone_in_this_one(tmp_path, monkeypatch):
    b, trying = Board(), tmp_path / "radio.txt"
    stacks = []

    def start(cause, hangs=False):
        b.controller.publisher.restart_cause = cause
        stacks.append(Stack())
        if hangs:
            stacks[-1].fails["active"] = SystemExit()
        module = SimpleNamespace(BLE=lambda: stacks[-1], UUID=UUID)
        monkeypatch.setitem(sys.modules, "bluetooth", module)
        keeps = SimpleNamespace(load_bonds=lambda bonds, now_ms: bonds.renew())
        fit(b.controller, b.map, keeps, None, 0, str(trying))
        return b.reading("ble_state") != ids.BLE_STATE_IS_FAILED

    assert start(ids.RESTART_CAUSE_IS_POWER) and not trying.exists()
    with pytest.raises(SystemExit):  # as near as a test comes to a hang
        start(ids.RESTART_CAUSE_IS_POWER, hangs=True)
    assert not start(ids.RESTART_CAUSE_IS_WATCHDOG) and not stacks[-1].calls
    assert start(ids.RESTART_CAUSE_IS_WATCHDOG)  # once: whoever restarts the board may try
    with pytest.raises(SystemExit):
        start(ids.RESTART_CAUSE_IS_POWER, hangs=True)
    assert start(ids.RESTART_CAUSE_IS_POWER)
    assert start(ids.RESTART_CAUSE_IS_WATCHDOG)
    assert not start(ids.RESTART_CAUSE_IS_WATCHDOG)  # it may hang at work
    assert start(ids.RESTART_CAUSE_IS_WATCHDOG) and start(ids.RESTART_CAUSE_IS_POWER)
    assert not trying.exists()
