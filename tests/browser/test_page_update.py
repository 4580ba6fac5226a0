"""The tab Update: calibration as the manual tells it, the device number, and what it refuses."""

import re
from pathlib import Path

import pytest
from cli_board import PASSWORD, CliBoard
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def board():
    board = CliBoard()
    yield board
    board.unplug()


def unlock(page):
    page.get_by_test_id("password.field").fill(PASSWORD)
    page.get_by_test_id("password.field").press("Enter")


def test_the_zero_is_refused_with_outputs_on_and_says_what_to_do(look, board):
    page = look(board, tab="update")
    page.get_by_test_id("calibration.zero").click()
    unlock(page)
    expect(
        page.get_by_role("alert").filter(has_text="the zero is taken while nothing flows")
    ).to_be_visible()


def test_a_limit_is_checked_while_typing_and_written(look, board):
    page = look(board, tab="update")
    field = page.get_by_test_id("device.cell_diff_mv")
    field.fill("99999")
    expect(page.get_by_text(re.compile("50 .*to 2000"))).to_be_visible()
    field.fill("700 mV")
    page.get_by_test_id("device.cell_diff_mv.write").click()
    unlock(page)
    expect(page.get_by_text("Written and read back")).to_be_visible()
    assert board.setting("cell_diff_mv") == 700


def test_a_new_device_number_is_followed(look, board):
    page = look(board, tab="update")
    page.get_by_test_id("device.device_address").fill("9")
    page.get_by_test_id("device.device_address.write").click()
    page.get_by_test_id("confirm.yes").click()
    unlock(page)
    expect(page.get_by_text("Written and read back")).to_be_visible()
    assert board.setting("device_address") == 9


def test_a_file_that_is_no_firmware_is_refused_with_the_reason(look, board, tmp_path):
    page = look(board, tab="update", language="zh")
    junk = Path(tmp_path) / "junk.cwfw"
    junk.write_bytes(b"nothing of the kind" * 100)
    page.get_by_test_id("update.file").locator("input[type=file]").set_input_files(junk)
    summary = page.get_by_test_id("update.summary")
    expect(summary).not_to_be_empty()
    assert re.search("[\u4e00-\u9fff]", summary.inner_text())
    expect(page.get_by_test_id("update.live")).to_be_disabled()
