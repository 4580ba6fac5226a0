"""Pictures of every page of the PC software, in both languages, light and dark, wide and narrow.

``make screenshots`` runs it: a simulated board at work, the real server, Debian's Chromium; and
after that the phone app's. The pictures are for people to look at; nothing is judged here.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import product
from pathlib import Path

from playwright.sync_api import sync_playwright

from ..phone import screenshots as phone
from ..sim.layout import BUILD
from .seen import launch_chromium, open_page, served
from .tabs import TABS

FOLDER = BUILD.parent / "screenshots"
WIDTHS = {"desktop": (1280, 850), "phone": (390, 844)}
PHONE = "phone"
_SETTLE_MS = 1500  # animations, first curves


def main() -> None:
    """All of them; with names of tabs behind it, only those, and the app where ``phone`` is."""
    wanted = sys.argv[1:] or [*(tab.key for tab in TABS), PHONE]
    tabs = [key for key in wanted if key != PHONE]
    if tabs:
        _pages(tabs)
    if PHONE in wanted:
        phone.main()


def _pages(wanted: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data,
        served(Path(data), "--sim") as server,
        sync_playwright() as playwright,
    ):
        browser = launch_chromium(playwright)
        for tab, language, theme, (name, (width, height)) in product(
            wanted, ("en", "zh"), ("light", "dark"), WIDTHS.items()
        ):
            page = open_page(browser, server.url, tab, language, theme, width, height)
            page.wait_for_timeout(_SETTLE_MS)
            path = FOLDER / f"{tab}-{language}-{theme}-{name}.png"
            # As tall as the page is, so that the foot stays at its end.
            tall = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": width, "height": max(height, tall)})
            page.screenshot(path=path)
            page.context.close()
            print(path, flush=True)
        browser.close()


if __name__ == "__main__":
    main()
