"""``bundle``: everything a supporter asks for, in one file."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from .. import support_bundle
from ..problems import Refused
from ..words import say
from . import options
from .connect import open_board


def add(commands: options.Commands) -> None:
    bundle = options.command(
        commands,
        "bundle",
        _bundle,
        "Settings, readings, protections, journal and versions in one zip file for support.\n\n"
        "Needs no password and holds none.",
        "  cellwarden bundle\n  cellwarden bundle --out pack7.zip --port /dev/ttyUSB0",
        (options.connection(),),
    )
    bundle.add_argument("--out", type=Path, metavar="FILE", help="(default: named by the board)")


def _bundle(args: argparse.Namespace) -> int:
    with open_board(args) as board:
        source = support_bundle.from_board(board, datetime.now())
    path = args.out or Path(support_bundle.name_of(source))
    try:
        path.write_bytes(support_bundle.build(source))
    except OSError as error:
        raise Refused(
            say("cannot write {path}: {why}", path=str(path), why=error.strerror or "")
        ) from error
    print(f"written to {path}")
    return 0
