"""Every protection alone, on the real firmware: what really flows, the journal, the recovery."""

import struct

import pytest

import boards.sim
from cellwarden import ids
from cellwarden import schema_data as schema
from cellwarden.journal import ENTRY_BYTES
from cellwarden.tables import journal as layout
from cellwarden.tables import rules
from cellwarden_host.campaign import judge, provocations, stages, warnings
from cellwarden_host.campaign.provocations import BY_RULE, PROVOCATIONS
from cellwarden_host.campaign.scene import RULE
from cellwarden_host.desk import Desk
from cellwarden_host.sim.provision import commissioned
from firmware.drivers import open_wire

RECOVERING = [p for p in PROVOCATIONS if p.recover_ms]
WAITING = [p for p in PROVOCATIONS if p.undo and RULE[p.rule].wait == "person"]


def name_of(provocation):
    return provocation.rule


def rules_group(rule):
    """What the rule's quantity is sampled from."""
    return {name: group for name, _, group in rules.QUANTITIES}[RULE[rule].quantity]


def entries(scene):
    """The journal as a list of dicts, oldest first."""
    journal = scene.controller.journal
    out = []
    for number in range(journal.first, journal.next):
        raw = bytearray(ENTRY_BYTES)
        assert journal.entry_into(number, raw, 0)
        out.append(
            {
                field: struct.unpack_from("<" + layout.FORMAT[kind], raw, at)[0]
                for field, at, kind, _, _ in layout.FIELDS
            }
        )
    return out


def told(scene, rule, kinds):
    number = RULE[rule].number
    found = [e for e in entries(scene) if e["rule"] == number and e["kind"] in kinds]
    assert found, f"{rule} is not in the journal"
    return found[0]


def tripped(provocation):
    """The scene once the rule must have tripped, and when its hazard came."""
    scene = stages.build(provocation)
    begun_us = judge.bring_about(scene, provocation, None)
    promised_ms = judge.promised_ms(provocation, scene, tolerance=False)
    until_us = begun_us + promised_ms * 1000
    if scene.now_us < until_us:
        scene.run((until_us - scene.now_us) // 1000)
    return scene, begun_us, promised_ms


def test_every_rule_that_forbids_can_be_provoked_or_says_why_not():
    assert provocations.missing() == []


def test_every_rule_that_warns_can_be_provoked():
    assert warnings.missing() == []


@pytest.mark.parametrize("provocation", PROVOCATIONS, ids=name_of)
def test_a_hazard_ends_within_the_promised_time(provocation):
    if provocation.stage not in stages.FROM_RESET:
        before = stages.build(provocation)
        stages.prepare(before, provocation)
        on = before.watch.on(before.now_us)
        assert set(on) & set(judge.forbidden(RULE[provocation.rule])), (
            "nothing that the rule forbids was on before"
        )
    scene, begun_us, promised_ms = tripped(provocation)
    assert scene.active(provocation.sooner or provocation.rule)
    scene.run(1500)
    kinds = judge.forbidden(RULE[provocation.rule])
    late = {
        kind: (scene.watch.bad_us[kind] or 0) - begun_us
        for kind in kinds
        if (scene.watch.bad_us[kind] or 0) > begun_us + promised_ms * 1000
    }
    if provocation.rule not in ("charge_stuck_on", "discharge_stuck_on"):
        assert not late
    if "secondary" in RULE[provocation.rule].forbids:
        assert scene.plant.secondary_fired
        assert scene.watch.fired_us <= begun_us + promised_ms * 1000
    else:
        assert not scene.plant.secondary_fired


@pytest.mark.parametrize("provocation", PROVOCATIONS, ids=name_of)
def test_the_journal_says_which_rule_limit_value_and_cell(provocation):
    scene, _, _ = tripped(provocation)
    rule = RULE[provocation.sooner or provocation.rule]
    entry = told(scene, rule.name, (ids.KIND_TRIP, ids.KIND_LATCH))
    limit = scene.settings.live[schema.RULE_TRIP[rule.number]]
    assert entry["limit"] == limit
    assert entry["value"] >= limit if rule.way == "over" else entry["value"] <= limit
    if provocation.where:
        assert entry["where"] == provocation.where


@pytest.mark.parametrize("provocation", RECOVERING, ids=name_of)
def test_it_recovers_when_its_condition_holds_and_not_before(provocation):
    scene, _, _ = tripped(provocation)
    rule = provocation.sooner or provocation.rule
    scene.run(3000)
    assert scene.active(rule), "recovered while the hazard was still there"
    provocation.undo(scene)
    scene.run(provocation.recover_ms)
    assert not scene.active(rule)
    told(scene, rule, (ids.KIND_CLEAR,))


@pytest.mark.parametrize("provocation", WAITING, ids=name_of)
def test_it_waits_for_a_person(provocation):
    scene, _, _ = tripped(provocation)
    if rules_group(provocation.rule) == "cells":
        scene.controller.clear_latches(scene.world.now_ms)
        scene.run(6000)  # longer than a person's word counts
        assert scene.active(provocation.rule), "released while the hazard was still there"
    provocation.undo(scene)
    scene.run(8000)
    assert scene.active(provocation.rule), "recovered by itself"
    scene.controller.clear_latches(scene.world.now_ms)
    scene.run(3000)
    assert not scene.active(provocation.rule)


@pytest.mark.parametrize("warning", warnings.WARNINGS, ids=name_of)
def test_it_warns_and_opens_nothing(warning):
    scene = stages.build(warning)
    judge.bring_about(scene, warning, None)
    scene.run(warning.notice_ms)
    assert scene.active(warning.rule)
    if RULE[warning.rule].loud != "info":
        told(scene, warning.rule, (ids.KIND_WARN,))


def test_an_over_current_is_not_forgotten_because_the_switch_is_open():
    """The bus of a moment before the opening must not be taken for a removed load."""
    scene, _, _ = tripped(BY_RULE["discharge_oc"])
    scene.run(20_000)  # less than the delay of a timed retry
    assert scene.active("discharge_oc")
    scene.run(12_000)
    retries = scene.controller.protection.retries[ids.RULE_DISCHARGE_OC]
    assert retries == 1, "each come-back is counted"


def test_a_load_that_overloads_again_at_once_was_not_removed():
    """A stuck precharge branch lifts the bus as a removed load does."""
    provocation = BY_RULE["discharge_oc"]
    scene = stages.build(provocation)
    judge.bring_about(scene, provocation, ("precharge_stuck_on", ()))
    scene.run(25_000)
    state = scene.controller.protection.state
    assert state[ids.RULE_DISCHARGE_OC] == 3, "latched, not tried for ever"


def test_a_shunt_monitor_that_is_stuck_is_taken_for_lost():
    scene = stages.build(BY_RULE["charge_oc"])
    stages.prepare(scene, BY_RULE["charge_oc"])
    assert scene.controller.readings.current_ma.valid
    scene.plant.inject("ina_stuck")
    scene.run(1000)
    assert scene.active("current_lost")
    assert scene.plant.pack.conducting() == (False, False)


@pytest.mark.parametrize(
    "rule, fault",
    [("charge_ot", "charge_mosfet_stuck_on"), ("discharge_ot", "discharge_mosfet_stuck_on")],
)
def test_current_that_no_switch_stops_fires_the_disconnect(rule, fault):
    verdict = judge.judge(BY_RULE[rule], (fault, ()))
    assert verdict.verdict == judge.SECONDARY


def test_a_person_who_switches_off_fires_no_disconnect():
    """A stuck MOSFET alone is no hazard: the pack is well, and level 2 stands behind it."""
    scene, _, _ = tripped(BY_RULE["charge_stuck_on"])
    scene.run(10_000)
    assert scene.active("charge_stuck_on")
    assert not scene.plant.secondary_fired


def test_the_gates_open_when_the_firmware_hangs():
    scene = stages.build(BY_RULE["charge_oc"])
    stages.prepare(scene, BY_RULE["charge_oc"])
    board = scene.app.board
    scene.world.hang(board.HEARTBEAT_MS + 1)
    assert scene.plant.pack.conducting() == (False, False)
    assert not scene.world.machine.was_reset
    scene.world.hang(board.WATCHDOG_MS)
    assert scene.world.machine.was_reset, "the watchdog has to bite"
    assert not any(scene.plant.pins.values())


def test_cells_that_stand_still_while_the_current_moves():
    """Behind the driver's own check of its chips: not one millivolt moves, and amperes do."""
    desk = Desk(boards.sim, commissioned(boards.sim))
    desk.run(5000)
    assert desk.discharge
    desk.current_ma = -40_000
    desk.run(2000)
    assert desk.active(ids.RULE_CELLS_FROZEN)
    assert not desk.charge and not desk.discharge


def test_wires_that_cannot_be_checked_open_everything():
    provocation = BY_RULE["cells_lost"]
    scene = stages.build(provocation)
    stages.prepare(scene, provocation)
    check = scene.app.sampler.background._check
    check.step = lambda mapped: open_wire.FAILED
    scene.run(62_000)
    assert scene.active("open_wire_unknown")
    assert scene.plant.pack.conducting() == (False, False)


def test_heating_with_open_switches_is_not_a_switch_that_failed():
    settings = {"heater_mode": ids.HEATER_MODE_IS_ALWAYS, "discharge_wanted": 0}
    scene = judge.Scene({"ambient_dc": -20}, settings)
    scene.warm_up()
    scene.run(5000)
    assert scene.plant.pack.heater_on
    assert scene.plant.pack.current_ma < -1000
    assert not scene.active("discharge_stuck_on")


def test_no_rule_is_left_out():
    everything = set(BY_RULE) | set(provocations.NOT_PHYSICAL) | set(warnings.BY_RULE)
    assert {rule.name for rule in rules.RULES} <= everything
