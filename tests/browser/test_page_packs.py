"""Pages with the smallest and the largest pack, an older board, and a cable pulled in a write."""

import re
from types import SimpleNamespace

import pytest
from cli_board import PASSWORD, CliBoard
from page_text import words_of
from playwright.sync_api import expect

import boards.sim
from cellwarden_host.web.tabs import TABS
from modbus_rtu.codec import ILLEGAL_ADDRESS

# A board of three front ends; the simulated one's two measure 24 cells.
_LARGE = SimpleNamespace(**{**vars(boards.sim), "CELL_CHANNELS": 36})
# What came to the readings and settings after the first published map.
_NEWER = ((0x0070, 0x0100), (0x10C3, 0x1200))


@pytest.fixture
def packed(server):
    """``packed(cells)``: a board for one test."""
    boards = []

    def make(cells):
        boards.append(CliBoard(cells=cells, definition=_LARGE))
        return boards[-1]

    yield make
    for board in boards:
        server.end(board)
        board.unplug()


@pytest.mark.parametrize("cells", (3, 32))
def test_every_tab_carries_the_smallest_and_the_largest_pack(packed, look, cells):
    page = look(packed(cells))
    expect(page.get_by_test_id(re.compile(r"^cell\.\d+$"))).to_have_count(cells)
    for tab in TABS:
        page.get_by_test_id(f"tab.{tab.key}").click()
        expect(page.get_by_test_id(f"panel.{tab.key}")).to_be_visible()
    expect(page.get_by_test_id("strip.pack_10mv")).to_have_text(f"{cells * 3.7:.2f} V")


def test_a_board_with_older_firmware_is_shown_as_far_as_it_goes(packed, look):
    board = packed(24)
    read = board.map.read

    def older(table, address, count, out, offset, port):
        if any(address < end and address + count > first for first, end in _NEWER):
            return ILLEGAL_ADDRESS
        code = read(table, address, count, out, offset, port)
        if not code and address == 0:
            out[offset], out[offset + 1] = 0, 0  # schema 0
        return code

    board.map.read = older
    page = look(board)
    expect(page.get_by_test_id("trouble")).to_contain_text("older than this program")
    expect(page.get_by_test_id("monitor.cell_max_mv")).to_have_text("3.700 V")
    for tab in TABS:
        page.get_by_test_id(f"tab.{tab.key}").click()
        expect(page.get_by_test_id(f"panel.{tab.key}")).to_be_visible()
    page.get_by_test_id("tab.param").click()
    expect(page.get_by_test_id("param.cell_ov1_mv")).to_have_value("4.200")


def test_a_cable_pulled_in_a_write_is_told_and_nothing_is_half_written(packed, look):
    board = packed(24)
    page = look(board, tab="param")
    page.get_by_test_id("param.cell_ov1_mv").fill("4.19")
    page.get_by_test_id("param.cell_ov_delay_ms").fill("6")
    page.get_by_test_id("edit.write").click()
    page.get_by_test_id("confirm.yes").click()
    write = board.map.write

    def pulled(table, address, count, data, offset, port):
        if 0x1000 <= address < 0x2000:
            board.mute = True  # the staged values arrive, and nothing after them
        return 0 if board.mute else write(table, address, count, data, offset, port)

    board.map.write = pulled
    page.get_by_test_id("password.field").fill(PASSWORD)
    page.get_by_test_id("password.field").press("Enter")
    expect(page.get_by_role("alert").filter(has_text="no answer").first).to_be_visible()
    assert board.setting("cell_ov1_mv") == 4200 and board.setting("cell_ov_delay_ms") == 4000
    expect(page.get_by_test_id("param.cell_ov1_mv")).to_have_value("4.19")
    board.map.write = write
    board.mute = False
    expect(page.get_by_test_id("link")).to_have_text("Connected")


def test_two_browsers_see_what_one_of_them_writes(packed, look):
    board = packed(16)
    one, other = look(board, tab="update"), look(board, tab="param", language="zh")
    one.get_by_test_id("device.cell_diff_mv").fill("650 mV")
    one.get_by_test_id("device.cell_diff_mv.write").click()
    one.get_by_test_id("password.field").fill(PASSWORD)
    one.get_by_test_id("password.field").press("Enter")
    expect(other.get_by_test_id("param.cell_diff_mv")).to_have_value("650")
    assert "已锁定" in words_of(other, "line.lock")
