"""The protections in words: what a rule watches, what it keeps off, and how it comes back.

Everything is read out of the rule table and the settings on the board; no rule is named here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from cellwarden.tables import rules

from . import catalog, units
from .board import Values

_QUANTITY_UNIT = {name: unit for name, unit, _ in rules.QUANTITIES}
_ACTIVE, _PENDING, _LATCHED = 1, 2, 4
_MILLISECONDS = SimpleNamespace(
    name="delay", kind="setting", unit="ms", high=3_600_000, choices=None, auto=None
)

_WAIT_WORDS = {
    "over_voltage": "the pack has been discharged or the charger removed",
    "under_voltage": "a charger charges, or the load is removed",
    "charger_off": "the charger is removed",
    "load_off": "the load is removed",
    "person": "a person clears it (cellwarden clear)",
    "confirmation": "a person takes it as it is (cellwarden do confirm_deep_discharge)",
}
_FORBID_WORDS = {
    "charge": "charging",
    "discharge": "discharging",
    "balance": "balancing",
    "heater": "the heater",
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
    def state(self) -> str:
        if self.latched:
            return "latched"
        return "active" if self.active else "pending" if self.pending else "idle"


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


def rule_titled(number: int | None) -> str:
    """The title of rule ``number``; "" for none, its number when newer than this program."""
    if number is None:
        return ""
    return str(catalog.RULES[number].title) if number < len(catalog.RULES) else f"rule {number}"


def quantity_row(rule: Any) -> Any:
    """A row that shows values of what the rule judges."""
    unit = _QUANTITY_UNIT[rule.quantity]
    return SimpleNamespace(
        name=rule.quantity, kind="reading", unit=unit, high=1_000_000, choices=None
    )


def keeps_off(rule: Any) -> str:
    """What the rule forbids, in words; "" for one that only warns."""
    words = [word for name, word in _FORBID_WORDS.items() if name in rule.forbids]
    text = " and ".join(words)
    return f"{text}; fires the disconnect" if "secondary" in rule.forbids else text


def limits(rule: Any, settings: Values) -> str:
    """When the rule trips: ``4.200 V or more for 4 s``."""
    side = "or more" if rule.way == "over" else "or less"
    if _is_flag(rule):
        return "at once" if not rule.delay else f"after {_delay(rule.delay, settings)}"
    trip = _value(rule, rule.trip, settings)
    return f"{trip} {side} for {_delay(rule.delay, settings)}" if rule.delay else f"{trip} {side}"


def way_back(rule: Any, settings: Values) -> str:
    """What has to happen before the rule lets go."""
    conditions = []
    if rule.wait == "person":
        conditions.append(_WAIT_WORDS["person"])
    if rule.recover is not None:
        side = "or less" if rule.way == "over" else "or more"
        conditions.insert(0, f"{_value(rule, rule.recover, settings)} {side}")
    elif _is_flag(rule):
        conditions.insert(0, "the cause is gone")
    else:
        conditions.insert(0, _past(rule, settings))
    if rule.wait not in ("none", "person"):
        word = _WAIT_WORDS[rule.wait]
        if rule.retry_delay:
            word += f" or after {_delay(rule.retry_delay, settings)}, {rule.retries} times"
        conditions.append(word)
    return ", and ".join(condition for condition in conditions if condition)


def _past(rule: Any, settings: Values) -> str:
    trip = rule.trip
    if isinstance(trip, str):
        trip = settings.one(trip) if trip in settings else None
    if not trip:  # automatic, or a constant of the board: only the board knows the number
        return "back inside the limit"
    back = trip - rule.hysteresis if rule.way == "over" else trip + rule.hysteresis
    return f"{'below' if rule.way == 'over' else 'above'} {_value(rule, back, settings)}"


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
        return what.replace("_", " ")  # a constant of the board
    if count == 0 and row.auto:
        return str(row.auto)
    return show(count)
