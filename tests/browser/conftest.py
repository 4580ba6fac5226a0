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


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """``server(board)``: the address of a `cellwarden web` connected to it; one a board."""
    running = {}
    with ExitStack() as stack:

        def start(board, *options):
            if board.port not in running:
                data = tmp_path_factory.mktemp("web")
                running[board.port] = stack.enter_context(
                    served(data, "--port", board.port, *options)
                ).url
            return running[board.port]

        yield start


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
