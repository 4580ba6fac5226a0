"""Every published reading, text and command, with its register address.

Readings answer on input and holding registers alike. An absent value reads 0x7FFF (16 bits)
or 0x7FFFFFFF (32 bits, high word first). Current is positive while charging.
"""

from .rows import ANYONE, CHEMISTRIES, FACTORY, INSTALLER, ROLES, Command, Reading, Text

READINGS_BASE = 0x0000
CELL_MV_BASE = 0x0200
# Blocks of 32 registers, one a cell, that follow each other without a gap.
CELL_RESISTANCE_BASE = 0x0220
CELL_CHARGE_DIFF_BASE = 0x0240
CELL_LEAK_BASE = 0x0260
RULE_STATE_BASE = 0x0300
TEXT_BASE = 0x0800
COMMANDS_BASE = 0x2000
# A live update's image is written here: offset (32 bits), then up to 120 registers of it.
UPDATE_WINDOW_BASE = 0x3000

OFF_ON = ("off", "on")
# What holds a current limit down.
LIMITED_BY = (
    "setting", "not commissioned", "missing readings", "protection", "switched off",
    "lost charger", "switch opening", "full", "empty", "cell voltage", "state of charge",
    "heat", "cold", "power board", "rising",
)
UPDATE_STATES = (
    "none", "starting", "receiving", "checking", "unpacking", "ready", "switching", "failed",
)
UPDATE_WHY = (
    "nothing", "truncated", "too big", "format", "hash", "signature", "development key", "board",
    "hardware", "version", "micropython", "missing", "running", "storage", "cancelled",
    "left alone", "other", "memory",
)
BLE_STATES = ("off", "advertising", "connected", "secured", "no pairing", "failed")
G = Reading

READINGS = (
    G(0x0000, "schema_version", "", 0, 65535, "Register map version"),
    G(0x0001, "board_state", "", 0, 9, "Board state: what the board is doing",
      choices=("starting", "uncommissioned", "fault", "standby", "precharging", "ready",
               "charging", "discharging", "locked", "window")),
    G(0x0002, "pack_10mv", "10mV", 0, 20_000, "Pack voltage"),
    G(0x0003, "current_ma", "mA", -2_000_000, 2_000_000, "Current; charging positive"),
    G(0x0005, "soc_permille", "0.1%", 0, 1000, "State of charge"),
    G(0x0006, "soc_sigma_permille", "0.1%", 0, 1000, "State of charge, standard deviation"),
    G(0x0007, "remaining_mah", "mAh", 0, 4_000_000, "Remaining charge"),
    G(0x0009, "full_mah", "mAh", 0, 4_000_000, "Learned capacity"),
    G(0x000B, "power_w", "W", -300_000, 300_000, "Power; charging positive"),
    G(0x000D, "cell_max_mv", "mV", 0, 5000, "Highest cell"),
    G(0x000E, "cell_max_number", "", 0, 32, "Highest cell's number"),
    G(0x000F, "cell_min_mv", "mV", 0, 5000, "Lowest cell"),
    G(0x0010, "cell_min_number", "", 0, 32, "Lowest cell's number"),
    G(0x0011, "cell_diff_mv", "mV", 0, 5000, "Cell voltage difference: highest less lowest"),
    G(0x0012, "cell_sum_10mv", "10mV", 0, 20_000, "Sum of cells"),
    G(0x0013, "temp_max_dc", "0.1C", -500, 1500, "Hottest battery sensor"),
    G(0x0014, "temp_min_dc", "0.1C", -500, 1500, "Coldest battery sensor"),
    G(0x0015, "temp_dc", "0.1C", -500, 1500,
      "Temperatures: battery 1-4, power board, balancing board", count=6),
    G(0x001B, "bus_10mv", "10mV", 0, 20_000, "Load-side voltage: behind the discharge switch"),
    G(0x001C, "charger_10mv", "10mV", 0, 20_000, "Charger-side voltage: before the charge switch"),
    G(0x001D, "cycles", "0.1", 0, 60_000, "Equivalent full cycles"),
    G(0x001E, "cvl_10mv", "10mV", 0, 20_000, "Charge voltage limit for the charger"),
    G(0x001F, "ccl_ma", "mA", 0, 2_000_000, "Charge current limit for the charger"),
    G(0x0021, "dcl_ma", "mA", 0, 2_000_000, "Discharge current limit for the load"),
    G(0x0023, "charge_switch", "", 0, 1, "Charge switch", choices=OFF_ON),
    G(0x0024, "discharge_switch", "", 0, 1, "Discharge switch", choices=OFF_ON),
    G(0x0025, "precharge_switch", "", 0, 1, "Precharge", choices=OFF_ON),
    G(0x0026, "heater_switch", "", 0, 1, "Heater", choices=OFF_ON),
    G(0x0027, "secondary_fired", "", 0, 1, "Secondary disconnect fired",
      choices=("no", "yes")),
    G(0x0028, "balancing", "", 0, 32, "Cells being balanced"),
    G(0x0029, "balancing_low", "bits", 0, 65535, "Cells 1-16 being balanced"),
    G(0x002A, "balancing_high", "bits", 0, 65535, "Cells 17-32 being balanced"),
    G(0x002B, "balance_minutes", "min", 0, 32_000, "Time until balanced: predicted"),
    G(0x002C, "charge_off_rule", "", 0, 255,
      "Charging kept off by: number of the rule; absent: none"),
    G(0x002D, "discharge_off_rule", "", 0, 255,
      "Discharging kept off by: number of the rule; absent: none"),
    G(0x002E, "warnings", "", 0, 255, "Active warnings: rules that only warn"),
    G(0x002F, "protections", "", 0, 255, "Active protections: rules that switch something off"),
    G(0x0030, "loudest", "", 0, 4, "Loudest active rule",
      choices=("none", "info", "warning", "protection", "danger")),
    G(0x0031, "rule_bits", "bits", 0, 65535, "Active rules: 16 a register", count=6),
    G(0x0040, "uptime_s", "s", 0, 1_000_000_000, "Time in service; survives restarts"),
    G(0x0042, "since_start_s", "s", 0, 1_000_000_000, "Time since start"),
    G(0x0044, "discharged_mah", "mAh", 0, 1_000_000_000, "Charge taken out, in all"),
    G(0x0046, "charged_mah", "mAh", 0, 1_000_000_000, "Charge put in, in all"),
    G(0x0048, "tick_late_worst_ms", "ms", 0, 60_000, "Worst tick lateness since start"),
    G(0x0049, "tick_ms", "ms", 0, 60_000, "Duration of the newest tick"),
    G(0x004A, "ticks", "", 0, 1_000_000_000, "Ticks since start"),
    G(0x004C, "pec_errors", "", 0, 1_000_000_000, "Front-end frames with a bad checksum"),
    G(0x004E, "restart_cause", "", 0, 6, "Restart cause: why the board started",
      choices=("unknown", "power", "watchdog", "command", "soft", "fault", "sleep")),
    G(0x004F, "self_test", "bits", 0, 65535, "Self-test failures: one bit a test"),
    G(0x0050, "journal_first", "", 0, 1_000_000_000, "Oldest journal entry held"),
    G(0x0052, "journal_next", "", 0, 1_000_000_000, "Number of the next journal entry"),
    G(0x0054, "session_role", "", 0, 3, "Session role: of this port's session", choices=ROLES),
    G(0x0055, "session_left_s", "s", 0, 3600, "Session time left: of this port's session"),
    G(0x0056, "lockout_s", "s", 0, 3600,
      "Password lock-out: until this port may try a password again"),
    G(0x0057, "window_left_s", "s", 0, 600, "Calibration window, time left"),
    G(0x0058, "lease_left", "", 0, 1_000_000_000, "Lease left: in its own unit"),
    G(0x005A, "board_rating_ma", "mA", 0, 2_000_000,
      "Board rating: the continuous current it is built for"),
    G(0x005C, "charge_oc_live_ma", "mA", 0, 2_000_000, "Charge over-current trip in force"),
    G(0x005E, "discharge_oc_live_ma", "mA", 0, 2_000_000, "Discharge over-current trip in force"),
    G(0x0060, "discharge_peak_live_ma", "mA", 0, 2_000_000, "Peak discharge trip in force"),
    G(0x0062, "open_wire_low", "bits", 0, 65535, "Sense wires 0-15 cut"),
    G(0x0063, "open_wire_mid", "bits", 0, 65535, "Sense wires 16-31 cut"),
    G(0x0064, "open_wire_top", "bits", 0, 1, "Sense wire 32 cut"),
    G(0x0065, "commit_result", "", 0, 9, "Outcome of the newest settings write",
      choices=("none", "ok", "range", "cross rule", "locked", "outputs on", "cold charge",
               "storage", "voltages", "nothing staged")),
    G(0x0066, "commit_address", "", 0, 65535, "Refused register: of the newest settings write"),
    G(0x0067, "free_bytes", "bytes", 0, 100_000_000, "Free memory: heap at the newest collection"),
    G(0x0069, "switch_operations", "", 0, 1_000_000_000, "Switchings of the discharge switch"),
    G(0x006B, "loaded_operations", "", 0, 1_000_000_000,
      "Switchings under load: of the discharge switch"),
    G(0x006D, "chemistry_name", "", 0, 5, "Chemistry in force", choices=CHEMISTRIES),
    G(0x006E, "cells_in_series", "", 0, 32, "Cells in series in force"),
    G(0x0070, "soh_permille", "0.1%", 0, 1500, "State of health: learned against rated capacity"),
    G(0x0071, "soh_sigma_permille", "0.1%", 0, 1000, "State of health, standard deviation"),
    G(0x0072, "learned_offset_ma", "mA", -20_000, 20_000,
      "Learned current zero error: counted, not taken off the reading"),
    G(0x0074, "charged_wh", "Wh", 0, 1_000_000_000, "Energy put in, in all"),
    G(0x0076, "discharged_wh", "Wh", 0, 1_000_000_000, "Energy taken out, in all"),
    G(0x0078, "polarisation_dmv", "0.1mV", -32_000, 32_000,
      "Polarisation: what the current lifts the mean cell above its rested voltage"),
    G(0x0080, "time_to_full_min", "min", 0, 9999, "Time to full: at the mean current"),
    G(0x0081, "time_to_empty_min", "min", 0, 9999, "Time to empty: at the mean current"),
    G(0x0082, "charge_limited_by", "", 0, 14,
      "Charge limited by: what holds the charge current limit down",
      choices=LIMITED_BY),
    G(0x0083, "discharge_limited_by", "", 0, 14,
      "Discharge limited by: what holds the discharge current limit down",
      choices=LIMITED_BY),
    G(0x0090, "resistance_10uohm", "10uohm", 0, 32_000, "Mean cell resistance: at 25 °C"),
    G(0x0091, "cell_charge_sigma", "0.01%", 0, 500,
      "Cell charge difference, standard deviation"),
    G(0x0092, "cell_leak_sure", "0.01%/d", 0, 3200,
      "Worst cell leak: what this cell is sure to lose a day against the others"),
    G(0x0093, "cell_leak_number", "", 0, 32, "Leaking cell's number; 0: none loses"),
    G(0x0094, "self_heating_dc", "0.1C", 0, 2000,
      "Self-heating: highest battery sensor above what current, heater and surroundings explain"),
    G(0x0095, "self_heating_sensor", "", 0, 4, "Self-heating sensor's number"),
    G(0x00A0, "slot_running", "", 0, 1, "Slot that runs", choices=("a", "b")),
    G(0x00A1, "slot_trial", "", 0, 1, "On trial: this firmware has not confirmed itself yet",
      choices=("no", "yes")),
    G(0x00A2, "slot_other_state", "", 0, 3, "Other slot: what its firmware is worth",
      choices=("empty", "good", "on trial", "bad")),
    G(0x00A3, "slot_other_version", "", 0, 1_073_741_823,
      "Other slot's version: (major x 1024 + minor) x 1024 + patch"),
    G(0x00A5, "update_state", "", 0, 7, "Live update", choices=UPDATE_STATES),
    G(0x00A6, "update_bytes", "bytes", 0, 1_000_000,
      "Update received: the image's next byte goes here"),
    G(0x00A8, "update_size", "bytes", 0, 1_000_000, "Update's size"),
    G(0x00AA, "update_id", "", 0, 65535, "Update's mark: as told when it began"),
    G(0x00AB, "update_why", "", 0, 17, "Why the update failed", choices=UPDATE_WHY),
    G(0x00AC, "update_permille", "0.1%", 0, 1000, "Update's step done"),
    G(0x00AD, "update_waits", "", 0, 1,
      "Update waits: the pack is too near a limit for writing flash", choices=("no", "yes")),
    G(0x00AE, "hold_fitted", "", 0, 1,
      "Hold fitted: outputs stay on through the restart of an update", choices=("no", "yes")),
    G(0x00B0, "lease_state", "", 0, 5, "Lease state",
      choices=("none", "running", "ending", "ended", "date needed", "locked")),
    G(0x00B1, "lease_clock_s", "s", 0, 1_000_000_000,
      "Lease clock: time in service, outages counted"),
    G(0x00B3, "lease_date_s", "s", 0, 1_000_000_000,
      "Lease date: as far as the board knows, counted from 2020-01-01 UTC"),
    G(0x00B5, "lease_check_left_s", "s", 0, 1_000_000_000,
      "Lease date check, time left: until the lessor has to tell the date again"),
    G(0x00B8, "ble_state", "", 0, 5, "Bluetooth: what the radio is doing", choices=BLE_STATES),
    G(0x00B9, "ble_connections", "", 0, 32_000, "Bluetooth connections since start"),
    G(0x00BA, "ble_pairing_failures", "", 0, 255, "Wrong pairings in a row"),
    G(0x00BB, "ble_dropped", "bytes", 0, 32_000,
      "Bluetooth bytes dropped: came too fast, or could not be sent"),
    G(0x00BC, "ble_pairing_lock_s", "s", 0, 3600,
      "Pairing lock-out: until a phone may try to pair again"),
    G(0x00BD, "ble_mtu", "bytes", 0, 517, "Bluetooth packet size: MTU of the connection"),
    G(0x00BE, "ble_bonds", "", 0, 4, "Paired phones: whose keys the board keeps"),
)

CELL_MV = G(CELL_MV_BASE, "cell_mv", "mV", 0, 5000, "Cell voltages", count=32)
CELL_ARRAYS = (
    CELL_MV,
    G(CELL_RESISTANCE_BASE, "cell_resistance", "10uohm", 0, 32_000,
      "Cell resistances: in the first second, at 25 °C", count=32),
    G(CELL_CHARGE_DIFF_BASE, "cell_charge_diff", "0.01%", -20_000, 20_000,
      "Cell charge differences: charge of each cell above the mean, of the capacity", count=32),
    G(CELL_LEAK_BASE, "cell_leak", "0.01%/d", -3200, 3200,
      "Cell leaks: what each cell loses a day against the others, of the capacity", count=32),
)

# One register a rule: bit 0 active, 1 pending, 2 latched until a person, 8-15 retries used.
RULE_STATE = G(RULE_STATE_BASE, "rule_state", "bits", 0, 65535, "State of each rule", count=96)

TEXTS = (
    Text(0x0800, "product", 8, "Product name"),
    Text(0x0808, "firmware_version", 8, "Firmware version"),
    Text(0x0810, "board_name", 8, "Board definition"),
    Text(0x0818, "machine_code", 8, "Machine code: the controller's own unique number"),
    Text(0x0820, "serial_number", 8, "Serial number", write=FACTORY),
    Text(0x0828, "factory_date", 8, "Factory date: of manufacture", write=FACTORY),
    Text(0x0830, "device_name", 8, "Bluetooth name", write=INSTALLER),
    Text(0x0838, "bluetooth_address", 8, "Bluetooth address: 12 hex digits"),
    Text(0x0840, "bluetooth_passkey", 8,
         "Bluetooth passkey: 6 digits that a phone asks for, good for one phone; only in a"
         " session",
         secret=True),
)

C = Command
COMMANDS = (
    C(0x2000, "begin", 0, 1, INSTALLER,
      "Begin a transaction: 1 stages settings writes until commit, 0 drops them"),
    C(0x2001, "commit", 1, 1, INSTALLER,
      "Commit: check the staged settings together and apply them"),
    C(0x2002, "preset", 1, 5, INSTALLER,
      "Chemistry preset: stage every default of this chemistry (inside begin/commit)"),
    C(0x2003, "clear_latches", 1, 1, INSTALLER, "Release latched rules: a person has looked"),
    C(0x2004, "restart", 1, 1, INSTALLER, "Restart; all outputs open first"),
    C(0x2005, "factory_reset", 0xFAC7, 0xFAC7, INSTALLER,
      "Factory reset: forget all settings and passwords; the board is uncommissioned afterwards"),
    C(0x2006, "calibration_window", 0, 1, INSTALLER,
      "Calibration window: 1 lets outputs work for 10 minutes so that the current can be "
      "calibrated"),
    C(0x2007, "take_zero", 1, 1, INSTALLER, "Take the current zero; outputs must be off"),
    C(0x2008, "take_gain_ma", -2_000_000, 2_000_000, INSTALLER,
      "Take the current gain: from the true current now flowing, 2 A or more", registers=2),
    C(0x200A, "set_soc_permille", 0, 1000, INSTALLER, "Set the state of charge"),
    C(0x200B, "confirm_deep_discharge", 1, 1, INSTALLER,
      "Confirm discharged cells: a person has checked the empty or deeply discharged cells,"
      " they may be charged"),
    C(0x200D, "disconnect_replaced", 1, 1, INSTALLER,
      "Secondary disconnect replaced: a new one is in place; latched rules stay latched"),
    C(0x200C, "self_test", 1, 1, INSTALLER, "Run the self-test; outputs must be off"),
    C(0x2010, "login_role", 1, 3, ANYONE,
      "Log in: ask for a challenge for this role (installer 1, lessor 3)"),
    C(0x2011, "login_response", 0, 65535, ANYONE,
      "Answer the challenge: HMAC-SHA-256 over challenge, port and role", registers=16),
    C(0x2021, "logout", 1, 1, ANYONE, "Log out: end this port's session"),
    C(0x2022, "new_password", 0, 65535, INSTALLER,
      "Change the password: of the session's role, zero padded", registers=8),
    C(0x2030, "charger_hello", 0, 65535, ANYONE,
      "Charger's hello: a charger on RS485-1 is alive; state, voltage (10 mV), current (0.1"
      " A)",
      registers=3),
    C(0x2048, "first_factory_password", 0, 65535, INSTALLER,
      "First factory password: give a board its factory role, only while it has none and is"
      " not commissioned",
      registers=8, ports="pc"),
    C(0x2060, "sleep", 1, 1, INSTALLER,
      "Sleep: open all outputs and sleep until a charger, a current or a request comes"),
    C(0x2070, "update_begin", 0, 65535, INSTALLER,
      "Begin a live update: bytes of the image (32 bits), a mark of it, 1 for older versions too",
      registers=4),
    C(0x2074, "update_cancel", 1, 1, INSTALLER, "Drop the live update"),
    C(0x2075, "update_switch", 1, 2, INSTALLER,
      "Switch over to the new firmware: 1 only if no output opens, 2 outputs may open"),
    C(0x2076, "update_menu", 1, 1, INSTALLER,
      "Restart into the bootloader: its menu on RS485-2 at 9600 baud, all outputs open first",
      ports="pc"),
    C(0x2080, "lease_password", 0, 65535, INSTALLER,
      "Lessor's password: while the board has no lessor, or by the lessor or the maker; all zero"
      " takes the role away",
      registers=8),
    C(0x2088, "tell_date", 1, 1_000_000_000, INSTALLER,
      "Tell the date: seconds since 2020-01-01 UTC; only the lessor gives the first date and"
      " puts one back",
      registers=2),
    C(0x2090, "bluetooth_forget", 1, 1, INSTALLER,
      "Forget paired phones: every phone has to pair again"),
    C(0x2091, "bluetooth_new_passkey", 0, 999_999, INSTALLER,
      "New Bluetooth passkey: 6 digits; 0 lets the board choose; paired phones are kept",
      registers=2, ports="pc"),
)

# The challenge is read from here after login_role has been written.
CHALLENGE = Text(0x2040, "login_challenge", 8, "16 random bytes, new for each login_role")

COILS = ("charge_wanted", "discharge_wanted", "equalization", "special_charger", "buzzer")
