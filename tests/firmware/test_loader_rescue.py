"""The bootloader when what never should fails: a board stays within reach of an update."""

import importlib
import sys
from types import SimpleNamespace

import pytest
from loader_rig import loader_on
from test_loader import NEW, OTHER, POWER, WATCHDOG, Board, Reset, Timer


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


def test_a_trial_that_could_not_be_ended_is_ended_a_second_later(board, monkeypatch):
    board.install(NEW)
    board.begin()
    safe_state = board.module("safe_state")
    safe_state.release()
    verdict = board.module("verdict")
    ended = verdict.unconfirmed

    def no_memory():
        raise MemoryError

    monkeypatch.setattr(verdict, "unconfirmed", no_memory)
    (timer,) = Timer.running
    for _ in range(599):
        timer.callback(timer)
    with pytest.raises(MemoryError):
        timer.callback(timer)
    monkeypatch.setattr(verdict, "unconfirmed", ended)
    with pytest.raises(Reset):
        timer.callback(timer)


def test_a_trial_ends_in_a_reset_though_the_record_cannot_be_had(board, monkeypatch):
    board.install(NEW)
    board.begin()
    monkeypatch.setattr(board.module("control"), "open", lambda: 1 // 0)
    with pytest.raises(Reset):
        board.module("verdict").crashed()


def test_a_good_firmware_that_does_not_run_leaves_its_board_to_the_menu(board):
    for loaded in (True, False):
        board.waits = []
        board.cause = POWER
        board.begin()
        with pytest.raises(Reset):
            board.loader.stopped(loaded)
        board.cause = OTHER
        board.begin()
        assert board.waits[-1] == (-1, "safe mode: it crashes")
        board.begin()
        assert len(board.waits) == 2, "asked for once: then it is tried again"


def test_a_start_that_fails_itself_waits_for_an_update(board):
    with pytest.raises(Reset):
        board.module("start").rescue()
    assert board.waits[-1] == (-1, "safe mode: no start")


def test_what_comes_second_is_hashed_whatever_was_meant(board, monkeypatch):
    """A restart into a new firmware whose trial cannot be counted: the other one has not run."""
    board.install(NEW)
    (board.folder / "data/restart.txt").write_text("command 0")
    board.cause = WATCHDOG
    record = board.record()
    monkeypatch.setattr(record, "started", lambda slot: slot == "a")
    hashed = []
    start = board.module("start")
    monkeypatch.setattr(start, "whole", lambda slot: hashed.append(slot) or True)
    assert start.chosen(record, True) == "a" and hashed == ["a"]


def test_an_installer_that_has_failed_once_never_goes_on(board, monkeypatch):
    """Not past a check that did not end, and not past an unpacking that did not."""
    board.send(NEW)
    installer = board.installer()
    checking = importlib.import_module("board_update.checking")
    monkeypatch.setattr(checking.Check, "begin", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        installer.step()
    assert not installer.step() and not installer.checked and not installer.commit()
    monkeypatch.undo()
    installer = board.installer()
    while not installer.checked:
        installer.step()
    monkeypatch.setattr(board.module("install"), "_remove", lambda _path: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        for _ in range(5):
            installer.step()
    assert not installer.step() and not installer.commit()
