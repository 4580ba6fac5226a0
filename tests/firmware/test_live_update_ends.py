"""How a live update is given up, in every state: under the same rules as it is carried out."""

import pytest
from live_update_rig import DONE, NOT_ALLOWED, Installer, Resets, updating

from cellwarden import ids


@pytest.fixture
def bench(monkeypatch, tmp_path):
    with updating(monkeypatch, tmp_path) as made:
        yield made


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
