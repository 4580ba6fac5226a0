"""The bootloader's decisions: which slot, which check, whose moment, and what it leaves behind.

Its files lie in a folder here; the same on a board, under MicroPython, is in tests/system.
"""

import importlib
import sys
from types import ModuleType, SimpleNamespace

import pytest
from loader_rig import loader_on

from board_update import slots
from board_update.image import Bad, version_number
from cellwarden_host.release.build import release
from cellwarden_host.release.keys import development_record
from cellwarden_host.sim.image import slot_pair

POWER, WATCHDOG, OTHER = 1, 3, 5
FILES = {
    "cellwarden/__init__.mpy": b"M\x06\x00\x1f" + bytes(40),
    "firmware/start.mpy": b"M\x06\x00\x1f" + bytes(range(256)) * 6,
}
OLD, NEW, NEWEST = "0.1.0", "0.2.0", "0.3.0"


class Reset(BaseException):
    """machine.reset() was called."""


class Timer:
    PERIODIC = 1
    running: list = []

    def __init__(self, _number):
        pass

    def init(self, period, mode, callback):
        self.period, self.callback = period, callback
        Timer.running.append(self)

    def deinit(self):
        Timer.running.remove(self)


def _reset():
    raise Reset


class Board:
    """A simulated board's files in a folder, and its loader."""

    def __init__(self, folder):
        self.folder = folder
        self.cause = POWER
        self.waits = []
        self.on_menu = lambda: None
        Timer.running = []
        self.fed = 0
        (folder / "data").mkdir()
        (folder / "loader").mkdir()
        (folder / "loader/keys").write_bytes(development_record())
        self.put("a", OLD)

    def machine(self):
        made = ModuleType("machine")
        made.PWRON_RESET, made.WDT_RESET = POWER, WATCHDOG
        made.reset_cause = lambda: self.cause
        made.reset = _reset
        made.Timer = Timer
        made.Pin = lambda *_arguments, **_options: None
        made.Pin.OUT = 1
        made.WDT = lambda timeout: SimpleNamespace(feed=self._feed)
        return made

    def _feed(self):
        self.fed += 1

    def put(self, slot, version, files=FILES):
        pair = slot_pair("sim", files, version)
        for suffix in (".fw", ".man"):
            (self.folder / (slot + suffix)).write_bytes(pair["/a" + suffix])

    def send(self, version, board="sim", files=FILES):
        image = release(board, files=files, version=version)
        (self.folder / "update.img").write_bytes(image)

    def module(self, name):
        return importlib.import_module("loader." + name)

    def offer(self, _machine, _board, wait_ms, title):
        self.waits.append((wait_ms, title))
        return self.on_menu()

    def install(self, version, **options):
        self.send(version, **options)
        installer = self.installer()
        while installer.step():
            pass
        assert installer.commit()
        return installer

    def installer(self, older=False):
        return self.module("install").Installer(f"{self.folder}/update.img", older)

    def begin(self):
        """As main.py: the slot that runs, or None."""
        return self.loader.slot if self.module("start").begin() else None

    @property
    def loader(self):
        return sys.modules["loader"]

    def record(self):
        return self.module("control").open()


@pytest.fixture
def board(tmp_path):
    made = Board(tmp_path)
    with loader_on("sim", made.machine()):
        sys.modules["vfs"].mount = sys.modules["vfs"].umount = lambda *_: None
        importlib.import_module("loader.safe_state")
        made.module("control").root = f"{tmp_path}/"
        sys.modules["loader.menu"] = made.loader.menu = SimpleNamespace(offer=made.offer)
        yield made
    if "/fw" in sys.path:
        sys.path.remove("/fw")


def test_a_flashed_board_runs_its_only_slot_and_writes_no_record(board):
    assert board.begin() == "a" and not board.loader.trial
    assert board.loader.version == version_number(OLD)
    assert sys.path[0] == "/fw" and not list(board.folder.glob("*.rec"))


def test_any_flipped_byte_of_a_slot_is_found_before_it_is_run(board):
    start = board.module("start")
    assert start.whole("a")
    for name in ("a.fw", "a.man"):
        path = board.folder / name
        good = path.read_bytes()
        for at in range(0, len(good), 37):
            if name == "a.man" and 192 <= at < 448:
                continue  # the signature: verified when it was installed
            path.write_bytes(good[:at] + bytes([good[at] ^ 0x40]) + good[at + 1 :])
            assert not start.whole("a"), (name, at)
        path.write_bytes(good[:-1])
        assert not start.whole("a")
        path.write_bytes(good)
    assert start.whole("a")


def test_after_a_restart_that_was_meant_files_are_not_hashed_again(board, monkeypatch):
    monkeypatch.setattr(board.module("start"), "whole", lambda _slot: pytest.fail("hashed"))
    for word in ("command 0", "sleep 60000", "command 0 2"):
        (board.folder / "data/restart.txt").write_text(word)
        board.cause = WATCHDOG
        assert board.begin() == "a"
    board.cause = POWER
    with pytest.raises(pytest.fail.Exception, match="hashed"):
        board.begin()


def test_the_menu_has_its_moment_at_power_on_and_when_asked_and_never_else(board):
    board.begin()
    board.cause = WATCHDOG
    board.begin()
    assert [wait for wait, _ in board.waits] == [100]
    board.record().ask(True)
    board.begin()
    board.begin()
    assert [wait for wait, _ in board.waits] == [100, 10_000]


def test_with_nothing_whole_the_menu_waits_for_ever_and_an_update_starts(board):
    (board.folder / "a.fw").write_bytes(b"")
    board.cause = WATCHDOG
    board.on_menu = lambda: board.install(NEW).version
    assert board.begin() == "b" and board.loader.trial
    assert board.waits == [(-1, "safe mode: a damaged b empty")]


def test_without_a_menu_safe_mode_is_the_prompt(board):
    (board.folder / "a.man").unlink()
    del board.loader.menu
    sys.modules["loader.menu"] = None
    assert board.begin() is None and "/fw" not in sys.path


def test_an_update_is_tried_and_stays_once_it_has_confirmed_itself(board):
    assert board.install(NEW).version == NEW
    assert board.begin() == "b" and board.loader.trial
    assert board.loader.other_version == version_number(OLD) and board.loader.other_state == 1
    assert board.module("verdict").confirm() and not board.loader.trial
    assert board.begin() == "b" and not board.loader.trial
    assert board.record().target() == "a"


@pytest.mark.parametrize("cause, why", [(WATCHDOG, 2), (OTHER, 3), (POWER, 3)])
def test_three_starts_without_a_word_lead_back(board, cause, why):
    board.install(NEW)
    for _ in range(3):
        board.cause = cause
        assert board.begin() == "b"
    assert board.begin() == "a" and not board.loader.trial
    assert board.loader.failed_why == why
    assert board.loader.failed_version == version_number(NEW)
    board.module("verdict").told()
    assert board.begin() == "a" and not board.loader.failed_why


@pytest.mark.parametrize("loaded, why", [(True, 1), (False, 5)])
def test_a_firmware_on_trial_that_ends_is_given_up_and_a_good_one_is_not(board, loaded, why):
    board.begin()
    board.loader.ended(loaded)
    board.install(NEW)
    board.begin()
    with pytest.raises(Reset):
        board.loader.ended(loaded)
    assert board.begin() == "a" and board.loader.failed_why == why


def test_the_trial_has_its_time_but_not_while_current_flows(board):
    board.install(NEW)
    board.begin()
    safe_state = board.module("safe_state")
    safe_state.lock_off()
    assert [timer.period for timer in Timer.running] == [500]
    safe_state.release()
    (timer,) = Timer.running
    board.loader.busy = True
    for _ in range(1000):
        timer.callback(timer)
    board.loader.busy = False
    for _ in range(599):
        timer.callback(timer)
    with pytest.raises(Reset):
        timer.callback(timer)
    assert board.begin() == "a" and board.loader.failed_why == 3
    assert board.fed == 0


def test_a_confirmed_firmware_has_all_the_time_and_a_parked_board_is_fed(board):
    board.install(NEW)
    board.begin()
    safe_state = board.module("safe_state")
    safe_state.release()
    board.module("verdict").confirm()
    for _ in range(2000):
        Timer.running[0].callback(None)
    safe_state.lock_off()
    safe_state.lock_off()
    (timer,) = Timer.running
    timer.callback(timer)
    assert board.fed == 1, "the prompt again: one timer, and it feeds"


def test_nothing_is_in_force_before_the_commit(board):
    board.send(NEW)
    installer = board.installer()
    while installer.step():
        assert board.record().choose() == "a"
    assert board.begin() == "a" and installer.checked and installer.version == NEW
    assert installer.done == installer.total
    assert installer.commit() and board.begin() == "b"


def test_the_check_writes_nothing_so_that_it_may_be_made_at_any_moment(board):
    board.send(NEW)
    before = {path.name: path.read_bytes() for path in board.folder.iterdir() if path.is_file()}
    installer = board.installer()
    while not installer.checked:
        assert installer.step()
    after = {path.name: path.read_bytes() for path in board.folder.iterdir() if path.is_file()}
    assert after == before
    installer.close()


def test_an_older_image_has_to_be_asked_for_where_nothing_may_run(board):
    board.put("a", NEW)
    record = board.record()
    for slot in "ab":
        record.fail(slot, slots.CRASH)
    assert board.record().choose() is None
    board.send(OLD)
    installer = board.installer()
    with pytest.raises(Bad) as caught:
        while installer.step():
            pass
    assert caught.value.reason == "version"
    installer.close()
    installer = board.installer(older=True)
    while installer.step():
        pass
    assert installer.commit()
    installer.close()


@pytest.mark.parametrize(
    "reason, spoil",
    [
        ("hash", lambda data: data[:-1] + bytes([data[-1] ^ 1])),
        ("truncated", lambda data: data[:-5]),
        ("too big", lambda data: data + b"\0"),
        ("signature", lambda data: data[:300] + bytes([data[300] ^ 1]) + data[301:]),
        ("format", lambda data: b"\x7fELF" + data[4:]),
    ],
)
def test_a_bad_image_leaves_the_other_slot_as_it_was(board, reason, spoil):
    board.install(NEW)
    board.begin()
    board.module("verdict").confirm()
    board.loader.slot = ""
    before = {path.name: path.read_bytes() for path in board.folder.glob("[ab].*")}
    board.send(NEWEST)
    image = board.folder / "update.img"
    image.write_bytes(spoil(image.read_bytes()))
    installer = board.installer()
    with pytest.raises(Bad) as refused:
        while installer.step():
            pass
    assert refused.value.reason == reason and not installer.commit()
    assert before == {path.name: path.read_bytes() for path in board.folder.glob("[ab].*")}
    assert board.begin() == "b"


def test_an_older_one_must_be_asked_for(board):
    board.put("a", NEW)
    board.send(OLD)
    with pytest.raises(Bad, match="version"):
        board.installer().step()
    installer = board.installer(older=True)
    while installer.step():
        pass
    assert installer.commit() and board.begin() == "b"


def test_what_has_not_confirmed_itself_installs_nothing(board):
    board.install(NEW)
    board.begin()
    board.send(NEWEST)
    with pytest.raises(Bad, match="running"):
        board.installer()


def test_an_installation_cut_short_is_done_again(board):
    board.send(NEW)
    installer = board.installer()
    while not installer.checked:
        installer.step()
    for _ in range(4):
        installer.step()
    installer.close()
    assert board.record().state("b") == 0 and board.begin() == "a"
    assert board.install(NEW) and board.begin() == "b"


def test_a_running_firmware_keeps_three_modules_of_the_loader(board):
    board.begin()
    board.loader.forget()
    left = {name for name in sys.modules if name.partition(".")[0] == "loader"}
    assert left == {"loader", "loader.safe_state", "loader.packed"}
    assert not hasattr(board.loader, "start") and hasattr(board.loader, "safe_state")
