"""Every setting of a pack. Product figures are the vendor's sheet; ``ours`` marks our choices.

Sodium-ion figures are ours, from published cell data: layered oxide (HiNa NaCR-type 3.0 V
cells: 4.0 V charge end, 1.5 V discharge end, charging from -10 degC) and polyanion (NFPP-type
2.9 V cells: 3.45 V charge end, 1.5 V discharge end). See docs/chemistries.md.

Units: mV, mA, mAh, 0.1 degC (``_dc``), ms, s, percent.
"""

from .ocv import POSITIONS
from .rows import CHEMISTRIES, FACTORY, LESSOR, Setting

SETTINGS_BASE = 0x1000

S = Setting
OFF_ON = ("off", "on")

PACK = (
    S(0x1000, "chemistry", "", 0, 5, 0, "Cell chemistry; presets follow from it",
      choices=CHEMISTRIES, needs_off=True),
    S(0x1001, "cell_count", "cells", 0, 32, 0, "Cells in series; 3 to 32, 0 is not set",
      needs_off=True),
    S(0x1002, "capacity_mah", "mAh", 0, 2_000_000, 0, "Rated capacity; 0 is not set",
      needs_off=True),
    S(0x1004, "confirmed", "", 0, 1, 0,
      "Set-up confirmed: a person has checked chemistry, cells and capacity",
      choices=("no", "yes")),
    S(0x1005, "temps_fitted", "bits", 0, 0x3F, 0x3F,
      "Temperature sensors fitted: bits 0-3 battery 1-4, bit 4 power board, bit 5 balancing"
      " board"),
    S(0x1006, "cell_channel", "", 0, 36, 0,
      "Harness channel of each cell; 1-36, 0 everywhere spreads the cells evenly",
      count=32, needs_off=True),
)

CELLS = (
    S(0x1030, "cell_ov1_mv", "mV", 1500, 4500, (4200, 3650, 2800, 4000, 3500),
      "Cell over-voltage, level 1: charging stops"),
    S(0x1031, "cell_ov2_mv", "mV", 2950, 4800, (4300, 3750, 2950, 4100, 3600),
      "Cell over-voltage, level 2: the protection has failed"),
    S(0x1032, "cell_ov_recover_mv", "mV", 1400, 4500, (4100, 3550, 2700, 3900, 3400),
      "Cell over-voltage, recovery: charging may come back at or below this"),
    S(0x1033, "cell_ov_delay_ms", "ms", 4000, 10000, 4000, "Cell over-voltage, delay of level 1"),
    S(0x1034, "cell_ov2_delay_ms", "ms", 0, 1000, 500, "Cell over-voltage, delay of level 2"),
    S(0x1035, "cell_ov_warn_mv", "mV", 1400, 4500, (4180, 3600, 2760, 3970, 3470),
      "Cell over-voltage, warning"),
    S(0x1036, "cell_uv1_mv", "mV", 1500, 4500, (2750, 2500, 1800, 2000, 2000),
      "Cell under-voltage, level 1: discharging stops"),
    S(0x1037, "cell_uv2_mv", "mV", 1000, 4500, (2500, 2250, 1600, 1500, 1500),
      "Cell under-voltage, level 2: the protection has failed"),
    S(0x1038, "cell_uv_recover_mv", "mV", 1500, 4500, (3100, 2900, 2200, 2400, 2400),
      "Cell under-voltage, recovery: discharging may come back at or above this"),
    S(0x1039, "cell_uv_delay_ms", "ms", 4000, 10000, 4000, "Cell under-voltage, delay of level 1"),
    S(0x103A, "cell_uv2_delay_ms", "ms", 0, 1000, 500, "Cell under-voltage, delay of level 2"),
    S(0x103B, "cell_uv_warn_mv", "mV", 1500, 4500, (3000, 2800, 2000, 2200, 2200),
      "Cell under-voltage, warning"),
    S(0x103C, "deep_discharge_mv", "mV", 500, 3000, (2000, 1500, 1000, 1200, 1200),
      "Deep discharge: a cell at or below this for an hour locks charging until a person "
      "confirms"),
    S(0x103D, "cell_diff_mv", "mV", 50, 2000, 800,
      "Cell voltage difference too large: charging stops"),
    S(0x103E, "cell_diff_recover_mv", "mV", 30, 1900, 600, "Cell voltage difference, recovery"),
    S(0x103F, "cell_diff_warn_mv", "mV", 30, 2000, 300, "Cell voltage difference, warning"),
    S(0x1040, "cell_diff_max_ma", "mA", 1000, 600_000, 50_000,
      "Cell voltage difference, largest current: above it the difference is not judged"),
    S(0x1042, "pack_ov_mv", "mV", 4500, 144_000, 0, "Pack over-voltage",
      auto="cell_ov1_mv x cells"),
    S(0x1044, "pack_ov_recover_mv", "mV", 4200, 144_000, 0, "Pack over-voltage, recovery",
      auto="cell_ov_recover_mv x cells"),
    S(0x1046, "pack_uv_mv", "mV", 3000, 144_000, 0, "Pack under-voltage",
      auto="cell_uv1_mv x cells"),
    S(0x1048, "pack_uv_recover_mv", "mV", 4500, 144_000, 0, "Pack under-voltage, recovery",
      auto="cell_uv_recover_mv x cells"),
)

CURRENTS = (
    S(0x1050, "charge_current_ma", "mA", 1000, 600_000, 40_000,
      "Largest charging current; set it to the size of the board that was bought"),
    S(0x1052, "discharge_current_ma", "mA", 1000, 600_000, 80_000,
      "Continuous discharging current"),
    S(0x1054, "charge_oc_ma", "mA", 1000, 1_500_000, 0, "Charge over-current trip",
      auto="1.25 x charge_current_ma"),
    S(0x1056, "discharge_oc_ma", "mA", 1000, 1_500_000, 0, "Discharge over-current trip",
      auto="2 x discharge_current_ma"),
    S(0x1058, "discharge_peak_ma", "mA", 1000, 1_500_000, 0,
      "Peak discharge trip; also the shunt monitor's alert", auto="3 x discharge_current_ma"),
    S(0x105A, "charge_oc_delay_ms", "ms", 100, 30_000, 2000, "Charge over-current delay"),
    S(0x105B, "discharge_continuous_delay_ms", "ms", 1000, 60_000, 30_000,
      "Continuous discharge delay: how long more than the continuous current may flow"),
    S(0x105C, "discharge_oc_delay_ms", "ms", 100, 30_000, 1000,
      "Discharge over-current delay"),
    S(0x105D, "discharge_peak_delay_ms", "ms", 0, 1000, 100, "Peak discharge delay"),
    S(0x105E, "oc_retry_delay_ms", "ms", 5000, 60_000, 30_000,
      "Over-current retry: time before an over-current trip is tried again"),
    S(0x105F, "charge_oc_warn_percent", "%", 80, 120, 105,
      "Charging current warning: percent of the largest charging current"),
    S(0x1060, "discharge_warn_percent", "%", 50, 120, 100,
      "Discharging current warning: percent of the continuous discharging current"),
)

TEMPERATURES = (
    S(0x1070, "charge_ot_dc", "0.1C", 300, 650, (450, 450, 550, 450, 450),
      "Battery too hot to charge"),
    S(0x1071, "charge_ot_recover_dc", "0.1C", 250, 600, (400, 400, 500, 400, 400),
      "Battery too hot to charge, recovery"),
    S(0x1072, "charge_ut_dc", "0.1C", -300, 200, (0, 0, -200, -100, -100),
      "Battery too cold to charge"),
    S(0x1073, "charge_ut_recover_dc", "0.1C", -250, 250, (50, 50, -150, -50, -50),
      "Battery too cold to charge, recovery"),
    S(0x1074, "discharge_ot_dc", "0.1C", 300, 800, 650, "Battery too hot to discharge"),
    S(0x1075, "discharge_ot_recover_dc", "0.1C", 250, 750, 600,
      "Battery too hot to discharge, recovery"),
    S(0x1076, "discharge_ut_dc", "0.1C", -400, 100, (-200, -200, -300, -300, -300),
      "Battery too cold to discharge"),
    S(0x1077, "discharge_ut_recover_dc", "0.1C", -350, 150, (-150, -150, -250, -250, -250),
      "Battery too cold to discharge, recovery"),
    S(0x1078, "power_ot_dc", "0.1C", 400, 1100, 900, "Power board (MOSFET) too hot"),
    S(0x1079, "power_ot_recover_dc", "0.1C", 350, 1050, 850,
      "Power board (MOSFET) too hot, recovery"),
    S(0x107A, "balance_ot_dc", "0.1C", 300, 900, 700, "Balancing board too hot"),
    S(0x107B, "balance_ot_recover_dc", "0.1C", 250, 850, 650, "Balancing board too hot, recovery"),
    S(0x107C, "temp_delay_ms", "ms", 1000, 30_000, 5000,
      "Temperature delay: of every temperature rule"),
    S(0x107D, "temp_warn_margin_dc", "0.1C", 10, 200, 50,
      "Temperature warning margin: warns this much before a temperature rule"),
    S(0x107E, "temps_part_dc", "0.1C", 50, 500, 200,
      "Battery sensor difference: sensors may differ by this much"),
    S(0x107F, "cold_charge_confirmed", "", 0, 1, 0,
      "Cold charging confirmed: a person allows NMC or LFP to be charged below 0 °C, with "
      "the cell's data at hand",
      choices=("no", "yes")),
)

BALANCING = (
    S(0x1090, "balance_start_mv", "mV", 1000, 4300, (4100, 3400, 2600, 3850, 3350),
      "Balancing start voltage: balancing starts at this cell voltage"),
    S(0x1091, "balance_diff_mv", "mV", 1, 30, 20,
      "Balancing start difference: balancing starts at this cell voltage difference"),
    S(0x1092, "balance_ma", "mA", 2, 40, 40, "Balancing current"),
)

ENDS = (
    S(0x10A0, "charge_cell_mv", "mV", 1500, 4450, (4150, 3500, 2700, 3950, 3450),
      "Charge voltage a cell; told to the charger"),
    S(0x10A1, "full_current_permille", "0.1%", 10, 200, 50,
      "Full-charge current: full when the current falls below this part of the capacity at "
      "charge voltage"),
    S(0x10A2, "rest_minutes", "min", 5, 600, 60, "Rest time: before voltage tells the charge"),
    S(0x10A3, "soc_low_percent", "%", 0, 90, 10, "Low capacity alarm"),
    S(0x10A4, "precharge_timeout_ms", "ms", 100, 10_000, 2000,
      "Precharge time-out: precharge must be done by then"),
    S(0x10A5, "precharge_max_ma", "mA", 10, 20_000, 1000,
      "Precharge end current: precharge is done below it"),
)

SWITCHES = (
    S(0x10B0, "charge_wanted", "", 0, 1, 1,
      "Charge switch allowed: a permission, protections come first", choices=OFF_ON),
    S(0x10B1, "discharge_wanted", "", 0, 1, 1,
      "Discharge switch allowed: a permission, protections come first", choices=OFF_ON),
    S(0x10B2, "equalization", "", 0, 1, 1, "Balancing allowed", choices=OFF_ON),
    S(0x10B3, "special_charger", "", 0, 1, 0,
      "Special charger: charge only while a charger speaks on RS485-1", choices=OFF_ON),
    S(0x10B4, "heater_mode", "", 0, 3, 0, "Heater mode: when the heater may run",
      choices=("closed", "charge", "discharge", "always")),
    S(0x10B5, "heater_on_dc", "0.1C", -300, 200, 20,
      "Heater start temperature: starts at or below"),
    S(0x10B6, "heater_off_dc", "0.1C", -250, 300, 80,
      "Heater stop temperature: stops at or above"),
    S(0x10B7, "heater_min_soc_percent", "%", 5, 90, 20,
      "Heater minimum charge: needs this charge or a charger"),
)

LEASE = (
    S(0x10C0, "lease_mode", "", 0, 4, 0, "Lease type: what ends the lease",
      choices=("none", "days", "ah", "cycles", "date"), write=LESSOR),
    S(0x10C1, "lease_end", "", 0, 1_000_000_000, 0,
      "Lease end: this reading of the lease clock (s), discharged charge (Ah), cycle count or"
      " date (s since 2020)", write=LESSOR),
    S(0x10C3, "lease_check_days", "days", 0, 365, 30,
      "Lease date check: after so many days without the lessor telling the date the pack is"
      " locked; 0 is never", write=LESSOR),
    S(0x10C4, "lease_outage_minutes", "min", 0, 10_080, 60,
      "Lease price of an outage: a loss of the board's supply counts as this much time",
      write=LESSOR),
    S(0x10C5, "lease_locked", "", 0, 1, 0,
      "Lease lock: the lessor has locked the pack", choices=("no", "yes"), write=LESSOR),
)

PORTS = (
    S(0x10D0, "device_address", "", 1, 247, 1,
      "Device address: Modbus address on both RS485 ports and Bluetooth"),
    S(0x10D1, "rs485_1_baud", "100 Bd", 12, 2304, 96, "RS485-1 line rate; counted in 100 baud"),
    S(0x10D2, "rs485_2_baud", "100 Bd", 12, 2304, 1152, "RS485-2 line rate; counted in 100 baud"),
    S(0x10D3, "session_minutes", "min", 1, 60, 10,
      "Session time-out: a session ends after this long unused"),
    S(0x10C6, "bluetooth_on", "", 0, 1, 1, "Bluetooth: the radio of boards that have one",
      choices=OFF_ON),
    S(0x10D4, "buzzer", "", 0, 1, 1, "Buzzer allowed; danger always sounds", choices=OFF_ON),
)

CALIBRATION = (
    S(0x10E0, "current_calibrated", "", 0, 1, 0,
      "Current calibrated: zero and gain have been taken",
      choices=("no", "yes"), write=FACTORY),
    S(0x10E1, "current_offset_ma", "mA", -20_000, 20_000, 0,
      "Current zero: taken off the raw current",
      write=FACTORY),
    S(0x10E2, "current_gain_ppm", "ppm", 800_000, 1_200_000, 1_000_000,
      "Current gain: of the shunt measurement", write=FACTORY),
)

EARLY = (
    S(0x10F0, "cell_leak_warn", "0.01%/d", 4, 1000, 10,
      "Cell leak warning: when a cell is sure to lose this much charge a day against the others"),
    S(0x10F1, "self_heating_warn_dc", "0.1C", 20, 300, 60,
      "Self-heating warning: when a battery sensor is this much above what current, heater "
      "and surroundings explain; a rise of a fifth of it a minute reaches it"),
)

CURVE = (
    S(0x1100, "ocv_mv", "mV", 600, 4800, 0,
      "Open-circuit voltage curve: the pack's own, all of it or none, never falling; a "
      "rested cell's at each charge that docs/chemistries.md lists",
      count=len(POSITIONS), auto="typical of the chemistry"),
)

GROUPS = (
    ("Pack", PACK), ("Cell voltages", CELLS), ("Currents", CURRENTS),
    ("Temperatures", TEMPERATURES), ("Balancing", BALANCING), ("Charge ends", ENDS),
    ("Switches", SWITCHES), ("Lease", LEASE), ("Ports", PORTS), ("Calibration", CALIBRATION),
    ("Early warnings", EARLY), ("Open-circuit voltage", CURVE),
)
SETTINGS = tuple(row for _, group in GROUPS for row in group)

# (lower, higher, gap): lower + gap <= higher must hold; judged on live values (0 resolved).
CROSS_RULES = (
    ("cell_ov1_mv", "cell_ov2_mv", 1),
    ("cell_ov_recover_mv", "cell_ov1_mv", 1),
    ("cell_ov_warn_mv", "cell_ov1_mv", 0),
    ("cell_uv2_mv", "cell_uv1_mv", 1),
    ("cell_uv1_mv", "cell_uv_recover_mv", 1),
    ("cell_uv1_mv", "cell_uv_warn_mv", 0),
    ("deep_discharge_mv", "cell_uv2_mv", 0),
    ("cell_uv_recover_mv", "cell_ov_recover_mv", 1),
    ("balance_start_mv", "cell_ov1_mv", 0),
    ("charge_cell_mv", "cell_ov1_mv", 1),
    ("cell_diff_recover_mv", "cell_diff_mv", 1),
    ("cell_diff_warn_mv", "cell_diff_mv", 0),
    ("pack_ov_recover_mv", "pack_ov_mv", 1),
    ("pack_uv_mv", "pack_uv_recover_mv", 1),
    ("charge_current_ma", "charge_oc_ma", 0),
    ("discharge_current_ma", "discharge_oc_ma", 0),
    ("discharge_oc_ma", "discharge_peak_ma", 0),
    ("charge_ot_recover_dc", "charge_ot_dc", 10),
    ("charge_ut_dc", "charge_ut_recover_dc", 10),
    ("discharge_ot_recover_dc", "discharge_ot_dc", 10),
    ("discharge_ut_dc", "discharge_ut_recover_dc", 10),
    ("charge_ut_recover_dc", "charge_ot_recover_dc", 10),
    ("discharge_ut_recover_dc", "discharge_ot_recover_dc", 10),
    ("power_ot_recover_dc", "power_ot_dc", 10),
    ("balance_ot_recover_dc", "balance_ot_dc", 10),
    ("heater_on_dc", "heater_off_dc", 10),
    ("heater_off_dc", "charge_ot_recover_dc", 0),
    ("charge_current_ma", "board_rating_ma", 0),
    ("discharge_current_ma", "board_rating_ma", 0),
    ("discharge_peak_ma", "board_peak_ma", 0),
    ("charge_oc_ma", "board_peak_ma", 0),
    ("pack_uv_recover_mv", "pack_ov_recover_mv", 1),
)
