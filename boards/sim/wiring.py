"""What the hardware of the simulated board does by itself: what its plant models."""

MODULE = "rp2040"

CELLS = (3, 24)
CHEMISTRIES = ("nmc", "lfp", "lto", "na_layered", "na_polyanion")
CELL_MAP = tuple(range(1, 25))
PACK_MAX_MV = 120_000

SHUNT_SIDE = "low"
SHUNT_RATED_MA = 500_000

RS485_1_DIRECTION = "pin"
RS485_2_DIRECTION = "pin"
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
SHORT_TRIP_MA = 1_500_000  # five times the rating
SHORT_TRIP_US = 100

LOAD_CAP_UF = 20_000

POWER_LATCH = "none"
WAKES = ()

CONVERTER = ("converter", 88_000, 100, 100, 2_500)
CONSUMPTION = ()
