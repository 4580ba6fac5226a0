"""Calibrating a board over its port: what is asked of it, and what a refusal means.

The board decides (``cellwarden.calibration`` is its own code); here it is asked again while it
waits for a steady current, and looked at afterwards, so that a calibration that did not make it
show the truth is never called done. Nothing here is written that a person did not ask for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from cellwarden.calibration import MEAN_SAMPLES, MIN_LOAD_MA

from . import catalog
from .board import Board, Declined, Values
from .problems import Refused
from .rule_words import rule_titled, rules_now
from .words import Said, both, known, listed, say, schema, terminal

sleep = time.sleep
# The board needs this long for a mean of steady current, and some more for a load to settle.
MEAN_S = MEAN_SAMPLES / 10
_PATIENCE = 4  # means to wait for
_LOOKS = 10
_LOOK_S = 0.15
_SWITCHING_S = 15  # samples, precharge
_SHOWS_PERMILLE = 10  # what the monitor may show beside a known current...
_SHOWS_MA = 50  # ... or this, whichever is more
_NOTHING_MA = 200
SMALL_PART = 10  # of the rating: a smaller load corrects 3 % at most
# Exception codes of the standard, as shared/cellwarden/commands_map.py gives them.
_NOT_NOW, _WRONG, _LATER = 1, 3, 6

_SWITCHES = ("charge_switch", "discharge_switch", "precharge_switch", "heater_switch")
STATUS = [
    catalog.NAMED[name]
    for name in (
        "board_state",
        "current_ma",
        "current_calibrated",
        "current_offset_ma",
        "current_gain_ppm",
        "window_left_s",
        "board_rating_ma",
        *_SWITCHES,
        "charge_off_rule",
        "discharge_off_rule",
        "soc_permille",
        "soc_sigma_permille",
        "full_mah",
        "capacity_mah",
    )
]
_SEE_ALARMS = terminal("; see: cellwarden alarms")


@dataclass(frozen=True)
class Seen:
    """The current as the board shows it: mean, and what it moved between."""

    mean_ma: int
    low_ma: int
    high_ma: int


def look(board: Board) -> Seen:
    """The mean of a few looks at the current."""
    row = catalog.READING["current_ma"]
    seen = []
    for _ in range(_LOOKS):
        sleep(_LOOK_S)  # first: what has just been changed is not measured yet
        value = board.read([row]).one(row.name)
        if value is None:
            raise Refused(say("the board measures no current at all{see}", see=_SEE_ALARMS))
        seen.append(value)
    return Seen(round(sum(seen) / len(seen)), min(seen), max(seen))


def switches_on(values: Values) -> list[str]:
    return [name.removesuffix("_switch") for name in _SWITCHES if values.known(name)]


def take_zero(board: Board) -> tuple[int, int]:
    """What is measured now is no current: (the zero that is taken off, what is shown now)."""
    on = switches_on(board.read(STATUS))
    if on:
        raise Refused(
            say(
                "the zero is taken while nothing flows, but these are on: {switches}. First: "
                "{how}; nothing was changed",
                switches=listed(_switch_named(name) for name in on),
                how=terminal(
                    "cellwarden switch charge off discharge off heater off",
                    say("switch charge, discharge and heater off"),
                ),
            )
        )
    try:
        _ask(board, "take_zero", 1)
    except Declined as error:
        raise Refused(_why_no_zero(board, error.code)) from error
    shown = look(board)
    return board.read(STATUS).known("current_offset_ma"), shown.mean_ma


def _switch_named(name: str) -> Said:
    return terminal(name, schema.title(catalog.READING[f"{name}_switch"]))


def _why_no_zero(board: Board, code: int) -> Said:
    seen = look(board)
    if code == _WRONG:
        return say(
            "the board measures {current}: too much for a zero that is only off. Does a "
            "charger, a load or the heater work through a switch that does not open? If not, "
            "the shunt or its wires are wrong; nothing was changed",
            current=amperes(seen.mean_ma),
        )
    if code == _LATER:
        return _unsteady(seen)
    return say(
        "something is switched on now{see}; nothing was changed",
        see=terminal("; see: cellwarden calibrate status"),
    )


def take_gain(board: Board, true_ma: int) -> tuple[int, int]:
    """``true_ma`` flows now: (gain in ppm, what is shown now)."""
    if abs(true_ma) < MIN_LOAD_MA:
        raise Refused(
            say(
                "a load of {least} or more is needed; {current} would say more about the zero "
                "than about the gain",
                least=amperes(MIN_LOAD_MA),
                current=amperes(true_ma),
            )
        )
    try:
        _ask(board, "take_gain_ma", true_ma)
    except Declined as error:
        raise Refused(_why_no_gain(board, error.code, true_ma)) from error
    seen = look(board)
    values = board.read(STATUS)
    off_ma = abs(seen.mean_ma - true_ma)
    if off_ma > max(_SHOWS_MA, abs(true_ma) * _SHOWS_PERMILLE // 1000):
        raise Refused(_still_off(values, seen, true_ma))
    return values.known("current_gain_ppm"), seen.mean_ma


def _why_no_gain(board: Board, code: int, true_ma: int) -> Said:
    seen = look(board)
    if code == _NOT_NOW:
        return say(
            "the zero comes first, once after each start of the board: {how}; nothing was changed",
            how=terminal(
                "cellwarden switch charge off discharge off, then cellwarden calibrate zero",
                say("switch charge and discharge off, then take the zero"),
            ),
        )
    if code == _LATER:
        return _unsteady(seen)
    return _why_wrong(board, seen, true_ma)


def _why_wrong(board: Board, seen: Seen, true_ma: int) -> Said:
    """What is meant by a current that the board does not take for the true one."""
    measures, true = amperes(seen.mean_ma), amperes(true_ma)
    if abs(seen.mean_ma) < _NOTHING_MA:
        values = board.read(STATUS)
        if not switches_on(values):
            return say(
                "the board measures {measures}, you say {true}: the switches are off. "
                "{why}; nothing was changed",
                measures=measures,
                true=true,
                why=why_off(values),
            )
        return say(
            "the board measures {measures}, you say {true}: does it flow through the board's "
            "shunt at all? Nothing was changed",
            measures=measures,
            true=true,
        )
    if (seen.mean_ma < 0) != (true_ma < 0):
        return say(
            "the board measures {measures}, you say {true}: the other direction. A load "
            "discharges; {how} for a charger. If you were right, the shunt is wired the wrong "
            "way round; nothing was changed",
            measures=measures,
            true=true,
            how=terminal("give --charging", say("choose charging")),
        )
    return say(
        "the board measures {measures}, you say {true}: that is no matter of calibration (20 % "
        "in all at most). Check what you read, and whether the board is made for this shunt; "
        "nothing was changed",
        measures=measures,
        true=true,
    )


def _still_off(values: Values, seen: Seen, true_ma: int) -> Said:
    taken = say(
        "taken ({gain}), but the board now shows {shown} for {true}",
        gain=f"{(values.known('current_gain_ppm') - 1_000_000) / 10_000:+.2f} %",
        shown=amperes(seen.mean_ma),
        true=amperes(true_ma),
    )
    least_ma = values.known("board_rating_ma") // SMALL_PART
    if abs(true_ma) < least_ma:
        return say(
            "{taken}: a load below a tenth of the board's rating corrects 3 % at most, because "
            "it says too little. Repeat with {least} or more",
            taken=taken,
            least=amperes(least_ma),
        )
    return say("{taken}: the load has changed meanwhile? Repeat", taken=taken)


def open_window(board: Board) -> Values:
    """Let outputs work for a while, and see whether they do."""
    board.command_value("calibration_window", 1)
    for _ in range(_SWITCHING_S):
        values = board.read(STATUS)
        if values.known("charge_switch") and values.known("discharge_switch"):
            break
        sleep(1)
    return values


def set_soc(board: Board, permille: int) -> Values:
    """What is shown afterwards."""
    board.command_value("set_soc_permille", permille)
    sleep(_LOOK_S)  # a tick must have passed
    values = board.read(STATUS)
    if values.one("soc_permille") is None:
        raise Refused(
            say("taken, but the board has no estimate: is the pack set up and measured?")
        )
    return values


def why_off(values: Values) -> Said:
    """What keeps the switches off, and what to do about it."""
    rules = {values.one("charge_off_rule"), values.one("discharge_off_rule")} - {None}
    if not rules:
        return say(
            "They come on when samples are complete{see}",
            see=terminal("; or see: cellwarden switch"),
        )
    titles = both(sorted({rule_titled(rule) for rule in rules}))
    uncalibrated = next(r.number for r in catalog.RULES if r.name == "uncalibrated")
    if rules == {uncalibrated}:
        how = terminal(
            "open the window: cellwarden calibrate window open",
            say("open the calibration window"),
        )
        return say("Kept off by: {titles}; {how}", titles=titles, how=how)
    return say("Kept off by: {titles}{see}", titles=titles, see=_SEE_ALARMS)


def latched(board: Board) -> list[str]:
    """Titles of what waits for a person."""
    return [
        known(now.rule.title) for now in rules_now(board.read([catalog.RULE_STATE])) if now.latched
    ]


def amperes(ma: int) -> str:
    return f"{ma / 1000:.2f} A"


def _unsteady(seen: Seen) -> Said:
    return say(
        "the current is not steady (between {low} and {high} just now) or settings are being "
        "written over another port; {seconds:.0f} s of steady current are needed: a heater or a "
        "resistor rather than an inverter; nothing was changed",
        low=amperes(seen.low_ma),
        high=amperes(seen.high_ma),
        seconds=MEAN_S,
    )


def _ask(board: Board, name: str, value: int) -> None:
    """A command that the board declines until it has a mean of steady current."""
    for left in reversed(range(_PATIENCE)):
        try:
            board.command_value(name, value)
            return
        except Declined as error:
            if error.code != _LATER or not left:
                raise
        sleep(MEAN_S)
