"""Recording: what was seen is there again, in the next run and after a kill; what was not seen is
a gap; the file stays small; a disk that is full stops nothing but the recording."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from array import array
from contextlib import closing
from types import SimpleNamespace

from cellwarden_host import catalog
from cellwarden_host.board import Values
from cellwarden_host.recorder import Recorder, Recording, Store, curves_of, recorder
from cellwarden_host.recorder.store import FILE

T0 = 1_700_000_000_000  # a whole second, ms since 1970
MINUTE = 60_000
START = T0 - T0 % MINUTE


def seen(at_s, cells=3, connection=1, code="B1", **counts):
    """A snapshot whose readings are absent unless given."""
    values = Values()
    for row in catalog.READINGS:
        values.set(row, [None] * row.count)
    for name, count in {"cells_in_series": cells, **counts}.items():
        found = count if isinstance(count, list) else [count]
        row = catalog.READING[name]
        values.set(row, found + [None] * (row.count - len(found)))
    texts = {"machine_code": code, "device_name": "pack"}
    return SimpleNamespace(at=at_s, connection=connection, texts=texts, values=values)


def store_of(folder, counts, keys=("a", "b"), start=START, step=1000, code="B1"):
    """A file with one run: ``counts`` is a list of tuples, one a second; None leaves it out."""
    store = Store(folder)
    store.begin(code, "pack", keys, start)
    for i, moment in enumerate(counts):
        if moment is not None:
            store.append(start + i * step, array("i", moment))
    return store


def points(folder, key="a", start=START, seconds=600, buckets=600, code="B1"):
    (found,) = Recording(folder).series(code, [key], start, start + seconds * 1000, buckets)
    return found.points


def test_every_reading_of_the_schema_is_a_curve_and_only_the_cells_there_are():
    keys = [curve.key for curve in curves_of(5)]
    assert len(keys) == len(set(keys))
    assert {key.split("[")[0] for key in keys} == set(catalog.READING)
    assert "cell_mv[5]" in keys and "cell_mv[6]" not in keys and "temp_dc[6]" in keys


def test_what_was_seen_is_there_in_the_next_run_once_a_second(tmp_path):
    first = Recorder(tmp_path)
    for tenth in range(0, 30):
        first.take(seen(1000 + tenth / 10, pack_10mv=5000 + tenth, cell_mv=[3700, 3701, 3702]))
    first.close()
    second = Recorder(tmp_path)
    second.take(seen(1003.0, connection=2, pack_10mv=6000, cell_mv=[3000, None, 3002]))
    second.settle()
    recording = Recording(tmp_path)
    (board,) = recording.boards()
    assert (board.code, board.name) == ("B1", "pack")
    assert (board.first_ms, board.last_ms) == (960_000, 1_003_000)
    pack, cell = recording.series("B1", ["pack_10mv", "cell_mv[2]"], 1_000_000, 1_010_000, 100)
    assert pack.points == [
        (1_000_000, 5000), (1_001_000, 5010), (1_002_000, 5020), (1_002_001, None),
        (1_003_000, 6000)
    ]  # fmt: skip
    assert cell.points[-3:] == [(1_002_000, 3701), (1_002_001, None), (1_003_000, None)]
    assert "cell_mv[3]" in recording.keys("B1")
    second.close()


def test_a_killed_program_leaves_its_seconds_and_the_file_goes_on(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; sys.path[:0] = sys.argv[2:];"
        "from test_recorder import *; r = Recorder(Path(sys.argv[1]));"
        "[(r.take(seen(1200 + i, pack_10mv=5000 + i)), r.settle()) for i in range(90)];"
        "print('written', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), *[path for path in sys.path if path]],
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline().strip() == b"written"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    found = points(tmp_path, "pack_10mv", 1_200_000, 200, 200)
    assert len(found) == 90 and found[-1] == (1_289_000, 5089)
    # The minute that was cut off is made good when the file is opened again.
    Store(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        assert database.execute("SELECT at_ms FROM minute ORDER BY at_ms").fetchall() == [
            (1_200_000,),
            (1_260_000,),
        ]
    whole = points(tmp_path, "pack_10mv", 1_200_000, 600, 10)
    assert [count for _, count in whole] == [5000, 5059, 5060, 5089]


def test_a_spike_of_one_second_stays_in_a_picture_of_hours(tmp_path):
    counts = [(100, 0)] * 7200
    counts[3000], counts[5555] = (900, 0), (-50, 0)
    store_of(tmp_path, counts).close()
    for buckets in (300, 60, 10):
        found = points(tmp_path, seconds=7200, buckets=buckets)
        assert len(found) <= 2 * buckets + 2
        assert {count for _, count in found} == {100, 900, -50}
    assert (START + 3000_000, 900) in points(tmp_path, seconds=7200, buckets=300)


def test_a_lost_link_is_a_gap_however_near_or_far_one_looks(tmp_path):
    counts = [(100, 0)] * 1800
    counts[600:900] = [None] * 300
    counts[1200:1205] = [None] * 5
    store_of(tmp_path, counts).close()
    near = points(tmp_path, seconds=1800, buckets=1800)
    assert [at for at, count in near if count is None] == [START + 599_001, START + 1_199_001]
    far = points(tmp_path, seconds=1800, buckets=30)
    assert len([1 for _, count in far if count is None]) == 1
    assert near == sorted(near, key=lambda point: point[0])


def test_a_board_that_comes_back_continues_its_curves_after_a_gap(tmp_path):
    store_of(tmp_path, [(1, 2)] * 10).close()
    store_of(tmp_path, [(7,)] * 10, keys=("a",), start=START + 60_000).close()
    store_of(tmp_path, [(9, 9)] * 10, start=START + 20_000, code="other").close()
    found = points(tmp_path)
    assert found[9:12] == [(START + 9000, 1), (START + 9001, None), (START + 60_000, 7)]
    assert {count for _, count in points(tmp_path, "b")} == {2}
    assert {count for _, count in points(tmp_path, code="other")} == {9}


def test_a_link_that_was_lost_for_a_second_only_is_a_gap_too(tmp_path):
    store_of(tmp_path, [(1, 2)] * 10).close()
    store_of(tmp_path, [(7, 8)] * 10, start=START + 11_000).close()
    found = points(tmp_path)
    assert found[9:12] == [(START + 9000, 1), (START + 9001, None), (START + 11_000, 7)]


def test_an_unknown_value_is_a_gap_in_its_own_curve_only(tmp_path):
    counts = [(100, 5)] * 10 + [(-(2**31), 5)] * 10 + [(100, 5)] * 10
    store_of(tmp_path, counts).close()
    found = points(tmp_path, seconds=30, buckets=30)
    assert [count for _, count in found[9:21]] == [100] + [None] * 10 + [100]
    coarse = points(tmp_path, seconds=30, buckets=4)
    assert None in [count for _, count in coarse]
    assert all(count == 5 for _, count in points(tmp_path, "b", seconds=30, buckets=4))


def test_the_oldest_seconds_go_first_and_minutes_remain(tmp_path):
    store = Store(tmp_path, most_seconds=600, most_minutes=1000)
    store.begin("B1", "pack", ["a"], START)
    for i in range(3600):
        store.append(START + i * 1000, array("i", [i]))
    store.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        assert database.execute("SELECT COUNT(*) FROM second").fetchone() == (600,)
        assert database.execute("SELECT COUNT(*) FROM minute").fetchone() == (60,)
    found = points(tmp_path, seconds=3600, buckets=3600)
    assert found[0] == (START, 0) and found[1] == (START, 59)
    assert found[-1] == (START + 3_599_000, 3599)
    assert None not in [count for _, count in found]


def test_every_second_of_a_range_can_be_exported(tmp_path):
    store_of(tmp_path, [(i, -i) for i in range(100)]).close()
    rows = list(Recording(tmp_path).rows("B1", ["b", "gone"], START + 10_000, START + 12_000))
    assert rows == [(START + i * 1000, [-i, None]) for i in (10, 11, 12)]


def test_a_full_disk_is_told_and_nothing_else_breaks(tmp_path, monkeypatch):
    free = [recorder.LEAST_FREE_BYTES - 1]
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free[0]))
    made = Recorder(tmp_path)
    made.take(seen(1000, pack_10mv=1))
    made.settle()
    assert "nearly full" in made.trouble
    free[0] = recorder.LEAST_FREE_BYTES
    made.take(seen(1001, pack_10mv=2))
    made.settle()
    assert made.trouble is None
    made.close()
    assert points(tmp_path, "pack_10mv", 990_000, 60) == [(1_001_000, 2)]


def test_a_disk_that_refuses_is_told_and_tried_again(tmp_path):
    class Full(Store):
        refuse = True

        def append(self, at_ms, counts):
            if self.refuse:
                raise sqlite3.OperationalError("database or disk is full")
            super().append(at_ms, counts)

    made = Recorder(tmp_path, Full)
    made.take(seen(1000, pack_10mv=1))
    made.settle()
    assert "disk is full" in made.trouble
    Full.refuse = False
    for second in range(1001, 1040):
        made.take(seen(second, pack_10mv=2))
        made.settle()
    assert made.trouble is None
    made.close()
    assert points(tmp_path, "pack_10mv", 990_000, 60)[-1] == (1_039_000, 2)


def test_a_damaged_file_is_put_aside_and_recording_goes_on(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to look at" * 100)
    made = Recorder(tmp_path)
    made.take(seen(1000, pack_10mv=4))
    made.settle()
    made.close()
    assert points(tmp_path, "pack_10mv", 990_000, 60) == [(1_000_000, 4)]
    assert [path.name for path in tmp_path.glob("damaged-*")]


def test_a_slow_disk_never_holds_up_who_hands_over(tmp_path):
    class Slow(Store):
        def append(self, at_ms, counts):
            gate.wait(5)

    gate = threading.Event()
    made = Recorder(tmp_path, Slow)
    for second in range(1000, 1100):
        made.take(seen(second, pack_10mv=1))
    assert "too slow" in made.trouble
    gate.set()
    made.close()


def test_no_file_is_no_curves(tmp_path):
    recording = Recording(tmp_path / "empty")
    assert recording.boards() == [] and recording.keys("B1") == []
    assert list(recording.rows("B1", ["a"], 0, 1)) == []
