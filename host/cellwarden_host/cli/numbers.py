"""``bench``: the numbers by which the product is judged."""

from __future__ import annotations

import argparse
import sys

from .. import show
from ..problems import BadInput
from . import options


def add(commands: options.Commands) -> None:
    bench = options.command(
        commands,
        "bench",
        _bench,
        "Print the numbers: memory, speed, latency, each beside its target.\n\n"
        "Takes some minutes for everything; name topics to measure only those.",
        "  cellwarden bench\n  cellwarden bench tick Modbus\n  cellwarden bench --json",
        (options.as_json(),),
    )
    bench.add_argument(
        "--rounds",
        type=int,
        default=3,
        metavar="N",
        help="runs that each worst case is taken from (default: %(default)s)",
    )
    bench.add_argument("topic", nargs="*", help="topics, or how their names begin")


def _bench(args: argparse.Namespace) -> int:
    from ..bench import measure, show_rows

    try:
        wanted = measure.chosen(args.topic)
    except ValueError as error:
        raise BadInput(str(error)) from error
    rows = measure.measure(wanted, _say, max(1, args.rounds))
    if args.json:
        show.print_json(show_rows.as_json(rows))
    else:
        show_rows.print_table(rows, show.console())
    return int(measure.incomplete(rows))


def _say(topic: str) -> None:
    print(f"measuring: {topic}", file=sys.stderr)
