"""The switches of a pack: what is asked for, what the board does, and why the two differ.

A switch is a permission (docs/safety.md 14). Everything told here was read from the board; what
is not known is not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from cellwarden import ids

from . import catalog, units
from .words import Said, say, schema

_ACTIVE = 1  # bit of rule_state
# A current below this is not called flowing.
FLOWING_MA = 200


TITLES = {
    "charge_wanted": say("Charge MOSFET"),
    "discharge_wanted": say("Discharge MOSFET"),
    "equalization": say("Equalization"),
    "special_charger": say("Special charger"),
    "heater_mode": say("Heater"),
}


class Seen(Protocol):
    """What a snapshot tells."""

    def get(self, name: str) -> int | None: ...
    def all(self, name: str) -> list[int | None]: ...
    def setting(self, name: str, element: int = 0) -> int | None: ...


@dataclass(frozen=True)
class Permission:
    """``asked`` and ``does`` in words; ``on`` is what the board does; ``why`` they differ."""

    name: str
    asked: Said
    does: Said
    on: bool | None
    differs: bool
    why: Said | None = None


def permissions(seen: Seen) -> list[Permission]:
    """Every switch that a person can ask for, in the order of the page."""
    return [
        _switch(seen, "charge"),
        _switch(seen, "discharge"),
        _balancing(seen),
        _special_charger(seen),
        _heater(seen),
    ]


@dataclass(frozen=True)
class Question:
    """What a person is asked before a switch is used."""

    title: Said
    text: Said
    yes: Said
    drops_load: bool


def question(seen: Seen, name: str, wanted: int) -> Question | None:
    """What to ask before ``name`` is set to ``wanted``; None where nothing can come of it."""
    if would_drop_load(seen, name, wanted):
        return Question(
            say("Switch the load off?"),
            say("Whatever hangs on the pack loses its supply. A vehicle must stand still."),
            say("Switch off"),
            True,
        )
    if name == "discharge_wanted" and wanted:
        return Question(
            say("Let the load be switched on?"),
            say("The output may become live at once."),
            say("Allow"),
            False,
        )
    return None


def would_drop_load(seen: Seen, name: str, wanted: int) -> bool:
    """True when this takes the supply from a load that hangs on the pack now."""
    return name == "discharge_wanted" and not wanted and bool(seen.get("discharge_switch"))


def _on_off(on: int | None) -> Said:
    if on is None:
        return say("not known")
    return say("closed, current may flow") if on else say("open")


def _asked(seen: Seen, name: str) -> tuple[int | None, Said]:
    count = seen.setting(name)
    row = catalog.SETTING[name]
    return count, schema.choice(row, count) if count is not None else say("not known")


def _switch(seen: Seen, side: str) -> Permission:
    wanted, asked = _asked(seen, f"{side}_wanted")
    on = seen.get(f"{side}_switch")
    differs = on is not None and wanted is not None and bool(wanted) != bool(on)
    why = None
    if differs:
        why = _why_open(seen, side) if wanted else _why_closed(seen, side)
    return Permission(
        f"{side}_wanted", asked, _on_off(on), None if on is None else bool(on), differs, why
    )


def _why_open(seen: Seen, side: str) -> Said:
    rule = seen.get(f"{side}_off_rule")
    if rule is not None:
        return say("kept open by: {rule}", rule=schema.rule(rule))
    lease = seen.get("lease_state")
    if side == "discharge" and lease is not None and lease >= ids.LEASE_STATE_IS_ENDED:
        state = schema.choice(catalog.READING["lease_state"], lease)
        return say("kept open by the lease: {state}", state=state)
    state_now = seen.get("board_state")
    if state_now == ids.BOARD_STATE_IS_STARTING:
        return say("the board has just started and waits for complete readings")
    if state_now == ids.BOARD_STATE_IS_PRECHARGING:
        return say("the load is being precharged first")
    return say("it closes as soon as readings are good and the wait between switchings is over")


def _why_closed(seen: Seen, side: str) -> Said:
    current_ma = seen.get("current_ma")
    against = current_ma is not None and (current_ma < 0 if side == "charge" else current_ma > 0)
    if against:
        return say("closed to spare the body diode while current flows the other way")
    return say("it opens as soon as it may: a relay waits for less current")


def _is_active(seen: Seen, rule: int) -> bool:
    bits = seen.all("rule_state")
    return rule < len(bits) and bool((bits[rule] or 0) & _ACTIVE)


def _balancing(seen: Seen) -> Permission:
    wanted, asked = _asked(seen, "equalization")
    cells = seen.get("balancing")
    does = say("not known")
    if cells is not None:
        does = say("balancing {count} cells", count=cells) if cells else say("no cell is balanced")
    differs = bool(wanted) and cells == 0
    return Permission(
        "equalization",
        asked,
        does,
        None if cells is None else bool(cells),
        differs,
        _why_not_balanced(seen) if differs else None,
    )


def _why_not_balanced(seen: Seen) -> Said:
    diff, least = seen.get("cell_diff_mv"), seen.setting("balance_diff_mv")
    if diff is not None and least is not None and diff < least:
        return say(
            "the cells lie within {diff} of each other; it starts at {least}",
            diff=_set("balance_diff_mv", diff),
            least=_set("balance_diff_mv", least),
        )
    highest, start = seen.get("cell_max_mv"), seen.setting("balance_start_mv")
    if highest is not None and start is not None and highest < start:
        return say(
            "the highest cell is at {highest}; it starts at {start}",
            highest=_value("cell_max_mv", highest),
            start=_set("balance_start_mv", start),
        )
    return say("no cell needs it now, or a protection, heat or the load forbids it for now")


def _special_charger(seen: Seen) -> Permission:
    wanted, asked = _asked(seen, "special_charger")
    if not wanted:
        return Permission("special_charger", asked, say("any charger may charge"), None, False)
    silent = _is_active(seen, ids.RULE_CHARGER_SILENT)
    does = (
        say("no charger speaks on RS485-1: charging is off")
        if silent
        else say("a charger speaks on RS485-1: it may charge")
    )
    why = say("it has not spoken for 5 s, or is not connected to RS485-1") if silent else None
    return Permission("special_charger", asked, does, not silent, silent, why)


def _heater(seen: Seen) -> Permission:
    mode, asked = _asked(seen, "heater_mode")
    on = seen.get("heater_switch")
    does = say("not known") if on is None else (say("heating") if on else say("not heating"))
    differs = bool(mode) and on == 0
    why = _why_cold(seen, mode) if differs and mode is not None else None
    return Permission("heater_mode", asked, does, None if on is None else bool(on), differs, why)


def _why_cold(seen: Seen, mode: int) -> Said:
    if _is_active(seen, ids.RULE_HEATER_FAULT):
        return say("kept open by: {rule}", rule=schema.rule(ids.RULE_HEATER_FAULT))
    coldest, start = seen.get("temp_min_dc"), seen.setting("heater_on_dc")
    if coldest is None:
        return say("no battery temperature is known")
    if start is not None and coldest > start:
        return say(
            "warm enough: the coldest sensor shows {coldest}, it starts at {start}",
            coldest=_value("temp_min_dc", coldest),
            start=_set("heater_on_dc", start),
        )
    if mode == ids.HEATER_MODE_IS_CHARGE:
        return say("it heats only while a charger is there")
    if mode == ids.HEATER_MODE_IS_DISCHARGE and not seen.get("discharge_switch"):
        return say("it heats only while the discharge switch is closed")
    soc, least = seen.get("soc_permille"), seen.setting("heater_min_soc_percent")
    if soc is not None and least is not None and soc < 10 * least:
        return say(
            "too little charge left: {soc}, it needs {least} or a charger",
            soc=_value("soc_permille", soc),
            least=_set("heater_min_soc_percent", least),
        )
    return say("a protection forbids it for now")


def _value(name: str, count: int) -> Any:
    return units.text(catalog.READING[name], count)


def _set(name: str, count: int) -> Any:
    return units.text(catalog.SETTING[name], count)
