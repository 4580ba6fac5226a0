"""Mass production's promises: a board is written whole, proved, recorded, and never twice."""

import json
from datetime import datetime

import pytest
from cli_board import CliBoard

from cellwarden import ids
from cellwarden_host import catalog, jobs, kept
from cellwarden_host.board import Board
from cellwarden_host.link import Line
from cellwarden_host.problems import Refused
from cellwarden_host.production import recipe as recipes
from cellwarden_host.production import run
from cellwarden_host.production.hands_free import HandsFree
from cellwarden_host.production.ledger import Ledger

AT = datetime(2026, 1, 2, 3, 4, 5)
DATE = "2026-01-02"


def recipe(**changes):
    document = json.loads(recipes.example())
    document.update(changes)
    return recipes.parse(json.dumps(document), "batch.json")


def settings(board):
    values = board.read(catalog.SETTINGS)
    return {row.name: values.all(row.name) for row in catalog.SETTINGS}


class Bench:
    """Boards one after another, a ledger, and time that passes with the job's waits."""

    def __init__(self, folder, made, code="E66058388344", cells=14):
        self.recipe = made
        self.ledger = Ledger(made, folder)
        self.swap(code, cells)

    def swap(self, code, cells=14):
        self.fake = CliBoard(fresh=True)
        self.fake.map.set_text(ids.T_MACHINE_CODE, code)
        self.fake.cells(cells)

    def produce(self, **keys):
        outcome = run.begin(self.recipe)
        orders = run.Orders(DATE, lambda code: self.ledger.reserve(code, DATE), **keys)
        job = run.produce(self.recipe, orders, outcome)
        with Line(self.fake.port, 115200) as line:
            jobs.run(job, Board(line), lambda s: self.fake.tick(1 + int(10 * s)))
        return outcome

    def states(self, outcome):
        return {step.key: step.state for step in outcome.steps}


def test_a_board_is_written_proved_and_recorded(tmp_path):
    bench = Bench(tmp_path, recipe(password="s3cret-9"))
    outcome = bench.produce(factory_password="f4ctory-1")
    assert outcome.passed, [(s.key, s.state, s.said) for s in outcome.steps]
    assert bench.fake.setting("cell_ov2_mv") == 4350
    assert bench.fake.setting("cell_count") == 14
    assert bench.fake.setting("confirmed") == 0  # the pack's installer has to
    assert (outcome.serial, outcome.texts["serial_number"]) == ("000001", "000001")
    assert outcome.texts["device_name"] == "CW-000001"
    assert outcome.texts["factory_date"] == DATE
    code, _, told = bench.fake.run("set", "cell_ov1_mv=4190", password="s3cret-9")
    assert code == 0, told  # the password is the recipe's now
    bench.ledger.record(outcome, AT)
    kept = "".join(path.read_text() for path in tmp_path.iterdir())
    assert "s3cret-9" not in kept + repr(outcome) + repr(bench.recipe)
    assert "f4ctory-1" not in kept
    made = json.loads((tmp_path / "000001.json").read_text())["runs"][0]
    assert made["result"] == "pass"
    assert made["label"]["capacity"] == "20 Ah"
    assert (
        bench.ledger.csv_file.read_text()
        .splitlines()[1]
        .startswith("2026-01-02T03:04:05,pass,000001,E66058388344,CW-000001")
    )


def test_every_check_runs_and_one_that_fails_fails_the_board(tmp_path):
    bench = Bench(tmp_path, recipe())
    bench.fake.desk.cell_mv[6] = 3500
    bench.fake.desk.current_ma = 900
    outcome = bench.produce()
    states = bench.states(outcome)
    assert not outcome.passed
    assert (states["compare"], states["serial"]) == ("pass", "skipped")
    assert (states["cells"], states["sensors"], states["current"]) == ("fail", "pass", "fail")
    said = {step.key: step.said for step in outcome.steps}
    assert "cell 7" in said["cells"]
    assert "0.900 A" in said["current"]


def test_nothing_is_written_after_a_step_that_failed(tmp_path):
    bench = Bench(tmp_path, recipe(password="s3cret-9", settings={}))
    assert bench.states(bench.produce())["password"] == "pass"
    bench.recipe = recipe(password="")
    outcome = bench.produce()
    assert (bench.states(outcome)["unlock"], bench.states(outcome)["write"]) == ("fail", "open")
    assert bench.fake.setting("cell_count") == 0
    assert not outcome.passed
    assert bench.produce(present_password="s3cret-9").passed


@pytest.mark.parametrize("step", ["unlock", "write", "names", "password", "serial", "self_test"])
def test_a_board_swapped_in_on_the_way_is_never_written(tmp_path, step):
    bench = Bench(tmp_path, recipe(password="s3cret-9"))
    first = bench.fake
    bench.swap("E66058388355")
    other = bench.fake
    for fake in (first, other):  # both know the maker's factory password
        fake.desk.controller.access.set_first_factory_password(b"f4ctory-1".ljust(16, b"\0"))
    outcome = run.begin(bench.recipe)
    steps = {one.key: one for one in outcome.steps}
    orders = run.Orders(DATE, lambda code: bench.ledger.reserve(code, DATE), "f4ctory-1")
    job = run.produce(bench.recipe, orders, outcome)
    with Line(first.port, 115200) as line, Line(other.port, 115200) as elsewhere:
        boards = Board(line), Board(elsewhere)
        before = settings(boards[1])
        next(job)
        try:
            while not isinstance(
                jobs.piece(job, boards[steps[step].state != "open"]), jobs.Finished
            ):
                first.tick(10)
        except Refused as refused:
            run.broke_off(outcome, refused)
        texts = boards[1].read(catalog.TEXTS).texts
        assert settings(boards[1]) == before
    assert not outcome.passed
    assert steps[step].state == "fail"
    assert "Another board answers now (E66058388355)" in steps[step].said
    assert (texts["serial_number"], texts["factory_date"]) == ("", "")
    assert not texts["device_name"].startswith("CW-")


def test_a_serial_number_is_given_once_whatever_crashes(tmp_path):
    bench = Bench(tmp_path, recipe(password=""))
    assert bench.ledger.reserve("A", DATE) == (1, "000001")
    assert bench.ledger.reserve("B", DATE) == (2, "000002")
    with (tmp_path / "serial-numbers.csv").open("a") as file:
        file.write('"14 cells, 20 Ah",3,0000\n"14 cel')  # the PC died here
    again = Ledger(bench.recipe, tmp_path)
    assert again.reserve("C", DATE)[1] == "000003"
    assert again.reserve("A", DATE) == (1, "000001")
    assert Ledger(recipe(name="other"), tmp_path).reserve("A", DATE) == (1, "000001")


def test_a_full_disk_and_odd_names_never_give_a_serial_number_twice(tmp_path):
    made = recipe(name="-批次一", serial_number="-{number:04}")
    book, file = Ledger(made, tmp_path), tmp_path / "serial-numbers.csv"
    assert [book.reserve(code, DATE)[1] for code in "AB"] == ["-0001", "-0002"]
    assert book.reserve("A", DATE) == (1, "-0001")
    assert "'-批次一,1,'-0001" in file.read_text(encoding="utf-8")  # no formula for a spreadsheet
    whole = file.read_bytes()
    header, _, rows = whole.partition(b"\n")
    for torn in (b"", header[:20], header):  # before anything was given
        file.write_bytes(torn)
        assert [book.reserve(code, DATE)[0] for code in "ABCA"] == [1, 2, 3, 1]
        assert file.read_bytes().startswith(whole)
    file.write_bytes(header[:20] + b"\n" + rows)
    assert book.reserve("C", DATE)[0] == 3
    file.write_bytes(whole + "'-批".encode()[:-1])  # the PC died within a letter
    assert [book.reserve(code, DATE)[0] for code in "CDC"] == [3, 4, 3]


@pytest.mark.parametrize(
    "saved",
    [
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("gbk"),
        lambda text: text.replace("\n", ",\n").encode(),
        lambda text: text.replace(",1,", ",one,").encode(),
        lambda text: text.partition("\n")[2].encode(),
    ],
    ids=["semicolons", "BOM", "GBK", "column", "number", "headless"],
)
def test_what_a_spreadsheet_has_saved_is_refused_and_kept(tmp_path, saved):
    made = recipe(name="批次一")
    book, file = Ledger(made, tmp_path), tmp_path / "serial-numbers.csv"
    book.reserve("A", DATE)
    spoiled = saved(file.read_text(encoding="utf-8"))
    file.write_bytes(spoiled)
    for use in (lambda: book.reserve("B", DATE), lambda: Ledger(made, tmp_path)):
        with pytest.raises(Refused, match="put a copy of before in its place"):
            use()
    assert file.read_bytes() == spoiled


def test_a_file_is_shared_by_nothing_else(tmp_path):
    names = [
        "批次一",
        "批次二",
        "电池0001",
        "锂0001",
        "0001",
        "a b",
        "a_b",
        "a/b",
        "..",
        "",
        "nul",
        "x" * 99,
        "x" * 98,
    ]
    files = [kept.file_name(name) for name in names]
    assert len(set(files)) == len(names)
    assert files[0] == "批次一"
    assert all(name.isprintable() and not set(name) & set('/\\:*?"<>| ') for name in files)
    book = Ledger(recipe(name="Serial-Numbers"), tmp_path)
    assert book.csv_file.name.casefold() != "serial-numbers.csv"


def test_the_next_board_begins_by_itself_and_none_twice(tmp_path):
    bench = Bench(tmp_path, recipe(password=""))
    hands = HandsFree()
    assert not hands.due("E66058388344", bench.ledger)
    hands.on = True
    assert hands.due("E66058388344", bench.ledger)
    hands.began("E66058388344")
    outcome = bench.produce()
    bench.ledger.record(outcome, AT)
    assert not hands.due("E66058388344", bench.ledger)
    bench.swap("E66058388355")
    assert hands.due("E66058388355", bench.ledger)
    bench.fake.desk.cell_mv[0] = 3000
    hands.began("E66058388355")
    bench.ledger.record(bench.produce(), AT)
    assert not hands.due("E66058388355", bench.ledger)  # it failed: a person repeats
    later = HandsFree()
    later.on = True
    restarted = Ledger(bench.recipe, tmp_path)
    assert not later.due("E66058388344", restarted)
    assert later.due("E66058388355", restarted)
    assert restarted.counts() == (1, 1)
    changed = recipe(password="", cell_diff_mv=50, confirmed=True)
    assert not Ledger(changed, tmp_path).has_passed("E66058388344")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"settings": {"cell_ov1_mvx": 1}}, "cell_ov1_mv"),
        ({"settings": {"cell_ov1_mv": 4360}}, "cell_ov2_mv"),
        ({"settings": {"cell_ov1_mv": "9 V"}}, "1.500 to 4.500 V"),
        ({"settings": {"current_gain_ppm": 1}}, "one board"),
        ({"settings": {"confirmed": 1}}, "at the top"),
        ({"password": "12"}, "6 to 16"),
        ({"serial_number": "A1"}, "{number}"),
        ({"serial_number": "{number:99}"}, "16 bytes"),
        ({"bluetooth_name": "{password}"}, "{serial}"),
        ({"chemistry": "lead"}, "nmc"),
        ({"checks": ["smell"]}, "self_test"),
        ({"colour": "red"}, "colour"),
        ({"format": "something"}, "format"),
    ],
)
def test_a_recipe_that_cannot_be_meant_says_why(changes, said):
    with pytest.raises(Refused) as refused:
        recipe(**changes)
    assert said in str(refused.value)


def test_toml_means_the_same():
    toml = """
format = "cellwarden recipe"
name = "t"
chemistry = "lfp"
[settings]
cell_count = 16
capacity_mah = "100 Ah"
"""
    made = recipes.parse(toml, "t.toml")
    assert made.settings == {("cell_count", 0): 16, ("capacity_mah", 0): 100_000}
    assert made.chemistry == 2
