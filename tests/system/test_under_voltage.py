"""A cell that runs empty: discharging stops on time, and comes back only so often by itself."""

from station import CHARGER_MV, PORT_STEP_MS, REACTION_MS, SAMPLE_MS, TICK_MS

UV_DELAY_MS = 4000  # the defaults of an NMC pack
UV2_DELAY_MS = 500
RETRIES = 3


def _discharging(station):
    pack = station().start()
    pack.inject("load_connect", 20_000)
    pack.advance(3000)
    assert pack.truth("current_ma") < -15_000, "the load draws"
    return pack


def _trip(pack, mv=2700):
    broken_ms = pack.inject("cell", 3, mv)
    pack.until(lambda: not pack.discharge_closed, 10_000, 100)
    return pack.moved_ms("discharge", False, broken_ms) - broken_ms


def test_under_voltage_stops_discharging_after_the_set_delay_and_not_before(station):
    pack = _discharging(station)
    took_ms = _trip(pack)
    assert UV_DELAY_MS <= took_ms <= UV_DELAY_MS + REACTION_MS
    pack.advance(500)
    assert abs(pack.truth("current_ma")) < 1000
    (entry,) = pack.entries("cell_uv1")
    told = entry.field
    assert (entry.kind, told["limit"], told["where"]) == ("trip", 2750, 3)
    assert abs(told["value"] - 2700) <= 5
    assert pack.read("discharge_off_rule") == entry.rule.number


def test_under_voltage_stays_off_while_the_load_is_there(station):
    pack = _discharging(station)
    _trip(pack)
    pack.clear("cell")
    pack.advance(30_000)
    assert not pack.discharge_closed
    assert [entry.kind for entry in pack.entries("cell_uv1")] == ["trip"]


def test_under_voltage_retries_three_times_then_only_a_charger_helps(station):
    """A cell that rebounds by itself must not empty the pack trip by trip."""
    pack = _discharging(station)
    _trip(pack)
    for _ in range(RETRIES):
        pack.clear("cell")
        pack.inject("load_remove")
        pack.until(lambda: pack.discharge_closed, 20_000, 100)
        pack.clear("load_remove")
        _trip(pack)
    pack.clear("cell")
    pack.inject("load_remove")
    pack.advance(30_000)
    assert not pack.discharge_closed, "the retries are used up"
    kinds = [entry.kind for entry in pack.entries("cell_uv1")]
    assert kinds.count("retry") == RETRIES
    assert kinds[-1] == "latch"
    charged_ms = pack.inject("charger_connect", CHARGER_MV, 10_000)
    pack.until(lambda: pack.discharge_closed, 20_000, 100)
    assert pack.moved_ms("discharge", True, charged_ms) > charged_ms
    assert not pack.active("cell_uv1")


def test_under_voltage_level_2_opens_everything_and_waits_for_a_person(station):
    pack = _discharging(station)
    pack.inject("discharge_mosfet_stuck_on")
    broken_ms = pack.inject("cell", 3, 2400)
    pack.until(lambda: not pack.charge_closed, 5000, 100)
    took_ms = pack.moved_ms("charge", False, broken_ms) - broken_ms
    assert UV2_DELAY_MS <= took_ms <= UV2_DELAY_MS + 2 * SAMPLE_MS + TICK_MS + PORT_STEP_MS
    pack.until(lambda: pack.truth("secondary_fired"), 5000, 100)
    pack.advance(500)
    assert abs(pack.truth("current_ma")) < 100, "it flowed on until the disconnect was fired"
    assert pack.latched("cell_uv2") and pack.latched("cell_uv2_flow")
    pack.clear("all")
    pack.advance(10_000)
    assert pack.latched("cell_uv2")
