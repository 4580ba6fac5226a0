"""A board on which a live update runs, as far as that can tell; the test owns time and flash."""

import contextlib
import sys
from types import ModuleType, SimpleNamespace

from cellwarden import ids

DONE, NOT_ALLOWED, BAD_VALUE, BUSY = 0, 1, 3, 6
STATE = "update_state"


class Resets(BaseException):
    """The controller would have restarted."""


class Installer:
    """Three steps to check an image, three to unpack it."""

    made = None

    def __init__(self, path, older):
        Installer.made = self
        self.left = 6
        self.total, self.done = 6, 0
        self.commits = self.closed = 0
        self.slot = "b"
        self.room = None
        self.refuses = None
        self.checked = False

    def step(self):
        if self.refuses:
            error = Exception(self.refuses)
            error.reason = self.refuses
            raise error
        self.left -= 1
        self.done += 1
        self.checked = self.left <= 3
        return self.left > 0

    def commit(self):
        self.commits += 1
        return True

    def close(self):
        self.closed += 1


@contextlib.contextmanager
def updating(monkeypatch, tmp_path):
    """A board that ticks and measures as told; ``bench.at(ms)`` is a look of the slow task."""
    machine = ModuleType("machine")
    pins = []

    def reset():
        raise Resets

    def pin(number, mode=None, value=None):
        pins.append(number)
        return SimpleNamespace(value=lambda level: None)

    pin.OUT = 1
    machine.reset, machine.Pin = reset, pin
    loader, install = ModuleType("loader"), ModuleType("loader.install")
    loader.trial, loader.failed_why, loader.slot = False, 0, "a"
    loader.forget = lambda: None
    install.Installer = Installer
    for name, module in (
        ("machine", machine),
        ("loader", loader),
        ("loader.install", install),
    ):
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("firmware.restart", "firmware.live_update"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    control = ModuleType("loader.control")
    taken_back = []
    control.open = lambda: SimpleNamespace(installing=taken_back.append)
    monkeypatch.setitem(sys.modules, "loader.control", control)
    loader.control = control
    from firmware import clock, live_update

    monkeypatch.setattr(live_update, "PATH", str(tmp_path / "update.img"))
    monkeypatch.setattr(live_update.restart, "_WORD", str(tmp_path / "restart.txt"))
    made = Bench(live_update, tmp_path)
    made.pins = pins
    made.taken_back = taken_back
    # What may be loaded for it stays loaded for other tests.
    monkeypatch.setattr(live_update, "_CODE", ("loader.install",))
    monkeypatch.setattr(clock, "now_ms", lambda: made.now_ms + made.takes_ms)
    monkeypatch.setattr(live_update, "calm", lambda controller: made.calm)
    yield made
    for name in ("firmware.restart", "firmware.live_update"):
        sys.modules.pop(name, None)


class Bench:
    def __init__(self, module, folder):
        self.module = module
        self.folder = folder
        self.now_ms = 0
        self.takes_ms = 0  # what a piece costs
        self.calm = True
        self.on = True
        self.stored = True
        outputs = SimpleNamespace(charge_on=True, discharge_on=True)
        self.controller = SimpleNamespace(
            ticks=0,
            publisher=SimpleNamespace(readout=[0] * 200),
            requests=SimpleNamespace(save_state_now=False, restart=False),
        )
        self.app = SimpleNamespace(
            controller=self.controller,
            ticked_ms=0,
            board=SimpleNamespace(HOLD_FITTED=True, PINS={"hold_arm": 9}),
            hardware=SimpleNamespace(outputs=outputs),
            switched_on=lambda: self.on,
        )
        persistence = SimpleNamespace(waits=lambda controller: not self.stored)
        self.update = module.LiveUpdate(self.app, persistence, 9000, 0xBEEF, False)

    def reading(self, name):
        return self.controller.publisher.readout[getattr(ids, "R_" + name.upper())]

    @property
    def state(self):
        return self.reading(STATE)

    def tick(self, after_ms=5, talking=False):
        """The next tick, 100 ms on, and a look ``after_ms`` behind it."""
        self.now_ms += 100
        self.app.ticked_ms = self.now_ms
        self.controller.ticks += 1
        self.look(after_ms, talking)

    def look(self, after_ms=5, talking=False):
        self.update.step(self.app.ticked_ms + after_ms, talking)

    def take(self, at, n=240):
        return self.update.take(at, bytes(n + 10), 10, n)

    def fill(self, until):
        """Send until the board has ``until`` bytes, ticks in between."""
        while self.reading("update_bytes") < until:
            at = self.reading("update_bytes")
            if self.take(at, min(240, until - at)) == BUSY:
                self.tick()
        return self

    def ready(self):
        self.tick()
        self.fill(9000)
        for _ in range(40):
            self.tick()
        assert self.state == ids.UPDATE_STATE_IS_READY
        return self

    def gone(self):
        """Ticks until it has let go of everything."""
        for _ in range(60):
            if self.update.over:
                return
            self.tick()
        raise AssertionError(self.state)

    @property
    def written(self):
        return (self.folder / "update.img").stat().st_size
