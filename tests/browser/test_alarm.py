"""The Alarm page in a browser: what stands, releasing it, the filtered history and its export."""

import re

import pytest
from cli_board import PASSWORD, CliBoard
from page_text import words_of
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def board():
    board = CliBoard(cells=4)
    board.desk.cell_mv = [3700, 4215, 3700, 3700]
    board.tick(120)
    board.desk.short_circuit = True
    board.tick(5)
    board.desk.short_circuit = False
    board.desk.cell_mv = [3700] * 4
    board.tick(150)  # everything else has recovered
    yield board
    board.unplug()


def test_an_alarm_tells_everything_about_itself_and_is_released_by_a_person(look, board):
    page = look(board, tab="alarm")
    card = page.get_by_test_id("alarm.rule.short_circuit")
    expect(card).to_contain_text("Danger, latched", ignore_case=True)
    expect(page.get_by_test_id("alarm.short_circuit.since")).to_have_text(re.compile(r"^20\d\d-"))
    expect(page.get_by_test_id("alarm.short_circuit.way_back")).to_contain_text("person")
    expect(page.get_by_test_id("alarm.summary")).to_have_text("One alarm")
    page.get_by_test_id("alarm.clear_latches").click()
    question = page.get_by_test_id("confirm")
    expect(question).to_contain_text("To be released: short circuit.")
    page.get_by_test_id("confirm.yes").click()
    field = page.get_by_test_id("password.field")
    field.fill(PASSWORD)
    field.press("Enter")
    expect(page.get_by_text("Told the board")).to_be_visible()
    board.tick(30)
    expect(page.get_by_test_id("alarm.summary")).to_have_text("No alarms")
    expect(page.get_by_test_id("alarm.clear_latches")).to_be_hidden()


def test_history_is_filtered_and_saved(look, board):
    page = look(board, tab="alarm")
    table = page.get_by_test_id("alarm.table")
    expect(table).to_contain_text("trip: cell over-voltage, 4.215 V at cell 2")
    page.get_by_test_id("alarm.text").fill("latch:")
    expect(table).not_to_contain_text("cell over-voltage, 4.215")
    expect(table).to_contain_text("latch: short circuit")
    with page.expect_download() as waiting:
        page.get_by_test_id("alarm.csv").click()
    saved = waiting.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert saved[0].startswith("time,number,") and "short_circuit" in saved[1]
    assert all("latch" in line for line in saved[1:])


def test_the_page_is_chinese_and_fits_a_phone(look, board):
    page = look(board, tab="alarm", language="zh", width=390, height=844)
    expect(page.get_by_test_id("alarm.history")).to_contain_text("单体过压")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    text = words_of(page, "alarm.page")
    assert not re.findall(r"[a-z]{4,}", text), text
