"""The phone app at work, for tests and screenshots: everything from the page to the cells.

A simulated board with a radio runs the real firmware; Chromium shows the app as it was built, at a
phone's size, with that radio as its Bluetooth. Beside it stands the board's own PC port, so that
what the page claims can be looked up. Nothing here is judged, and no command loads it.
"""

from __future__ import annotations

import secrets
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bumble.keys import MemoryKeyStore
from playwright.sync_api import sync_playwright

from .. import catalog, session
from ..board import Board
from ..link import Line
from ..sim.radio_central import RadioCentral
from ..sim.run import Simulator
from ..web.seen import free_port, launch_chromium
from .build import build
from .emulated import EmulatedBluetooth

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BOARD = "pico_w_24s"
PASSWORD = "123456"
SIZE = (390, 844)
_INSTALLER = 1
_BAUD = 115_200
_LOOK_S = 0.5


class Scene:
    """``pc`` is the board on RS485-2, ``radio`` the phone's, ``asked`` every address fetched."""

    def __init__(
        self, simulator: Simulator, browser: Browser, url: str, pc: Board, radio: EmulatedBluetooth
    ) -> None:
        self.simulator = simulator
        self.browser = browser
        self.url = url
        self.pc = pc
        self.radio = radio
        self.asked: list[str] = []
        self.problems: list[str] = []  # errors that pages have logged or thrown

    def open(
        self,
        language: str = "en",
        theme: str = "light",
        page: str = "monitor",
        size: tuple[int, int] = SIZE,
    ) -> Page:
        """The app on a phone of its own, started and not connected."""
        width, height = size
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, has_touch=True, is_mobile=True
        )
        for name, value in (("language", language), ("theme", theme), ("page", page)):
            context.add_init_script(f"localStorage['cellwarden.{name}'] ??= '{value}'")
        context.on("request", lambda request: self.asked.append(request.url))
        made = context.new_page()
        made.set_default_timeout(15_000)
        made.on("pageerror", lambda error: self.problems.append(str(error)))
        made.on("console", self._logged)
        self.radio.join(made)
        made.goto(self.url)
        made.wait_for_selector("[data-testid='connect.find']")
        return made

    def _logged(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def connect(self, page: Page) -> None:
        """As a person does; until the first look is there."""
        page.get_by_test_id("connect.find").click()
        page.get_by_test_id("link").and_(page.locator(":text('Cellwarden-')")).wait_for()
        page.get_by_test_id("connect.find").wait_for(state="detached")

    def inject(self, fault: str, *arguments: Any) -> None:
        """Bring a fault about in the pack, now."""
        self._in_plant(lambda plant: plant.inject(fault, *arguments))

    def clear(self, fault: str = "all") -> None:
        self._in_plant(lambda plant: plant.clear(fault))

    def truth(self, name: str) -> Any:
        return self._in_plant(lambda plant: plant.truth()[name])

    def _in_plant(self, work: Any) -> Any:
        board, plant = self.simulator.board, self.simulator.plant

        def now() -> Any:
            plant.advance(board.clock.now_us)
            return work(plant)

        return board.call(now)


@contextmanager
def at_work(speed: float = 1.0, **pack: Any) -> Iterator[Scene]:
    """The whole chain, for as long as the block lasts; ``pack`` holds fields of PackConfig."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "phone"
        build(folder)
        simulator = stack.enter_context(Simulator(BOARD, speed, pack=pack))
        simulator.start()
        line = stack.enter_context(Line(simulator.ports["rs485_2"], _BAUD))
        pc = Board(line)
        debug_port = free_port()
        playwright = stack.enter_context(sync_playwright())
        browser = launch_chromium(
            playwright,
            f"--remote-debugging-port={debug_port}",
            "--enable-features=WebBluetooth",
        )
        stack.callback(browser.close)
        radio = _radio(simulator.ports["radio"], debug_port, _passkey(pc))
        stack.callback(radio.close)
        url = stack.enter_context(_served(folder))
        yield Scene(simulator, browser, url, pc, radio)


def _passkey(pc: Board) -> int:
    """Read where it may be read: in an installer's session at the PC port."""
    session.log_in(pc, PASSWORD, _INSTALLER)
    row = catalog.NAMED["bluetooth_passkey"]
    passkey = int(pc.read([row]).texts[row.name])
    session.log_out(pc)
    return passkey


def _radio(port: int, debug_port: int, passkey: int) -> EmulatedBluetooth:
    bonds = MemoryKeyStore()
    with RadioCentral(port) as looker:
        name = next(seen.name for seen in looker.scan(_LOOK_S) if seen.name)
    # The same phone at each connection: its address is what the board has its keys under.
    address = ":".join("%02X" % byte for byte in (0xC0, *secrets.token_bytes(5)))

    def central() -> RadioCentral:
        return RadioCentral(port, address=address, bonds=bonds)

    return EmulatedBluetooth(debug_port, name, central, passkey)


class _Files(SimpleHTTPRequestHandler):
    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
    }

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Any host of files is good enough for the app; here one on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
