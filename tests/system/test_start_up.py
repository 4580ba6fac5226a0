"""From power-on to work without a glitch, and not at all while something is wrong."""

import pytest
from station import CHARGER_MV, REACTION_MS

READY_SAMPLES = 10
SAMPLE_MS = 100
BOOT_MS = 150


def test_no_switch_and_no_gate_pin_moves_before_the_samples_are_complete(station):
    pack = station({"charger_mv": CHARGER_MV, "charger_ma": 10_000}).start()
    pack.advance(3000)
    first_ms = pack.plant.moves[0][0] / 1000
    assert first_ms >= BOOT_MS + READY_SAMPLES * SAMPLE_MS
    ups = [name for _, name, level in pack.plant.moves if level and not name.endswith("_gate")]
    assert sorted(ups) == sorted(set(ups)), "each switch closed once and stayed closed"
    assert "secondary" not in ups


def test_discharging_begins_only_through_the_precharge(station):
    pack = station().start()
    precharge_ms = pack.moved_ms("precharge", True)
    discharge_ms = pack.moved_ms("discharge", True)
    assert precharge_ms < discharge_ms
    assert pack.truth("peak_ma") < 100_000, "no inrush"


@pytest.mark.parametrize(
    "fault",
    [
        ("chip_silent", 2),
        ("open_wire", 5),
        ("swap_wires", 8),
        ("ina_silent",),
        ("sensor_open", 2),
        ("sensor_short", 6),
        ("cells_frozen", 1),
        ("pack_adc_gain", 900),
        ("spi_stuck_high",),
        ("chip_mux_fail", 1),
        ("cell", 3, 4400),
    ],
    ids=lambda fault: "_".join(map(str, fault)),
)
def test_a_board_that_cannot_know_its_pack_never_switches_anything_on(station, fault):
    pack = station()
    pack.inject(*fault)
    pack.board.power_on()
    pack.advance(15_000)
    allowed = {"secondary", "secondary_fire"} if fault[0] == "cell" else set()
    moved = {name for _, name, _ in pack.plant.moves}
    assert moved <= allowed
    assert pack.read("protections") > 0, "and it says why"
    assert pack.read("discharge_off_rule") is not None


def test_a_fresh_board_stays_off_and_asks_to_be_set_up(station):
    pack = station(fresh=True)
    pack.board.power_on()
    pack.advance(15_000)
    assert pack.plant.moves == []
    assert pack.word("board_state") == "uncommissioned"
    assert not pack.active("settings_lost"), "nothing was lost: there was nothing"


def test_an_uncalibrated_board_works_only_inside_the_calibration_window(station):
    pack = station(settings={"current_calibrated": 0})
    pack.board.power_on()
    pack.advance(10_000)
    assert pack.plant.moves == []
    with pack.installer():
        pack.pc.command("calibration_window", 1)
        pack.until_on(10_000)
        pack.pc.command("calibration_window", 0)
        pack.until(lambda: pack.all_open, 1000, 20)


@pytest.mark.parametrize("before_ms", [2500, 6500])
def test_the_wrap_of_the_tick_counter_changes_nothing(station, before_ms):
    """The wrap falls into the start-up and into the delay of a protection."""
    straight = _over_voltage_story(station, 0)
    wrapped = _over_voltage_story(station, (1 << 30) - before_ms)
    assert [move[1:] for move in straight] == [move[1:] for move in wrapped]
    for one, other in zip(straight, wrapped, strict=True):
        assert abs(one[0] - other[0]) <= REACTION_MS * 1000


def _over_voltage_story(station, first_tick_ms):
    pack = station({"charger_mv": CHARGER_MV, "charger_ma": 10_000}, ticks_ms_start=first_tick_ms)
    pack.start()
    pack.advance(5000 - pack.now_ms)
    pack.inject("cell", 7, 4250)
    pack.advance(6000)
    assert pack.read("uptime_s") in (10, 11)
    return list(pack.plant.moves)
