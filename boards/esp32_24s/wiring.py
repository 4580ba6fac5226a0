"""What the hardware of esp32_24s does by itself, and what it is built for. Stays on the PC."""

MODULE = "esp32_wroom_r2"

CELLS = (14, 24)
CHEMISTRIES = ("nmc", "lfp", "lto")  # sodium-ion from 16 cells on: its chips would starve below
CELL_MAP = tuple(range(1, 25))
PACK_MAX_MV = 110_000  # 24 cells at 4.3 V are 103.2 V

SHUNT_SIDE = "low"
SHUNT_RATED_MA = 500_000

RS485_1_DIRECTION = "auto"
RS485_2_DIRECTION = "auto"
PORTS_ISOLATED = True

PULLED_DOWN = (
    "charge_gate",
    "discharge_gate",
    "precharge_gate",
    "heartbeat",
    "heater",
    "secondary_fire",
    "short_reset",
    "buzzer",
)
HEARTBEAT_CUTS = ("charge_gate", "discharge_gate", "precharge_gate")

SHORT_CUT = "driver"
SHORT_TRIP_MA = 1_500_000
SHORT_TRIP_US = 60  # 20 us of filter, comparator, latch, and the gates' discharge

LOAD_CAP_UF = 20_000

POWER_LATCH = "heartbeat"
POWER_LATCH_S = 60
WAKES = ("button", "charger", "load")

# Name, nominal pack mV, efficiency awake and asleep in percent, own current in uA.
CONVERTER = ("LTC7138 converter, 5 V", 88_000, 80, 60, 12)
# Part, rail in mV (0: the pack itself), uA awake, uA asleep, uA off, where from.
CONSUMPTION = (
    (
        "ESP32-WROOM-32E, Bluetooth",
        5_000,
        100_000,
        900,
        0,
        "datasheet: BT 80-90 mA; light sleep 0.8 mA",
    ),
    ("2 x LTC6811", 0, 4_000, 4, 4, "awake estimated; datasheet: sleep 4 uA, in series"),
    ("LTC6820", 5_000, 2_900, 2, 0, "datasheet table 5: ready 1.7 mA + 3 x 0.4 mA, idle 2 uA"),
    ("ADS1015", 3_300, 150, 1, 0, "datasheet: 150 uA; power-down 0.5 uA"),
    ("INA228", 3_300, 640, 5, 0, "datasheet: 640 uA; asleep its shutdown, 5 uA"),
    (
        "2 x RS485, isolated",
        5_000,
        20_000,
        20_000,
        0,
        "MAX13487E: 4.5 mA; isolator and DC-DC estimated",
    ),
    ("2 x LTC7000 gate driver", 0, 70, 2, 2, "estimated: 35 uA each on, 1 uA each off"),
    ("one-shot, latch, comparator", 3_300, 150, 150, 0, "estimated"),
    ("wake latch", 0, 3, 3, 3, "estimated: a high-voltage divider of 30 MOhm"),
    ("dividers", 0, 44, 22, 22, "4 MOhm each; the bus's only while it is on"),
)
