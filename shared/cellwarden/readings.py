"""What was measured: the one place where drivers put values and the core finds them.

Every value has a validity and the tick at which it was sampled; a missing value is marked
invalid, never given a magic number. A group's ``*_count`` goes up by one with each fresh
sample, so that the core can count samples and not calls. Nothing here decides anything.

Units: mV, mA (charging positive), 0.1 degC (``_dc``), ms (30-bit ticks, see ticks.py).
"""

from array import array

MAX_CELLS = 32

# Temperature sensors, in the order of the product sheet.
TEMP_BATTERY_1 = 0
TEMP_BATTERY_4 = 3
TEMP_POWER_BOARD = 4
TEMP_BALANCE_BOARD = 5
TEMP_COUNT = 6

# Why a temperature sensor gives no value.
TEMP_OK = 1
TEMP_MISSING = 0  # never sampled, or the bus failed
TEMP_OPEN = 2  # reads like a cut wire
TEMP_SHORTED = 3  # reads like a short


class Scalar:
    """One measured quantity: ``value`` counts only while ``valid`` is true."""

    __slots__ = ("value", "valid", "sampled_ms", "count", "fitted")

    def __init__(self, fitted=True):
        self.value = 0
        self.valid = False
        self.sampled_ms = 0
        self.count = 0
        self.fitted = fitted

    def put(self, value, now_ms):
        """Take a fresh, plausible sample."""
        self.value = value
        self.valid = True
        self.sampled_ms = now_ms
        self.count = (self.count + 1) & 0x3FFFFFFF

    def miss(self):
        """A sample was due and could not be had; age keeps growing from the last good one."""
        self.valid = False


class Readings:
    """All measurements of one pack. Allocated once; drivers overwrite in place.

    ``cell_mv[i]`` is cell ``i + 1`` of the pack (harness channels are already mapped).
    ``open_wire[i]`` is 1 when sense wire ``i`` (0 = pack minus, n = top of cell n) is cut.
    """

    def __init__(self):
        self.cell_mv = array("H", [0] * MAX_CELLS)  # 0..65535 mV
        self.cell_valid = bytearray(MAX_CELLS)
        self.cells_ms = 0  # when the last complete set of cells was sampled
        self.cells_count = 0  # complete sets so far
        self.cells_valid = False  # the newest attempt gave a complete, plausible set
        self.open_wire = bytearray(MAX_CELLS + 1)
        self.open_wire_count = 0  # completed open-wire checks so far
        self.open_wire_ms = 0
        self.open_wire_wanted = False  # the core asks for checks as fast as they can be had
        self.stray_mv = 0  # highest voltage on a harness channel that maps to no cell
        self.temp_dc = array("h", [0] * TEMP_COUNT)
        self.temp_state = bytearray(TEMP_COUNT)  # TEMP_OK, TEMP_MISSING, ...
        self.temps_ms = 0  # when the temperature bus last answered completely
        self.temps_count = 0
        self.temps_valid = False
        self.current_ma = Scalar()  # through the shunt, charging positive
        self.pack_mv = Scalar()  # measured across the whole stack, not a sum
        self.bus_mv = Scalar(fitted=False)  # load side of the discharge switch
        self.charger_mv = Scalar(fitted=False)  # charger side of the charge switch
        self.short_circuit = False  # comparator latch in the gate driver is set
        self.fast_overcurrent = False  # the shunt monitor's alert is latched
        self.charge_feedback = 0  # sensed gate / relay state: 1 on, 0 off
        self.discharge_feedback = 0
        self.feedback_valid = False
        self.chip_lost = 0  # front-end chips that did not answer in the newest attempt
        self.pec_errors = 0  # frames with a bad checksum so far, 30 bits
        self.secondary_fitted = False  # the board has a fuse or shunt trip to fire

    def cells_done(self, now_ms):
        """Mark the cell arrays as one complete, valid set sampled at ``now_ms``."""
        self.cells_ms = now_ms
        self.cells_count = (self.cells_count + 1) & 0x3FFFFFFF
        self.cells_valid = True

    def temps_done(self, now_ms):
        """Mark the temperature arrays as one complete set sampled at ``now_ms``."""
        self.temps_ms = now_ms
        self.temps_count = (self.temps_count + 1) & 0x3FFFFFFF
        self.temps_valid = True
