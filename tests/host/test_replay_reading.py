"""Rows that cannot be true are told and left out; a log that cannot be used is refused."""

import gzip
import os

import pytest
from replay_bench import PACK, Bench, steady

HEADER = "t_s,current_ma,cell1_mv,cell2_mv,cell3_mv,temp_dc"


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def good(t):
    return f"{t},-1000,3700,3701,3702,250"


BAD = {
    "a word": ("2,-1000,3700,error,3702,250", "cell2_mv 'error' is not a number"),
    "no current": ("2,,3700,3701,3702,250", "current_ma is missing"),
    "a lost cell": ("2,-1000,3700,3701", "cell3_mv is missing"),
    "not a number": ("2,nan,3700,3701,3702,250", "current_ma 'nan' is not a number"),
    "infinite": ("2,inf,3700,3701,3702,250", "current_ma 'inf' is not a number"),
    "time goes back": ("0,-1000,3700,3701,3702,250", "time goes back (0 s after 1 s)"),
    "time stands": ("1,-1000,3700,3701,3702,250", "time does not advance (1 s after 1 s)"),
    "time runs ahead": ("99999,-1000,3700,3701,3702,250", "(99999 s) runs ahead of the next"),
    "not a time": ("soon,-1000,3700,3701,3702,250", "'soon' is not a time like the first"),
    "a lost sensor": ("2,-1000,3700,0,3702,250", "cell 2 of 0 mV cannot be"),
    "a full register": ("2,-1000,3700,65535,3702,250", "cell 2 of 65535 mV cannot be"),
    "huge current": ("2,-9000000,3700,3701,3702,250", "a current of -9000 A cannot be"),
    "no such heat": ("2,-1000,3700,3701,3702,9990", "a temperature of 999 °C cannot be"),
    "temperature a word": ("2,-1000,3700,3701,3702,warm", "temp_dc 'warm' is not a number"),
    "an open quote": ('2,"-1000,3700,3701,3702,250', "current_ma '-1000,3700,3701,3702,250'"),
}


@pytest.mark.parametrize(("row", "reason"), BAD.values(), ids=BAD)
def test_a_bad_row_is_told_with_its_line_and_left_out(bench, row, reason):
    told = bench.log(HEADER, good(0), good(1), row, good(3), good(4)).json()
    assert told["rows"] == 4 and told["skipped"] == 1
    assert [complaint["line"] for complaint in told["complaints"]] == [4]
    assert reason in told["complaints"][0]["reason"]
    assert [row["t_s"] for row in bench.rows] == ["0", "1", "3", "4"]
    # what was skipped leaves no mark: 1 A flowed for 4 s
    assert told["throughput"]["discharged_mah"] == pytest.approx(1.1, abs=0.05)


def test_a_first_row_from_another_time_is_left_out(bench):
    told = bench.log(HEADER, good(1e9), good(5), good(6), good(7)).json()
    assert told["rows"] == 3
    assert [complaint["line"] for complaint in told["complaints"]] == [2]


def test_the_first_bad_rows_are_shown_and_all_are_counted(bench):
    rows = [good(t) if t % 2 else f"{t},-1000,,3701,3702,250" for t in range(61)]
    told = bench.log(HEADER, good(-1), *rows, *map(good, range(61, 70))).json()
    assert told["skipped"] == 31
    assert [complaint["line"] for complaint in told["complaints"]] == list(range(3, 22, 2))
    bench.run()
    assert "31 rows were skipped" in bench.text and "... and 21 more" in bench.text


def test_empty_lines_are_no_rows(bench):
    told = bench.log(HEADER, good(0), "", good(1), ",,,,,", "").json()
    assert told["rows"] == 2 and told["skipped"] == 0


def test_a_log_cut_off_in_a_row_is_used_up_to_there(bench):
    bench.log(HEADER, good(0), good(1), good(2))
    bench.log_path.write_bytes(bench.log_path.read_bytes()[:-12])
    told = bench.json()
    assert told["rows"] == 2 and told["skipped"] == 1


def test_a_temperature_that_is_missing_now_and_then_stays_what_it_was(bench):
    rows = [f"{t},0,3700,3700,3700,{'500' if t == 20 else ''}" for t in range(60)]
    assert bench.log(HEADER, *rows).run() == 0
    assert (25.0, "trip", "charge_ot") in bench.events()


HOPELESS = {
    "empty": (b"", "is empty"),
    "only a header": (b"t_s,current_ma,cell_mv\n", "no row"),
    "no header": (b"0,0,3700\n1,0,3700\n", "--column"),
    "no time": (b"current_ma,cell_mv\n0,3700\n", "no header with a time"),
    "no current": (b"t_s,cell_mv\n0,3700\n", "a current (current_ma)"),
    "no voltage": (b"t_s,current_ma\n0,3700\n", "a voltage (cell_mv"),
    "binary": (bytes(range(256)) * 20, "not a text file"),
    "a workbook": (b"PK\x03\x04" + bytes(100), "Excel"),
    "broken gzip": (b"\x1f\x8b\x08\x00" + b"x" * 50, "damaged"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0", "not a text file"),
    "words": (b"to whom it may concern\nnothing\n" * 99, "--column"),
    "half of it bad": (b"t_s,current_ma,cell_mv\n0,0,3700\n1,0,?\n2,0,?\n", "only 1 of 3 rows"),
    "all of it bad": (b"t_s,current_ma,cell_mv\n" + b"5,?,3700\n" * 9999, "only 0 of"),
    "newest row first": (
        b"t_s,current_ma,cell_mv\n" + b"".join(b"%d,0,3700\n" % t for t in range(50, 0, -1)),
        "goes back",
    ),
    "too many cells": (
        b"t_s,current_ma," + b",".join(b"cell%d_mv" % n for n in range(1, 41)) + b"\n",
        "40 columns of cells",
    ),
}


@pytest.mark.parametrize(("content", "reason"), HOPELESS.values(), ids=HOPELESS)
def test_a_hopeless_log_is_refused_with_a_reason(bench, content, reason):
    bench.log_path.write_bytes(content)
    assert bench.run() == 1
    assert reason in bench.error and "Traceback" not in bench.error
    assert not bench.out_path.exists() and not bench.left_over()


def test_a_log_that_is_not_there(bench):
    assert bench.run() == 2
    assert "No such file" in bench.error


def test_a_folder_is_no_log(bench):
    os.mkdir(bench.log_path)
    assert bench.run() == 2
    assert "directory" in bench.error


def test_a_log_that_ends_inside_its_compression(bench):
    bench.log(*steady(20_000))
    packed = gzip.compress(bench.log_path.read_bytes())
    bench.log_path.write_bytes(packed[: len(packed) // 2])
    assert bench.run(pack=PACK) == 1
    assert "damaged or cut off" in bench.error
    assert not bench.out_path.exists()
