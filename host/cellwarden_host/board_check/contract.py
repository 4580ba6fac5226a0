"""What a board's folder has to say: every name, its unit, its range, and when it is needed.

This is the one list of them. The checker judges folders by it and ``cellwarden boards
contract`` prints it; the firmware, the core and the simulator read these names. A name that
is not here is not read by anybody.

``DEFINITION`` stands in the folder's ``__init__.py``, which the controller loads: only what
the firmware reads. ``WIRING`` stands in ``wiring.py``, which stays on the PC: what the hardware
does by itself, which no firmware can find out but which safety rests on.
"""

from __future__ import annotations

from dataclasses import dataclass

# When a name is needed. A tag holds for a board as `tags.py` finds out.
ALWAYS = "always"
OPTIONAL = "optional"

SWITCHED_OFF_AT_REST = (
    "charge_gate",
    "discharge_gate",
    "precharge_gate",
    "heater",
    "secondary_fire",
    "short_reset",
)
GATES = ("charge_gate", "discharge_gate", "precharge_gate")


@dataclass(frozen=True)
class Attribute:
    """``need`` is ALWAYS, OPTIONAL or the tag that makes it needed."""

    name: str
    kind: type
    need: str
    unit: str
    text: str
    low: int | None = None
    high: int | None = None
    choices: tuple[object, ...] = ()


A = Attribute
DEFINITION = (
    A("FAMILY", str, ALWAYS, "", "the controller chip", choices=("rp2040", "esp32")),
    A("TITLE", str, ALWAYS, "", "what a person calls the board"),
    A("HARDWARE_REVISION", int, ALWAYS, "", "of the drawing it was built from", 1, 999),
    A("AFE", str, OPTIONAL, "", "the chip that measures the cells (ltc6811 unless given)",
      choices=("ltc6811", "bq76952")),
    A("RATING_MA", int, ALWAYS, "mA", "continuous current, either way", 1_000, 600_000),
    A("PEAK_MA", int, OPTIONAL, "mA", "peak discharging current (3 x RATING_MA unless given)",
      1_000, 1_800_000),
    A("SHUNT_UOHM", int, ALWAYS, "uOhm", "the shunt", 10, 50_000),
    A("SHUNT_SIGN", int, OPTIONAL, "", "-1 when charging makes the shunt's voltage negative",
      choices=(1, -1)),
    A("SHUNT_TOLERANCE_PERMILLE", int, ALWAYS, "permille", "of the shunt's resistance", 1, 50),
    A("SWITCH_TYPE", str, ALWAYS, "", "what switches the current", choices=("mosfet", "relay")),
    A("COMMON_PORT", bool, ALWAYS, "", "charger and load hang on the same terminals"),
    A("RELAY_BREAK_MA", int, ALWAYS, "mA", "what a relay may break; 0 with MOSFETs", 0, 2_000_000),
    A("SECONDARY_FITTED", bool, ALWAYS, "", "a fuse or shunt trip that level 2 can fire"),
    A("HOLD_FITTED", bool, ALWAYS, "", "a one-shot that bridges a planned restart"),
    A("PRECHARGE_OHM", int, ALWAYS, "Ohm", "the precharge resistor; 0 when there is none",
      0, 10_000),
    A("PRECHARGE_ENERGY_J", int, "precharge", "J", "what it takes in one go", 1, 100_000),
    A("PRECHARGE_TIMED_MS", int, OPTIONAL, "ms", "how long to precharge without a bus sensor",
      0, 10_000),
    A("PRECHARGE_COOL_MW", int, OPTIONAL, "mW", "how fast the resistor cools", 1, 200_000),
    A("HEATER_MA", int, OPTIONAL, "mA", "the most that the heater draws", 0, 50_000),
    A("LTC6811_CHIPS", int, "ltc6811", "", "front ends in the chain, nearest first", 1, 3),
    A("AFE_SUPPLY", str, "ltc6811", "", "each chip lives on its own cells, or on an own supply",
      choices=("stack", "own")),
    A("CELL_CHANNELS", int, "bq76952", "", "cell inputs there are", 3, 36),
    A("BQ76952_ADDRESS", int, "bq76952", "", "on I2C, 7 bits", 0x08, 0x77),
    A("BQ76952_CRC", bool, "bq76952", "", "every transfer carries a CRC"),
    A("AFE_SHORT_MA", int, "bq76952", "mA", "where its short-circuit comparator is set",
      2_000, 10_000_000),
    A("AFE_SHORT_US", int, "bq76952", "us", "how long it lets a short circuit last", 15, 450),
    A("BQ76952_PINS", tuple, "bq76952", "", "what its data memory makes of the pins CFETOFF, "
      "DFETOFF, ALERT, TS1, TS2, TS3, HDQ, DCHG, DDSG"),
    A("BQ76952_TEMPS", tuple, "bq76952", "", "battery 1-4, power board, balancing board: 0 for "
      "the die, 1 to 9 for the pin of BQ76952_PINS that carries the thermistor"),
    A("BALANCE_OHM", int, ALWAYS, "Ohm", "one cell's balancing resistor", 10, 2_500),
    A("BALANCE_GROUP", int, ALWAYS, "", "adjacent cells that share a heat sink", 1, 36),
    A("NTC_INPUTS", tuple, "ltc6811", "", "(chip, GPIO) of each thermistor: battery 1-4, power "
      "board, balancing board"),
    A("NTC_R25_OHM", int, "ltc6811", "Ohm", "the thermistors at 25 degC", 1_000, 470_000),
    A("NTC_BETA_K", int, "ltc6811", "K", "the thermistors' beta, 25/85", 2_500, 5_000),
    A("NTC_PULLUP_OHM", int, "ltc6811", "Ohm", "from the reference to the thermistor",
      1_000, 470_000),
    A("INA228_ADDRESS", int, "ina228", "", "on I2C, 7 bits", 0x40, 0x4F),
    A("ADC_REF_MV", int, "divider", "mV", "full scale of the converter behind the dividers",
      1_000, 5_000),
    A("ADS1015_ADDRESS", int, OPTIONAL, "", "on I2C; dividers hang on this converter's inputs "
      "(pack 0, bus 1, charger 2) and not on the controller", 0x48, 0x4B),
    A("PACK_DIVIDER", tuple, "pack_divider", "kOhm", "top and bottom resistor"),
    A("BUS_DIVIDER", tuple, "bus_divider", "kOhm", "top and bottom resistor"),
    A("CHARGER_DIVIDER", tuple, "charger_divider", "kOhm", "top and bottom resistor"),
    A("PINS", dict, ALWAYS, "", "name of each pin -> its GPIO number; the names are below"),
    A("SPI_ID", int, "ltc6811", "", "the controller's SPI", 0, 2),
    A("SPI_BAUD", int, "ltc6811", "bit/s", "isoSPI takes 1 Mbit/s", 100_000, 1_000_000),
    A("I2C_ID", int, ALWAYS, "", "the controller's I2C", 0, 1),
    A("I2C_BAUD", int, ALWAYS, "bit/s", "", 50_000, 1_000_000),
    A("RS485_1_UART", int, ALWAYS, "", "UART of the charger's port", 0, 2),
    A("RS485_2_UART", int, ALWAYS, "", "UART of the PC's port", 0, 2),
    A("DISPLAY_UART", int, OPTIONAL, "", "UART of the display's port", 0, 2),
    A("DISPLAY_PIO", tuple, OPTIONAL, "", "RP2040: state machines (transmit, receive) of it"),
    A("OLED_ADDRESS", int, OPTIONAL, "", "an SSD1306 on I2C", 0x3C, 0x3D),
    A("TIMERS", tuple, "esp32", "", "three hardware timers: for the watchdog while everything is "
      "off, and for the two RS485 ports (an RP2040 has any number in software)"),
    A("BLE", bool, OPTIONAL, "", "Bluetooth is used"),
    A("OPEN_WIRE_RUNS", int, OPTIONAL, "", "runs each way of the open-wire check", 2, 6),
    A("HEARTBEAT_MS", int, ALWAYS, "ms", "hardware opens the gates so long after the last edge",
      150, 500),
    A("WATCHDOG_MS", int, ALWAYS, "ms", "resets a controller that hangs", 500, 8_000),
    A("FTT_CELLS_MS", int, ALWAYS, "ms", "outputs stay on so long without fresh cells",
      300, 1_000),
    A("FTT_CURRENT_MS", int, ALWAYS, "ms", "the same for the current", 100, 300),
    A("FTT_TEMPS_MS", int, ALWAYS, "ms", "the same for temperatures", 2_000, 10_000),
)  # fmt: skip

WIRING = (
    A("MODULE", str, ALWAYS, "", "which module carries the controller: its pins and memory",
      choices=("pico", "pico_w", "rp2040", "esp32_wroom", "esp32_wroom_r2")),
    A("CELLS", tuple, ALWAYS, "", "fewest and most cells in series that it is built for"),
    A("CHEMISTRIES", tuple, ALWAYS, "", "that those counts hold for"),
    A("CELL_MAP", tuple, ALWAYS, "", "front-end channel (from 1) of each cell as the harness is "
      "drawn, lowest cell first"),
    A("PACK_MAX_MV", int, ALWAYS, "mV", "what every part between plus and minus stands",
      10_000, 200_000),
    A("SHUNT_SIDE", str, ALWAYS, "", "of the pack", choices=("low", "high")),
    A("SHUNT_RATED_MA", int, ALWAYS, "mA", "what the shunt carries for ever", 1_000, 1_000_000),
    A("RS485_1_DIRECTION", str, ALWAYS, "", "who turns the transceiver round: the firmware by a "
      "pin, a PIO program, or the transceiver itself", choices=("auto", "pin", "pio")),
    A("RS485_2_DIRECTION", str, ALWAYS, "", "the same for the PC's port",
      choices=("auto", "pin", "pio")),
    A("PORTS_ISOLATED", bool, ALWAYS, "", "serial ports and USB have no connection to the pack"),
    A("PULLED_DOWN", tuple, ALWAYS, "", "outputs that a resistor holds off while nobody drives "
      "them"),
    A("HEARTBEAT_CUTS", tuple, ALWAYS, "", "outputs that the one-shot forces off when the "
      "heartbeat stands still"),
    A("SHORT_CUT", str, ALWAYS, "", "what ends a short circuit: comparator and latch in the "
      "gate driver, the front end, or a fuse", choices=("driver", "afe", "fuse")),
    A("SHORT_TRIP_MA", int, ALWAYS, "mA", "where it acts", 2_000, 10_000_000),
    A("SHORT_TRIP_US", int, "electronic_cut", "us", "from there to the gate off", 1, 100),
    A("RELAY_CARRY_MA", int, "relay", "mA", "what the relays carry for ever", 1_000, 2_000_000),
    A("RELAY_BREAK_MV", int, "relay", "mV", "at which RELAY_BREAK_MA holds", 10_000, 1_000_000),
    A("ECONOMISER", str, "relay", "", "who lowers the coil current",
      choices=("hardware", "none")),
    A("LOAD_CAP_UF", int, "precharge", "uF", "the largest load capacitor it precharges",
      1, 1_000_000),
    A("POWER_LATCH", str, ALWAYS, "", "what takes the supply away: a missing heartbeat, a pin, "
      "the front end's shutdown; nothing", choices=("heartbeat", "pin", "afe", "none")),
    A("POWER_LATCH_S", int, OPTIONAL, "s", "so long after the last heartbeat", 5, 600),
    A("WAKES", tuple, ALWAYS, "", "what brings the supply back", choices=()),
    A("CONVERTER", tuple, ALWAYS, "", "(name, nominal pack mV, efficiency awake %, asleep %, "
      "current of its own in uA)"),
    A("CONSUMPTION", tuple, ALWAYS, "", "(part, rail in mV or 0 for the pack itself, uA awake, "
      "uA asleep, uA off, where the figures are from)"),
)  # fmt: skip


@dataclass(frozen=True)
class PinName:
    """``use`` is what the pin must be able to do; ``rest`` its level while nobody drives it."""

    name: str
    use: str
    need: str
    rest: int
    text: str


P = PinName
PINS = (
    P("spi_sck", "spi_sck", "ltc6811", 1, "to the isoSPI bridge"),
    P("spi_mosi", "spi_mosi", "ltc6811", 0, "to the isoSPI bridge"),
    P("spi_miso", "spi_miso", "ltc6811", 0, "from the isoSPI bridge"),
    P("afe_cs", "out", "ltc6811", 1, "chip select of the isoSPI bridge, pulled up"),
    P("i2c_sda", "i2c_sda", ALWAYS, 1, "with a pull-up"),
    P("i2c_scl", "i2c_scl", ALWAYS, 1, "with a pull-up"),
    P("afe_alert", "in", OPTIONAL, 1, "BQ76952: low = an alarm waits"),
    P("shunt_alert", "in", "ina228", 1, "low = INA228 fast over-current; with a pull-up"),
    P("short_latched", "in", "driver_cut", 0, "high = the comparator holds the drivers off"),
    P("short_reset", "out", "driver_cut", 0, "a pulse clears the comparator's latch"),
    P("charge_gate", "out", ALWAYS, 0, "high = on"),
    P("discharge_gate", "out", ALWAYS, 0, "high = on"),
    P("precharge_gate", "out", "precharge", 0, "high = on"),
    P("heartbeat", "out", ALWAYS, 0, "each edge re-arms the gate-enable one-shot"),
    P("hold_arm", "out", "hold", 0, "a rising edge holds the gates through a restart, once"),
    P("charge_feedback", "in", OPTIONAL, 0, "high = gate or auxiliary contact really on"),
    P("discharge_feedback", "in", OPTIONAL, 0, "high = gate or auxiliary contact really on"),
    P("secondary_fire", "out", "secondary", 0, "high = fire, for good"),
    P("heater", "out", OPTIONAL, 0, "high = on"),
    P("buzzer", "out", ALWAYS, 0, "an active buzzer"),
    P("rs485_1_tx", "uart_tx", ALWAYS, 1, "charger's port"),
    P("rs485_1_rx", "uart_rx", ALWAYS, 1, "charger's port"),
    P("rs485_1_de", "out", "rs485_1_turned", 0, "high = the transceiver drives the line"),
    P("rs485_2_tx", "uart_tx", ALWAYS, 1, "PC's port"),
    P("rs485_2_rx", "uart_rx", ALWAYS, 1, "PC's port"),
    P("rs485_2_de", "out", "rs485_2_turned", 0, "high = the transceiver drives the line"),
    P("display_tx", "uart_tx", "display", 1, "display's port"),
    P("display_rx", "uart_rx", "display", 1, "display's port"),
    P("pack_adc", "adc", "mcu_adc", 0, "pack voltage behind its divider"),
    P("bus_adc", "adc", OPTIONAL, 0, "load-side voltage behind its divider"),
    P("charger_adc", "adc", OPTIONAL, 0, "charger-side voltage behind its divider"),
    P("power_hold", "out", "latch_pin", 0, "high keeps the supply; low takes it away"),
)  # fmt: skip


_HEAD = "| name | is | unit | range | needed |"
_RULE = "|---|---|---|---|---|"


def markdown() -> str:
    """The contract as the tables of docs/boards.md."""
    lines = []
    for title, rows in (("`__init__.py`", DEFINITION), ("`wiring.py`", WIRING)):
        lines += [
            f"### {title}",
            "",
            "| name | is | unit | range | needed |",
            "|---|---|---|---|---|",
        ]
        for row in rows:
            lines.append(
                f"| `{row.name}` | {row.text or row.name} | {row.unit} | {_range(row)} "
                f"| {_need(row.need)} |"
            )
        lines.append("")
    lines += ["### `PINS`", "", "| name | kind | at rest | is | needed |", "|---|---|---|---|---|"]
    for pin in PINS:
        rest = "high" if pin.rest else "low"
        lines.append(f"| `{pin.name}` | {pin.use} | {rest} | {pin.text} | {_need(pin.need)} |")
    return "\n".join(lines) + "\n"


def _range(row: Attribute) -> str:
    if row.choices:
        return ", ".join(f"`{choice}`" for choice in row.choices)
    if row.low is None:
        return "True, False" if row.kind is bool else ""
    return f"{row.low} to {row.high}"


_NEED_WORDS = {
    ALWAYS: "always",
    OPTIONAL: "no",
    "esp32": "on an ESP32",
    "ltc6811": "with LTC6811",
    "bq76952": "with BQ76952",
    "ina228": "with INA228 (LTC6811 boards)",
    "relay": "with relays",
    "precharge": "when PRECHARGE_OHM is not 0",
    "secondary": "when SECONDARY_FITTED",
    "divider": "when there is a divider",
    "pack_divider": "when the pack is measured by a divider",
    "bus_divider": "when the bus is",
    "charger_divider": "when the charger's side is",
    "mcu_adc": "with LTC6811 and without an ADS1015",
    "driver_cut": 'when SHORT_CUT is "driver"',
    "electronic_cut": 'unless SHORT_CUT is "fuse"',
    "rs485_1_turned": 'unless RS485_1_DIRECTION is "auto"',
    "rs485_2_turned": 'unless RS485_2_DIRECTION is "auto"',
    "display": "when there is a display port",
    "hold": "when HOLD_FITTED",
    "latch_pin": 'when POWER_LATCH is "pin"',
}


def _need(need: str) -> str:
    return _NEED_WORDS[need]
