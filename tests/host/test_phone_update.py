"""A firmware update from the phone's page: sent whole, through a link that breaks halfway."""

import random

import pytest
from phone_page import PhonePage

from cellwarden import ids
from cellwarden.access import PORT_BLUETOOTH
from cellwarden_host.release import build
from cellwarden_host.sim.compiling import compiled

DONE, BAD_VALUE = 0, 3


class Receiver:
    """The board's side, without a flash: takes what comes in order, and is ready when all is."""

    def __init__(self, board):
        self._board = board
        self.data = bytearray()
        self.size = 0
        self.switched = False
        board.map.set_text(ids.T_BOARD_NAME, "sim")
        board.map.set_text(ids.T_FIRMWARE_VERSION, "1.0.0")
        self.tell(SLOT_RUNNING=0, SLOT_TRIAL=0, SLOT_OTHER_STATE=0, UPDATE_STATE=0)

    def tell(self, **values):
        out = self._board.desk.controller.publisher.readout
        for name, value in values.items():
            out[getattr(ids, "R_" + name)] = value

    def look(self):
        """What the firmware does between requests."""
        requests = self._board.desk.controller.requests
        if requests.update:
            self.size, requests.update = requests.update, 0
            self._board.desk.controller.updater = self
            self.tell(UPDATE_SIZE=self.size, UPDATE_ID=requests.update_id, UPDATE_BYTES=0)
            self.tell(UPDATE_STATE=ids.UPDATE_STATE_IS_RECEIVING)

    def take(self, at, data, offset, n):
        n = min(n, self.size - at)
        if at + n <= len(self.data):
            return DONE
        if at != len(self.data):
            return BAD_VALUE
        self.data += bytes(data[offset : offset + n])
        self.tell(UPDATE_BYTES=len(self.data))
        if len(self.data) == self.size:
            self.tell(UPDATE_STATE=ids.UPDATE_STATE_IS_READY)
        return DONE

    def cancel(self):
        self.tell(UPDATE_STATE=ids.UPDATE_STATE_IS_FAILED)

    def switch(self, may_open):
        self.switched = True
        self.tell(UPDATE_STATE=0)
        self._board.map.set_text(ids.T_FIRMWARE_VERSION, "1.1.0")
        return DONE


@pytest.fixture
def page():
    made = PhonePage()
    made.receiver = Receiver(made.board)
    made.each = made.receiver.look
    made.connect()
    yield made
    made.close()


def image(**options):
    noise = random.Random(7)
    source = f"A = '{noise.randbytes(6000).hex()}'\n"  # does not get smaller
    files = {"firmware/little.mpy": compiled(source, "little").read_bytes()}
    return bytes(build.release(options.pop("board", "sim"), files=files, version="1.1.0"))


def choose(page, data):
    page.go("more")
    if not page.node("firmware.file"):
        page.use("more.firmware")
    page.until(lambda: page.node("firmware.file"))
    page.use("firmware.file", ["new.cwfw", data.hex()])


def test_an_image_for_another_board_or_a_damaged_one_goes_nowhere(page):
    choose(page, image(board="pico_24s"))
    page.until(lambda: "is for the board pico_24s" in page.texts())
    choose(page, image()[:-50])
    page.until(lambda: "not complete" in page.texts())
    assert page.node("firmware.start") is None and not page.receiver.size


def test_an_update_goes_on_after_a_broken_link_once_the_password_was_given_again(page):
    data = image()
    assert len(data) > 1500
    choose(page, data)
    page.until(lambda: page.node("firmware.start"))
    assert "load loses its supply" in page.texts()  # outputs are on, and nothing holds them
    page.use("firmware.start")
    page.until(lambda: page.node("dialog.yes"))
    page.use("dialog.yes")
    page.until(lambda: page.node("password.ok"))
    page.use("password.text", "123456")
    page.use("password.ok")
    page.until(lambda: len(page.receiver.data) > len(data) // 2)
    page.board.desk.controller.access.logout(PORT_BLUETOOTH)  # as the board does
    page.say("X", "lost")
    page.until(lambda: page.picture["top"]["link"] == "lost")
    had = len(page.receiver.data)
    assert had < len(data)
    page.say("O", "Cellwarden-TEST")
    page.until(lambda: page.node("password.ok"))
    assert len(page.receiver.data) == had  # nothing without a session
    page.use("password.text", "123456")
    page.use("password.ok")
    page.until(lambda: "1.1.0 runs now" in page.texts())
    assert bytes(page.receiver.data) == data and page.receiver.switched
