"""Proves one protection: its limit is tightened, the switch is seen to open, all is put back.

A job of small pieces (``jobs``). Nothing is begun while anything else is wrong, and not against
a current that a stuck switch would turn into a fired disconnect, except where the current is
what is judged. Whatever happens, the old limits are written back first of all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import catalog, transaction
from ..board import Board
from ..jobs import Job
from ..problems import Problem, Refused
from ..rule_words import rule_titled
from ..words import Said, known, listed, say
from ..words import schema as schema_words
from . import plausible, put_back
from .plausible import Look
from .tightening import CHARGING, DISCHARGING, REST, Plan, Proof, plan

# Without a judged current, less than this may flow: a switch that does not open is then seen
# without the disconnect being fired for it (board_unstopped_ma is 2 A or more).
REST_MA = 1000
FLOW_MA = 1300
_LOOK_S = 0.4
# Beyond a rule's own delay: samples, ticks, the line.
_PATIENCE_S = 5
_BACK_S = 25
_ACTIVE, _LATCHED = 1, 4


@dataclass(frozen=True)
class Proved:
    """``good``: the rule tripped, its switches opened, the limits are back."""

    good: bool
    said: str


def obstacle(proof: Proof, seen: Look) -> Said | None:
    """Why this proof cannot be made now; None when it can."""
    if not seen.settings.known("confirmed"):
        return say("The pack is not set up yet")
    if seen.values.known("protections"):
        active = [rule for rule in catalog.RULES if rule.forbids and seen.active(rule.name)]
        titles = listed(schema_words.rule(rule) for rule in active)
        return say("A protection is active already: {rules}", rules=titles)
    off = [name for name in proof.switches if not seen.values.known(name)]
    if off:
        names = listed(schema_words.name_of(name) for name in off)
        return say("{switches} is off: nobody could see it open", switches=names)
    wrong = _current(proof, seen.values.one("current_ma"))
    if wrong is not None:
        return wrong
    try:
        plan(proof, seen)
    except Refused as refused:
        said = refused.said
        return said if isinstance(said, Said) else known(said)
    return None


def _current(proof: Proof, current_ma: int | None) -> Said | None:
    if current_ma is None:
        return say("The board measures no current")
    if proof.current == REST and abs(current_ma) >= REST_MA:
        return say("Less than 1 A may flow; take the load or the charger off")
    if proof.current == CHARGING and current_ma < FLOW_MA:
        return say("Charge with 2 A or more, as steadily as possible")
    if proof.current == DISCHARGING and current_ma > -FLOW_MA:
        return say("Discharge with 2 A or more, as steadily as possible")
    return None


def prove(
    proof: Proof, machine_code: str, cancelled: Callable[[], bool] = lambda: False
) -> Job[Proved]:
    """Needs a session of the installer; raises ``Problem`` when the line or the board fails."""
    board = yield 0.0
    put_back.put_back(board, machine_code)
    seen = plausible.look(board)
    wrong = obstacle(proof, seen)
    if wrong is not None:
        raise Refused(wrong)
    steps = plan(proof, seen)
    put_back.remember(machine_code, proof.rule.name, steps.before, steps.wanted)
    try:
        transaction.write(board, steps.wanted)
        opened, said, board = yield from _watch(board, proof, _delay_s(proof, steps, seen))
    except Problem:
        _at_once(board, machine_code)
        raise
    put_back.put_back(board, machine_code)
    if not opened:
        return Proved(False, said)
    others = _other_latches(board, proof)
    if others:
        left = say(
            "the old limit is back, but something else latched meanwhile and stays so until a "
            "person has found its cause: {rules}",
            rules=others,
        )
        return Proved(False, listed([said, left], "; "))
    board.command("clear_latches", 1)
    back = yield from _until_back(proof, cancelled)
    return Proved(True, listed([said, back], "; "))


def _other_latches(board: Board, proof: Proof) -> Said | None:
    """What waits for a person beside the proof: a real fault, so it is never released here."""
    bits = board.read([catalog.RULE_STATE]).all("rule_state")
    rules = [
        rule
        for rule in catalog.RULES
        if rule.number != proof.rule.number
        and (bits[rule.number] or 0) & (_LATCHED | _ACTIVE * (rule.wait == "person"))
    ]
    return listed(schema_words.rule(rule) for rule in rules) if rules else None


def _at_once(board: Board, machine_code: str) -> None:
    try:
        put_back.put_back(board, machine_code)
    except Problem:
        pass  # the file stays: at the next connect the pages offer to put them back


def _delay_s(proof: Proof, steps: Plan, seen: Look) -> float:
    delay = proof.rule.delay
    delay_ms = seen.settings.known(delay) if isinstance(delay, str) else delay
    return float(delay_ms) / 1000 + _PATIENCE_S


def _watch(board: Board, proof: Proof, patience_s: float) -> Job[Any]:
    """(opened, in words, board): whether rule and switches did what they must."""
    begun = board.read(_WATCHED).known("since_start_s")
    tripped = False
    waited_s = 0.0
    while waited_s < patience_s:
        board = yield _LOOK_S
        waited_s += _LOOK_S
        values = board.read(_WATCHED)
        tripped = tripped or bool((values.all("rule_state")[proof.rule.number] or 0) & _ACTIVE)
        on = [name for name in proof.switches if values.known(name)]
        if tripped and not on:
            seconds = values.known("since_start_s") - begun
            return True, say("Opened after about {seconds} s", seconds=seconds), board
    if not tripped:
        return False, say("The protection did not act"), board
    names = listed(schema_words.name_of(name) for name in on)
    return False, say("The protection acted, but {switches} stayed on", switches=names), board


def _until_back(proof: Proof, cancelled: Callable[[], bool]) -> Job[Said]:
    waited_s = 0.0
    values = None
    while waited_s < _BACK_S and not cancelled():
        board = yield _LOOK_S
        waited_s += _LOOK_S
        values = board.read(_WATCHED)
        if all(values.known(name) for name in proof.switches):
            return say("back on by itself with the old limit")
    rules = set()
    if values is not None:
        rules = {values.one("charge_off_rule"), values.one("discharge_off_rule")} - {None}
    if not rules:
        return say("the old limit is back, the switch is still off")
    titles = listed(known(rule_titled(rule)) for rule in sorted(rules, key=str))
    return say("the old limit is back, kept off by: {rules}", rules=titles)


_WATCHED = [
    *(
        catalog.READING[name]
        for name in (
            "charge_switch",
            "discharge_switch",
            "since_start_s",
            "charge_off_rule",
            "discharge_off_rule",
        )
    ),
    catalog.RULE_STATE,
]
