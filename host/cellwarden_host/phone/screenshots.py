"""Pictures of every page of the phone app, both languages, light and dark, for people to look at.

``python -m cellwarden_host.phone.screenshots``; part of ``make screenshots``. The app is connected
to a simulated board through everything, so what the pictures show is true.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from ..sim.layout import BUILD
from .seen import PASSWORD, SIZE, Scene, at_work

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = BUILD.parent / "screenshots"
LANGUAGES = ("en", "zh")
THEMES = ("light", "dark")
_SETTLE_MS = 900
_TALLEST = 2600


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with at_work(speed=3.0, charger_mv=24 * 4150, charger_ma=12_000) as scene:
        for language, theme in product(LANGUAGES, THEMES):
            page = scene.open(language, theme)
            for name in _pages(scene, page):
                path = FOLDER / f"app-{name}-{language}-{theme}.png"
                _take(page, path)
                print(path, flush=True)
            page.context.close()


def _pages(scene: Scene, page: Page) -> Iterator[str]:
    """Brings the app from page to page; the name of each as it stands."""

    def go(to: str) -> str:
        page.get_by_test_id("page." + to).click()
        return to

    def press(test_id: str) -> None:
        page.get_by_test_id(test_id).click()

    yield "connect"
    scene.connect(page)
    yield go("monitor")
    yield go("settings")
    press("lock")
    yield "password"
    page.get_by_test_id("password.text").fill(PASSWORD)
    press("password.ok")
    page.get_by_test_id("dialog").wait_for(state="hidden")
    page.get_by_test_id("set.charge_current_ma").fill("900")
    yield "settings-wrong"
    page.get_by_test_id("set.charge_current_ma").fill("30")
    press("settings.write")
    yield "settings-write"
    press("dialog.no")
    press("settings.revert")
    press("group.Cell voltages")
    yield "settings-group"
    yield go("control")
    press("do.restart")
    yield "control-question"
    press("dialog.no")
    scene.inject("cell", 7, 4250)
    page.locator(".count:not(:empty)").wait_for()
    page.get_by_test_id("page.alarms").click()
    page.get_by_test_id("card.alarm.cell_ov1").wait_for()
    yield "alarms"
    go("monitor")
    yield "monitor-alarm"
    scene.clear()
    scene.inject("load_connect", 40_000)  # a discharge is what it waits for
    page.locator("[data-testid^='banner.']").first.wait_for(state="detached")
    yield go("graph")
    go("more")
    yield "more"
    press("more.calibrate")
    yield "calibrate"
    press("more.firmware")
    yield "firmware"
    go("monitor")
    scene.radio.in_reach = False
    scene.radio.lose()
    page.locator("main .stale").first.wait_for()
    yield "monitor-lost"
    scene.radio.in_reach = True
    scene.clear()


def _take(page: Page, path: Path) -> None:
    page.wait_for_timeout(_SETTLE_MS)
    width, height = SIZE
    # As tall as the page is, so that what stands at its edges stays there.
    tall = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(height, tall), _TALLEST)})
    page.screenshot(path=path)
    page.set_viewport_size({"width": width, "height": height})


if __name__ == "__main__":
    main()
