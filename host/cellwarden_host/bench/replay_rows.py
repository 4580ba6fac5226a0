"""How fast ``cellwarden replay`` goes through a log of 24 cells at a second a row."""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import boards.sim as board

from ..replay.engine import Options, Replay
from ..replay.reading import Log
from ..replay.summary import Tally
from ..replay.textfile import opened
from ..sim.load import read_profile
from ..sim.pack import Pack
from ..sim.pack_config import PackConfig
from .row import Row, plain

TOPIC = "replay"
CELLS = 24
LOG_ROWS = 2_000
_DAY_ROWS = 86_400
_CAPACITY_MAH = 100_000


def rows(rounds: int = 1) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.csv"
        make_log(log)
        spent_s = min(_replayed_s(log) for _ in range(rounds))
    rate = LOG_ROWS / spent_s
    what = f"log of {CELLS} cells, read, estimated and judged"
    yield plain(
        TOPIC, what, rate, "rows/s", note=f"{LOG_ROWS} rows, the quickest of {rounds} runs"
    )
    yield plain(
        TOPIC,
        "a day of it at 1 s a row",
        _DAY_ROWS / rate,
        "s",
        note=f"worked out from {LOG_ROWS} rows; every row costs the same",
    )


def make_log(log: Path) -> None:
    """The packaged day's first rows, as the simulated pack's cells would have gone through it."""
    pack = Pack(board, PackConfig(cells=CELLS))
    times, currents = read_profile("day")
    pack.load.set_profile(times, currents, repeat=True)
    with log.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["t_s", "current_ma", *(f"cell{i}_mv" for i in range(1, CELLS + 1))])
        for second in range(LOG_ROWS):
            pack.advance(second * 1_000_000)
            pack.drive(True, True, False)
            cells = [round(mv) for mv in pack.all_cell_mv()]
            writer.writerow([second, round(pack.current_ma), *cells])


def _replayed_s(log: Path) -> float:
    start = time.perf_counter()
    with opened(log) as text:
        reading = Log(text, None, False, {})
        replay = Replay(Options("nmc", _CAPACITY_MAH, CELLS, 60))
        tally = Tally(replay)
        for moment in replay.run(reading.rows()):
            tally.add(moment)
        tally.json(reading)
    return time.perf_counter() - start
