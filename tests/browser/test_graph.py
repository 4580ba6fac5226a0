"""The Graph page in a browser: curves that are recorded, gaps, zoom, export."""

import pytest
from cli_board import CliBoard
from playwright.sync_api import expect

CELLS = 5
# What the page draws at the moment.
PLAN = """() => {
  for (const element of Object.values(mounted_app.elements))
    if (element.props && element.props.plan) return element.props.plan;
}"""


@pytest.fixture(scope="module")
def board():
    board = CliBoard(cells=CELLS)
    board.desk.cell_mv = [3700 + i for i in range(CELLS)]
    board.tick(20)
    yield board
    board.unplug()


def drawn(page, condition):
    page.wait_for_function(f"() => {{ const plan = ({PLAN})(); return plan && ({condition}); }}")
    return page.evaluate(PLAN)


def test_cells_and_current_are_drawn_live_and_others_are_chosen_by_name(look, board):
    page = look(board, tab="graph")
    plan = drawn(page, "plan.grids.length == 2 && plan.grids[0].series[0].points.length > 1")
    assert [one["name"] for one in plan["grids"][0]["series"]][-1] == f"cell {CELLS}"
    assert plan["grids"][0]["series"][2]["points"][-1][1] == 3.702
    box = page.get_by_test_id("graph.chart").bounding_box()
    assert box["height"] > 500 and page.locator("[data-testid='graph.chart'] canvas").count() == 1
    page.get_by_test_id("graph.preset.temp_dc").click()
    drawn(page, "plan.grids.length == 3")
    page.get_by_test_id("graph.readings").fill("state of charge")
    page.get_by_role("option", name="State of charge", exact=True).click()
    drawn(page, "plan.grids.some(grid => grid.series.some(one => one.name == 'State of charge'))")


def test_a_lost_link_is_a_gap_and_what_was_recorded_before_is_there(look, board):
    page = look(board, tab="graph")
    drawn(page, "plan.grids.length && plan.grids[0].series[0].points.length > 2")
    board.mute = True
    expect(page.get_by_test_id("link")).to_contain_text("lost")
    board.mute = False
    expect(page.get_by_test_id("link")).to_have_text("Connected")
    drawn(page, "plan.grids[0].series[0].points.some(point => point[1] === null)")


def test_zooming_stays_where_one_looks_and_is_exported(look, board):
    page = look(board, tab="graph")
    drawn(page, "plan.grids.length && plan.grids[0].series[0].points.length > 1")
    expect(page.get_by_test_id("graph.live")).to_have_attribute("aria-pressed", "true")
    chart = page.get_by_test_id("graph.chart")
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 60, box["y"] + 150)
    page.mouse.wheel(0, -400)
    expect(page.get_by_test_id("graph.live")).to_have_attribute("aria-pressed", "false")
    plan = drawn(page, "plan.to - plan.from < 300000 - 10000")
    with page.expect_download() as waiting:
        page.get_by_test_id("graph.csv").click()
    saved = waiting.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert saved[0].split(",")[2] == "cell_mv[1] (V)"
    moments = [int(line.split(",")[1]) for line in saved[1:]]
    assert moments and plan["from"] <= moments[0] <= moments[-1] <= plan["to"]


def test_the_page_is_chinese_and_fits_a_phone(look, board):
    page = look(board, tab="graph", language="zh", width=390, height=844)
    plan = drawn(page, "plan.grids.length == 2")
    assert plan["grids"][0]["title"].startswith("单体电压")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
