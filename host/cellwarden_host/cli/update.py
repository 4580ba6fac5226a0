"""``update``: another firmware onto a board over RS485, live or through its bootloader."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from cellwarden.tables import rows

from .. import show, update
from ..bluetooth.place import is_bluetooth
from ..board import Board
from ..link import AnyLine, open_line
from ..problems import NoConnection, Refused
from ..update.plan import Plan
from ..update.vendor import MENU_BAUD, NO_BLUETOOTH, RATES
from . import options
from .connect import access_of, agreed, port_of, unlocked

_FASTEST = max(RATES)


def add(commands: options.Commands) -> None:
    parser = options.command(
        commands,
        "update",
        _update,
        "Install another firmware (.cwfw) over RS485, and start it.\n\n"
        "Live, where the board can: the image goes to its other slot while the pack is protected\n"
        "and used; the switch-over takes a moment, and keeps outputs on where the board has the\n"
        "hold circuit. --vendor: restart into the bootloader, all outputs open, YMODEM.\n"
        "A firmware that does not work is given up by the board itself: what ran before runs\n"
        "again, and the journal says why. Stopped or cut off, the same command goes on or begins\n"
        "again. How releases are made: cellwarden release --help",
        "  cellwarden update pico_24s-1.2.3.cwfw --port /dev/ttyUSB0\n"
        "  cellwarden update pico_24s-1.2.3.cwfw --port /dev/ttyUSB0 --vendor\n"
        "  cellwarden update sim-1.2.3.cwfw --yes            the simulated board",
        (options.connection(), options.as_json(), options.password(), options.yes()),
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the image")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--live", action="store_true", help="over Modbus, or not at all")
    way.add_argument(
        "--vendor", action="store_true", help="through the bootloader on RS485-2; outputs open"
    )
    parser.add_argument(
        "--loader-baud",
        type=int,
        default=_FASTEST,
        choices=(MENU_BAUD, *sorted(RATES)),
        metavar="N",
        help="highest rate to ask the bootloader for (default: %(default)s)",
    )
    parser.add_argument("--allow-older", action="store_true", help="take an older version too")
    parser.add_argument(
        "--may-drop", action="store_true", help="live: outputs may open at the switch-over"
    )


def _update(args: argparse.Namespace) -> int:
    port = port_of(args)
    if args.vendor and is_bluetooth(port):
        raise Refused(NO_BLUETOOTH)
    with open_line(port, args.baud, access_of(args)) as line:
        board: Board | None = Board(line, args.unit)
        assert board is not None
        try:
            made = update.plan(board, args.file, older=args.allow_older)
        except NoConnection:
            if not args.vendor:
                raise
            # No firmware answers: the bootloader may.
            board, made = None, update.plan(None, args.file, older=args.allow_older)
        live = args.live or (made.live and not args.vendor)
        _show(made, live, args)
        agreed(_question(made, live, args), args)
        with _Shown(args.json) as shown:
            outcome = _carried_out(line, board, made, live, shown, args)
    if args.json:
        show.print_json({"runs": outcome.version, "before": made.running, "new": outcome.changed})
    else:
        print(outcome.text)
    return 0 if outcome.changed else 1


def _carried_out(
    line: AnyLine,
    board: Board | None,
    made: Plan,
    live: bool,
    shown: _Shown,
    args: argparse.Namespace,
) -> update.Outcome:
    rate = args.loader_baud
    if board is None:
        after = Board(line, args.unit)
        return update.run_vendor(line, made, shown.told, asking=lambda: after, rate=rate)
    with unlocked(board, args, rows.INSTALLER, stay=True):
        if live:
            drop = args.may_drop or (made.drops_load and not args.yes)  # it was asked for
            return update.run_live(board, made, shown.told, may_drop=drop)
        return update.run_vendor(line, made, shown.told, board=board, rate=rate)


def _show(made: Plan, live: bool, args: argparse.Namespace) -> None:
    if args.json:
        return
    for text in made.lines():
        print(text)
    if not live:
        print("All outputs open until the new firmware has started")
    elif made.outputs_on and made.hold:
        print("Outputs stay on")


def _question(made: Plan, live: bool, args: argparse.Namespace) -> str:
    if live and made.drops_load:
        return "Outputs are on and will open for the switch-over. Go ahead?"
    if not live and made.outputs_on:
        return "Outputs are on and will open. Go ahead?"
    return f"Install {made.version}?"


class _Shown:
    """Steps as lines, and a bar while there is a terminal."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._step = ""
        self._note = ""
        self._bars: Bars | None = None
        if not quiet and sys.stdout.isatty():
            self._bars = Bars(
                TextColumn("  {task.description}"),
                BarColumn(),
                TextColumn("{task.completed:.0f}/{task.total:.0f} bytes {task.fields[part]}"),
                TimeRemainingColumn(),
                transient=True,
            )
            self._bar = self._bars.add_task("", total=1, part="", visible=False)

    def __enter__(self) -> _Shown:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def told(self, progress: update.Progress) -> None:
        if self._quiet:
            return
        write = self._bars.console.print if self._bars is not None else print
        if progress.step != self._step:
            self._step, self._note = progress.step, ""
            write(progress.step)
        if progress.note and progress.note != self._note:
            self._note = progress.note
            write(f"  {progress.note}")
        if self._bars is not None:
            part = f"segment {progress.segment}/{progress.segments}" if progress.segments else ""
            self._bars.update(
                self._bar,
                description="",
                completed=progress.done,
                total=progress.total or 1,
                part=part,
                visible=bool(progress.total),
            )
