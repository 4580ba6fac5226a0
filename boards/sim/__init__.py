"""The simulated 24S board: two LTC6811 on isoSPI, an INA228, MOSFETs with precharge.

Laid out like an RP2040 board; only its ``machine`` module is simulated. Data only: nothing
here may touch hardware, because the host reads this file too.
"""

TITLE = "Simulated 24S board"
HARDWARE_REVISION = 1
FAMILY = "rp2040"

# Ratings and fault-tolerance times of the power stage.
RATING_MA = 300_000  # continuous, either way
SHUNT_UOHM = 100  # 300 A gives 30 mV
SHUNT_TOLERANCE_PERMILLE = 5
SWITCH_TYPE = "mosfet"  # or "relay"
COMMON_PORT = True  # charge and discharge MOSFETs in series, one port
RELAY_BREAK_MA = 0  # what a relay may break; 0 for MOSFETs
SECONDARY_FITTED = True
HOLD_FITTED = True  # a one-shot bridges a planned restart
PRECHARGE_OHM = 50
PRECHARGE_ENERGY_J = 400
HEATER_MA = 2_500  # the most that the heater draws; it hangs between shunt and switches

# Front ends: chips in the daisy chain, nearest first, each with 12 cell inputs.
LTC6811_CHIPS = 2
# "stack" when each chip lives on its own cells (then settings that starve one are refused),
# "own" on boards that also take packs of 3 to 7 cells, as this one is to.
AFE_SUPPLY = "own"
BALANCE_OHM = 100  # 40 mA at 4 V
# Cells share a heat sink in groups of this many adjacent channels.
BALANCE_GROUP = 6

# (chip, GPIO 1..5) of each thermistor: battery 1-4, power board, balancing board.
NTC_INPUTS = ((0, 1), (0, 2), (0, 3), (0, 4), (1, 1), (1, 2))
NTC_R25_OHM = 10_000
NTC_BETA_K = 3435
NTC_PULLUP_OHM = 10_000  # from the chip's VREF2

INA228_ADDRESS = 0x40

# Voltage dividers on the controller's ADC (12 bit, 3300 mV): top and bottom resistor, kOhm.
ADC_REF_MV = 3300
PACK_DIVIDER = (3900, 100)
BUS_DIVIDER = (3900, 100)
CHARGER_DIVIDER = (3900, 100)

PINS = {
    "spi_sck": 18,
    "spi_mosi": 19,
    "spi_miso": 16,
    "afe_cs": 17,
    "i2c_sda": 4,
    "i2c_scl": 5,
    "shunt_alert": 6,  # in, low = INA228 fast over-current
    "short_latched": 7,  # in, high = comparator has latched the drivers off
    "short_reset": 8,  # out, pulse high clears the comparator's latch
    "charge_gate": 10,  # outputs: high = on, pulled down
    "discharge_gate": 11,
    "precharge_gate": 12,
    "heartbeat": 13,  # each edge re-arms the 500 ms gate-enable one-shot
    "hold_arm": 9,  # out, a rising edge holds the gates for the restart that follows
    "charge_feedback": 14,  # in, high = gate driver output really on
    "discharge_feedback": 15,
    "secondary_fire": 20,
    "heater": 21,
    "buzzer": 22,
    "rs485_1_tx": 0,
    "rs485_1_rx": 1,
    "rs485_1_de": 2,
    "rs485_2_tx": 24,
    "rs485_2_rx": 25,
    "rs485_2_de": 3,
    "pack_adc": 26,
    "bus_adc": 27,
    "charger_adc": 28,
}
SPI_ID = 0
SPI_BAUD = 1_000_000
I2C_ID = 0
I2C_BAUD = 400_000
RS485_1_UART = 0
RS485_2_UART = 1

HEARTBEAT_MS = 500  # the hardware opens the gates this long after the last edge
WATCHDOG_MS = 2_000
# Fault-tolerance times: how long outputs may stay on without a fresh reading.
FTT_CELLS_MS = 1_000
FTT_CURRENT_MS = 300
FTT_TEMPS_MS = 10_000
