"""Connections of the simulated radio: pairing, bonds, several centrals, and every way to end."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest
from radio_bench import OPEN, PASSKEY, REPLY, SECURE, phone_on, radio_board, said
from sim_bench import wait_until

from cellwarden_host.sim.radio_central import CentralError, RadioCentral

POWER_LOST = 0x08
TERMINATED = 0x13
MIC_FAILURE = 0x3D


def our_threads():
    ours = ("central", "radio", "simboard")
    return [thread.name for thread in threading.enumerate() if thread.name in ours]


def test_pairing_asks_for_the_passkey_and_hands_the_bond_over(tmp_path):
    with radio_board(tmp_path) as board, phone_on(board) as phone:
        phone.pair(PASSKEY)
        assert phone.encrypted
        phone.write(SECURE, b"secret")
        board.advance(400)
        assert board.radio.status() == {
            "on": True,
            "advertising": False,
            "connections": [
                {
                    "address": phone.address,
                    "mtu": 247,
                    "encrypted": True,
                    "authenticated": True,
                    "bonded": True,
                }
            ],
            "lost_events": 0,
        }
        lines = said(board, "event")[2:] + said(board, "secret")
        assert lines == [
            "event 31 1 3 0",
            "event 28 1 1 1 1 16",
            "event 3 1 6",
            "secret 10 16",
            "secret 1 80",
            "secret 2 80",
        ]


def test_a_wrong_passkey_leaves_nothing_and_can_be_tried_again(tmp_path):
    with radio_board(tmp_path) as board, phone_on(board) as phone:
        for wrong in (PASSKEY + 1, 999_999):
            with pytest.raises(CentralError, match="CONFIRM_VALUE_FAILED"):
                phone.pair(wrong)
            assert not phone.encrypted
        board.advance(20)
        assert said(board, "event 28") == ["event 28 1 0 0 0 0"] * 2
        assert len(said(board, "secret")) == 1  # only the board's own
        phone.pair(PASSKEY)
        phone.write(SECURE, b"x")
        board.advance(400)
        assert said(board, "event 28")[2:] == ["event 28 1 1 1 1 16"]


def test_passkey_000000_is_one(tmp_path):
    with radio_board(tmp_path, "def on(event, data):\n    pass\n") as board:
        board.console.typed(b"\x03")
        board.advance(100)
        board.console.typed(
            b"from micropython import *\r\n"
            b"ble.irq(lambda e, d: ble.gap_passkey(d[0], d[1], 0) if e == 31 else None)\r\n"
        )
        board.advance(100)
        with phone_on(board) as phone:
            phone.pair(0)
            phone.write(SECURE, b"x")


def test_a_bond_is_only_what_the_firmware_kept(tmp_path):
    with radio_board(tmp_path) as board:
        with phone_on(board) as phone:
            phone.pair(PASSKEY)
            board.advance(200)
            board.hard_reset()
            assert (phone.connected, phone.disconnect_reason) == (False, POWER_LOST)
            board.advance(500)
            phone.connect("Bench")
            phone.encrypt()
            phone.write(SECURE, b"x")
            board.advance(20)
            assert said(board, "event 28")[1:] == ["event 28 1 1 1 1 16"]
            phone.disconnect()
            address, bonds = phone.address, phone.bonds
        board.console.typed(b"\x03")
        board.advance(100)
        board.console.typed(b"os.remove('/bonds'); import machine; machine.reset()\r\n")
        board.advance(1000)
        with phone_on(board, address=address, bonds=bonds) as phone:
            with pytest.raises(CentralError):
                phone.encrypt()
            assert not phone.encrypted
            with pytest.raises(CentralError):
                phone.write(SECURE, b"x")


def test_a_bond_is_no_better_than_the_pairing_that_made_it(tmp_path):
    with radio_board(tmp_path) as board, phone_on(board) as phone:
        phone.pair(None)
        phone.disconnect()
        phone.connect("Bench")
        phone.encrypt()
        with pytest.raises(CentralError, match="INSUFFICIENT_AUTHENTICATION"):
            phone.write(SECURE, b"x")
        assert said(board, "event 28") == ["event 28 1 1 0 1 16"] * 2


def test_a_board_can_be_stepped_from_inside_somebody_elses_loop(tmp_path):
    async def inside():
        with radio_board(tmp_path) as board, phone_on(board) as phone:
            return phone.mtu

    assert asyncio.run(inside()) == 247


def test_a_known_phone_that_pairs_anew_loses_its_old_bond_first(tmp_path):
    with radio_board(tmp_path) as board, phone_on(board) as phone:
        phone.pair(PASSKEY)
        board.advance(400)
        assert said(board, "gone") == []
        with pytest.raises(CentralError):
            phone.pair(PASSKEY + 1)
        board.advance(400)
        assert said(board, "gone") == ["gone 1", "gone 2"]
        assert len(said(board, "secret")) == 3


def test_two_centrals_one_advertisement_one_connection(tmp_path):
    with radio_board(tmp_path) as board, phone_on(board) as one:
        with RadioCentral(board) as two:
            with pytest.raises(CentralError, match="in sight"):
                two.connect("Bench", timeout_s=0.5)  # it does not advertise while connected
            one.disconnect()
            two.connect("Bench")
            assert two.connected
            assert len(said(board, "event 1 ")) == 2


def test_several_connections_are_told_apart(tmp_path):
    answer = """
def on(event, data):
    if event == 1:
        ble.gap_advertise(100_000)
    if event == 3:
        ble.gatts_notify(data[0], reply, bytes((data[0],)))
"""
    with radio_board(tmp_path, answer) as board, phone_on(board) as one, phone_on(board) as two:
        for phone, number in ((one, 1), (two, 2), (one, 1)):
            phone.subscribe(REPLY)
            phone.write(OPEN, b"x")
            assert phone.wait(REPLY) == bytes((number,))
        one.pair(PASSKEY)
        one.write(SECURE, b"x")
        with pytest.raises(CentralError):
            two.write(SECURE, b"x")
        two.vanish()
        board.advance(20)
        assert one.connected
        assert len(said(board, "event 2 2")) == 1


def test_the_board_can_end_a_connection(tmp_path):
    leave = """
def on(event, data):
    if event == 3:
        print("there", ble.gap_disconnect(data[0]))
"""
    with radio_board(tmp_path, leave) as board, phone_on(board) as phone:
        phone.write(OPEN, b"x", response=False)
        board.advance(40)
        assert (phone.connected, phone.disconnect_reason) == (False, TERMINATED)
        assert said(board, "there") == ["there True"]
        assert len(said(board, "event 2 1")) == 1
        with pytest.raises(CentralError, match="not connected"):
            phone.write(OPEN, b"x")


@pytest.mark.parametrize("how", ["unplug", "hard_reset", "soft", "off"])
def test_links_drop_with_the_board_in_the_middle_of_everything(tmp_path, how):
    flood = """
def on(event, data):
    if event == 3 and ble.gatts_read(data[1]) == b"off":
        ble.active(False)
        print("state", ble.active())
    elif event == 3:
        for _ in range(9):
            ble.gatts_notify(data[0], reply, bytes(200))
"""
    with radio_board(tmp_path, flood) as board, phone_on(board) as phone:
        phone.subscribe(REPLY)
        phone.write(OPEN, b"x", response=False)
        board.advance(16)  # some notifications are out, some wait
        if how == "soft":
            board.console.typed(b"\x03\x04")
            board.advance(100)
        elif how == "off":
            phone.write(OPEN, b"off", response=False)
            board.advance(40)
            assert said(board, "state") == ["state False"]
        else:
            getattr(board, how)()
        assert (phone.connected, phone.disconnect_reason) == (False, POWER_LOST)
        board.power_on()
        board.advance(800)
        if how != "off":
            phone.connect("Bench")
            assert phone.mtu == 247
        assert board.radio.lost_events == 0


def test_rubbish_on_the_air_changes_nothing(tmp_path):
    with radio_board(tmp_path) as board, phone_on(board) as phone:
        for channel in (4, 6, 5, 0x40):
            for data in (
                b"\x12\x0b\x00" + bytes(300),
                b"\x12",
                b"\xff\xff\xff",
                b"\x01",
                bytes(20),
            ):
                phone.send_raw(channel, data)
        board.advance(200)
        assert said(board, "event 3 ", "event 31") == []
        phone.disconnect()
        phone.connect("Bench")
        phone.pair(PASSKEY)
        phone.write(SECURE, b"x")
        board.advance(400)  # the bond goes to flash first
        assert len(said(board, "event 3 ")) == 1


def test_a_pairing_that_does_not_go_on_ends_by_itself(tmp_path):
    with radio_board(tmp_path) as board, phone_on(board) as phone:
        phone.send_raw(6, bytes((1, 2, 0, 0x0D, 16, 3, 3)))  # a request, and nothing more
        board.advance(29_000)
        assert said(board, "event 28") == []
        board.advance(2_000)
        assert said(board, "event 28") == ["event 28 1 0 0 0 0"]
        assert phone.connected


def test_two_phones_of_one_address_are_never_connected_together(tmp_path):
    answer = "def on(event, data):\n    if event == 1:\n        ble.gap_advertise(100_000)\n"
    with radio_board(tmp_path, answer) as board, phone_on(board) as phone:
        with RadioCentral(board, address=phone.address) as twin:
            with pytest.raises(CentralError):
                twin.connect("Bench", timeout_s=0.5)
            assert phone.connected
            assert len(said(board, "event 1 ")) == 1


def test_the_radio_can_be_switched_off_and_on(tmp_path):
    again = """
def start():
    ble.active(False)
    ble.active(True)
    print("mtu", ble.config("mtu"), ble.config("gap_name"))
    ble.gap_advertise(100_000, b"", resp_data=b"\\x06\\x09Again")
"""
    with radio_board(tmp_path, again) as board, RadioCentral(board) as phone:
        assert said(board, "mtu") == ["mtu 256 b'MPY NIMBLE'"]
        phone.connect("Again")
        assert phone.uuids() == ["2a00"]
        assert phone.mtu == 247


def test_a_central_in_another_process_by_the_hci_port(tmp_path):
    with radio_board(tmp_path, power=False, mode="max") as board:
        port = board.radio.listen()
        board.start()
        with RadioCentral(port) as phone:
            phone.connect("Bench")
            phone.pair(PASSKEY)
            phone.write(SECURE, b"x")
            phone.vanish()  # its socket closes
            assert wait_until(lambda: len(said(board, "event 2 ")) == 1)
        with RadioCentral(port) as phone, RadioCentral(board) as near:
            assert [seen.name for seen in phone.scan(0.5)] == ["Bench"]
            near.connect("Bench")
            assert near.connected


def test_nothing_is_left_behind(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    with radio_board(tmp_path, power=False, mode="max") as board:
        port = board.radio.listen()
        board.start()
        phone = RadioCentral(port)
        phone.connect("Bench")
        near = RadioCentral(board)
    phone.close()
    near.close()
    assert len(os.listdir("/proc/self/fd")) <= before
    assert our_threads() == []
    with pytest.raises(CentralError, match="no simulated radio"):
        RadioCentral(port)
    assert our_threads() == []


def test_bumble_is_not_loaded_before_somebody_uses_the_radio(tmp_path):
    script = """
import pathlib, sys
import boards.sim
from sim_bench import printed, running
boards.sim.BLE = True
for main, wanted in (("bluetooth.BLE()", False), ("bluetooth.BLE().active(True)", True)):
    folder = pathlib.Path(sys.argv[1]) / str(wanted)
    folder.mkdir()
    with running(folder, "import bluetooth\\n" + main) as board:
        board.radio.listen()
        board.advance(300)
        assert board.radio.on == wanted, printed(board)
        assert ("bumble" in sys.modules) == wanted
"""
    asked = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert asked.returncode == 0, asked.stderr
