"""The phone app's Python, run by its own MicroPython: what a person sees and does on each page."""

import re

import pytest
from phone_page import PhonePage
from test_words import NAMES, TERMS, UNITS

from cellwarden_host.board import Values
from cellwarden_host.phone.app.station import Station
from cellwarden_host.web.snapshot import Snapshot

PAGES = ("monitor", "alarms", "settings", "control", "graph", "more")


@pytest.fixture(scope="module")
def page():
    made = PhonePage()
    made.connect()
    yield made
    made.close()


def big(page, key):
    return page.until(lambda: page.node(key))["value"]


def test_it_shows_what_the_board_measures(page):
    page.go("monitor")
    assert big(page, "volts") == "88.80 V"
    cells = page.until(lambda: page.node("cells") and page.node("cells").get("c"))
    assert [node["texts"] for node in cells if node["t"] == "cells"] == [["3.700 V"] * 24]


def test_a_typed_value_is_judged_at_once_and_written_only_with_a_session(page):
    page.go("settings")
    page.use("group.Cell voltages")
    page.until(lambda: page.node("set.cell_ov1_mv"))
    page.use("set.cell_ov1_mv", "4.6")
    page.until(lambda: page.node("set.cell_ov1_mv").get("wrong"))
    assert page.node("settings.write")["off"]
    page.use("set.cell_ov1_mv", "4.15")  # in its range, but below the warning
    wrong = page.until(lambda: "must be" in page.node("set.cell_ov1_mv").get("wrong", ""))
    assert wrong and page.node("settings.write")["off"]
    page.use("set.cell_ov1_mv", "4.21")
    page.until(lambda: not page.node("settings.write").get("off"))
    page.use("settings.write")
    page.until(lambda: page.node("dialog.yes"))
    assert "4.200 V → 4.210 V" in page.texts()
    page.use("dialog.yes")
    page.until(lambda: page.node("password.ok"))
    page.use("password.text", "654321")
    page.use("password.ok")
    page.until(lambda: "wrong password" in page.texts())
    assert page.board.setting("cell_ov1_mv") == 4200
    page.use("password.text", "123456")
    page.use("password.ok")
    page.until(lambda: "Written and read back" in page.texts())
    assert page.board.setting("cell_ov1_mv") == 4210
    page.until(lambda: not page.picture["top"]["locked"] and "left" in page.picture["top"]["lock"])


def test_a_chemistry_shows_what_it_changes_and_is_refused_while_outputs_are_on(page):
    page.go("settings")
    page.use("chemistry.lfp")
    page.until(lambda: page.node("preset.yes"))
    assert "Cell over-voltage, level 2: 4.300 V → 3.750 V" in page.texts()
    assert page.node("preset.yes")["off"] and "Outputs are on" in page.texts()
    page.use("dialog.no")
    page.until(lambda: not page.picture["dialog"])


def test_a_load_is_dropped_only_after_a_question(page):
    page.go("control")
    page.use("switch.discharge_wanted", 0)
    page.until(lambda: page.node("dialog.yes"))
    assert "loses its supply" in page.texts()
    page.use("dialog.no")
    page.until(lambda: not page.picture["dialog"])
    assert page.board.setting("discharge_wanted") == 1
    page.use("switch.discharge_wanted", 0)
    page.until(lambda: page.node("dialog.yes"))
    page.use("dialog.yes")
    page.until(lambda: page.node("discharge_wanted")["word"] == "open")
    assert page.board.setting("discharge_wanted") == 0


def test_a_protection_is_shown_on_every_page_it_concerns(page):
    page.board.desk.cell_mv[6] = 4300
    page.board.tick(80)
    page.go("monitor")
    page.until(lambda: page.node("banner.charge_protection"))
    page.go("alarms")
    card = page.until(lambda: page.node("alarm.cell_ov1"))
    told = {node.get("label"): node.get("value") for node in card["c"]}
    assert told["Value now"] == "4.300 V" and "4.100 V" in told["Comes back when"]
    page.board.desk.cell_mv[6] = 3700
    page.board.tick(80)


def test_curves_are_saved_as_a_table(page):
    page.go("graph")
    page.until(lambda: page.node("curves"))
    page.use("graph.csv")
    page.until(lambda: page.saved)
    head, first, *_ = next(iter(page.saved.values())).split("\r\n")
    assert head == "time_s,soc_permille (%),current_ma (A)"
    assert len(first.split(",")) == 3


def test_the_summary_keeps_values_fresh_between_looks(page):
    page.go("monitor")
    page.reach = False
    # schema 1, SOC 61.2 %, 99.99 V, -12.345 A
    page.say("M", "0001" + "0264" + "270f" + "ffffcfc7")
    page.until(lambda: page.node("soc")["value"] == "61.2 %")
    assert page.node("volts")["value"] == "99.99 V" and page.node("amps")["value"] == "-12.345 A"
    page.reach = True


def test_old_values_are_told_as_old_and_come_back_with_the_link(page):
    page.go("monitor")
    page.say("X", "lost")
    page.until(lambda: page.picture["stale"] and page.node("lead").get("stale"))
    assert "Old values" in page.node("old")["text"] and page.picture["top"]["link"] == "lost"
    page.say("O", "Cellwarden-TEST")
    page.until(lambda: not page.picture["stale"] and not page.node("lead").get("stale"))


def test_chinese_leaves_no_english_on_any_page(page):
    page.go("more")
    page.use("app.language", "zh")
    page.until(lambda: page.picture["language"] == "zh")
    left = {}
    for name in PAGES:
        page.go(name)
        for node in page.nodes():
            for prop in ("text", "title", "label", "word", "why", "hint", "note", "about"):
                words = re.findall(r"[A-Za-z]{2,}", NAMES.sub("", str(node.get(prop, ""))))
                odd = [word for word in words if word not in UNITS | TERMS | {"English", "mA"}]
                if odd:
                    left[node.get(prop)] = odd
    page.use("app.language", "en")
    assert not left


def test_a_board_with_another_device_number_is_found_by_that():
    made = PhonePage(reply_ms=100)
    made.board.server.address = 7
    made.each = lambda: setattr(made.board.server, "address", 7)
    made.until(lambda: made.node("connect.find"))
    made.say("O", "Cellwarden-TEST")
    made.until(lambda: made.node("connect.unit"))
    made.use("connect.unit", "7")
    made.use("connect.unit.set")
    made.until(lambda: made.node("soc"))
    made.close()


def test_a_link_on_which_a_reply_is_missing_is_given_up():
    """It may come late, and would be taken for the next one's: replies do not say what of."""
    made = PhonePage(reply_ms=300)
    made.connect()
    made.reach = False
    made.until(lambda: made.given_up)
    assert made.given_up == 1
    made.close()


def test_settings_that_were_read_back_are_the_present_ones_and_make_no_reading_newer():
    station, after = Station(), Values()
    station.take_settings(after)
    assert station.snapshot is None, "where nothing was seen there is no present"
    station.snapshot = Snapshot(3, 5.0, 6.0, 1, 7, Values(), Values(), {"machine_code": "x"})
    station.take_settings(after)
    seen = station.snapshot
    assert seen.settings is after and (seen.number, seen.taken_s, seen.at) == (3, 5.0, 6.0)
    assert seen.machine_code == "x"
