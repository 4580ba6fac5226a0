"""A model with four plain tables, and short ways to talk to a server: for tests only."""

from modbus_rtu.server import Server

SIZE = 3000  # addresses 0..2999 exist in every table; a record file has 200 registers


def crc16(data):
    """Bit by bit, as the specification describes it; shares nothing with the code tested."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def frame(unit, pdu):
    """``pdu`` is bytes, or hex digits."""
    body = bytes([unit]) + (bytes.fromhex(pdu.replace(" ", "")) if isinstance(pdu, str) else pdu)
    crc = crc16(body)
    return body + bytes([crc & 0xFF, crc >> 8])


def spoil(data, at=-1):
    """The same bytes with one bit wrong."""
    data = bytearray(data)
    data[at] ^= 0x10
    return bytes(data)


class Model:
    """Allocates nothing when read. ``refuse`` is a code every call returns; ``fail`` raises."""

    def __init__(self):
        self.tables = [None] + [[0] * SIZE for _ in range(4)]
        self.writes = []
        self.ports = []
        self.refuse = 0
        self.refuse_write = 0
        self.fail = None
        self.objects = {0: b"Cellwarden", 1: b"test", 2: b"1.0"}

    def _check(self, address, count):
        if self.fail is not None:
            raise self.fail
        if self.refuse:
            return self.refuse
        return 0 if address + count <= SIZE else 2

    def read(self, table, address, count, out, offset, port):
        code = self._check(address, count)
        if code:
            return code
        values = self.tables[table]
        for i in range(count):
            value = values[address + i]
            if table <= 2:
                if value:
                    out[offset + (i >> 3)] |= 1 << (i & 7)
            else:
                out[offset + 2 * i] = value >> 8
                out[offset + 2 * i + 1] = value & 0xFF
        return 0

    def write(self, table, address, count, data, offset, port):
        code = self._check(address, count) or self.refuse_write
        if code:
            return code
        values = []
        for i in range(count):
            if table == 1:
                values.append(data[offset + (i >> 3)] >> (i & 7) & 1)
            else:
                values.append(data[offset + 2 * i] << 8 | data[offset + 2 * i + 1])
        for i in range(count):
            self.tables[table][address + i] = values[i]
        self.writes.append((table, address, values))
        self.ports.append(port)
        return 0

    def read_record(self, file, record, length, out, offset, port):
        code = self._check(0, 1)
        if code or file > 4 or record + length > 200:
            return code or 2
        for i in range(length):
            value = (file * 1000 + record + i) & 0xFFFF
            out[offset + 2 * i] = value >> 8
            out[offset + 2 * i + 1] = value & 0xFF
        return 0

    def server_id(self, out, offset):
        for i, byte in enumerate(b"CW\xff"):
            out[offset + i] = byte
        return 3

    def device_object(self, object_id):
        return self.objects.get(object_id)


class Line:
    """A server with address 1 on port "p", and the time."""

    def __init__(self, model=None, address=1):
        self.model = model or Model()
        self.server = Server(self.model, address, "p")
        self.now_ms = 0x3FFFFFF0  # the ticks wrap early in every test

    def send(self, data, after_ms=0):
        """The reply to ``data``, b"" if there is none."""
        self.now_ms = (self.now_ms + after_ms) & 0x3FFFFFFF
        n = self.server.feed(bytearray(data), len(data), self.now_ms)
        return bytes(self.server.tx[:n])

    def wait(self, ms):
        """The reply that comes after ``ms`` of silence."""
        self.now_ms = (self.now_ms + ms) & 0x3FFFFFFF
        n = self.server.poll(self.now_ms)
        return bytes(self.server.tx[:n])

    def soon(self, data):
        """The reply to ``data`` without any time passing: work may take several calls."""
        reply = self.send(data)
        for _ in range(40):
            reply = reply or self.wait(0)
        return reply

    def ask(self, pdu, unit=1):
        """The reply's PDU to a whole request after silence; None if it has a wrong frame."""
        reply = self.send(frame(unit, pdu), 1000)
        if not reply:
            return b""
        return reply[1:-2] if reply[0] == unit and crc16(reply) == 0 else None


def pdu(text):
    return bytes.fromhex(text.replace(" ", ""))
