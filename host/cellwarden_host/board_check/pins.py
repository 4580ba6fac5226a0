"""Checks the pins: every one there, used once, able to do its work, and still at start-up."""

from __future__ import annotations

import difflib

from .contract import OPTIONAL, PINS, SWITCHED_OFF_AT_REST, PinName
from .folder import Folder
from .modules import HIGH, Module, able

_ROLES = {row.name: row for row in PINS}
# What must not twitch while a controller starts: all that carries or enables power.
_STILL = (*SWITCHED_OFF_AT_REST, "heartbeat", "power_hold")
_MOST_SHOWN = 6


def check(folder: Folder) -> None:
    if not isinstance(folder.get("PINS"), dict):
        return
    _names(folder)
    _numbers(folder)
    _ports(folder)


def _names(folder: Folder) -> None:
    tags = folder.tags()
    seen: dict[object, int] = {}
    for name, line in folder.definition.entries("PINS"):
        if name in seen:
            folder.error(
                "PINS", f"{name} is given two pins (first in line {seen[name]})", "keep one", name
            )
        seen[name] = line
        if name not in _ROLES:
            near = difflib.get_close_matches(str(name), list(_ROLES), 1)
            advice = f"is {near[0]} meant?" if near else "`cellwarden boards contract` lists them"
            folder.error("PINS", f"nobody drives or reads a pin called {name}", advice, name)
    for role in PINS:
        if role.name not in folder.pins and role.need in tags and role.need != OPTIONAL:
            free = _free(folder, role)
            folder.error(
                "PINS", f"the pin {role.name} is missing ({role.text})", f"give it one: {free}"
            )


def _numbers(folder: Folder) -> None:
    module = folder.module
    users: dict[object, str] = {}
    for name, pin in folder.pins.items():
        role = _ROLES.get(name)
        if role is None:
            continue
        if isinstance(pin, bool) or not isinstance(pin, int):
            folder.error("PINS", f"{name} is {pin!r}", "a pin is a GPIO number", name)
        elif pin in users:
            folder.error(
                "PINS",
                f"pin {pin} is used by {users[pin]} and {name}",
                f"give one of them another: {_free(folder, role)}",
                name,
            )
        elif module is not None:
            _one(folder, module, role, pin)
        users.setdefault(pin, name)


def _one(folder: Folder, module: Module, role: PinName, pin: int) -> None:
    name = role.name
    unit = _unit(folder, name)
    if pin in module.kept:
        folder.error(
            "PINS",
            f"pin {pin} of a {module.title} {module.kept[pin]}; {name} cannot have it",
            f"another: {_free(folder, role)}",
            name,
        )
    elif pin not in module.pins:
        folder.error(
            "PINS",
            f"a {module.title} has no pin {pin} ({name})",
            f"another: {_free(folder, role)}",
            name,
        )
    elif pin not in able(module, role.use, unit):
        folder.error("PINS", _unable(module, role, pin, unit), _free(folder, role), name)
    else:
        _at_start(folder, module, role, pin)


def _unable(module: Module, role: PinName, pin: int, unit: int | None) -> str:
    if pin in module.input_only:
        return f"pin {pin} is an input only; {role.name} is an output"
    if role.use == "adc":
        why = " while the radio works" if pin in module.adc else ""
        return f"pin {pin} cannot measure a voltage{why} ({role.name})"
    work = role.use.replace("_", " ").upper()
    bus, _, signal = work.partition(" ")
    which = "" if unit is None else str(unit)
    return f"pin {pin} cannot be {bus}{which} {signal} ({role.name})"


def _at_start(folder: Folder, module: Module, role: PinName, pin: int) -> None:
    """Levels that a chip samples or makes while it starts."""
    if pin in module.strap:
        level, otherwise, fatal = module.strap[pin]
        if role.rest != level:
            rests = "high" if role.rest == HIGH else "low"
            folder.error(
                "PINS",
                f"{role.name} rests {rests} on strapping pin {pin}: {otherwise}",
                f"another: {_free(folder, role)}",
                role.name,
                "error" if fatal else "warning",
            )
    if pin in module.lively and role.name in _STILL:
        folder.error(
            "PINS",
            f"pin {pin} is not still while a {module.title} starts; {role.name} must be",
            f"another: {_free(folder, role)}",
            role.name,
        )


def _ports(folder: Folder) -> None:
    module = folder.module
    used: dict[object, str] = {}
    for name in ("RS485_1_UART", "RS485_2_UART", "DISPLAY_UART"):
        uart = folder.get(name)
        if uart is None:
            continue
        if uart in used:
            folder.error(
                name, f"UART {uart} is used by {used[uart]} and {name}", "each has its own"
            )
        elif module is not None and uart == module.repl_uart:
            folder.error(name, f"UART {uart} is the REPL's on a {module.title}", "take another")
        elif module is not None and uart not in module.uarts:
            folder.error(
                name,
                f"a {module.title} has no UART {uart}",
                "a third port is a PIO program there: DISPLAY_PIO = (0, 1)",
            )
        used.setdefault(uart, name)
    if module is None:
        return
    for name, there in (("SPI_ID", module.spis), ("I2C_ID", module.i2cs)):
        if folder.has(name) and folder.get(name) not in there:
            which = ", ".join(map(str, there))
            folder.error(name, f"a {module.title} has no {name[:3]} {folder.get(name)}", which)
    if folder.has("DISPLAY_PIO") and module.family != "rp2040":
        folder.error("DISPLAY_PIO", f"a {module.title} has no PIO", "use a DISPLAY_UART")


def _unit(folder: Folder, name: str) -> int | None:
    """Number of the SPI, I2C or UART that a pin belongs to; None: any pin will do."""
    if name.startswith("spi_"):
        unit = folder.get("SPI_ID")
    elif name.startswith("i2c_"):
        unit = folder.get("I2C_ID")
    else:
        unit = folder.get(name.rsplit("_", 1)[0].upper() + "_UART") if _serial(name) else None
    return unit if isinstance(unit, int) else None


def _serial(name: str) -> bool:
    return name.startswith(("rs485_", "display_")) and not name.endswith("_de")


def _free(folder: Folder, role: PinName) -> str:
    """Pins that could do the work and have none yet, as words."""
    module = folder.module
    if module is None:
        return "MODULE says which there are"
    taken = set(folder.pins.values())
    found = [
        pin
        for pin in able(module, role.use, _unit(folder, role.name))
        if pin not in taken
        and module.strap.get(pin, (role.rest,))[0] == role.rest
        and not (pin in module.lively and role.name in _STILL)
    ]
    if not found:
        return "none is free; leave something out, or take a module with more pins"
    more = " ..." if len(found) > _MOST_SHOWN else ""
    return "free and able: " + ", ".join(map(str, found[:_MOST_SHOWN])) + more
