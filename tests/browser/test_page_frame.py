"""The frame around every page: what it shows, how it locks, and that it never shows old as new."""

import re

import pytest
from cli_board import PASSWORD, CliBoard
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def board():
    board = CliBoard()
    yield board
    board.unplug()


def test_the_frame_shows_charge_voltage_and_who_the_board_is(look, board):
    page = look(board)
    expect(page.get_by_test_id("big.pack_10mv")).to_have_text("88.80 V")
    expect(page.get_by_test_id("strip.board_state")).not_to_be_empty()
    expect(page.get_by_test_id("link")).to_have_text("Connected")
    expect(page.get_by_test_id("line.connected")).to_have_text(re.compile("Connected for"))
    expect(page.get_by_test_id("nag")).to_be_visible()


def test_a_silent_board_makes_its_values_old_and_they_come_back_by_themselves(look, board):
    page = look(board)
    strip = page.locator(".cw-strip")
    expect(strip).not_to_have_class(re.compile("cw-stale"))
    board.mute = True
    expect(strip).to_have_class(re.compile("cw-stale"))
    expect(page.get_by_test_id("link")).to_have_text("Connection lost: old values")
    expect(page.get_by_test_id("trouble")).to_contain_text("no answer from unit 1")
    board.mute = False
    expect(strip).not_to_have_class(re.compile("cw-stale"))
    expect(page.get_by_test_id("trouble")).to_be_empty()


def test_a_wrong_password_is_told_and_the_right_one_unlocks_only_this_browser(look, board):
    page, other = look(board), look(board)
    page.get_by_test_id("lock").click()
    page.get_by_test_id("lock.unlock").click()
    field = page.get_by_test_id("password.field")
    field.fill("wrong1")
    field.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="wrong password")).to_be_visible()
    field.fill(PASSWORD)
    field.press("Enter")
    expect(page.get_by_test_id("line.lock")).to_have_text("Unlocked")
    expect(other.get_by_test_id("line.lock")).to_have_text("Locked")
    page.get_by_test_id("lock").click()
    page.get_by_test_id("lock.lock").click()
    expect(page.get_by_test_id("line.lock")).to_have_text("Locked")


def test_the_language_changes_and_the_page_stays(look, board):
    page = look(board, tab="alarm")
    page.get_by_test_id("language").click()
    page.get_by_role("option", name="中文").click()
    expect(page.get_by_test_id("link")).to_have_text("已连接")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_test_id("tab.alarm")).to_have_attribute("aria-selected", "true")


def test_a_page_of_another_name_gets_nothing(server, board, chromium):
    context = chromium.new_context()
    answer = context.request.get(server(board), headers={"Host": "elsewhere.example"})
    assert answer.status == 403
    context.close()


def test_on_a_phone_nothing_scrolls_sideways(look, board):
    page = look(board, width=390, height=800)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    expect(page.get_by_test_id("strip.soc_permille")).to_be_visible()
