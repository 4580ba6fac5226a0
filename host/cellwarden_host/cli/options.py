"""Options that many commands share, and the way each command's help is laid out."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import catalog
from ..ready_file import default_ready_file

Run = Callable[[argparse.Namespace], int | None]
# What add_subparsers returns; its class has no public name.
Commands = Any


def command(
    commands: Commands,
    name: str,
    run: Run,
    text: str,
    examples: str = "",
    parents: tuple[argparse.ArgumentParser, ...] = (),
) -> argparse.ArgumentParser:
    """Add command ``name``; the first line of ``text`` also stands in the overview."""
    added: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text.split("\n")[0],
        description=text,
        epilog=f"examples:\n{examples}" if examples else None,
        parents=list(parents),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    added.set_defaults(run=run)
    return added


def connection() -> argparse.ArgumentParser:
    """--port, --baud, --unit, --ready-file."""
    options = argparse.ArgumentParser(add_help=False)
    group = options.add_argument_group("connection")
    group.add_argument(
        "--port",
        default=os.environ.get("CELLWARDEN_PORT"),
        help="serial port, or ble:NAME, ble:ADDRESS, or ble: for the only board in sight; without "
        "it (and CELLWARDEN_PORT) the running simulator",
    )
    baud = catalog.SETTING["rs485_2_baud"].default * 100
    group.add_argument("--baud", type=int, default=baud, help="line rate (default: %(default)s)")
    unit = catalog.SETTING["device_address"].default
    group.add_argument(
        "--unit",
        type=int,
        default=unit,
        help="Modbus address of the board, 1 to 247 (default: %(default)s)",
    )
    passkey(group)
    ready_file(group)
    return options


def passkey(to: Any) -> None:
    to.add_argument(
        "--passkey",
        default=os.environ.get("CELLWARDEN_PASSKEY"),
        metavar="N",
        help="passkey of a simulated board's Bluetooth; asked for on a terminal (a real one: the "
        "system asks)",
    )


def ready_file(to: Any) -> None:
    to.add_argument(
        "--ready-file",
        type=Path,
        default=default_ready_file(),
        metavar="F",
        help="where the simulator wrote its ports (default: %(default)s)",
    )


def as_json() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return options


def password() -> argparse.ArgumentParser:
    """--password, and who it is a password of."""
    options = argparse.ArgumentParser(add_help=False)
    group = options.add_argument_group("access")
    group.add_argument(
        "--password",
        default=os.environ.get("CELLWARDEN_PASSWORD"),
        help="password for writing; better in CELLWARDEN_PASSWORD; asked for on a terminal "
        "(from the factory: 123456)",
    )
    return options


def yes() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--yes", action="store_true", help="do not ask before writing")
    return options
