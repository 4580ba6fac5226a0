"""The boards of this repository: sound, documented, complete, and running in the simulator."""

import importlib
import re
import shutil
from pathlib import Path

import pytest
from board_folder import BoardFolder

import boards
import boards.sim
from cellwarden.settings import Settings
from cellwarden_host import board_check, board_folders
from cellwarden_host.board_check import cells, consumption, contract, tables
from cellwarden_host.cli import main
from cellwarden_host.sim.image import slot_files, slot_sources
from cellwarden_host.sim.provision import commissioned
from cellwarden_host.sim.run import Simulator

ROOT = Path(__file__).parents[2]
NAMES = board_folders.names()
REAL = [name for name in NAMES if name != "sim"]
SIMULATED = ["pico_24s", "pico_24s_relays", "pico_w_24s", "esp32_24s", "esp32_16s"]


def definition(name):
    return importlib.import_module(f"boards.{name}")


def test_the_boards_that_are_promised_are_there():
    promised = {"esp32_16s", "esp32_24s", "pico_24s", "pico_24s_relays", "pico_w_24s", "sim"}
    assert promised <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_checker_finds_no_error_in_a_shipped_board(name):
    found = [str(f) for f in board_check.check(board_folders.root() / name)]
    assert [said for said in found if ": error: " in said] == []
    assert name == "sim" or found == []


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_shows_pins_and_consumption_as_the_board_has_them(name):
    folder = board_folders.root() / name
    text = (folder / board_check.README).read_text(encoding="utf-8")
    assert tables.MARKS["pins"][0] in text
    assert tables.refreshed(text, board_check.opened(folder)) == text


@pytest.mark.parametrize("name", REAL)
def test_the_readme_tells_how_to_flash_and_what_hardware_must_do(name):
    text = (board_folders.root() / name / board_check.README).read_text(encoding="utf-8")
    assert f"cellwarden flash --board {name}" in text and "cellwarden bringup" in text
    elsewhere = "../pico_24s/README.md" in text
    assert "## What the hardware must do by itself" in text or elsewhere


@pytest.mark.parametrize("name", REAL)
def test_the_core_takes_settings_for_each_board_at_its_most_cells(name):
    made = commissioned(definition(name), "lfp", definition_cells(name)[1])
    assert isinstance(made, Settings)


def definition_cells(name):
    return board_check.opened(board_folders.root() / name).get("CELLS")


def test_every_name_that_code_reads_from_a_board_is_in_the_contract():
    known = {row.name for row in contract.DEFINITION} | {"NAME"}
    pins = {row.name for row in contract.PINS}
    read = set()
    for folder in ("firmware", "shared", "host/cellwarden_host/sim"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            read |= set(re.findall(r"\bboard\.([A-Z][A-Z0-9_]+)\b", text))
            read |= set(re.findall(r'getattr\(\s*board, "([A-Z0-9_]+)"', text))
    assert read - {"PINS"} <= known, read - known
    hardware = (ROOT / "firmware/hardware.py").read_text(encoding="utf-8")
    assert set(re.findall(r'numbers\["(\w+)"\]', hardware)) <= pins


def test_the_manual_holds_the_contract_as_it_is(capsys):
    text = (ROOT / "docs/boards.md").read_text(encoding="utf-8")
    assert contract.markdown() in text
    assert main(["boards", "contract"]) == 0
    assert capsys.readouterr().out == contract.markdown()


def test_the_least_supply_is_the_one_that_settings_are_judged_by():
    core = (ROOT / "shared/cellwarden/validation.py").read_text(encoding="utf-8")
    assert f"_CHIP_SUPPLY_MV = {cells.CHIP_SUPPLY_MV:_}" in core


def test_consumption_is_summed_at_the_pack_with_the_converters_losses(tmp_path):
    board = BoardFolder(tmp_path)
    wiring = (board.path / "wiring.py").read_text(encoding="utf-8")
    begin = wiring.index("CONVERTER =")
    rows = (
        'CONVERTER = ("converter", 50_000, 80, 50, 10)\n'
        'CONSUMPTION = (("rail", 5_000, 8_000, 100, 0, "x"), ("pack", 0, 7, 6, 5, "y"))\n'
    )
    (board.path / "wiring.py").write_text(wiring[:begin] + rows, encoding="utf-8")
    assert consumption.sums(board_check.opened(board.path)) == [1000 + 7 + 10, 20 + 6 + 10, 5]


def test_a_board_for_32_cells_is_a_copy_with_a_third_chip(tmp_path):
    board = BoardFolder(tmp_path)
    board.change("LTC6811_CHIPS = 2", "LTC6811_CHIPS = 3")
    board.change("PACK_DIVIDER = (3900, 100)", "PACK_DIVIDER = (3900, 82)")
    board.change("BUS_DIVIDER = (3900, 100)", "BUS_DIVIDER = (3900, 82)")
    board.change("CELLS = (14, 24)", "CELLS = (15, 32)", "wiring.py")
    board.change('CHEMISTRIES = ("nmc", "lfp", "lto")', 'CHEMISTRIES = ("lfp",)', "wiring.py")
    board.change("PACK_MAX_MV = 110_000", "PACK_MAX_MV = 125_000", "wiring.py")
    board.change(
        "tuple(range(1, 25))", "(*range(1, 12), *range(13, 24), *range(25, 35))", "wiring.py"
    )
    assert board.said() == []


def test_a_copied_folder_is_called_like_its_folder(tmp_path, monkeypatch):
    shutil.copytree(board_folders.root() / "pico_24s", tmp_path / "attic_24s")
    monkeypatch.setattr(boards, "__path__", [*boards.__path__, str(tmp_path)])
    definition_file = slot_sources("attic_24s")["/board/__init__.py"]
    assert definition_file.read_text(encoding="utf-8").endswith('\nNAME = "attic_24s"\n')
    assert "/board/wiring.py" not in slot_sources("attic_24s")


def test_a_controller_gets_the_drivers_of_its_own_chips():
    def drivers(name):
        return {Path(path).stem for path in slot_sources(name) if "/drivers/" in path}

    assert "ads1015" in drivers("esp32_24s") and "bq76952" not in drivers("esp32_24s")
    assert "bq76952_sampler" in drivers("esp32_16s") and "ads1015" not in drivers("esp32_16s")
    assert not {"ads1015", "bq76952"} & drivers("pico_24s")
    assert not {"ltc6811", "ina228", "open_wire", "ntc"} & drivers("esp32_16s")


def test_the_simulator_gets_the_files_that_the_board_gets():
    real, simulated = slot_files("pico_24s"), slot_files("pico_24s", simulated=True)
    machine_code = {path for path in {*real, *simulated} if path.endswith("_viper.mpy")}
    same = set(real) - machine_code
    assert same == set(simulated) - machine_code and "board/__init__.mpy" in same
    assert all(real[path] == simulated[path] for path in same)


@pytest.mark.parametrize("name", SIMULATED)
def test_the_simulator_runs_a_boards_own_folder_until_it_discharges(name):
    with Simulator(name, mode="stepped") as simulator:
        board, plant = simulator.board, simulator.plant
        board.power_on()
        pack = plant.pack
        assert board.advance_until(lambda: pack.charge.closed and pack.discharge.closed, 30_000)
        plant.inject("load_connect", 50_000)
        board.advance(3_000)
        truth = plant.truth()
        assert truth["current_ma"] < -45_000 and truth["discharge_closed"]


def test_the_simulator_says_which_chips_have_no_model(capsys, monkeypatch):
    monkeypatch.setattr(boards.sim, "AFE", "max17852", raising=False)
    assert main(["sim", "--board", "sim"]) == 2
    said = capsys.readouterr().err
    assert "sim cannot be simulated: there is no model of the MAX17852" in said


def test_boards_are_listed_with_what_they_draw(capsys):
    assert main(["boards"]) == 0
    out = capsys.readouterr().out
    for name in NAMES:
        assert name in out
    assert re.search(r"pico_24s +.* 14-24 +300 A +mosfet +\d", out)
