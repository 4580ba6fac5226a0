"""What the Monitor page says of switches: what is asked for, what the board does, and why.

Free of the browser. A switch is a permission; where the board does otherwise, the rule that keeps
it off is told with its limit and its way back.
"""

from __future__ import annotations

from dataclasses import dataclass

from ... import catalog, rule_words
from ...words import Said, known, listed, say, schema
from ..snapshot import Snapshot
from .monitor_states import BALANCING, OFF, ON, PROTECTION, UNKNOWN, WARNING, is_standing, on_off


@dataclass(frozen=True)
class Switch:
    """``asked`` and ``does`` in words; ``why`` is empty where they agree."""

    key: str
    title: Said
    asked: Said
    does: Said
    level: str
    why: Said


def switches(seen: Snapshot) -> list[Switch]:
    return [_side(seen, "charge"), _side(seen, "discharge"), _balancing(seen), _heater(seen)]


def _asked(seen: Snapshot, name: str) -> Said:
    count = seen.setting(name)
    return say("unknown") if count is None else schema.choice(catalog.SETTING[name], count)


def _side(seen: Snapshot, side: str) -> Switch:
    row = catalog.READING[f"{side}_switch"]
    wanted, does = seen.setting(f"{side}_wanted"), seen.get(row.name)
    why = known("")
    if does and wanted == 0:
        why = say("switched off, but the board still holds it on")
    elif does == 0:
        why = why_off(seen, side)
    level = UNKNOWN if does is None else ON if does else OFF if wanted == 0 else PROTECTION
    return Switch(
        side,
        schema.title(row),
        _asked(seen, f"{side}_wanted"),
        schema.value(row, does),
        level,
        why,
    )


def why_off(seen: Snapshot, side: str) -> Said:
    """What keeps an output off: the rule, its limit and its way back, or a person."""
    number = seen.get(f"{side}_off_rule")
    if number is not None:
        return of_rule(number, seen)
    if seen.setting(f"{side}_wanted") == 0:
        return say("switched off by a person; Normal switches it on")
    state = seen.get("board_state")
    if state is None:
        return say("the board does not say why")
    return say("the board is {state}", state=schema.choice(catalog.READING["board_state"], state))


def of_rule(number: int, seen: Snapshot) -> Said:
    """``cell over-voltage (4.200 V or more for 4 s). Back when: ...``"""
    title = schema.rule(number)
    if number >= len(catalog.RULES):
        return title
    rule = catalog.RULES[number]
    return say(
        "{rule} ({limit}). Comes back when: {way}",
        rule=title,
        limit=rule_words.limits(rule, seen.settings),
        way=rule_words.way_back(rule, seen.settings),
    )


def _forbidding(seen: Snapshot, what: str) -> list[Said]:
    """Active rules that keep this off."""
    return [
        schema.rule(rule)
        for rule in catalog.RULES
        if what in rule.forbids and is_standing(seen, rule.number)
    ]


def _balancing(seen: Snapshot) -> Switch:
    cells, asked = seen.get("balancing"), seen.setting("equalization")
    does, why, kept = say("unknown"), known(""), list[Said]()
    if cells:
        does = say("balancing {cells} cells", cells=cells) if cells > 1 else say("one cell")
    elif cells == 0:
        does = schema.choice(_OFF_ON, 0)
        kept = _forbidding(seen, "balance") if asked else []
        if kept:
            why = say("kept off by: {rules}", rules=listed(kept))
        elif asked:
            why = say(
                "no cell needs it: it starts at {start} and {difference} of difference",
                start=schema.value(
                    catalog.SETTING["balance_start_mv"], seen.setting("balance_start_mv")
                ),
                difference=schema.value(
                    catalog.SETTING["balance_diff_mv"], seen.setting("balance_diff_mv")
                ),
            )
    level = WARNING if kept else on_off(cells)
    return Switch("balancing", BALANCING, _asked(seen, "equalization"), does, level, why)


def _heater(seen: Snapshot) -> Switch:
    row = catalog.READING["heater_switch"]
    does, mode = seen.get(row.name), seen.setting("heater_mode")
    why, kept = known(""), list[Said]()
    if does == 0 and mode:
        kept = _forbidding(seen, "heater")
        why = (
            say("kept off by: {rules}", rules=listed(kept))
            if kept
            else say(
                "starts at {start} or less",
                start=schema.value(catalog.SETTING["heater_on_dc"], seen.setting("heater_on_dc")),
            )
        )
    asked = _asked(seen, "heater_mode")
    level = WARNING if kept else on_off(does)
    return Switch("heater", schema.title(row), asked, schema.value(row, does), level, why)


_OFF_ON = catalog.READING["heater_switch"]
