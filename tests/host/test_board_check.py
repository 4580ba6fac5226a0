"""The checker says what is wrong with a board's folder: file, line, what, what to do."""

import json

import pytest
from board_folder import BoardFolder

from cellwarden_host.cli import main

WIRING = "wiring.py"


def expect(board, *wanted):
    """``wanted``: (file, text in the line or None for line 1, message after the line)."""
    lines = []
    for file, mark, message in wanted:
        number = board.line(mark, file) if mark else 1
        lines.append(f"boards/my/{file}:{number}: {message}")
    assert board.said() == lines


def here(mark, message):
    return "__init__.py", mark, message


def wired(mark, message):
    return WIRING, mark, message


def test_a_copied_folder_is_a_board_without_errors(tmp_path):
    assert BoardFolder(tmp_path).said() == []


def test_first_broken_folder_two_outputs_on_one_pin(tmp_path):
    board = BoardFolder(tmp_path)
    board.change('"buzzer": 22', '"buzzer": 20')
    expect(board, here('"buzzer"', "error: pin 20 is used by secondary_fire and buzzer"))
    assert board.advice() == ["give one of them another: free and able: 22"]


def test_second_broken_folder_pins_that_cannot_do_their_work(tmp_path):
    board = BoardFolder(tmp_path)
    board.change('"spi_miso": 16', '"spi_miso": 17')
    board.change('"afe_cs": 17', '"afe_cs": 16')
    board.change('"pack_adc": 26', '"pack_adc": 21')
    board.change('"heater": 21', '"heater": 25')
    board.change('"rs485_2_rx": 9', '"rs485_2_rx": 26')
    board.change('"display_tx": 3', '"display_tx": 30')
    expect(
        board,
        here('"display_tx"', "error: a Raspberry Pi Pico has no pin 30 (display_tx)"),
        here('"rs485_2_rx"', "error: pin 26 cannot be UART1 RX (rs485_2_rx)"),
        here('"spi_miso"', "error: pin 17 cannot be SPI0 MISO (spi_miso)"),
        here(
            '"heater"',
            "error: pin 25 of a Raspberry Pi Pico is the module's LED, and on no header; "
            "heater cannot have it",
        ),
        here('"pack_adc"', "error: pin 21 cannot measure a voltage (pack_adc)"),
    )
    assert board.advice()[1] == "free and able: 9"


def test_third_broken_folder_parts_that_are_missing(tmp_path):
    board = BoardFolder(tmp_path)
    board.change('    "heartbeat": 13,  # each edge re-arms the gate-enable one-shot\n', "")
    board.change("INA228_ADDRESS = 0x40\n", "")
    board.change("RATING_MA = 300_000\n", "RATNG_MA = 300_000\n")
    board.change('    "heartbeat",\n', "", WIRING)
    board.change("SHUNT_SIDE", "# SHUNT_SIDE", WIRING)
    expect(
        board,
        here(None, "error: INA228_ADDRESS is missing (on I2C, 7 bits)"),
        here(None, "error: RATING_MA is missing (continuous current, either way)"),
        here("RATNG_MA", "error: nobody reads RATNG_MA"),
        here(
            "PINS = {",
            "error: the pin heartbeat is missing (each edge re-arms the gate-enable one-shot)",
        ),
        wired(None, "error: SHUNT_SIDE is missing (of the pack)"),
    )
    assert board.advice()[2] == "is RATING_MA meant?"


def test_fourth_broken_folder_cells_that_starve_a_chip(tmp_path):
    board = BoardFolder(tmp_path)
    board.change("CELLS = (14, 24)", "CELLS = (14, 16)", WIRING)
    board.change("tuple(range(1, 25))", "(*range(1, 13), *range(13, 17))", WIRING)
    starved = "10000 mV at level 2 of under-voltage, and an LTC6811 works from 11000 mV"
    expect(board, wired("CELL_MAP", f"error: chip 2 has 4 cells of nmc: {starved}"))
    board.change("CELLS = (14, 16)", "CELLS = (8, 24)", WIRING)
    board.change("(*range(1, 13), *range(13, 17))", "tuple(range(1, 25))", WIRING)
    expect(board, wired("CELLS", f"error: 8 cells of nmc leave a chip 4: {starved}"))
    board.change('AFE_SUPPLY = "stack"', 'AFE_SUPPLY = "own"')
    assert board.said() == []


def test_fifth_broken_folder_pins_that_an_esp32_samples_or_moves_at_start(tmp_path):
    board = BoardFolder(tmp_path, "esp32_24s")
    board.change('"afe_cs": 5,', '"afe_cs": 12,')
    board.change('"short_reset": 12,', '"short_reset": 5,')
    board.change('"charge_gate": 25,', '"charge_gate": 34,')
    board.change('"short_latched": 34,', '"short_latched": 25,')
    board.change('"heartbeat": 33,', '"heartbeat": 14,')
    board.change('"rs485_1_rx": 14,', '"rs485_1_rx": 16,')
    module = "ESP32-WROOM-32E with 2 MB of PSRAM (N4R2, N8R2)"
    expect(
        board,
        here(
            '"afe_cs"',
            "error: afe_cs rests high on strapping pin 12: high at start sets the flash to "
            "1.8 V, and it does not start",
        ),
        here(
            '"short_reset"',
            f"error: pin 5 is not still while a {module} starts; short_reset must be",
        ),
        here(
            '"short_reset"',
            "warning: short_reset rests low on strapping pin 5: low at start changes the timing "
            "of SDIO",
        ),
        here(
            '"rs485_1_rx"',
            f"error: pin 16 of a {module} carries the module's PSRAM; rs485_1_rx cannot have it",
        ),
        here('"charge_gate"', "error: pin 34 is an input only; charge_gate is an output"),
        here(
            '"heartbeat"',
            f"error: pin 14 is not still while a {module} starts; heartbeat must be",
        ),
    )


def test_sixth_broken_folder_hardware_that_would_not_protect(tmp_path):
    board = BoardFolder(tmp_path)
    board.change("SHUNT_UOHM = 100", "SHUNT_UOHM = 250")
    board.change("SECONDARY_FITTED = True", "SECONDARY_FITTED = False")
    board.change('    "secondary_fire": 20,\n', "")
    board.change("HEARTBEAT_MS = 500", "HEARTBEAT_MS = 900")
    board.change('    "secondary_fire",\n', "", WIRING)
    board.change('    "discharge_gate",\n    "precharge_gate",\n', "", WIRING)
    board.change('"charge_gate", "discharge_gate", "precharge_gate")', '"charge_gate",)', WIRING)
    board.change("PORTS_ISOLATED = True", "PORTS_ISOLATED = False", WIRING)
    board.change('SHUNT_SIDE = "low"', 'SHUNT_SIDE = "high"', WIRING)
    board.change('RS485_2_DIRECTION = "auto"', 'RS485_2_DIRECTION = "pin"', WIRING)
    board.change("SHORT_TRIP_MA = 1_500_000", "SHORT_TRIP_MA = 800_000", WIRING)
    board.change('POWER_LATCH = "heartbeat"', 'POWER_LATCH = "none"', WIRING)
    floats = "has no pull-down: it floats while the controller starts"
    expect(
        board,
        here("SHUNT_UOHM", "error: 900 A make 225 mV on the shunt; the meter ends at 163.84 mV"),
        here(
            "SECONDARY_FITTED",
            "warning: there is no secondary disconnect: nothing stops a charge through a stuck "
            "switch",
        ),
        here(
            "PINS = {",
            "error: the pin rs485_2_de is missing (high = the transceiver drives the line)",
        ),
        here("HEARTBEAT_MS", "error: HEARTBEAT_MS is 900, outside 150 to 500 ms"),
        wired(
            "SHUNT_SIDE", "error: the INA228's common mode ends at 85000 mV, the pack at 110000 mV"
        ),
        wired(
            "PORTS_ISOLATED",
            "error: the pack reaches 110000 mV and its ports are not isolated",
        ),
        wired("PULLED_DOWN", f"error: discharge_gate {floats}"),
        wired("PULLED_DOWN", f"error: precharge_gate {floats}"),
        wired("HEARTBEAT_CUTS", "error: discharge_gate stays on when the heartbeat stops"),
        wired("HEARTBEAT_CUTS", "error: precharge_gate stays on when the heartbeat stops"),
        wired(
            "SHORT_TRIP_MA",
            "error: the short-circuit trip (800000 mA) is inside the peak current (900000 mA)",
        ),
        wired(
            'POWER_LATCH = "none"',
            "warning: nothing takes the supply away: asleep the board goes on drawing",
        ),
    )


def test_a_folder_that_does_more_than_define_is_not_run(tmp_path):
    board = BoardFolder(tmp_path)
    trap = tmp_path / "trap"
    code = f"open({str(trap)!r}, 'w')\n"
    board.change('TITLE = "24S', f'import machine\n{code}OWN = {code}TITLE = "24S')
    board.change("HARDWARE_REVISION = 1", "HARDWARE_REVISION = 1 // 0")
    data = "error: a board is data: only NAME = constant stands here"
    said = board.said()
    for number in (board.line("import machine"), board.line("import machine") + 1):
        assert f"boards/my/__init__.py:{number}: {data}" in said
    number = board.line("OWN =")
    assert f"boards/my/__init__.py:{number}: error: OWN is not a constant expression" in said
    number = board.line("1 // 0")
    division = "error: HARDWARE_REVISION: integer division or modulo by zero"
    assert f"boards/my/__init__.py:{number}: {division}" in said
    assert not trap.exists()


def test_syntax_that_is_not_pythons_is_told_with_its_line(tmp_path):
    board = BoardFolder(tmp_path)
    board.change("RATING_MA = 300_000", "RATING_MA = = 300_000")
    number = board.line("= =")
    assert f"boards/my/__init__.py:{number}: error: not Python: invalid syntax" in board.said()


def test_a_name_or_pin_given_twice_is_told(tmp_path):
    board = BoardFolder(tmp_path)
    board.change('"heater": 21,', '"heater": 21,\n    "buzzer": 22,')
    board.change("SPI_ID = 0", "SPI_ID = 0\nI2C_ID = 1")
    first, second = board.line("I2C_ID = 1"), board.line("I2C_ID = 0")
    told = f"I2C_ID is defined a second time (first in line {first})"
    assert f"boards/my/__init__.py:{second}: error: {told}" in board.said()
    assert any("error: buzzer is given two pins" in said for said in board.said())


MAPS = [
    ("tuple(range(1, 24))", "CELL_MAP has 23 channels for 24 cells"),
    ("(*range(1, 24), 23)", "cell 24 hangs on channel 23, which cell 23 has already"),
    ("(*range(1, 24), 25)", "cell 24 hangs on channel 25; the front end ends at 24"),
    ("(2, 1, *range(3, 25))", "cell 2 hangs on channel 1, below the cell before it"),
    ("(0, *range(2, 25))", "cell 1 hangs on channel 0"),
]


@pytest.mark.parametrize(("channels", "message"), MAPS)
def test_a_cell_map_that_cannot_be_is_told(tmp_path, channels, message):
    board = BoardFolder(tmp_path)
    board.change("tuple(range(1, 25))", channels, WIRING)
    expect(board, wired("CELL_MAP", f"error: {message}"))


CHANGES = [
    ("RATING_MA = 300_000", "RATING_MA = 601_000", "RATING_MA is 601000, outside 1000 to 600000"),
    ('FAMILY = "rp2040"', 'FAMILY = "esp32"', "a Raspberry Pi Pico is an rp2040, not an esp32"),
    ('"mosfet"', '"relay"', "RELAY_BREAK_MA is 0: the firmware could never open a relay"),
    ("PACK_DIVIDER = (3900, 100)", "PACK_DIVIDER = (3900, 150)", "110000 mV become 4074 mV"),
    ("NTC_PULLUP_OHM = 10_000", "NTC_PULLUP_OHM = 220_000", "at 90 degC the thermistor has"),
    ("(1, 2))", "(0, 1))", "two thermistors hang on (0, 1)"),
    ("(1, 2))", "(2, 1))", "a thermistor hangs on (2, 1)"),
    ("OLED_ADDRESS = 0x3C", "OLED_ADDRESS = 0x40", "OLED_ADDRESS is 64, outside 60 to 61"),
    ("PRECHARGE_ENERGY_J = 400", "PRECHARGE_ENERGY_J = 100", "filling 20000 uF to 110000 mV"),
    ('    "bus_adc": 27,\n', "", "precharge cannot see the bus"),
    ("BUS_DIVIDER =", "CHARGER_DIVIDER = (3900, 100)\nBUS_DIVIDER =", "and no pin charger_adc"),
    ("RS485_2_UART = 1", "RS485_2_UART = 0", "UART 0 is used by RS485_1_UART and RS485_2_UART"),
    ("DISPLAY_PIO = (0, 1)", "DISPLAY_UART = 2", "a Raspberry Pi Pico has no UART 2"),
    ("WATCHDOG_MS = 2_000", "WATCHDOG_MS = 500", "the watchdog (500 ms) bites before"),
    ("I2C_BAUD = 400_000", "I2C_BAUD = '400k'", "I2C_BAUD is '400k'"),
]


@pytest.mark.parametrize(("old", "new", "message"), CHANGES)
def test_each_slip_is_told(tmp_path, old, new, message):
    board = BoardFolder(tmp_path)
    board.change(old, new)
    assert any(message in said and ": error: " in said for said in board.said()), board.said()


WIRED = [
    ("PACK_MAX_MV = 110_000", "PACK_MAX_MV = 90_000", "24 cells of nmc reach 103200 mV"),
    ('"nmc", "lfp", "lto"', '"nimh",', "there is no chemistry 'nimh'"),
    ("SHUNT_RATED_MA = 500_000", "SHUNT_RATED_MA = 200_000", "the shunt carries 200000 mA"),
    ('SHORT_CUT = "driver"', 'SHORT_CUT = "fuse"', "a fuse is too slow for MOSFETs"),
    ('MODULE = "pico"', 'MODULE = "esp32_wroom"', "leaves 110 kB of heap"),
    ("SHORT_TRIP_US = 60", "SHORT_TRIP_US = 400", "SHORT_TRIP_US is 400, outside 1 to 100 us"),
    ('WAKES = ("button",', 'WAKES = ("wish",', "'wish' wakes nothing"),
]


@pytest.mark.parametrize(("old", "new", "message"), WIRED)
def test_each_slip_in_the_wiring_is_told(tmp_path, old, new, message):
    board = BoardFolder(tmp_path)
    board.change(old, new, WIRING)
    assert any(message in said and ": error: " in said for said in board.said()), board.said()


def test_an_ads1015_is_used_in_one_range(tmp_path):
    board = BoardFolder(tmp_path, "esp32_24s")
    board.change("ADC_REF_MV = 2_048", "ADC_REF_MV = 4_096")
    expect(board, here("ADC_REF_MV =", "error: the ADS1015 is used in its 2.048 V range"))


def test_a_bq76952_must_obey_the_gate_pins(tmp_path):
    board = BoardFolder(tmp_path, "esp32_16s")
    board.change("(0x02, 0x02, 0x82, 0x07,", "(0x02, 0x00, 0x82, 0x00,")
    expect(
        board,
        here(
            "BQ76952_PINS =",
            "error: DFETOFF does not keep its FET off: gate pin and heartbeat do not reach it",
        ),
        here(
            "BQ76952_TEMPS =",
            "error: a thermistor hangs on TS1, which BQ76952_PINS gives other work",
        ),
    )


def test_an_esp32_needs_hardware_timers(tmp_path):
    board = BoardFolder(tmp_path, "esp32_16s")
    board.change("TIMERS = (0, 1, 2)\n", "")
    assert any("TIMERS" in said and ": error: " in said for said in board.said()), board.said()


def test_the_front_ends_comparator_is_set_where_the_wiring_says(tmp_path):
    board = BoardFolder(tmp_path, "esp32_16s")
    board.change("AFE_SHORT_MA = 400_000", "AFE_SHORT_MA = 600_000")
    expect(
        board,
        here(
            "AFE_SHORT_MA =", "error: the front end is told 600000 mA, the wiring says 400000 mA"
        ),
    )


def test_the_command_prints_what_to_do_and_fails_on_errors_only(tmp_path, capsys):
    board = BoardFolder(tmp_path)
    assert main(["boards", "check", str(board.path)]) == 0
    assert capsys.readouterr().out == "no errors, no warnings\n"
    board.change('POWER_LATCH = "heartbeat"', 'POWER_LATCH = "none"', WIRING)
    assert main(["boards", "check", str(board.path)]) == 0
    board.change('"buzzer": 22', '"buzzer": 20')
    assert main(["boards", "check", str(board.path)]) == 1
    out = capsys.readouterr().out
    line = board.line('"buzzer"')
    assert (
        f"{board.path}/__init__.py:{line}: error: pin 20 is used by secondary_fire and buzzer\n"
        "    give one of them another: free and able: 22\n" in out
    )
    assert out.endswith("1 error, 1 warning\n")
    assert main(["boards", "check", "--json", str(board.path)]) == 1
    first = json.loads(capsys.readouterr().out)[0]
    assert first["line"] == line and first["severity"] == "error"
    assert main(["boards", "check", "nowhere"]) == 2
