"""A live update's pieces: when flash may be written, what is taken, and one switch-over a mark."""

import pytest
from live_update_rig import BAD_VALUE, BUSY, DONE, NOT_ALLOWED, Installer, Resets, updating

from cellwarden import ids


@pytest.fixture
def bench(monkeypatch, tmp_path):
    with updating(monkeypatch, tmp_path) as made:
        yield made


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
