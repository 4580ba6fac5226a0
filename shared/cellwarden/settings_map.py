"""Settings and stored texts as registers: decodes writes, checks who writes, commits.

A write of several registers takes effect as a whole. Outside begin/commit it is a transaction
of its own; inside, it is staged. Each port learns the outcome of its own newest write. Nothing
here allocates when reading; writing may.
"""

from . import ids, packed
from . import schema_data as schema
from .access import PORT_CHARGER, PORTS
from .refusals import BAD_VALUE, BUSY, DONE, FAILED, NO_ADDRESS, NOT_ALLOWED
from .settings import BOARD, NOBODY
from .validation import UNKNOWN_MV

_FACTORY_ONLY = 4  # bits of SETTING_FLAGS
_WIDE = 8
_LESSOR_ONLY = 16

# Exception for each COMMIT_RESULT_IS_*.
_REFUSAL = bytes(
    (
        DONE,  # none
        DONE,  # ok
        BAD_VALUE,  # range
        BAD_VALUE,  # cross rule
        NOT_ALLOWED,  # locked
        NOT_ALLOWED,  # outputs on
        BAD_VALUE,  # cold charge
        FAILED,  # storage
        BAD_VALUE,  # voltages
        NOT_ALLOWED,  # nothing staged
    )
)


class SettingsMap:
    """``result[port]`` and ``address[port]``: outcome of a port's newest settings write."""

    def __init__(self, controller):
        self._c = controller
        self.result = bytearray(PORTS)
        self.address = [0] * PORTS

    def outputs_off(self):
        """No switch is commanded on."""
        c = self._c.commands
        return not (c.charge or c.discharge or c.precharge)

    def drop_orphaned(self):
        """A transaction ends with the session that opened it."""
        settings = self._c.settings
        if settings.owner not in (NOBODY, BOARD) and not self._c.access.role(settings.owner):
            settings.abort()

    def is_busy(self, owner):
        """Somebody else has a transaction open."""
        self.drop_orphaned()
        return self._c.settings.owner not in (NOBODY, owner)

    def write_registers(self, address, count, data, offset, port):
        """Write holding registers, all of them settings."""
        settings = self._c.settings
        for register in range(address, address + count):
            if settings.index_at(register) < 0:
                return NO_ADDRESS
        changes = []
        register = address
        while register < address + count:
            index = settings.index_at(register)
            words = 2 if schema.SETTING_FLAGS[index] & _WIDE else 1
            starts = packed.u16(schema.SETTING_ADDRESS, index)
            if not self._may_write(index, port):
                return self._done(port, ids.COMMIT_RESULT_IS_LOCKED, starts)
            if starts != register or register + words > address + count:
                return self._done(port, ids.COMMIT_RESULT_IS_RANGE, starts)
            at = offset + 2 * (register - address)
            signed = packed.s32(schema.SETTING_MIN, index) < 0
            changes.append((index, number(data, at, words, signed)))
            register += words
        return self.write(changes, port)

    def write_coils(self, address, count, data, offset, port):
        """Write switches, packed bits."""
        if address + count > len(schema.COILS):
            return NO_ADDRESS
        changes = []
        for i in range(count):
            index = schema.COILS[address + i]
            if not self._may_write(index, port):
                starts = packed.u16(schema.SETTING_ADDRESS, index)
                return self._done(port, ids.COMMIT_RESULT_IS_LOCKED, starts)
            changes.append((index, data[offset + (i >> 3)] >> (i & 7) & 1))
        return self.write(changes, port)

    def write(self, changes, owner):
        """Stage (index, value) pairs in the owner's transaction, or commit them as one."""
        settings = self._c.settings
        if self.is_busy(owner):
            return BUSY
        for index, value in changes:
            if not settings.accepts(index, value):
                starts = packed.u16(schema.SETTING_ADDRESS, index)
                return self._done(owner, ids.COMMIT_RESULT_IS_RANGE, starts)
        at_once = settings.owner == NOBODY
        if at_once:
            settings.begin(owner)
        for index, value in changes:
            settings.write(index, value)
        if not at_once:
            return self._done(owner, ids.COMMIT_RESULT_IS_OK, 0)
        code = self.commit(owner)
        settings.abort()
        return code

    def commit(self, owner):
        """Apply the owner's transaction; a refused one stays open."""
        c = self._c
        settings = c.settings
        if self.is_busy(owner):
            return BUSY
        if c.conditions.storage_failed:
            return self._done(owner, ids.COMMIT_RESULT_IS_STORAGE, 0)
        cold_before = _cold_charge_dc(settings)
        low_mv = high_mv = UNKNOWN_MV
        if settings.asks_for_voltages():
            low_mv, high_mv = self._present_mv()
        result = settings.commit(self.outputs_off(), low_mv, high_mv)
        if result == ids.COMMIT_RESULT_IS_OK and settings.changed:
            c.requests.save_settings = True
            port = owner if owner != BOARD else NOBODY
            c.journal.note(ids.KIND_SETTINGS, c, settings.changed_address, settings.changed, port)
            cold = _cold_charge_dc(settings)
            if cold < 0 and cold != cold_before:
                c.journal.note(ids.KIND_COLD_CHARGE, c, 0, cold, port)
        return self._done(owner, result, settings.commit_address)

    def write_text(self, address, count, data, offset, port):
        """Write registers of one stored text."""
        c = self._c
        texts = c.settings.texts
        text = texts.index_at(address)
        if text < 0 or texts.index_at(address + count - 1) != text:
            return NO_ADDRESS
        if texts.role(text) > ids.ROLE_LESSOR:
            return NO_ADDRESS
        if port == PORT_CHARGER or not c.access.may(port, texts.role(text)):
            return NOT_ALLOWED
        if c.conditions.storage_failed:
            return FAILED
        if not texts.write(address, count, data, offset):
            return BAD_VALUE
        c.requests.save_settings = True
        c.journal.note(ids.KIND_TEXT, c, address, 0, port)
        return DONE

    def _may_write(self, index, port):
        flags = schema.SETTING_FLAGS[index]
        needed = ids.ROLE_LESSOR if flags & _LESSOR_ONLY else ids.ROLE_INSTALLER
        if flags & _FACTORY_ONLY:
            needed = ids.ROLE_FACTORY
        return port != PORT_CHARGER and self._c.access.may(port, needed)

    def _done(self, owner, result, address):
        """Remember the outcome for the port that wrote; the exception it gets."""
        if owner < PORTS:
            self.result[owner] = result
            self.address[owner] = 0 if result == ids.COMMIT_RESULT_IS_OK else address
        return _REFUSAL[result]

    def _present_mv(self):
        """(lowest, highest) cell now, UNKNOWN_MV where not known. A board that was not yet told
        how many cells it has sees the highest as a voltage on a channel that maps to none."""
        c = self._c
        readings = c.readings
        cells = c.settings.value[ids.CELL_COUNT]
        if not cells:
            return UNKNOWN_MV, readings.stray_mv if readings.stray_mv else UNKNOWN_MV
        lost = c.protection.state[ids.RULE_CELLS_LOST] >= 2
        if not readings.cells_valid or lost:
            return UNKNOWN_MV, UNKNOWN_MV
        low_mv = high_mv = readings.cell_mv[0]
        for i in range(1, cells):
            low_mv = min(low_mv, readings.cell_mv[i])
            high_mv = max(high_mv, readings.cell_mv[i])
        return low_mv, high_mv


def number(data, at, words, signed):
    """Big-endian number of one or two registers."""
    value = data[at] << 8 | data[at + 1]
    if words == 2:
        value = value << 16 | data[at + 2] << 8 | data[at + 3]
    top = 1 << 16 * words
    return value - top if signed and value >= top >> 1 else value


def _cold_charge_dc(settings):
    """The limit below 0 degC at which a person allows charging; 0 when nobody does."""
    if settings.value[ids.COLD_CHARGE_CONFIRMED] and settings.value[ids.CHARGE_UT_DC] < 0:
        return settings.value[ids.CHARGE_UT_DC]
    return 0
