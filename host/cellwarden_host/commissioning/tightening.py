"""Which limit proves which protection, and how far everything moves so that only that is proved.

A limit moves past the present value, and what the cross rules tie to it moves along; each only
in the direction that protects earlier. A plan that would loosen anything is refused here, before
the board is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .. import catalog, rehearsal, units
from ..board import Values
from ..problems import Refused
from ..rehearsal import Key
from ..rule_words import quantity_row
from ..words import Said, say
from ..words import schema as schema_words
from .plausible import Look

# Settings of which a lower value acts earlier, and of which a higher one does.
_DOWN = (
    "cell_ov1_mv",
    "cell_ov_recover_mv",
    "cell_ov_warn_mv",
    "balance_start_mv",
    "charge_cell_mv",
    "pack_ov_mv",
    "pack_ov_recover_mv",
    "cell_diff_mv",
    "cell_diff_recover_mv",
    "cell_diff_warn_mv",
    "charge_current_ma",
    "charge_oc_ma",
    "discharge_current_ma",
    "discharge_oc_ma",
    "discharge_peak_ma",
    "charge_ot_dc",
    "charge_ot_recover_dc",
    "discharge_ot_dc",
    "discharge_ot_recover_dc",
    "power_ot_dc",
    "power_ot_recover_dc",
)
_UP = (
    "cell_uv1_mv",
    "cell_uv_recover_mv",
    "cell_uv_warn_mv",
    "pack_uv_mv",
    "pack_uv_recover_mv",
    "charge_ut_dc",
    "charge_ut_recover_dc",
    "discharge_ut_dc",
    "discharge_ut_recover_dc",
)
TIGHTER = {**dict.fromkeys(_DOWN, -1), **dict.fromkeys(_UP, 1)}
# Rules between settings are few; more rounds than this mean that they chase each other.
_ROUNDS = 30

REST, CHARGING, DISCHARGING = "rest", "charging", "discharging"


@dataclass(frozen=True)
class Proof:
    """``reach(present)`` is the limit that the present value breaks."""

    rule: Any
    limit: str
    present: Callable[[Look], int | None]
    reach: Callable[[int], int]
    current: str = REST

    @property
    def switches(self) -> tuple[str, ...]:
        """The switches that have to open."""
        return tuple(
            f"{way}_switch" for way in ("charge", "discharge") if way in self.rule.forbids
        )

    @property
    def title(self) -> Said:
        return schema_words.rule(self.rule)


def _reading(name: str, factor: int = 1, element: int = 0) -> Callable[[Look], int | None]:
    def present(seen: Look) -> int | None:
        count = seen.values.all(name)[element] if name in seen.values else None
        return None if count is None else factor * count

    return present


def _less(step: int) -> Callable[[int], int]:
    return lambda present: present - step


def _percent(part: int) -> Callable[[int], int]:
    return lambda present: present * part // 100


_RULES = {rule.name: rule for rule in catalog.RULES}
_HOTTEST, _COLDEST = _reading("temp_max_dc"), _reading("temp_min_dc")
_OUT, _IN = _reading("current_ma", -1), _reading("current_ma")

# A reading moves by its noise from sample to sample: limits go this far past it.
PROOFS = tuple(
    Proof(_RULES[rule], limit, present, reach, *current)
    for rule, limit, present, reach, *current in (
        ("cell_ov1", "cell_ov1_mv", _reading("cell_max_mv"), _less(10)),
        ("cell_uv1", "cell_uv1_mv", _reading("cell_min_mv"), _less(-10)),
        ("pack_ov", "pack_ov_mv", _reading("pack_10mv", 10), _percent(99)),
        ("pack_uv", "pack_uv_mv", _reading("pack_10mv", 10), _percent(101)),
        ("cell_diff", "cell_diff_mv", _reading("cell_diff_mv"), _less(5)),
        ("charge_oc", "charge_oc_ma", _IN, _percent(80), CHARGING),
        ("discharge_continuous", "discharge_current_ma", _OUT, _percent(90), DISCHARGING),
        ("discharge_oc", "discharge_oc_ma", _OUT, _percent(80), DISCHARGING),
        ("discharge_peak", "discharge_peak_ma", _OUT, _percent(80), DISCHARGING),
        ("charge_ot", "charge_ot_dc", _HOTTEST, _less(5)),
        ("charge_ut", "charge_ut_dc", _COLDEST, _less(-5)),
        ("discharge_ot", "discharge_ot_dc", _HOTTEST, _less(5)),
        ("discharge_ut", "discharge_ut_dc", _COLDEST, _less(-5)),
        ("power_ot", "power_ot_dc", _reading("temp_dc", element=4), _less(5)),
    )
)
PROOF = {proof.rule.name: proof for proof in PROOFS}


def not_provable() -> list[tuple[Any, Said]]:
    """Every other protection, and why its limit is not to be tightened on a real pack."""
    return [
        (rule, _why_not(rule)) for rule in catalog.RULES if rule.forbids and rule.name not in PROOF
    ]


def _why_not(rule: Any) -> Said:
    if "secondary" in rule.forbids:
        return say("it would release the secondary disconnect")
    if "charge" not in rule.forbids and "discharge" not in rule.forbids:
        return say("no switch opens that could be seen")
    if rule.trip in catalog.SETTING:
        if rule.wait == "confirmation":
            return say("it locks the pack until a person confirms")
        return say("a healthy pack does not come near its limit")
    return say("it has no limit to tighten; the board's fault tests cover it")


@dataclass(frozen=True)
class Plan:
    """What is written, and what stood there: both by setting."""

    wanted: dict[Key, int]
    before: dict[Key, int]


def plan(proof: Proof, seen: Look) -> Plan:
    """How to break this limit now; ``Refused`` says what would have to be different."""
    present = proof.present(seen)
    row = catalog.SETTING[proof.limit]
    shown = quantity_row(proof.rule) if proof.current == REST else row
    if present is None:
        raise Refused(say("The board does not measure what this protection judges"))
    before = together(seen)
    lives = _live(before)
    limit = proof.reach(present)
    tighter = TIGHTER[proof.limit]
    if not row.low <= limit <= row.high:
        parts = {
            "present": units.text(shown, present),
            "bound": units.text(row, row.low if tighter < 0 else row.high),
        }
        if tighter < 0:
            raise Refused(say("Now {present}; it must be above {bound} for this", **parts))
        raise Refused(say("Now {present}; it must be below {bound} for this", **parts))
    if (limit - lives[proof.limit, 0]) * tighter <= 0:
        raise Refused(
            say(
                "The present value, {present}, breaks the limit already",
                present=units.text(shown, present),
            )
        )
    wanted = _follow(before, {(proof.limit, 0): limit})
    check_tighter(before, wanted)
    return Plan(wanted, {key: before.all(key[0])[key[1]] or 0 for key in wanted})


def together(seen: Look) -> Values:
    """Settings with the readings that a rehearsal needs beside them."""
    before = Values()
    for row in rehearsal.NEEDED:
        source = seen.values if row.kind == "reading" else seen.settings
        before.set(row, source.all(row.name))
    return before


def _with(before: Values, wanted: dict[Key, int]) -> Values:
    after = Values()
    for row in rehearsal.NEEDED:
        counts = list(before.all(row.name))
        if row.kind == "setting":
            counts = [wanted.get((row.name, i), count) for i, count in enumerate(counts)]
        after.set(row, counts)
    return after


def _live(before: Values) -> dict[Key, int]:
    """All settings with what is automatic resolved."""
    return rehearsal.play(before, {}).live


def _staged(before: Values, wanted: dict[Key, int]) -> dict[Key, int]:
    return _live(_with(before, wanted))


def _follow(before: Values, wanted: dict[Key, int]) -> dict[Key, int]:
    """``wanted`` with everything that has to move along."""
    for _ in range(_ROUNDS):
        played = rehearsal.play(before, wanted)
        if played.problem is None:
            return wanted
        moved = _mended(_staged(before, wanted), played.broken, wanted)
        if moved is None:
            raise Refused(
                say("The other limits leave no room for it now: {why}", why=played.problem)
            )
        wanted = {**wanted, **moved}
    raise Refused(say("The other limits leave no room for it now: {why}", why=""))


def _mended(
    live: dict[Key, int], broken: Iterable[tuple[str, str, int]], wanted: dict[Key, int]
) -> dict[Key, int] | None:
    """The first broken rule's partner, moved to its tighter side; None where it may not move."""
    for low, high, gap in broken:
        if TIGHTER.get(low) == -1 and (high, 0) in live:
            value = {(low, 0): live[high, 0] - gap}
        elif TIGHTER.get(high) == 1 and (low, 0) in live:
            value = {(high, 0): live[low, 0] + gap}
        else:
            return None
        (key, count), *_ = value.items()
        row = catalog.SETTING[key[0]]
        return value if row.low <= count <= row.high and wanted.get(key) != count else None
    return None


def check_tighter(before: Values, wanted: dict[Key, int]) -> None:
    """Refuse a change that would make any limit act later than it does now."""
    now, then = _live(before), _staged(before, wanted)
    for key, count in then.items():
        step = count - now[key]
        if step and step * TIGHTER.get(key[0], 0) <= 0:
            raise Refused(
                say(
                    "{name} would be loosened: this proof is not made",
                    name=schema_words.name(catalog.SETTING[key[0]]),
                )
            )
