"""The summary that Bluetooth notifies: which readings, the most telling ones first.

As many of them are sent as fit into one notification, and never a part of one: the first eight
into the 20 bytes of the smallest link. In front of them stands the schema's version (16 bits).
A published order never changes; readings are added at the end.
"""

SUMMARY = (
    "soc_permille", "pack_10mv", "current_ma", "board_state", "loudest", "charge_switch",
    "discharge_switch", "cell_max_mv", "cell_min_mv", "cell_diff_mv", "temp_max_dc",
    "temp_min_dc", "charge_off_rule", "discharge_off_rule", "warnings", "protections",
    "rule_bits", "ccl_ma", "dcl_ma", "cvl_10mv", "charge_limited_by", "discharge_limited_by",
    "power_w", "remaining_mah", "full_mah", "cell_max_number", "cell_min_number", "temp_dc",
    "balancing_low", "balancing_high", "bus_10mv", "charger_10mv", "precharge_switch",
    "heater_switch", "secondary_fired", "time_to_full_min", "time_to_empty_min", "cycles",
    "soh_permille", "lease_state", "chemistry_name", "cells_in_series", "journal_next",
    "update_state",
)
