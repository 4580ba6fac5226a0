"""``get``, ``set``, ``preset``: what is stored on the board, by name, with units, as a whole."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cellwarden.tables import rows

from .. import catalog, rehearsal, settings_files, show, transaction, units
from ..board import Board, Values
from ..problems import BadInput
from . import options
from .connect import agreed, open_board, unlocked


def add(commands: options.Commands) -> None:
    line, json_, secret, yes = (
        options.connection(),
        options.as_json(),
        options.password(),
        options.yes(),
    )
    get = options.command(
        commands,
        "get",
        _get,
        "Show settings (or any reading) by name.\n\nShort names work: cell_ov1 for cell_ov1_mv.",
        "  cellwarden get cell_ov1_mv cell_uv1_mv\n"
        "  cellwarden get --all                      every setting with its range\n"
        "  cellwarden get --all --out pack.json      keep them; write back with set --file",
        (line, json_),
    )
    get.add_argument("names", nargs="*", metavar="NAME")
    get.add_argument("--all", action="store_true", help="every setting")
    get.add_argument("--out", type=Path, metavar="FILE", help="write a settings file")

    set_ = options.command(
        commands,
        "set",
        _set,
        "Change settings: all of them together, or none.\n\n"
        "A bare number is in the unit that the name ends in; 4.2V, 40A, 65C, 5s, 100Ah,\n"
        "words and 'auto' are understood. The board checks everything before it takes anything.",
        "  cellwarden set cell_ov1=4.18V cell_ov_recover=4.08V\n"
        "  cellwarden set charge_current_ma=40000 heater_mode=charge\n"
        "  cellwarden set pack_ov=auto --dry-run     only show what would change\n"
        "  cellwarden set --file pack.json",
        (line, json_, secret),
    )
    set_.add_argument("pairs", nargs="*", metavar="NAME=VALUE")
    set_.add_argument("--file", type=Path, metavar="FILE", help="a file of get --all --out")
    set_.add_argument(
        "--confirm",
        action="store_true",
        help="also take a file's confirmations: a person has checked this pack",
    )
    set_.add_argument("--dry-run", action="store_true", help="write nothing")

    preset = options.command(
        commands,
        "preset",
        _preset,
        "Set a pack up: chemistry, cells, capacity and all limits that follow.\n\n"
        "Shows what will change and asks. The board switches nothing on before chemistry, cells\n"
        "and capacity are confirmed by a person: --confirm says that you have checked them.\n"
        "Chemistries: "
        + ", ".join(f"{name} = {rows.CHEMISTRY_TITLES[name]}" for name in rows.CHEMISTRIES[1:])
        + ".",
        "  cellwarden preset lfp --cells 16 --capacity 100Ah --confirm\n"
        "  cellwarden preset nmc --cells 24 --capacity 20Ah charge_current=20A --confirm --yes",
        (line, json_, secret, yes),
    )
    preset.add_argument("chemistry", choices=rows.CHEMISTRIES[1:], metavar="CHEMISTRY")
    preset.add_argument("pairs", nargs="*", metavar="NAME=VALUE", help="more, in the same go")
    preset.add_argument("--cells", metavar="N", help="cells in series, 3 to 32")
    preset.add_argument("--capacity", metavar="AH", help="rated capacity, e.g. 100Ah")
    preset.add_argument(
        "--confirm", action="store_true", help="a person has checked chemistry, cells and capacity"
    )


def _get(args: argparse.Namespace) -> int:
    if args.out and not args.all:
        raise BadInput("--out keeps all settings; add --all")
    if bool(args.names) == args.all:
        raise BadInput("give names, or --all")
    found = list(catalog.SETTINGS) if args.all else [catalog.find(n) for n in args.names]
    with open_board(args) as board:
        values = board.read([*found, catalog.READING["cells_in_series"]])
    if args.out:
        count = settings_files.save(args.out, values)
        print(f"{count} settings written to {args.out}")
    elif args.json:
        show.print_json({row.name: show.value_json(row, values) for row in found})
    else:
        show.console().print(show.named_table(found, values))
    return 0


def assignments(pairs: Sequence[str]) -> tuple[dict[tuple[str, int], int], dict[str, str]]:
    """NAME=VALUE arguments as settings' counts and as texts."""
    counts: dict[tuple[str, int], int] = {}
    texts: dict[str, str] = {}
    for pair in pairs:
        name, equals, typed = pair.partition("=")
        if not equals:
            raise BadInput(f"'{pair}' is not NAME=VALUE")
        row, element = catalog.find_element(name)
        if row.kind == "reading" or (row.kind == "text" and row.write is None):
            raise BadInput(f"{row.name} is measured or fixed, it cannot be set")
        if row.kind == "text":
            texts[row.name] = typed
        else:
            counts.update(_counts(row, element, typed))
    return counts, texts


def _counts(row: Any, element: int | None, typed: str) -> dict[tuple[str, int], int]:
    if element is not None or row.count == 1:
        return {(row.name, element or 0): units.parse(row, typed)}
    items = typed.split(",")
    if len(items) > row.count:
        raise BadInput(f"{row.name} has {row.count} elements")
    return {(row.name, i): units.parse(row, item) for i, item in enumerate(items)}


def _set(args: argparse.Namespace) -> int:
    if not args.pairs and not args.file:
        raise BadInput("give NAME=VALUE, or --file")
    wanted = settings_files.load(args.file, args.confirm) if args.file else {}
    counts, texts = assignments(args.pairs)
    wanted.update(counts)
    with open_board(args) as board:
        before = board.read(rehearsal.NEEDED)
        _write(board, args, before, wanted, texts=texts)
    return 0


def _preset(args: argparse.Namespace) -> int:
    pairs = list(args.pairs)
    if args.cells is not None:
        pairs.append(f"cell_count={args.cells}")
    if args.capacity is not None:
        unit = "Ah" if args.capacity.replace(".", "", 1).isdecimal() else ""
        pairs.append(f"capacity_mah={args.capacity}{unit}")
    wanted, texts = assignments(pairs)
    if texts:
        raise BadInput("names are written with: cellwarden set")
    chemistry = rows.CHEMISTRIES.index(args.chemistry)
    with open_board(args) as board:
        before = board.read(rehearsal.NEEDED)
        if args.confirm:
            _check_complete(before, wanted)
            wanted["confirmed", 0] = 1
        _write(board, args, before, wanted, preset=chemistry)
    if not args.confirm and not args.json:
        print(
            "Check chemistry, cells and capacity on the pack itself, then: "
            "cellwarden set confirmed=yes"
        )
    return 0


def _check_complete(before: Values, wanted: transaction.Wanted) -> None:
    for name, option in (("cell_count", "--cells"), ("capacity_mah", "--capacity")):
        if not wanted.get((name, 0), before.known(name)):
            raise BadInput(f"nothing to confirm yet: the board has no {name}, give {option}")


def _write(
    board: Board,
    args: argparse.Namespace,
    before: Values,
    wanted: dict[tuple[str, int], int],
    preset: int | None = None,
    texts: dict[str, str] | None = None,
) -> None:
    """Rehearse, show, ask (a preset), write, show what the board says afterwards."""
    planned = rehearsal.rehearse(before, wanted, preset)
    dry = getattr(args, "dry_run", False)
    if not dry and (planned or texts):
        if preset is not None and not args.json:
            show.console().print(show.changes_table(planned))
        if preset is not None:
            agreed(f"Write these {len(planned)} settings?", args)
        role = max(
            transaction.role_for(wanted),
            *(catalog.NAMED[name].write for name in texts or {}),
            rows.INSTALLER,
        )
        with unlocked(board, args, role):
            for name, text in (texts or {}).items():
                row = catalog.NAMED[name]
                board.write(row.address, catalog.encode_text(row, text))
            if planned:
                after = transaction.write(board, wanted, preset)
                planned = transaction.differences(before, after)
    _report(args, planned, texts or {}, dry)


def _report(
    args: argparse.Namespace, done: Sequence[transaction.Change], texts: dict[str, str], dry: bool
) -> None:
    if args.json:
        show.print_json({"written": not dry, "changes": show.changes_json(done), "texts": texts})
        return
    if done:
        show.console().print(show.changes_table(done))
    for name, text in texts.items():
        print(f"{name} → {text}")
    if not done and not texts:
        print("nothing to change: the board has these values already")
    elif dry:
        print("nothing was written (--dry-run)")
    else:
        print("written and read back")
