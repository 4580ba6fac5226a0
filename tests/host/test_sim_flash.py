"""The flash chip, and images written without a board."""

import io

import pytest
from sim_bench import printed, running

from board_update.image import Header, Table
from cellwarden_host.sim.flash import PAGE, SECTOR, WORST_US, FlashChip, PowerCut
from cellwarden_host.sim.image import (
    fixed_sources,
    flash_files,
    slot_files,
    slot_sources,
    write_image,
)


@pytest.fixture
def chip(tmp_path):
    made = FlashChip(tmp_path / "chip.img", sectors=8)
    yield made
    made.close()


def test_programming_only_clears_bits(chip):
    chip.program(0, b"\x0f\xf0")
    chip.program(0, b"\x55\x55")
    assert chip.read(0, 2) == b"\x05\x50"
    chip.erase(0)
    assert chip.read(0, 2) == b"\xff\xff"


def test_each_page_and_each_erase_takes_its_time_and_counts(chip):
    assert chip.erase(1) == 45_000
    assert chip.program(SECTOR + 200, bytes(PAGE)) == 800  # touches two pages
    assert chip.writes == 3
    chip.erase_us, chip.program_us = WORST_US
    assert chip.erase(1) == 400_000


@pytest.mark.parametrize("torn, written", [(True, PAGE // 2), (False, 0)])
def test_power_is_cut_at_the_chosen_write(chip, torn, written):
    chip.cut_after_writes(1, torn)
    with pytest.raises(PowerCut):
        chip.program(0, bytes(3 * PAGE))
    assert chip.read(0, PAGE) == bytes(PAGE)
    second = chip.read(PAGE, PAGE)
    assert second == bytes(written) + b"\xff" * (PAGE - written)
    assert chip.read(2 * PAGE, PAGE) == b"\xff" * PAGE
    chip.program(2 * PAGE, bytes(PAGE))  # power is back, and stays


def test_a_torn_erase_leaves_half_a_sector(chip):
    chip.program(0, bytes(SECTOR))
    chip.cut_after_writes(0)
    with pytest.raises(PowerCut):
        chip.erase(0)
    assert chip.read(0, SECTOR) == b"\xff" * (SECTOR // 2) + bytes(SECTOR // 2)


def test_the_image_outlives_the_board(tmp_path):
    chip = FlashChip(tmp_path / "chip.img", sectors=2)
    chip.program(100, b"kept")
    chip.close()
    again = FlashChip(tmp_path / "chip.img", sectors=2)
    assert again.read(100, 4) == b"kept"
    again.close()


def test_an_updated_image_has_the_new_code_and_keeps_what_the_board_stored(tmp_path):
    image = tmp_path / "flash.img"
    first = {"/main.py": b"print('one')", "/old/gone.py": b""}
    with running(tmp_path, files=first) as board:
        board.advance(300)
        board.console.typed(b"import os; os.mkdir('/data')\r")
        board.advance(100)
        board.console.typed(b"f = open('/data/x', 'w'); f.write('kept'); f.close()\r")
        board.advance(100)
        assert "one\n" in printed(board)
    write_image(image, {"/main.py": b"import os; print(os.listdir('/'), open('/data/x').read())"})
    with running(tmp_path) as board:
        board.advance(300)
        assert "['data', 'main.py', 'old'] kept\n" in printed(board)


def test_an_image_that_is_up_to_date_is_left_alone(tmp_path):
    image = write_image(tmp_path / "a.img", {"/main.py": b"pass"})
    before = image.stat().st_mtime_ns
    write_image(image, {"/main.py": b"pass"})
    assert image.stat().st_mtime_ns == before


def test_the_controller_gets_its_code_and_nothing_of_the_hosts():
    slot, fixed = set(slot_sources("sim")), set(fixed_sources("sim"))
    assert {"/board/__init__.py", "/modbus_rtu/server.py", "/firmware/start.py"} <= slot
    assert {"/loader/start.py", "/loader/board.py", "/board_update/slots.py"} <= fixed
    for path in slot | fixed:
        assert not {"tables", "simulated", "root", "client.py"} & set(path.split("/"))
    assert not any("loader" in path for path in slot), "the loader is no part of an update"


def test_the_flash_holds_a_fixed_part_and_one_slot_with_its_manifest():
    files = flash_files("sim")
    assert {"/boot.py", "/main.py", "/loader/start.mpy", "/loader/keys"} <= set(files)
    slot = sorted(slot_files("sim").items())
    assert files["/a.fw"] == b"".join(file.read_bytes() for _, file in slot)
    table = Table(Header(files["/a.man"]))
    file = io.BytesIO(files["/a.man"][448:])
    told = [table.next(file)[:2] for _ in range(table.files_left)]
    assert told == [(path, file.stat().st_size) for path, file in slot]
