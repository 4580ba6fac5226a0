"""What the hardware of pico_24s_relays does by itself and is built for. Stays on the PC."""

MODULE = "pico"

CELLS = (14, 24)
CHEMISTRIES = ("nmc", "lfp", "lto")  # sodium-ion from 16 cells on: its chips would starve below
CELL_MAP = tuple(range(1, 25))
PACK_MAX_MV = 110_000  # 24 cells at 4.3 V are 103.2 V

SHUNT_SIDE = "low"
SHUNT_RATED_MA = 600_000

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

# A relay cannot break a short: the pack fuse does. The comparator keeps a relay from closing
# onto one, and takes both drivers away while the fuse melts.
SHORT_CUT = "fuse"
SHORT_TRIP_MA = 1_500_000

RELAY_CARRY_MA = 500_000
RELAY_BREAK_MV = 320_000  # at more than RELAY_BREAK_MA
ECONOMISER = "hardware"

LOAD_CAP_UF = 20_000

POWER_LATCH = "heartbeat"
POWER_LATCH_S = 60
WAKES = ("button", "charger", "load")

# Name, nominal pack mV, efficiency awake and asleep in percent, own current in uA.
# The coils have a converter of their own, which their drivers need: off with them.
CONVERTER = ("LTC7138 converter, 5 V", 88_000, 80, 60, 12)
# Part, rail in mV (0: the pack itself), uA awake, uA asleep, uA off, where from.
CONSUMPTION = (
    ("Pico", 5_000, 25_000, 1_500, 0, "awake estimated; light sleep measured by MicroPython"),
    ("2 x LTC6811", 0, 4_000, 4, 4, "awake estimated; datasheet: sleep 4 uA, in series"),
    ("LTC6820", 5_000, 2_900, 2, 0, "datasheet table 5: ready 1.7 mA + 3 x 0.4 mA, idle 2 uA"),
    ("INA228", 3_300, 640, 5, 0, "datasheet: 640 uA; asleep its shutdown, 5 uA"),
    (
        "2 x RS485, isolated",
        5_000,
        20_000,
        20_000,
        0,
        "MAX13487E: 4.5 mA; isolator and DC-DC estimated",
    ),
    (
        "2 x coil, holding",
        12_000,
        260_000,
        0,
        0,
        "both closed: 12 V at 130 mA each, sealed EV contactor",
    ),
    ("one-shot, latch, comparator", 3_300, 150, 150, 0, "estimated"),
    ("wake latch", 0, 3, 3, 3, "estimated: a high-voltage divider of 30 MOhm"),
    ("dividers", 0, 66, 22, 22, "4 MOhm each; all but the pack's only while on"),
)
