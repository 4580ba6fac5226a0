"""16S board on an ESP32: a BQ76952 measures cells and current and protects on its own besides.

Up to 100 A on a common port, with Bluetooth. The BQ76952 drives the MOSFETs; ours are the pins
that forbid it: charge_gate and discharge_gate, each ANDed with the heartbeat's one-shot, release
its CFETOFF and DFETOFF inputs. So both must agree, either alone can open, and the chip tells
what its drivers do. Data only: the PC reads this too.
"""

TITLE = "16S, MOSFETs, ESP32 with Bluetooth, BQ76952"
HARDWARE_REVISION = 1
FAMILY = "esp32"

RATING_MA = 100_000
SHUNT_UOHM = 250  # 100 A gives 25 mV, the 300 A of a peak trip 75 mV
SHUNT_TOLERANCE_PERMILLE = 5
SWITCH_TYPE = "mosfet"
COMMON_PORT = True
RELAY_BREAK_MA = 0
SECONDARY_FITTED = True
HOLD_FITTED = False
PRECHARGE_OHM = 33
PRECHARGE_ENERGY_J = 100
HEATER_MA = 2_500

AFE = "bq76952"
BQ76952_ADDRESS = 0x08
BQ76952_CRC = True
# Its short-circuit comparator: 100 mV over the shunt, the shortest filter there is.
AFE_SHORT_MA = 400_000
AFE_SHORT_US = 15
CELL_CHANNELS = 16
BALANCE_OHM = 100  # 40 mA at 4 V
BALANCE_GROUP = 8

# Its pins CFETOFF, DFETOFF (from our gates), ALERT, TS1, TS2 (the wake-up button), TS3, HDQ,
# DCHG (thermistors at the cells) and DDSG (at the FETs).
BQ76952_PINS = (0x02, 0x02, 0x82, 0x07, 0x00, 0x07, 0x07, 0x07, 0x0F)
# Battery 1-4, power board; the balancing switches are in the chip: its die is their board.
BQ76952_TEMPS = (4, 6, 7, 8, 9, 0)

OLED_ADDRESS = 0x3C  # may be left out

PINS = {
    "buzzer": 2,  # strapping pin, low at start: pulled down
    "afe_alert": 4,  # in, low = the BQ76952 has something to tell
    "heater": 13,
    "rs485_1_rx": 14,  # pulled up while the chip starts: 1 kOhm in series
    "rs485_2_tx": 15,  # strapping pin, high at start: a resting line is high
    "rs485_1_tx": 17,
    "i2c_sda": 21,
    "i2c_scl": 22,
    "charge_gate": 25,  # outputs: high = the BQ76952 may switch on, pulled down
    "discharge_gate": 26,
    "precharge_gate": 27,
    "secondary_fire": 32,
    "heartbeat": 33,  # each edge re-arms the gate-enable one-shot
    "rs485_2_rx": 35,
}
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
