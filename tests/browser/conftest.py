"""Pages of the PC software in a real browser, on a real board's core behind a pseudo terminal.

No test of a page is ever skipped: without Chromium they fail and say how to get it.
"""

from contextlib import ExitStack

import pytest
from playwright.sync_api import expect, sync_playwright

from cellwarden_host.web.seen import launch_chromium, open_page, served

# What a page does within a second here may take ten on a machine that is busy.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def chromium():
    """One browser for all tests of a file; its event loop must be gone before other tests run."""
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser
        browser.close()


class Servers:
    """``servers(board)``: the address of a `cellwarden web` connected to it; one a board.

    A server has to end before its board: the number of a pseudo terminal is soon another's.
    """

    def __init__(self, folders):
        self._folders = folders
        self._running = {}

    def __call__(self, board, *options):
        if board not in self._running:
            stack = ExitStack()
            data = self._folders.mktemp("web")
            server = stack.enter_context(served(data, "--port", board.port, *options))
            self._running[board] = (server.url, stack)
        return self._running[board][0]

    def end(self, board):
        if board in self._running:
            self._running.pop(board)[1].close()

    def end_all(self):
        for board in list(self._running):
            self.end(board)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    servers = Servers(tmp_path_factory)
    yield servers
    servers.end_all()


@pytest.fixture
def look(chromium, server):
    """``look(board, tab=..., language=..., theme=..., width=...)``: a page that shows it.

    A page that has logged an error, or thrown, fails its test.
    """
    pages, problems = [], []

    def start(board, **how):
        page = open_page(chromium, server(board), **how)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.wait_for_function(
            "() => document.querySelector('[data-testid=\"strip.board_state\"]')?.innerText"
        )
        pages.append(page)
        return page

    yield start
    for page in pages:
        page.context.close()
    assert not problems
