"""The journal: each entry says what happened, why, and what was measured around it."""

from binascii import crc32

from map_bench import Bench

from cellwarden import ids
from cellwarden import schema_data as schema
from cellwarden.journal import ENTRIES, ENTRY_BYTES, PAYLOAD_BYTES, Journal
from heap_proof import prove_no_allocation

TRIP = ids.KIND_TRIP
OV1 = ids.RULE_CELL_OV1
NONE = 0xFF
ABSENT_16, ABSENT_32 = 0x7FFF, 0x7FFFFFFF


def u16(entry, at):
    return entry[at] | entry[at + 1] << 8


def u32(entry, at):
    return u16(entry, at) | u16(entry, at + 2) << 16


def s32(entry, at):
    value = u32(entry, at)
    return value - (1 << 32) if value >> 31 else value


def charging_bench():
    """A pack of which cell 7 has just gone too high."""
    b = Bench().commission()
    c = b.controller
    b.cells(4100, now_ms=900)
    c.readings.current_ma.put(-123_456, 990)
    c.readings.pack_mv.put(98_765, 995)
    c.readings.bus_mv.fitted = True
    c.readings.bus_mv.put(98_700, 995)
    q = c.quantities
    for quantity, value, where in (
        (ids.Q_CELL_MAX_MV, 4251, 7),
        (ids.Q_CELL_MIN_MV, 4099, 3),
        (ids.Q_TEMP_MAX_DC, 312, 2),
        (ids.Q_TEMP_MIN_DC, -45, 4),
        (ids.Q_POWER_TEMP_DC, 405, 5),
    ):
        q.value[quantity] = value
        q.valid[quantity] = 1
        q.where[quantity] = where
    c.commands.charge = c.commands.heater = True
    c.readings.feedback_valid = True
    c.readings.discharge_feedback = 1
    c.protection.forbids = ids.FORBID_CHARGE
    c.protection.loudest = ids.LOUD_PROTECTION
    c.protection.retries[OV1] = 2
    for rule in (OV1, 3, 20, 40, 60, 61):
        c.protection.state[rule] = 2
    return b


def test_a_trip_says_which_rule_limit_value_cell_and_how_old_the_sample_was():
    b = charging_bench()
    c = b.controller
    c.journal.record(TRIP, OV1, 1000, c)
    e = b.entry(0)
    assert len(e) == ENTRY_BYTES
    assert u32(e, ids.J_NUMBER) == 0 and u32(e, ids.J_UPTIME_S) == 1234
    assert (e[ids.J_KIND], e[ids.J_RULE], e[ids.J_WHERE]) == (TRIP, OV1, 7)
    assert s32(e, ids.J_LIMIT) == 4200 and s32(e, ids.J_VALUE) == 4251
    assert u16(e, ids.J_AGE_MS) == 100 and e[ids.J_RETRIES] == 2


def test_an_entry_holds_the_readings_around_it():
    b = charging_bench()
    c = b.controller
    c.journal.record(TRIP, OV1, 1000, c)
    e = b.entry(0)
    assert s32(e, ids.J_CURRENT_MA) == -123_456 and u32(e, ids.J_PACK_MV) == 98_765
    assert u16(e, ids.J_BUS_10MV) == 9870 and u16(e, ids.J_CHARGER_10MV) == ABSENT_16
    assert (u16(e, ids.J_CELL_MAX_MV), u16(e, ids.J_CELL_MIN_MV)) == (4251, 4099)
    assert (e[ids.J_CELL_MAX_NUMBER], e[ids.J_CELL_MIN_NUMBER]) == (7, 3)
    assert u16(e, ids.J_TEMP_MAX_DC) == 312 and u16(e, ids.J_TEMP_MIN_DC) == 0x10000 - 45
    assert u16(e, ids.J_POWER_TEMP_DC) == 405 and u16(e, ids.J_SOC_PERMILLE) == 500
    assert e[ids.J_OUTPUTS] == 1 | 8 | 64 and e[ids.J_FORBIDS] == ids.FORBID_CHARGE
    assert e[ids.J_BOARD_STATE] == 3 and e[ids.J_LOUDEST] == ids.LOUD_PROTECTION
    also = [e[ids.J_ALSO_1 + i] for i in range(4)]
    assert also == [3, 20, 40, 60]


def test_what_is_not_known_is_marked_absent_and_never_a_number():
    b = Bench()
    b.controller.estimator.soc_permille = -1
    b.controller.journal.note(ids.KIND_START, b.controller, value=2)
    e = b.entry(0)
    for at in (ids.J_CURRENT_MA, ids.J_PACK_MV, ids.J_LIMIT):
        assert u32(e, at) == ABSENT_32
    for at in (ids.J_CELL_MAX_MV, ids.J_TEMP_MIN_DC, ids.J_SOC_PERMILLE, ids.J_BUS_10MV):
        assert u16(e, at) == ABSENT_16
    for at in (ids.J_RULE, ids.J_WHERE, ids.J_CELL_MAX_NUMBER, ids.J_RETRIES, ids.J_PORT):
        assert e[at] == NONE
    assert s32(e, ids.J_VALUE) == 2 and e[ids.J_KIND] == ids.KIND_START
    assert u16(e, ids.J_AGE_MS) == ABSENT_16


def test_a_reused_place_keeps_nothing_of_the_entry_before():
    b = charging_bench()
    c = b.controller
    for _ in range(ENTRIES):
        c.journal.record(TRIP, OV1, 1000, c)
    c.protection.state[:] = bytes(schema.RULE_COUNT)
    c.journal.note(ids.KIND_START, c, value=1)
    e = b.entry(ENTRIES)
    assert e[ids.J_RULE] == e[ids.J_WHERE] == e[ids.J_RETRIES] == e[ids.J_ALSO_1] == NONE
    assert u32(e, ids.J_LIMIT) == ABSENT_32


def test_every_rule_can_be_recorded_with_an_age_of_its_own_samples():
    b = charging_bench()
    c = b.controller
    c.readings.temps_done(400)
    for rule in range(schema.RULE_COUNT):
        c.journal.record(TRIP, rule, 1000, c)
    c.journal.record(TRIP, ids.RULE_CHARGE_OC, 1000, c)
    c.journal.record(TRIP, ids.RULE_CHARGE_OT, 1000, c)
    c.journal.record(TRIP, ids.RULE_SETTINGS_LOST, 1000, c)
    ages = [u16(b.entry(schema.RULE_COUNT + i), ids.J_AGE_MS) for i in range(3)]
    assert ages == [10, 600, 0]


def test_an_age_stops_below_the_absent_mark():
    b = charging_bench()
    c = b.controller
    c.journal.record(TRIP, OV1, 10_000_000, c)
    assert u16(b.entry(0), ids.J_AGE_MS) == ABSENT_16 - 1


def checksum_is_right(e):
    return u32(e, ids.J_CRC32) == crc32(e[: ids.J_CRC32]) & 0xFFFFFFFF


def test_the_checksum_covers_the_whole_entry_and_is_new_for_each():
    b = charging_bench()
    c = b.controller
    for number in range(ENTRIES + 2):
        c.journal.record(TRIP, OV1, 1000, c)
        assert checksum_is_right(b.entry(number))


def test_the_ring_keeps_the_newest_and_numbers_go_on():
    b = Bench()
    journal = b.controller.journal
    for i in range(ENTRIES + 5):
        journal.note(ids.KIND_COMMAND, b.controller, value=i)
    assert (journal.first, journal.next) == (5, ENTRIES + 5)
    assert b.entry(4) == -2 and b.entry(ENTRIES + 5) == -2
    for number in range(5, ENTRIES + 5):
        e = b.entry(number)
        assert u32(e, ids.J_NUMBER) == s32(e, ids.J_VALUE) == number


def test_what_reaches_flash_comes_back_and_the_numbers_go_on():
    b = Bench()
    journal = b.controller.journal
    for i in range(10):
        journal.note(ids.KIND_COMMAND, b.controller, value=i)
    kept = [(number, journal.payload(number)) for number in range(journal.pending, journal.next)]
    assert [len(payload) for _, payload in kept] == [PAYLOAD_BYTES] * 10
    journal.stored(10)
    assert journal.pending == 10
    before = [b.entry(i) for i in range(10)]
    journal = b.controller.journal = Journal()
    journal.restore(kept, 10)
    assert (journal.first, journal.pending, journal.next) == (0, 10, 10)
    assert [b.entry(i) for i in range(10)] == before
    assert checksum_is_right(before[9])
    journal.note(ids.KIND_START, b.controller)
    assert u32(b.entry(10), ids.J_NUMBER) == 10


def test_restoring_keeps_an_unbroken_run_up_to_the_newest():
    b = Bench()
    journal = b.controller.journal
    payload = bytes(PAYLOAD_BYTES)
    journal.restore([(3, payload), (7, payload), (8, payload), (9, payload)], 10)
    assert (journal.first, journal.next) == (7, 10) and b.entry(3) == -2
    journal = b.controller.journal = Journal()
    journal.restore([(3, payload)], 10)  # the newest is missing
    assert (journal.first, journal.next) == (10, 10)
    journal = b.controller.journal = Journal()
    journal.restore([(i, payload) for i in range(100)], 100)
    assert (journal.first, journal.next) == (100 - ENTRIES, 100)


def test_entries_that_never_reached_flash_are_counted():
    b = Bench()
    journal = b.controller.journal
    for _ in range(ENTRIES):
        journal.note(ids.KIND_COMMAND, b.controller)
    assert (journal.lost, journal.pending) == (0, 0)
    for _ in range(3):
        journal.note(ids.KIND_COMMAND, b.controller)
    assert (journal.lost, journal.pending) == (3, 3)
    journal.stored(2)  # older than what is pending: nothing to learn
    assert journal.pending == 3
    journal.stored(1000)  # more than there is
    assert journal.pending == 3


def test_recording_allocates_nothing():
    b = charging_bench()
    c = b.controller
    journal = c.journal

    def step():
        journal.record(TRIP, OV1, 1000, c)
        journal.record(TRIP, ids.RULE_CHARGE_OT, 1000, c)
        journal.note(ids.KIND_COMMAND, c, 1, 2, 2)

    prove_no_allocation(step)


def test_reading_a_record_allocates_nothing():
    b = charging_bench()
    c = b.controller
    c.journal.record(TRIP, OV1, 1000, c)
    out = bytearray(80)

    def step():
        assert not b.map.read_record(1, 0, 32, out, 3, 2)

    prove_no_allocation(step)
