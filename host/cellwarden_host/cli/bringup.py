"""``bringup``, ``repl``: a board at its REPL, tested step by step, or in a person's hands."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from .. import show
from ..problems import BadInput
from . import options
from .connect import agreed

_DANGER_MV = 60_000
WARNING = (
    "The pack's voltage is not known yet. Above 60 V it is dangerous to touch, and the ground of "
    "a USB or RS485 cable can bypass low-side switches: connect only through an isolator, or "
    "with the pack disconnected from everything else."
)


def add(commands: options.Commands) -> None:
    bringup = options.command(
        commands,
        "bringup",
        _bringup,
        "Test a board step by step over its REPL and file the report.\n\n"
        "Everything is off before, after and between the steps; an output is on for two seconds\n"
        "at most, only as the protections allow, and only while this program answers. The\n"
        "report is a JSON file and a page to print. Exit code 0 only for PASS.",
        "  cellwarden bringup --port /dev/ttyACM0 --serial A0017 --load 5\n"
        "  cellwarden bringup --yes --out reports        nothing is asked; that is skipped\n"
        "  cellwarden sim --join-rs485 &                 or without hardware\n"
        "  cellwarden bringup",
        (options.as_json(),),
    )
    _port(bringup)
    bringup.add_argument(
        "--out",
        type=Path,
        default=Path("bringup-reports"),
        metavar="DIR",
        help="where the report goes (default: %(default)s)",
    )
    bringup.add_argument("--serial", default="", metavar="NO", help="the board's serial number")
    bringup.add_argument(
        "--load", type=float, default=0.0, metavar="A", help="a known load that is connected"
    )
    bringup.add_argument(
        "--yes", action="store_true", help="ask nothing; skip what needs a person"
    )
    bringup.add_argument(
        "--watchdog", action="store_true", help="test the watchdog too: the board resets"
    )
    bringup.add_argument(
        "--start", action="store_true", help="let the board begin its work after a PASS"
    )

    repl = options.command(
        commands,
        "repl",
        _repl,
        "Open a board's MicroPython prompt (mpremote).\n\n"
        "Ctrl-C stops the board's work with everything off; then: import bench; bench.help().\n"
        "Ctrl-] leaves.",
        "  cellwarden repl --port /dev/ttyACM0",
    )
    _port(repl)


def _port(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--port", help="the REPL's port; without it the simulator's, or the only USB one"
    )
    options.ready_file(command)


def _repl(args: argparse.Namespace) -> int:
    from ..bringup.repl import port_of

    port = port_of(args)
    print(WARNING, file=sys.stderr)
    command = [sys.executable, "-m", "mpremote", "connect", port, "repl"]
    sys.stderr.flush()
    os.execv(command[0], command)


def _bringup(args: argparse.Namespace) -> int:
    from ..bringup import checklist, live, report
    from ..bringup.repl import BoardRepl, port_of

    if args.load and not 2 <= args.load <= 600:
        raise BadInput("--load takes 2 to 600 amperes")
    port = port_of(args)
    print(WARNING, file=sys.stderr)
    agreed("The board stops its work and switches everything off. Go on?", args)
    person = not args.yes and sys.stdin.isatty()
    serial = args.serial
    if person and not serial:
        serial = input("Serial number of this board (Enter: none): ").strip()
    console = Console(quiet=True) if args.json else show.console()
    with BoardRepl(port) as repl, live.Show(console) as shown:
        repl.hold(True)
        walk = checklist.Checklist(
            repl,
            shown.ask if person else None,
            shown.shown,
            round(args.load * 1000),
        )
        results = walk.run()
        overall = checklist.verdict(results, repl.report()["verdict"])
        if args.watchdog:
            walk.watchdog()
            overall = checklist.verdict(results, overall)
        made = report.record(results, overall, serial, port, datetime.now().astimezone())
        files = report.write(made, args.out)
        if args.start and overall == checklist.PASS:
            repl.start()
    return _ended(args, made, files, overall, console)


def _ended(
    args: argparse.Namespace,
    made: dict[str, Any],
    files: tuple[Path, Path],
    overall: str,
    console: Any,
) -> int:
    from ..bringup import checklist, live

    if args.json:
        show.print_json({**made, "files": [str(file) for file in files]})
    else:
        live.headline(console, overall)
        console.print(f"report: {files[1]}\n        {files[0]}")
        pack_mv = made["pack_mv"]
        if pack_mv and pack_mv > _DANGER_MV:
            console.print(f"The pack has {pack_mv / 1000:.1f} V: dangerous to touch.")
        if not (args.start and overall == checklist.PASS):
            console.print(
                "The board stands at its prompt, everything off; a reset starts its work."
            )
    return 0 if overall == checklist.PASS else 1
