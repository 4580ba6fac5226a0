"""What the Monitor page concludes from a snapshot: the product's states, the charge's bound.

Free of the browser. What a rule means is read out of the rule table; only the product's named
states say which rules they stand for, and a rule that belongs to none is shown by its own title.
A state whose rules are not known is unknown, never fine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ... import catalog
from ...words import Said, known, listed, say, schema
from ..snapshot import Snapshot

FINE, PENDING, ON, OFF, UNKNOWN = "fine", "pending", "on", "off", "unknown"
WARNING, PROTECTION, DANGER = "warning", "protection", "danger"
_ACTIVE, _PENDING, _LATCHED = 1, 2, 4
_RULES = {rule.name: rule for rule in catalog.RULES}

# The states of the product's page, and the rules of which any one brings them about.
STATES = (
    ("cell_disconnected", say("Cell disconnected"), ("open_wire",)),
    ("charge_protection", say("Charge protection"), ("cell_ov1", "pack_ov", "charge_oc")),
    (
        "charge_failure",
        say("Charge protection failed"),
        (
            "cell_ov2",
            "ov_still_charging",
            "charge_stuck_on",
            "charge_feedback_on",
            "charge_unstopped",
        ),
    ),
    (
        "discharge_protection",
        say("Discharge protection"),
        (
            "cell_uv1",
            "pack_uv",
            "discharge_continuous",
            "discharge_oc",
            "discharge_peak",
            "fast_overcurrent",
        ),
    ),
    (
        "discharge_failure",
        say("Discharge protection failed"),
        (
            "cell_uv2",
            "cell_uv2_flow",
            "uv_still_discharging",
            "discharge_stuck_on",
            "discharge_feedback_on",
            "discharge_unstopped",
        ),
    ),
    ("short_circuit", say("Short circuit"), ("short_circuit", "precharge_short")),
    (
        "over_temperature",
        say("Over-temperature"),
        ("charge_ot", "discharge_ot", "power_ot", "balance_ot"),
    ),
    ("low_temperature", say("Low temperature"), ("charge_ut", "discharge_ut")),
    ("difference", say("Voltage difference too large"), ("cell_diff",)),
)
_OTHER = say("Other alarms")
_NAMED = {name for _, _, names in STATES for name in names}
_WORDS = {
    FINE: say("no"),
    PENDING: say("delay is running"),
    ON: say("on"),
    OFF: say("off"),
    UNKNOWN: say("unknown"),
    WARNING: say("warning"),
    PROTECTION: say("tripped"),
    DANGER: say("danger"),
}
_RANK = (UNKNOWN, FINE, PENDING, WARNING, PROTECTION, DANGER)


@dataclass(frozen=True)
class State:
    """One state to show: its level decides colour and icon, ``word`` says the same."""

    key: str
    title: Said
    level: str
    rules: tuple[Said, ...] = ()

    @property
    def word(self) -> Said:
        return _WORDS[self.level]

    @property
    def why(self) -> Said:
        return listed(self.rules) if self.rules else known("")


def states(seen: Snapshot) -> list[State]:
    """The product's states, the switches and balancing, and whatever else is wrong."""
    shown = [_of_rules(seen, key, title, names) for key, title, names in STATES]
    for name in ("charge_switch", "discharge_switch"):
        shown.append(State(name, schema.title(catalog.READING[name]), on_off(seen.get(name))))
    cells = seen.get("balancing")
    shown.append(State("balancing", BALANCING, on_off(cells)))
    shown.append(_others(seen))
    return shown


BALANCING = say("Balancing")


def on_off(count: int | None) -> str:
    return UNKNOWN if count is None else ON if count else OFF


def _of_rules(seen: Snapshot, key: str, title: Said, names: tuple[str, ...]) -> State:
    level, told = FINE, []
    for name in names:
        rule = _RULES[name]
        one = _level(rule, _bits(seen, rule.number))
        if one not in (FINE, UNKNOWN):
            told.append(schema.rule(rule))
        level = max(level, one, key=_RANK.index) if one != UNKNOWN else level
    if level == FINE and all(_bits(seen, _RULES[name].number) is None for name in names):
        level = UNKNOWN
    return State(key, title, level, tuple(told))


def _others(seen: Snapshot) -> State:
    """Rules that no state stands for, rules newer than this program too."""
    level, told = FINE, []
    for number, bits in enumerate(seen.all("rule_state")):
        rule = catalog.RULES[number] if number < len(catalog.RULES) else None
        if rule is not None and (rule.name in _NAMED or rule.loud == "info"):
            continue
        one = _level(rule, bits)
        if one not in (FINE, UNKNOWN, PENDING):
            told.append(schema.rule(number))
            level = max(level, one, key=_RANK.index)
    if not seen.all("rule_state"):
        level = UNKNOWN
    return State("other", _OTHER, level, tuple(told))


def is_standing(seen: Snapshot, number: int) -> bool:
    """The rule is active or latched."""
    return bool((_bits(seen, number) or 0) & (_ACTIVE | _LATCHED))


def _bits(seen: Snapshot, number: int) -> int | None:
    found = seen.all("rule_state")
    return found[number] if number < len(found) else None


def _level(rule: Any | None, bits: int | None) -> str:
    if bits is None:
        return UNKNOWN
    if bits & (_ACTIVE | _LATCHED):
        loud = rule.loud if rule is not None else PROTECTION
        return loud if loud in (WARNING, DANGER) else PROTECTION
    return PENDING if bits & _PENDING else FINE


def bound(seen: Snapshot) -> tuple[int, int] | None:
    """The state of charge, lowest and highest that is likely: two standard deviations."""
    soc, sigma = seen.get("soc_permille"), seen.get("soc_sigma_permille")
    if soc is None or sigma is None:
        return None
    return max(0, soc - 2 * sigma), min(1000, soc + 2 * sigma)


def limited_by(seen: Snapshot, side: str) -> Said:
    """What holds a current limit down; a protection by its name."""
    row = catalog.READING[f"{side}_limited_by"]
    count = seen.get(row.name)
    number = seen.get(f"{side}_off_rule")
    if count is not None and number is not None and row.choices[count : count + 1] == _PROTECTION:
        return schema.rule(number)
    return schema.value(row, count)


_PROTECTION = ("protection",)
