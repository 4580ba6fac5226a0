"""The Graph page's choices: which curves, which stretch of time, which areas; and its export."""

from test_recorder import START, seen

from cellwarden_host import catalog, data_folder
from cellwarden_host.recorder import Recorder, Series, curves_of
from cellwarden_host.web.tabs import graph_export, graph_plan
from cellwarden_host.words import tell

RECORDED = [curve.key for curve in curves_of(4)]
NOW = 1_700_000_000_000


def english(text):
    return tell(text, "en")


def test_every_reading_of_the_schema_can_be_chosen_by_its_title():
    offered = graph_plan.options(RECORDED)
    assert set(catalog.READING) <= set(offered)
    assert english(offered["cell_mv"]) == "Cell voltages (all)"
    assert english(offered["cell_mv[4]"]) == "Cell voltages, cell 4"
    assert tell(offered["temp_dc[5]"], "zh") == "温度，功率板温度"
    assert "cell_mv[5]" not in offered
    assert "no_such_reading" not in graph_plan.options([*RECORDED, "no_such_reading"])


def test_an_array_stands_for_its_elements_and_none_is_drawn_twice():
    found = graph_plan.curves(["cell_mv[2]", "cell_mv", "current_ma", "gone"], RECORDED)
    assert found == ["cell_mv[2]", "cell_mv[1]", "cell_mv[3]", "cell_mv[4]", "current_ma"]


def test_readings_of_one_unit_share_an_area_and_words_have_their_own():
    keys = ["cell_mv[1]", "current_ma", "cell_mv[2]", "cell_diff_mv", "board_state", "ccl_ma"]
    series = [Series(key, [(NOW, 3), (NOW + 1, None)]) for key in keys]
    plan = graph_plan.plan(series, (NOW, NOW + 10), english)
    grids = plan["grids"]
    assert [[one["name"] for one in grid["series"]] for grid in grids] == [
        ["cell 1", "cell 2"],
        ["Current", "Charge current limit for the charger"],
        ["Cell voltage difference"],
        ["Board state"],
    ]
    assert grids[0]["series"][0]["points"] == [[NOW, 0.003], [NOW + 1, None]]
    assert (grids[0]["unit"], grids[0]["digits"]) == ("V", 3)
    assert grids[3]["choices"][3] == "standby" and grids[3]["series"][0]["points"][0][1] == 3
    assert (plan["from"], plan["to"]) == (NOW, NOW + 10)


def test_live_follows_and_a_zoomed_stretch_stays_where_it_is():
    choice = graph_plan.Choice()
    assert choice.live and choice.stretch(NOW) == (NOW - 300_000, NOW)
    assert choice.stretch(NOW + 5000)[1] == NOW + 5000
    choice.zoom(0.5, NOW)
    assert choice.live and choice.stretch(NOW) == (NOW - 150_000, NOW)
    choice.look_at(NOW - 1000_000, NOW - 900_000)
    assert not choice.live
    assert choice.stretch(NOW + 5000) == (NOW - 1000_000, NOW - 900_000)
    choice.zoom(2, NOW)
    assert choice.stretch(NOW) == (NOW - 1050_000, NOW - 850_000)
    choice.move(0.5, NOW)
    assert choice.stretch(NOW) == (NOW - 950_000, NOW - 750_000)
    choice.follow(7_200_000)
    assert choice.stretch(NOW) == (NOW - 7_200_000, NOW)


def test_no_stretch_is_shorter_than_ten_seconds_or_endless():
    choice = graph_plan.Choice()
    choice.look_at(NOW, NOW + 1)
    assert choice.stretch(NOW)[1] - choice.stretch(NOW)[0] == graph_plan.LEAST_SPAN_MS
    choice.zoom(1e9, NOW)
    assert choice.span_ms == graph_plan.MOST_SPAN_MS


def test_the_export_has_names_units_and_words_of_the_schema(tmp_path, monkeypatch):
    monkeypatch.setattr(data_folder, "_told", tmp_path)
    recorder = Recorder(tmp_path / "recordings")
    start_s = START // 1000
    for second in range(3):
        recorder.take(seen(start_s + second, cell_mv=[3700, None, 3702], board_state=3))
    recorder.close()
    keys = ["cell_mv[1]", "cell_mv[2]", "board_state", "nothing"]
    text = "".join(graph_export.lines("B1", keys, START, START + 1000))
    heading, first, second, end = text.split("\r\n")
    assert heading == "\ufefftime,ms since 1970,cell_mv[1] (V),cell_mv[2] (V),board_state"
    assert first.endswith(f",{START},3.7,,standby")
    assert second.endswith(f",{START + 1000},3.7,,standby") and end == ""
    assert "from_ms=1&to_ms=2" in graph_export.address("B1", keys, 1, 2)
