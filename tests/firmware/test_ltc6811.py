"""The cell-monitor driver against the register-level model: what it delivers, what it refuses."""

import pytest
from rigs import rig_of, true_mv

import boards.sim as board
from cellwarden.commands import Commands
from cellwarden_host.sim.ltc6811_chip import CONFIG_DEFAULT
from cellwarden_host.sim.ltc6811_model import pec15 as model_pec15
from firmware.drivers import ltc6811
from firmware.drivers.pec15 import pec15


def valid_cells(rig):
    return [i for i in range(24) if rig.readings.cell_valid[i]]


def test_pec_is_that_of_the_data_sheet():
    assert pec15(bytes((0x00, 0x01)), 0, 2) == 0x3D6E
    for seed in range(50):
        data = bytes((seed * 37 + i * 101) & 0xFF for i in range(8))
        assert pec15(data, 1, 6) == model_pec15(data[1:7])


@pytest.mark.parametrize("cells", [7, 14, 16, 19, 24])
def test_every_cell_is_delivered_in_the_order_of_the_pack(cells):
    rig = rig_of(cells=cells)
    assert rig.readings.cells_valid
    for mv, truth in zip(rig.readings.cell_mv, true_mv(rig), strict=False):
        assert abs(mv - truth) <= 3
    assert rig.readings.stray_mv < 20
    assert rig.readings.cell_valid[cells:] == bytes(32 - cells)


def test_chips_without_enough_cells_to_live_on_give_no_values():
    rig = rig_of(cells=3)
    assert not rig.readings.cells_valid
    assert rig.readings.chip_lost == 2


def test_a_set_is_counted_once_a_cycle_and_dated_when_it_was_converted():
    rig = rig_of()
    count = rig.readings.cells_count
    rig.run_ticks(5)
    assert rig.readings.cells_count == count + 5
    assert (rig.now_ms - rig.readings.cells_ms) < 20


def test_one_spoilt_frame_is_counted_and_read_again():
    rig = rig_of()
    for _ in range(8):  # wherever in the cycle it falls
        errors = rig.readings.pec_errors
        rig.plant.chain.pec_burst = 1
        rig.run_ticks(1)
        assert rig.readings.cells_valid
        rig.run_ticks(1)
        assert rig.readings.pec_errors == errors + 1


def test_a_frame_spoilt_among_the_cells_costs_no_reading():
    rig = rig_of()
    read = rig.hardware.chain.read_cells

    def spoilt(*args):
        rig.plant.chain.pec_burst = 1
        return read(*args)

    rig.hardware.chain.read_cells = spoilt
    errors = rig.readings.pec_errors
    rig.run_ticks(1)
    assert rig.readings.cells_valid
    assert rig.readings.pec_errors == errors + 1


def test_registers_that_are_still_clear_are_not_values():
    rig = rig_of()
    chain = rig.hardware.chain
    chain.start_cells(ltc6811.CLRCELL)
    code, ok = [7] * 24, bytearray(b"\1" * 24)
    assert not chain.read_cells(code, ok)
    assert ok == bytes(24) and code == [7] * 24


def test_a_burst_of_spoilt_frames_marks_cells_missing_at_once_and_no_chip_as_lost():
    rig = rig_of()
    rig.plant.chain.pec_permille = 1000
    rig.run_ticks(1)
    assert not rig.readings.cells_valid
    assert valid_cells(rig) == []
    assert rig.readings.chip_lost == 0
    rig.plant.chain.pec_permille = 0
    rig.run_ticks(2)
    assert rig.readings.cells_valid


def test_a_silent_chip_is_missing_at_once_and_lost_after_three_attempts():
    rig = rig_of()
    rig.plant.chain.chips[1].silent = True
    rig.run_ticks(1)
    assert not rig.readings.cells_valid
    assert valid_cells(rig) == list(range(12))
    assert rig.readings.chip_lost == 0
    rig.run_ticks(3)
    assert rig.readings.chip_lost == 1
    rig.plant.chain.chips[1].silent = False
    rig.run_ticks(3)
    assert rig.readings.chip_lost == 0
    assert rig.readings.cells_valid


def test_a_dead_first_chip_hides_the_second():
    rig = rig_of()
    rig.plant.chain.chips[0].silent = True
    rig.run_ticks(4)
    assert rig.readings.chip_lost == 2
    assert valid_cells(rig) == []


@pytest.mark.parametrize("level", [0x00, 0xFF])
def test_a_stuck_data_line_gives_no_values(level):
    rig = rig_of()
    rig.plant.chain.miso_stuck = level
    rig.run_ticks(4)
    assert valid_cells(rig) == []
    assert rig.readings.chip_lost == 2


def test_a_bus_that_delivers_nothing_does_not_repeat_the_last_frames():
    rig = rig_of()
    rig.hardware.chain._spi.write_readinto = lambda _data, _into: None
    rig.run_ticks(4)
    assert valid_cells(rig) == []
    assert rig.readings.chip_lost == 2


def test_results_that_are_never_renewed_are_refused_though_their_checks_are_good():
    rig = rig_of()
    rig.plant.chain.chips[0].frozen = True
    rig.run_ticks(2)
    assert not rig.readings.cells_valid
    assert valid_cells(rig) == list(range(12, 24))


def test_a_conversion_that_did_not_happen_is_no_value():
    rig = rig_of()
    chip = rig.plant.chain.chips[1]
    started = chip.start
    chip.start = lambda *_: None
    rig.run_ticks(2)
    assert not rig.readings.cells_valid
    assert valid_cells(rig) == list(range(12))
    chip.start = started
    rig.run_ticks(2)
    assert rig.readings.cells_valid


def test_a_chip_that_was_reset_is_configured_again_within_a_cycle():
    rig = rig_of()
    chip = rig.plant.chain.chips[1]
    written = bytes(chip.config)
    assert written != CONFIG_DEFAULT
    chip.internal_reset()
    assert bytes(chip.config) == CONFIG_DEFAULT
    rig.run_ticks(2)
    assert bytes(chip.config) == written
    assert rig.hardware.chain.resets_seen == 1
    rig.run_ticks(1)
    assert rig.readings.cells_valid


def test_chips_that_fell_asleep_come_back_configured():
    rig = rig_of()
    written = bytes(rig.plant.chain.chips[1].config)
    rig.clock.now_us += 5_000_000  # the controller was busy elsewhere
    rig.plant.chain.check(rig.clock.now_us)
    assert bytes(rig.plant.chain.chips[1].config) == CONFIG_DEFAULT
    rig.run_ticks(3)
    assert bytes(rig.plant.chain.chips[1].config) == written
    assert rig.readings.cells_valid


def test_the_discharge_timer_stays_off_and_gpio_pull_downs_too():
    rig = rig_of()
    for chip in rig.plant.chain.chips:
        assert chip.config[5] >> 4 == 0
        assert chip.config[0] & 0xFC == 0xFC


def balancing(rig):
    return rig.plant.truth()["balancing"]


def balance(rig, cells):
    """Command these cells after every tick, as the core would."""
    commands = Commands()
    for i in cells:
        commands.balance[i] = 1
    rig.on_tick = lambda _now_ms: rig.sampler.apply_balance(commands)
    return commands


def test_balancing_switches_exactly_the_commanded_cells_by_the_map():
    rig = rig_of(cells=14)
    balance(rig, (0, 6, 7, 13))
    rig.run_ticks(1)
    assert balancing(rig) == [0, 6, 7, 13]


def test_balancing_is_off_while_cells_are_measured():
    rig = rig_of()
    plain = list(rig.readings.cell_mv[:24])
    balance(rig, (3, 9, 20))
    seen = []
    chain = rig.hardware.chain
    start = chain.start_cells

    def watched(*args):
        seen.append(balancing(rig))
        start(*args)

    chain.start_cells = watched
    rig.run_ticks(5)
    assert seen and not any(seen)
    for before, with_balancing in zip(plain, rig.readings.cell_mv, strict=False):
        assert abs(before - with_balancing) <= 3


def test_balancing_ends_when_cells_are_not_valid():
    rig = rig_of()
    balance(rig, (3,))
    rig.run_ticks(1)
    assert balancing(rig) == [3]
    rig.plant.chain.miso_stuck = 0
    rig.run_ticks(2)
    assert balancing(rig) == []


def test_balancing_ends_by_itself_when_the_controller_falls_silent():
    rig = rig_of()
    balance(rig, (3,))
    rig.run_ticks(1)
    rig.clock.now_us += 2_100_000
    rig.plant.advance(rig.clock.now_us)
    rig.plant.chain.check(rig.clock.now_us)
    assert balancing(rig) == []


def test_an_overheated_chip_gets_no_balancing():
    rig = rig_of()
    balance(rig, (3,))
    rig.run_ticks(12)
    assert balancing(rig) == [3]
    for _ in range(12):
        rig.plant.chain.chips[0].mux_thsd |= 1  # a thermal shutdown
        rig.run_ticks(1)
    assert balancing(rig) == []
    rig.run_ticks(22)
    assert balancing(rig) == [3]


def test_a_reference_that_drifts_takes_the_chip_s_cells_away():
    rig = rig_of()
    aux = rig.plant.chain.chips[1].aux_results

    def drifted(*args):
        return [(kind, at, code * 9 // 10) for kind, at, code in aux(*args)]

    rig.plant.chain.chips[1].aux_results = drifted
    rig.run_ticks(12)
    assert not rig.readings.cells_valid
    assert valid_cells(rig) == list(range(12))


def test_a_multiplexer_fault_at_run_time_takes_the_chip_s_cells_away():
    rig = rig_of()
    rig.plant.chain.chips[0].mux_fail = True
    rig.run_ticks(12)
    assert valid_cells(rig) == list(range(12, 24))


def test_voltage_on_a_channel_that_has_no_cell_is_reported():
    rig = rig_of(cells=22)
    rig.sampler.configure(20, [i for i in range(24) if i not in (10, 11, 22, 23)], 0x3F)
    rig.run_ticks(2)
    assert rig.readings.stray_mv > 3000


def test_maps_that_cannot_be_are_refused_and_leave_no_cell_valid():
    rig = rig_of()
    impossible = ((24, [0] * 24), (25, None), (0, None), (3, [2, 1, 0]), (3, [0, 1, 24]))
    for count, channels in impossible:
        rig.sampler.configure(count, channels, 0x3F)
        rig.run_ticks(2)
        assert not rig.readings.cells_valid
        assert valid_cells(rig) == []


def test_default_map_shares_cells_evenly_over_the_chips():
    from firmware.cell_map import default_channels

    for count in range(3, 25):
        channels = default_channels(count, 2)
        assert len(channels) == count
        per_chip = [sum(1 for c in channels if c // 12 == chip) for chip in range(2)]
        assert max(per_chip) - min(per_chip) <= 1


def test_no_step_takes_longer_than_five_milliseconds_of_bus_and_waiting():
    rig = rig_of()
    rig.run_ms(12_000)
    assert rig.longest_step_us <= 5_000
    assert board.SPI_BAUD == 1_000_000
    assert ltc6811.CELLS_MS * 1000 >= 2_343
