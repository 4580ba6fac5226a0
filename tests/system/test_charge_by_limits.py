"""A charge on the real firmware, by a charger that reads its limits from the board."""

from cellwarden_host import catalog

CELLS = 16
NEARLY_FULL = {
    "cells": CELLS,
    "soc_permille": 975,
    "soc_spread_permille": 8,
    "capacity_mah": 20_000,
}
SETTINGS = {"capacity_mah": 20_000}
LIMITS = [catalog.NAMED[name] for name in ("ccl_ma", "cvl_10mv", "charge_limited_by")]
LIMIT_S = 900
WARNING_MV = 3600


def test_a_charge_by_the_limits_on_the_port_ends_full_and_trips_nothing(station):
    pack = station(NEARLY_FULL, "lfp", SETTINGS).start()
    charger = pack.plant.pack.charger
    charger.obeys = True
    charger.ccl_ma = charger.cvl_mv = 0
    charger.connect(CELLS * 5000, 80_000)
    most_ma = highest_mv = 0
    for _ in range(LIMIT_S):
        values = pack.on_charger_port.read(LIMITS)
        charger.ccl_ma, charger.cvl_mv = values.one("ccl_ma"), values.one("cvl_10mv") * 10
        if values.word("charge_limited_by") == "full":
            break
        pack.advance(1000)
        most_ma = max(most_ma, pack.truth("current_ma"))
        highest_mv = max(highest_mv, *pack.truth("cell_mv"))
    else:
        raise AssertionError(f"not full; {pack.story()}")
    assert most_ma > 10_000
    assert highest_mv < WARNING_MV
    assert pack.read("protections") == 0 and pack.charge_closed
    assert not pack.entries("cell_ov_warn") and not pack.entries("cell_ov1")
    pack.advance(10_000)
    assert pack.read("ccl_ma") == 0, "it floats"
