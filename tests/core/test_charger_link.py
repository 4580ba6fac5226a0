"""The charger's voice: heard, lost, missed, and demanded by the special charger mode."""

from switch_bench import Board, commissioned

from cellwarden import ids
from cellwarden.charger_link import FORGET_MS, SILENT_MS, ChargerLink
from heap_proof import prove_no_allocation

MASK = 0x3FFFFFFF


def special(on):
    settings = commissioned(Board())
    settings.live[ids.SPECIAL_CHARGER] = on
    return settings


def test_a_charger_never_heard_is_not_lost():
    link = ChargerLink()
    link.update(1_000_000)
    assert not link.talking and not link.lost


def test_a_talking_charger_is_lost_after_five_seconds_of_silence():
    link = ChargerLink()
    link.hello(1000, 1, 8400, 250)
    link.update(1000 + SILENT_MS)
    assert link.talking and not link.lost
    link.update(1001 + SILENT_MS)
    assert link.lost and not link.talking
    assert (link.state, link.charger_10mv, link.charger_da) == (1, 8400, 250)


def test_a_hello_brings_it_back():
    link = ChargerLink()
    link.hello(1000, 1, 8400, 250)
    link.update(10_000)
    link.hello(10_100, 1, 8400, 250)
    link.update(10_200)
    assert link.talking and not link.lost


def test_a_charger_long_gone_is_no_longer_missed():
    link = ChargerLink()
    link.hello(0, 1, 8400, 250)
    now_ms = 0
    while now_ms < FORGET_MS:
        now_ms += 5000
        link.update(now_ms)
    assert link.lost
    link.update(now_ms + 1000)
    assert not link.lost and not link.talking


def test_only_the_special_mode_demands_a_voice():
    link = ChargerLink()
    assert link.silent(0, special(0)) == 0
    settings = special(1)
    assert link.silent(0, settings) == 1
    link.hello(100, 1, 0, 0)
    assert link.silent(100 + SILENT_MS, settings) == 0
    assert link.silent(101 + SILENT_MS, settings) == 1


def test_silence_stays_silence_however_long():
    link = ChargerLink()
    settings = special(1)
    link.hello(MASK - 100, 1, 0, 0)
    now_ms = MASK - 100
    for _ in range(2000):
        now_ms = (now_ms + 1_000_000) & MASK
        link.update(now_ms)
        assert link.silent(now_ms, settings) == 1


def test_it_allocates_nothing():
    link = ChargerLink()
    settings = special(1)

    def step():
        link.hello(5, 1, 2, 3)
        link.update(6000)
        link.silent(6000, settings)

    prove_no_allocation(step)
