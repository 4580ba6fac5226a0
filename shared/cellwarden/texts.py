"""Strings of the register map: fixed ones the firmware tells, and a few that are stored.

Kept as the bytes that registers carry, so that reading copies and allocates nothing. A stored
text survives as (register, value) pairs among the settings (migration.py).
"""

from . import packed
from . import schema_data as schema

READ_ONLY = 0xFF
_HOLE = 0xFF
_COUNT = len(schema.TEXT_REGISTERS)


class Texts:
    """``data`` holds two bytes for each register from schema.TEXT_BASE on."""

    def __init__(self):
        last = _COUNT - 1
        end = packed.u16(schema.TEXT_ADDRESS, last) + schema.TEXT_REGISTERS[last]
        self.end = end
        self.data = bytearray(2 * (end - schema.TEXT_BASE))
        self._at = bytearray([_HOLE] * (end - schema.TEXT_BASE))
        for text in range(_COUNT):
            first = packed.u16(schema.TEXT_ADDRESS, text) - schema.TEXT_BASE
            for i in range(schema.TEXT_REGISTERS[text]):
                self._at[first + i] = text

    def index_at(self, address):
        """Text that has this register, or -1."""
        if not schema.TEXT_BASE <= address < self.end:
            return -1
        text = self._at[address - schema.TEXT_BASE]
        return -1 if text == _HOLE else text

    def put(self, text, value):
        """Set a text from bytes; what does not fit is cut off."""
        first = 2 * (packed.u16(schema.TEXT_ADDRESS, text) - schema.TEXT_BASE)
        room = 2 * schema.TEXT_REGISTERS[text]
        for i in range(room):
            self.data[first + i] = value[i] if i < len(value) else 0

    def get(self, text):
        """A text as bytes, without its padding."""
        first = 2 * (packed.u16(schema.TEXT_ADDRESS, text) - schema.TEXT_BASE)
        value = bytes(self.data[first : first + 2 * schema.TEXT_REGISTERS[text]])
        end = value.find(b"\0")
        return value if end < 0 else value[:end]

    def role(self, text):
        """Who may write a text: a role, or READ_ONLY."""
        return schema.TEXT_ROLE[text]

    def write(self, address, count, data, offset):
        """Write registers of one text; False, and nothing changed, for control characters."""
        for i in range(offset, offset + 2 * count):
            if 0 < data[i] < 0x20 or data[i] == 0x7F:
                return False
        at = 2 * (address - schema.TEXT_BASE)
        for i in range(2 * count):
            self.data[at + i] = data[offset + i]
        return True

    def stored_registers(self):
        """Addresses of all registers that must survive a restart."""
        return [
            address
            for address in range(schema.TEXT_BASE, self.end)
            if self.index_at(address) >= 0 and self.role(self.index_at(address)) != READ_ONLY
        ]

    def word(self, address):
        """Value of one register."""
        at = 2 * (address - schema.TEXT_BASE)
        return self.data[at] << 8 | self.data[at + 1]

    def put_word(self, address, value):
        """Set one stored register; other addresses and values are ignored."""
        text = self.index_at(address)
        if text >= 0 and self.role(text) != READ_ONLY and 0 <= value <= 0xFFFF:
            at = 2 * (address - schema.TEXT_BASE)
            self.data[at] = value >> 8
            self.data[at + 1] = value & 0xFF
