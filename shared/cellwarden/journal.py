"""The journal: why it tripped. A ring of packed 64-byte entries with the readings around each.

The layout is tables/journal.py's (``ids.J_*``). ``record`` and ``note`` allocate nothing: they
run in the tick. Flash is the storage task's work: it takes what lies between ``pending`` and
``next``, and gives it back with ``restore`` after a restart. An entry is never changed after it
was written. Its checksum is worked out when it is first stored or read, not in the tick.
"""

from binascii import crc32
from struct import pack_into

from . import ids
from . import schema_data as schema
from .readout import ABSENT
from .ticks import elapsed_ms

ENTRIES = 64
ENTRY_BYTES = 64
PAYLOAD_BYTES = 56  # between the number and the checksum: what a store with its own keeps
NO_PORT = 0
_LAYOUT = 1
_NONE = 0xFF
_MASK = 0x3FFFFFFF
_ABSENT_16 = 0x7FFF
_AGE_CAP_MS = 0x7FFE
_ACTIVE = 2  # state of a rule from which on it acts
_ALSO = 4


class Journal:
    """The newest ENTRIES entries; ``first`` <= number < ``next`` are held."""

    def __init__(self):
        self.first = 0
        self.next = 0
        self.pending = 0  # the first entry that is not yet on flash
        self.lost = 0  # entries that were overwritten before they reached flash
        self._ring = bytearray(ENTRIES * ENTRY_BYTES)
        self._sealed = bytearray(ENTRIES)  # 1: the entry's checksum has been worked out

    def record(self, kind, rule, now_ms, controller):
        """An event of the protection engine: with limit, value, cell and age of the sample."""
        at = self._open(kind, controller)
        ring = self._ring
        quantities = controller.quantities
        quantity = schema.RULE_QUANTITY[rule]
        ring[at + ids.J_RULE] = rule
        ring[at + ids.J_RETRIES] = controller.protection.retries[rule]
        if quantities.where[quantity]:
            ring[at + ids.J_WHERE] = quantities.where[quantity]
        self._put16(at + ids.J_AGE_MS, _age_ms(quantity, controller.readings, now_ms))
        self._put32(at + ids.J_LIMIT, controller.settings.live[schema.RULE_TRIP[rule]])
        self._put32(at + ids.J_VALUE, quantities.value[quantity])
        self._also(at, rule, controller.protection.state)

    def note(self, kind, controller, limit=ABSENT, value=ABSENT, port=NO_PORT):
        """Any other event; what ``limit`` and ``value`` mean stands in the table of kinds."""
        at = self._open(kind, controller)
        self._put32(at + ids.J_LIMIT, limit)
        self._put32(at + ids.J_VALUE, value)
        if port != NO_PORT:
            self._ring[at + ids.J_PORT] = port
        self._also(at, _NONE, controller.protection.state)

    def entry_into(self, number, out, offset, length=ENTRY_BYTES):
        """Copy the first ``length`` bytes of an entry; False when it is not held."""
        if not self.first <= number < self.next:
            return False
        self._seal(number)
        at = number % ENTRIES * ENTRY_BYTES
        for i in range(length):
            out[offset + i] = self._ring[at + i]
        return True

    def payload(self, number):
        """The bytes of an entry between number and checksum, for flash; allocates."""
        self._seal(number)
        at = number % ENTRIES * ENTRY_BYTES + ids.J_UPTIME_S
        return bytes(self._ring[at : at + PAYLOAD_BYTES])

    def _seal(self, number):
        """Work the checksum out, once: where integers are small, that allocates."""
        slot = number % ENTRIES
        if not self._sealed[slot]:
            at = slot * ENTRY_BYTES
            end = at + ids.J_CRC32
            pack_into("<I", self._ring, end, crc32(bytes(self._ring[at:end])) & 0xFFFFFFFF)
            self._sealed[slot] = 1

    def stored(self, until):
        """All entries before number ``until`` are on flash."""
        if self.pending < until <= self.next:
            self.pending = until

    def restore(self, entries, following):
        """Take back ``entries``, (number, payload) oldest first; go on with ``following``.

        To be called before anything is recorded. Only an unbroken run up to the newest entry
        is held, so that every number between ``first`` and ``next`` is there.
        """
        self.first = self.next = self.pending = following & _MASK
        for number, payload in reversed(entries):
            if number != self.first - 1 or self.next - number > ENTRIES:
                break
            at = number % ENTRIES * ENTRY_BYTES
            self._put32(at + ids.J_NUMBER, number)
            for i in range(min(PAYLOAD_BYTES, len(payload))):
                self._ring[at + ids.J_UPTIME_S + i] = payload[i]
            self.first = number
            self._sealed[number % ENTRIES] = 0
            self._seal(number)

    def _open(self, kind, controller):
        """Begin an entry with what every entry has; its offset in the ring."""
        number = self.next
        self.next = (number + 1) & _MASK
        if self.next - self.first > ENTRIES:
            self.first = self.next - ENTRIES
        if self.pending < self.first:
            self.lost += self.first - self.pending
            self.pending = self.first
        at = number % ENTRIES * ENTRY_BYTES
        ring = self._ring
        self._sealed[number % ENTRIES] = 0
        self._put32(at + ids.J_NUMBER, number)
        self._put32(at + ids.J_UPTIME_S, controller.uptime_s)
        ring[at + ids.J_KIND] = kind
        ring[at + ids.J_RULE] = ring[at + ids.J_WHERE] = _NONE
        ring[at + ids.J_LAYOUT] = _LAYOUT
        self._put16(at + ids.J_AGE_MS, _ABSENT_16)
        ring[at + ids.J_RETRIES] = ring[at + ids.J_PORT] = _NONE
        self._readings(at, controller)
        self._state(at, controller)
        return at

    def _readings(self, at, controller):
        r = controller.readings
        self._scalar32(at + ids.J_CURRENT_MA, r.current_ma)
        self._scalar32(at + ids.J_PACK_MV, r.pack_mv)
        self._tens(at + ids.J_BUS_10MV, r.bus_mv)
        self._tens(at + ids.J_CHARGER_10MV, r.charger_mv)
        q = controller.quantities
        self._quantity(at + ids.J_CELL_MAX_MV, q, ids.Q_CELL_MAX_MV)
        self._quantity(at + ids.J_CELL_MIN_MV, q, ids.Q_CELL_MIN_MV)
        self._quantity(at + ids.J_TEMP_MAX_DC, q, ids.Q_TEMP_MAX_DC)
        self._quantity(at + ids.J_TEMP_MIN_DC, q, ids.Q_TEMP_MIN_DC)
        self._quantity(at + ids.J_POWER_TEMP_DC, q, ids.Q_POWER_TEMP_DC)
        self._ring[at + ids.J_CELL_MAX_NUMBER] = q.where[ids.Q_CELL_MAX_MV] or _NONE
        self._ring[at + ids.J_CELL_MIN_NUMBER] = q.where[ids.Q_CELL_MIN_MV] or _NONE
        soc = controller.estimator.soc_permille
        self._put16(at + ids.J_SOC_PERMILLE, soc if soc >= 0 else _ABSENT_16)

    def _state(self, at, controller):
        ring = self._ring
        c = controller.commands
        r = controller.readings
        bits = 1 if c.charge else 0
        bits |= 2 if c.discharge else 0
        bits |= 4 if c.precharge else 0
        bits |= 8 if c.heater else 0
        bits |= 16 if c.fire_secondary else 0
        if r.feedback_valid:
            bits |= 32 if r.charge_feedback else 0
            bits |= 64 if r.discharge_feedback else 0
        ring[at + ids.J_OUTPUTS] = bits
        ring[at + ids.J_FORBIDS] = controller.protection.forbids
        ring[at + ids.J_BOARD_STATE] = controller.switchgear.state
        ring[at + ids.J_LOUDEST] = controller.protection.loudest
        late_ms = controller.conditions.tick_late_ms
        self._put16(at + ids.J_TICK_LATE_MS, late_ms if late_ms < _ABSENT_16 else _ABSENT_16 - 1)

    def _also(self, at, rule, state):
        """Numbers of the first other active rules."""
        ring = self._ring
        found = 0
        for other in range(schema.RULE_COUNT):
            if state[other] >= _ACTIVE and other != rule and found < _ALSO:
                ring[at + ids.J_ALSO_1 + found] = other
                found += 1
        while found < _ALSO:
            ring[at + ids.J_ALSO_1 + found] = _NONE
            found += 1

    def _scalar32(self, at, scalar):
        self._put32(at, scalar.value if scalar.valid and scalar.fitted else ABSENT)

    def _tens(self, at, scalar):
        known = scalar.valid and scalar.fitted
        self._put16(at, scalar.value // 10 if known else _ABSENT_16)

    def _quantity(self, at, quantities, quantity):
        known = quantities.valid[quantity]
        self._put16(at, quantities.value[quantity] if known else _ABSENT_16)

    def _put16(self, at, value):
        self._ring[at] = value & 0xFF
        self._ring[at + 1] = value >> 8 & 0xFF

    def _put32(self, at, value):
        """A 32-bit number, or the absent mark; small integers only, so nothing is allocated."""
        if value == ABSENT:
            self._put16(at, 0xFFFF)
            self._put16(at + 2, _ABSENT_16)
        else:
            self._put16(at, value & 0xFFFF)
            self._put16(at + 2, value >> 16 & 0xFFFF)


def _age_ms(quantity, readings, now_ms):
    """How long ago the judged sample was taken; 0 for what is known at every moment."""
    group = schema.QUANTITY_GROUP[quantity]
    if group == ids.GROUP_CELLS or group == ids.GROUP_SUM:
        then_ms = readings.cells_ms
    elif group == ids.GROUP_PACK:
        then_ms = readings.pack_mv.sampled_ms
    elif group == ids.GROUP_CURRENT:
        then_ms = readings.current_ma.sampled_ms
    elif (
        group == ids.GROUP_TEMPS
        or group == ids.GROUP_POWER_TEMP
        or group == ids.GROUP_BALANCE_TEMP
    ):
        then_ms = readings.temps_ms
    elif group == ids.GROUP_OPEN_WIRE:
        then_ms = readings.open_wire_ms
    else:
        return 0
    age_ms = elapsed_ms(now_ms, then_ms)
    return age_ms if age_ms < _AGE_CAP_MS else _AGE_CAP_MS
