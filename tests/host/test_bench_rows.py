"""The table of numbers: verdicts, estimates, what is asked for, and that nothing is left out."""

import io
import json

import pytest
from rich.console import Console

import boards.sim as board
from cellwarden.register_map import RegisterMap
from cellwarden_host.bench import latency_cases, latency_rows, measure, register_runs, show_rows
from cellwarden_host.bench.row import NOT_MEASURED, OK, SHORT_OF, Row, at_least, at_most, plain
from cellwarden_host.bench.rp2040 import YARDSTICK_MS, estimate_ms
from cellwarden_host.bench.runtimes import Failed
from cellwarden_host.desk import Desk
from cellwarden_host.sim.faults import FAULTS
from cellwarden_host.sim.provision import commissioned


def case(rule):
    return next(case for case in latency_cases.CASES if case.rule == rule)


def test_a_figure_at_its_limit_is_good():
    assert at_most("t", "w", 10, 10, "ms").verdict == OK
    assert at_most("t", "w", 10.1, 10, "ms").verdict == SHORT_OF
    assert at_least("t", "w", 300, 300, "x").verdict == OK
    assert at_least("t", "w", 299, 300, "x").verdict == SHORT_OF
    assert plain("t", "w", 299, "x").verdict == ""


def test_the_yardstick_is_what_it_takes_on_an_rp2040():
    assert estimate_ms(31.0, 31.0) == YARDSTICK_MS
    assert estimate_ms(62.0, 31.0) == 2 * YARDSTICK_MS


def test_every_rule_that_opens_a_gate_is_measured_or_says_why_not():
    measured = {case.rule for case in latency_cases.CASES}
    excused = set(latency_cases.NOT_AT_THE_GATES)
    assert measured | excused == {rule.name for rule in latency_cases.openers()}
    assert not measured & excused


def test_cases_use_faults_that_exist():
    for case in latency_cases.CASES:
        for name, *arguments in (*case.before, *case.faults):
            assert len(FAULTS[name][1]) == len(arguments), name


def test_a_bound_is_delay_and_sample_and_tick_and_port():
    assert latency_rows.bound_ms(case("charge_oc")) == 2000 + 25 + 100 + 5
    assert latency_rows.bound_ms(case("cell_ov1")) == 4000 + 100 + 100 + 5
    assert latency_rows.bound_ms(case("power_ot")) == 5000 + 1000 + 100 + 5


def test_the_age_a_reading_may_have_counts_as_delay():
    assert latency_rows.set_delay_ms(case("cells_lost")) == board.FTT_CELLS_MS
    assert latency_rows.set_delay_ms(case("current_lost")) == board.FTT_CURRENT_MS


def test_runs_of_registers_end_where_the_map_has_a_hole():
    registers = RegisterMap(Desk(board, commissioned(board)).controller)
    reply = bytearray(512)
    runs = register_runs.runs()
    assert len(runs) >= 4
    for first, count in runs:
        last = first + count - 1
        assert registers.read(3, first, min(count, register_runs.LIMIT), reply, 0, 2) == 0
        assert registers.read(3, last, 1, reply, 0, 2) == 0
        assert registers.read(3, last, 2, reply, 0, 2) != 0
    first, count = register_runs.longest()
    assert registers.read(3, first, count, reply, 0, 2) == 0
    assert count == min(max(run[1] for run in runs), register_runs.LIMIT)


def test_topics_are_chosen_by_how_they_begin():
    assert measure.chosen([]) == list(measure.topics())
    assert measure.chosen(["heap"]) == ["heap lock"]
    with pytest.raises(ValueError, match="memory"):
        measure.chosen(["nonsense"])


def test_a_topic_that_fails_does_not_hide_the_others(monkeypatch):
    class Broken:
        TOPIC = "broken"

        @staticmethod
        def rows(rounds):
            raise Failed("no luck")

    class Works:
        TOPIC = "works"

        @staticmethod
        def rows(rounds):
            yield plain("works", "rounds", rounds, "")

    modules = {"a": Broken, "b": Works}
    monkeypatch.setattr(measure, "MODULES", tuple(modules))
    monkeypatch.setattr(measure, "_module", modules.get)
    heard = []
    rows = measure.measure(measure.chosen([]), heard.append, 7)
    assert heard == ["broken", "works"]
    assert rows[0].verdict == NOT_MEASURED and rows[0].note == "no luck"
    assert rows[1].value == 7
    assert measure.incomplete(rows)
    assert not measure.incomplete(rows[1:])


ROWS = [
    Row("one", "first", "1 ms", "≤ 2 ms", verdict=OK, note="because", value=1.0, unit="ms"),
    Row("two", "second", "3 ms", "≤ 2 ms", peer="4 ms", verdict=SHORT_OF),
]


def test_the_table_shows_every_row_and_counts():
    console = Console(file=io.StringIO(), width=120)
    show_rows.print_table(ROWS, console)
    text = console.file.getvalue()
    for part in ("one", "first", "because", "two", "second", "4 ms", "short", "1 of 2 targets"):
        assert part in text


def test_json_carries_the_bare_figures():
    rows = json.loads(json.dumps(show_rows.as_json(ROWS)))["rows"]
    assert [row["what"] for row in rows] == ["first", "second"]
    assert rows[0]["value"] == 1.0 and rows[0]["unit"] == "ms"
    assert rows[1]["verdict"] == "short"
