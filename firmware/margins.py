"""Whether the pack is so far inside its limits that the processor may stand still for a moment.

Writing flash stops an RP2040 for 45 ms, a worn one for 400. Nothing that protects may be under
way then, and nothing may be near enough to a limit to reach it meanwhile. What is not known is
not calm. Only the optional work of an update asks this; a latch is stored in any case.
"""

from cellwarden import ids

# From the warnings' side of each limit.
_CELL_MV = 30
_TEMP_DC = 30
# Of what trips, in quarters: a load that doubles within a stall is caught right after it, and
# by the shunt monitor's own alert during it.
_QUARTERS = 3


def calm(controller):
    """True when flash may be erased though current flows."""
    protection = controller.protection
    readings = controller.readings
    live = controller.settings.live
    value, valid = controller.quantities.value, controller.quantities.valid
    if protection.pending or not readings.cells_valid or not readings.temps_valid:
        return False
    current = readings.current_ma
    if not current.valid or not valid[ids.Q_CELL_MAX_MV] or not valid[ids.Q_CELL_MIN_MV]:
        return False
    if value[ids.Q_CELL_MAX_MV] > live[ids.CELL_OV1_MV] - _CELL_MV:
        return False
    if value[ids.Q_CELL_MIN_MV] < live[ids.CELL_UV1_MV] + _CELL_MV:
        return False
    trip_ma = live[ids.CHARGE_OC_MA] if current.value > 0 else live[ids.DISCHARGE_OC_MA]
    if abs(current.value) > trip_ma // 4 * _QUARTERS:
        return False
    if valid[ids.Q_POWER_TEMP_DC]:
        if value[ids.Q_POWER_TEMP_DC] > live[ids.POWER_OT_DC] - _TEMP_DC:
            return False
    if not valid[ids.Q_TEMP_MAX_DC]:
        return False
    hot_dc = live[ids.CHARGE_OT_DC] if current.value > 0 else live[ids.DISCHARGE_OT_DC]
    cold_dc = live[ids.CHARGE_UT_DC] if current.value > 0 else live[ids.DISCHARGE_UT_DC]
    if value[ids.Q_TEMP_MAX_DC] > hot_dc - _TEMP_DC:
        return False
    return value[ids.Q_TEMP_MIN_DC] >= cold_dc + _TEMP_DC
