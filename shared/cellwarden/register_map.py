"""The register map: what a Modbus address means. The model behind every port's server.

Addresses and types come from the packed schema alone. Holding and input registers read alike.
``read`` allocates nothing; it shows settings in force, never staged ones, and never a secret.
``write`` is all or nothing. Registers are big-endian, 32-bit values high word first; what is
not known reads 0x7FFF or 0x7FFFFFFF.
"""

from . import ids
from . import schema_data as schema
from .access import PORT_BLUETOOTH, PORT_PC, PORTS
from .commands_map import CommandsMap
from .journal import ENTRY_BYTES
from .readings import MAX_CELLS
from .readout import ABSENT, ABSENT_16, ABSENT_HIGH, ABSENT_LOW
from .refusals import BAD_VALUE, DONE, NO_ADDRESS, NOT_ALLOWED
from .settings_map import SettingsMap

_COILS = 1
_DISCRETE = 2
_HOLDING = 3
_HOLE = 0xFF
_WIDE = 8  # bit of SETTING_FLAGS
_PENDING = 1  # states of a rule
_ACTIVE = 2
_LATCHED = 3
_NONCE_REGISTERS = 8
_LOCKED = -0x10000  # no run of registers is that long
_CELL_BLOCKS = 4  # voltages, and what CellHealth knows
_RECORDS_A_FILE = 10_000
_RECORD_REGISTERS = 32
_SERVER_ID = 0x43
_RUNNING = 0xFF
# Function 43/14: texts behind the objects; the vendor's name is ours.
_VENDOR = b"Cellwarden"
_OBJECT_TEXT = {
    1: ids.T_BOARD_NAME,
    2: ids.T_FIRMWARE_VERSION,
    4: ids.T_PRODUCT,
    5: ids.T_DEVICE_NAME,
}


class RegisterMap:
    """One for all ports; each request says which port it came from."""

    def __init__(self, controller):
        self._c = controller
        self._texts = controller.settings.texts
        self._settings = SettingsMap(controller)
        self._commands = CommandsMap(controller, self._settings)
        self._cells_end = schema.CELL_MV_BASE + _CELL_BLOCKS * MAX_CELLS
        self._rules_end = schema.RULE_STATE_BASE + schema.RULE_STATE_COUNT

    def set_text(self, text, value):
        """Tell a text (ids.T_*) that the firmware knows."""
        self._texts.put(text, value.encode())

    # --- reading

    def read(self, table, address, count, out, offset, port):
        """Fill ``out``; an exception code, or 0."""
        if table == _COILS:
            return self._read_coils(address, count, out, offset)
        if table == _DISCRETE:
            return self._read_rules(address, count, out, offset)
        end = address + count
        while address < end:
            done = self._read_run(address, end, out, offset, port)
            if done <= 0:
                return NOT_ALLOWED if done == _LOCKED else NO_ADDRESS
            address += done
            offset += 2 * done
        return DONE

    def _read_run(self, address, end, out, offset, port):
        """Registers from ``address`` on that lie in one region: how many were read; 0 or less
        where there is a hole, _LOCKED where this port may not look."""
        if address < schema.CELL_MV_BASE:
            return self._read_readings(address, end, out, offset, port)
        if address < schema.RULE_STATE_BASE:
            return self._read_cells(address, min(end, self._cells_end), out, offset)
        if address < schema.TEXT_BASE:
            return self._read_states(address, min(end, self._rules_end), out, offset)
        if address < schema.SETTINGS_BASE:
            return self._read_texts(address, min(end, self._texts.end), out, offset, port)
        if address < schema.COMMANDS_BASE:
            return self._read_settings(address, end, out, offset)
        return self._read_commands(address, end, out, offset, port)

    def _read_readings(self, address, end, out, offset, port):
        at = address - schema.READINGS_BASE
        stop = min(end - schema.READINGS_BASE, len(schema.READING_AT))
        self._own(port)
        readout = self._c.readout
        elements = schema.READING_AT
        wide = schema.READING_WIDE
        while at < stop:
            element = elements[at]
            if element == _HOLE:
                return 0
            value = readout[element]
            if wide[element]:
                first = at == 0 or elements[at - 1] != element
                if value == ABSENT:
                    value = ABSENT_HIGH if first else ABSENT_LOW
                elif first:
                    value >>= 16
            elif value == ABSENT:
                value = ABSENT_16
            elif value > 0xFFFF:
                value = 0xFFFF
            out[offset] = value >> 8 & 0xFF
            out[offset + 1] = value & 0xFF
            offset += 2
            at += 1
        return stop - (address - schema.READINGS_BASE)

    def _own(self, port):
        """Readings that are the asking port's own."""
        access = self._c.access
        readout = self._c.readout
        now_ms = access.now_ms
        readout[ids.R_SESSION_ROLE] = access.role(port)
        readout[ids.R_SESSION_LEFT_S] = access.session_left_s(port, now_ms)
        readout[ids.R_LOCKOUT_S] = access.lockout_s(port, now_ms)
        mine = port if port < PORTS else 0
        readout[ids.R_COMMIT_RESULT] = self._settings.result[mine]
        readout[ids.R_COMMIT_ADDRESS] = self._settings.address[mine]

    def _read_cells(self, address, stop, out, offset):
        readings = self._c.readings
        known = self._c.protection.state[ids.RULE_CELLS_LOST] < _ACTIVE
        for at in range(address - schema.CELL_MV_BASE, stop - schema.CELL_MV_BASE):
            cell = at % MAX_CELLS
            if at >= MAX_CELLS:
                value = self._c.cells.register(at // MAX_CELLS, cell)
            elif known and readings.cell_valid[cell]:
                value = readings.cell_mv[cell]
            else:
                value = ABSENT_16
            out[offset] = value >> 8
            out[offset + 1] = value & 0xFF
            offset += 2
        return stop - address

    def _read_states(self, address, stop, out, offset):
        protection = self._c.protection
        for rule in range(address - schema.RULE_STATE_BASE, stop - schema.RULE_STATE_BASE):
            bits = retries = 0
            if rule < schema.RULE_COUNT:
                state = protection.state[rule]
                retries = protection.retries[rule]
                if state == _PENDING:
                    bits = 2
                elif state == _LATCHED:
                    bits = 5
                elif state == _ACTIVE:
                    bits = 1
            out[offset] = retries
            out[offset + 1] = bits
            offset += 2
        return stop - address

    def _read_texts(self, address, stop, out, offset, port):
        data = self._texts.data
        for register in range(address, stop):
            text = self._texts.index_at(register)
            if text < 0:
                return 0
            if text == ids.T_BLUETOOTH_PASSKEY:
                if port not in (PORT_PC, PORT_BLUETOOTH) or not self._c.access.role(port):
                    return _LOCKED
            at = 2 * (register - schema.TEXT_BASE)
            out[offset] = data[at]
            out[offset + 1] = data[at + 1]
            offset += 2
        return stop - address

    def _read_settings(self, address, end, out, offset):
        at = address - schema.SETTINGS_BASE
        stop = min(end - schema.SETTINGS_BASE, len(schema.SETTING_AT))
        stored = self._c.settings.value
        elements = schema.SETTING_AT
        while at < stop:
            index = elements[at]
            if index == _HOLE:
                return 0
            value = stored[index]
            if schema.SETTING_FLAGS[index] & _WIDE and (at == 0 or elements[at - 1] != index):
                value >>= 16
            out[offset] = value >> 8 & 0xFF
            out[offset + 1] = value & 0xFF
            offset += 2
            at += 1
        return stop - (address - schema.SETTINGS_BASE)

    def _read_commands(self, address, end, out, offset, port):
        """Commands read 0; an open challenge reads to the port that asked for it."""
        challenge = schema.CHALLENGE_ADDRESS
        for register in range(address, end):
            high = low = 0
            if challenge <= register < challenge + _NONCE_REGISTERS:
                nonce = self._c.access.nonce(port)
                if nonce is None:
                    return _LOCKED
                high = nonce[2 * (register - challenge)]
                low = nonce[2 * (register - challenge) + 1]
            elif self._commands.index_at(register) < 0:
                return 0
            out[offset] = high
            out[offset + 1] = low
            offset += 2
        return end - address

    def _read_coils(self, address, count, out, offset):
        if address + count > len(schema.COILS):
            return NO_ADDRESS
        for i in range(count):
            if self._c.settings.value[schema.COILS[address + i]]:
                out[offset + (i >> 3)] |= 1 << (i & 7)
        return DONE

    def _read_rules(self, address, count, out, offset):
        """Discrete input n: rule n is active."""
        if address + count > schema.RULE_STATE_COUNT:
            return NO_ADDRESS
        state = self._c.protection.state
        for i in range(count):
            if address + i < schema.RULE_COUNT and state[address + i] >= _ACTIVE:
                out[offset + (i >> 3)] |= 1 << (i & 7)
        return DONE

    # --- writing

    def write(self, table, address, count, data, offset, port):
        """Write coils or holding registers: all of them, or none and an exception code."""
        if table == _COILS:
            code = self._settings.write_coils(address, count, data, offset, port)
        elif table == _HOLDING:
            code = self._write_registers(address, count, data, offset, port)
        else:
            return NO_ADDRESS
        access = self._c.access
        if code == DONE and access.role(port):
            access.touch(port, access.now_ms)
        return code

    def _write_registers(self, address, count, data, offset, port):
        if address >= schema.UPDATE_WINDOW_BASE:
            return self._commands.write_image(address, count, data, offset, port)
        if address >= schema.COMMANDS_BASE:
            return self._commands.write(address, count, data, offset, port)
        if address >= schema.SETTINGS_BASE:
            return self._settings.write_registers(address, count, data, offset, port)
        return self._settings.write_text(address, count, data, offset, port)

    # --- journal and identity

    def read_record(self, file, record, length, out, offset, _port):
        """Function 20: the first ``length`` registers of a journal entry."""
        number = (file - 1) * _RECORDS_A_FILE + record
        if file < 1 or not 0 <= record < _RECORDS_A_FILE:
            return NO_ADDRESS
        if not 1 <= length <= _RECORD_REGISTERS:
            return BAD_VALUE
        if not self._c.journal.entry_into(number, out, offset, min(2 * length, ENTRY_BYTES)):
            return NO_ADDRESS
        return DONE

    def server_id(self, out, offset):
        """Function 17: our mark, whether an output is on, product and version."""
        texts = self._texts
        name = texts.get(ids.T_PRODUCT) + b" " + texts.get(ids.T_FIRMWARE_VERSION)
        out[offset] = _SERVER_ID
        out[offset + 1] = 0 if self._settings.outputs_off() else _RUNNING
        for i in range(len(name)):
            out[offset + 2 + i] = name[i]
        return 2 + len(name)

    def device_object(self, object_id):
        """Function 43/14: an object's bytes, or None."""
        if object_id == 0:
            return _VENDOR
        text = _OBJECT_TEXT.get(object_id)
        return None if text is None else self._texts.get(text)
