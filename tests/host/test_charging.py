"""Charges and discharges by the limits: nothing trips, nothing swings, and they come to an end."""

import pytest
from charging_bench import CHEMISTRIES, FOLLOWERS, ChargingPack, Follower, swings

from cellwarden import ids

TIMES = 20
RISE_S = 20  # until a limit has risen, steps of a second overshoot one by one


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_twenty_charges_at_the_defaults_trip_nothing_and_end_full(chemistry):
    pack = ChargingPack(chemistry, soc=0.94, spread_mv=30)
    most_ma = pack.live[ids.CHARGE_CURRENT_MA]
    for time in range(TIMES):
        pack.charger = Follower(**FOLLOWERS[time % len(FOLLOWERS)])
        currents = pack.charge()
        assert not pack.tripped, (time, pack.tripped)
        assert max(currents) > most_ma / 4, time
        assert currents[-1] < most_ma / 10, time
        assert swings(currents[RISE_S:], most_ma / 10) <= 1, (time, pack.charger)
        pack.pack.charger.remove()
        pack.load_ma = most_ma
        pack.run(90)
        pack.load_ma = 0
    assert pack.highest_mv < pack.live[ids.CELL_OV_WARN_MV]


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_twenty_discharges_to_empty_trip_nothing(chemistry):
    pack = ChargingPack(chemistry, soc=0.12, spread_mv=30, capacity_mah=40_000)
    most_ma = pack.live[ids.DISCHARGE_CURRENT_MA]
    for time in range(TIMES):
        pack.load = Follower(**FOLLOWERS[time % len(FOLLOWERS)])
        pack.load_ma = most_ma
        currents = pack.discharge()
        assert not pack.tripped, (time, pack.tripped)
        assert max(currents) > most_ma / 8, time
        assert currents[-1] < most_ma / 10, time
        assert swings(currents[RISE_S:], most_ma / 10) <= 3, (time, pack.load)
        pack.plug_in()
        pack.run(60)
    assert pack.lowest_mv > pack.live[ids.CELL_UV1_MV]


HARD = {
    "late, at the true pace": {"follower": {"delay_s": 3.0}},
    "late and lazy": {"follower": {"delay_s": 3.0, "lag_s": 3.0}},
    "100 mV apart": {"spread_mv": 100, "follower": {"delay_s": 1.0}},
    "cold, twice the resistance nobody told": {
        "resistance": 2.2,
        "known_uohm": 3000,
        "follower": {"delay_s": 3.0},
    },
    "cells that swing little": {
        "resistance": 0.4,
        "known_uohm": 1200,
        "follower": {"delay_s": 3.0},
    },
    "noisy": {"noise_mv": 2.0, "follower": {"delay_s": 1.0}},
    "led by its current alone": {
        "known_uohm": 3000,
        "obeys_cvl": False,
        "most_swings": 3,
        "follower": {"delay_s": 3.0},
    },
    "a charger 1 % too high": {"voltage_error": 0.01, "follower": {"delay_s": 1.0}},
    "a charger 1 % too low, noisy": {
        "voltage_error": -0.01,
        "noise_mv": 2.0,
        "follower": {"lag_s": 5.0},
    },
}


@pytest.mark.parametrize("case", HARD)
@pytest.mark.parametrize("chemistry", ("lfp", "na_layered"))
def test_a_hard_case_at_ten_ticks_a_second_neither_trips_nor_swings(chemistry, case):
    options = dict(HARD[case])
    follower = Follower(**options.pop("follower"))
    error = options.pop("voltage_error", 0.0)
    obeys_cvl = options.pop("obeys_cvl", True)
    most_swings = options.pop("most_swings", 1)
    pack = ChargingPack(chemistry, soc=0.97, **options)
    pack.charger = follower
    pack.voltage_error = error
    pack.obeys_cvl = obeys_cvl
    pack.plug_in()
    currents = []
    for _ in range(1500):
        pack.step(0.1)
        currents.append(pack.pack.current_ma)
    assert not pack.tripped
    assert pack.highest_mv < pack.live[ids.CELL_OV_WARN_MV]
    band_ma = pack.live[ids.CHARGE_CURRENT_MA] / 10
    assert swings(currents, band_ma) <= most_swings
    # What a cell holds at its charge voltage has gone in, or is about to.
    assert currents[-1] < max(currents) / 2


def test_a_charger_that_knows_no_voltage_limit_is_held_by_its_current():
    for chemistry in CHEMISTRIES:
        pack = ChargingPack(chemistry, soc=0.98)
        pack.obeys_cvl = False
        pack.charger = Follower(delay_s=1.0)
        pack.plug_in()
        pack.run(120, 0.1)
        assert not pack.tripped, chemistry
        assert pack.highest_mv < pack.live[ids.CELL_OV_WARN_MV], chemistry


def test_the_highest_cell_ends_at_its_charge_voltage_whatever_the_spread():
    for chemistry in CHEMISTRIES:
        for spread_mv in (0, 100):
            pack = ChargingPack(chemistry, soc=0.96, spread_mv=spread_mv)
            pack.charge()
            high_mv = max(pack.pack.all_cell_mv())
            assert abs(high_mv - pack.live[ids.CHARGE_CELL_MV]) <= 5, (chemistry, spread_mv)


def test_a_pack_far_out_of_balance_trips_nothing():
    """30 mV apart in the middle of an LFP curve is a fourth of the charge."""
    pack = ChargingPack("lfp", soc=0.97, spread_mv=30, spread_at_mv=3320)
    pack.charger = Follower(delay_s=3.0)
    currents = pack.charge()
    assert min(pack.pack.cells.soc(cell) for cell in range(4)) < 0.8
    assert not pack.tripped
    assert swings(currents, pack.live[ids.CHARGE_CURRENT_MA] / 10) <= 1


def test_a_full_pack_floats_without_chatter():
    """CCL stays 0 until the pack is full no more, CVL stays where the charge ended."""
    pack = ChargingPack("lfp", soc=0.98)
    pack.charge()
    pack.run(30)
    cvl_mv = pack.limits.cvl_mv
    for _ in range(1200):
        pack.step(1.0)
        assert pack.limits.ccl_ma == 0
        assert abs(pack.limits.cvl_mv - cvl_mv) <= pack.pack.cells.count * 40
        assert pack.pack.current_ma < 100
    pack.load_ma = 10_000
    starts = 0
    was_ma = 0
    for _ in range(600):
        pack.step(1.0)
        starts += was_ma == 0 and pack.limits.ccl_ma > 0
        was_ma = pack.limits.ccl_ma
    assert not pack.tripped
    assert starts == 1, "it took up charging once"


def test_an_empty_pack_stays_empty_until_it_is_charged():
    pack = ChargingPack("lfp", soc=0.05)
    pack.load_ma = 40_000
    pack.discharge()
    pack.load_ma = 40_000
    pack.run(1800)
    assert pack.limits.dcl_ma == 0 and not pack.tripped
    pack.load_ma = 0
    pack.plug_in()
    pack.run(300)
    assert pack.limits.dcl_ma > 0


def test_a_cold_pack_is_charged_gently_and_without_swings():
    pack = ChargingPack("nmc", soc=0.9, temp_dc=60, known_uohm=3000)
    pack.charger = Follower(delay_s=3.0)
    pack.plug_in()
    currents = []
    for _ in range(1200):
        pack.step(0.1)
        currents.append(pack.pack.current_ma)
    assert not pack.tripped
    assert max(currents) <= pack.live[ids.CHARGE_CURRENT_MA] * 0.6
    assert swings(currents, 4000) <= 1
