"""Renting a pack out: becoming the lessor, leasing, locking, and what its user reads."""

import datetime

import pytest
from cli_board import PASSWORD, CliBoard
from playwright.sync_api import expect

from cellwarden import ids
from cellwarden_host import leases

RENTAL = "rent a pack"


@pytest.fixture(scope="module")
def board():
    board = CliBoard()
    yield board
    board.unplug()


def prove(page, password):
    box = page.get_by_test_id("password.field")
    box.fill(password)
    box.press("Enter")


def test_a_pack_is_leased_locked_and_unlocked(look, board):
    page = look(board, tab="lease")
    state = page.get_by_test_id("lease.state")
    expect(state).to_have_text("not leased")
    page.get_by_test_id("lease.do.become").click()
    page.get_by_test_id("lease.password.first").fill(RENTAL)
    page.get_by_test_id("lease.password.second").fill(RENTAL)
    page.get_by_test_id("lease.password.ok").click()
    prove(page, PASSWORD)
    expect(page.get_by_text("The board has this lessor now")).to_be_visible()
    # A lease until a date, with the lessor's own password.
    day = datetime.date.today() + datetime.timedelta(days=40)
    page.get_by_test_id("lease.day").fill(day.isoformat())
    page.get_by_test_id("lease.lease_check_days").fill("14")
    page.get_by_test_id("lease.grant").click()
    expect(page.get_by_test_id("confirm")).to_contain_text(day.isoformat())
    page.get_by_test_id("confirm.yes").click()
    prove(page, RENTAL)
    expect(page.get_by_text("Leased", exact=True)).to_be_visible()
    board.tick()
    expect(state).to_have_text("running")
    expect(page.get_by_test_id("lease.user")).to_contain_text("The pack is leased; 40 d")
    assert board.setting("lease_end") == leases.seconds_of(leases.end_of_day(day))
    assert board.setting("lease_check_days") == 14
    page.get_by_test_id("lease.do.lock").click()
    page.get_by_test_id("confirm.yes").click()
    expect(page.get_by_text("The pack is locked")).to_be_visible()
    board.tick()
    expect(state).to_have_text("locked")
    expect(page.get_by_test_id("lease.user")).to_contain_text("Ask the lessor to unlock it")
    page.get_by_test_id("lease.do.unlock").click()
    expect(page.get_by_text("The lock is off")).to_be_visible()
    board.tick()
    expect(state).to_have_text("running")


def test_an_installer_meets_the_lessor_s_lock_on_a_phone_in_chinese(look, board):
    page = look(board, tab="lease", language="zh", theme="dark", width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_test_id("lease.do.lock").click()
    page.get_by_test_id("confirm.yes").click()
    prove(page, PASSWORD)  # the installer's is not the lessor's
    expect(page.get_by_test_id("password").get_by_role("alert")).not_to_be_empty()
    assert board.setting("lease_locked") == 0
    assert board.desk.controller.lease.state != ids.LEASE_STATE_IS_LOCKED
