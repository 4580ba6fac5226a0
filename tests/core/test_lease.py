"""The lease: what has been used up, in the unit of its mode."""

from switch_bench import Board, commissioned

from cellwarden import ids
from cellwarden.lease import Lease
from heap_proof import prove_no_allocation


def leased(mode, end):
    settings = commissioned(Board())
    settings.live[ids.LEASE_MODE] = mode
    settings.live[ids.LEASE_END] = end
    return settings


def test_without_a_lease_nothing_ends():
    lease = Lease()
    lease.update(leased(ids.LEASE_MODE_IS_NONE, 0), 1_000_000_000, 1_000_000_000, 60_000)
    assert not lease.over and lease.left == 0


def test_days_count_the_uptime():
    lease = Lease()
    settings = leased(ids.LEASE_MODE_IS_DAYS, 86_400)
    lease.update(settings, 86_399, 999_999_999, 60_000)
    assert not lease.over and lease.left == 1
    lease.update(settings, 86_400, 0, 0)
    assert lease.over and lease.left == 0
    lease.update(settings, 90_000, 0, 0)
    assert lease.over and lease.left == 0


def test_ampere_hours_count_what_was_taken_out():
    lease = Lease()
    settings = leased(ids.LEASE_MODE_IS_AH, 500)
    lease.update(settings, 1_000_000_000, 499_999, 0)
    assert not lease.over and lease.left == 1
    lease.update(settings, 0, 500_000, 0)
    assert lease.over


def test_cycles_count_whole_ones():
    lease = Lease()
    settings = leased(ids.LEASE_MODE_IS_CYCLES, 10)
    lease.update(settings, 0, 0, 99)
    assert not lease.over and lease.left == 1
    lease.update(settings, 0, 0, 100)
    assert lease.over


def test_paying_again_ends_the_end():
    lease = Lease()
    settings = leased(ids.LEASE_MODE_IS_CYCLES, 10)
    lease.update(settings, 0, 0, 100)
    settings.live[ids.LEASE_END] = 20
    lease.update(settings, 0, 0, 100)
    assert not lease.over and lease.left == 10


def test_an_update_allocates_nothing():
    lease = Lease()
    settings = leased(ids.LEASE_MODE_IS_AH, 500)
    prove_no_allocation(lambda: lease.update(settings, 1, 2, 3))
