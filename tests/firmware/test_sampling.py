"""The sampler as a whole: no failing bus reaches the tick, no lateness confuses it."""

import pytest
from machine_stub import Rig
from rigs import ALL_TEMPS, rig_of, true_mv

import boards.sim as board
from cellwarden_host.sim.plant import Plant


class FailingNth:
    """Raises at the n-th bus transfer, and from then on every ``every``-th (0: never again)."""

    def __init__(self, machine_class_method, nth, every):
        self.call = machine_class_method
        self.left = nth
        self.every = every

    def __call__(self, *args):
        self.left -= 1
        if self.left <= 0:
            if self.left == 0 or (self.every and self.left % self.every == 0):
                raise OSError(110)
        return self.call(*args)


@pytest.mark.parametrize("nth", range(1, 60, 3))
def test_an_io_error_at_any_spi_transfer_is_a_missing_reading_and_nothing_else(nth):
    rig = rig_of()
    spi = rig.hardware.chain._spi
    failing = FailingNth(spi._transfer, nth, 0)
    spi._transfer = failing
    ticks = rig.ticks
    rig.run_ms(1_500)
    assert rig.ticks >= ticks + 14
    assert rig.sampler.bus_faults <= 1
    rig.run_ms(12_000)
    assert rig.readings.cells_valid and rig.readings.temps_valid
    for mv, truth in zip(rig.readings.cell_mv, true_mv(rig), strict=False):
        assert abs(mv - truth) <= 3


@pytest.mark.parametrize("every", [2, 3, 7, 20])
def test_buses_that_keep_failing_never_stop_the_ticks(every):
    rig = rig_of()
    spi, i2c = rig.hardware.chain._spi, rig.hardware.shunt._i2c
    spi._transfer = FailingNth(spi._transfer, 5, every)
    i2c.writeto = FailingNth(i2c.writeto, 5, every)
    ticks = rig.ticks
    rig.run_ms(5_000)
    assert rig.ticks >= ticks + 45
    assert rig.sampler.bus_faults > 0


@pytest.mark.parametrize("late_ms", [3, 12, 40, 90, 130, 400, 1_500])
def test_no_delay_at_any_moment_costs_a_reading_or_spoils_one(late_ms):
    for phase_ms in (0, 7, 20, 55, 84, 86, 94, 96, 99):
        rig = rig_of()
        rig.run_ms(phase_ms)
        rig.clock.now_us += late_ms * 1_000
        seen = []
        rig.on_tick = lambda _now_ms, rig=rig, seen=seen: seen.append(rig.readings.cells_valid)
        rig.run_ticks(3)
        assert seen == [True] * 3
        for mv, truth in zip(rig.readings.cell_mv, true_mv(rig), strict=False):
            assert abs(mv - truth) <= 3


def test_ticks_come_every_100_ms_and_currents_every_25():
    rig = rig_of()
    ticks, currents = [], []
    rig.on_tick = ticks.append
    sample = rig.sampler.sample_current

    def watched(now_ms):
        currents.append(now_ms)
        sample(now_ms)

    rig.sampler.sample_current = watched
    rig.run_ms(3_000)
    assert {b - a for a, b in zip(ticks, ticks[1:], strict=False)} == {100}
    assert {b - a for a, b in zip(currents, currents[1:], strict=False)} == {25}


def test_the_clock_may_wrap_at_any_time():
    rig = Rig(Plant(board, {}), board, first_tick_ms=0x3FFFFFFF - 1_000)
    rig.sampler.configure(24, None, ALL_TEMPS)
    rig.run_ticks(3)
    seen = []
    rig.on_tick = lambda _now_ms: seen.append(rig.readings.cells_valid)
    rig.run_ticks(30)
    assert seen == [True] * 30
    assert rig.now_ms < 10_000  # it has wrapped
    assert rig.readings.temps_valid and rig.readings.open_wire_count == 1


def test_comparator_latch_and_feedback_are_reported():
    rig = rig_of()
    assert not rig.readings.short_circuit
    rig.plant.inject("short_latch_stuck", 1)
    rig.run_ms(30)
    assert rig.readings.short_circuit
    rig.plant.inject("feedback_stuck", "charge", 1)
    rig.run_ticks(1)
    assert rig.readings.feedback_valid
    assert (rig.readings.charge_feedback, rig.readings.discharge_feedback) == (1, 0)


def test_what_the_board_has_is_said_from_the_start():
    rig = rig_of()
    assert rig.readings.secondary_fitted
    assert rig.readings.bus_mv.fitted and rig.readings.charger_mv.fitted
