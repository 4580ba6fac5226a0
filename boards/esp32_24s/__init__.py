"""24S board on an ESP32: the chips of pico_24s, with Bluetooth.

Up to 300 A on a common port. The module has PSRAM, which the firmware needs beside Bluetooth.
All three UARTs are taken (REPL, charger, PC), so the display is an OLED on I2C. Data only: the
PC reads this too.
"""

TITLE = "24S, MOSFETs, ESP32 with Bluetooth"
HARDWARE_REVISION = 1
FAMILY = "esp32"

RATING_MA = 300_000
SHUNT_UOHM = 100  # 300 A gives 30 mV, the 900 A of a peak trip 90 mV
SHUNT_TOLERANCE_PERMILLE = 5
SWITCH_TYPE = "mosfet"
COMMON_PORT = True
RELAY_BREAK_MA = 0
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

# Dividers on an ADS1015, pack on AIN0, bus on AIN1, because an ESP32's own converter is not
# good to 2 %. Its 2.048 V range; top and bottom in kOhm.
ADS1015_ADDRESS = 0x48
ADC_REF_MV = 2_048
PACK_DIVIDER = (3900, 68)
BUS_DIVIDER = (3900, 68)

PINS = {
    "buzzer": 2,  # strapping pin, low at start: pulled down
    "shunt_alert": 4,  # in, low = INA228 fast over-current
    "afe_cs": 5,  # strapping pin, high at start: pulled up
    "short_reset": 12,  # out, strapping pin, low at start: pulled down
    "heater": 13,
    "rs485_1_rx": 14,  # pulled up while the chip starts: 1 kOhm in series
    "rs485_2_tx": 15,  # strapping pin, high at start: a resting line is high
    "rs485_1_tx": 17,
    "spi_sck": 18,
    "spi_miso": 19,
    "i2c_sda": 21,
    "i2c_scl": 22,
    "spi_mosi": 23,
    "charge_gate": 25,  # outputs: high = on, pulled down
    "discharge_gate": 26,
    "precharge_gate": 27,
    "secondary_fire": 32,
    "heartbeat": 33,  # each edge re-arms the gate-enable one-shot
    "short_latched": 34,  # in, high = comparator has latched the drivers off
    "rs485_2_rx": 35,
    "charge_feedback": 36,  # in, high = gate driver output really on
    "discharge_feedback": 39,
}
SPI_ID = 2
SPI_BAUD = 1_000_000
I2C_ID = 0
I2C_BAUD = 400_000
RS485_1_UART = 1
RS485_2_UART = 2
BLE = True
TIMERS = (0, 1, 2)

HEARTBEAT_MS = 500
WATCHDOG_MS = 2_000
FTT_CELLS_MS = 1_000
FTT_CURRENT_MS = 300
FTT_TEMPS_MS = 10_000
