"""The lease: what has been used up, in the unit of its mode, and what pulling the plug costs."""

from switch_bench import Board, commissioned

from cellwarden import ids
from cellwarden.lease import Lease
from heap_proof import prove_no_allocation

DAY_S = 86_400
NONE, DAYS, AH = ids.LEASE_MODE_IS_NONE, ids.LEASE_MODE_IS_DAYS, ids.LEASE_MODE_IS_AH
CYCLES, DATE = ids.LEASE_MODE_IS_CYCLES, ids.LEASE_MODE_IS_DATE
RUNNING, ENDING = ids.LEASE_STATE_IS_RUNNING, ids.LEASE_STATE_IS_ENDING
ENDED, DATE_NEEDED = ids.LEASE_STATE_IS_ENDED, ids.LEASE_STATE_IS_DATE_NEEDED
POWER = ids.RESTART_CAUSE_IS_POWER
NOW_S = 217_000_000  # in 2026
LESSOR, INSTALLER = True, False


def leased(mode, end, check_days=0, outage_minutes=60, locked=0):
    settings = commissioned(Board())
    settings.live[ids.LEASE_MODE] = mode
    settings.live[ids.LEASE_END] = end
    settings.live[ids.LEASE_CHECK_DAYS] = check_days
    settings.live[ids.LEASE_OUTAGE_MINUTES] = outage_minutes
    settings.live[ids.LEASE_LOCKED] = locked
    return settings


def state(lease, settings, uptime_s=0, discharged_mah=0, cycles_tenths=0):
    lease.update(settings, uptime_s, discharged_mah, cycles_tenths)
    return lease.state


def test_without_a_lease_nothing_ends():
    lease = Lease()
    assert state(lease, leased(NONE, 0), 1_000_000_000, 1_000_000_000, 60_000) == 0
    assert not lease.over and lease.left == 0


def test_days_count_the_time_in_service():
    lease = Lease()
    settings = leased(DAYS, 10 * DAY_S)
    assert state(lease, settings, 8 * DAY_S - 1, 999_999_999, 60_000) == RUNNING
    assert state(lease, settings, 8 * DAY_S) == ENDING and lease.left == 2 * DAY_S
    assert state(lease, settings, 10 * DAY_S - 1) == ENDING and not lease.over
    assert state(lease, settings, 10 * DAY_S) == ENDED and lease.over and lease.left == 0
    assert state(lease, settings, 11 * DAY_S) == ENDED and lease.left == 0


def test_ampere_hours_count_what_was_taken_out():
    lease = Lease()
    settings = leased(AH, 500)
    assert state(lease, settings, 1_000_000_000, 479_999) == RUNNING
    assert state(lease, settings, 0, 480_000) == ENDING
    assert state(lease, settings, 0, 499_999) == ENDING and lease.left == 1
    assert state(lease, settings, 0, 500_000) == ENDED and lease.over


def test_cycles_count_whole_ones():
    lease = Lease()
    settings = leased(CYCLES, 10)
    assert state(lease, settings, 0, 0, 79) == RUNNING
    assert state(lease, settings, 0, 0, 99) == ENDING and lease.left == 1
    assert state(lease, settings, 0, 0, 100) == ENDED
    settings.live[ids.LEASE_END] = 20  # paid again
    assert state(lease, settings, 0, 0, 100) == RUNNING and lease.left == 10


def test_a_lease_until_a_date_ends_on_that_date():
    lease = Lease()
    settings = leased(DATE, NOW_S + 10 * DAY_S)
    assert state(lease, settings) == DATE_NEEDED and lease.over  # nobody has told the date yet
    assert lease.tell_date(NOW_S, LESSOR)
    assert state(lease, settings) == RUNNING and lease.left == 10 * DAY_S
    assert state(lease, settings, 10 * DAY_S - 1) == ENDING
    assert state(lease, settings, 10 * DAY_S) == ENDED


def test_the_lock_is_the_lessor_s_with_and_without_a_lease():
    for mode in (NONE, DAYS):
        lease = Lease()
        settings = leased(mode, 10 * DAY_S, locked=1)
        assert state(lease, settings) == ids.LEASE_STATE_IS_LOCKED and lease.over
        settings.live[ids.LEASE_LOCKED] = 0
        state(lease, settings)
        assert not lease.over


def test_each_loss_of_supply_has_its_price_and_other_restarts_have_none():
    settings = leased(DAYS, 10 * DAY_S, outage_minutes=90)
    lease = Lease()
    assert lease.begin(settings, POWER)
    state(lease, settings, 1000)
    assert lease.clock_s == 1000 + 90 * 60
    for cause in range(ids.RESTART_CAUSE_IS_SLEEP + 1):
        if cause != POWER:
            assert not lease.begin(settings, cause)
    assert not Lease().begin(leased(NONE, 0), POWER)


def test_pulling_the_plug_before_each_save_uses_a_lease_of_days_up():
    settings = leased(DAYS, DAY_S)
    extra_s = 0
    starts = 0
    while True:
        lease = Lease()  # what is stored never saw any time in service
        lease.extra_s = extra_s
        lease.begin(settings, POWER)
        extra_s = lease.extra_s
        starts += 1
        if state(lease, settings, 0) == ENDED:
            break
    assert starts == 24


def test_a_date_shows_how_long_the_plug_was_pulled():
    for mode, end in ((DAYS, 10 * DAY_S), (DATE, NOW_S + 10 * DAY_S)):
        lease = Lease()
        settings = leased(mode, end)
        state(lease, settings)
        lease.tell_date(NOW_S, LESSOR)
        state(lease, settings, DAY_S)
        assert lease.left == 9 * DAY_S
        # Unplugged for six days, one more in service; then somebody's phone tells the date.
        state(lease, settings, 2 * DAY_S)
        assert lease.tell_date(NOW_S + 8 * DAY_S, INSTALLER)
        state(lease, settings, 2 * DAY_S)
        assert lease.left == 2 * DAY_S
        state(lease, settings, 4 * DAY_S)
        assert lease.over


def test_only_the_lessor_gives_the_first_date_and_puts_one_back():
    lease = Lease()
    settings = leased(DATE, NOW_S + 10 * DAY_S)
    state(lease, settings)
    assert not lease.tell_date(NOW_S - 1000 * DAY_S, INSTALLER)
    assert state(lease, settings) == DATE_NEEDED
    lease.tell_date(NOW_S, LESSOR)
    assert not lease.tell_date(NOW_S - 1, INSTALLER)
    state(lease, settings)
    assert lease.left == 10 * DAY_S
    assert lease.tell_date(NOW_S - DAY_S, LESSOR)  # the PC's clock had been wrong
    state(lease, settings)
    assert lease.left == 11 * DAY_S


def test_the_pack_locks_when_the_lessor_has_not_told_the_date_for_too_long():
    for mode in (DAYS, DATE):
        lease = Lease()
        settings = leased(mode, NOW_S + 1000 * DAY_S, check_days=30)
        state(lease, settings)
        lease.tell_date(NOW_S, LESSOR)
        assert state(lease, settings, 28 * DAY_S - 1) == RUNNING
        assert state(lease, settings, 28 * DAY_S) == ENDING
        assert lease.check_left_s == 2 * DAY_S and not lease.over
        lease.tell_date(lease.base_s + lease.clock_s, INSTALLER)  # a stopped clock told back
        assert state(lease, settings, 30 * DAY_S) == DATE_NEEDED and lease.over
        lease.tell_date(lease.base_s + lease.clock_s, LESSOR)
        assert state(lease, settings, 30 * DAY_S) == RUNNING


def test_days_of_a_board_that_was_never_told_a_date_need_none():
    lease = Lease()
    assert state(lease, leased(DAYS, 100 * DAY_S, check_days=30), 90 * DAY_S) == RUNNING
    assert lease.check_left_s == -1


def test_an_update_allocates_nothing():
    lease = Lease()
    settings = leased(DATE, NOW_S + DAY_S, check_days=30)
    state(lease, settings)
    lease.tell_date(NOW_S, LESSOR)
    prove_no_allocation(lambda: lease.update(settings, 1, 2, 3))
