"""``calibrate``: zero, gain, state of charge and capacity, step by step as the manual has them."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from .. import calibration, catalog, lesson, show, transaction, units
from ..board import Values
from ..problems import BadInput
from . import options
from .connect import agreed, open_board, open_to_write

_ORDER = """\
examples:
  cellwarden calibrate status   where it stands, and what comes next

the order, once for a board and its pack (docs/calibration.md):
  1 set the pack up             cellwarden preset lfp --cells 16 --capacity 100Ah --confirm
  2 zero, nothing flowing       cellwarden calibrate zero
  3 let it work                 cellwarden calibrate window open
  4 a known load, 2 A or more   cellwarden calibrate current 40A
  5 empty it, then fill it      cellwarden calibrate watch"""

# A person's bare number is in the unit of the command's name.
_AMPERES = ("A", SimpleNamespace(name="the current", kind="setting", unit="mA"))
_PERCENT = ("%", SimpleNamespace(name="the charge", kind="setting", unit="0.1%"))
_AMPERE_HOURS = ("Ah", SimpleNamespace(name="the capacity", kind="setting", unit="mAh"))
_BARE = re.compile(r"[+-]?[\d.]+")


def add(commands: options.Commands) -> None:
    top = commands.add_parser(
        "calibrate",
        help="Make the board show the truth: current, state of charge, capacity.",
        description="Make the board show the truth: current, state of charge, capacity.",
        epilog=_ORDER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = top.add_subparsers(dest="what", metavar="ACTION", required=True)
    looking = (options.connection(), options.as_json())
    writing = (*looking, options.password())
    _add_looks(actions, looking)
    _add_current(actions, writing)
    _add_charge(actions, writing)


def _add_looks(actions: Any, looking: tuple[argparse.ArgumentParser, ...]) -> None:
    options.command(
        actions,
        "status",
        _status,
        "Where calibration stands, and what comes next.",
        "  cellwarden calibrate status --json",
        looking,
    )
    watch = options.command(
        actions,
        "watch",
        _watch,
        "Follow the lesson that teaches the capacity.\n\n"
        "Discharge until the board calls the pack empty (or under-voltage stops it), then\n"
        "charge until it is full, without long breaks. This says which half is on and ends\n"
        "when the board has learned. It only looks; it may be stopped and started again.",
        "  cellwarden calibrate watch\n"
        "  cellwarden calibrate watch --every 60 --json >> lesson.log",
        looking,
    )
    watch.add_argument(
        "--every", type=float, default=5.0, metavar="S", help="seconds between looks"
    )
    watch.add_argument("--count", type=int, default=0, metavar="N", help="end after N looks")


def _add_current(actions: Any, writing: tuple[argparse.ArgumentParser, ...]) -> None:
    options.command(
        actions,
        "zero",
        _zero,
        "What is measured now is no current.\n\n"
        "With all outputs off, and best with charger and load disconnected.",
        "  cellwarden switch charge off discharge off\n  cellwarden calibrate zero",
        writing,
    )
    window = options.command(
        actions,
        "window",
        _window,
        "Open or close the calibration window.\n\n"
        "A board whose current has not been calibrated keeps its outputs off. For 10 minutes,\n"
        "or as long as the session lasts, they work all the same, with all protections on.",
        "  cellwarden calibrate window open",
        writing,
    )
    window.add_argument("state", choices=("open", "close"))
    current = options.command(
        actions,
        "current",
        _current,
        "Tell the true current that flows now: a known load of 2 A or more.\n\n"
        "Read it off a clamp meter or a load that shows it, while it is steady. The larger the\n"
        "better: below a tenth of the board's rating it corrects 3 % at most.",
        "  cellwarden calibrate current 40A             a load draws 40 A\n"
        "  cellwarden calibrate current 40A --charging  a charger gives 40 A",
        writing,
    )
    current.add_argument("true", metavar="TRUE_A", help="without a sign; in A unless it says mA")
    current.add_argument("--charging", action="store_true", help="it flows into the pack")


def _add_charge(actions: Any, writing: tuple[argparse.ArgumentParser, ...]) -> None:
    soc = options.command(
        actions,
        "soc",
        _soc,
        "Tell the state of charge, for example after a full charge elsewhere.\n\n"
        "The board takes it for good to 5 points and goes on correcting it.",
        "  cellwarden calibrate soc 80",
        writing,
    )
    soc.add_argument("percent", metavar="PERCENT")
    capacity = options.command(
        actions,
        "capacity",
        _capacity,
        "Tell the capacity of the pack; what was learned is forgotten, learning begins anew.\n\n"
        "With all outputs off. The share of charge stays what it was.",
        "  cellwarden switch charge off discharge off\n  cellwarden calibrate capacity 85",
        (*writing, options.yes()),
    )
    capacity.add_argument("capacity", metavar="AH", help="in Ah unless it says mAh")


def _amount(kind: tuple[str, Any], typed: str) -> int:
    """What a person typed, in the unit of the registers."""
    unit, row = kind
    row = SimpleNamespace(choices=None, auto=None, **vars(row))
    typed = typed.strip()
    try:
        return units.parse(row, typed + unit if _BARE.fullmatch(typed) else typed)
    except BadInput as error:
        raise BadInput(f"{error}; for example: 40{unit}") from error


def _told(args: argparse.Namespace, document: dict[str, object], *lines: str) -> int:
    if args.json:
        show.print_json(document)
    else:
        print(*lines, sep="\n")
    return 0


def _status(args: argparse.Namespace) -> int:
    with open_board(args) as board:
        values = board.read(calibration.STATUS)
    if args.json:
        document = {row.name: show.value_json(row, values) for row in calibration.STATUS}
        show.print_json({"status": document, "next": _next(values)})
        return 0
    made = show.table("reading", "value", "meaning")
    for row in calibration.STATUS:
        made.add_row(row.name, show.value_text(row, values), row.help)
    show.console().print(made)
    print(f"\nnext: {_next(values)}")
    return 0


def _next(values: Values) -> str:
    """What a person does next."""
    if values.word("board_state") == "uncommissioned":
        return "set the pack up: cellwarden preset"
    if values.word("current_calibrated") == "yes":
        return "nothing has to be; to teach the capacity: cellwarden calibrate watch"
    if not values.known("window_left_s"):
        return "cellwarden calibrate zero, then cellwarden calibrate window open"
    if not values.known("discharge_switch"):
        return calibration.why_off(values)
    least_ma = values.known("board_rating_ma") // calibration.SMALL_PART
    return (
        f"with a known load, {calibration.amperes(least_ma)} or more if you can: "
        "cellwarden calibrate current TRUE_A"
    )


def _zero(args: argparse.Namespace) -> int:
    with open_to_write(args) as board:
        offset_ma, shown_ma = calibration.take_zero(board)
        waiting = calibration.latched(board)
    lines = [
        f"zero taken: {calibration.amperes(offset_ma)} is taken off from now on; "
        f"the board shows {calibration.amperes(shown_ma)}"
    ]
    if waiting:
        lines.append(
            f"still latched: {', '.join(waiting)}. If that was only the wrong zero and nothing "
            "really flows: cellwarden clear"
        )
    document = {"offset_a": offset_ma / 1000, "shown_a": shown_ma / 1000, "latched": waiting}
    return _told(args, document, *lines)


def _window(args: argparse.Namespace) -> int:
    opening = args.state == "open"
    with open_to_write(args, stay=opening) as board:
        if opening:
            values = calibration.open_window(board)
        else:
            board.command_value("calibration_window", 0)
            values = board.read(calibration.STATUS)
    on = calibration.switches_on(values)
    left_s = values.known("window_left_s")
    document = {"open": opening, "left_s": left_s, "on": on}
    if not opening:
        return _told(args, document, "window closed")
    if "discharge" in on or "charge" in on:
        return _told(
            args,
            document,
            f"window open: {' and '.join(on)} on for {left_s} s, all protections on",
            f"next: {_next(values)}",
        )
    return _told(
        args,
        document,
        f"window open for {left_s} s, but the switches are off. {calibration.why_off(values)}",
    )


def _current(args: argparse.Namespace) -> int:
    true_ma = _amount(_AMPERES, args.true)
    if true_ma < 0 and args.charging:
        raise BadInput("a current below 0 discharges: either the sign or --charging")
    if true_ma > 0 and not args.charging and not args.true.strip().startswith("+"):
        true_ma = -true_ma
    low, high = catalog.COMMANDS["take_gain_ma"].low, catalog.COMMANDS["take_gain_ma"].high
    if not low <= true_ma <= high:
        raise BadInput(f"a current is {high // 1000} A at most")
    with open_to_write(args) as board:
        gain_ppm, shown_ma = calibration.take_gain(board, true_ma)
    return _told(
        args,
        {"true_a": true_ma / 1000, "shown_a": shown_ma / 1000, "gain_ppm": gain_ppm},
        f"calibrated: gain {(gain_ppm - 1_000_000) / 10_000:+.2f} %; the board shows "
        f"{calibration.amperes(shown_ma)} for {calibration.amperes(true_ma)}",
    )


def _soc(args: argparse.Namespace) -> int:
    permille = _amount(_PERCENT, args.percent)
    if not 0 <= permille <= 1000:
        raise BadInput("a state of charge is 0 to 100 %")
    with open_to_write(args) as board:
        values = calibration.set_soc(board, permille)
    told = [catalog.READING[name] for name in ("soc_permille", "soc_sigma_permille")]
    percent, sigma = (show.value_text(row, values) for row in told)
    document: dict[str, object] = {row.name: show.value_json(row, values) for row in told}
    return _told(args, document, f"state of charge: {percent}, give or take {sigma}")


def _capacity(args: argparse.Namespace) -> int:
    mah = _amount(_AMPERE_HOURS, args.capacity)
    row = catalog.SETTING["capacity_mah"]
    if not 0 < mah <= row.high:
        raise BadInput(f"a capacity is {units.range_text(row)}, and not 0")
    agreed(f"Is {units.text(row, mah)} the capacity of this very pack?", args)
    with open_to_write(args) as board:
        confirmed = board.read([catalog.SETTING["confirmed"]]).known("confirmed")
        # The person has just said so; otherwise the board would ask for it once more.
        transaction.write(board, {("capacity_mah", 0): mah, ("confirmed", 0): confirmed})
    return _told(
        args,
        {"capacity_mah": mah, "confirmed": bool(confirmed)},
        f"capacity: {units.text(row, mah)}; learning begins anew",
    )


def _watch(args: argparse.Namespace) -> int:
    if not 0.05 <= args.every <= 3600:
        raise BadInput("--every takes 0.05 to 3600 seconds")
    tell: Callable[[lesson.Look], None] = _tell_json if args.json else _tell
    with open_board(args) as board:
        try:
            lesson.follow(board, args.every, args.count, tell)
        except KeyboardInterrupt:
            pass  # the way to end it
    return 0


def _tell(look: lesson.Look) -> None:
    print(look.line(), flush=True)


def _tell_json(look: lesson.Look) -> None:
    print(json.dumps(look.document(), ensure_ascii=False), flush=True)
