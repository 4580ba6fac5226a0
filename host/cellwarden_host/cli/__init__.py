"""The ``cellwarden`` command: parses, runs, turns problems into a message and an exit code.

Exit codes: 0 done, 1 refused or failed, 2 wrong command line, 3 no connection. A user's mistake
never shows a traceback; a mistake of ours always does.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from ..problems import Problem
from . import (
    bluetooth,
    boards,
    bringup,
    bundle,
    calibrate,
    control,
    events,
    flash,
    generate,
    numbers,
    ocv,
    produce,
    reading,
    release,
    replay,
    settings,
    simulator,
    update,
    web,
)

_PARTS = (
    simulator,
    reading,
    settings,
    ocv,
    calibrate,
    control,
    events,
    replay,
    boards,
    flash,
    release,
    generate,
    numbers,
    bringup,
    produce,
    bundle,
    update,
    bluetooth,
    web,
)

_DESCRIPTION = """\
Talk to a Cellwarden battery management board over RS485 or Bluetooth, or to a simulated one."""

_EXAMPLES = """\
a first walk, with no hardware:
  cellwarden run                                  a simulated pack and a live view of its day
  cellwarden sim &                                or: a simulated board that stays
  cellwarden read                                 everything it measures, once
  cellwarden alarms                               why an output is off
  cellwarden inject cell 7 4250                   lift a cell, then look at: cellwarden journal

with a board on a USB-RS485 cable:
  cellwarden monitor --port /dev/ttyUSB0
  cellwarden preset lfp --cells 16 --capacity 100Ah --confirm --port /dev/ttyUSB0
  cellwarden set charge_current_ma=40A --port /dev/ttyUSB0

by Bluetooth:
  cellwarden scan
  cellwarden monitor --port ble:Cellwarden-1A2B

a new board, over USB:
  cellwarden flash --board pico_24s

exit codes: 0 done, 1 refused or failed, 2 wrong command line, 3 no connection
environment: CELLWARDEN_PORT, CELLWARDEN_PASSWORD, CELLWARDEN_PASSKEY stand in for --port,
--password, --passkey"""


def parser() -> argparse.ArgumentParser:
    """The whole command line; each command brings its own part."""
    top = argparse.ArgumentParser(
        prog="cellwarden",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for part in _PARTS:
        part.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    args = parser().parse_args(argv)
    try:
        code = args.run(args)
        sys.stdout.flush()
        return int(code or 0)
    except Problem as problem:
        print(f"cellwarden {args.command}: {problem}", file=sys.stderr)
        return problem.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has left; nothing is wrong, but stdout must not complain too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
