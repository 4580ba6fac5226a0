"""The register map, reading: every published address answers, holes refuse, secrets stay."""

from map_bench import (
    CHALLENGE,
    CHARGER,
    COILS,
    DISCRETE,
    HOLDING,
    INPUT,
    LOGIN_ROLE,
    PC,
    Bench,
)

from cellwarden import ids, packed
from cellwarden import schema_data as schema
from cellwarden.readout import ABSENT
from heap_proof import prove_no_allocation

NO_ADDRESS = -2
PORTS = (1, 2, 3)


def settings_end():
    return schema.SETTINGS_BASE + len(schema.SETTING_AT)


def expected_addresses():
    """Every register that the schema publishes, from its own columns."""
    found = set()
    for base, table in (
        (schema.READINGS_BASE, schema.READING_AT),
        (schema.SETTINGS_BASE, schema.SETTING_AT),
    ):
        found.update(base + i for i in range(len(table)) if table[i] != 0xFF)
    found.update(range(schema.CELL_MV_BASE, schema.CELL_MV_BASE + 4 * 32))
    found.update(range(schema.RULE_STATE_BASE, schema.RULE_STATE_BASE + schema.RULE_STATE_COUNT))
    for addresses, registers in (
        (schema.TEXT_ADDRESS, schema.TEXT_REGISTERS),
        (schema.COMMAND_ADDRESS, schema.COMMAND_REGISTERS),
    ):
        for i in range(len(registers)):
            first = packed.u16(addresses, i)
            found.update(range(first, first + registers[i]))
    return found


def test_exactly_the_published_registers_answer():
    b = Bench()
    known = expected_addresses()
    b.login()  # one text is for a session only
    for address in range(0, 0x2100):
        answer = b.read(address)
        if address in known:
            assert isinstance(answer, list), hex(address)
        elif not CHALLENGE <= address < CHALLENGE + 8:
            assert answer == NO_ADDRESS, hex(address)
    for address in (0x2100, 0x7FFF, 0x8000, 0xFFFF):
        assert b.read(address) == NO_ADDRESS


def test_a_range_that_touches_a_hole_is_refused_as_a_whole():
    b = Bench()
    assert b.read(0x0030, 7) != NO_ADDRESS
    assert b.read(0x0030, 8) == NO_ADDRESS
    assert b.read(0x0200, 125) != NO_ADDRESS
    assert b.read(0x027F, 1) != NO_ADDRESS
    assert b.read(0x027F, 2) == NO_ADDRESS
    assert b.read(0x035F, 2) == NO_ADDRESS
    assert b.read(settings_end() - 1, 2) == NO_ADDRESS
    assert b.read(0xFFFF, 1) == NO_ADDRESS


def test_holding_and_input_registers_read_alike():
    b = Bench().commission()
    for address, count in ((0, 49), (0x1000, 38), (0x0300, 96), (0x0800, 56)):
        assert b.read(address, count, table=HOLDING) == b.read(address, count, table=INPUT)


def test_readings_are_big_endian_with_the_high_word_first():
    b = Bench()
    b.controller.readout[ids.R_CURRENT_MA] = -123_456
    b.controller.readout[ids.R_PACK_10MV] = 9876
    b.controller.readout[ids.R_TEMP_MIN_DC] = -45
    assert b.read(0x0002, 3) == [9876, (-123_456 >> 16) & 0xFFFF, -123_456 & 0xFFFF]
    assert b.read(0x0014) == [0x10000 - 45]
    assert b.read(0x0003) == [(-123_456 >> 16) & 0xFFFF]  # half of a value may be read
    assert b.read(0x0004) == [-123_456 & 0xFFFF]


def test_an_absent_reading_has_its_mark():
    b = Bench()
    b.controller.readout[ids.R_PACK_10MV] = b.controller.readout[ids.R_CURRENT_MA] = ABSENT
    assert b.read(0x0002, 3) == [0x7FFF, 0x7FFF, 0xFFFF]


def test_a_reading_too_large_for_its_register_stays_at_the_top():
    b = Bench()
    b.controller.readout[ids.R_TICK_LATE_WORST_MS] = 70_000
    assert b.read(0x0048) == [0xFFFF]


def test_cells_come_from_the_readings_and_are_absent_when_not_valid_or_lost():
    b = Bench().commission(cells=3)
    b.cells(3300)
    b.controller.readings.cell_valid[1] = 0
    assert b.read(0x0200, 4) == [3300, 0x7FFF, 3300, 0x7FFF]
    b.controller.protection.state[ids.RULE_CELLS_LOST] = 2
    assert b.read(0x0200, 4) == [0x7FFF] * 4


def test_the_state_of_a_rule_shows_active_pending_latched_and_retries():
    b = Bench()
    p = b.controller.protection
    for rule in range(4):
        p.state[rule] = rule
    p.retries[2] = 3
    assert b.read(0x0300, 4) == [0, 2, 0x0301, 5]
    assert b.bits(DISCRETE, 0, 4) == [0, 0, 1, 1]
    assert b.bits(DISCRETE, 2, 12) == [1, 1] + [0] * 10
    assert b.bits(DISCRETE, 0, schema.RULE_STATE_COUNT) == [0, 0, 1, 1] + [0] * 92
    assert b.bits(DISCRETE, 90, 7) == NO_ADDRESS


def test_settings_read_what_is_stored_and_not_what_is_staged():
    b = Bench().commission()
    s = b.settings
    s.begin(PC)
    s.write(ids.CELL_OV1_MV, 4222)
    s.write(ids.CURRENT_OFFSET_MA, -5)
    assert b.read(0x1030) == [4200]
    assert s.commit(True) == ids.COMMIT_RESULT_IS_OK
    assert b.read(0x1030) == [4222]
    assert b.read(0x10E1) == [0x10000 - 5]
    assert b.read(0x1042, 2) == [0, 0]  # automatic stays visible as 0
    assert b.read(0x1002, 2) == [1, 0x86A0]


def test_switches_read_as_coils():
    b = Bench().commission()
    assert b.bits(COILS, 0, 5) == [1, 1, 1, 0, 1]
    assert b.bits(COILS, 2, 1) == [1]
    assert b.bits(COILS, 0, 6) == NO_ADDRESS
    assert b.bits(COILS, 5, 1) == NO_ADDRESS


def test_texts_are_padded_with_zeros():
    b = Bench()
    b.map.set_text(ids.T_PRODUCT, "Cellwarden")
    words = b.read(0x0800, 8)
    text = bytes(byte for word in words for byte in (word >> 8, word & 0xFF))
    assert text == b"Cellwarden" + bytes(6)
    b.map.set_text(ids.T_PRODUCT, "longer than sixteen bytes")
    assert b.read(0x0807) == [ord("x") << 8 | ord("t")]
    assert b.read(0x0808) == [0]  # the neighbour is untouched


def test_each_port_reads_its_own_session_and_outcome():
    b = Bench().commission()
    assert b.login() == 0
    assert b.read(0x0054, 3, port=PC) == [1, 600, 0]
    assert b.read(0x0054, 3, port=CHARGER) == [0, 0, 0]
    b.step(1000)
    assert b.read(0x0055, port=PC) == [599]
    assert b.write(0x1030, 4301) == 3
    assert b.read(0x0065, 2, port=PC) == [ids.COMMIT_RESULT_IS_CROSS_RULE, 0x1030]
    assert b.read(0x0065, 2, port=3) == [0, 0]
    for _ in range(3):
        b.login(password=b"guess1", port=3)
    assert b.read(0x0056, port=3) == [10] and b.read(0x0056, port=PC) == [0]


def test_the_challenge_is_for_the_port_that_asked_while_it_is_open():
    b = Bench()
    assert b.read(CHALLENGE, 8) == -1
    assert b.write(LOGIN_ROLE, 1) == 0
    assert isinstance(b.read(CHALLENGE, 8), list)
    for port in (CHARGER, 3):
        assert b.read(CHALLENGE, 8, port=port) == -1
    b.step(30_000)
    assert b.read(CHALLENGE, 8) == -1


def test_command_registers_read_zero_whatever_was_written():
    b = Bench()
    b.login()
    for i in range(len(schema.COMMAND_REGISTERS)):
        first = packed.u16(schema.COMMAND_ADDRESS, i)
        count = schema.COMMAND_REGISTERS[i]
        assert b.read(first, count) == [0] * count


def holds(memory, secret):
    """True when ``secret`` stands somewhere in what a client could read."""
    return any(memory[i : i + len(secret)] == secret for i in range(len(memory)))


def test_no_secret_can_be_read_anywhere():
    b = Bench().commission()
    b.login()
    b.write_bytes(0x2022, b"correct horse" + bytes(3))
    b.write_bytes(0x2048, b"makers own" + bytes(6))
    seen = bytearray()
    for table in (HOLDING, INPUT):
        for address in range(0, 0x2060):
            answer = b.read(address, table=table)
            if answer not in (-1, NO_ADDRESS):
                seen += bytes((answer[0] >> 8, answer[0] & 0xFF))
    for number in range(b.controller.journal.next):
        seen += b.entry(number)
    for secret in (b"corr", b"make", b.access._keys[1][:4]):
        assert not holds(seen, secret)


def test_journal_records_are_addressed_by_file_and_record():
    b = Bench()
    journal = b.controller.journal
    journal.restore([], 19_999)
    for _ in range(3):
        journal.note(ids.KIND_COMMAND, b.controller)
    out = bytearray(80)
    read = b.map.read_record
    assert read(2, 9_999, 32, out, 3, PC) == 0
    assert out[3] | out[4] << 8 == 19_999
    assert read(3, 0, 32, out, 3, PC) == 0
    assert out[3] | out[4] << 8 == 20_000
    for file, record in ((2, 9_998), (3, 2), (1, 0), (0, 0), (2, 10_000), (65_535, 0)):
        assert read(file, record, 32, out, 3, PC) == 2
    assert read(3, 0, 33, out, 3, PC) == 3 and read(3, 0, 0, out, 3, PC) == 3


def test_a_short_record_touches_nothing_behind_it():
    b = Bench()
    b.controller.journal.note(ids.KIND_COMMAND, b.controller)
    out = bytearray([0xEE] * 20)
    assert b.map.read_record(1, 0, 4, out, 2, PC) == 0
    assert out[:2] == bytes([0xEE] * 2) and out[10:] == bytes([0xEE] * 10)


def test_the_server_tells_who_it_is_and_whether_it_runs():
    b = Bench()
    b.map.set_text(ids.T_PRODUCT, "Cellwarden")
    b.map.set_text(ids.T_FIRMWARE_VERSION, "1.2.3")
    out = bytearray(40)
    n = b.map.server_id(out, 3)
    assert bytes(out[3 : 3 + n]) == b"\x43\x00Cellwarden 1.2.3"
    b.controller.commands.precharge = True
    b.map.server_id(out, 3)
    assert out[4] == 0xFF
    objects = [b.map.device_object(i) for i in range(7)]
    assert objects[0] == b"Cellwarden" and objects[2] == b"1.2.3"
    assert objects[3] is None and objects[6] is None


def test_reading_allocates_nothing_on_any_port():
    b = Bench().commission()
    b.login()
    b.write(LOGIN_ROLE, 1)
    b.cells(3700)
    out = bytearray(260)
    read = b.map.read

    def step():
        for port in PORTS:
            assert not read(HOLDING, 0x0000, 0x37, out, 3, port)
            assert not read(INPUT, 0x0040, 0x2F, out, 3, port)
            assert not read(HOLDING, 0x0200, 32, out, 3, port)
            assert not read(HOLDING, 0x0300, 96, out, 3, port)
            assert not read(HOLDING, 0x0800, 56, out, 3, port)
            assert not read(HOLDING, 0x1030, 26, out, 3, port)
            assert not read(HOLDING, 0x10C0, 3, out, 3, port)
            assert read(HOLDING, 0x0100, 1, out, 3, port)
            assert not read(COILS, 0, 5, out, 3, port)
            assert not read(DISCRETE, 0, 96, out, 3, port)
        assert not read(HOLDING, 0x2040, 8, out, 3, PC)

    b.controller.readout[ids.R_CURRENT_MA] = ABSENT
    b.controller.readout[ids.R_POWER_W] = -300_000
    prove_no_allocation(step)
