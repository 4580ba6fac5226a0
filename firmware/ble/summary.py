"""The summary: the readings that tell most, so that a phone need not ask for them.

Which ones, and in which order, is a table of the schema (tables/summary.py); as many as fit into
one notification are sent, behind the schema's version. Read through the register map like
everything else, a few of them a step.
"""

from cellwarden import packed
from cellwarden import schema_data as schema
from cellwarden.access import PORT_BLUETOOTH
from cellwarden.ticks import elapsed_ms

_FIELDS = 4  # of a step
_PERIOD_MS = 500
_UNCHANGED_MS = 5_000
_INPUT = 4


class Summary:
    """``step`` hands the stack a summary when one is due; those who subscribed are told."""

    def __init__(self, ble, register_map, handle):
        size = 2
        for registers in schema.SUMMARY_REGISTERS:
            size += 2 * registers
        self._ble = ble
        self._map = register_map
        self._handle = handle
        self._new = bytearray(size)
        self._sent = bytearray(size)
        self._new[0] = self._sent[0] = schema.SCHEMA_VERSION >> 8
        self._new[1] = self._sent[1] = schema.SCHEMA_VERSION & 0xFF
        self._field = 0
        self._at = 2
        self._began_ms = 0
        self._sent_ms = 0
        self._fresh = True  # nothing was sent on this link

    def reset(self, now_ms):
        """Another link, or none: nothing may be left to be read that was true once."""
        self._ble.gatts_write(self._handle, b"")
        self._field = 0
        self._at = 2
        self._began_ms = now_ms
        self._fresh = True

    def step(self, now_ms, most):
        """Do one piece of work; ``most`` bytes fit."""
        field = self._field
        if field == 0:
            if not self._fresh and elapsed_ms(now_ms, self._began_ms) < _PERIOD_MS:
                return
            self._began_ms = now_ms
        for _ in range(_FIELDS):
            length = 0
            if field < len(schema.SUMMARY_REGISTERS):
                length = 2 * schema.SUMMARY_REGISTERS[field]
            if not length or self._at + length > most:
                self._send(now_ms)
                return
            address = packed.u16(schema.SUMMARY_ADDRESS, field)
            self._map.read(_INPUT, address, length // 2, self._new, self._at, PORT_BLUETOOTH)
            self._at += length
            field += 1
        self._field = field

    def _send(self, now_ms):
        length = self._at
        self._field = 0
        self._at = 2
        if not self._fresh and self._new == self._sent:
            if elapsed_ms(now_ms, self._sent_ms) < _UNCHANGED_MS:
                return
        self._fresh = False
        self._sent_ms = now_ms
        new = self._new
        self._new = self._sent
        self._sent = new
        try:
            self._ble.gatts_write(self._handle, memoryview(new)[:length], True)
        except OSError:  # the queue of who does not read is full: the next one may fit
            pass
