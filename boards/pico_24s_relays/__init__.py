"""24S board on a Raspberry Pi Pico with two relays, one for charging and one for discharging.

Up to 400 A on separate ports. The relays' drivers lower the coil current by themselves. The
charger's side takes a converter input and the display's port has no pins left: an OLED on I2C
serves instead. Data only: the PC reads this too.
"""

TITLE = "24S, relays, Raspberry Pi Pico"
HARDWARE_REVISION = 1
FAMILY = "rp2040"

RATING_MA = 400_000
SHUNT_UOHM = 50  # 400 A gives 20 mV, the 1200 A of a peak trip 60 mV
SHUNT_TOLERANCE_PERMILLE = 5
SWITCH_TYPE = "relay"
COMMON_PORT = False
RELAY_BREAK_MA = 200_000  # half of the rating, so that many operations are left
SECONDARY_FITTED = True
HOLD_FITTED = False
PRECHARGE_OHM = 50
PRECHARGE_ENERGY_J = 400
HEATER_MA = 2_500

AFE = "ltc6811"
LTC6811_CHIPS = 2
AFE_SUPPLY = "stack"
BALANCE_OHM = 100  # 40 mA at 4 V
BALANCE_GROUP = 6

# (chip, GPIO 1..5): battery 1-4, power board, balancing board.
NTC_INPUTS = ((0, 1), (0, 2), (0, 3), (0, 4), (1, 1), (1, 2))
NTC_R25_OHM = 10_000
NTC_BETA_K = 3435
NTC_PULLUP_OHM = 10_000  # from the chip's VREF2

INA228_ADDRESS = 0x40
OLED_ADDRESS = 0x3C  # may be left out

# Dividers on the Pico's converter, top and bottom in kOhm. A 3.0 V reference drives ADC_VREF:
# from the Pico's own 3.3 V the pack would not be known to 2 %.
ADC_REF_MV = 3_000
PACK_DIVIDER = (3900, 100)
BUS_DIVIDER = (3900, 100)
CHARGER_DIVIDER = (3900, 100)

PINS = {
    "rs485_1_tx": 0,
    "rs485_1_rx": 1,
    "short_reset": 2,  # out, pulse high clears the comparator's latch
    "i2c_sda": 4,
    "i2c_scl": 5,
    "shunt_alert": 6,  # in, low = INA228 fast over-current
    "short_latched": 7,  # in, high = comparator has latched the coil drivers off
    "rs485_2_tx": 8,
    "rs485_2_rx": 9,
    "charge_gate": 10,  # outputs: high = coil driver on, pulled down
    "discharge_gate": 11,
    "precharge_gate": 12,
    "heartbeat": 13,  # each edge re-arms the gate-enable one-shot
    "charge_feedback": 14,  # in, high = auxiliary contact closed
    "discharge_feedback": 15,
    "spi_miso": 16,
    "afe_cs": 17,
    "spi_sck": 18,
    "spi_mosi": 19,
    "secondary_fire": 20,
    "heater": 21,
    "buzzer": 22,
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

HEARTBEAT_MS = 500
WATCHDOG_MS = 2_000
FTT_CELLS_MS = 1_000
FTT_CURRENT_MS = 300
FTT_TEMPS_MS = 10_000
