"""What the pins of each controller module can do, and how much memory it leaves.

Facts, from public documents:
RP2040: which pin serves which SPI, I2C and UART is what MicroPython's rp2 port accepts
(ports/rp2/machine_spi.c, machine_i2c.h, machine_uart.c) and the RP2040 datasheet's table of GPIO
functions; ADC on 26-29. Pico and Pico W: the pins that the module keeps for itself are in their
datasheets and schematics (23 regulator mode, 24 VBUS, 25 LED, 29 VSYS; on a Pico W all four go
to the radio).
ESP32: Espressif's ESP-FAQ ("GPIO & RTC GPIO") and the ESP32 series datasheet: 34-39 are inputs
without pulls, 6-11 carry the flash, 1 and 3 the boot and REPL port; strapping pins 0, 2, 5, 12,
15; ADC2 is the radio's; SPI, I2C and UART go anywhere through the matrix; 16 carries the PSRAM
of WROOM-32E modules that have it. 5, 14 and 15 are pulled up, and 0, 1 and 3 carry signals,
while the chip starts.
Heap: measured under MicroPython 1.28 on a Pico and a Pico W with its radio on; ESP32 without
PSRAM about what its generic build leaves beside Bluetooth.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# What the firmware and its data take of the heap while everything runs, and of the flash with
# its journal and one update slot. The figures of `cellwarden bench memory`, rounded up.
HEAP_NEEDED_KB = 140
FLASH_NEEDED_KB = 700

LOW, HIGH = 0, 1


@dataclass(frozen=True)
class Module:
    """``strap``: pin -> (level it must have at start, what else happens, is that fatal)."""

    family: str
    title: str
    pins: frozenset[int]
    kept: dict[int, str]  # pins that are there but not ours, and why
    adc: frozenset[int]
    adc_with_radio: frozenset[int]
    input_only: frozenset[int]
    strap: dict[int, tuple[int, str, bool]]
    lively: frozenset[int]  # not still while the chip starts
    uarts: tuple[int, ...]
    spis: tuple[int, ...]
    i2cs: tuple[int, ...]
    heap_kb: int
    flash_kb: int
    radio: bool
    repl_uart: int | None = field(default=None)


def _rp2040(
    title: str, pins: set[int], kept: dict[int, str], heap: int, flash: int, radio: bool
) -> Module:
    adc = frozenset(pins & {26, 27, 28, 29})
    none: frozenset[int] = frozenset()
    return Module(
        family="rp2040",
        title=title,
        pins=frozenset(pins),
        kept=kept,
        adc=adc,
        adc_with_radio=adc,
        input_only=none,
        strap={},
        lively=none,
        uarts=(0, 1),
        spis=(0, 1),
        i2cs=(0, 1),
        heap_kb=heap,
        flash_kb=flash,
        radio=radio,
    )


_PICO = {*range(23), 26, 27, 28}
_FLASH = dict.fromkeys(range(6, 12), "carries the module's flash")
_REPL = dict.fromkeys((1, 3), "is the REPL's and the loader's port")
_ADC1 = frozenset((32, 33, 34, 35, 36, 39))


def _esp32(title: str, kept: dict[int, str], heap: int) -> Module:
    there = {0, 2, 4, 5, *range(12, 20), 21, 22, 23, 25, 26, 27, *range(32, 37), 39}
    return Module(
        family="esp32",
        title=title,
        pins=frozenset(there - set(kept)),
        kept={**_FLASH, **_REPL, **kept},
        adc=_ADC1 | {0, 2, 4, *range(12, 16), 25, 26, 27},
        adc_with_radio=_ADC1,
        input_only=frozenset((34, 35, 36, 39)),
        strap={
            0: (HIGH, "low at start waits for a download instead of running", True),
            2: (LOW, "high at start keeps the chip from being flashed", True),
            5: (HIGH, "low at start changes the timing of SDIO", False),
            12: (LOW, "high at start sets the flash to 1.8 V, and it does not start", True),
            15: (HIGH, "low at start silences the loader's messages", False),
        },
        lively=frozenset((0, 1, 3, 5, 14, 15)),
        uarts=(0, 1, 2),
        spis=(1, 2),
        i2cs=(0, 1),
        heap_kb=heap,
        flash_kb=2_048,
        radio=True,
        repl_uart=0,
    )


MODULES = {
    "pico": _rp2040(
        "Raspberry Pi Pico",
        _PICO,
        {
            23: "sets the mode of the module's regulator",
            24: "senses the module's VBUS",
            25: "is the module's LED, and on no header",
            29: "measures the module's VSYS",
        },
        heap=241,
        flash=1_408,
        radio=False,
    ),
    "pico_w": _rp2040(
        "Raspberry Pi Pico W",
        _PICO,
        dict.fromkeys((23, 24, 25, 29), "belongs to the module's radio"),
        heap=196,
        flash=848,
        radio=True,
    ),
    "rp2040": _rp2040("RP2040 on a board of its own", set(range(30)), {}, 241, 1_408, False),
    "esp32_wroom": _esp32("ESP32-WROOM-32E without PSRAM", {}, heap=110),
    "esp32_wroom_r2": _esp32(
        "ESP32-WROOM-32E with 2 MB of PSRAM (N4R2, N8R2)",
        {16: "carries the module's PSRAM"},
        heap=2_000,
    ),
}

_SPI_LANE = {"spi_miso": 0, "spi_sck": 2, "spi_mosi": 3}
_UART_LANE = {"uart_tx": 0, "uart_rx": 1}
_I2C_LANE = {"i2c_sda": 0, "i2c_scl": 1}


def able(module: Module, use: str, unit: int | None) -> list[int]:
    """The module's pins that can do ``use`` (of SPI, I2C or UART number ``unit``)."""
    found = []
    for pin in sorted(module.pins):
        if use == "adc":
            good = pin in (module.adc_with_radio if module.radio else module.adc)
        elif use in ("in", "uart_rx", "spi_miso") and module.family == "esp32":
            good = True
        elif module.family == "esp32":
            good = pin not in module.input_only
        else:
            good = _rp2040_lane(pin, use, unit)
        if good:
            found.append(pin)
    return found


def _rp2040_lane(pin: int, use: str, unit: int | None) -> bool:
    if unit is None or use in ("in", "out"):
        return True
    if use in _SPI_LANE:
        return pin % 4 == _SPI_LANE[use] and pin // 8 % 2 == unit
    if use in _UART_LANE:
        return pin % 4 == _UART_LANE[use] and (pin + 4) // 8 % 2 == unit
    return pin % 2 == _I2C_LANE[use] and pin // 2 % 2 == unit
