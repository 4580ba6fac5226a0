"""An empty pack without a charger is not emptied further by its own board."""

from cellwarden import ids
from cellwarden.sleep import AGAIN_MS, WAIT_MS, Sleep


class Protection:
    def __init__(self, *rules):
        self.rules = rules

    def is_active(self, rule):
        return rule in self.rules


EMPTY = Protection(ids.RULE_CELL_UV1)


def run(
    sleep, ms, start_ms=0, protection=EMPTY, charger=False, on=False, someone=False, flows=False
):
    for now_ms in range(start_ms, start_ms + ms + 1, 1000):
        sleep.update(protection, charger, on, someone, flows, now_ms & 0x3FFFFFFF)
    return sleep.due


def test_sleep_comes_within_ten_minutes_of_an_under_voltage_trip():
    assert WAIT_MS < 600_000
    for rule in (ids.RULE_CELL_UV1, ids.RULE_CELL_UV2, ids.RULE_PACK_UV):
        sleep = Sleep(0)
        assert not run(sleep, WAIT_MS - 1000, protection=Protection(rule))
        assert run(sleep, 2000, WAIT_MS - 1000, protection=Protection(rule))


def test_a_healthy_pack_a_charger_or_a_closed_switch_keep_it_awake():
    assert not run(Sleep(0), 2 * WAIT_MS, protection=Protection(ids.RULE_CELL_OV1))
    assert not run(Sleep(0), 2 * WAIT_MS, charger=True)
    assert not run(Sleep(0), 2 * WAIT_MS, on=True)


def test_a_session_keeps_it_awake_and_mere_reading_does_not():
    sleep = Sleep(0)
    assert not run(sleep, 2 * WAIT_MS, someone=True)
    assert run(sleep, WAIT_MS + 1000, 2 * WAIT_MS)


def test_a_charger_that_comes_takes_the_wish_to_sleep_back():
    sleep = Sleep(0)
    assert run(sleep, WAIT_MS)
    assert not run(sleep, 1000, WAIT_MS, charger=True)


def test_after_a_wake_up_that_finds_nothing_new_it_sleeps_again_soon():
    sleep = Sleep(0)
    sleep.woken = True
    assert not run(sleep, AGAIN_MS - 1000)
    assert run(sleep, 1000, AGAIN_MS)


def test_a_wake_up_in_which_somebody_logs_in_lasts_the_full_time():
    sleep = Sleep(0)
    sleep.woken = True
    run(sleep, 2000, someone=True)
    assert not run(sleep, WAIT_MS - 3000, 3000)


def test_a_person_who_asks_need_not_wait():
    sleep = Sleep(0)
    assert sleep.ask(False)
    assert run(sleep, 0, protection=Protection(), on=True, someone=True)


def test_it_is_refused_while_current_flows_and_forgotten_when_some_flows_after():
    sleep = Sleep(0)
    assert not sleep.ask(True)
    assert not run(sleep, 2000, protection=Protection())
    assert sleep.ask(False)
    assert not run(sleep, 0, protection=Protection(), flows=True)
    assert not run(sleep, 2000, protection=Protection())
    assert sleep.ask(False)
    assert not run(sleep, 0, protection=Protection(), charger=True)


def test_nobody_falls_asleep_while_current_flows():
    assert not run(Sleep(0), 2 * WAIT_MS, flows=True)


def test_the_wait_is_right_across_the_wrap_of_the_clock():
    start_ms = 0x40000000 - 100_000
    sleep = Sleep(start_ms)
    assert not run(sleep, WAIT_MS - 1000, start_ms)
    assert run(sleep, 2000, start_ms + WAIT_MS - 1000)
