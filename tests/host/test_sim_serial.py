"""RS485 as the firmware meets it: line time, flash erasing, and a client on a stepped board."""

import os

from sim_bench import printed, running

from cellwarden_host.sim.flash import WORST_US
from cellwarden_host.sim.ptys import Pty
from cellwarden_host.sim.transport import SteppedTransport
from modbus_rtu.client import Client

# Answers a Modbus read of one register with its address, 3 ms after the request's last byte.
SERVER = """
import time
from machine import UART, Pin
from modbus_rtu.crc import crc16
uart = UART(1, 19200, rxbuf=256, txbuf=256)
enable = Pin(3, Pin.OUT, value=0)
request = bytearray(8)
answer = bytearray(7)
while True:
    if uart.any() >= 8:
        uart.readinto(request, 8)
        time.sleep_ms(3)
        answer[0:3] = bytes((request[0], request[1], 2))
        answer[3:5] = request[2:4]
        check = crc16(answer, 0, 5)
        answer[5] = check & 0xFF
        answer[6] = check >> 8
        enable(1)
        uart.write(answer, 7)
        while not uart.txdone():
            time.sleep_us(100)
        enable(0)
    time.sleep_ms(1)
"""
CRC = """
def crc16(data, start, end):
    crc = 0xFFFF
    for i in range(start, end):
        crc ^= data[i]
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
"""


def test_a_modbus_client_talks_to_a_stepped_board(tmp_path):
    files = {"/modbus_rtu/__init__.py": b"", "/modbus_rtu/crc.py": CRC.encode()}
    with running(tmp_path, SERVER, files=files) as board:
        board.advance(200)
        line = SteppedTransport(board, "rs485_2")
        client = Client(line, unit=9)
        assert client.read_holding(0x1234) == [0x1234]
        assert client.read_holding(0x0042) == [0x0042]
        assert 3000 <= line.turnaround_us <= 5000


def test_a_reply_takes_the_time_of_its_bytes(tmp_path):
    main = """
from machine import UART, Pin
import time
uart = UART(0, 9600)
Pin(2, Pin.OUT, value=1)
start = time.ticks_us()
uart.write(b"x" * 96)
uart.flush()
print(time.ticks_diff(time.ticks_us(), start) // 1000)
"""
    with running(tmp_path, main) as board:
        board.advance(500)
        assert printed(board).startswith("100\n")
        ((end_us, data),) = board.uart_take("rs485_1")
        assert data == b"x" * 96 and 249_000 < end_us < 252_000


ERASER = """
import os, time
from machine import UART
uart = UART(0, 115200, rxbuf=512)
print("ready")
while not uart.any():
    time.sleep_us(100)
%s
time.sleep_ms(500)
print(len(uart.read() or b""))
"""


def test_bytes_are_lost_while_flash_is_erased(tmp_path):
    store = "f = open('/x', 'w'); f.write('y' * 5000); f.close()"
    for number, (work, timing) in enumerate(
        ((store, None), ("pass", None), (store, WORST_US)), start=1
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with running(folder, ERASER % work) as board:
            if timing:
                board.flash.erase_us, board.flash.program_us = timing
            board.advance(300)
            board.uart_send("rs485_1", bytes(500))
            board.advance(6000)
            lost = board.peripherals.line_of["rs485_1"].lost_bytes
            assert printed(board).startswith(f"ready\n{500 - lost}\n")
            assert (lost == 0) == (work == "pass")


def test_power_can_be_cut_at_every_write_of_a_save(tmp_path):
    main = """
import os
try:
    with open("/kept") as f:
        print("kept", f.read())
except OSError:
    print("nothing")
with open("/new", "w") as f:
    f.write("2" * 3000)
os.rename("/new", "/kept")
print("saved")
"""
    files = {"/kept": b"1" * 3000}
    cuts = 0
    with running(tmp_path, main, files=files, power=False) as board:
        while True:
            board.flash.cut_after_writes(cuts)
            board.power_on()
            board.advance_until(lambda: not board.powered or "saved" in printed(board), 3000, 20)
            finished = board.powered
            board.flash.cancel_cut()
            board.unplug()
            board.console.log.clear()
            cuts += 1
            if finished:
                break
        assert cuts > 10
        board.power_on()
        board.advance(2000)
        assert "kept 2222" in printed(board)


def test_old_or_new_is_there_after_each_cut(tmp_path):
    main = """
import os
with open("/kept") as f:
    text = f.read()
print("whole" if text in ("1" * 600, "2" * 600) else "torn")
with open("/new", "w") as f:
    f.write("2" * 600)
os.rename("/new", "/kept")
print("saved")
"""
    with running(tmp_path, main, files={"/kept": b"1" * 600}, power=False) as board:
        for cut in range(30):
            board.flash.cut_after_writes(cut % 6)
            board.power_on()
            board.advance_until(lambda: not board.powered or "saved" in printed(board), 3000, 20)
            board.flash.cancel_cut()
            board.unplug()
            assert "torn" not in printed(board)


def test_a_client_that_never_reads_holds_nobody_up(tmp_path):
    main = """
import time
from machine import UART, Pin
uart = UART(0, 115200)
Pin(2, Pin.OUT, value=1)
for i in range(2000):
    uart.write(b"0123456789")
    time.sleep_ms(1)
print("done")
"""
    with running(tmp_path, main) as board:
        board.advance(5000)
        assert printed(board).startswith("done\n")


def test_a_pty_carries_bytes_both_ways(tmp_path):
    main = """
import time
from machine import UART, Pin
uart = UART(1, 9600)
enable = Pin(3, Pin.OUT, value=0)
print("up")
while uart.any() < 5:
    time.sleep_ms(1)
enable(1)
uart.write(b"<" + uart.read() + b">")
uart.flush()
enable(0)
"""
    with running(tmp_path, main) as board:
        board.advance_until(lambda: "up\n" in printed(board))
        client = os.open(board.ptys["rs485_2"].path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        os.write(client, b"\x00\x03\r\n\xff")
        assert board.advance_until(lambda: board.peripherals.line_of["rs485_2"].ring)
        board.advance(100)
        assert os.read(client, 100) == b"<\x00\x03\r\n\xff>"
        os.close(client)


def test_the_name_of_a_closed_terminal_is_gone_and_nobody_else_gets_it():
    closed = Pty()
    closed.close()
    assert not os.path.exists(closed.path)
    another = Pty()
    another.close()
    assert another.path != closed.path
