"""The BQ76952's board runs unchanged in the simulator, and its failures open it in time."""

import json

import pytest

import boards.esp32_16s as definition
from cellwarden import ids
from cellwarden_host.bench.runtimes import SCRIPTS
from cellwarden_host.campaign import chip_cases, chip_pages
from cellwarden_host.campaign.chip_timing import DISCHARGING, START, at_work, measure
from cellwarden_host.sim.board import SimBoard
from cellwarden_host.sim.image import flash_files, program, write_image
from cellwarden_host.sim.plant import Plant
from cellwarden_host.sim.provision import commissioned, files

CELLS = 16
TICK_MS = 100
LOOK_MS = 25  # between two steps of the firmware, when nothing is due
FTT_CELLS_MS = definition.FTT_CELLS_MS
FTT_CURRENT_MS = definition.FTT_CURRENT_MS
FTT_TEMPS_MS = definition.FTT_TEMPS_MS
AT_ONCE_MS = 5  # the chip by itself
HOST_WATCHDOG_MS = 2_000
CASE = {(case.text, case.stage): case for case in chip_cases.BQ76952}


def found(text):
    """The one case of that name at work, measured."""
    (case,) = (case for (name, stage), case in CASE.items() if name == text and stage != START)
    return measure(case)


def both_off_ms(row):
    assert row.charge_off_ms is not None and row.discharge_off_ms is not None, row
    return max(row.charge_off_ms, row.discharge_off_ms)


@pytest.mark.parametrize(
    "text, rule, limit_ms",
    [
        ("chip is reset behind our back", "current_lost", AT_ONCE_MS),
        ("chip loses its supply", "current_lost", AT_ONCE_MS),
        ("I2C held low: nothing acknowledges", "current_lost", FTT_CURRENT_MS),
        ("one bit in 37 bytes read is wrong", "cells_lost", FTT_CELLS_MS),
        ("chip answers, results stand still", "cells_lost", FTT_CELLS_MS),
        ("a setting changes in the chip", "current_lost", FTT_CELLS_MS),
        ("cell 8's result reads 2 V low (bit 11 stuck)", "sum_mismatch", FTT_CELLS_MS),
        ("sense wire 7 cut", "cells_lost", FTT_CELLS_MS),
        ("top sense wire cut", "cells_lost", FTT_CELLS_MS),
        ("thermistor at a cell cut", "sensor_fault", FTT_TEMPS_MS),
        ("thermistor at a cell shorted", "sensor_fault", FTT_TEMPS_MS),
        ("load of 350 A: the chip's first level", "fast_overcurrent", FTT_CURRENT_MS),
        ("short circuit that stays", "short_circuit", AT_ONCE_MS),
        ("chip trips over-current of charge by itself", "fast_overcurrent", FTT_CURRENT_MS),
        ("chip trips over-voltage by itself", "charge_stuck_off", FTT_CELLS_MS),
        ("chip trips under-voltage by itself", "discharge_stuck_off", FTT_CELLS_MS),
    ],
)
def test_a_failure_opens_both_switches_in_time_and_a_rule_says_why(text, rule, limit_ms):
    row = found(text)
    assert both_off_ms(row) <= limit_ms + TICK_MS + LOOK_MS
    assert rule in dict(row.rules)


@pytest.mark.parametrize("kind", ["over-voltage", "under-voltage"])
def test_what_the_chip_vetoes_stays_off_though_the_firmware_sees_no_reason(kind):
    row = found(f"chip trips {kind} by itself")
    assert row.seen == "veto" and row.seen_ms <= TICK_MS
    assert row.end == "off"


def test_a_chip_that_was_reset_is_set_up_again_and_works_on():
    row = found("chip is reset behind our back")
    assert row.end == "still on: charge and discharge"
    assert row.secondary_ms is None


def test_a_little_noise_on_the_bus_switches_nothing():
    row = found("one bit in 997 bytes read is wrong")
    assert row.seen == "checks counted wrong" and not row.rules
    assert row.charge_off_ms is None and row.discharge_off_ms is None


def test_a_stuck_charge_mosfet_and_a_cell_driven_up_fire_the_disconnect():
    row = found("charge MOSFET stuck on, then cell 7 at 4.4 V")
    assert row.charge_off_ms is None, "it cannot open"
    assert row.secondary_ms is not None and row.end == "off"
    assert {"cell_ov2", "charge_stuck_on"} <= dict(row.rules).keys()


def test_a_hung_controller_is_opened_by_the_chips_own_watchdog():
    row = found("controller hangs and the one-shot holds on")
    assert both_off_ms(row) <= HOST_WATCHDOG_MS + TICK_MS


@pytest.mark.parametrize("wire", ["1", "7", "15"])
def test_a_cut_wire_never_fires_the_disconnect(wire):
    assert found(f"sense wire {wire} cut").secondary_ms is None


@pytest.mark.parametrize("text", [name for name, stage in CASE if stage == START])
def test_a_chip_that_is_wrong_from_the_start_never_lets_anything_on(text):
    row = measure(CASE[text, START])
    assert row.end == "nothing ever came on" and row.rules


def test_the_chip_stands_outside_the_packs_limits_and_follows_them():
    scene = at_work(CASE["short circuit that stays", DISCHARGING])
    setup = scene.app.hardware.chip.setup
    live = scene.settings.live

    def steps_outside():
        over = setup.applied["ov_mv"] - live[ids.CELL_OV2_MV]
        under = live[ids.CELL_UV2_MV] - setup.applied["uv_mv"]
        return over, under

    assert all(0 <= apart <= 51 for apart in steps_outside())
    assert setup.applied["discharge_ma"] >= live[ids.DISCHARGE_PEAK_MA]
    assert setup.applied["short_ma"] == definition.AFE_SHORT_MA and not setup.unarmed
    scene.set(cell_ov2_mv=live[ids.CELL_OV2_MV] - 70)
    scene.run(1_000)
    assert all(0 <= apart <= 51 for apart in steps_outside())
    chip = scene.plant.front.model.chip
    assert chip.settings["COV Threshold"] * 50.6 > live[ids.CELL_OV2_MV] + 60, "not while on"
    scene.plant.inject("i2c_stuck")
    scene.run(1_000)
    scene.plant.clear()
    scene.run(3_000)
    chip = scene.plant.front.model.chip
    assert abs(chip.settings["COV Threshold"] * 50.6 - setup.applied["ov_mv"]) < 1


def test_the_pages_show_every_case():
    bq, chips = ((chip_pages.DOCS / name).read_text() for name in ("bq76952.md", "chip-faults.md"))
    for case in chip_cases.BQ76952:
        assert f"| {case.text} | {case.stage} |" in bq
    for case in (*chip_cases.LTC6811, *chip_cases.INA228, *chip_cases.SWITCHES):
        assert f"| {case.text} | {case.stage} |" in chips


def test_nothing_is_allocated_while_the_board_works(tmp_path):
    """The real firmware of this board under MicroPython, its heap locked for ten seconds."""
    guest = program("esp32_16s").guest
    main = guest((SCRIPTS / "locked_main.py").read_text(encoding="utf-8"))
    contents = dict(flash_files("esp32_16s", simulated=True))
    contents |= files(commissioned(definition, cells=CELLS))
    contents["/main.py"] = main.encode()
    image = write_image(tmp_path / "flash.img", contents)
    plant = Plant(definition, {"cells": CELLS})
    board = SimBoard(plant, definition, image, ptys=False)
    try:
        board.power_on()

        def said():
            return bytes(board.console.log).decode(errors="replace")

        board.advance_until(lambda: '"locked"' in said() or '"failed"' in said(), 40_000, 100)
        lines = [json.loads(line) for line in said().splitlines() if line.startswith("{")]
        told = {line["name"]: line for line in lines}
    finally:
        board.close()
    assert told.get("locked", {}).get("on"), said()
    assert told["locked"]["ticks"] >= 95
    modules = told["modules"]["loaded"]
    assert "firmware.drivers.bq76952" in modules
    assert not any("ltc6811" in name or "ina228" in name for name in modules)
