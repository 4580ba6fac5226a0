"""Too much current: counted out, tried again, given up; a short circuit is the comparator's."""

from station import CHARGER_MV, PORT_STEP_MS, TICK_MS

CURRENT_SAMPLE_MS = 50  # the slowest that the current may be sampled
OC_DELAY_MS = 1000
RETRY_MS = 30_000
RETRIES = 3


def _drawing(station, ma, **settings):
    pack = station(settings=settings).start()
    pack.inject("load_connect", 20_000)
    pack.advance(3000)
    broken_ms = pack.inject("load_connect", ma)
    return pack, broken_ms


def test_discharge_over_current_trips_after_its_delay(station):
    pack, broken_ms = _drawing(station, 170_000)  # 2 x 80 A is the trip
    pack.until(lambda: not pack.discharge_closed, 5000, 50)
    took_ms = pack.moved_ms("discharge", False, broken_ms) - broken_ms
    most_ms = OC_DELAY_MS + CURRENT_SAMPLE_MS + TICK_MS + PORT_STEP_MS
    assert OC_DELAY_MS <= took_ms <= most_ms
    pack.advance(200)
    (entry,) = pack.entries("discharge_oc")
    assert entry.field["limit"] == 160_000
    assert abs(entry.field["value"] - 170_000) < 2000


def test_discharge_over_current_is_tried_three_times_then_latches_until_a_person(station):
    pack, _ = _drawing(station, 170_000, oc_retry_delay_ms=5000)
    for _ in range(RETRIES):
        pack.until(lambda: not pack.discharge_closed, 20_000, 50)
        off_ms = pack.now_ms
        pack.until(lambda: pack.discharge_closed, 20_000, 50)
        assert pack.moved_ms("discharge", True, off_ms) - off_ms >= 5000 - 100
    pack.until(lambda: not pack.discharge_closed, 20_000, 50)
    pack.advance(30_000)
    assert not pack.discharge_closed, "no fourth try"
    assert pack.latched("discharge_oc")
    kinds = [entry.kind for entry in pack.entries("discharge_oc")]
    assert kinds.count("retry") == RETRIES and kinds[-1] == "latch"
    pack.inject("load_remove")
    pack.command("clear_latches", 1)
    pack.until(lambda: pack.discharge_closed, 10_000, 50)


def test_a_load_that_switches_itself_off_is_not_taken_for_removed(station):
    """An inverter lets go when its input collapses; that its capacitor is still charged must
    not make the board try again and again, without end."""
    pack, _ = _drawing(station, 170_000)
    pack.plant.pack.load.capacitor_f = 0.2
    pack.until(lambda: not pack.discharge_closed, 5000, 50)
    assert pack.truth("bus_mv") > pack.truth("pack_mv") // 2
    off_ms = pack.now_ms
    pack.advance(RETRY_MS - 500)
    assert pack.moved_ms("discharge", True, off_ms) is None
    assert [entry.kind for entry in pack.entries("discharge_oc")] == ["trip"]


def test_over_current_recovers_by_itself_when_the_load_is_removed(station):
    pack, _ = _drawing(station, 170_000)
    pack.until(lambda: not pack.discharge_closed, 5000, 50)
    removed_ms = pack.inject("load_remove")
    pack.until(lambda: pack.discharge_closed, 20_000, 50)
    assert pack.moved_ms("discharge", True, removed_ms) - removed_ms < RETRY_MS


def test_charge_over_current_stops_charging_only(station):
    pack = station({"charger_mv": CHARGER_MV, "charger_ma": 20_000}).start()
    pack.advance(2000)
    broken_ms = pack.inject("charger_connect", CHARGER_MV, 60_000)  # 1.25 x 40 A is the trip
    pack.until(lambda: not pack.charge_closed, 5000, 50)
    took_ms = pack.moved_ms("charge", False, broken_ms) - broken_ms
    assert 2000 <= took_ms <= 2000 + CURRENT_SAMPLE_MS + TICK_MS + PORT_STEP_MS
    assert pack.discharge_closed


def test_short_circuit_is_opened_by_hardware_told_and_kept_for_a_person(station):
    pack = station().start()
    pack.advance(1000)
    short_ms = pack.inject("short_circuit")
    assert pack.all_open, "the comparator does not wait for firmware"
    assert pack.moved_ms("discharge", False, short_ms) == short_ms
    pack.advance(1000)
    assert pack.active("short_circuit")
    (entry,) = pack.entries("short_circuit")
    assert entry.kind == "latch"
    pack.advance(30_000)
    assert pack.all_open, "nobody has looked yet"
    pack.command("clear_latches", 1)
    pack.until_on(10_000)
    assert not pack.active("short_circuit")
