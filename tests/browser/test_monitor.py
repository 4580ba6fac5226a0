"""The Monitor page in a browser: cells and their marks, states, why an output is off."""

import re

import pytest
from cli_board import CliBoard
from page_text import words_of
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def board():
    board = CliBoard(cells=16)
    board.desk.cell_mv = [4000 + i for i in range(16)]
    board.desk.cell_mv[6] = 4215
    board.tick(120)  # over the limit for longer than the delay
    yield board
    board.unplug()


def test_cells_are_marked_counted_and_said_in_words(look, board):
    page = look(board)
    expect(page.get_by_test_id(re.compile(r"^cell\.\d+$"))).to_have_count(16)
    highest, lowest = page.get_by_test_id("cell.7"), page.get_by_test_id("cell.1")
    expect(highest).to_have_attribute("aria-label", "cell 7: 4.215 V, highest, being balanced")
    expect(highest).to_contain_text("▲")
    expect(highest).to_have_class(re.compile("cwc-high"))
    expect(lowest).to_have_class(re.compile("cwc-low"))
    expect(lowest).to_contain_text("▼")
    expect(page.get_by_test_id("monitor.cell_max_mv")).to_have_text("4.215 V")
    expect(page.get_by_test_id("monitor.cell_diff_mv")).to_have_text("215 mV")


def test_an_output_that_is_off_says_why_and_how_it_comes_back(look, board):
    page = look(board)
    switch = page.get_by_test_id("monitor.switch.charge")
    expect(switch).to_contain_text("asked for: on")
    expect(page.get_by_test_id("monitor.why.charge")).to_contain_text(
        "cell over-voltage (4.200 V or more for 4 s). Comes back when: 4.100 V or less"
    )
    expect(page.get_by_test_id("state.charge_protection")).to_contain_text("tripped")
    expect(page.get_by_test_id("state.discharge_protection")).to_contain_text("no")
    expect(page.get_by_test_id("monitor.banner")).to_contain_text("Charge protection")


def test_a_silent_board_grays_the_page_and_its_numbers_stand_still(look, board):
    page = look(board)
    whole = page.get_by_test_id("monitor.page")
    expect(whole).not_to_have_class(re.compile("cw-stale"))
    board.mute = True
    expect(whole).to_have_class(re.compile("cw-stale"))
    board.mute = False
    expect(whole).not_to_have_class(re.compile("cw-stale"))


def test_the_page_is_chinese_and_fits_a_phone(look, board):
    page = look(board, language="zh", theme="dark", width=390, height=844)
    expect(page.get_by_test_id("state.charge_protection")).to_contain_text("充电保护")
    expect(page.get_by_test_id("monitor.why.charge")).to_contain_text("恢复条件")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    text = words_of(page, "monitor.page")
    assert not re.findall(r"[A-Za-z]{4,}", text), text
