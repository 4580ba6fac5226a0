"""The phone app in Chromium, through everything: Web Bluetooth, GATT, firmware, drivers, pack.

One board, one browser and one phone for all tests of the file; each leaves the pack healthy and
the phone connected. What the page claims is looked up at the board's PC port or in the pack.
"""

import re
import threading

import pytest
from playwright.sync_api import expect

from cellwarden_host import catalog
from cellwarden_host.phone.seen import PASSWORD, SIZE, at_work

expect.set_options(timeout=15_000)
PAGES = ("monitor", "alarms", "settings", "control", "graph", "more")
VOLTS = re.compile(r"(\d\.\d{3}) V")


@pytest.fixture(scope="module")
def scene():
    with at_work(speed=2.0) as found:
        yield found


@pytest.fixture(scope="module")
def phone(scene):
    made = scene.open()
    scene.connect(made)
    yield made
    made.context.close()


@pytest.fixture
def page(scene, phone):
    """Errors of the page fail the test, and so does any address but the app's own."""
    phone.get_by_test_id("page.monitor").click()
    yield phone
    assert not scene.problems
    assert all(address.startswith((scene.url, "blob:")) for address in scene.asked)


def held(scene, name):
    """A setting as RS485 tells it."""
    return scene.pc.read([catalog.NAMED[name]]).one(name)


def unlock(page, password=PASSWORD):
    page.get_by_test_id("lock").click()
    page.get_by_test_id("password.text").fill(password)
    page.get_by_test_id("password.ok").click()


def test_the_monitor_shows_the_cells_as_they_are(scene, page):
    cells = page.locator(".cells .value")
    expect(cells).to_have_count(24)
    shown = [round(1000 * float(VOLTS.search(text)[1])) for text in cells.all_inner_texts()]
    true = scene.truth("cell_mv")
    assert all(abs(a - b) <= 10 for a, b in zip(shown, true, strict=True)), (shown, true)
    expect(page.get_by_test_id("link")).to_have_text(f"{scene.radio.name}: Connected")


def test_settings_change_in_a_session_and_wrong_ones_are_refused_while_typing(scene, page):
    expect(page.get_by_test_id("lock")).to_have_text("Locked")
    unlock(page, "000000")
    expect(page.get_by_test_id("dialog")).to_contain_text("wrong password")
    page.get_by_test_id("password.text").fill(PASSWORD)
    page.get_by_test_id("password.ok").click()
    expect(page.get_by_test_id("lock")).to_contain_text("installer")

    page.get_by_test_id("page.settings").click()
    field = page.get_by_test_id("set.charge_current_ma")
    write = page.get_by_test_id("settings.write")
    field.fill("601")
    expect(page.locator(".field.iswrong .wrong")).to_contain_text("600 A")
    expect(write).to_be_disabled()
    before = held(scene, "charge_current_ma")
    field.fill("25")
    write.click()
    expect(page.get_by_test_id("dialog")).to_contain_text("→ 25 A")
    assert held(scene, "charge_current_ma") == before, "nothing is written before it is agreed to"
    page.get_by_test_id("dialog.yes").click()
    expect(page.locator("#notes")).to_contain_text("Written and read back")
    assert held(scene, "charge_current_ma") == 25_000
    expect(write).to_have_count(0)


def test_a_protection_is_told_in_words_and_so_is_its_end(scene, page):
    state = page.get_by_test_id("state.charge_protection")
    expect(state).to_contain_text("no")
    scene.inject("cell", 7, 4250)
    expect(state).to_contain_text("tripped")
    expect(state).to_contain_text("cell over-voltage")
    assert not scene.truth("charge_commanded")
    expect(page.get_by_test_id("page.alarms").locator(".count")).not_to_be_empty()
    page.get_by_test_id("page.alarms").click()
    card = page.get_by_test_id("card.alarm.cell_ov1")
    expect(card).to_contain_text("cell 7")
    expect(card).to_contain_text("4.100 V or less")
    scene.clear()
    scene.inject("load_connect", 20_000)  # a discharge is what it waits for
    expect(card).to_have_count(0)
    expect(page.get_by_test_id("card.history")).to_contain_text("cell over-voltage")
    page.get_by_test_id("page.monitor").click()
    expect(state).to_contain_text("no")
    scene.clear()


def test_a_link_lost_inside_a_transaction_leaves_nothing_written_and_old_values_grey(scene, page):
    before = [held(scene, name) for name in ("charge_current_ma", "discharge_current_ma")]
    page.get_by_test_id("page.settings").click()
    page.get_by_test_id("set.charge_current_ma").fill("22")
    page.get_by_test_id("set.discharge_current_ma").fill("44")
    commit = catalog.COMMANDS["commit"].address.to_bytes(2, "big")
    scene.radio.in_reach = False
    scene.radio.breaks_at = lambda data: data[2:4] == commit
    page.get_by_test_id("settings.write").click()
    page.get_by_test_id("dialog.yes").click()
    expect(page.get_by_test_id("link")).to_contain_text("Link lost")
    page.get_by_test_id("page.monitor").click()
    expect(page.locator("main .stale")).not_to_have_count(0)
    expect(page.get_by_test_id("old")).to_contain_text("Old values")
    assert [held(scene, name) for name in ("charge_current_ma", "discharge_current_ma")] == before

    # Back in reach it connects by itself; the session is over, what was typed is not.
    scene.radio.in_reach = True
    expect(page.get_by_test_id("link")).to_contain_text("Connected")
    expect(page.get_by_test_id("lock")).to_have_text("Locked")
    expect(page.locator("main .stale")).to_have_count(0)
    page.get_by_test_id("page.settings").click()
    expect(page.get_by_test_id("set.charge_current_ma")).to_have_value("22")
    page.get_by_test_id("settings.revert").click()


def test_a_request_that_hangs_lets_nothing_old_stand_as_new(scene, page):
    over = threading.Event()
    scene.radio.breaks_at = lambda _: not over.wait(60)
    expect(page.get_by_test_id("link")).to_contain_text("No answer")
    expect(page.locator("main .stale")).not_to_have_count(0)
    scene.radio.breaks_at = None
    over.set()
    expect(page.get_by_test_id("link")).to_contain_text("Connected")
    expect(page.locator("main .stale")).to_have_count(0)


def test_a_switch_asks_for_the_password_and_moves_the_pack(scene, page):
    expect(page.get_by_test_id("lock")).to_have_text("Locked")
    page.get_by_test_id("page.control").click()
    page.get_by_test_id("switch.charge_wanted.0").click()
    page.get_by_test_id("password.text").fill(PASSWORD)
    page.get_by_test_id("password.ok").click()
    now = page.get_by_test_id("state.charge_wanted").locator(".value")
    expect(now).to_have_text("open")
    assert not scene.truth("charge_commanded")
    expect(page.get_by_test_id("switch.charge_wanted.0")).to_be_checked()
    page.get_by_test_id("switch.charge_wanted.1").click()
    expect(now).to_contain_text("closed")
    assert scene.truth("charge_commanded")


def test_nothing_is_wider_than_a_narrow_phone_in_either_language(scene, page):
    page.set_viewport_size({"width": 360, "height": 740})
    wide = []
    for language in ("zh", "en"):
        page.get_by_test_id("page.more").click()
        page.get_by_test_id("app.language." + language).check()
        for name in PAGES:
            page.get_by_test_id("page." + name).click()
            expect(page.locator("main > *")).not_to_have_count(0)
            if page.evaluate("document.documentElement.scrollWidth") > 360:
                wide.append((language, name))
    page.set_viewport_size({"width": SIZE[0], "height": SIZE[1]})
    assert not wide


def test_the_language_changes_on_the_spot_and_stays(scene, page):
    page.get_by_test_id("page.more").click()
    page.get_by_test_id("app.language.zh").check()
    expect(page.get_by_test_id("page.monitor")).to_have_text("监控")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    assert page.evaluate("localStorage['cellwarden.language']") == "zh"
    page.get_by_test_id("app.language.en").check()
    expect(page.get_by_test_id("page.monitor")).to_have_text("Monitor")


def test_it_starts_without_a_network_after_the_first_visit(scene, page):
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("caches.keys().then((kept) => kept.length === 1)")
    page.context.set_offline(True)
    page.reload()
    scene.connect(page)
    expect(page.locator(".cells .value")).to_have_count(24)
    page.context.set_offline(False)
