"""What the PC software costs: from its start to the first values on a page, and CPU at work.

A real server, a real Chromium with the monitor open, the simulated board on its pseudo terminal.
The CPU is the server's own; board and browser are other processes.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ..sim_process import simulated_board
from ..web.seen import launch_chromium, open_page, served
from .row import Row, at_most, missing

TOPIC = "web"
_WATCH_S = 20.0
_START_LIMIT_S = 5
_CPU_LIMIT_PERCENT = 10
_VALUES = "() => document.querySelector('[data-testid=\"strip.pack_10mv\"]')?.innerText"


def rows(_rounds: int = 1) -> Iterator[Row]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        yield missing(TOPIC, "start to first values", f"{error}")
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        simulated_board() as ready,
        sync_playwright() as playwright,
    ):
        browser = launch_chromium(playwright)
        began = time.monotonic()
        with served(Path(folder), "--ready-file", str(ready)) as server:
            page = open_page(browser, server.url)
            page.wait_for_function(_VALUES)
            yield at_most(
                TOPIC,
                "start to first values on the page",
                time.monotonic() - began,
                _START_LIMIT_S,
                "s",
                1,
            )
            before = _cpu_s(server.pid)
            page.wait_for_timeout(_WATCH_S * 1000)
            used = (_cpu_s(server.pid) - before) / _WATCH_S * 100
            yield at_most(
                TOPIC,
                "CPU of the server, one monitor page, 5 looks a second",
                used,
                _CPU_LIMIT_PERCENT,
                "% of a core",
                1,
            )
        browser.close()


def _cpu_s(pid: int) -> float:
    """Seconds of processor that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
