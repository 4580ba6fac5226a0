"""Modbus RTU client: one call, one request, one checked reply.

It reads no clock and opens no port. The transport does, with three methods:
    write(data)                   send all of it
    read(max_bytes, timeout_ms)   up to max_bytes; fewer, or none, only once that time is over
                                  (or at once, as long as it is not none)
    discard()                     forget what has come in so far
A reply counts only when unit, function, length, checksum and, for a write, the echo are right;
bytes before it are skipped. After silence or a broken reply the request is sent again, up to
``retries`` times: set that to 0 for a write that must not happen twice. An exception is never
retried. Unit 0 is everyone: writes go out, nothing comes back.
"""

from . import crc
from .codec import (
    BROADCAST,
    ENCAPSULATED,
    EXCEPTION_FRAME,
    MASK_WRITE,
    MAX_EXCHANGE_WRITE,
    MAX_FRAME,
    MAX_READ_BITS,
    MAX_READ_REGISTERS,
    MAX_RECORD_BYTES,
    MAX_UNIT,
    MAX_WRITE_BITS,
    MAX_WRITE_REGISTERS,
    MEI_DEVICE_ID,
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
    reply_length,
)

EXCEPTION_TEXT = {
    1: "function not known, or not allowed in this state",
    2: "no such address",
    3: "value not allowed",
    4: "the device failed",
    5: "accepted, still working",
    6: "busy",
}
_NOISE_LIMIT = 4 * MAX_FRAME  # more than this before a reply, and the line is babble


class ModbusError(Exception):
    """Anything that kept a request from being carried out and confirmed."""


class ModbusException(ModbusError):
    """The device refused; ``code`` says why."""

    def __init__(self, code):
        super().__init__(
            "exception %d: %s" % (code, EXCEPTION_TEXT.get(code, "not in the standard"))
        )
        self.code = code


class ModbusTimeout(ModbusError):
    """Nothing came back."""


class ModbusFrameError(ModbusError):
    """Bytes came back, but no reply to this request."""


class Client:
    """Talks to ``unit`` through the transport ``port``; see the module's description."""

    def __init__(self, port, unit=1, timeout_ms=500, retries=2):
        if not 0 <= unit <= MAX_UNIT:
            raise ValueError("unit must be 0..247")
        self.port = port
        self.unit = unit
        self.timeout_ms = timeout_ms
        self.retries = retries

    def read_coils(self, address, count=1):
        """The coils as a list of bools."""
        return self._read_bits(READ_COILS, address, count)

    def read_discrete(self, address, count=1):
        """The discrete inputs as a list of bools."""
        return self._read_bits(READ_DISCRETE, address, count)

    def read_holding(self, address, count=1):
        """The holding registers as a list of 0..65535."""
        return self._read_registers(READ_HOLDING, address, count)

    def read_input(self, address, count=1):
        """The input registers as a list of 0..65535."""
        return self._read_registers(READ_INPUT, address, count)

    def write_coil(self, address, value):
        """Switch one coil on or off."""
        self._write(WRITE_COIL, _words((address, 0xFF00 if value else 0)), 4)

    def write_register(self, address, value):
        """Write one holding register."""
        self._write(WRITE_REGISTER, _words((address, value)), 4)

    def write_coils(self, address, values):
        """Switch coils from ``address`` on."""
        count = len(values)
        _check(count, MAX_WRITE_BITS)
        packed = bytearray((count + 7) >> 3)
        for i, value in enumerate(values):
            if value:
                packed[i >> 3] |= 1 << (i & 7)
        head = _words((address, count))
        self._write(WRITE_COILS, head + bytes((len(packed),)) + packed, 4)

    def write_registers(self, address, values):
        """Write holding registers from ``address`` on, all or none."""
        _check(len(values), MAX_WRITE_REGISTERS)
        head = _words((address, len(values)))
        self._write(WRITE_REGISTERS, head + bytes((2 * len(values),)) + _words(values), 4)

    def mask_write(self, address, and_mask, or_mask):
        """Register := (register AND and_mask) OR (or_mask AND NOT and_mask)."""
        self._write(MASK_WRITE, _words((address, and_mask, or_mask)), 6)

    def read_write_registers(self, read_address, read_count, write_address, values):
        """Write ``values``, then read; the registers read as a list."""
        _check(read_count, MAX_READ_REGISTERS)
        _check(len(values), MAX_EXCHANGE_WRITE)
        head = _words((read_address, read_count, write_address, len(values)))
        body = head + bytes((2 * len(values),)) + _words(values)
        return _numbers(self._counted(READ_WRITE_REGISTERS, body, 2 * read_count))

    def read_records(self, records):
        """``records`` of (file, record, length): a list of lists of registers."""
        body = b""
        size = 0
        for file, record, length in records:
            body += b"\x06" + _words((file, record, length))
            size += 2 + 2 * length
        if not 0 < len(body) <= MAX_RECORD_BYTES or size > MAX_RECORD_BYTES:
            raise ValueError("no records, or too many for one reply")
        data = self._counted(READ_RECORDS, bytes((len(body),)) + body, size)
        result = []
        at = 0
        for _, _, length in records:
            if data[at] != 1 + 2 * length or data[at + 1] != 6:
                raise ModbusFrameError("a record has the wrong length")
            result.append(_numbers(data[at + 2 : at + 2 + 2 * length]))
            at += 2 + 2 * length
        return result

    def server_id(self):
        """What function 17 tells: identity, run indicator, more."""
        return bytes(self._counted(SERVER_ID, b"", None))

    def device_objects(self, code=3, first=0):
        """Identification objects as {id: bytes}. Code 1 basic, 2 regular, 3 all, 4 just one."""
        objects = {}
        while True:
            reply = self._request(ENCAPSULATED, bytes((MEI_DEVICE_ID, code, first)))
            if reply[3] != code:
                raise ModbusFrameError("the reply is to another code")
            at = 8
            for _ in range(reply[7]):
                size = reply[at + 1]
                objects[reply[at]] = bytes(reply[at + 2 : at + 2 + size])
                at += 2 + size
            if not reply[5] or code == 4:
                return objects
            if reply[6] <= first:
                raise ModbusFrameError("the stream of objects goes in circles")
            first = reply[6]

    def _read_bits(self, function, address, count):
        _check(count, MAX_READ_BITS)
        data = self._counted(function, _words((address, count)), (count + 7) >> 3)
        return [bool(data[i >> 3] >> (i & 7) & 1) for i in range(count)]

    def _read_registers(self, function, address, count):
        _check(count, MAX_READ_REGISTERS)
        return _numbers(self._counted(function, _words((address, count)), 2 * count))

    def _counted(self, function, body, size):
        """The data of a reply that carries a byte count, which must be ``size``."""
        reply = self._request(function, body, size)
        return reply[3:-2]

    def _write(self, function, body, echoed):
        self._request(function, body, None, body[:echoed])

    def _request(self, function, body, size=None, echo=None):
        """Send; return the whole checked reply, None for a broadcast."""
        if self.unit == BROADCAST and echo is None:
            raise ValueError("nobody answers a broadcast")
        frame = bytearray((self.unit, function)) + body + b"\0\0"
        crc.append(frame, len(frame) - 2)
        tries = 1 + self.retries
        while True:
            tries -= 1
            self.port.discard()
            self.port.write(bytes(frame))
            if self.unit == BROADCAST:
                return None
            try:
                reply = self._receive(function)
                if reply[1] & 0x80:
                    raise ModbusException(reply[2])
                if size is not None and reply[2] != size:
                    raise ModbusFrameError("the reply has the wrong length")
                if echo is not None and reply[2:-2] != echo:
                    raise ModbusFrameError("the reply echoes something else")
                return reply
            except (ModbusTimeout, ModbusFrameError):
                if tries <= 0:
                    raise

    def _receive(self, function):
        """The next reply to ``function``, whatever comes before it."""
        buf = bytearray()
        silent = False
        while True:
            at, length = self._look(buf, function, silent)
            missing = at + length - len(buf)
            if missing <= 0:
                return buf[at : at + length]
            if silent or len(buf) > _NOISE_LIMIT:
                raise ModbusFrameError("no good reply in %d bytes" % len(buf))
            data = self.port.read(missing, self.timeout_ms)
            if data:
                buf += data
            elif buf:
                silent = True  # what seemed to begin a reply was none: look behind it
            else:
                raise ModbusTimeout("no reply from unit %d" % self.unit)

    def _look(self, buf, function, silent):
        """Where the reply is and how long; it may reach beyond what is there, unless silent."""
        at = 0
        while len(buf) - at >= EXCEPTION_FRAME:
            if buf[at] == self.unit and buf[at + 1] & 0x7F == function:
                length = _reply_length(buf, at)
                if at + length > len(buf):
                    if not silent:
                        return at, length
                elif crc.update(crc.START, buf, at, at + length) == 0:
                    return at, length
            at += 1
        return at, EXCEPTION_FRAME


def _reply_length(buf, at):
    """As in the codec, and for function 43/14 by counting through the objects."""
    have = len(buf) - at
    length = reply_length(buf, at, have)
    if length != UNKNOWN:
        return length
    length = 10  # with no object in it
    if have >= 8:
        for _ in range(buf[at + 7]):
            if have >= length:
                length += buf[at + length - 1]
            length += 2
    return length


def _check(count, limit):
    if not 1 <= count <= limit:
        raise ValueError("count must be 1..%d" % limit)


def _words(values):
    """Big-endian pairs of bytes."""
    data = bytearray(2 * len(values))
    for i, value in enumerate(values):
        if not 0 <= value <= 0xFFFF:
            raise ValueError("%d is not in 0..65535" % value)
        data[2 * i] = value >> 8
        data[2 * i + 1] = value & 0xFF
    return data


def _numbers(data):
    return [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]
