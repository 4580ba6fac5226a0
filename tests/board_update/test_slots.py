"""Which of two firmwares runs: trial starts, confirmation, going back, and the way out."""

from slot_copies import Copies

from board_update import slots
from board_update.slots import Control

OLD = 1 << 10
NEW = 2 << 10


def fresh():
    copies = Copies()
    control = Control(copies.load, copies.store)
    control.adopt("a", OLD)
    return control, copies


def updated():
    """a holds the old firmware, b the new one, which is on trial."""
    control, copies = fresh()
    control.installing("b")
    control.installed("b", NEW)
    return control, copies


def again(copies):
    return Control(copies.load, copies.store)


def test_a_board_without_a_record_runs_what_it_has_and_writes_nothing():
    control, copies = fresh()
    assert control.fresh and control.choose() == "a" and control.version("a") == OLD
    assert control.started("a") and copies.writes == 0


def test_of_two_found_without_a_record_the_first_is_preferred():
    control, _ = fresh()
    control.adopt("b", NEW)
    assert control.choose() == "a" and control.state("b") == slots.GOOD
    only, _ = Copies(), None
    control = Control(only.load, only.store)
    control.adopt("b", NEW)
    assert control.choose() == "b"


def test_an_empty_board_has_nothing_to_run():
    copies = Copies()
    assert again(copies).choose() is None and again(copies).target() in "ab"


def test_a_new_firmware_is_tried_a_limited_number_of_times():
    control, copies = updated()
    for left in range(slots.TRIAL_STARTS, 0, -1):
        control = again(copies)
        assert control.choose() == "b" and control.starts("b") == left and not control.spent()
        assert control.started("b")
    control = again(copies)
    assert control.choose() == "a" and control.spent() == "b"


def test_a_confirmed_one_starts_for_ever_and_writes_nothing_more():
    control, copies = updated()
    control.started("b")
    assert control.confirm("b")
    writes = copies.writes
    for _ in range(10):
        control = again(copies)
        assert control.choose() == "b" and control.started("b") and control.confirm("b")
    assert control.state("b") == slots.GOOD and copies.writes == writes


def test_one_that_failed_is_left_for_the_other_and_says_why_until_it_was_told():
    control, copies = updated()
    assert control.fail("b", slots.CRASH)
    control = again(copies)
    assert control.choose() == "a" and control.news == "b" and control.why("b") == slots.CRASH
    assert control.version("b") == NEW
    assert control.told()
    assert again(copies).news == "" and again(copies).why("b") == slots.CRASH


def test_a_failure_that_is_noted_already_costs_no_write():
    control, copies = updated()
    control.fail("b", slots.HASH)
    writes = copies.writes
    assert control.fail("b", slots.HASH) and copies.writes == writes


def test_both_bad_is_nothing_to_run():
    control, copies = updated()
    control.fail("b", slots.CRASH)
    control.fail("a", slots.IMPORT)
    assert again(copies).choose() is None


def test_damaged_files_are_looked_at_again_when_there_is_nothing_else():
    control, copies = updated()
    control.fail("b", slots.HASH)
    assert control.choose() == "a" and control.choose("a") == "b"
    control.fail("a", slots.CRASH)
    assert again(copies).choose() == "b" and again(copies).choose("b") is None


def test_the_only_good_slot_is_never_the_target():
    control, copies = fresh()
    assert control.target() == "b"
    control.installing("b")
    assert control.target() == "b" and control.choose() == "a", "cut short: once more"
    control.installed("b", NEW)
    assert control.target() == "b", "not confirmed: a is the only good one"
    control.confirm("b")
    assert control.target() == "a", "both are good: the one that does not run"
    control.fail("b", slots.CRASH)
    assert control.target() == "b"
    control.fail("a", slots.HASH)
    control.installing("b")
    assert again(copies).target() == "b", "an empty one before a damaged one, the last resort"


def test_installing_over_the_preferred_one_prefers_the_other():
    control, _ = updated()
    assert control.installing("b") and control.preferred == "a" and control.choose() == "a"


def test_going_back_is_by_choice_and_only_to_a_good_one():
    control, copies = updated()
    control.confirm("b")
    assert control.prefer("a") and again(copies).choose() == "a"
    assert control.state("b") == slots.GOOD and control.prefer("b")
    control.fail("a", slots.CRASH)
    assert not control.prefer("a") and again(copies).choose() == "b"


def test_an_updater_is_waited_for_when_asked():
    control, copies = fresh()
    assert not control.asked
    assert control.ask(True) and again(copies).asked
    assert again(copies).ask(False) and not again(copies).asked


def test_what_cannot_be_stored_is_not_in_force():
    control, copies = updated()
    copies.refuse = True
    assert not control.started("b") and control.starts("b") == slots.TRIAL_STARTS
    assert not control.confirm("b") and control.state("b") == slots.TRIAL
    copies.refuse = False
    assert control.confirm("b")


def test_flash_that_does_not_hold_what_was_written_is_noticed():
    copies = Copies()
    control = Control(copies.load, lambda i, data: None)
    assert not control.ask(True) and not control.asked
