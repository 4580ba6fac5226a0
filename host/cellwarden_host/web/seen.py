"""``cellwarden web`` as a process of its own on a free port, and a Chromium to look at it with.

For the tests of the pages, ``make screenshots`` and ``make bench``; never loaded by the server.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing of these tests may reach beyond this machine, nor wait for it.
_CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_READY = "Cellwarden is at "


def chromium_path() -> str:
    """Where Chromium is; the tests of the pages cannot do without."""
    for name in CHROMIUM_NAMES:
        path = shutil.which(name)
        if path:
            return path
    raise RuntimeError("there is no Chromium here; get it with: make browser")


def launch_chromium(playwright: Playwright, *options: str) -> Browser:
    return playwright.chromium.launch(
        executable_path=chromium_path(), args=[*_CHROMIUM_OPTIONS, *options]
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment() -> dict[str, str]:
    """Ours, less what tells NiceGUI that it is being tested by its own means."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return ours | {"PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Served:
    """Where a server answers, and which process it is."""

    url: str
    pid: int


@contextmanager
def served(data: Path, *options: str) -> Iterator[Served]:
    """A server that runs as long as the block does; its records go to ``data``."""
    command = [sys.executable, "-m", "cellwarden_host.cli", "web", "--no-open"]
    process = subprocess.Popen(
        [*command, "--http-port", str(free_port()), "--data", str(data), *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=_environment(),
    )
    said = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if line.startswith(_READY):
                break
        else:
            raise RuntimeError("the server did not start; it said:\n" + "".join(said))
        yield Served(line.removeprefix(_READY).split()[0], process.pid)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def open_page(
    browser: Browser,
    url: str,
    tab: str = "monitor",
    language: str = "en",
    theme: str = "light",
    width: int = 1280,
    height: int = 900,
) -> Page:
    """A page of its own (own cookies) at a tab, built and connected or not as the server is."""
    context = browser.new_context(viewport={"width": width, "height": height})
    context.add_cookies(
        [
            {"name": name, "value": value, "url": url}
            for name, value in (("language", language), ("theme", theme))
        ]
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(f"{url}?tab={tab}")
    page.wait_for_selector(f"[data-testid=panel\\.{tab}]")
    return page
