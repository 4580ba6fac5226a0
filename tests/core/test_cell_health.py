"""What is known of the cells lasts over a restart, answers on its registers, and warns."""

from struct import pack

from health_bench import Bench
from map_bench import Bench as MapBench

import boards.sim as board
from cellwarden import ids, state_record
from cellwarden import schema_data as schema
from cellwarden.access import Access
from cellwarden.cell_health import CellHealth
from cellwarden.cell_leak import WORST
from cellwarden.controller import Controller
from cellwarden.settings import BOARD, Settings

ABSENT = 0x7FFF
NOW_MS = 5000


def controller(chemistry=ids.CHEMISTRY_NMC, cells=8):
    settings = Settings(board)
    settings.begin(BOARD)
    settings.preset(chemistry)
    settings.write(ids.CELL_COUNT, cells)
    settings.write(ids.CAPACITY_MAH, 100_000)
    settings.write(ids.CONFIRMED, 1)
    assert settings.commit(True) == ids.COMMIT_RESULT_IS_OK
    return Controller(board, settings, Access(bytes), 0)


def learned(c):
    """A core that has come to know its cells."""
    bench = Bench()
    bench.health = c.cells
    bench.uohm = [1000 + 50 * i for i in range(8)]
    bench.charge_ppm = [400_000 + 1000 * i for i in range(8)]
    bench.steps(10)
    bench.charge.known = True
    bench.charge.soc_permille = 400
    bench.run(1_800_000, 2000)
    leak = c.cells.charge.leak
    leak.rate[3] = -120
    for n, fact in enumerate((5, 17, 6, 99_999, 70_000)):  # the newest comparison: hour 70 000
        leak.facts[n] = fact
    leak.charge[2], leak.since_h[2], leak.used_h[2] = 4321, 69_000, 69_500
    leak.kept[70] = 0x85
    leak.owed_mas[5] = 123_456
    leak.took[7] = 9
    return c


def everything(health):
    return (
        [list(values) for values in health._kept()],
        [health.register(block, cell) for block in (1, 2, 3) for cell in range(9)],
        health.resistance.mean_uohm,
    )


def test_what_was_learned_lasts_over_a_restart():
    c = learned(controller())
    data = bytearray(state_record.SIZE)
    length = state_record.dump(c, data, NOW_MS)
    after = controller()
    assert state_record.load(after, bytes(data[:length]), NOW_MS)
    # The doubt about the charge has grown only for who knows the time.
    after.cells.charge.sigma = c.cells.charge.sigma
    assert everything(after.cells) == everything(c.cells)
    after.cells.update(
        after.readings,
        after.quantities,
        after.settings,
        after.estimator,
        after.commands.balance,
        False,
        252_000_000,
        NOW_MS,
    )
    assert after.estimator.resistance_uohm > 0
    assert after.quantities.value[ids.Q_CELL_LEAK] == 17
    assert after.quantities.where[ids.Q_CELL_LEAK] == 6


def test_a_record_of_before_there_was_cell_health_is_read():
    latched = bytearray(2 * 70)
    latched[2 * ids.RULE_CELL_OV2] = 3
    # Length of the estimator, then: known, believed, behind, doubt, charged, discharged, full.
    old = pack("<BBIIIH", 1, 0, 777, 88, 9, 32)
    old += pack("<8I", 1, 64_000, 0, 2500, 123_456, 234_567, 100_000, 0)
    after = controller()
    assert state_record.load(after, old + bytes(latched), NOW_MS)
    assert after.uptime_s == 777
    assert after.switchgear.operations == 88
    e = after.estimator
    assert e.known and e.soc_permille == 640 and 25 <= e.soc_sigma_permille <= 35
    assert (e.charged_mah, e.discharged_mah) == (123_456, 234_567)
    assert after.protection.state[ids.RULE_CELL_OV2] == 3
    assert after.cells.register(1, 0) == ABSENT
    after.tick(NOW_MS + 100)
    assert abs(e.remaining_mah - 64_000) < 500
    assert not state_record.load(controller(), old[:40], NOW_MS)


def test_a_charge_of_another_layout_is_not_taken():
    c = learned(controller())
    c.estimator.known = True
    c.protection.state[ids.RULE_CELL_OV2] = 3
    data = bytearray(state_record.SIZE)
    length = state_record.dump(c, data, NOW_MS)
    end = 30 + (data[14] | data[15] << 8)
    data[14] += 4
    longer = bytes(data[:end]) + bytes(4) + bytes(data[end:length])
    after = controller()
    assert state_record.load(after, longer, NOW_MS)
    assert not after.estimator.known
    assert after.protection.state[ids.RULE_CELL_OV2] == 3
    assert after.cells.register(1, 0) != ABSENT


def test_a_record_that_ends_too_early_is_not_read():
    data = bytearray(state_record.SIZE)
    length = state_record.dump(learned(controller()), data, NOW_MS)
    assert length <= state_record.SIZE
    for end in (0, 10, 17, 60, 400):
        assert not state_record.load(controller(), bytes(data[:end]), NOW_MS)


def test_health_of_another_layout_is_not_taken():
    c = learned(controller())
    data = bytearray(2000)
    size = c.cells.state_into(data, 3)
    health = CellHealth(board)
    health.state_from(bytes(data), 3, size - 2)
    assert health.register(1, 0) == ABSENT
    health.state_from(bytes(data), 3, size)
    assert health.register(1, 0) != ABSENT


def test_other_cells_in_the_settings_end_what_was_stored():
    data = bytearray(state_record.SIZE)
    length = state_record.dump(learned(controller()), data, NOW_MS)
    after = controller(cells=7)
    assert state_record.load(after, bytes(data[:length]), NOW_MS)
    after.tick(NOW_MS + 100)
    assert [after.cells.register(block, 0) for block in (1, 2, 3)] == [ABSENT] * 3


def kept_after(cause):
    c = learned(controller())
    c.publisher.restart_cause = cause
    c.tick(100)
    return [k for k in c.cells.charge.leak.charge if k >= 0]


def test_looks_are_not_compared_over_time_without_power():
    assert kept_after(ids.RESTART_CAUSE_IS_POWER) == []
    assert kept_after(ids.RESTART_CAUSE_IS_UNKNOWN) == []
    assert kept_after(ids.RESTART_CAUSE_IS_SLEEP)[:1] == [4321]
    assert kept_after(ids.RESTART_CAUSE_IS_WATCHDOG)[:1] == [4321]


def test_registers_show_each_cell_and_the_worst():
    b = MapBench().commission(cells=8)
    c = b.controller
    for address in (0x0220, 0x0240, 0x0260):
        assert b.read(address, 32) == [ABSENT] * 32
    learned(c)
    resistance = b.read(0x0220, 9)
    for i in range(8):
        assert abs(resistance[i] - 100 - 5 * i) <= 5
    assert resistance[8] == ABSENT
    charge = [value - 0x10000 if value & 0x8000 else value for value in b.read(0x0240, 8)]
    assert charge[0] < -20 < 20 < charge[7]
    assert b.read(0x0263, 1) == [0x10000 - 12]
    assert b.read(0x025F, 2)[0] == ABSENT
    assert b.read(0x01FF, 1) == -2


def test_readings_tell_the_mean_the_doubt_and_the_worst():
    c = controller()
    absent = c.readout[ids.R_CELL_LEAK_SURE]
    assert c.readout[ids.R_RESISTANCE_10UOHM] == absent == c.readout[ids.R_CELL_CHARGE_SIGMA]
    learned(c)
    for n in range(40):
        c.tick(NOW_MS + 100 * n)
    readout = c.readout
    assert abs(readout[ids.R_RESISTANCE_10UOHM] - 117) <= 5
    assert 10 <= readout[ids.R_CELL_CHARGE_SIGMA] <= 100
    assert (readout[ids.R_CELL_LEAK_SURE], readout[ids.R_CELL_LEAK_NUMBER]) == (17, 6)
    assert readout[ids.R_SELF_HEATING_DC] == absent  # there are no temperatures


def test_both_only_warn():
    for rule in (ids.RULE_CELL_LEAK, ids.RULE_SELF_HEATING):
        assert schema.RULE_FORBIDS[rule] == 0
        assert schema.RULE_LOUD[rule] == ids.LOUD_WARNING


def test_a_leak_warns_from_the_limit_on_and_clears_below():
    c = controller()
    leak = c.cells.charge.leak
    now_ms = 0
    for worst, warned in ((9, False), (10, True), (8, True), (7, False), (30, True), (0, False)):
        leak.facts[WORST] = worst
        for _ in range(6):
            now_ms += 100
            c.tick(now_ms)
        assert c.protection.is_active(ids.RULE_CELL_LEAK) == warned, worst
