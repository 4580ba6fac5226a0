"""Checks what measures current, voltage and temperature, and who answers on I2C.

Facts: INA228 datasheet (Texas Instruments SLYS021): +-163.84 mV or +-40.96 mV, offset up to
1 uV, common mode up to 85 V. BQ76952 datasheet (SLUSE13): up to 80 V, +-200 mV at its current
inputs, which lie in the pack's minus.
"""

from __future__ import annotations

from .folder import Folder, pair

INA228_COMMON_MV = 85_000
BQ76952_PACK_MV = 80_000
# Full scale at the current inputs in uV.
FULL_SCALE_UV = {"ltc6811": 163_840, "bq76952": 200_000}
_LEAST_UV = 5_000  # the rating must make this much, or zero error and noise show
_SENSORS = 6
_GPIOS = 5
# BQ76952 data memory: a pin that measures a thermistor, and one that keeps a FET off.
_THERMISTOR_FUNCTIONS = (0x07, 0x0B, 0x0F)
_FET_OFF_FUNCTION = 0x02
_BQ76952_PINS = ("CFETOFF", "DFETOFF", "ALERT", "TS1", "TS2", "TS3", "HDQ", "DCHG", "DDSG")
_FET_PINS = 2  # the first two of them
_USED_PART = (30, 98)  # of a converter's range that the highest voltage should lie in, percent
_ADS1015_RANGE_MV = 2_048
_ADC_SUPPLY_MV = 3_300  # what an ADS1015's inputs stand on a 3.3 V rail
# Voltage over the thermistor, in percent of the reference, that is still worth measuring.
_NTC_PARTS = (4, 97)
_NTC_AT = ((-30, "-30 degC"), (90, "90 degC"))


def check(folder: Folder) -> None:
    for part in (_shunt, _dividers, _thermistors, _bq76952, _addresses):
        part(folder)


def _shunt(folder: Folder) -> None:
    uohm = folder.get("SHUNT_UOHM")
    rating_ma = folder.get("RATING_MA")
    if not isinstance(uohm, int) or not isinstance(rating_ma, int):
        return
    afe = folder.get("AFE")
    ends_uv = FULL_SCALE_UV.get(afe, 0)
    peak_uv = folder.peak_ma // 1000 * uohm
    if ends_uv and peak_uv > ends_uv:
        most = ends_uv // max(1, folder.peak_ma // 1000)
        folder.error(
            "SHUNT_UOHM",
            f"{folder.peak_ma // 1000} A make {peak_uv / 1000:g} mV on the shunt; the meter ends "
            f"at {ends_uv / 1000:g} mV",
            f"a shunt of {most} uOhm or less: the peak has to be measured",
        )
    elif rating_ma // 1000 * uohm < _LEAST_UV:
        least = -(-_LEAST_UV // max(1, rating_ma // 1000))
        folder.warn(
            "SHUNT_UOHM",
            f"the rating makes {rating_ma // 1000 * uohm / 1000:g} mV on the shunt: "
            "small currents drown in the meter's zero",
            f"a shunt of {least} uOhm or more",
        )
    rated_ma = folder.get("SHUNT_RATED_MA")
    if isinstance(rated_ma, int) and rated_ma < rating_ma:
        folder.error(
            "SHUNT_RATED_MA",
            f"the shunt carries {rated_ma} mA, the board is rated {rating_ma} mA",
            "a larger shunt, or a smaller RATING_MA",
        )
    _common_mode(folder)


def _common_mode(folder: Folder) -> None:
    afe = folder.get("AFE")
    highest_mv = folder.get("PACK_MAX_MV")
    if not isinstance(highest_mv, int):
        return
    side = folder.get("SHUNT_SIDE")
    if afe == "ltc6811" and side == "high" and highest_mv > INA228_COMMON_MV:
        folder.error(
            "SHUNT_SIDE",
            f"the INA228's common mode ends at {INA228_COMMON_MV} mV, the pack at {highest_mv} mV",
            'put the shunt into the minus: SHUNT_SIDE = "low"',
        )
    if afe == "bq76952" and side == "high":
        folder.error("SHUNT_SIDE", "a BQ76952 measures in the minus", 'SHUNT_SIDE = "low"')
    if afe == "bq76952" and highest_mv > BQ76952_PACK_MV:
        folder.error(
            "PACK_MAX_MV", f"a BQ76952 takes {BQ76952_PACK_MV} mV", "fewer cells, or LTC6811"
        )


def _dividers(folder: Folder) -> None:
    full_mv = folder.get("ADC_REF_MV")
    highest_mv = folder.get("PACK_MAX_MV")
    if not isinstance(full_mv, int) or not isinstance(highest_mv, int):
        return
    if folder.has("ADS1015_ADDRESS") and full_mv != _ADS1015_RANGE_MV:
        folder.error("ADC_REF_MV", "the ADS1015 is used in its 2.048 V range", "2_048")
        return
    for kind in ("pack", "bus", "charger"):
        if folder.has(kind.upper() + "_DIVIDER") and kind not in folder.dividers():
            name = kind.upper() + "_DIVIDER"
            folder.error(name, f"there is a {name} and no pin {kind}_adc", "let them agree")
    for kind in folder.dividers():
        name = kind.upper() + "_DIVIDER"
        resistors = pair(folder, name)
        if resistors is None:
            continue
        top, bottom = resistors
        at_mv = highest_mv * bottom // (top + bottom)
        part = at_mv * 100 // full_mv
        if part > _USED_PART[1] or at_mv > _ADC_SUPPLY_MV:
            folder.error(
                name,
                f"{highest_mv} mV become {at_mv} mV; the converter ends at {full_mv} mV",
                f"a bottom resistor of {full_mv * 9 // 10 * top // highest_mv} kOhm or less",
            )
        elif part < _USED_PART[0]:
            folder.warn(
                name,
                f"{highest_mv} mV use {part} % of the converter's range",
                f"a bottom resistor of about {full_mv * 9 // 10 * top // highest_mv} kOhm",
            )
    if "bus" not in folder.dividers() and folder.get("AFE") == "ltc6811":
        if folder.get("PRECHARGE_OHM") and not folder.get("PRECHARGE_TIMED_MS"):
            folder.error(
                "PRECHARGE_OHM",
                "precharge cannot see the bus: there is no bus_adc and no PRECHARGE_TIMED_MS",
                "measure the bus, or say how long it takes to fill",
            )


def _thermistors(folder: Folder) -> None:
    """On LTC6811 boards: six places, each on a chip's GPIO of its own."""
    inputs = folder.get("NTC_INPUTS")
    if isinstance(inputs, tuple):
        _six(folder, "NTC_INPUTS", inputs)
        for i, place in enumerate(inputs):
            pair_of_ints = isinstance(place, tuple) and len(place) == 2
            if not (
                pair_of_ints
                and place[0] in range(folder.chips)
                and place[1] in range(1, _GPIOS + 1)
            ):
                takes = f"(chip 0 to {folder.chips - 1}, GPIO 1 to {_GPIOS})"
                said = f"a thermistor hangs on {place!r}"
                folder.error("NTC_INPUTS", said, f"it takes {takes}", i)
        _curve(folder)


def _six(folder: Folder, name: str, places: tuple[object, ...]) -> None:
    if len(places) != _SENSORS:
        folder.error(
            name,
            f"{name} names {len(places)} thermistors of {_SENSORS}",
            "battery 1-4, power board, balancing board; a setting says which are fitted",
        )
    for i, place in enumerate(places):
        if place in places[:i]:
            folder.error(name, f"two thermistors hang on {place!r}", "one on each", i)


def _bq76952(folder: Folder) -> None:
    """Its FETs must obey pins, and its thermistors must hang where it measures."""
    if folder.get("SHORT_CUT") == "afe" and folder.get("AFE_SHORT_MA") != folder.get(
        "SHORT_TRIP_MA"
    ):
        folder.error(
            "AFE_SHORT_MA",
            f"the front end is told {folder.get('AFE_SHORT_MA')} mA, the wiring says "
            f"{folder.get('SHORT_TRIP_MA')} mA",
            "one of them is wrong: SHORT_TRIP_MA in wiring.py is where the short circuit ends",
        )
    functions, places = folder.get("BQ76952_PINS"), folder.get("BQ76952_TEMPS")
    if not isinstance(functions, tuple) or not isinstance(places, tuple):
        return
    if len(functions) != len(_BQ76952_PINS):
        names = ", ".join(_BQ76952_PINS)
        folder.error("BQ76952_PINS", f"{len(functions)} functions for 9 pins", f"of {names}")
        return
    for i in range(_FET_PINS):
        if functions[i] != _FET_OFF_FUNCTION:
            folder.error(
                "BQ76952_PINS",
                f"{_BQ76952_PINS[i]} does not keep its FET off: gate pin and heartbeat do not "
                "reach it",
                f"0x{_FET_OFF_FUNCTION:02X}",
                i,
            )
    _six(folder, "BQ76952_TEMPS", places)
    for i, place in enumerate(places):
        if place == 0:
            continue
        if not isinstance(place, int) or not 0 < place <= len(functions):
            folder.error("BQ76952_TEMPS", f"there is no thermistor {place!r}", "0 to 9", i)
        elif functions[place - 1] not in _THERMISTOR_FUNCTIONS:
            folder.error(
                "BQ76952_TEMPS",
                f"a thermistor hangs on {_BQ76952_PINS[place - 1]}, which BQ76952_PINS gives "
                "other work",
                "0x07 at a cell, 0x0F at a FET, 0x0B elsewhere",
                i,
            )


def _curve(folder: Folder) -> None:
    names = ("NTC_R25_OHM", "NTC_BETA_K", "NTC_PULLUP_OHM")
    r25, beta, pullup = (folder.get(name) for name in names)
    if not (isinstance(r25, int) and isinstance(beta, int) and isinstance(pullup, int)):
        return
    low, high = _NTC_PARTS
    for degc, said in _NTC_AT:
        ohm = r25 * 2.718281828 ** (beta * (1 / (degc + 273.15) - 1 / 298.15))
        part = 100 * ohm / (ohm + pullup)
        if not low <= part <= high:
            folder.error(
                "NTC_PULLUP_OHM",
                f"at {said} the thermistor has {ohm:.0f} Ohm, {part:.1f} % of the reference: "
                "too near its end to measure",
                "a pull-up of about the thermistor's value at 25 degC",
            )


def _addresses(folder: Folder) -> None:
    used: dict[int, str] = {}
    names = ("INA228_ADDRESS", "ADS1015_ADDRESS", "BQ76952_ADDRESS", "OLED_ADDRESS")
    for name in names:
        address = folder.get(name)
        if not isinstance(address, int):
            continue
        if address in used:
            folder.error(
                name, f"I2C address 0x{address:02X} is {used[address]} and {name}", "one each"
            )
        used.setdefault(address, name)
