"""Whether a whole set of settings may stand: ranges, resolved values, cross rules, chemistry.

Judges a candidate against the board and against the settings in force; it never changes what is
in force, and it never repairs a candidate. ``Check.address`` tells the register that was
refused. docs/safety.md 1, 9, 10, 11 and 13 are where the rules come from.
"""

from array import array

from . import ids, packed
from . import schema_data as schema
from .ocv_curves import POINTS
from .readings import MAX_CELLS

UNKNOWN_MV = -1  # no present voltage is known

_AUTO = 1  # bits of SETTING_FLAGS
_NEEDS_OFF = 2

_BATTERY_SENSORS = 0x0F
_MIN_CELLS = 3
# The sheet's floor for under-voltage; sodium-ion alone may go lower.
_SHEET_FLOOR_MV = 1500
_CHANNELS_A_CHIP = 12
# An LTC6811 works from 11 V on (its datasheet); most boards supply each from its own cells.
_CHIP_SUPPLY_MV = 11_000

# (pack limit, cell limit): what 0 stands for.
_PER_CELL = (
    (ids.PACK_OV_MV, ids.CELL_OV1_MV),
    (ids.PACK_OV_RECOVER_MV, ids.CELL_OV_RECOVER_MV),
    (ids.PACK_UV_MV, ids.CELL_UV1_MV),
    (ids.PACK_UV_RECOVER_MV, ids.CELL_UV_RECOVER_MV),
)
# (trip, current it follows, percent).
_PER_CURRENT = (
    (ids.CHARGE_OC_MA, ids.CHARGE_CURRENT_MA, 125),
    (ids.DISCHARGE_OC_MA, ids.DISCHARGE_CURRENT_MA, 200),
    (ids.DISCHARGE_PEAK_MA, ids.DISCHARGE_CURRENT_MA, 300),
)


# Settings that change only with outputs off.
_WITH_OUTPUTS_OFF = bytes(
    i for i in range(schema.SETTING_COUNT) if schema.SETTING_FLAGS[i] & _NEEDS_OFF
)


def in_range(index, value):
    """True when ``value`` may be stored in setting ``index``, looked at alone."""
    if value == 0 and schema.SETTING_FLAGS[index] & _AUTO:
        return True
    low = packed.s32(schema.SETTING_MIN, index)
    return low <= value <= packed.s32(schema.SETTING_MAX, index)


def address_of(index):
    """Register of setting ``index``."""
    return packed.u16(schema.SETTING_ADDRESS, index)


def is_sodium(chemistry):
    """True for both sodium-ion chemistries."""
    return chemistry in (ids.CHEMISTRY_NA_LAYERED, ids.CHEMISTRY_NA_POLYANION)


def chemistry_default(chemistry, index):
    """Default of setting ``index``; where it depends on chemistry, of this one."""
    row = schema.BY_CHEMISTRY.find(bytes((index,)))
    if row < 0 or chemistry == ids.CHEMISTRY_NONE:
        return packed.s32(schema.SETTING_DEFAULT, index)
    return packed.s32(schema.CHEMISTRY_DEFAULT, (chemistry - 1) * len(schema.BY_CHEMISTRY) + row)


# Current that goes on against an open switch counts from here: well above what a meter with a
# wrong zero could show, because the fuse blows for it.
_UNSTOPPED_MA = 2_000
_UNSTOPPED_PERCENT = 3


class Check:
    """Resolves and judges candidates for one board. Allocated once."""

    def __init__(self, board):
        self.address = 0
        self._cross_rules = array("h", bytes(schema.CROSS))
        self.rating_ma = board.RATING_MA
        self.peak_ma = getattr(board, "PEAK_MA", 3 * board.RATING_MA)
        self.channels = getattr(
            board, "CELL_CHANNELS", _CHANNELS_A_CHIP * getattr(board, "LTC6811_CHIPS", 3)
        )
        fed_by_cells = getattr(board, "AFE_SUPPLY", "stack") == "stack"
        self._cells_on = bytearray(getattr(board, "LTC6811_CHIPS", 0) if fed_by_cells else 0)
        self._constants = array(
            "i",
            (
                self.rating_ma,
                self.peak_ma,
                board.FTT_CELLS_MS,
                board.FTT_CURRENT_MS,
                board.FTT_TEMPS_MS,
                max(_UNSTOPPED_MA, self.rating_ma * _UNSTOPPED_PERCENT // 100),
            ),
        )

    def default_of(self, chemistry, index):
        """Default of a setting on this board: a current never above the board's rating."""
        value = chemistry_default(chemistry, index)
        if index in (ids.CHARGE_CURRENT_MA, ids.DISCHARGE_CURRENT_MA):
            return min(value, self.rating_ma)
        return value

    def fill_constants(self, live):
        """Board constants and literals behind the settings; they never change."""
        at = schema.SETTING_COUNT
        for value in self._constants:
            live[at] = value
            at += 1
        for i in range(len(schema.LITERALS) // 4):
            live[at + i] = packed.s32(schema.LITERALS, i)

    def resolve(self, stored, live):
        """Fill the settings' part of ``live`` from ``stored``, with 0 resolved.

        Only for values inside their ranges: what follows from others may not fit ``live``.
        """
        for i in range(schema.SETTING_COUNT):
            live[i] = stored[i]
        self._automatic(stored, live)

    def _automatic(self, stored, live):
        cells = stored[ids.CELL_COUNT]
        for pack, cell in _PER_CELL:
            if not stored[pack]:
                # With no cell count the limits stand where no pack reaches them.
                over = cell in (ids.CELL_OV1_MV, ids.CELL_OV_RECOVER_MV)
                live[pack] = stored[cell] * (cells or (MAX_CELLS if over else 1))
        for trip, current, percent in _PER_CURRENT:
            if not stored[trip]:
                follows = stored[current] // 100 * percent
                live[trip] = min(follows, self.peak_ma, packed.s32(schema.SETTING_MAX, trip))

    def ranges(self, stored):
        """Hold every value against its own range alone: a COMMIT_RESULT."""
        for i in range(schema.SETTING_COUNT):
            if not in_range(i, stored[i]):
                return self._refuse(i, ids.COMMIT_RESULT_IS_RANGE)
        return ids.COMMIT_RESULT_IS_OK

    def whole(self, stored, live, written):
        """Resolve ``stored``, whose values are in range, into ``live`` and judge it by itself.

        Both are arrays: a commit must not hold up the next tick for long. ``written`` marks
        settings just written, so that the refusal names one of those.
        """
        live[: schema.SETTING_COUNT] = stored
        self._automatic(stored, live)
        return (
            self._pack(stored)
            or self._channels(stored)
            or self._chemistry(stored)
            or self._curve(stored)
            or self._supply(stored, written)
            or self._cross(live, written)
            or ids.COMMIT_RESULT_IS_OK
        )

    def change(self, old, new, live, outputs_off, low_mv, high_mv):
        """Judge the step from ``old`` to ``new``: what needs outputs off or present voltages."""
        for i in _WITH_OUTPUTS_OFF:
            if old[i] != new[i] and not outputs_off:
                return self._refuse(i, ids.COMMIT_RESULT_IS_OUTPUTS_ON)
        return self._voltages(old, new, live, low_mv, high_mv) or ids.COMMIT_RESULT_IS_OK

    def _refuse(self, index, result):
        self.address = address_of(index)
        return result

    def _pack(self, stored):
        cells = stored[ids.CELL_COUNT]
        if cells and not _MIN_CELLS <= cells <= self.channels:
            return self._refuse(ids.CELL_COUNT, ids.COMMIT_RESULT_IS_RANGE)
        if not stored[ids.TEMPS_FITTED] & _BATTERY_SENSORS:
            # Nobody would know when charging damages the cells.
            return self._refuse(ids.TEMPS_FITTED, ids.COMMIT_RESULT_IS_CROSS_RULE)
        if stored[ids.CONFIRMED] and not (
            stored[ids.CHEMISTRY] and cells and stored[ids.CAPACITY_MAH]
        ):
            return self._refuse(ids.CONFIRMED, ids.COMMIT_RESULT_IS_CROSS_RULE)
        return 0

    def _channels(self, stored):
        """All zero, or one channel of this board for each cell, rising with the cells."""
        mapped = stored[ids.CELL_CHANNEL] != 0
        cells = stored[ids.CELL_COUNT]
        before = 0
        for i in range(MAX_CELLS):
            channel = stored[ids.CELL_CHANNEL + i]
            if mapped and i < cells:
                wrong = not before < channel <= self.channels
            else:
                wrong = channel != 0
            if wrong:
                return self._refuse(ids.CELL_CHANNEL + i, ids.COMMIT_RESULT_IS_CROSS_RULE)
            before = channel
        return 0

    def _chemistry(self, stored):
        chemistry = stored[ids.CHEMISTRY]
        sodium = is_sodium(chemistry)
        # Below the deep limit of its chemistry a cell is not discharged but damaged.
        floor_mv = chemistry_default(chemistry, ids.DEEP_DISCHARGE_MV)
        if stored[ids.CELL_UV1_MV] < floor_mv:
            return self._refuse(ids.CELL_UV1_MV, ids.COMMIT_RESULT_IS_CROSS_RULE)
        if stored[ids.CELL_UV2_MV] < _SHEET_FLOOR_MV and not sodium:
            return self._refuse(ids.CELL_UV2_MV, ids.COMMIT_RESULT_IS_CROSS_RULE)
        may_be_cold = sodium or chemistry == ids.CHEMISTRY_LTO
        if (
            stored[ids.CHARGE_UT_DC] < 0
            and not may_be_cold
            and not stored[ids.COLD_CHARGE_CONFIRMED]
        ):
            return self._refuse(ids.CHARGE_UT_DC, ids.COMMIT_RESULT_IS_COLD_CHARGE)
        return 0

    def _curve(self, stored):
        """All zero, or a voltage at every point that never falls, and rises in all."""
        first = ids.OCV_MV
        last = first + POINTS - 1
        before = stored[first]
        for i in range(first + 1, last + 1):
            mv = stored[i]
            if mv < before or mv and not before:
                return self._refuse(i, ids.COMMIT_RESULT_IS_CROSS_RULE)
            before = mv
        if before and before == stored[first]:
            return self._refuse(last, ids.COMMIT_RESULT_IS_CROSS_RULE)
        return 0

    def _supply(self, stored, written):
        """Every chip that lives on its own cells must outlive level 2 of under-voltage: one that
        has too few, or none, falls silent, and all behind it in the chain with it."""
        cells = stored[ids.CELL_COUNT]
        on = self._cells_on
        chips = len(on)
        if not chips or not cells or not stored[ids.CHEMISTRY]:
            return 0
        mapped = stored[ids.CELL_CHANNEL] != 0
        for chip in range(chips):  # evenly, as the firmware spreads them
            on[chip] = 0 if mapped else (cells + chips - 1 - chip) // chips
        if mapped:
            for i in range(cells):
                on[(stored[ids.CELL_CHANNEL + i] - 1) // _CHANNELS_A_CHIP] += 1
        uv2_mv = stored[ids.CELL_UV2_MV]
        for chip in range(chips):
            if on[chip] * uv2_mv < _CHIP_SUPPLY_MV:
                blame = ids.CELL_CHANNEL if mapped else ids.CELL_COUNT
                pack = written[blame] or written[ids.CHEMISTRY]
                if written[ids.CELL_UV2_MV] and not pack:
                    blame = ids.CELL_UV2_MV
                return self._refuse(blame, ids.COMMIT_RESULT_IS_CROSS_RULE)
        return 0

    def _cross(self, live, written):
        rules = self._cross_rules
        for i in range(0, len(rules), 3):
            low = rules[i]
            high = rules[i + 1]
            if live[low] + rules[i + 2] > live[high]:
                blame_high = high < schema.SETTING_COUNT and written[high] and not written[low]
                return self._refuse(high if blame_high else low, ids.COMMIT_RESULT_IS_CROSS_RULE)
        return 0

    def _voltages(self, old, new, live, low_mv, high_mv):
        """A new chemistry, or a person's confirmation, must fit the cells that are there."""
        rechosen = old[ids.CHEMISTRY] != new[ids.CHEMISTRY] and new[ids.CHEMISTRY]
        confirming = new[ids.CONFIRMED] and not old[ids.CONFIRMED]
        if not rechosen and not confirming:
            return self._level2(old, new, low_mv, high_mv)
        known = low_mv != UNKNOWN_MV or high_mv != UNKNOWN_MV
        # A board that has not been told how many cells it has cannot know their voltages.
        excused = not old[ids.CELL_COUNT]
        fits = (low_mv == UNKNOWN_MV or low_mv > live[ids.CELL_UV2_MV]) and (
            high_mv == UNKNOWN_MV or high_mv < live[ids.CELL_OV2_MV]
        )
        if fits and (known or excused):
            return 0
        blame = ids.CHEMISTRY if rechosen else ids.CONFIRMED
        return self._refuse(blame, ids.COMMIT_RESULT_IS_VOLTAGES)

    def _level2(self, old, new, low_mv, high_mv):
        """A slip in a limit of level 2 must not latch the pack, let alone fire its fuse."""
        ov2 = new[ids.CELL_OV2_MV]
        uv2 = new[ids.CELL_UV2_MV]
        if ov2 != old[ids.CELL_OV2_MV] and high_mv != UNKNOWN_MV and ov2 <= high_mv:
            return self._refuse(ids.CELL_OV2_MV, ids.COMMIT_RESULT_IS_VOLTAGES)
        if uv2 != old[ids.CELL_UV2_MV] and low_mv != UNKNOWN_MV and uv2 >= low_mv:
            return self._refuse(ids.CELL_UV2_MV, ids.COMMIT_RESULT_IS_VOLTAGES)
        return 0
