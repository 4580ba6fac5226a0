"""A live update's pieces: when flash may be written, what is taken, and one switch-over a mark."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

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


@pytest.fixture
def bench(monkeypatch, tmp_path):
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


def test_nothing_is_taken_before_there_is_a_file(bench):
    assert bench.take(0) == BUSY
    bench.tick()
    assert bench.state == ids.UPDATE_STATE_IS_RECEIVING and bench.take(0) == DONE


def test_pieces_come_in_order_and_may_come_twice(bench):
    bench.tick()
    assert bench.take(0) == DONE
    assert bench.take(0) == DONE and bench.reading("update_bytes") == 240
    assert bench.take(480) == BAD_VALUE
    assert bench.take(240) == DONE and bench.reading("update_bytes") == 480
    bench.fill(3840)
    assert bench.take(3840) == BUSY  # until flash has been written
    bench.tick()
    assert bench.take(3840) == DONE


def test_flash_is_written_right_after_a_tick_and_once_a_tick(bench):
    bench.tick()
    bench.fill(3840)
    bench.tick(after_ms=40)
    assert bench.take(3840) == BUSY
    bench.tick(after_ms=30)
    assert bench.take(3840) == DONE
    bench.fill(7680)
    bench.look()
    assert bench.take(7680) == BUSY


def test_two_stalls_are_further_apart_than_a_reading_may_be_old(bench):
    bench.tick()
    bench.takes_ms = 45
    bench.fill(3840)
    bench.tick()
    assert bench.fill(7680).take(7680) == BUSY
    for _ in range(10):
        bench.tick()
        assert bench.take(7680) == BUSY
    bench.tick()
    bench.tick()
    assert bench.take(7680) == DONE


def test_a_stall_of_somebody_elses_counts(bench):
    bench.tick()
    bench.fill(3840)
    bench.update.stall(bench.now_ms)
    bench.tick()
    assert bench.take(3840) == BUSY


def test_a_pack_near_a_limit_is_left_alone(bench):
    bench.tick()
    bench.fill(3840)
    bench.calm = False
    bench.tick()
    assert bench.take(3840) == BUSY and bench.reading("update_waits") == 1
    bench.on = False  # with everything off there is nothing to protect
    bench.tick()
    assert bench.take(3840) == DONE and bench.reading("update_waits") == 0


def test_a_reply_on_the_line_is_waited_for_but_not_for_ever(bench):
    bench.tick()
    bench.fill(3840)
    bench.tick(talking=True)
    assert bench.take(3840) == BUSY
    for _ in range(50):
        bench.tick(talking=True)
    assert bench.take(3840) == DONE


def test_the_whole_way_to_a_switch_over_with_outputs_held(bench):
    bench.ready()
    assert bench.written == 9000
    assert bench.update.switch(False) == DONE
    assert bench.controller.requests.save_state_now
    bench.stored = False
    bench.tick()
    assert Installer.made.commits == 0, "what must be kept comes first"
    bench.stored = True
    bench.tick()
    assert Installer.made.commits == 1
    bench.tick()
    assert not (bench.folder / "update.img").exists()
    bench.tick()
    assert (bench.folder / "restart.txt").read_text() == "command 3"
    with pytest.raises(Resets):
        bench.tick()
    bench.tick()  # as if the reset had failed: the mark is used up
    assert bench.pins == [9]


def test_outputs_that_move_before_the_restart_are_told_anew(bench):
    bench.ready()
    bench.update.switch(False)
    for _ in range(3):
        bench.tick()
    bench.app.hardware.outputs.charge_on = False
    bench.tick()
    bench.tick()
    assert (bench.folder / "restart.txt").read_text() == "command 2"


def test_without_the_hold_outputs_open_only_when_that_was_said(bench):
    bench.ready()
    bench.app.board.HOLD_FITTED = False
    assert bench.update.switch(False) == NOT_ALLOWED
    assert bench.update.switch(True) == DONE
    for _ in range(3):
        bench.tick()
    assert bench.controller.requests.restart and bench.pins == []
    assert Installer.made.commits == 1


def test_with_outputs_off_nothing_has_to_be_said(bench):
    bench.ready()
    bench.on = False
    bench.app.board.HOLD_FITTED = False
    outputs = bench.app.hardware.outputs
    outputs.charge_on = outputs.discharge_on = False
    assert bench.update.switch(False) == DONE


def test_nothing_is_switched_to_that_is_not_ready(bench):
    bench.tick()
    assert bench.update.switch(True) == NOT_ALLOWED
    bench.fill(9000)
    assert bench.update.switch(True) == NOT_ALLOWED


def test_a_bad_image_ends_it_with_its_reason(bench):
    bench.tick()
    bench.fill(9000)
    while bench.state == ids.UPDATE_STATE_IS_RECEIVING:
        bench.tick()
    Installer.made.refuses = "signature"
    bench.gone()
    assert bench.state == ids.UPDATE_STATE_IS_FAILED
    assert bench.reading("update_why") == ids.UPDATE_WHY_IS_SIGNATURE
    assert Installer.made.closed and not (bench.folder / "update.img").exists()


def test_the_last_piece_may_come_again_whatever_the_board_is_at(bench):
    """The answer to it was lost."""
    bench.ready()
    assert bench.take(8880, 120) == DONE and bench.take(0) == DONE
    assert bench.take(9240) == NOT_ALLOWED
    bench.update.cancel()
    assert bench.take(8880, 120) == NOT_ALLOWED


def test_giving_up_writes_flash_like_everything_else_a_piece_at_a_time(bench):
    bench.tick()
    bench.fill(3840)
    bench.takes_ms = 45
    image = bench.folder / "update.img"
    bench.update.cancel()
    assert bench.state == ids.UPDATE_STATE_IS_FAILED and not bench.update.over
    bench.look(after_ms=40)
    assert bench.update._file is not None, "not so late after a tick"
    bench.calm = False
    bench.tick()
    assert bench.update._file is not None, "not near a limit"
    bench.calm = True
    bench.tick()
    assert bench.update._file is None and image.exists(), "closed, and that was one stall"
    for _ in range(10):
        bench.tick()
        assert image.exists()
    bench.tick()
    bench.tick()
    assert not image.exists()
    bench.gone()


@pytest.mark.parametrize("ticks", range(5))
def test_a_switch_over_can_be_cancelled_until_the_restart(bench, ticks):
    bench.ready()
    bench.update.switch(False)
    for i in range(ticks):
        bench.calm = i < 3  # all is written then, and the restart waits
        bench.tick()
    bench.calm = True
    bench.update.cancel()
    bench.gone()
    assert bench.reading("update_why") == ids.UPDATE_WHY_IS_CANCELLED
    assert bench.taken_back == (["b"] if ticks else []), "the next start stays with what runs"
    assert not (bench.folder / "restart.txt").exists() and bench.pins == []
    assert not (bench.folder / "update.img").exists()
    assert Installer.made.closed or Installer.made.commits
    assert bench.update.switch(True) == NOT_ALLOWED


def test_outputs_that_came_on_since_are_not_opened_unasked(bench):
    bench.ready()
    bench.app.board.HOLD_FITTED = False
    bench.on = False
    assert bench.update.switch(False) == DONE
    bench.on = True
    for _ in range(20):
        bench.tick()
    assert not bench.controller.requests.restart and Installer.made.commits == 0
    assert bench.reading("update_waits") == 1
    bench.on = False
    for _ in range(3):
        bench.tick()
    assert bench.controller.requests.restart


def test_the_hold_is_armed_in_a_calm_moment_far_from_the_stall_before(bench):
    bench.ready()
    bench.update.switch(False)
    bench.tick()
    bench.tick()
    bench.takes_ms = 45
    bench.tick()  # the word
    bench.takes_ms = 0
    for _ in range(10):
        bench.tick()
    bench.calm = False
    bench.tick()
    bench.tick()
    bench.calm = True
    bench.look(after_ms=40)
    assert bench.pins == []
    with pytest.raises(Resets):
        bench.tick()
    assert bench.pins == [9]


def test_a_switch_over_that_cannot_be_is_given_up(bench):
    bench.ready()
    bench.update.switch(False)
    bench.stored = False
    for _ in range(599):
        bench.tick()
        assert bench.state == ids.UPDATE_STATE_IS_SWITCHING
    bench.tick()
    bench.gone()
    assert bench.reading("update_why") == ids.UPDATE_WHY_IS_LEFT_ALONE


@pytest.mark.parametrize("state", ["receiving", "ready", "unpacking"])
def test_an_update_that_is_left_alone_gives_its_memory_back(bench, state):
    if state == "ready":
        bench.ready()
    else:
        bench.tick()
        bench.take(0)
    if state == "unpacking":
        bench.fill(9000)
        while bench.state != ids.UPDATE_STATE_IS_UNPACKING:
            bench.tick()
        bench.calm = False
    for _ in range(8950):
        bench.tick()
    assert bench.state != ids.UPDATE_STATE_IS_FAILED
    for _ in range(60):
        bench.tick()
    assert bench.update._room is None
    bench.calm = True
    bench.gone()
    assert bench.reading("update_why") == ids.UPDATE_WHY_IS_LEFT_ALONE
