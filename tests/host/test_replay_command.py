"""``cellwarden replay``: its options, its out file, its picture, its summary."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from replay_bench import PACK, Bench, steady

from cellwarden import ids
from cellwarden.tables import rules
from cellwarden.tables.ocv import POSITIONS
from cellwarden_host.cli import replay as cli_replay
from cellwarden_host.replay import outcome
from cellwarden_host.replay.engine import Moment, Replay, Row
from cellwarden_host.replay.plot import Picture

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def overcharge(rows=60, at=20):
    """3.7 V, then 4.25 V, then 3.9 V and discharging."""
    lines = ["t_s,current_ma,cell_mv"]
    for t in range(rows):
        if t < at:
            lines.append(f"{t},20000,3700")
        else:
            lines.append(f"{t},20000,4250" if t < rows - 20 else f"{t},-20000,3900")
    return lines


# --- the out file


def test_the_out_file_has_a_line_for_each_row(bench):
    assert bench.log(*steady(50, current_ma=-3600)).run("--soc0", "60") == 0
    assert list(bench.rows[0])[:3] == ["t_s", "soc_percent", "soc_sigma_percent"]
    assert list(bench.rows[0])[-1] == "events"
    assert [row["t_s"] for row in bench.rows] == [str(t) for t in range(50)]
    for row in bench.rows:
        assert 0 <= float(row["soc_percent"]) <= 100 and float(row["soc_sigma_percent"]) > 0
    assert not bench.left_over()


def test_events_are_named_as_in_the_schema(bench):
    assert bench.log(*overcharge()).run() == 0
    told = bench.events()
    names = {rule.name for rule in rules.RULES}
    assert {rule for _, _, rule in told} <= names
    assert (24, "trip", "cell_ov1") in told and (22, "warn", "cell_ov_warn") in told
    assert any(kind == "clear" and rule == "cell_ov1" and t > 40 for t, kind, rule in told)
    assert {kind for _, kind, _ in told} == {"trip", "warn", "clear"}
    assert [row["charge_on"] for row in bench.rows[23:25]] == ["1", "0"]


def test_events_of_one_row_are_joined(bench):
    assert bench.log(*overcharge()).run() == 0
    joined = [row["events"] for row in bench.rows if ";" in row["events"]]
    assert "trip:cell_ov1;trip:pack_ov" in joined


def test_fractions_of_a_second_are_kept(bench):
    rows = [f"{t / 4},0,3700" for t in range(8)]
    assert bench.log("t_s,current_ma,cell_mv", *rows).run() == 0
    assert [row["t_s"] for row in bench.rows][:5] == ["0", "0.250", "0.500", "0.750", "1"]


def test_a_file_that_is_no_plain_file_is_written_all_the_same(bench):
    bench.out_path = Path("/dev/null")
    assert bench.log(*steady(5)).run() == 0
    assert bench.out_path.exists() and not bench.out_path.is_file()


def test_the_log_itself_is_never_overwritten(bench):
    bench.log(*steady(5))
    before = bench.log_path.read_bytes()
    bench.out_path = bench.folder / ".." / bench.folder.name / "log.csv"
    assert bench.run() == 2
    assert "overwritten" in bench.error and bench.log_path.read_bytes() == before


# --- ended in the middle


def interrupted(monkeypatch, how, row=30):
    add = outcome.Outcome.add

    def until(self, moment):
        if moment.row.t_s == row:
            how()
        add(self, moment)

    monkeypatch.setattr(outcome.Outcome, "add", until)


def raise_interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize("older", [None, "an older result\n"])
def test_ctrl_c_leaves_no_half_file(bench, monkeypatch, older):
    if older:
        bench.out_path.write_text(older)
    interrupted(monkeypatch, raise_interrupt)
    assert bench.log(*steady(50)).run() == 130
    assert (bench.out_path.read_text() if bench.out_path.exists() else None) == older
    assert not bench.left_over()


def test_a_kill_leaves_the_older_file_whole(bench):
    bench.log(*steady(50))
    bench.out_path.write_text("an older result\n")
    program = (
        "import os, signal, sys\n"
        "from cellwarden_host.cli import main\n"
        "from cellwarden_host.replay import outcome\n"
        "add = outcome.Outcome.add\n"
        "def until(self, moment):\n"
        "    if moment.row.t_s == 30: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    add(self, moment)\n"
        "outcome.Outcome.add = until\n"
        "main(sys.argv[1:])\n"
    )
    arguments = ["replay", str(bench.log_path), *PACK, "--out", str(bench.out_path)]
    done = subprocess.run([sys.executable, "-c", program, *arguments], env=environment())
    assert done.returncode == -signal.SIGKILL
    assert bench.out_path.read_text() == "an older result\n"


def test_a_full_disk_is_told_and_leaves_nothing(bench):
    """Stood in for by a limit on the size of files: writing fails in the middle."""
    bench.log(*steady(5000))
    done = subprocess.run(
        [sys.executable, "-m", "cellwarden_host.cli", "replay", bench.log_path, *PACK]
        + ["--out", bench.out_path],
        env=environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "cannot write" in done.stderr and "Traceback" not in done.stderr
    assert not bench.out_path.exists() and not bench.left_over()


def environment():
    paths = [ROOT / "host", ROOT / "shared", ROOT]
    return {**os.environ, "PYTHONPATH": ":".join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}


# --- options


def test_settings_are_taken_by_name_with_units(bench):
    bench.log(*steady(30, cell_mv=4100))
    assert bench.json("--set", "cell_ov1=4.2V")["trips"] == []
    options = ("cell_ov1_mv=4080", "cell_ov_recover=4.0V", "cell_ov_warn=4.05V")
    options += ("balance_start=4.0V", "charge_cell=4.0V")
    trips = bench.json(*(word for one in options for word in ("--set", one)))["trips"]
    assert [trip["rule"] for trip in trips][0] == "cell_ov1"
    assert trips[0]["t_s"] == 4 and trips[0]["title"] == "cell over-voltage"


REFUSED = {
    "no chemistry": (("--capacity-mah", "5"), 2, "--chemistry"),
    "another chemistry": (("--chemistry", "pb", "--capacity-mah", "5"), 2, "invalid choice"),
    "no capacity": (("--chemistry", "nmc"), 2, "--capacity-mah"),
    "a capacity in volts": (("--chemistry", "nmc", "--capacity-mah", "5V"), 2, "capacity_mah"),
    "no capacity at all": (("--chemistry", "nmc", "--capacity-mah", "0"), 2, "above 0"),
    "huge": (("--chemistry", "nmc", "--capacity-mah", "9000Ah"), 1, "out of range"),
    "charge beyond full": ((*PACK, "--soc0", "101"), 2, "0 to 100"),
    "no cells": ((*PACK, "--cells", "0"), 2, "1 to 32"),
    "an unknown setting": ((*PACK, "--set", "cell_ov9=4"), 2, "did you mean"),
    "a setting without value": ((*PACK, "--set", "cell_ov1"), 2, "NAME=VALUE"),
    "a setting out of range": ((*PACK, "--set", "cell_ov1=9V"), 1, "out of range"),
    "settings at odds": ((*PACK, "--set", "cell_ov1=3V"), 1, "must be below"),
    "a reading": ((*PACK, "--set", "soc_permille=3"), 2, "cannot be set"),
    "an option as setting": ((*PACK, "--set", "cell_count=4"), 2, "--cells"),
    "the curve as setting": ((*PACK, "--set", "ocv_mv[1]=3V"), 2, "--ocv"),
    "no folder": ((*PACK, "--plot", "/nowhere/at/all.png"), 2, "no folder"),
    "a picture of no kind": ((*PACK, "--plot", "p.xyz"), 1, ".png"),
    "a curve that is not there": ((*PACK, "--ocv", "/nowhere.csv"), 2, "No such file"),
    "a column that is not there": ((*PACK, "--column", "t_s=when"), 2, "'when'"),
    "a gap of nothing": ((*PACK, "--gap", "0"), 2, "--gap"),
}


@pytest.mark.parametrize(("options", "code", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_with_a_reason(bench, options, code, why):
    bench.log(*steady(5))
    assert bench.run(*options, pack=()) == code
    assert why in bench.error and "Traceback" not in bench.error
    assert not bench.out_path.exists()


def test_cells_that_the_log_does_not_have(bench):
    bench.log("t_s,current_ma,cell1_mv,cell2_mv,cell3_mv", "0,0,3700,3700,3700")
    assert bench.run("--cells", "4") == 2
    assert "3 cells, not for 4" in bench.error


def test_the_cells_own_curve_becomes_the_packs(bench, monkeypatch):
    made = []

    class Kept(Replay):
        def __init__(self, options):
            super().__init__(options)
            made.append(self)

    monkeypatch.setattr(cli_replay, "Replay", Kept)
    curve = bench.folder / "curve.csv"
    curve.write_text("soc_percent,ocv_mv\n0,3000\n50,3400\n100,4200\n")
    assert bench.log(*steady(10)).run("--ocv", str(curve)) == 0
    points = made[0].settings.value[ids.OCV_MV : ids.OCV_MV + len(POSITIONS)]
    told = dict(zip(POSITIONS, points, strict=True))
    assert (told[0], told[250], told[500], told[1000]) == (3000, 3200, 3400, 4200)


# --- the summary


def test_the_summary_tells_what_moved(bench):
    lines = ["t_s,current_ma,cell_mv,temp_dc"]
    lines += [f"{t},{36_000 if t < 100 else -72_000},3700,{200 + t}" for t in range(151)]
    told = bench.log(*lines).json("--cells", "10")
    assert told["rows"] == 151 and told["duration_s"] == 150
    assert told["throughput"] == {
        "charged_mah": 1000.0,
        "discharged_mah": 1000.0,
        "charged_wh": 37.0,
        "discharged_wh": 37.0,
    }
    assert told["range"]["current_ma"] == {"min": -72_000, "max": 36_000}
    assert told["range"]["temp_dc"] == {"min": 200, "max": 350}
    assert told["cells"] == 10 and told["final"]["capacity_mah"] == 100_000


def test_trips_are_told_with_their_end(bench):
    trips = bench.log(*overcharge()).json()["trips"]
    over = next(trip for trip in trips if trip["rule"] == "cell_ov1")
    assert over["t_s"] == 24 and over["cleared_t_s"] > 40
    bench.log(*steady(60, cell_mv=4250, first=7000))
    trip = bench.json()["trips"][0]
    assert trip["t_s"] == 7004 and trip["cleared_t_s"] is None


def test_a_log_that_knows_the_truth_judges_the_estimate(bench):
    rows = [f"{t},0,3290,{60 if t % 4 else 70}" for t in range(100)]
    bench.log("t_s,current_ma,cell_mv,true_soc_percent", *rows)
    pack = ("--chemistry", "lfp", "--capacity-mah", "100Ah", "--soc0", "60")
    told = bench.json(pack=pack)["truth"]
    soc = [float(row["soc_percent"]) for row in bench.rows]
    sigma = [float(row["soc_sigma_percent"]) for row in bench.rows]
    error = [s - (60 if t % 4 else 70) for t, s in enumerate(soc)]
    rms = (sum(e * e for e in error) / len(error)) ** 0.5
    within = sum(abs(e) <= 2 * s for e, s in zip(error, sigma, strict=True)) / len(error)
    assert told["rows"] == 100
    assert told["rms_percent"] == pytest.approx(rms, abs=0.01)
    assert told["worst_percent"] == pytest.approx(max(error, key=abs), abs=0.01)
    assert told["within_two_sigma"] == pytest.approx(within, abs=0.02)


def test_people_are_told_in_words(bench):
    assert bench.log(*overcharge()).run() == 0
    assert "cell over-voltage" in bench.text and "state of charge" in bench.text
    assert f"written: {bench.out_path}" in bench.text
    assert "no temperature in the log: 25 °C assumed" in bench.text
    assert bench.log(*steady(20)).run(out=False) == 0
    assert "no protection would have tripped" in bench.text


# --- the picture


def test_a_picture_is_drawn(bench):
    for name, start in (("p.png", b"\x89PNG"), ("p.svg", b"<?xml")):
        picture = bench.folder / name
        assert bench.log(*overcharge()).run("--plot", str(picture), out=False) == 0
        assert picture.read_bytes().startswith(start)
    assert bench.left_over() == ["p.png", "p.svg"]


def test_a_picture_names_the_rules_that_acted(bench):
    picture = bench.folder / "p.svg"
    assert bench.log(*overcharge()).run("--plot", str(picture), out=False) == 0
    drawn = picture.read_text()
    for name in ("cell_ov1", "cell_ov_warn", "charge off", "log.csv"):
        assert f"<!-- {name}" in drawn, name


def moment(t_s, current_ma=0, cell_mv=3700):
    row = Row(t_s, current_ma, (cell_mv,))
    return Moment(row, 50.0, 2.0, 50.0, True, True, 0, 0, 0, 0, 100_000, ())


def test_a_long_log_keeps_its_spikes_in_the_picture():
    picture = Picture("long")
    for t in range(100_000):
        picture.add(moment(t, -99_000 if t == 77_777 else 0, 4321 if t == 12_345 else 3700))
    assert len(picture.spans) <= 4000
    assert min(span.low_ma for span in picture.spans) == -99_000
    assert max(span.high_mv for span in picture.spans) == 4321
    assert [span.t_s for span in picture.spans] == sorted(span.t_s for span in picture.spans)
