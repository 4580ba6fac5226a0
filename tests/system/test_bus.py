"""What the board does on a bus with strangers, noise and people who guess passwords."""

import random

import crcmod.predefined
import pytest
from foreign_client import login_response, setting
from station import CHARGER_MV, REACTION_MS

from cellwarden_host.board import Declined
from modbus_rtu.client import Client

OV1 = setting("cell_ov1_mv")["address"]
GUESSES = 3
SILENCE_MS = 300
CRC = crcmod.predefined.mkCrcFun("modbus")


def _frame(*data):
    body = bytes(data)
    return body + CRC(body).to_bytes(2, "little")


def _read_frame(unit=1, address=0, count=1):
    return _frame(unit, 3, address >> 8, address & 0xFF, 0, count)


def _write_frame(unit, address, value):
    return _frame(unit, 6, address >> 8, address & 0xFF, value >> 8, value & 0xFF)


def _answer(pack, data, label="rs485_2", wait_ms=SILENCE_MS):
    """What the board sends after these bytes."""
    pack.advance(2)  # the silence that the bus wants between frames
    pack.board.uart_take(label)
    pack.board.uart_send(label, data)
    pack.advance(wait_ms)
    return b"".join(part for _, part in pack.board.uart_take(label))


@pytest.fixture
def pack(station):
    """At work, and done with writing its start to flash: an erase holds an answer up by 45 ms."""
    pack = station().start()
    pack.advance(1000)
    return pack


def test_a_broadcast_is_obeyed_and_not_answered(pack):
    with pack.installer():
        assert _answer(pack, _write_frame(0, OV1, 4190)) == b""
        assert pack.read("cell_ov1_mv") == 4190
    assert _answer(pack, _write_frame(0, OV1, 4180)) == b""
    assert pack.read("cell_ov1_mv") == 4190, "a broadcast needs the session like any other"


def test_other_units_are_met_with_silence(pack):
    assert _answer(pack, _read_frame(unit=2)) == b""
    assert _answer(pack, _read_frame(unit=248)) == b""
    assert _answer(pack, _frame(2, 3, 2, 0x12, 0x34)) == b"", "nor is another unit's reply"
    assert _answer(pack, _read_frame(), wait_ms=50)[:3] == b"\x01\x03\x02"


def test_noise_half_frames_and_bad_checksums_are_silence_and_the_next_frame_is_answered(pack):
    chance = random.Random(485)
    good = _read_frame()
    spoiled = good[:-1] + bytes((good[-1] ^ 1,))
    for rubbish in (
        spoiled,
        good[:5],
        b"\x00" * 40,
        b"\xff" * 300,
        chance.randbytes(7),
        chance.randbytes(200),
        b"**\x18B0000000000\r\n",
    ):
        assert _answer(pack, rubbish) == b"", rubbish
        assert _answer(pack, good, wait_ms=50)[:3] == b"\x01\x03\x02"
    assert pack.all_open is False, "and the pack works on"


def test_a_good_frame_right_behind_noise_is_answered(pack):
    chance = random.Random(7)
    for _ in range(20):
        noise = chance.randbytes(chance.randrange(1, 30))
        assert _answer(pack, noise + _read_frame())[-7:-4] == b"\x01\x03\x02", noise.hex()


def test_a_function_that_is_not_served_gets_exception_1(pack):
    for request in ((7,), (8, 0, 0, 0, 0), (11,), (24, 0, 0), (65, 1, 2, 3)):
        reply = _answer(pack, _frame(1, *request))
        assert reply[:3] == bytes((1, request[0] | 0x80, 1)), request


def test_wrong_tries_lock_the_port_for_longer_and_longer(pack):
    def guess(password):
        pack.pc.command("login_role", 1)
        nonce = pack.pc._client.read_holding(0x2040, 8)
        pack.pc.command("login_response", *login_response(nonce, password))

    for _ in range(GUESSES):
        with pytest.raises(Declined) as caught:
            guess(b"000000")
        assert caught.value.code == 3
    for lock_s in (10, 60):
        assert lock_s - 3 <= pack.read("lockout_s") <= lock_s
        with pytest.raises(Declined) as caught:
            guess(b"123456")
        assert caught.value.code == 1, "even the right password is not judged now"
        pack.advance(lock_s * 1000 + 1000)
        with pytest.raises(Declined) as caught:
            guess(b"000000")
        assert caught.value.code == 3
    pack.advance(1000)  # the count is stored
    pack.repower()
    pack.advance(1000)
    assert pack.read("lockout_s") > 60, "a restart does not help who guesses"


def test_a_special_charger_has_to_speak_on_its_port_or_charging_stops(station):
    pack = station(
        {"charger_mv": CHARGER_MV, "charger_ma": 10_000}, settings={"special_charger": 1}
    )
    pack.board.power_on()
    pack.until_served()
    pack.advance(5000)
    assert not pack.charge_closed, "nobody has spoken yet"
    charger = Client(pack.on_charger_port._line, 1, 500, 1)
    for _ in range(4):
        charger.write_registers(0x2030, [1, 9960, 100])
        pack.advance(1500)
    assert pack.truth("current_ma") > 5000
    silent_ms = pack.now_ms - 1500
    pack.until(lambda: not pack.charge_closed, 10_000, 100)
    assert pack.moved_ms("charge", False, silent_ms) - silent_ms <= 5000 + REACTION_MS
    assert pack.discharge_closed
