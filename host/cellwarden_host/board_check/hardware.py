"""Checks what the hardware must do by itself (docs/safety.md): firmware cannot stand in for it.

Gates fall without a heartbeat, a short is cut without a processor, outputs are held off while
nobody drives them, a person cannot touch the pack through a port.
"""

from __future__ import annotations

from .contract import GATES, SWITCHED_OFF_AT_REST
from .folder import Folder
from .modules import FLASH_NEEDED_KB, HEAP_NEEDED_KB

TOUCH_MV = 60_000  # above, a pack is dangerous to touch
_HELD = (*SWITCHED_OFF_AT_REST, "heartbeat")
_WAKES = ("button", "charger", "load", "time", "current", "port")


def check(folder: Folder) -> None:
    for part in (_module, _gates, _short, _secondary, _ports, _switches, _precharge, _power):
        part(folder)


def _module(folder: Folder) -> None:
    module = folder.module
    if module is None:
        return
    if folder.has("FAMILY") and folder.get("FAMILY") != module.family:
        folder.error(
            "FAMILY",
            f"a {module.title} is an {module.family}, not an {folder.get('FAMILY')}",
            "let FAMILY and MODULE agree",
        )
    if folder.get("BLE") and not module.radio:
        folder.error("BLE", f"a {module.title} has no radio", "a Pico W, or BLE = False")
    for what, there, needed in (
        ("heap", module.heap_kb, HEAP_NEEDED_KB),
        ("flash", module.flash_kb, FLASH_NEEDED_KB),
    ):
        if there < needed:
            folder.error(
                "MODULE",
                f"a {module.title} leaves {there} kB of {what}; the firmware needs {needed} kB",
                "a module with more memory (on an ESP32: one with PSRAM)",
            )


def _gates(folder: Folder) -> None:
    pulled = folder.get("PULLED_DOWN")
    cut = folder.get("HEARTBEAT_CUTS")
    for name in _HELD:
        if name in folder.pins and isinstance(pulled, tuple) and name not in pulled:
            folder.error(
                "PULLED_DOWN",
                f"{name} has no pull-down: it floats while the controller starts",
                "10 kOhm to minus at the driver's input",
            )
    for name in GATES:
        if name in folder.pins and isinstance(cut, tuple) and name not in cut:
            folder.error(
                "HEARTBEAT_CUTS",
                f"{name} stays on when the heartbeat stops",
                "AND it with the one-shot's output",
            )
    for name, listed in (("PULLED_DOWN", pulled), ("HEARTBEAT_CUTS", cut)):
        for i, pin in enumerate(listed if isinstance(listed, tuple) else ()):
            if pin not in folder.pins:
                folder.error(name, f"{pin} is no pin of this board", "take it out", i)
    for name in ("charge_feedback", "discharge_feedback"):
        if name not in folder.pins and folder.get("AFE") != "bq76952":
            folder.warn(
                "PINS",
                f"{name} is not wired: a switch that sticks shows only once current flows",
                "bring the gate's level (or the auxiliary contact) back to a pin",
            )
    heartbeat, watchdog = folder.get("HEARTBEAT_MS"), folder.get("WATCHDOG_MS")
    if isinstance(heartbeat, int) and isinstance(watchdog, int) and watchdog <= heartbeat:
        folder.error(
            "WATCHDOG_MS",
            f"the watchdog ({watchdog} ms) bites before the heartbeat runs out ({heartbeat} ms)",
            "four times the heartbeat is usual",
        )


def _short(folder: Folder) -> None:
    trip_ma = folder.get("SHORT_TRIP_MA")
    if isinstance(trip_ma, int) and trip_ma <= folder.peak_ma:
        folder.error(
            "SHORT_TRIP_MA",
            f"the short-circuit trip ({trip_ma} mA) is inside the peak current "
            f"({folder.peak_ma} mA)",
            "above it, and below what the switches survive",
        )
    how, afe = folder.get("SHORT_CUT"), folder.get("AFE")
    if how == "afe" and afe != "bq76952":
        folder.error("SHORT_CUT", f"an {afe} cuts no short", 'a comparator: SHORT_CUT = "driver"')
    if how == "fuse" and folder.get("SWITCH_TYPE") == "mosfet":
        folder.error(
            "SHORT_CUT",
            "a fuse is too slow for MOSFETs",
            'a comparator latched into the driver: SHORT_CUT = "driver"',
        )


def _secondary(folder: Folder) -> None:
    if folder.has("SECONDARY_FITTED") and not folder.get("SECONDARY_FITTED"):
        folder.warn(
            "SECONDARY_FITTED",
            "there is no secondary disconnect: nothing stops a charge through a stuck switch",
            "a fuse or shunt trip on secondary_fire; until then the board warns at every start",
        )
        if "secondary_fire" in folder.pins:
            folder.error(
                "PINS",
                "secondary_fire has a pin, but SECONDARY_FITTED is False",
                "let them agree",
                "secondary_fire",
            )


def _ports(folder: Folder) -> None:
    highest_mv = folder.get("PACK_MAX_MV")
    isolated = folder.get("PORTS_ISOLATED")
    if isinstance(highest_mv, int) and highest_mv > TOUCH_MV and isolated is False:
        folder.error(
            "PORTS_ISOLATED",
            f"the pack reaches {highest_mv} mV and its ports are not isolated",
            f"isolate RS485, display and USB: above {TOUCH_MV} mV a pack is dangerous to touch",
        )
    for port in ("rs485_1", "rs485_2"):
        name = port.upper() + "_DIRECTION"
        how = folder.get(name)
        turned = port + "_de" in folder.pins
        if how == "auto" and turned:
            folder.error(
                name,
                f'{name} is "auto", but there is a pin {port}_de',
                "take one of them out",
            )
        elif how in ("pin", "pio") and folder.get("FAMILY") == "esp32":
            folder.error(
                name,
                "an ESP32 does not tell when the last bit has left",
                'a transceiver that turns round by itself: "auto"',
            )


def _switches(folder: Folder) -> None:
    relay = folder.get("SWITCH_TYPE") == "relay"
    break_ma = folder.get("RELAY_BREAK_MA")
    rating_ma, highest_mv = folder.get("RATING_MA"), folder.get("PACK_MAX_MV")
    if not relay:
        if break_ma:
            folder.error("RELAY_BREAK_MA", "there is no relay", "RELAY_BREAK_MA = 0")
        return
    if not break_ma:
        folder.error(
            "RELAY_BREAK_MA",
            "RELAY_BREAK_MA is 0: the firmware could never open a relay in order",
            "what the relay's sheet allows at the pack's voltage",
        )
    if folder.get("COMMON_PORT"):
        folder.warn(
            "COMMON_PORT",
            "two relays on a common port: each direction opens both",
            "charger and load on terminals of their own",
        )
    carry_ma, break_mv = folder.get("RELAY_CARRY_MA"), folder.get("RELAY_BREAK_MV")
    if isinstance(carry_ma, int) and isinstance(rating_ma, int) and carry_ma < rating_ma:
        folder.error(
            "RELAY_CARRY_MA",
            f"the relays carry {carry_ma} mA, the board is rated {rating_ma} mA",
            "larger relays, or a smaller RATING_MA",
        )
    if isinstance(break_mv, int) and isinstance(highest_mv, int) and break_mv < highest_mv:
        folder.error(
            "RELAY_BREAK_MV",
            f"the relays break {break_mv} mV, the pack reaches {highest_mv} mV",
            "relays for this voltage (direct current)",
        )


def _precharge(folder: Folder) -> None:
    names = ("PRECHARGE_OHM", "PRECHARGE_ENERGY_J", "LOAD_CAP_UF", "PACK_MAX_MV")
    ohm, budget_j, cap_uf, highest_mv = (folder.get(name) for name in names)
    if ohm == 0:
        folder.warn(
            "PRECHARGE_OHM",
            "there is no precharge: a load's capacitor is filled by the switch",
            "only for loads without one",
        )
    if not (isinstance(budget_j, int) and isinstance(cap_uf, int) and isinstance(highest_mv, int)):
        return
    one_j = cap_uf * (highest_mv / 1000) ** 2 / 2 / 1e6
    if 2 * one_j > budget_j:
        folder.error(
            "PRECHARGE_ENERGY_J",
            f"filling {cap_uf} uF to {highest_mv} mV heats the resistor with {one_j:.0f} J; a try "
            f"starts only while half of {budget_j} J is left",
            "a resistor that takes more, or a smaller LOAD_CAP_UF",
        )


def _power(folder: Folder) -> None:
    latch = folder.get("POWER_LATCH")
    if latch == "none":
        folder.warn(
            "POWER_LATCH",
            "nothing takes the supply away: asleep the board goes on drawing",
            "a latch that a missing heartbeat opens",
        )
    if latch == "heartbeat" and not folder.has("POWER_LATCH_S"):
        folder.error("POWER_LATCH", "POWER_LATCH_S is missing", "seconds after the last heartbeat")
    if latch == "afe" and folder.get("AFE") != "bq76952":
        folder.error("POWER_LATCH", "this front end has no shutdown", '"heartbeat" or "pin"')
    wakes = folder.get("WAKES")
    for i, name in enumerate(wakes if isinstance(wakes, tuple) else ()):
        if name not in _WAKES:
            folder.error("WAKES", f"{name!r} wakes nothing", "of " + ", ".join(_WAKES), i)
    if wakes == () and latch != "none":
        folder.error("WAKES", "nothing wakes a board that is off", "at least a button")
