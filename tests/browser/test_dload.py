"""DLoad in a browser: a recipe, a board with Enter, and the next one all by itself."""

import json
import re
import zipfile

import pytest
from living_board import LivingBoard
from playwright.sync_api import expect

from cellwarden_host.production import recipe

FIRST, SECOND = "E66058388344", "E66058388355"


@pytest.fixture(scope="module")
def board():
    board = LivingBoard(FIRST, fresh=True)
    board.cells(14)
    yield board
    board.unplug()


def test_boards_are_produced_by_enter_and_then_hands_free(look, board, tmp_path):
    page = look(board, tab="dload")
    word = page.get_by_test_id("dload.word")
    expect(word).to_have_text("No recipe")
    made = tmp_path / "batch.json"
    made.write_text('{"format": "something else"}')
    upload = page.locator("input[type=file]")
    upload.set_input_files(made)
    expect(page.get_by_role("alert").filter(has_text="is no recipe")).to_be_visible()
    made.write_text(recipe.example())
    upload.set_input_files(made)
    expect(word).to_have_text("READY")
    page.keyboard.press("Enter")
    expect(word).to_have_text("PASS", timeout=20_000)
    expect(page.get_by_test_id("dload.step.cells")).to_contain_text("14 cells between")
    expect(page.get_by_test_id("dload.table")).to_contain_text("4.350 V")
    expect(page.get_by_test_id("dload.label")).to_contain_text("CW-000001")
    expect(page.get_by_test_id("dload.counts")).to_have_text("1 passed, 0 failed runs")
    assert board.setting("cell_ov2_mv") == 4350
    assert not board.setting("confirmed")

    other = look(board, tab="dload", language="zh")
    expect(other.get_by_test_id("dload.word")).to_have_text("合格")
    expect(other.get_by_test_id("dload.start")).to_be_disabled()

    page.get_by_test_id("dload.hands").click()
    board.replace(SECOND, 14)
    expect(page.get_by_test_id("dload.word")).to_have_text("PASS", timeout=30_000)
    expect(page.get_by_test_id("dload.label")).to_contain_text("CW-000002")
    expect(page.get_by_test_id("dload.start")).to_be_disabled()
    assert board.setting("cell_ov2_mv") == 4350
    with page.expect_download() as download:
        page.get_by_test_id("dload.csv").click()
    lines = download.value.path().read_text().splitlines()
    assert [line.split(",")[1:4] for line in lines[1:]] == [
        ["pass", "000001", FIRST],
        ["pass", "000002", SECOND],
    ]
    with page.expect_download() as bundle:
        page.get_by_test_id("tool.bundle").click()
    assert zipfile.is_zipfile(bundle.value.path())
    assert re.search("123456", "".join(lines)) is None
    assert json.loads(recipe.example())["password"] == "123456"
