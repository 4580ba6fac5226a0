"""The board's Bluetooth as phones see it: real firmware, a real radio stack, paired or not.

One board a test, because starting one costs more than what is looked at.
"""

import random

import pytest
from station import Port

import boards.pico_w_24s as definition
from cellwarden import ids, passwords
from cellwarden_host import catalog
from cellwarden_host.board import Board
from cellwarden_host.session import log_in
from cellwarden_host.sim.board import SimBoard
from cellwarden_host.sim.image import flash_files, write_image
from cellwarden_host.sim.pack_config import PackConfig
from cellwarden_host.sim.plant import Plant
from cellwarden_host.sim.provision import commissioned, files
from cellwarden_host.sim.radio_central import CentralError, RadioCentral
from modbus_rtu import crc

REQUEST, REPLY, SUMMARY = ("8e2d000%d-5f0b-4c8e-9d3a-63656c6c7764" % n for n in (2, 3, 4))
BATTERY = "2a19"
READ_SOC = bytes((1, 4, 0, 5, 0, 1))
BALANCING_OFF = bytes((1, 6, 0x10, 0xB2, 0, 0))
NOT_ALLOWED = bytes((1, 0x86, 1))


def ask(phone, body):
    """A request over the air; the reply without its checksum."""
    value = crc.update(crc.START, body, 0, len(body))
    phone.write(REQUEST, body + bytes((value & 0xFF, value >> 8)))
    reply = phone.wait(REPLY)
    assert crc.update(crc.START, reply, 0, len(reply)) == 0
    return reply[:-2]


def answer_of(nonce):
    key = passwords.key_of(b"123456", ids.ROLE_INSTALLER)
    answer = passwords.response(key, nonce, 3, ids.ROLE_INSTALLER)
    return bytes((1, 16, 0x20, 0x11, 0, 16, 32)) + answer


class Scene:
    """A commissioned board with a radio, and its PC port."""

    def __init__(self, folder):
        made = commissioned(definition, "nmc", 24)
        image = write_image(folder / "ble.img", {**flash_files("pico_w_24s"), **files(made)})
        self.plant = Plant(definition, PackConfig())
        self.board = SimBoard(self.plant, definition, image)
        self.pc = Board(Port(self.board, "rs485_2"))
        self.start()

    def start(self):
        self.board.power_on()
        self.board.advance(4_000)

    def read(self, *names):
        values = self.pc.read([catalog.NAMED[name] for name in names])
        return [values.texts[n] if n in values.texts else values.one(n) for n in names]

    def passkey(self):
        log_in(self.pc, "123456", ids.ROLE_INSTALLER)
        return int(self.read("bluetooth_passkey")[0])

    def state(self):
        choices = catalog.READING["ble_state"].choices
        return choices[self.read("ble_state")[0]]


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    with made.board:
        yield made


def test_a_phone_pairs_asks_and_comes_back_and_leaves_no_session(scene):
    board = scene.board
    with RadioCentral(board) as phone:
        (seen,) = phone.scan(0.3)
        assert seen.name == "Cellwarden-" + scene.read("machine_code")[0][-4:]
        phone.connect(seen.name)
        assert phone.read(BATTERY) == bytes((60,)) and phone.read("2a24") == b"pico_w_24s"
        for refused in (lambda: phone.write(REQUEST, READ_SOC), lambda: phone.read(SUMMARY)):
            with pytest.raises(CentralError, match="AUTHENTICATION"):
                refused()
        passkey = scene.passkey()
        with pytest.raises(CentralError):
            phone.pair((passkey + 1) % 1_000_000)
        board.advance(600)
        assert scene.read("ble_pairing_failures", "ble_bonds") == [1, 0]
        phone.pair(passkey)
        board.advance(300)
        following = scene.passkey()
        assert following != passkey
        phone.subscribe(REPLY)
        phone.subscribe(SUMMARY)
        assert ask(phone, READ_SOC)[:3] == bytes((1, 4, 2))
        assert ask(phone, BALANCING_OFF) == NOT_ALLOWED
        ask(phone, bytes((1, 6, 0x20, 0x10, 0, 1)))
        answer = answer_of(ask(phone, bytes((1, 3, 0x20, 0x40, 0, 8)))[3:])
        assert ask(phone, answer)[1] == 16
        assert ask(phone, bytes((1, 4, 0, 0x54, 0, 1)))[-1] == ids.ROLE_INSTALLER
        board.advance(600)
        assert len(phone.take(SUMMARY)[-1]) == 124 and scene.state() == "secured"
        phone.disconnect()
        board.advance(600)
        assert scene.state() == "advertising"

        phone.connect(seen.name, mtu=23)  # its bond is still known, its session is not
        phone.encrypt()
        phone.subscribe(REPLY)
        assert ask(phone, bytes((1, 4, 0, 0x54, 0, 1)))[-1] == ids.ROLE_ANYONE
        assert ask(phone, answer) == bytes((1, 0x90, 1))  # a replay
        assert ask(phone, BALANCING_OFF) == NOT_ALLOWED
        assert len(phone.read(SUMMARY)) == 20
        board.advance(5_000)  # what is kept goes to flash in pieces

        board.unplug()
        board.advance(500)
        scene.start()
        assert not phone.connected
        phone.connect(seen.name)
        phone.encrypt()
        phone.subscribe(REPLY)
        assert ask(phone, READ_SOC)[:3] == bytes((1, 4, 2))
        board.advance(300)
        assert scene.passkey() == following and scene.state() == "secured"


def test_no_phone_delays_a_tick_or_writes_what_it_may_not(scene):
    board, chance = scene.board, random.Random(1)
    before = scene.pc.read(catalog.SETTINGS)
    with RadioCentral(board) as phone:
        name = phone.scan(0.3)[0].name
        for _ in range(4):  # guesses
            phone.connect(name)
            with pytest.raises(CentralError):
                phone.pair((scene.passkey() + 1) % 1_000_000)
            if phone.connected:
                phone.disconnect()
            board.advance(300)
        board.advance(500)
        assert scene.read("ble_pairing_failures") == [3] and scene.read("ble_pairing_lock_s")[0]
        board.advance(10_000)
        phone.connect(name)
        phone.pair(scene.passkey())  # another one by now
        for most in (20, 244):  # a flood, with pieces of real requests in it
            for _ in range(150):
                noise = chance.randbytes(chance.randrange(1, most))
                phone.write(REQUEST, noise + BALANCING_OFF[:-1], response=False)
        board.advance(1_500)
        phone.subscribe(REPLY)
        phone.take(REPLY)
        assert ask(phone, READ_SOC)[:3] == bytes((1, 4, 2))
        phone.vanish()  # in the middle of everything, without a word
        board.advance(6_000)
    assert scene.state() == "advertising"
    assert scene.pc.read(catalog.SETTINGS)._values == before._values
    assert scene.read("tick_late_worst_ms")[0] <= 5
    assert scene.plant.pack.charge.closed and scene.plant.pack.discharge.closed


def test_a_board_that_sleeps_is_silent_and_calls_out_again_when_it_is_woken(scene):
    board = scene.board
    log_in(scene.pc, "123456", ids.ROLE_INSTALLER)
    scene.pc.command("sleep", 1)
    board.advance(6_000)
    with RadioCentral(board) as phone:
        assert not phone.scan(3.0)
        board.uart_send("rs485_2", b"\x01\x03\x00\x00\x00\x01\x84\x0a")
        board.advance(8_000)
        assert len(phone.scan(1.0)) == 1
    assert scene.state() == "advertising"
