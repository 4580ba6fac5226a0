"""Editing settings: wrong ones say so while typing, what differs is shown, written as one."""

import json
import re

import pytest
from cli_board import PASSWORD, CliBoard
from playwright.sync_api import expect

from cellwarden import ids
from cellwarden_host import catalog


@pytest.fixture(scope="module")
def board():
    board = CliBoard()
    yield board
    board.unplug()


def field(page, name):
    return page.get_by_test_id(f"param.{name}")


def about(page, name):
    return page.get_by_test_id(f"param.{name}.about")


def unlock(page):
    box = page.get_by_test_id("password.field")
    box.fill(PASSWORD)
    box.press("Enter")


def test_settings_are_edited_judged_written_as_one_and_kept_as_a_file(look, board, tmp_path):
    page = look(board, tab="param")
    write = page.get_by_test_id("edit.write")
    expect(field(page, "cell_ov1_mv")).to_have_value("4.200")
    expect(write).to_be_disabled()
    # Wrong by itself, then against another setting, then right.
    field(page, "cell_ov1_mv").fill("9")
    expect(about(page, "cell_ov1_mv")).to_contain_text("takes 1.500 to 4.500 V")
    field(page, "cell_ov1_mv").fill("4.35")
    expect(about(page, "cell_ov1_mv")).to_contain_text("must be below Cell over-voltage, level 2")
    expect(write).to_be_disabled()
    field(page, "cell_ov1_mv").fill("4.19")
    expect(about(page, "cell_ov1_mv")).to_contain_text("was 4.200 V")
    expect(about(page, "cell_ov1_mv")).to_contain_text("≠ default 4.200 V")
    # What is automatic follows at once.
    expect(about(page, "pack_ov_mv")).to_contain_text("automatic: 100.560 V")
    field(page, "cell_ov_delay_ms").fill("5")
    write.click()
    expect(page.get_by_test_id("confirm")).to_contain_text("4.200 V → 4.190 V")
    page.get_by_test_id("confirm.yes").click()
    unlock(page)
    expect(page.get_by_test_id("edit.state")).to_contain_text("Nothing is changed")
    assert board.setting("cell_ov1_mv") == 4190 and board.setting("cell_ov_delay_ms") == 5000
    expect(field(page, "cell_ov1_mv")).to_have_value("4.190")
    # A set goes to a file and comes back as a draft.
    with page.expect_download() as saved:
        page.get_by_test_id("param.save").click()
    document = json.loads(saved.value.path().read_text("utf-8"))
    assert "lease_mode" not in document["settings"]
    document["settings"]["cell_ov_delay_ms"] = "7 s"
    path = tmp_path / "set.json"
    path.write_text(json.dumps(document), "utf-8")
    page.get_by_test_id("param.load").click()
    page.locator("input[type=file]").set_input_files(path)
    expect(field(page, "cell_ov_delay_ms")).to_have_value("7")
    expect(page.get_by_test_id("edit.state")).to_contain_text("1 changed")
    page.get_by_test_id("param.cell_ov_delay_ms.undo").click()
    expect(page.get_by_test_id("edit.write")).to_be_disabled()


def test_what_somebody_else_writes_is_shown_and_not_overwritten(look, board):
    page = look(board, tab="param")
    field(page, "cell_ov2_mv").fill("4.31")
    expect(about(page, "cell_ov2_mv")).to_contain_text("was 4.300 V")
    with board.lock:  # another master, on another port
        settings = board.desk.controller.settings
        settings.begin(3)
        settings.write(ids.CELL_OV2_MV, 4400)
        assert settings.commit(False) == ids.COMMIT_RESULT_IS_OK
    page.get_by_test_id("edit.read").click()
    expect(about(page, "cell_ov2_mv")).to_contain_text("changed on the board meanwhile to 4.400 V")
    expect(page.get_by_test_id("edit.write")).to_be_disabled()
    page.get_by_test_id("edit.theirs").click()
    expect(field(page, "cell_ov2_mv")).to_have_value("4.400")
    # A line that is lost writes nothing and keeps what was changed.
    field(page, "cell_ov2_mv").fill("4.41")
    expect(page.get_by_test_id("edit.write")).to_be_enabled()
    board.mute = True
    expect(page.get_by_test_id("edit.write")).to_be_disabled()
    expect(page.get_by_test_id("edit.state")).to_contain_text("kept here and not written")
    board.mute = False
    expect(page.get_by_test_id("edit.write")).to_be_enabled()
    expect(field(page, "cell_ov2_mv")).to_have_value("4.41")


def test_the_filter_finds_settings_and_the_language_keeps_the_draft(look, board):
    page = look(board, tab="param", language="zh", theme="dark", width=390)
    page.get_by_test_id("param.filter").fill("heater_on")
    expect(field(page, "heater_on_dc")).to_be_visible()
    expect(field(page, "cell_ov1_mv")).to_be_hidden()
    field(page, "heater_on_dc").fill("3,5")
    expect(about(page, "heater_on_dc")).to_have_text(re.compile("^⚠"))
    field(page, "heater_on_dc").fill("3.5")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_test_id("language").click()
    page.get_by_role("option", name="English").click()
    expect(about(page, "heater_on_dc")).to_contain_text("was 2.0 °C")
    expect(field(page, "heater_on_dc")).to_have_value("3.5")
    # Everything that can be set is somewhere on the page.
    page.get_by_test_id("param.filter").fill("")
    shown = set(
        page.evaluate("[...document.querySelectorAll('[data-testid]')].map(e => e.dataset.testid)")
    )
    for row in catalog.SETTINGS:
        if not row.name.startswith("lease_"):
            names = [row.name] if row.count == 1 else [f"{row.name}.{row.count}"]
            names = [f"{row.name}.0"] if row.unit == "bits" else names
            assert f"param.{names[0]}" in shown, row.name
