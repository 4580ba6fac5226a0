"""Modbus with programs that are not ours: a server of ours on a pty, their clients, and back.

minimalmodbus and pymodbus talk over a real terminal line, mbpoll too where it is installed;
umodbus packs and unpacks in memory; our client talks over pyserial. Ports are 8N1: a pty knows
no parity.
"""

import contextlib
import os
import select
import shutil
import subprocess
import threading
import time
import tty

import minimalmodbus
import pytest
import serial
from modbus_model import SIZE, Line, Model
from pymodbus.client import ModbusSerialClient
from pymodbus.pdu.file_message import FileRecord
from umodbus import exceptions as umodbus_exceptions
from umodbus.client.serial import rtu

from modbus_rtu.client import Client, ModbusException, ModbusTimeout
from modbus_rtu.server import Server

UNIT = 17


class Board:
    """A server behind a pty; ``port`` is what a client opens."""

    def __init__(self):
        self.model = Model()
        for i in range(SIZE):
            self.model.tables[3][i] = i
            self.model.tables[4][i] = 0xFFFF - i
            self.model.tables[1][i] = int(i % 3 == 0)
            self.model.tables[2][i] = int(i % 5 == 0)
        self.model.objects.update({4: b"Interop", 0x80: b"extended " * 20, 0x81: b"more " * 30})
        self.server = Server(self.model, UNIT, "pty")
        self._line, self._far = os.openpty()
        tty.setraw(self._far)
        self.port = os.ttyname(self._far)
        self._wake, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            ready, _, _ = select.select([self._line, self._wake], [], [], 0.001)
            if self._wake in ready:
                return
            now_ms = time.monotonic_ns() // 1_000_000 & 0x3FFFFFFF
            if ready:
                data = bytearray(os.read(self._line, 64))
                n = self.server.feed(data, len(data), now_ms)
            else:
                n = self.server.poll(now_ms)
            if n:
                os.write(self._line, self.server.tx[:n])

    def close(self):
        os.write(self._stop, b"x")
        self._thread.join()
        for fd in (self._line, self._far, self._wake, self._stop):
            os.close(fd)


@pytest.fixture
def board():
    board = Board()
    yield board
    board.close()


def test_minimalmodbus(board):
    device = minimalmodbus.Instrument(board.port, UNIT)
    device.serial.baudrate = 115200
    device.serial.timeout = 1
    try:
        assert device.read_registers(10, 125) == list(range(10, 135))
        assert device.read_registers(10, 3, functioncode=4) == [0xFFF5, 0xFFF4, 0xFFF3]
        assert device.read_bits(0, 2000, functioncode=1) == [int(i % 3 == 0) for i in range(2000)]
        assert device.read_bit(5, functioncode=2) == 1
        device.write_register(20, -5, functioncode=6, signed=True)
        assert device.read_register(20, signed=True) == -5
        device.write_long(30, -123456, signed=True)
        assert device.read_long(30, signed=True) == -123456
        device.write_registers(40, list(range(123)))
        assert board.model.tables[3][40:163] == list(range(123))
        device.write_bit(7, 1, functioncode=5)
        device.write_bits(100, [1, 0, 1] * 41)
        assert board.model.tables[1][7] == 1
        assert board.model.tables[1][100:223] == [1, 0, 1] * 41
        device.serial.timeout = 0.2  # it waits for a long reply when a short exception came
        with pytest.raises(minimalmodbus.IllegalRequestError):
            device.read_register(SIZE)
        board.model.refuse = 6
        with pytest.raises(minimalmodbus.SlaveDeviceBusyError):
            device.write_register(1, 1)
    finally:
        device.serial.close()


def test_pymodbus(board):
    client = ModbusSerialClient(board.port, baudrate=115200, timeout=1, retries=0)
    assert client.connect()
    try:
        who = {"device_id": UNIT}
        assert client.read_holding_registers(3, count=125, **who).registers == [*range(3, 128)]
        assert client.read_input_registers(0, count=2, **who).registers == [0xFFFF, 0xFFFE]
        assert client.read_coils(0, count=9, **who).bits[:9] == [i % 3 == 0 for i in range(9)]
        bits = client.read_discrete_inputs(0, count=2000, **who).bits
        assert bits[:2000] == [i % 5 == 0 for i in range(2000)]
        assert not client.write_coil(1, True, **who).isError()
        assert not client.write_coils(2, [True] * 1968, **who).isError()
        assert board.model.tables[1][1:1970] == [1] * 1969
        assert not client.write_register(50, 0xABCD, **who).isError()
        assert not client.write_registers(51, [1, 2, 3], **who).isError()
        changed = client.mask_write_register(address=50, and_mask=0xFF, or_mask=0x1200, **who)
        assert not changed.isError()
        assert board.model.tables[3][50:54] == [0x12CD, 1, 2, 3]
        exchanged = client.readwrite_registers(
            read_address=50, read_count=3, write_address=51, values=[8, 9], **who
        )
        assert exchanged.registers == [0x12CD, 8, 9]
        identity = client.report_device_id(**who)
        assert identity.identifier == b"CW" and identity.status
        records = [
            FileRecord(file_number=1, record_number=2, record_length=4),
            FileRecord(file_number=3, record_number=4, record_length=2),
        ]
        told = client.read_file_record(records, **who).records
        assert [record.record_data for record in told] == [b"\x03\xea\x03\xeb", b"\x0b\xbc"]
        objects = {}
        first = 0
        while True:
            part = client.read_device_information(read_code=3, object_id=first, **who)
            objects.update(part.information)
            if not part.more_follows:
                break
            first = part.next_object_id
        assert objects == board.model.objects
        single = client.read_device_information(read_code=4, object_id=4, **who)
        assert single.information == {4: b"Interop"}
        assert client.read_holding_registers(SIZE, count=1, **who).exception_code == 2
        board.model.refuse = 1
        assert client.write_register(0, 1, **who).exception_code == 1
    finally:
        client.close()


UMODBUS_READS = [
    (rtu.read_coils, [1, 0, 0, 1, 0, 0, 1, 0, 0, 1]),
    (rtu.read_discrete_inputs, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
    (rtu.read_holding_registers, list(range(10))),
    (rtu.read_input_registers, [0xFFFF - i for i in range(10)]),
]


def exchange(line, request):
    return rtu.parse_response_adu(line.send(request, 100), request)


@pytest.fixture
def line():
    """The board's memory behind a server in memory."""
    board = Board()
    board.close()
    return Line(board.model, UNIT)


@pytest.mark.parametrize(("pack", "expected"), UMODBUS_READS)
def test_umodbus_reads(line, pack, expected):
    assert exchange(line, pack(UNIT, 0, 10)) == expected
    with pytest.raises(umodbus_exceptions.IllegalDataAddressError):
        exchange(line, pack(UNIT, SIZE - 1, 2))


def test_umodbus_writes(line):
    assert exchange(line, rtu.write_single_coil(UNIT, 9, 0)) == 0
    assert exchange(line, rtu.write_single_register(UNIT, 9, 77)) == 77
    assert exchange(line, rtu.write_multiple_coils(UNIT, 10, [1, 0, 0, 1, 1])) == 5
    assert exchange(line, rtu.write_multiple_registers(UNIT, 10, [5, 6, 7])) == 3
    assert line.model.writes == [
        (1, 9, [0]),
        (3, 9, [77]),
        (1, 10, [1, 0, 0, 1, 1]),
        (3, 10, [5, 6, 7]),
    ]
    line.model.refuse = 4
    with pytest.raises(umodbus_exceptions.ServerDeviceFailureError):
        exchange(line, rtu.write_single_register(UNIT, 9, 78))


class SerialTransport:
    """What ``modbus_rtu.client`` asks of a transport, over pyserial."""

    def __init__(self, port):
        self._serial = serial.Serial(port, 115200)

    def write(self, data):
        self._serial.write(data)

    def read(self, max_bytes, timeout_ms):
        self._serial.timeout = timeout_ms / 1000
        return self._serial.read(max_bytes)

    def discard(self):
        self._serial.reset_input_buffer()

    def close(self):
        self._serial.close()


def test_our_client_over_pyserial(board):
    with contextlib.closing(SerialTransport(board.port)) as port:
        client = Client(port, UNIT, timeout_ms=1000, retries=0)
        assert client.read_holding(0, 125) == list(range(125))
        assert client.read_coils(0, 4) == [True, False, False, True]
        client.write_registers(5, [1, 2, 3])
        assert board.model.tables[3][5:8] == [1, 2, 3]
        assert client.read_records([(2, 0, 3)]) == [[2000, 2001, 2002]]
        assert client.device_objects() == board.model.objects
        with pytest.raises(ModbusException) as refused:
            client.read_input(SIZE)
        assert refused.value.code == 2
        with pytest.raises(ModbusTimeout):
            Client(port, UNIT + 1, timeout_ms=30, retries=0).read_holding(0)


@pytest.mark.skipif(not shutil.which("mbpoll"), reason="mbpoll is not installed")
class TestMbpoll:
    """The command-line client that technicians have at hand."""

    @staticmethod
    def run(board, *arguments, writes=()):
        command = ["mbpoll", "-m", "rtu", "-b", "115200", "-P", "none", "-0", "-1", "-a"]
        return subprocess.run(
            [*command, str(UNIT), *arguments, board.port, *map(str, writes)],
            capture_output=True,
            text=True,
            timeout=30,
        )

    def values(self, board, *arguments):
        done = self.run(board, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        lines = [text.split() for text in done.stdout.splitlines() if text.startswith("[")]
        return [int(parts[1]) for parts in lines]

    def test_reads(self, board):
        assert self.values(board, "-t", "4", "-r", "100", "-c", "125") == list(range(100, 225))
        board.model.tables[4][0] = 1234
        assert self.values(board, "-t", "3", "-r", "0", "-c", "1") == [1234]
        assert self.values(board, "-t", "0", "-r", "0", "-c", "4") == [1, 0, 0, 1]
        assert self.values(board, "-t", "1", "-r", "4", "-c", "2") == [0, 1]

    def test_writes(self, board):
        assert self.run(board, "-t", "4", "-r", "8", writes=[11, 22]).returncode == 0
        assert self.run(board, "-t", "4", "-r", "10", writes=[33]).returncode == 0
        assert self.run(board, "-t", "0", "-r", "8", writes=[1, 1, 0]).returncode == 0
        assert board.model.writes == [(3, 8, [11, 22]), (3, 10, [33]), (1, 8, [1, 1, 0])]

    def test_exception_and_identity(self, board):
        done = self.run(board, "-t", "4", "-r", str(SIZE))
        assert "Illegal data address" in done.stdout + done.stderr
        assert "Status: On" in self.run(board, "-u").stdout
