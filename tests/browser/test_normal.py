"""The ordinary settings, chemistry buttons, switches and what they say, actions that ask first."""

import pytest
from cli_board import PASSWORD, CliBoard
from playwright.sync_api import expect

from cellwarden import ids


@pytest.fixture(scope="module")
def board():
    board = CliBoard()
    yield board
    board.unplug()


def unlock(page):
    box = page.get_by_test_id("password.field")
    box.fill(PASSWORD)
    box.press("Enter")


def choose(page, name, word):
    page.get_by_test_id(f"normal.{name}").get_by_role("button", name=word, exact=True).click()


def test_a_chemistry_shows_what_it_would_change_and_why_it_may_not(look, board):
    page = look(board, tab="normal")
    expect(page.get_by_test_id("normal.chemistry.nmc")).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("normal.chemistry.na_layered").click()
    dialog = page.get_by_test_id("preset")
    expect(dialog).to_contain_text("Outputs are on")
    expect(dialog).to_contain_text("Sodium-ion is not one chemistry")
    expect(dialog).to_contain_text("Cell over-voltage, level 1: 4.200 V → 4.000 V")
    expect(dialog).to_contain_text("Set-up confirmed: yes → no")
    expect(page.get_by_test_id("preset.yes")).to_be_disabled()
    page.get_by_test_id("preset.no").click()
    # Cells at 3.7 V do not fit LTO.
    page.get_by_test_id("normal.chemistry.lto").click()
    expect(dialog).to_contain_text("the present voltages do not fit")
    page.get_by_test_id("preset.no").click()


def test_switches_ask_tell_and_explain(look, board):
    page = look(board, tab="normal")
    expect(page.get_by_test_id("normal.discharge_wanted.does")).to_have_text(
        "closed, current may flow"
    )
    # A load would drop: no is no.
    choose(page, "discharge_wanted", "off")
    expect(page.get_by_test_id("confirm")).to_contain_text("loses its supply")
    page.get_by_test_id("confirm.no").click()
    assert board.setting("discharge_wanted") == 1
    choose(page, "discharge_wanted", "off")
    page.get_by_test_id("confirm.yes").click()
    unlock(page)
    expect(page.get_by_test_id("normal.discharge_wanted.why")).to_contain_text("as soon as")
    board.tick(50)
    expect(page.get_by_test_id("normal.discharge_wanted.does")).to_have_text("open")
    expect(page.get_by_test_id("normal.discharge_wanted.why")).to_be_hidden()
    choose(page, "heater_mode", "always")
    expect(page.get_by_test_id("normal.heater_mode.why")).to_contain_text("warm enough")
    assert board.setting("heater_mode") == ids.HEATER_MODE_IS_ALWAYS
    # The charge is set, nonsense is refused.
    page.get_by_test_id("normal.soc").fill("70")
    page.get_by_test_id("normal.soc.set").click()
    expect(page.get_by_text("The board goes on counting from 70 %")).to_be_visible()
    board.tick(20)
    expect(page.get_by_test_id("normal.reading.soc_permille")).to_have_text("70.0 %")


def test_fields_of_a_phone_in_chinese_and_a_restart_that_asks(look, board):
    page = look(board, tab="normal", language="zh", theme="dark", width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_test_id("normal.temps_fitted.3").click()
    expect(page.get_by_test_id("edit.state").last).to_contain_text("已修改 1 项")
    page.get_by_test_id("normal.restart").click()
    expect(page.get_by_test_id("confirm")).to_contain_text("断电")
    page.get_by_test_id("confirm.yes").click()
    unlock(page)
    expect(page.get_by_text("保护板正在重启")).to_be_visible()
    assert board.desk.controller.requests.restart
    # Nothing is latched: what releases latches is not offered.
    expect(page.get_by_test_id("normal.clear_latches")).to_be_hidden()
    assert not page.get_by_test_id("panel.normal").get_by_text("Switch").count()
