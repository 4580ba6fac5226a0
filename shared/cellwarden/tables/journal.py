"""The journal's entry: every field with its place, and every kind of event.

Little-endian, 64 bytes, the same in memory, on flash and in a Modbus file record (function 20:
file 1 + number // 10000, record number % 10000, 32 registers that carry these bytes in order).
Fields keep their place for ever; a new meaning gets a new field or a new layout number.
"""

ENTRY_BYTES = 64
LAYOUT = 1
RECORDS_A_FILE = 10_000
NONE_8 = 0xFF
ABSENT = {"u8": 0xFF, "u16": 0x7FFF, "s16": 0x7FFF, "u32": 0x7FFFFFFF, "s32": 0x7FFFFFFF}
FORMAT = {"u8": "B", "u16": "H", "s16": "h", "u32": "I", "s32": "i"}

FIELDS = (
    # name, offset, type, unit, what it is
    ("number", 0, "u32", "", "Number of the entry, counted from the first start"),
    ("uptime_s", 4, "u32", "s", "Time in service; survives restarts"),
    ("kind", 8, "u8", "", "What happened, see the kinds"),
    ("rule", 9, "u8", "", "Rule it is about"),
    ("where", 10, "u8", "", "Number of the cell or sensor, counted from 1"),
    ("layout", 11, "u8", "", "Layout of this entry: 1"),
    ("age_ms", 12, "u16", "ms", "How old the judged sample was"),
    ("outputs", 14, "u8", "bits", "Bits 0 charge, 1 discharge, 2 precharge, 3 heater commanded on;"
     " 4 secondary disconnect fired; 5 charge, 6 discharge switch sensed on"),
    ("forbids", 15, "u8", "bits", "Bits 0 charge, 1 discharge, 2 balancing, 3 heater forbidden;"
     " 4 secondary disconnect called for"),
    ("limit", 16, "s32", "", "Limit in force, in the unit of the rule's quantity"),
    ("value", 20, "s32", "", "Value judged against it"),
    ("current_ma", 24, "s32", "mA", "Current, charging positive"),
    ("pack_mv", 28, "u32", "mV", "Pack voltage"),
    ("cell_max_mv", 32, "u16", "mV", "Highest cell"),
    ("cell_min_mv", 34, "u16", "mV", "Lowest cell"),
    ("cell_max_number", 36, "u8", "", "Highest cell's number"),
    ("cell_min_number", 37, "u8", "", "Lowest cell's number"),
    ("temp_max_dc", 38, "s16", "0.1C", "Hottest battery sensor"),
    ("temp_min_dc", 40, "s16", "0.1C", "Coldest battery sensor"),
    ("power_temp_dc", 42, "s16", "0.1C", "Power board"),
    ("bus_10mv", 44, "u16", "10mV", "Load side of the discharge switch"),
    ("soc_permille", 46, "u16", "0.1%", "State of charge"),
    ("board_state", 48, "u8", "", "What the board was doing"),
    ("loudest", 49, "u8", "", "Loudest active rule"),
    ("retries", 50, "u8", "", "Retries the rule has used"),
    ("port", 51, "u8", "", "Port the event came in by: 1 RS485-1, 2 RS485-2, 3 Bluetooth"),
    ("tick_late_ms", 52, "u16", "ms", "How late the control tick was"),
    ("charger_10mv", 54, "u16", "10mV", "Charger side of the charge switch"),
    ("also_1", 56, "u8", "", "Other active rules, lowest numbers first"),
    ("also_2", 57, "u8", "", ""),
    ("also_3", 58, "u8", "", ""),
    ("also_4", 59, "u8", "", ""),
    ("crc32", 60, "u32", "", "CRC-32 (as in zip) of the 60 bytes before"),
)

# Why a firmware was given up: ``value`` of a rollback, and of the loader's record.
ROLLBACK_REASONS = {
    1: "it crashed",
    2: "it hung",
    3: "it was not confirmed",
    4: "its files were damaged",
    5: "it could not be loaded",
}

# What happened over Bluetooth: ``value`` of its entries.
BLUETOOTH_EVENTS = {
    1: "a phone has paired",
    2: "a pairing failed",
    3: "paired phones were forgotten",
    4: "the passkey was changed",
}

# The first five are the protection engine's. For the others: what ``limit`` and ``value`` say.
KINDS = (
    # number, name, what happened, limit, value
    (1, "trip", "a rule tripped and switched something off", "limit", "value"),
    (2, "clear", "a rule cleared", "limit", "value"),
    (3, "latch", "a rule tripped and waits for a person", "limit", "value"),
    (4, "retry", "a rule was tried again", "limit", "value"),
    (5, "warn", "a rule warned", "limit", "value"),
    (6, "start", "the board started", "", "restart cause"),
    (7, "settings", "settings changed", "first register changed", "how many changed"),
    (8, "cold_charge", "charging below 0 degC was allowed by a person", "", "charge_ut_dc"),
    (9, "login", "a session began", "", "role"),
    (10, "login_failed", "a wrong answer to a challenge", "wrong tries in a row", "role"),
    (11, "password", "a password was changed", "", "role"),
    (12, "command", "a command was carried out", "register of the command", "value written"),
    (13, "text", "a text was written", "register", ""),
    (14, "rollback", "a new firmware did not work, the one before it runs again",
     "version given up", "why"),
    (15, "update", "a new firmware has shown that it works", "version before", "version now"),
    (16, "bluetooth", "Bluetooth pairing", "wrong pairings in a row", "pairing"),
)
