"""A board with a display's port and an OLED: both are served, and neither is in the way."""

import json

import pytest
from station import Port, WatchedBoard

import boards.pico_24s as definition
from cellwarden_host import catalog
from cellwarden_host.bench.poller import Poller, read_request
from cellwarden_host.bench.runtimes import SCRIPTS
from cellwarden_host.board import Board, Declined
from cellwarden_host.sim.image import flash_files, program, write_image
from cellwarden_host.sim.plant import Plant
from cellwarden_host.sim.provision import commissioned, files
from firmware import oled_page

CELLS = 24
LATE_MS = 10  # a whole picture is 30 ms of the bus: it must go in pieces
PICTURE_MS = 1_000  # for a new one, well enough
RETRY_MS = oled_page.RETRY_MS


class Scene:
    def __init__(self, image):
        self.plant = Plant(definition, {"cells": CELLS})
        self.board = WatchedBoard(self.plant, definition, image, ptys=False)
        self.pc = Board(Port(self.board, "rs485_2"))
        self.display = Board(Port(self.board, "display"))
        self.board.power_on()
        pack = self.plant.pack
        assert self.board.advance_until(lambda: pack.discharge.closed, 30_000, 100)

    def read(self, name, board=None):
        return (board or self.pc).read([catalog.NAMED[name]]).one(name)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    contents = dict(flash_files("pico_24s", simulated=True))
    contents |= files(commissioned(definition, cells=CELLS))
    return write_image(tmp_path_factory.mktemp("flash") / "flash.img", contents)


@pytest.fixture
def scene(made, tmp_path):
    image = tmp_path / "flash.img"
    image.write_bytes(made.read_bytes())
    opened = Scene(image)
    yield opened
    opened.board.close()


def lines(picture):
    """What a person reads: the characters of a picture of two-by-two dots."""
    font = oled_page._FONT
    glyphs = {
        bytes(font[5 * i : 5 * i + 5]): chr(32 + i)
        for i in range(len(font) // 5)
        if i == 0 or any(font[5 * i : 5 * i + 5])
    }
    rows = [row.ljust(128) for row in picture]
    found = []
    for top in range(0, 64, 16):
        text = ""
        for left in range(0, 120, 12):
            columns = bytes(
                sum((rows[top + 2 * bit][left + 2 * x] == "#") << bit for bit in range(7))
                for x in range(5)
            )
            text += glyphs.get(columns, "?")
        found.append(text.strip())
    return found


def test_a_display_reads_what_the_pc_reads(scene):
    for name in ("cell_max_mv", "board_state", "soc_permille"):
        assert scene.read(name, scene.display) == scene.read(name)


def test_a_display_can_change_nothing(scene):
    row = catalog.SETTING["device_address"]
    with pytest.raises(Declined):
        scene.display.write(row.address, [9])
    assert scene.read("device_address") == 1


def test_three_masters_without_a_pause_make_no_tick_late_and_lose_nothing(scene):
    before_ms = scene.read("tick_late_worst_ms")
    request = read_request(0x0200, 32)
    masters = [
        Poller(scene.board, "rs485_1", 9600, read_request(0, 10)),
        Poller(scene.board, "rs485_2", 115_200, request),
        Poller(scene.board, "display", 115_200, request),
    ]
    scene.board.advance(10_000)
    for master in masters:
        master.stop()
        assert master.lost == 0 and master.refused == 0
        assert master.answered >= master.asked - 1 > 100
    scene.board.advance(100)
    assert scene.read("tick_late_worst_ms") <= max(before_ms, LATE_MS)


def test_the_picture_shows_charge_voltage_current_and_state(scene):
    scene.board.advance(PICTURE_MS)
    scene.plant.inject("load_connect", 20_000)
    scene.board.advance(2_000)
    soc, voltage, current, state = lines(scene.plant.oled.picture())
    assert soc.replace(" ", "") == f"SOC{scene.read('soc_permille') / 10:.1f}%"
    assert abs(float(voltage[:-1]) * 1000 - scene.plant.truth()["pack_mv"]) < 500
    assert voltage.endswith("V")
    assert abs(float(current[:-1]) + 20) < 0.5 and current.endswith("A")
    assert state == "DISCHARGE"
    assert not scene.plant.oled.unknown


def test_an_oled_pulled_out_disturbs_nothing_and_works_when_it_is_back(scene):
    scene.board.advance(PICTURE_MS)
    scene.plant.oled.unplugged = True
    writes = []
    oled = scene.plant.oled
    real = oled.write
    oled.write = lambda data, now_us: (writes.append(now_us), real(data, now_us))[1]
    scene.board.advance(5 * RETRY_MS)
    assert 3 <= len(writes) <= 6
    assert scene.plant.pack.discharge.closed
    assert not any(oled.picture())
    assert scene.read("tick_late_worst_ms") <= LATE_MS
    scene.plant.oled.unplugged = False
    scene.board.advance(RETRY_MS + PICTURE_MS)
    assert lines(oled.picture())[0].startswith("SOC")


def test_a_board_that_stops_leaves_no_old_picture(scene):
    scene.board.advance(PICTURE_MS)
    assert any(scene.plant.oled.picture())
    scene.board.console.typed(b"\x03")
    scene.board.advance(500)
    assert not any(scene.plant.oled.picture())


def test_nothing_is_allocated_while_both_are_served(tmp_path):
    """The real firmware under MicroPython, its heap locked for ten seconds while it is polled."""
    guest = program("pico_24s").guest
    main = guest((SCRIPTS / "locked_main.py").read_text(encoding="utf-8"))
    contents = dict(flash_files("pico_24s", simulated=True))
    contents |= files(commissioned(definition, cells=CELLS))
    contents["/main.py"] = main.encode()
    image = write_image(tmp_path / "flash.img", contents)
    plant = Plant(definition, {"cells": CELLS})
    with WatchedBoard(plant, definition, image, ptys=False) as board:
        board.power_on()
        board.advance(5_000)
        master = Poller(board, "display", 115_200, read_request(0x0200, 32))

        def said():
            return bytes(board.console.log).decode(errors="replace")

        board.advance_until(lambda: '"locked"' in said() or '"failed"' in said(), 40_000, 100)
        master.stop()
        told = [json.loads(line) for line in said().splitlines() if line.startswith("{")]
    told = {line["name"]: line for line in told}
    assert told.get("locked", {}).get("on"), said()
    assert {"firmware.oled_page", "firmware.drivers.pio_uart"} <= set(told["modules"]["loaded"])
    assert master.lost == 0 and master.answered > 500
    assert any(plant.oled.picture())
