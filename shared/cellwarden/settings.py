"""The settings of one pack: what is stored, what is in force, and how it may change.

``value`` holds what a person set (0 may mean automatic), ``live`` what follows from it, with
the board's constants and the rules' literals behind it; both are indexed by ``ids``. Settings
change only through a transaction that is checked as a whole: it takes effect in one go, or not
at all. There must never be a moment at which ``value`` or ``live`` is invalid.

    begin(owner) -> write(index, value)... or preset(chemistry) -> commit(...) or abort()
"""

from array import array

from . import ids, migration
from . import schema_data as schema
from .ocv_curves import POINTS
from .texts import Texts
from .validation import UNKNOWN_MV, Check, address_of, in_range

NOBODY = 0
BOARD = 255  # owner of transactions that the board makes itself (calibration)

_NOTHING = bytes(schema.SETTING_COUNT)

# Changing one of these makes it another pack: a person must confirm it again.
_IDENTITY = (ids.CHEMISTRY, ids.CELL_COUNT, ids.CAPACITY_MAH)


class Settings:
    """One set of settings with at most one transaction open. Allocated once."""

    def __init__(self, board):
        self.value = array("i", [0] * schema.SETTING_COUNT)
        self.live = array("i", [0] * schema.LIVE_COUNT)
        self.revision = 0  # counts applied changes, 30 bits
        self.lost = False  # what was stored could not be read; a person must set up again
        self.commissioned = False
        self.owner = NOBODY  # who has the transaction open
        self.commit_address = 0  # register that the newest refused commit complains about
        self.changed = 0  # how many settings the newest applied commit changed
        self.changed_address = 0  # register of the first of them
        self.texts = Texts()
        self.check = Check(board)
        self.check.fill_constants(self.live)
        self._staged = array("i", self.value)
        self._written = bytearray(schema.SETTING_COUNT)
        self._writes = 0  # since begin
        self._trial = array("i", self.live)
        self.factory_reset()

    # --- transactions

    def begin(self, owner):
        """Open a transaction, dropping an older one of the same owner; False when busy."""
        if self.owner not in (NOBODY, owner):
            return False
        self.abort()
        self.owner = owner
        self._staged[:] = self.value
        return True

    def accepts(self, index, value):
        """True when ``write`` would stage this value."""
        return in_range(index, value)

    def write(self, index, value):
        """Stage one value after ``begin``; only its own range is checked before the commit."""
        if not in_range(index, value):
            self.commit_address = address_of(index)
            return ids.COMMIT_RESULT_IS_RANGE
        self._staged[index] = value
        self._written[index] = 1
        self._writes += 1
        return ids.COMMIT_RESULT_IS_OK

    def staged(self, index):
        """What is staged for a setting, or in force when nothing is."""
        return self._staged[index] if self.owner else self.value[index]

    def preset(self, chemistry):
        """Stage a chemistry with every default that depends on it."""
        result = self.write(ids.CHEMISTRY, chemistry)
        if result == ids.COMMIT_RESULT_IS_OK:
            for index in schema.BY_CHEMISTRY:
                self.write(index, self.check.default_of(chemistry, index))
        return result

    def asks_for_voltages(self):
        """True when what is staged will be held against the present cell voltages."""
        return self._written[ids.CHEMISTRY] or self._written[ids.CONFIRMED]

    def commit(self, outputs_off, low_mv=UNKNOWN_MV, high_mv=UNKNOWN_MV):
        """Check everything staged together and apply it: COMMIT_RESULT_IS_*.

        ``low_mv`` and ``high_mv`` are the lowest and highest cell now. A refused commit changes
        nothing and leaves the transaction open, so that it can be put right or aborted.
        """
        if self.owner == NOBODY or not self._writes:
            self.commit_address = 0
            return ids.COMMIT_RESULT_IS_NOTHING_STAGED
        self._follow()
        result = self._judge(outputs_off, low_mv, high_mv)
        if result != ids.COMMIT_RESULT_IS_OK:
            self.commit_address = self.check.address
            return result
        self.commit_address = 0
        self._apply()
        self.abort()
        return result

    def abort(self):
        """Drop whatever is staged."""
        self.owner = NOBODY
        self._writes = 0
        self._written[:] = _NOTHING

    # --- start, storage, reset

    def load(self, payload, n):
        """Take over a stored payload; False, and ``lost``, when it is not a valid whole."""
        self.begin(BOARD)
        good = migration.unpack(payload, n, self._staged, self.check)
        good = good and self.check.ranges(self._staged) == ids.COMMIT_RESULT_IS_OK
        if good:
            result = self.check.whole(self._staged, self._trial, self._written)
            good = result == ids.COMMIT_RESULT_IS_OK
        if good:
            self._apply()
            migration.unpack_texts(payload, n, self.texts)
            self.lost = False
        self.abort()
        if not good:
            self.factory_reset()
            self.lost = True
        return good

    def dump(self, buf):
        """Write the payload to be stored (migration.MAX_BYTES at most); return its length."""
        return migration.pack(self.value, self.texts, buf)

    def factory_reset(self, keep_lease=False):
        """Back to a fresh board: no chemistry, no cells, no capacity. Texts stay: a board's
        serial number is not a setting of the pack; and the lease, whose end is the lessor's."""
        self.abort()
        for i in range(schema.SETTING_COUNT):
            if keep_lease and ids.LEASE_MODE <= i <= ids.LEASE_LOCKED:
                self._staged[i] = self.value[i]
            else:
                self._staged[i] = self.check.default_of(ids.CHEMISTRY_NONE, i)
        self.check.resolve(self._staged, self._trial)
        self._apply()
        self.lost = False

    # --- about rows

    def index_at(self, address):
        """Setting that lives at a register, or -1."""
        at = address - schema.SETTINGS_BASE
        if not 0 <= at < len(schema.SETTING_AT):
            return -1
        index = schema.SETTING_AT[at]
        return -1 if index == 0xFF else index

    # --- inside

    def _follow(self):
        """What a change brings with it, unless the same transaction says otherwise."""
        staged, written = self._staged, self._written
        if not written[ids.CONFIRMED]:
            staged[ids.CONFIRMED] = self.value[ids.CONFIRMED]
            for index in _IDENTITY:
                if staged[index] != self.value[index]:
                    staged[ids.CONFIRMED] = 0
        if written[ids.CHEMISTRY]:
            for index in schema.BY_CHEMISTRY:
                self._follow_chemistry(index)
            # A confirmation was given, and a curve taken, for one kind of cell.
            self._follow_chemistry(ids.COLD_CHARGE_CONFIRMED)
            for index in range(ids.OCV_MV, ids.OCV_MV + POINTS):
                self._follow_chemistry(index)

    def _follow_chemistry(self, index):
        staged = self._staged
        if self._written[index]:
            return
        if staged[ids.CHEMISTRY] == self.value[ids.CHEMISTRY]:
            staged[index] = self.value[index]
        else:
            staged[index] = self.check.default_of(staged[ids.CHEMISTRY], index)

    def _judge(self, outputs_off, low_mv, high_mv):
        check = self.check
        result = check.whole(self._staged, self._trial, self._written)
        if result != ids.COMMIT_RESULT_IS_OK:
            return result
        return check.change(self.value, self._staged, self._trial, outputs_off, low_mv, high_mv)

    def _apply(self):
        value, staged = self.value, self._staged
        changed = 0
        for i in range(schema.SETTING_COUNT):
            if value[i] != staged[i]:
                if not changed:
                    self.changed_address = address_of(i)
                changed += 1
        self.changed = changed
        value[:] = staged
        self.live[:] = self._trial
        self.revision = (self.revision + 1) & 0x3FFFFFFF
        self.commissioned = bool(
            value[ids.CHEMISTRY]
            and value[ids.CELL_COUNT]
            and value[ids.CAPACITY_MAH]
            and value[ids.CONFIRMED]
        )
        if self.commissioned:
            self.lost = False
