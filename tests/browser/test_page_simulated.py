"""Every tab, in both languages, on the real firmware of the simulated board over its pty."""

import os
import re
import signal

import pytest
from page_text import words_of
from playwright.sync_api import expect

from cellwarden_host import catalog
from cellwarden_host.board import Board
from cellwarden_host.link import Line
from cellwarden_host.ready_file import read_ready_file
from cellwarden_host.sim_process import simulated_board
from cellwarden_host.web.seen import open_page, served
from cellwarden_host.web.tabs import TABS
from cellwarden_host.words import tell

# Three words of small letters in a row: a sentence that nobody has translated.
_ENGLISH = re.compile(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b")


@pytest.fixture(scope="module")
def ready():
    with simulated_board(["--chemistry", "lfp", "--cells", "16"]) as ready:
        yield ready


@pytest.fixture(scope="module")
def url(ready, tmp_path_factory):
    with served(tmp_path_factory.mktemp("web"), "--ready-file", str(ready)) as server:
        yield server.url


@pytest.mark.parametrize("language", ("en", "zh"))
def test_every_tab_shows_the_running_board(chromium, url, language):
    page = open_page(chromium, url, language=language)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    expect(page.get_by_test_id("strip.pack_10mv")).to_have_text(re.compile(r"5\d\.\d\d V"))
    expect(page.get_by_test_id(re.compile(r"^cell\.\d+$"))).to_have_count(16)
    for tab in TABS:
        page.get_by_test_id(f"tab.{tab.key}").click()
        expect(page.get_by_test_id(f"panel.{tab.key}")).to_be_visible()
        expect(page.get_by_test_id(f"tab.{tab.key}")).to_contain_text(tell(tab.title, language))
        if language == "zh":
            found = _ENGLISH.findall(words_of(page, f"panel.{tab.key}"))
            assert not found, f"{tab.key}: {found}"
    assert not errors
    page.context.close()


def test_a_killed_board_is_said_at_once_and_its_numbers_turn_old(chromium, url, ready):
    """The last test here: nothing is left afterwards."""
    ports = read_ready_file(ready)
    with Line(ports["rs485_1"], 9600) as line:
        board = Board(line)
        assert board.read([catalog.READING["cells_in_series"]]).one("cells_in_series") == 16
    page = open_page(chromium, url, tab="graph")
    strip = page.locator(".cw-strip")
    expect(strip).not_to_have_class(re.compile("cw-stale"))
    os.kill(ports["pid"], signal.SIGKILL)
    expect(strip).to_have_class(re.compile("cw-stale"))
    expect(page.get_by_test_id("link")).to_have_text("Connection lost: old values")
    expect(page.get_by_test_id("trouble")).not_to_be_empty()
    page.context.close()
