"""``read`` and ``monitor``: what the board measures, once or live."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from .. import catalog, monitor, show
from ..problems import BadInput
from . import options
from .connect import access_of, open_board, port_of


def add(commands: options.Commands) -> None:
    line, json_ = options.connection(), options.as_json()
    options.command(
        commands,
        "read",
        _read,
        "Show every reading once.\n\n"
        "With --json: names of the schema, scaled values with their unit, null where a value\n"
        "is absent (a sensor that is not fitted, a charge not known yet).",
        "  cellwarden read\n"
        "  cellwarden read --port /dev/ttyUSB0 --unit 3\n"
        "  cellwarden read --json | jq .readings.cell_mv.value",
        (line, json_),
    )
    live = options.command(
        commands,
        "monitor",
        _monitor,
        "Watch a board live; Ctrl-C ends it.\n\n"
        "A board that stops answering stays on the screen, marked as stale with its age, and is\n"
        "found again when it comes back. Without a terminal: one readable line a second.",
        "  cellwarden monitor\n"
        "  cellwarden monitor --port /dev/ttyUSB0 --every 0.5\n"
        "  cellwarden monitor --json | tee log.jsonl   one JSON document a line",
        (line, json_),
    )
    live.add_argument(
        "--every",
        type=float,
        default=1.0,
        metavar="S",
        help="seconds between two looks (default: %(default)s)",
    )
    live.add_argument(
        "--count", type=int, default=0, metavar="N", help="end after N looks (default: never)"
    )


def _read(args: argparse.Namespace) -> int:
    with open_board(args) as board:
        values = board.read([*catalog.READINGS, *catalog.TEXTS, catalog.RULE_STATE])
    if args.json:
        where = {"port": port_of(args), "unit": args.unit, "time": _now()}
        show.print_json({**where, **show.readings_json(values)})
    else:
        show.console().print(show.readings_table(values), "", show.cells_table(values))
        health = show.health_table(values)
        if health is not None:
            show.console().print("", health)
    return 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _monitor(args: argparse.Namespace) -> int:
    if not 0.05 <= args.every <= 3600:
        raise BadInput("--every takes 0.05 to 3600 seconds")
    source = monitor.Source(lambda: port_of(args), args.baud, args.unit, access_of(args))
    try:
        monitor.watch(source, args.every, args.count, as_json=args.json)
    except KeyboardInterrupt:
        pass  # the way to end it
    finally:
        source.close()
    return 0
