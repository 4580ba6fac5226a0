"""``ocv``: the open-circuit voltage curve in force, and the pack's own, written or taken back."""

from __future__ import annotations

import argparse
from pathlib import Path

from cellwarden.ocv_curves import PPM, OcvCurve
from cellwarden.tables import rows
from cellwarden.tables.ocv import POSITIONS

from .. import catalog, ocv_files, rehearsal, show, transaction
from ..board import Values
from ..problems import BadInput
from . import options
from .connect import open_board, unlocked

_CHEMISTRY = catalog.SETTING["chemistry"]
_OWN = catalog.SETTING[ocv_files.SETTING]
_ENDS_AT = catalog.SETTING["charge_cell_mv"]


def add(commands: options.Commands) -> None:
    ocv = options.command(
        commands,
        "ocv",
        _ocv,
        "Show the open-circuit voltage curve in force, or give the pack its own.\n\n"
        "State of charge is read off this curve when the pack has rested. A typical curve of\n"
        "the chemistry is there; one measured on your cells (C/20 or slower, charge and\n"
        "discharge averaged) makes the state of charge several times as sure.\n"
        f"FILE is a CSV with the columns {ocv_files.HEADER}, rising, from 0 to 100 %. It is\n"
        "checked as a whole, every mistake told by line, and written as a whole or not at all.",
        "  cellwarden ocv                       the curve in force\n"
        "  cellwarden ocv mycell.csv            the pack's own from now on\n"
        "  cellwarden ocv --out curve.csv       keep the curve in force, to edit it\n"
        "  cellwarden ocv --clear               back to the chemistry's typical curve",
        (options.connection(), options.as_json(), options.password()),
    )
    ocv.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the pack's own curve")
    ocv.add_argument("--clear", action="store_true", help="follow the chemistry's typical curve")
    ocv.add_argument("--out", type=Path, metavar="FILE", help="write the curve in force as a CSV")
    ocv.add_argument("--dry-run", action="store_true", help="write nothing to the board")


def _ocv(args: argparse.Namespace) -> int:
    if sum(map(bool, (args.file, args.clear, args.out))) > 1:
        raise BadInput("give a FILE, or --clear, or --out: one at a time")
    wanted = {}
    if args.file:
        wanted = ocv_files.changes(ocv_files.load(args.file))
    elif args.clear:
        wanted = ocv_files.cleared()
    with open_board(args) as board:
        values = board.read(rehearsal.NEEDED)
        planned = rehearsal.rehearse(values, wanted) if wanted else []
        if planned and not args.dry_run:
            with unlocked(board, args, rows.INSTALLER):
                values = transaction.write(board, wanted)
        elif planned:
            values.set(_OWN, [wanted[ocv_files.SETTING, i] for i in range(_OWN.count)])
    if args.out:
        ocv_files.save(args.out, _points(_curve(values)))
    if args.json:
        told = _json(values)
        show.print_json({**told, "written": bool(planned) and not args.dry_run})
    else:
        _print(values, brief=bool(wanted or args.out))
        _print_done(args, bool(planned))
    return 0


def _curve(values: Values) -> OcvCurve:
    """The curve that the board follows with these settings."""
    curve = OcvCurve()
    curve.select(values.known(_CHEMISTRY.name), [mv or 0 for mv in values.all(_OWN.name)])
    return curve


def _points(curve: OcvCurve) -> ocv_files.Curve:
    if not curve.chemistry:
        raise BadInput("the board has no chemistry yet; set it up first: cellwarden preset")
    return [(place / 10, curve.dmv_at(place * 1000) / 10) for place in POSITIONS]


def _json(values: Values) -> dict[str, object]:
    curve = _curve(values)
    return {
        "chemistry": values.word(_CHEMISTRY.name),
        "own": curve.own,
        "points": [
            {"soc_percent": at, "ocv_mv": mv, "error_mv": curve.error_at(round(at * 10_000)) / 10}
            for at, mv in (_points(curve) if curve.chemistry else [])
        ],
    }


def _print(values: Values, brief: bool) -> None:
    curve = _curve(values)
    points = _points(curve)
    title = rows.CHEMISTRY_TITLES[values.word(_CHEMISTRY.name)]
    if not brief:
        table = show.table("charge", "voltage", "give or take", "tells charge within")
        for at, mv in points:
            error_dmv = curve.error_at(round(at * 10_000))
            within = _within(curve, round(mv * 10), error_dmv)
            table.add_row(f"{at:g} %", f"{mv:g} mV", f"{error_dmv // 10} mV", f"{within:.1f} %")
        show.console().print(table)
    whose = "the pack's own curve" if curve.own else f"the typical curve of {title}"
    print(f"{whose}: {points[0][1]:g} to {points[-1][1]:g} mV")
    if curve.own:
        print(_beside_typical(curve))
    print(_end_of_charge(curve, values.known(_ENDS_AT.name)))


def _within(curve: OcvCurve, dmv: int, error_dmv: int) -> float:
    """Percent of charge that the error of the curve is worth at a voltage."""
    low, high = curve.ppm_at(dmv - error_dmv), curve.ppm_at(dmv + error_dmv)
    sides = (low > 0) + (high < PPM) or 2  # at an end of the curve only one side tells
    return (high - low) / sides / (PPM // 100)


def _beside_typical(curve: OcvCurve) -> str:
    """Where it lies farthest from the typical curve: a mistake would show there."""
    typical = OcvCurve()
    typical.select(curve.chemistry)
    off, at = max(
        (abs(curve.dmv_at(place * 1000) - typical.dmv_at(place * 1000)), place)
        for place in POSITIONS
        if 100 <= place <= 900
    )
    error_mv = typical.error_at(at * 1000) // 10
    text = f"between 10 and 90 % at most {off // 10} mV off the typical curve, at {at / 10:g} %"
    if off > 30 * error_mv:
        text += f"; cells differ by {error_mv} mV there: is it a curve of these cells?"
    return text


def _end_of_charge(curve: OcvCurve, ends_mv: int) -> str:
    percent = curve.ppm_at(ends_mv * 10) / (PPM // 100)
    return f"charging ends at {_ENDS_AT.name} = {ends_mv} mV: {percent:.1f} % of this curve"


def _print_done(args: argparse.Namespace, planned: bool) -> None:
    if args.out:
        print(f"written to {args.out}")
    elif args.dry_run and (args.file or args.clear):
        print("nothing was written (--dry-run)")
    elif planned:
        print("written and read back")
    elif args.file or args.clear:
        print("nothing to change: the board has this curve already")
