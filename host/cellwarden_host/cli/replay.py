"""``replay``: recorded data through the core, as fast as it can, with a file and a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from cellwarden.readings import MAX_CELLS
from cellwarden.tables import rows as schema_rows

from .. import catalog, ocv_files, show, units
from ..problems import BadInput
from ..replay import plot, show_replay, whole_file
from ..replay.engine import GAP_S, Moment, Options, Replay, Row
from ..replay.outcome import Outcome
from ..replay.plot import Picture
from ..replay.reading import Log
from ..replay.summary import Tally
from ..replay.textfile import Text, opened
from . import options
from .settings import assignments

# Files that take a moment to run get a progress bar.
_LONG_BYTES = 500_000
_EVERY = 512
_OWN_OPTION = {
    "chemistry": "--chemistry",
    "cell_count": "--cells",
    "capacity_mah": "--capacity-mah",
    "ocv_mv": "--ocv",
}


def add(commands: options.Commands) -> None:
    replay = options.command(
        commands,
        "replay",
        _replay,
        "Run recorded data through the core: what it would have estimated and done.\n\n"
        "A CSV with t_s, current_ma (charging positive) and cell_mv or cell1_mv ... cellN_mv,\n"
        "optionally temp_dc (0.1 °C) and true_soc_percent; common names and units of other\n"
        "tools are understood. A row holds until the next. See docs/replay.md.",
        "  cellwarden replay day.csv --chemistry lfp --cells 16 --capacity-mah 100Ah\n"
        "  cellwarden replay day.csv --chemistry nmc --capacity-mah 2500 --soc0 80 \\\n"
        "      --out soc.csv --plot soc.png\n"
        "  cellwarden replay day.csv --chemistry nmc --capacity-mah 20Ah \\\n"
        "      --set charge_current=40A --json\n"
        '  cellwarden replay arbin.csv ... --discharge-positive --column temp_c="Chamber"',
        (options.as_json(),),
    )
    replay.add_argument("log", type=Path, metavar="LOG.csv", help="also .csv.gz")
    pack = replay.add_argument_group("the pack that was recorded")
    pack.add_argument(
        "--chemistry",
        required=True,
        choices=schema_rows.CHEMISTRIES[1:],
        metavar="NAME",
        help=", ".join(schema_rows.CHEMISTRIES[1:]),
    )
    pack.add_argument(
        "--capacity-mah", required=True, metavar="MAH", help="rated capacity: 2500, or 100Ah"
    )
    pack.add_argument(
        "--cells", type=int, metavar="N", help="in series, where the log has one voltage"
    )
    pack.add_argument(
        "--soc0", type=float, metavar="PERCENT", help="charge at the first row, not taken as sure"
    )
    pack.add_argument(
        "--ocv", type=Path, metavar="FILE.csv", help="the cell's own curve: soc_percent,ocv_mv"
    )
    pack.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting, as with cellwarden set; may be repeated",
    )
    reading = replay.add_argument_group("reading the log")
    reading.add_argument(
        "--discharge-positive", action="store_true", help="the log counts discharging as positive"
    )
    reading.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="NAME=HEADER",
        help="read the column HEADER as NAME (current_a, cell_v, cell3_mv, temp_c, t_ms ...)",
    )
    reading.add_argument(
        "--gap",
        type=float,
        default=GAP_S / 60,
        metavar="MIN",
        help="longer than this between two rows nobody measured (default: %(default)g)",
    )
    result = replay.add_argument_group("results")
    result.add_argument("--out", type=Path, metavar="OUT.csv", help="a line for each row")
    result.add_argument("--plot", type=Path, metavar="OUT.png", help="a picture (.png .svg .pdf)")


def _replay(args: argparse.Namespace) -> int:
    _check_places(args)
    pack = _pack(args)
    with opened(args.log) as text:
        log = Log(text, args.cells, args.discharge_positive, _renamed(args.column))
        replay = Replay(replace(pack, cells=log.cells))
        tally = Tally(replay)
        picture = (
            Picture(f"{args.log.name}: {log.cells} x {args.chemistry}") if args.plot else None
        )
        with ExitStack() as files:
            sinks: list[Callable[[Moment], None]] = [tally.add]
            if args.out:
                part = files.enter_context(whole_file.place(args.out))
                to = files.enter_context(part.open("w", encoding="utf-8", newline=""))
                sinks.append(Outcome(to).add)
            if picture:
                sinks.append(picture.add)
            with _progress(text, log.rows()) as rows:
                for moment in replay.run(rows):
                    for take in sinks:
                        take(moment)
            if picture:
                picture.draw(
                    files.enter_context(whole_file.place(args.plot)),
                    replay.level_1_mv,
                    replay.gaps,
                )
    if args.json:
        show.print_json(tally.json(log))
    else:
        show_replay.tell(tally, log, args.out, args.plot)
    return 0


def _pack(args: argparse.Namespace) -> Options:
    """The pack as the options describe it, apart from its cells."""
    if args.cells is not None and not 1 <= args.cells <= MAX_CELLS:
        raise BadInput(f"--cells: a pack has 1 to {MAX_CELLS} cells")
    if args.soc0 is not None and not 0 <= args.soc0 <= 100:
        raise BadInput("--soc0 is a percentage, 0 to 100")
    if not args.gap > 0:
        raise BadInput("--gap is a number of minutes above 0")
    capacity_mah = units.parse(catalog.SETTING["capacity_mah"], args.capacity_mah)
    if capacity_mah <= 0:
        raise BadInput("--capacity-mah must be above 0")
    changes, texts = assignments(args.set)
    for name, _ in changes:
        if name in _OWN_OPTION:
            raise BadInput(f"--set {name}: there is an option for it, {_OWN_OPTION[name]}")
    if texts:
        raise BadInput(f"--set {next(iter(texts))}: a name changes nothing in a replay")
    if args.ocv:
        changes.update(ocv_files.changes(ocv_files.load(args.ocv)))
    return Options(args.chemistry, capacity_mah, 1, args.soc0, args.gap * 60, changes)


def _check_places(args: argparse.Namespace) -> None:
    """What cannot end well is told before the work, not after."""
    if args.plot:
        plot.check(args.plot)
    places = [path for path in (args.out, args.plot) if path]
    for path in places:
        if not path.parent.is_dir():
            raise BadInput(f"there is no folder {path.parent} to write {path.name} to")
    if args.log.exists() and any(path.exists() and path.samefile(args.log) for path in places):
        raise BadInput("the log itself would be overwritten: give --out another name")


def _renamed(pairs: Sequence[str]) -> dict[str, str]:
    """--column NAME=HEADER, as HEADER to NAME."""
    renamed = {}
    for pair in pairs:
        name, equals, header = pair.partition("=")
        if not (name and equals and header):
            raise BadInput(f"--column '{pair}' is not NAME=HEADER")
        renamed[header.strip()] = name
    return renamed


@contextmanager
def _progress(text: Text, rows: Iterable[Row]) -> Iterator[Iterable[Row]]:
    """The rows, with a bar on a terminal when there are many."""
    if text.size < _LONG_BYTES or not sys.stderr.isatty():
        yield rows
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("replaying", total=text.size)

        def watched() -> Iterator[Row]:
            for number, row in enumerate(rows):
                if number % _EVERY == 0:
                    bar.update(task, completed=text.done())
                yield row

        yield watched()
