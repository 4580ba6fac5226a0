"""``boards``: which there are, what is wrong with one, and what a folder has to say."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import board_check, board_folders, show
from ..board_check import consumption, contract, tables
from ..board_check.finding import ERROR
from ..board_check.folder import Folder
from ..problems import BadInput
from . import options


def add(commands: options.Commands) -> None:
    boards = options.command(
        commands,
        "boards",
        _list,
        "List the boards; check a board's folder, old or new.\n\n"
        "A board is a folder: copy one that is like yours, change it, check it.",
        "  cellwarden boards\n"
        "  cp -r boards/pico_24s boards/my\n"
        "  cellwarden boards check my                    or any folder: check ~/hardware/my\n"
        "  cellwarden boards contract                    every name a folder may define\n"
        "  cellwarden boards readme my                   pins and consumption into its README",
        (options.as_json(),),
    )
    actions = boards.add_subparsers(dest="action", metavar="ACTION")
    check = actions.add_parser(
        "check",
        help="say what is wrong with a board's folder",
        description="Say what is wrong with a board's folder: file, line, what, what to do.\n"
        "Exit code 1 when there is an error; warnings pass.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[options.as_json()],
    )
    check.add_argument("board", nargs="+", metavar="NAME|FOLDER")
    check.set_defaults(run=_check)
    actions.add_parser("contract", help="every name that a folder may define").set_defaults(
        run=_contract
    )
    readme = actions.add_parser("readme", help="write pins and consumption into a README")
    readme.add_argument("board", nargs="+", metavar="NAME|FOLDER")
    readme.set_defaults(run=_readme)


def _found(name: str) -> tuple[Path, Path]:
    """Folder of a board, and how to call it in messages."""
    if name in board_folders.names():
        return board_folders.root() / name, Path("boards") / name
    folder = Path(name)
    if folder.is_dir():
        return folder, folder
    known = ", ".join(board_folders.names())
    raise BadInput(f"there is no board and no folder {name!r}; boards are: {known}")


def _list(args: argparse.Namespace) -> int:
    opened: list[Folder] = []
    broken: list[Folder] = []
    for name in board_folders.names():
        path, shown = _found(name)
        bad = board_check.failed(board_check.check(path, shown))
        (broken if bad else opened).append(board_check.opened(path, shown))
    if args.json:
        show.print_json([_facts(folder) for folder in opened])
        return 0
    table = show.table("board", "what", "cells", "rating", "switches", "awake", "off")
    for folder in opened:
        awake, _, off = consumption.sums(folder)
        table.add_row(
            folder.name,
            folder.get("TITLE"),
            "{}-{}".format(*folder.get("CELLS")),
            f"{folder.get('RATING_MA') // 1000} A",
            folder.get("SWITCH_TYPE"),
            consumption.words(awake),
            consumption.words(off),
        )
    show.console().print(table)
    for folder in broken:
        print(f"{folder.name} has errors: cellwarden boards check {folder.name}")
    return 0


def _facts(folder: Folder) -> dict[str, object]:
    return {
        "name": folder.name,
        "title": folder.get("TITLE"),
        "module": folder.get("MODULE"),
        "afe": folder.get("AFE"),
        "cells": list(folder.get("CELLS")),
        "rating_ma": folder.get("RATING_MA"),
        "switches": folder.get("SWITCH_TYPE"),
        "draws_ua": [round(ua) for ua in consumption.sums(folder)],
    }


def _check(args: argparse.Namespace) -> int:
    found = [finding for name in args.board for finding in board_check.check(*_found(name))]
    if args.json:
        show.print_json(
            [
                {
                    "file": finding.file.as_posix(),
                    "line": finding.line,
                    "severity": finding.severity,
                    "text": finding.text,
                    "advice": finding.advice,
                }
                for finding in found
            ]
        )
        return int(board_check.failed(found))
    for finding in found:
        print(finding)
        print("    " + finding.advice)
    errors = sum(finding.severity == ERROR for finding in found)
    print(f"{_count(errors, 'error')}, {_count(len(found) - errors, 'warning')}")
    return int(board_check.failed(found))


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _contract(_args: argparse.Namespace) -> int:
    print(contract.markdown(), end="")
    return 0


def _readme(args: argparse.Namespace) -> int:
    for name in args.board:
        path, shown = _found(name)
        if board_check.failed(board_check.check(path, shown)):
            raise BadInput(f"{name} has errors; first: cellwarden boards check {name}")
        readme = path / board_check.README
        if not readme.exists():
            raise BadInput(f"there is no {readme}")
        old = readme.read_text(encoding="utf-8")
        new = tables.refreshed(old, board_check.opened(path))
        readme.write_text(new, encoding="utf-8")
        print(f"{shown / board_check.README}: " + ("written" if new != old else "as it was"))
    return 0
