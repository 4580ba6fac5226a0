"""The OLED's page, on a model of the SSD1306 written from its datasheet."""

from types import SimpleNamespace

import pytest

from cellwarden import ids
from cellwarden.readout import ABSENT
from cellwarden_host import catalog
from cellwarden_host.sim.ssd1306_model import Ssd1306
from firmware import oled_page
from firmware.oled_page import OledPage

# How micropython-lib's ssd1306 driver sets a 128 x 64 module up, a command a transfer.
OTHER_DRIVER = bytes.fromhex(
    "ae2000 40 a1 a83f c8 d300 da12 d580 d9f1 db30 81ff a4 a6 ad30 8d14 af"
)


class Bus:
    """I2C with one device; counts what is said in one go."""

    def __init__(self, oled):
        self.oled = oled
        self.lengths = []

    def writeto(self, address, data):
        assert address == 0x3C
        self.lengths.append(len(data))
        if not self.oled.write(bytes(data), 0):
            raise OSError(5)


class Scene:
    def __init__(self):
        self.oled = Ssd1306(SimpleNamespace(i2c_stuck=False))
        self.bus = Bus(self.oled)
        self.readout = [ABSENT] * len(catalog.READINGS)
        self.page = OledPage(self.bus, 0x3C, SimpleNamespace(readout=self.readout))

    def show(self, **values):
        """A whole picture of these readings, as rows of text."""
        for name, value in values.items():
            self.readout[getattr(ids, "R_" + name.upper())] = value
        while self.page.step() != oled_page.REST_MS:
            pass
        return self.oled.picture()

    def line(self, number, **values):
        """The characters of a line."""
        rows = [row.ljust(128) for row in self.show(**values)]
        font = oled_page._FONT
        glyphs = {font[5 * i : 5 * i + 5]: chr(32 + i) for i in range(len(font) // 5 - 1, -1, -1)}
        text = ""
        for left in range(0, 120, 12):
            columns = bytes(
                sum((rows[16 * number + 2 * bit][left + 2 * x] == "#") << bit for bit in range(7))
                for x in range(5)
            )
            text += glyphs[columns]
        return text


@pytest.fixture
def scene():
    return Scene()


def test_the_picture_stands_upright_with_two_by_two_dots(scene):
    picture = scene.show(board_state=ids.BOARD_STATE_IS_FAULT)
    letter = ["#####", "#", "#", "####", "#", "#", "#", ""]
    for half in (0, 1):
        assert [row[half:12:2].rstrip() for row in picture[48 + half :: 2]] == letter


@pytest.mark.parametrize(
    "number, values, text",
    [
        (0, {"soc_permille": 873}, "SOC  87.3%"),
        (0, {"soc_permille": 1000}, "SOC 100.0%"),
        (0, {"soc_permille": 0}, "SOC   0.0%"),
        (0, {}, "SOC    --%"),
        (1, {"pack_10mv": 9612}, "    96.12V"),
        (1, {"pack_10mv": 5}, "     0.05V"),
        (1, {}, "       --V"),
        (2, {"current_ma": -123_449}, "   -123.4A"),
        (2, {"current_ma": 123_450}, "    123.5A"),
        (2, {"current_ma": -49}, "      0.0A"),
        (2, {"current_ma": -2_000_000}, "  -2000.0A"),
        (2, {}, "       --A"),
        (3, {"board_state": ids.BOARD_STATE_IS_FAULT}, "FAULT     "),
        (3, {}, "          "),
    ],
)
def test_a_line_says(scene, number, values, text):
    assert scene.line(number, **values) == text


def test_every_state_has_a_word_that_the_font_and_the_line_hold(scene):
    for number, name in enumerate(catalog.NAMED["board_state"].choices):
        word = scene.line(3, board_state=number).strip()
        assert word and (word[:3].lower() == name[:3] or name == "uncommissioned")


def test_no_piece_holds_the_bus_up_for_a_millisecond(scene):
    scene.show()
    at_400_kbit_us = max(scene.bus.lengths) * 9 / 0.4 + 22.5
    assert at_400_kbit_us < 1_000


def test_without_an_oled_it_asks_every_few_seconds_and_no_more(scene):
    scene.oled.unplugged = True
    waits = [scene.page.step() for _ in range(5)]
    assert waits == [oled_page.RETRY_MS] * 5
    assert len(scene.bus.lengths) == 5
    scene.page.off()


def test_pulled_out_amid_a_picture_it_begins_anew_when_it_is_back(scene):
    for _ in range(20):
        scene.page.step()
    scene.oled.unplugged = True
    assert scene.page.step() == oled_page.RETRY_MS
    assert not any(scene.oled.picture())
    scene.oled.unplugged = False
    assert scene.line(0, soc_permille=500) == "SOC  50.0%"


def test_a_supply_that_was_gone_between_two_pictures_leaves_no_dark_oled(scene):
    scene.show(soc_permille=500)
    scene.oled.reset()
    assert scene.line(0) == "SOC  50.0%"


def test_what_was_in_its_memory_is_not_seen(scene):
    assert scene.show()[:14] and all(not row[120:].strip() for row in scene.oled.picture())


def test_off_is_dark_and_the_next_picture_is_light_again(scene):
    scene.show(soc_permille=500)
    scene.page.off()
    assert not any(scene.oled.picture()) and scene.oled.read(1, 0) == b"\x40"
    assert any(scene.show())


def test_the_page_says_nothing_that_is_no_command(scene):
    scene.show()
    assert not scene.oled.unknown


# --- the model, by itself


def test_the_model_takes_another_drivers_setting_up_a_command_a_transfer():
    oled = Ssd1306(SimpleNamespace(i2c_stuck=False))
    assert oled.read(1, 0) == b"\x40"
    for byte in OTHER_DRIVER:
        oled.write(bytes((0x80, byte)), 0)
    assert oled.on and oled.pump and oled.turned == [True, True] and oled.rows == 64
    assert oled.contrast == 0xFF and oled.read(1, 0) == b"\x00"


def lit(oled):
    return {(x, y) for x in range(128) for y in range(64) if oled.lit(x, y)}


def test_the_models_window_begins_anew_where_it_ends():
    oled = Ssd1306(SimpleNamespace(i2c_stuck=False))
    oled.memory[:] = bytes(1024)
    oled.write(b"\x00\x8d\x14\xa1\xc8\xaf\x20\x00\x21\x05\x06\x22\x02\x03", 0)
    oled.write(b"\x40\x01\x02\x04\x80\x08", 0)
    assert lit(oled) == {(5, 19), (6, 17), (5, 26), (6, 31)}


def test_the_model_is_dark_without_its_pump_and_on_its_head_unturned():
    oled = Ssd1306(SimpleNamespace(i2c_stuck=False))
    oled.memory[:] = b"\x01" + bytes(1023)
    oled.write(b"\x00\xaf", 0)
    assert not lit(oled)
    oled.write(b"\x00\x8d\x14", 0)
    assert lit(oled) == {(127, 63)}
    oled.write(b"\x00\xa7", 0)
    assert len(lit(oled)) == 128 * 64 - 1


def test_the_passkey_stands_there_while_somebody_pairs():
    scene = Scene()
    scene.page.passkey = 4711
    assert scene.line(3, board_state=ids.BOARD_STATE_IS_READY) == "KEY 004711"
    scene.page.passkey = -1
    assert scene.line(3).strip() == "READY"
