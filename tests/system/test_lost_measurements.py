"""Measurements that fail while the pack works: no output stays on without knowledge."""

import pytest
from station import PORT_STEP_MS, SAMPLE_MS, TICK_MS

FTT_CELLS_MS = 1000
FTT_CURRENT_MS = 300
FTT_TEMPS_MS = 10_000
OPEN_WIRE_PERIOD_MS = 10_000


def _at_work(station):
    pack = station().start()
    pack.inject("load_connect", 20_000)
    pack.advance(3000)
    assert pack.truth("current_ma") < -15_000
    return pack


def _opens_within(pack, since_ms, limit_ms):
    pack.until(lambda: pack.all_open, limit_ms + 1000, 50)
    took_ms = max(pack.moved_ms(name, False, since_ms) for name in ("charge", "discharge"))
    assert took_ms - since_ms <= limit_ms
    pack.advance(300)


@pytest.mark.parametrize(
    "fault, rule, limit_ms",
    [
        (("chip_silent", 1), "cells_lost", FTT_CELLS_MS),
        (("chip_silent", 2), "cells_lost", FTT_CELLS_MS),
        (("spi_stuck_low",), "cells_lost", FTT_CELLS_MS),
        (("ina_silent",), "current_lost", FTT_CURRENT_MS),
        (("i2c_stuck",), "current_lost", FTT_CURRENT_MS),
    ],
    ids=lambda value: "_".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_a_chip_that_stops_answering_opens_the_outputs_in_time(station, fault, rule, limit_ms):
    pack = _at_work(station)
    broken_ms = pack.inject(*fault)
    _opens_within(pack, broken_ms, limit_ms + TICK_MS + PORT_STEP_MS)
    assert pack.active(rule)
    assert pack.entries(rule)[-1].kind == "trip"
    pack.clear("all")
    pack.inject("load_remove")
    pack.until_on(30_000)
    assert not pack.active(rule)


def test_limits_go_to_zero_at_once_when_cells_are_not_known(station):
    pack = _at_work(station)
    assert pack.read("dcl_ma") > 0 and pack.read("ccl_ma") > 0
    pack.inject("chip_silent", 1)
    pack.advance(SAMPLE_MS + TICK_MS + PORT_STEP_MS)
    assert pack.discharge_closed, "the load keeps its power for the fault-tolerance time"
    assert pack.read("dcl_ma") == 0 and pack.read("ccl_ma") == 0
    assert pack.read("cell_max_mv") is None, "no number is shown that is not known"


def test_a_short_burst_of_spoiled_frames_does_not_cut_the_power(station):
    pack = _at_work(station)
    pack.inject("pec_burst", 8)
    pack.advance(5000)
    assert pack.moved_ms("discharge", False) is None
    assert pack.read("pec_errors") > 0


@pytest.mark.parametrize("wire", [0, 1, 7, 12, 13, 24])
def test_a_wire_cut_at_work_is_found_and_opens_the_outputs(station, wire):
    pack = _at_work(station)
    cut_ms = pack.inject("open_wire", wire)
    # Two checks have to agree, or the cells' own readings give it away before.
    _opens_within(pack, cut_ms, 2 * OPEN_WIRE_PERIOD_MS + 2000)
    pack.until(lambda: pack.active("open_wire"), 3 * OPEN_WIRE_PERIOD_MS, 500)
    words = [pack.read(name) for name in ("open_wire_low", "open_wire_mid")]
    assert words == [1 << wire & 0xFFFF, 1 << wire >> 16]
    pack.inject("load_remove")
    pack.clear("open_wire")
    pack.until(lambda: not pack.active("open_wire"), 4 * OPEN_WIRE_PERIOD_MS, 500)
    pack.command("clear_latches", 1)  # an empty pin may have looked like an empty cell
    pack.until_on(4 * OPEN_WIRE_PERIOD_MS)


@pytest.mark.parametrize("fault", ["sensor_open", "sensor_short"])
def test_a_broken_temperature_sensor_opens_the_outputs_and_reads_as_absent(station, fault):
    pack = _at_work(station)
    broken_ms = pack.inject(fault, 1)
    _opens_within(pack, broken_ms, FTT_TEMPS_MS)
    assert pack.active("sensor_fault")
    assert pack.read("temp_dc") is None
    pack.clear(fault)
    pack.inject("load_remove")
    pack.until_on(30_000)


def test_a_frozen_chip_is_not_believed(station):
    pack = _at_work(station)
    frozen_ms = pack.inject("cells_frozen", 1)
    _opens_within(pack, frozen_ms, FTT_CELLS_MS + TICK_MS + PORT_STEP_MS)
    assert pack.active("cells_lost") or pack.active("cells_frozen")
