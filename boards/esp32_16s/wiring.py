"""What the hardware of esp32_16s does by itself, and what it is built for. Stays on the PC."""

MODULE = "esp32_wroom_r2"

CELLS = (7, 16)
CHEMISTRIES = ("nmc", "lfp", "lto", "na_layered", "na_polyanion")
CELL_MAP = tuple(range(1, 17))
PACK_MAX_MV = 75_000  # 16 cells at 4.3 V are 68.8 V; the BQ76952 ends at 80 V

SHUNT_SIDE = "low"
SHUNT_RATED_MA = 200_000

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
    "buzzer",
)
HEARTBEAT_CUTS = ("charge_gate", "discharge_gate", "precharge_gate")

SHORT_CUT = "afe"  # the BQ76952's SCD comparator, latched in the chip
SHORT_TRIP_MA = 400_000  # 100 mV
SHORT_TRIP_US = 60  # 15 us in the chip, and the gates' discharge

LOAD_CAP_UF = 10_000

POWER_LATCH = "afe"  # its SHUTDOWN turns REG1 off, which enables the converter
WAKES = ("button", "charger")  # TS2 pulled low; LD lifted

CONVERTER = ("LTC7138 converter, 5 V", 58_000, 82, 60, 12)
CONSUMPTION = (
    (
        "ESP32-WROOM-32E, Bluetooth",
        5_000,
        100_000,
        900,
        0,
        "datasheet: BT 80-90 mA; light sleep 0.8 mA",
    ),
    ("BQ76952", 0, 290, 25, 1, "datasheet: NORMAL, SLEEP, SHUTDOWN, typical"),
    (
        "2 x RS485, isolated",
        5_000,
        20_000,
        20_000,
        0,
        "MAX13487E: 4.5 mA; isolator and DC-DC estimated",
    ),
    ("one-shot and gates", 3_300, 100, 100, 0, "estimated"),
)
