"""A charging pack and a cell that gets too full: told on time, by itself and to the end."""

from station import CHARGER_MV, PORT_STEP_MS, REACTION_MS, SAMPLE_MS, TICK_MS

OV_DELAY_MS = 4000  # the defaults of an NMC pack
OV2_DELAY_MS = 500
RECOVER_DELAY_MS = 2000
CHARGING = {"charger_mv": CHARGER_MV, "charger_ma": 20_000}


def test_over_voltage_stops_charging_after_the_set_delay_and_not_before(station):
    pack = station(CHARGING).start()
    pack.advance(3000)
    assert pack.truth("current_ma") > 15_000, "the pack is being charged"
    broken_ms = pack.inject("cell", 7, 4250)
    pack.until(lambda: not pack.charge_closed, 10_000, 100)
    took_ms = pack.moved_ms("charge", False, broken_ms) - broken_ms
    assert OV_DELAY_MS <= took_ms <= OV_DELAY_MS + REACTION_MS
    assert pack.discharge_closed, "discharging stays allowed"
    pack.advance(500)
    assert abs(pack.truth("current_ma")) < 1000, "no charge current is left"


def test_over_voltage_is_told_in_the_journal_and_on_the_ports(station):
    pack = station(CHARGING).start()
    pack.inject("cell", 7, 4250)
    pack.until(lambda: not pack.charge_closed, 10_000, 100)
    pack.advance(200)
    assert pack.active("cell_ov1")
    assert pack.read("charge_off_rule") == 1
    assert pack.read("discharge_off_rule") is None
    assert pack.read("cell_max_number") == 7
    (entry,) = pack.entries("cell_ov1")
    told = entry.field
    assert entry.kind == "trip"
    assert told["limit"] == 4200
    assert abs(told["value"] - 4250) <= 5
    assert told["where"] == 7
    assert told["age_ms"] <= SAMPLE_MS + TICK_MS
    assert told["current_ma"] > 15_000, "what flowed when it tripped"


def test_over_voltage_recovers_once_clear_and_discharged_or_charger_removed(station):
    pack = station(CHARGING).start()
    pack.inject("cell", 7, 4250)
    pack.until(lambda: not pack.charge_closed, 10_000, 100)
    pack.clear("cell")
    pack.advance(20_000)
    assert not pack.charge_closed, "the cell is fine again, but the charger still waits"
    removed_ms = pack.inject("charger_remove")
    pack.until(lambda: pack.charge_closed, 10_000, 100)
    assert not pack.active("cell_ov1")
    assert pack.moved_ms("charge", True, removed_ms) > removed_ms
    kinds = [entry.kind for entry in pack.entries("cell_ov1")]
    assert kinds == ["trip", "clear"]


def test_over_voltage_does_not_recover_above_the_recovery_voltage(station):
    pack = station(CHARGING).start()
    pack.inject("cell", 7, 4250)
    pack.until(lambda: not pack.charge_closed, 10_000, 100)
    pack.inject("charger_remove")
    pack.inject("cell", 7, 4110)  # below the trip of 4200, above the recovery of 4100
    pack.advance(20_000)
    assert not pack.charge_closed
    below_ms = pack.inject("cell", 7, 4090)
    pack.until(lambda: pack.charge_closed, 10_000, 100)
    took_ms = pack.moved_ms("charge", True, below_ms) - below_ms
    assert took_ms >= RECOVER_DELAY_MS


def test_level_2_fires_the_secondary_disconnect_when_the_charge_mosfet_is_stuck(station):
    pack = station(CHARGING).start()
    pack.inject("charge_mosfet_stuck_on")
    pack.inject("cell", 7, 4250)
    pack.advance(OV_DELAY_MS + REACTION_MS + 500)
    assert pack.truth("current_ma") > 15_000, "the stuck MOSFET charges on"
    assert not pack.truth("charge_commanded")
    assert pack.word("loudest") == "danger"
    broken_ms = pack.inject("cell", 7, 4310)
    pack.until(lambda: pack.truth("secondary_fired"), 5_000, 100)
    took_ms = pack.moved_ms("secondary", True, broken_ms) - broken_ms
    # Two fresh samples over the limit, then its own delay.
    assert OV2_DELAY_MS <= took_ms <= OV2_DELAY_MS + 2 * SAMPLE_MS + TICK_MS + PORT_STEP_MS
    pack.advance(500)
    truth = pack.plant.truth()
    assert abs(truth["current_ma"]) < 100, "nothing flows any more"
    assert not truth["charge_commanded"] and not truth["discharge_commanded"]
    assert not truth["discharge_closed"]
    assert pack.latched("cell_ov2")
    assert pack.read("ccl_ma") == 0, "the charger is told 0 A"
    assert pack.read("secondary_fired") == 1


def test_level_2_latch_survives_a_restart_and_only_a_person_clears_it(station):
    pack = station(CHARGING).start()
    pack.inject("cell", 7, 4310)
    pack.until(lambda: pack.truth("secondary_fired"), 5_000, 100)
    pack.advance(3000)  # the state is stored within its spacing
    pack.clear("all")
    pack.plant.renew_secondary()
    pack.inject("charger_remove")
    pack.repower()
    pack.advance(5000)
    assert pack.latched("cell_ov2"), "recovered and restarted, and still latched"
    assert pack.all_open
    assert pack.entries("cell_ov2", "latch")


def test_a_person_clears_level_2_only_after_recovery(station):
    pack = station(CHARGING).start()
    pack.inject("cell", 7, 4310)
    pack.until(lambda: pack.all_open, 5_000, 100)
    pack.command("clear_latches", 1)
    pack.advance(6000)  # as long as a person's word counts
    assert pack.latched("cell_ov2"), "the cell was too full all the time"
    pack.clear("cell")
    pack.advance(6000)
    assert pack.latched("cell_ov2"), "it does not clear by itself"
    pack.command("clear_latches", 1)
    pack.advance(1000)
    assert not pack.active("cell_ov2")
