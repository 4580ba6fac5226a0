"""The start-up self-test names what is wrong, and only that."""

import pytest
from machine_stub import Rig
from rigs import rig_of

import boards.sim as board
from cellwarden_host.sim.plant import Plant
from firmware import selftest
from firmware.selftest import SelfTest


def fresh():
    return Rig(Plant(board, {}), board)


def spoil(chip, method, change):
    """Let a model's result function return something else."""
    real = getattr(chip, method)
    setattr(chip, method, lambda *args: change(real(*args), args))


def test_a_healthy_board_passes_from_power_up():
    rig = fresh()
    assert SelfTest(rig.hardware).run() == 0
    assert rig.clock.now_us < 100_000


def bad_pattern(kind):
    def change(results, args):
        if args[1] != kind:
            return results
        return [(results[0][0], results[0][1], results[0][2] ^ 1)] + results[1:]

    return lambda rig: spoil(rig.plant.chain.chips[1], "self_test_results", change)


def bad_status(index, code):
    def change(results, _args):
        return [(kind, at, code if at == index else value) for kind, at, value in results]

    return lambda rig: spoil(rig.plant.chain.chips[0], "status_results", change)


def bad_reference(rig):
    def change(results, _args):
        return [(kind, at, 31_000 if at == 5 else value) for kind, at, value in results]

    spoil(rig.plant.chain.chips[1], "aux_results", change)


def deaf_to_config(rig):
    rig.plant.chain.chips[1].write_config = lambda *_: None


def other_chip(rig):
    rig.plant.ina.registers[0x3F] = 0x2381


def config_not_held(rig):
    store = rig.plant.ina._store
    rig.plant.ina._store = lambda register, *rest: (
        None if register == 1 else store(register, *rest)
    )


def no_conversion(rig):
    rig.plant.ina.catch_up = lambda _now_us: None


@pytest.mark.parametrize(
    ("break_it", "expected"),
    [
        (lambda rig: rig.plant.inject("chip_silent", 2), selftest.AFE_SILENT),
        (lambda rig: rig.plant.inject("spi_stuck_low"), selftest.AFE_SILENT),
        (deaf_to_config, selftest.AFE_CONFIG),
        (bad_pattern("c"), selftest.AFE_CELL_PATTERN),
        (bad_pattern("a"), selftest.AFE_AUX_PATTERN),
        (bad_pattern("s"), selftest.AFE_STATUS_PATTERN),
        (lambda rig: rig.plant.inject("chip_mux_fail", 1), selftest.AFE_MUX),
        (bad_reference, selftest.AFE_REFERENCE),
        (bad_status(2, 42_000), selftest.AFE_SUPPLY),
        (bad_status(3, 20_000), selftest.AFE_SUPPLY),
        (lambda rig: rig.plant.inject("ina_silent"), selftest.SHUNT_SILENT),
        (other_chip, selftest.SHUNT_IDENTITY),
        (config_not_held, selftest.SHUNT_CONFIG),
        (no_conversion, selftest.SHUNT_CONVERSION),
    ],
)
def test_each_failure_is_named(break_it, expected):
    rig = fresh()
    break_it(rig)
    assert SelfTest(rig.hardware).run() == expected
    assert selftest.NAMES[expected]


def test_converters_that_disagree_are_found():
    rig = fresh()
    chain = rig.hardware.chain
    read = chain.read_cells

    def apart(code, ok):
        result = read(code, ok)
        code[6], code[7] = 38_000, 38_021
        ok[6] = ok[7] = 1
        return result

    chain.read_cells = apart
    assert SelfTest(rig.hardware)._overlap() == selftest.AFE_OVERLAP


def test_every_failure_has_a_name_and_a_bit_of_its_own():
    bits = [v for k, v in vars(selftest).items() if k.startswith(("AFE_", "SHUNT_"))]
    assert len(set(bits)) == len(bits) == len(selftest.NAMES)
    assert all(bit & (bit - 1) == 0 for bit in bits)


def test_a_self_test_in_the_middle_of_a_conversion_never_becomes_a_reading():
    rig = rig_of()
    sampler = rig.sampler
    while sampler._stage != 2:  # a conversion has been started and not collected
        rig.run_ms(1)
    SelfTest(rig.hardware).run()
    rig.run_ticks(1)
    assert not rig.readings.cells_valid
    rig.run_ticks(1)
    assert rig.readings.cells_valid
    for mv, truth in zip(rig.readings.cell_mv, rig.plant.truth()["cell_mv"], strict=False):
        assert abs(mv - truth) <= 3


def test_a_self_test_that_breaks_off_leaves_no_pattern_behind():
    rig = rig_of()
    while rig.sampler._stage != 2:
        rig.run_ms(1)
    chain = rig.hardware.chain
    start_aux = chain.start_aux

    def broken(_code):
        raise OSError(110)

    chain.start_aux = broken
    assert SelfTest(rig.hardware).run() == selftest.AFE_SILENT
    chain.start_aux = start_aux
    rig.run_ticks(1)
    assert not rig.readings.cells_valid
