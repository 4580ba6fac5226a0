"""Leases in a person's terms, through the real core: made, locked, lifted, and by whom not."""

from datetime import UTC, date, datetime, timedelta

import pytest
from cli_board import CliBoard

from cellwarden import ids
from cellwarden_host import catalog, leases, session
from cellwarden_host.board import Board
from cellwarden_host.leases import AH, CYCLES, DATE, DAYS, NONE, Terms
from cellwarden_host.link import Line
from cellwarden_host.problems import BadInput, Refused
from cellwarden_host.web.snapshot import Snapshot

RENTAL = "rent a pack"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Rig:
    def __init__(self):
        self.held = CliBoard()
        self.line = Line(self.held.port, 115200)
        self.board = Board(self.line)

    def log_in(self, role, password):
        session.log_out(self.board)
        session.log_in(self.board, password, role)

    def grant(self, now=NOW, **terms):
        leases.grant(Terms(**terms), lambda: now)(self.board)
        self.held.tick()
        return self.seen()

    def seen(self):
        readings = self.board.read([*catalog.READINGS])
        settings = self.board.read([*catalog.SETTINGS])
        return Snapshot(1, 0.0, 0.0, 1, 1, readings, settings, {})


@pytest.fixture
def rig():
    rig = Rig()
    rig.log_in(1, "123456")
    leases.become_lessor(RENTAL)(rig.board)
    rig.log_in(3, RENTAL)
    yield rig
    rig.line.close()
    rig.held.unplug()


def test_each_kind_of_lease_is_made_and_told(rig):
    seen = rig.grant(mode=DAYS, amount=30)
    assert leases.left(seen) in ("30 d 0 h", "29 d 23 h")
    assert seen.setting("lease_check_days") == 30
    assert leases.until(seen).startswith(f"{(NOW + timedelta(days=30)).astimezone():%Y-%m-%d}")
    seen = rig.grant(mode=AH, amount=500)
    assert leases.left(seen) == "500 Ah"
    seen = rig.grant(mode=CYCLES, amount=20)
    assert leases.left(seen) == "20 cycles" and leases.until(seen) == "20 cycles in all"
    seen = rig.grant(mode=DATE, until=date(2026, 12, 24))
    end = leases.moment_of(seen.setting("lease_end"))
    assert end == leases.end_of_day(date(2026, 12, 24))
    assert leases.state(seen) == "running" and leases.clock_apart(seen, NOW) is None
    seen = rig.grant(mode=NONE)
    assert leases.state(seen) == "not leased" and leases.left(seen) == "no lease"


def test_a_new_lease_counts_from_the_date_told_with_it(rig):
    rig.grant(mode=DAYS, amount=30)
    later = NOW + timedelta(days=20)  # the pack lay in a cellar
    assert rig.seen().get("lease_left") > 29 * 86_400
    leases.tell_date(rig.board, later)
    rig.held.tick()
    assert 9 * 86_400 < rig.seen().get("lease_left") <= 10 * 86_400
    seen = rig.grant(later + timedelta(days=5), mode=DAYS, amount=30)
    assert 30 * 86_400 - 60 < seen.get("lease_left") <= 30 * 86_400


def test_lock_and_unlock(rig):
    leases.lock(True)(rig.board)
    rig.held.tick()
    seen = rig.seen()
    assert seen.get("lease_state") == ids.LEASE_STATE_IS_LOCKED
    assert "The lessor has locked the pack." in leases.for_the_user(seen)
    leases.lock(False)(rig.board)
    rig.held.tick()
    assert rig.seen().get("lease_state") == ids.LEASE_STATE_IS_NONE


def test_an_installer_can_do_none_of_it(rig):
    rig.grant(mode=DATE, until=date(2026, 12, 24))
    rig.log_in(1, "123456")
    for work in (
        leases.lock(False),
        leases.become_lessor("another one"),
        leases.hand_over,
        leases.grant(Terms(NONE), lambda: NOW - timedelta(days=1)),
    ):
        with pytest.raises(Refused):
            work(rig.board)
    assert rig.seen().setting("lease_mode") == DATE


def test_handing_over_frees_the_pack_for_the_next_owner(rig):
    rig.grant(mode=DAYS, amount=1)
    leases.hand_over(rig.board)
    rig.log_in(1, "123456")
    leases.become_lessor("the next one")(rig.board)
    rig.log_in(3, "the next one")


def test_terms_that_cannot_be_are_refused_before_anything_is_written(rig):
    for terms in (
        Terms(DAYS, 0),
        Terms(DATE),
        Terms(DATE, until=date(2026, 11, 20)),
        Terms(DAYS, 20_000),
        Terms(DATE, until=date(2, 1, 1)),
        Terms(DATE, until=date(9999, 12, 31)),
    ):
        with pytest.raises(BadInput):
            leases.grant(terms, lambda: NOW)(rig.board)
    assert rig.seen().setting("lease_mode") == NONE
