"""Modbus RTU server: requests in, replies out, a model decides what an address means.

One ``Server`` a serial port. It does no I/O: give it the bytes that came in (``feed``), call
``poll`` whenever there were none, and send ``tx[:n]`` in one go when either returns n > 0,
before the next call overwrites it. When several requests came in together, the first is
answered and the rest wait for the next ``feed`` or ``poll``. The port must not hear itself:
the echo of some replies is a valid request.

A request is answered only if its checksum is right and it is meant for this unit. It must
never reach the model otherwise, nor with a quantity or a range that the standard forbids. A
model that raises costs its caller an exception 04, never the server. Answering functions
1 to 4 allocates nothing.

The model has
    read(table, address, count, out, offset, port) -> exception code, or 0
        fill ``out`` from ``offset``: registers as big-endian pairs, bits packed, lowest first,
        into bytes that are 0 already. Tables: 1 coils, 2 discrete inputs, 3 holding, 4 input.
    write(table, address, count, data, offset, port) -> exception code, or 0
        all or nothing; the same layout; table 1 or 3.
and, if it serves functions 20, 17 and 43/14,
    read_record(file, record, length, out, offset, port) -> exception code, or 0
    server_id(out, offset) -> length; identity, run indicator (0xFF runs, 0x00 does not), more
    device_object(object_id) -> bytes, or None if there is no such object
``port`` is what the server was made with, for the model to decide who may do what.
"""

from . import crc
from .codec import (
    BROADCAST,
    COILS,
    DEVICE_FAILURE,
    ENCAPSULATED,
    HOLDING_REGISTERS,
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    MASK_WRITE,
    MAX_EXCHANGE_WRITE,
    MAX_FRAME,
    MAX_READ_BITS,
    MAX_READ_REGISTERS,
    MAX_RECORD_BYTES,
    MAX_RECORD_NUMBER,
    MAX_WRITE_BITS,
    MAX_WRITE_REGISTERS,
    READ_COILS,
    READ_DISCRETE,
    READ_HOLDING,
    READ_INPUT,
    READ_RECORDS,
    READ_WRITE_REGISTERS,
    SERVER_ID,
    UNKNOWN,
    WRITE_COIL,
    WRITE_COILS,
    WRITE_REGISTER,
    WRITE_REGISTERS,
    request_length,
)
from .framer import Framer
from .identity import Identity

_MASK = 0x3FFFFFFF
_MAX_DATA = MAX_FRAME - 5  # behind address, function and byte count
# Functions that only write: these a broadcast may ask for.
_WRITES = (WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS, MASK_WRITE)


def _refusal(code):
    """A handler's result for a model's exception code."""
    return -code if 0 < code < 256 else -DEVICE_FAILURE


class Server(Framer):
    """Answers for unit ``address`` on ``port``; see the module's description."""

    def __init__(self, model, address, port, gap_ms=50, settle_ms=5):
        Framer.__init__(self, address, gap_ms, settle_ms)
        self.tx = bytearray(MAX_FRAME)
        self.exceptions = 0  # exception replies sent, 30 bits
        self._model = model
        self._port = port
        self._scratch = bytearray(2)
        # Each handler gets the index of the request in _rx, leaves the reply from its third
        # byte on in tx, and returns its length without checksum, or minus an exception code.
        self._handlers = {
            READ_COILS: self._read_bits,
            READ_DISCRETE: self._read_bits,
            READ_HOLDING: self._read_registers,
            READ_INPUT: self._read_registers,
            WRITE_COIL: self._write_coil,
            WRITE_REGISTER: self._write_register,
            WRITE_COILS: self._write_coils,
            WRITE_REGISTERS: self._write_registers,
            MASK_WRITE: self._mask_write,
            READ_WRITE_REGISTERS: self._exchange,
        }
        if hasattr(model, "read_record"):
            self._handlers[READ_RECORDS] = self._read_records
        if hasattr(model, "server_id"):
            self._handlers[SERVER_ID] = self._server_id
        if hasattr(model, "device_object"):
            self._identity = Identity(model)
            self._handlers[ENCAPSULATED] = self._device_id

    def feed(self, buf, n, now_ms):
        """Take ``n`` received bytes; return how many bytes of ``tx`` to send."""
        if n == 0:
            return self.poll(now_ms)
        self.put(buf, n, now_ms)
        length = self.find()
        while length:
            sent = self._answer(self._start, length)
            if sent:
                return sent
            length = self.find()
        return 0

    def poll(self, now_ms):
        """To be called when nothing came in; return how many bytes of ``tx`` to send."""
        length = self.find_after_silence(now_ms)
        return self._answer(self._start, length) if length else 0

    def _answer(self, start, length):
        """Carry out the request; return the length of the reply in ``tx``, 0 if none is due."""
        unit = self._rx[start]
        function = self._rx[start + 1]
        if unit == BROADCAST and function not in _WRITES:
            return 0
        result = self._carry_out(start, length, function)
        if unit == BROADCAST:
            return 0
        tx = self.tx
        tx[0] = unit
        tx[1] = function
        if result < 0:
            tx[1] = function | 0x80
            tx[2] = -result
            result = 3
            self.exceptions = (self.exceptions + 1) & _MASK
        return crc.append(tx, result)

    def _carry_out(self, start, length, function):
        handler = self._handlers.get(function)
        expected = request_length(self._rx, start, length)
        if handler is None or expected == UNKNOWN:
            return -ILLEGAL_FUNCTION
        if expected != length:
            return -ILLEGAL_VALUE  # ended by silence, its byte count says otherwise
        try:
            return handler(start)
        except Exception:
            return -DEVICE_FAILURE

    def _word(self, at):
        return self._rx[at] << 8 | self._rx[at + 1]

    def _echo(self, start, length):
        for i in range(2, length):
            self.tx[i] = self._rx[start + i]
        return length

    def _read_bits(self, start):
        address = self._word(start + 2)
        count = self._word(start + 4)
        if not 1 <= count <= MAX_READ_BITS:
            return -ILLEGAL_VALUE
        if address + count > 0x10000:
            return -ILLEGAL_ADDRESS
        tx = self.tx
        size = (count + 7) >> 3
        for i in range(3, 3 + size):
            tx[i] = 0
        code = self._model.read(self._rx[start + 1], address, count, tx, 3, self._port)
        if code:
            return _refusal(code)
        tx[2] = size
        if count & 7:
            tx[2 + size] &= (1 << (count & 7)) - 1
        return 3 + size

    def _read_registers(self, start):
        return self._read_words(self._rx[start + 1], start)

    def _read_words(self, table, start):
        address = self._word(start + 2)
        count = self._word(start + 4)
        if not 1 <= count <= MAX_READ_REGISTERS:
            return -ILLEGAL_VALUE
        if address + count > 0x10000:
            return -ILLEGAL_ADDRESS
        code = self._model.read(table, address, count, self.tx, 3, self._port)
        if code:
            return _refusal(code)
        self.tx[2] = 2 * count
        return 3 + 2 * count

    def _write(self, start, table, count, data, offset):
        """Write and echo address and quantity or value, as functions 5, 6, 15, 16 do."""
        address = self._word(start + 2)
        if address + count > 0x10000:
            return -ILLEGAL_ADDRESS
        code = self._model.write(table, address, count, data, offset, self._port)
        return _refusal(code) if code else self._echo(start, 6)

    def _write_coil(self, start):
        value = self._word(start + 4)
        if value != 0 and value != 0xFF00:
            return -ILLEGAL_VALUE
        self._scratch[0] = 1 if value else 0
        return self._write(start, COILS, 1, self._scratch, 0)

    def _write_register(self, start):
        return self._write(start, HOLDING_REGISTERS, 1, self._rx, start + 4)

    def _write_coils(self, start):
        count = self._word(start + 4)
        if not 1 <= count <= MAX_WRITE_BITS or self._rx[start + 6] != (count + 7) >> 3:
            return -ILLEGAL_VALUE
        return self._write(start, COILS, count, self._rx, start + 7)

    def _write_registers(self, start):
        count = self._word(start + 4)
        if not 1 <= count <= MAX_WRITE_REGISTERS or self._rx[start + 6] != 2 * count:
            return -ILLEGAL_VALUE
        return self._write(start, HOLDING_REGISTERS, count, self._rx, start + 7)

    def _mask_write(self, start):
        """Register := (register AND and_mask) OR (or_mask AND NOT and_mask)."""
        address = self._word(start + 2)
        rx = self._rx
        value = self._scratch
        code = self._model.read(HOLDING_REGISTERS, address, 1, value, 0, self._port)
        if code:
            return _refusal(code)
        for i in range(2):
            and_mask = rx[start + 4 + i]
            value[i] = value[i] & and_mask | rx[start + 6 + i] & ~and_mask & 0xFF
        code = self._model.write(HOLDING_REGISTERS, address, 1, value, 0, self._port)
        return _refusal(code) if code else self._echo(start, 8)

    def _exchange(self, start):
        """Write, then read. The read is tried first: a refused request changes nothing."""
        address = self._word(start + 6)
        count = self._word(start + 8)
        if not 1 <= count <= MAX_EXCHANGE_WRITE or self._rx[start + 10] != 2 * count:
            return -ILLEGAL_VALUE
        result = self._read_words(HOLDING_REGISTERS, start)
        if result < 0:
            return result
        if address + count > 0x10000:
            return -ILLEGAL_ADDRESS
        code = self._model.write(
            HOLDING_REGISTERS, address, count, self._rx, start + 11, self._port
        )
        return _refusal(code) if code else self._read_words(HOLDING_REGISTERS, start)

    def _read_records(self, start):
        size = self._rx[start + 2]
        if size < 7 or size > MAX_RECORD_BYTES or size % 7:
            return -ILLEGAL_VALUE
        tx = self.tx
        to = 3
        for at in range(start + 3, start + 3 + size, 7):
            file = self._word(at + 1)
            record = self._word(at + 3)
            length = self._word(at + 5)
            if self._rx[at] != 6 or file == 0 or record > MAX_RECORD_NUMBER:
                return -ILLEGAL_ADDRESS
            if length == 0 or to + 2 + 2 * length > 3 + MAX_RECORD_BYTES:
                return -ILLEGAL_VALUE
            code = self._model.read_record(file, record, length, tx, to + 2, self._port)
            if code:
                return _refusal(code)
            tx[to] = 1 + 2 * length
            tx[to + 1] = 6
            to += 2 + 2 * length
        tx[2] = to - 3
        return to

    def _server_id(self, start):
        length = self._model.server_id(self.tx, 3)
        if not 0 < length <= _MAX_DATA:
            return -DEVICE_FAILURE
        self.tx[2] = length
        return 3 + length

    def _device_id(self, start):
        return self._identity.answer(self._rx[start + 3], self._rx[start + 4], self.tx)
