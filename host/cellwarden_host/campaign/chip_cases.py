"""What may break in the measuring chips and switches of each kind of board: one list of cases.

``chip_timing.measure`` runs them; docs/chip-faults.md and docs/bq76952.md show the outcome.
Faults are the simulator's (sim/faults.py); what only a chip's own registers can show is done to
its model.
"""

from __future__ import annotations

from .chip_timing import CHARGING, START, Case, Step
from .scene import Scene

LTC, RELAYS, BQ = "sim", "pico_24s_relays", "esp32_16s"


def _misjudges(bit: int) -> Step:
    """The chip's comparator of this protection trips though nothing is wrong."""

    def act(scene: Scene) -> None:
        scene.plant.front.model.chip.protections.status["A"] |= bit
        scene.plant.refresh()

    return act


def _hangs(scene: Scene) -> None:
    """The controller stands still with its gates enabled: the one-shot has failed as well."""
    scene.world.hang(4_000)


def _settings_change(scene: Scene) -> None:
    scene.plant.front.model.chip.memory.write(0x9278, b"\x6e")


def _clock_stands(scene: Scene) -> None:
    def hold() -> None:
        scene.plant.front.model.chip.clock_s = 100.0

    hold()
    scene.each_second = hold


def _reset_again(scene: Scene) -> None:
    scene.plant.inject("chip_reset", 1)


BQ76952 = (
    Case(BQ, "chip is reset behind our back", (_reset_again,)),
    Case(BQ, "chip loses its supply", (("chip_silent", 1),)),
    Case(BQ, "I2C held low: nothing acknowledges", (("i2c_stuck",),)),
    Case(BQ, "one bit in 997 bytes read is wrong", (("afe_noise", 997),)),
    Case(BQ, "one bit in 37 bytes read is wrong", (("afe_noise", 37),)),
    Case(BQ, "one bit in 7 bytes read is wrong", (("afe_noise", 7),)),
    Case(BQ, "chip answers, results stand still", (("cells_frozen", 1),)),
    Case(BQ, "chip answers, its clock stands still", (_clock_stands,)),
    Case(BQ, "a setting changes in the chip", (_settings_change,)),
    Case(BQ, "cell 8's result reads 0.5 V low (bit 9 stuck)", (("chip_bit_stuck", 1, 8, 9, 0),),
         watch_ms=30_000),
    Case(BQ, "cell 8's result reads 2 V low (bit 11 stuck)", (("chip_bit_stuck", 1, 8, 11, 0),)),
    Case(BQ, "chip trips over-voltage by itself", (_misjudges(0x08),), CHARGING),
    Case(BQ, "chip trips under-voltage by itself", (_misjudges(0x04),)),
    Case(BQ, "chip trips over-current of charge by itself", (_misjudges(0x10),), CHARGING),
    Case(BQ, "load of 350 A: the chip's first level", (("load_connect", 350_000),)),
    Case(BQ, "short circuit for an instant", (("short_circuit",),)),
    Case(BQ, "short circuit that stays", (("load_short",),)),
    Case(BQ, "cell 7 driven to 4.5 V", (("cell", 7, 4_500),), CHARGING),
    Case(BQ, "charge MOSFET stuck on, then cell 7 at 4.4 V",
         (("charge_mosfet_stuck_on",), ("cell", 7, 4_400)), CHARGING, 20_000),
    Case(BQ, "discharge MOSFET stuck on, then cell 5 at 2.3 V",
         (("discharge_mosfet_stuck_on",), ("cell", 5, 2_300)), watch_ms=20_000),
    Case(BQ, "charge MOSFET cannot close", (("charge_mosfet_stuck_off",),), CHARGING),
    Case(BQ, "controller hangs and the one-shot holds on", (("enable_stuck", 1), _hangs)),
    Case(BQ, "sense wire 1 cut", (("open_wire", 1),), watch_ms=20_000),
    Case(BQ, "sense wire 7 cut", (("open_wire", 7),), watch_ms=20_000),
    Case(BQ, "sense wire 15 cut", (("open_wire", 15),), watch_ms=20_000),
    Case(BQ, "top sense wire cut", (("open_wire", 16),), watch_ms=20_000),
    Case(BQ, "thermistor at a cell cut", (("sensor_open", 1),), watch_ms=15_000),
    Case(BQ, "thermistor at a cell shorted", (("sensor_short", 1),), watch_ms=15_000),
    Case(BQ, "thermistor at the MOSFETs cut", (("sensor_open", 5),), watch_ms=15_000),
    Case(BQ, "no chip", (("chip_silent", 1),), START),
    Case(BQ, "results stand still", (("cells_frozen", 1),), START),
    Case(BQ, "two sense wires exchanged", (("swap_wires", 8),), START),
)  # fmt: skip

LTC6811 = (
    Case(LTC, "8 frames spoiled", (("pec_burst", 8),)),
    Case(LTC, "one frame in 10 spoiled", (("pec_rate", 100),)),
    Case(LTC, "one frame in 2 spoiled", (("pec_rate", 500),)),
    Case(LTC, "every frame spoiled", (("pec_rate", 1_000),)),
    Case(LTC, "near chip loses its supply", (("chip_silent", 1),)),
    Case(LTC, "far chip loses its supply", (("chip_silent", 2),)),
    Case(LTC, "a chip forgets its registers", (("chip_reset", 1),)),
    Case(LTC, "data line stuck low", (("spi_stuck_low",),)),
    Case(LTC, "data line stuck high", (("spi_stuck_high",),)),
    Case(LTC, "a chip's cell results stand still", (("cells_frozen", 1),)),
    Case(LTC, "cell 3's result reads 0.2 V high (bit 11 stuck)",
         (("chip_bit_stuck", 1, 3, 11, 1),), watch_ms=30_000),
    Case(LTC, "cell 3's result reads 0.4 V low (bit 12 stuck)",
         (("chip_bit_stuck", 1, 3, 12, 0),), watch_ms=30_000),
    Case(LTC, "a chip's reference is 3 % off", (("chip_drift", 1, 30_000),), watch_ms=30_000),
    Case(LTC, "one of two converters is 3 % off", (("chip_adc_drift", 1, 1, 30_000),),
         watch_ms=30_000),
    Case(LTC, "multiplexer decoder fails", (("chip_mux_fail", 1),), watch_ms=30_000),
    Case(LTC, "sense wire of pack minus cut", (("open_wire", 0),), watch_ms=25_000),
    Case(LTC, "sense wire 7 cut", (("open_wire", 7),), watch_ms=25_000),
    Case(LTC, "sense wire between the chips cut", (("open_wire", 12),), watch_ms=25_000),
    Case(LTC, "top sense wire cut", (("open_wire", 24),), watch_ms=25_000),
    Case(LTC, "thermistor cut", (("sensor_open", 1),), watch_ms=15_000),
    Case(LTC, "thermistor shorted", (("sensor_short", 1),), watch_ms=15_000),
    Case(LTC, "multiplexer decoder fails", (("chip_mux_fail", 1),), START),
    Case(LTC, "one of two converters is 3 % off (overlap)", (("chip_adc_drift", 1, 2, 30_000),),
         START),
    Case(LTC, "far chip missing", (("chip_silent", 2),), START),
    Case(LTC, "sense wire 5 cut", (("open_wire", 5),), START),
)  # fmt: skip

INA228 = (
    Case(LTC, "meter does not acknowledge", (("ina_silent",),)),
    Case(LTC, "I2C held low", (("i2c_stuck",),)),
    Case(LTC, "meter's results stand still", (("ina_stuck",),)),
    Case(LTC, "a Kelvin wire of the shunt cut: it reads zero", (("ina_gain", 0),),
         watch_ms=30_000),
    Case(LTC, "meter reads 30 % low", (("ina_gain", 700),), watch_ms=30_000),
    Case(LTC, "alert pin stuck: over-current", (("alert_stuck", 0),)),
    Case(LTC, "alert pin stuck: quiet, then 950 A",
         (("alert_stuck", 1), ("load_connect", 950_000))),
    Case(LTC, "load of 950 A: the alert alone", (("load_connect", 950_000),)),
    Case(LTC, "meter does not acknowledge", (("ina_silent",),), START),
)  # fmt: skip

SWITCHES = (
    Case(LTC, "charge MOSFET stuck on, then cell 7 at 4.4 V",
         (("charge_mosfet_stuck_on",), ("cell", 7, 4_400)), CHARGING, 20_000),
    Case(LTC, "discharge MOSFET stuck on, then cell 5 at 2.3 V",
         (("discharge_mosfet_stuck_on",), ("cell", 5, 2_300)), watch_ms=20_000),
    Case(RELAYS, "charge relay welded, then cell 7 at 4.4 V",
         (("relay_weld", "charge"), ("cell", 7, 4_400)), CHARGING, 20_000),
    Case(RELAYS, "discharge relay welded, then cell 5 at 2.3 V",
         (("relay_weld", "discharge"), ("cell", 5, 2_300)), watch_ms=20_000),
    Case(RELAYS, "discharge relay drops out", (("discharge_mosfet_stuck_off",),)),
    Case(RELAYS, "discharge relay chatters", (("relay_chatter", "discharge"),)),
    Case(RELAYS, "auxiliary contact of the discharge relay stuck open",
         (("feedback_stuck", "discharge", 0),)),
)  # fmt: skip
