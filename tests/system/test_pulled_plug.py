"""A leased pack on the whole firmware: a pulled plug gives no free days, a restart costs none."""

from datetime import UTC, datetime, timedelta

from cellwarden_host import leases, session
from cellwarden_host.problems import Refused
from cellwarden_host.settings_files import portable

RENTAL = "rent a pack"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LESSOR, INSTALLER = 3, 1
PRICE_S = 3600
QUIET_MS = 3000  # by then everything that waits has been stored


def test_a_pulled_plug_costs_its_price_and_nobody_but_the_lessor_gives_it_back(station, images):
    pack = station(image=images.copy())
    pack.board.power_on()
    pack.until_served()
    pack.advance(1000)
    session.log_in(pack.pc, "123456", INSTALLER)
    leases.become_lessor(RENTAL)(pack.pc)
    session.log_in(pack.pc, RENTAL, LESSOR)
    leases.grant(leases.Terms(leases.DAYS, 10), lambda: NOW)(pack.pc)
    pack.advance(QUIET_MS)
    before = pack.read("lease_left")
    assert before > 10 * 86_400 - 60

    pack.cut_power()
    pack.advance(500)
    pack.board.power_on()
    pack.until_served()
    pack.advance(QUIET_MS)
    once = pack.read("lease_left")
    assert before - PRICE_S - 300 <= once <= before - PRICE_S
    assert pack.word("lease_state") == "running"

    # The session of before is gone; an installer cannot lift what the restart has kept.
    session.log_in(pack.pc, "123456", INSTALLER)
    for work in (leases.lock(False), leases.grant(leases.Terms(leases.NONE), lambda: NOW)):
        try:
            work(pack.pc)
        except Refused:
            continue
        raise AssertionError("an installer has changed the lease")
    assert "lease_mode" not in {row.name for row in portable()}

    # A date tells what an outage was really worth; only forward.
    leases.tell_date(pack.pc, NOW + timedelta(days=9))
    pack.advance(500)
    assert pack.word("lease_state") == "ending"
    assert pack.read("lease_left") < 86_400 + 60

    # A restart that was asked for costs nothing.
    left = pack.read("lease_left")
    restarts = len(pack.board.resets)
    pack.pc.command("restart", 1)
    pack.until(lambda: len(pack.board.resets) > restarts, 5000)
    pack.until_served()
    pack.advance(QUIET_MS)
    assert left - 60 <= pack.read("lease_left") <= left
