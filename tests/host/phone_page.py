"""The phone app's page for tests: its own Python under its own MicroPython, in node, in front of
the real core and register map. No browser and no radio; see tests/browser for those."""

import json
import select
import subprocess
import time
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from cli_board import CliBoard

from cellwarden.access import PORT_BLUETOOTH
from cellwarden_host.phone.build import _WASM, contents

RUNNER = Path(__file__).with_suffix(".mjs")
PATIENCE_S = 20


@cache
def built():
    """{path: bytes} of the app."""
    return contents()


class PhonePage:
    """``picture`` is the newest; ``until`` serves the board as long as a condition is false."""

    def __init__(self, board=None, reply_ms=6000):
        self.board = board or CliBoard(port=PORT_BLUETOOTH)
        self.picture = {}
        self.saved = {}
        self.reach = True  # the board hears the page
        self.given_up = 0  # links
        self.each = lambda: None  # done before each request
        folder = Path(mkdtemp(prefix="phone-"))
        for name in ("python.json", "zh.json"):
            data = built()[name].replace(b"reply_ms = 6000", b"reply_ms = %d" % reply_ms)
            (folder / name).write_bytes(data)
        files = [_WASM / "micropython.mjs", folder / "python.json", folder / "zh.json"]
        self._process = subprocess.Popen(
            ["node", RUNNER, *files], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._rest = b""

    def close(self):
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()

    def say(self, kind, text=""):
        self._process.stdin.write(f"{kind} {text}\n".encode())
        self._process.stdin.flush()

    def use(self, key, value=True):
        """A person uses a control."""
        self.say("E", json.dumps([key, json.dumps(value)]))

    def until(self, condition):
        """Go on until ``condition()`` holds; what it gave."""
        end_s = time.monotonic() + PATIENCE_S
        while True:
            found = condition()
            if found:
                return found
            left_s = max(0, end_s - time.monotonic())
            ready = select.select([self._process.stdout], [], [], left_s)[0]
            data = left_s and ready and self._process.stdout.read1(1 << 16)
            assert data, f"it does not come; the page shows {self.texts()[:2000]}"
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._take(line[:1], line[2:].decode())

    def _take(self, kind, text):
        assert kind != b"!", text
        if kind == b"S":
            self.picture = json.loads(text)
        elif kind == b"W" and self.reach:
            data = bytes.fromhex(text)
            board = self.board
            board.tick()
            self.each()
            length = board.server.feed(data, len(data), board.desk.now_ms)
            if length:
                self.say("B", bytes(board.server.tx[:length]).hex())
        elif kind == b"G":
            self.given_up += 1
            self.say("X", "lost")
        elif kind == b"F":
            name, content = json.loads(text)
            self.saved[name] = content

    # --- looking

    def nodes(self, within=None):
        """All nodes of the picture, with those inside others."""
        if within is None:
            within = self.picture.get("nodes", []) + self.picture.get("dialog", [])
        for node in within:
            yield node
            yield from self.nodes(node.get("c", []))

    def node(self, key):
        return next((n for n in self.nodes() if key in (n.get("id"), n.get("key"))), None)

    def texts(self):
        return json.dumps(self.picture, ensure_ascii=False)

    def go(self, page):
        self.use("page." + page)
        self.until(lambda: self.picture["page"] == page)

    def connect(self):
        self.until(lambda: self.node("connect.find"))
        self.say("O", "Cellwarden-TEST")
        self.until(lambda: self.node("soc"))

    def unlock(self, password="123456"):
        self.use("top.lock")
        self.until(lambda: self.node("password.ok"))
        self.use("password.text", password)
        self.use("password.ok")
