"""The protections in words: what a rule watches, what it keeps off, and how it comes back.

Everything is read out of the rule table and the settings on the board; no rule is named here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from cellwarden.tables import rules

from . import catalog, units
from .board import Values
from .words import Said, both, known, say, schema, terminal

_QUANTITY_UNIT = {name: unit for name, unit, _ in rules.QUANTITIES}
_ACTIVE, _PENDING, _LATCHED = 1, 2, 4
_MILLISECONDS = SimpleNamespace(
    name="delay", kind="setting", unit="ms", high=3_600_000, choices=None, auto=None
)

_WAIT_WORDS = {
    "over_voltage": say("the pack has been discharged or the charger removed"),
    "under_voltage": say("a charger charges, or the load is removed"),
    "charger_off": say("the charger is removed"),
    "load_off": say("the load is removed"),
    "person": say("a person clears it{how}", how=terminal(" (cellwarden clear)")),
    "confirmation": say(
        "a person takes it as it is{how}",
        how=terminal(" (cellwarden do confirm_deep_discharge)"),
    ),
}
_FORBID_WORDS = {
    "charge": say("charging"),
    "discharge": say("discharging"),
    "balance": say("balancing"),
    "heater": say("the heater"),
}
_STATE_WORDS = {
    "latched": say("latched"),
    "active": say("active"),
    "pending": say("pending"),
    "idle": say("idle"),
}


@dataclass(frozen=True)
class RuleNow:
    """A rule and what it is doing at the moment."""

    rule: Any
    active: bool
    pending: bool
    latched: bool
    retries: int

    @property
    def state(self) -> Said:
        if self.latched:
            return _STATE_WORDS["latched"]
        return _STATE_WORDS["active" if self.active else "pending" if self.pending else "idle"]


def rules_now(values: Values) -> list[RuleNow]:
    """All rules that are not idle, loudest first."""
    found = []
    for rule, bits in zip(catalog.RULES, values.all("rule_state"), strict=False):
        if bits is not None and bits & (_ACTIVE | _PENDING | _LATCHED):
            found.append(
                RuleNow(
                    rule,
                    bool(bits & _ACTIVE),
                    bool(bits & _PENDING),
                    bool(bits & _LATCHED),
                    bits >> 8,
                )
            )
    return sorted(found, key=lambda now: (-loudness(now.rule), now.rule.number))


def loudness(rule: Any) -> int:
    """0 for silent to 4 for danger, as ``loudest`` counts."""
    return int(catalog.READING["loudest"].choices.index(rule.loud))


def rule_titled(number: int | None) -> Said:
    """The title of rule ``number``; "" for none, its number when newer than this program."""
    return known("") if number is None else schema.rule(number)


def off_because(values: Values, side: str) -> Said:
    """The one reason that keeps the ``side`` switch off: a rule, a person, what the board does."""
    rule = values.one(f"{side}_off_rule")
    if rule is not None:
        return schema.rule(rule)
    if not values.known(f"{side}_wanted"):
        how = terminal(f" (cellwarden switch {side} on)")
        return say("switched off by a person{how}", how=how)
    state = values.known("board_state")
    return say("the board is {state}", state=schema.choice(catalog.NAMED["board_state"], state))


def quantity_row(rule: Any) -> Any:
    """A row that shows values of what the rule judges."""
    unit = _QUANTITY_UNIT[rule.quantity]
    return SimpleNamespace(
        name=rule.quantity, kind="reading", unit=unit, high=1_000_000, choices=None
    )


def keeps_off(rule: Any) -> Said:
    """What the rule forbids, in words; "" for one that only warns."""
    words = [word for name, word in _FORBID_WORDS.items() if name in rule.forbids]
    text = both(words) if words else known("")
    if "secondary" in rule.forbids:
        return say("{what}; fires the disconnect", what=text)
    return text


def limits(rule: Any, settings: Values) -> Said:
    """When the rule trips: ``4.200 V or more for 4 s``."""
    if _is_flag(rule):
        if not rule.delay:
            return say("at once")
        return say("after {delay}", delay=_delay(rule.delay, settings))
    limit = _of_margin(rule, beyond(rule, _value(rule, rule.trip, settings)))
    if not rule.delay:
        return limit
    return say("{limit} for {delay}", limit=limit, delay=_delay(rule.delay, settings))


def beyond(rule: Any, limit: str) -> Said:
    """The side of a limit on which the rule trips: ``4.200 V or more``."""
    return _or_more(limit) if rule.way == "over" else _or_less(limit)


def _or_more(value: str) -> Said:
    return say("{value} or more", value=value)


def _or_less(value: str) -> Said:
    return say("{value} or less", value=value)


def way_back(rule: Any, settings: Values) -> Said:
    """What has to happen before the rule lets go."""
    condition = _recovery(rule, settings)
    if rule.wait == "none":
        return condition
    wait = _WAIT_WORDS[rule.wait]
    if rule.retry_delay and rule.wait != "person":
        wait = say(
            "{wait} or after {delay}, {retries} times",
            wait=wait,
            delay=_delay(rule.retry_delay, settings),
            retries=rule.retries,
        )
    return say("{one}, and {other}", one=condition, other=wait)


def _recovery(rule: Any, settings: Values) -> Said:
    if rule.recover is not None:
        value = _value(rule, rule.recover, settings)
        return _or_less(value) if rule.way == "over" else _or_more(value)
    return say("the cause is gone") if _is_flag(rule) else _past(rule, settings)


def _past(rule: Any, settings: Values) -> Said:
    trip = rule.trip
    if isinstance(trip, str):
        trip = settings.one(trip) if trip in settings else None
    if not trip:  # automatic, or a constant of the board: only the board knows the number
        return say("back inside the limit")
    if rule.way == "over":
        back = say("below {value}", value=_value(rule, trip - rule.hysteresis, settings))
    else:
        back = say("above {value}", value=_value(rule, trip + rule.hysteresis, settings))
    return _of_margin(rule, back)


def _of_margin(rule: Any, limit: Said) -> Said:
    """A margin is no temperature: it is what is left until a protection acts."""
    if "margin" in rule.quantity:
        return say("{limit} from the protection's limit", limit=limit)
    return limit


def _is_flag(rule: Any) -> bool:
    return rule.trip == 1 and _QUANTITY_UNIT[rule.quantity] == ""


def _value(rule: Any, what: str | int, settings: Values) -> str:
    """A limit: a literal, a setting's value, or the setting's own rule for 0."""
    return _resolved(what, settings, lambda count: units.text(quantity_row(rule), count))


def _delay(what: str | int, settings: Values) -> str:
    return _resolved(what, settings, lambda count: units.text(_MILLISECONDS, count))


def _resolved(what: str | int, settings: Values, show: Callable[[int], str]) -> str:
    if isinstance(what, int):
        return show(what)
    row = catalog.SETTING.get(what)
    count = settings.one(what) if row is not None and what in settings else None
    if row is None or count is None:
        words = what.replace("_", " ")
        return terminal(words, schema.title(row) if row is not None else schema.constant(what))
    if count == 0 and row.auto:
        return _automatic(row, settings, show)
    return show(count)


def _automatic(row: Any, settings: Values, show: Callable[[int], str]) -> Said:
    """What 0 stands for; a page is told the number as well, where it is known."""
    auto = schema.auto(row)
    number = Decimal(1)
    for factor in row.auto.split(" x "):
        name = "cell_count" if factor == "cells" else factor
        if name in catalog.SETTING:
            count = settings.one(name) if name in settings else None
            number *= count or 0
        else:
            number *= Decimal(factor)
    if not number:
        return auto
    return terminal(auto, say("{value} ({auto})", value=show(int(number)), auto=auto))
