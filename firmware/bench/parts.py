"""Bench steps on single parts, with everything off and locked: buses, chips, buzzer, ports,
flash, watchdog. None of them lets the control tick run, and none can switch an output."""

import os
import sys

from cellwarden.commands import BUZZER_DANGER, BUZZER_SILENT
from cellwarden.ticks import elapsed_ms
from firmware import clock, version
from firmware.bench.results import found, skipped

_CHIPS = (
    ("INA228_ADDRESS", "INA228 current monitor"),
    ("BQ76952_ADDRESS", "BQ76952 front end"),
    ("ADS1015_ADDRESS", "ADS1015 converter"),
)
_BUZZ_MS = 1_200
_LOOP_BYTES = 32
_LOOP_BAUDS = (9_600, 115_200)
_SCRATCH = "/bench.tmp"
_BLOCK = 1024
_BLOCKS = 4
_WRITE_LIMIT_MS = 1_500
_NO_WATCHDOG_MS = 15_000


def info(session):
    """Who this is."""
    board = session.board
    code = "".join("%02x" % b for b in session.machine.unique_id())
    data = {
        "board": board.NAME,
        "firmware": version.VERSION,
        "machine_code": code,
        "runtime": "%s %s" % (sys.implementation.name, sys.version),
        "pack_mv": session.readings.pack_mv.value if session.readings.pack_mv.valid else None,
        "hold": session.hold,
    }
    return found(True, "%s, firmware %s" % (board.NAME, version.VERSION), data=data)


def scan(session):
    """Who answers on the buses."""
    board = session.board
    machine = session.machine
    there = _addresses(machine, board)
    missing = []
    for name, text in _CHIPS:
        address = getattr(board, name, None)
        if address is not None and address not in there:
            missing.append("%s at 0x%02x" % (text, address))
    chips = getattr(board, "LTC6811_CHIPS", 0)
    answers = _chain_answers(session.app.hardware.chain) if chips else 0
    if answers < chips:
        missing.append("front end %d on isoSPI" % (answers + 1))
    data = {"i2c": there, "isospi": answers}
    if missing:
        say = "no answer from " + ", ".join(missing) + ": supply, wiring, address"
        return found(False, say, len(missing), "missing", 0, data)
    return found(True, "every chip answers", 0, "missing", 0, data)


def _addresses(machine, board):
    pins = board.PINS
    i2c = machine.I2C(
        board.I2C_ID,
        scl=machine.Pin(pins["i2c_scl"]),
        sda=machine.Pin(pins["i2c_sda"]),
        freq=board.I2C_BAUD,
    )
    try:
        return list(i2c.scan())
    except OSError:
        return []


def _chain_answers(chain):
    """How many front ends of the chain answer, from the nearest on."""
    try:
        for _ in range(2):
            chain.wake_from_sleep()
            chain.check_config()
    except OSError:
        return 0
    answers = 0
    while answers < chain.chips and chain.good[answers]:
        answers += 1
    return answers


def chips(session):
    """The chips' identities and self-tests."""
    failed = session.self_test()
    if not failed:
        return found(True, "identities and self-tests are right", 0, "failures", 0)
    say = "self-test failed: %s" % ", ".join(_failures(failed))
    return found(False, say, failed, "failures", 0)


def _failures(failed):
    from firmware.selftest import NAMES

    return [NAMES[bit] for bit in sorted(NAMES) if failed & bit] or ["code %d" % failed]


def buzzer(session):
    """Sounds for a second; a person has to say whether it was heard."""
    buzzer = session.app.hardware.buzzer
    start_ms = clock.now_ms()
    try:
        while elapsed_ms(clock.now_ms(), start_ms) < _BUZZ_MS:
            buzzer.play(BUZZER_DANGER, clock.now_ms())
            clock.sleep_us(20_000)
    finally:
        buzzer.play(BUZZER_SILENT, clock.now_ms())
    return skipped("sounded twice; did you hear it?")


def rs485(session, connected=False):
    """Bytes both ways between the two ports, joined A to A and B to B."""
    lost = []
    heard = 0
    for baud in _LOOP_BAUDS:
        first = _Port(session, "rs485_1", session.board.RS485_1_UART, baud)
        second = _Port(session, "rs485_2", session.board.RS485_2_UART, baud)
        for sender, listener, way in ((first, second, "1 to 2"), (second, first, "2 to 1")):
            came = _sent(sender, listener, baud)
            heard += came
            if came != _LOOP_BYTES:
                lost.append("%s at %d baud (%d of %d)" % (way, baud, came, _LOOP_BYTES))
    sent = 2 * len(_LOOP_BAUDS) * _LOOP_BYTES
    if not lost:
        return found(True, "both ports send and hear", heard, "bytes", sent)
    if not heard and not connected:
        return skipped("nothing came through: join the two ports (A to A, B to B) and repeat")
    return found(False, "lost between the ports: " + ", ".join(lost), heard, "bytes", sent)


class _Port:
    def __init__(self, session, name, uart_id, baud):
        machine = session.machine
        pins = session.board.PINS
        self.enable = None
        if name + "_de" in pins:
            self.enable = machine.Pin(pins[name + "_de"], machine.Pin.OUT, value=0)
        self.uart = machine.UART(
            uart_id,
            baudrate=baud,
            tx=machine.Pin(pins[name + "_tx"]),
            rx=machine.Pin(pins[name + "_rx"]),
            rxbuf=128,
            txbuf=128,
        )


def _sent(sender, listener, baud):
    """How many bytes of a pattern arrive unharmed."""
    line_ms = _LOOP_BYTES * 10_000 // baud + 2
    pattern = bytes((37 * i + 11) & 0xFF for i in range(_LOOP_BYTES))
    listener.uart.read()
    if sender.enable is not None:
        sender.enable.value(1)
    try:
        sender.uart.write(pattern)
        clock.sleep_us(line_ms * 1000)
        for _ in range(20):
            if sender.uart.txdone():
                break
            clock.sleep_us(1000)
    finally:
        if sender.enable is not None:
            sender.enable.value(0)
    clock.sleep_us(5_000)
    came = listener.uart.read() or b""
    sender.uart.read()  # what an auto-direction transceiver echoes
    return len([1 for a, b in zip(came, pattern) if a == b])


def storage(session):
    """Write, read back and remove a scratch file."""
    path = session.folder + _SCRATCH
    block = bytes((i * 7 + 3) & 0xFF for i in range(_BLOCK))
    worst_ms = total_ms = 0
    try:
        for _ in range(_BLOCKS):
            start_ms = clock.now_ms()
            with open(path, "wb") as file:
                file.write(block)
            took_ms = elapsed_ms(clock.now_ms(), start_ms)
            total_ms += took_ms
            worst_ms = max(worst_ms, took_ms)
            with open(path, "rb") as file:
                if file.read() != block:
                    return found(False, "flash reads back something else", worst_ms, "ms")
        start_ms = clock.now_ms()
        os.remove(path)
        erase_ms = elapsed_ms(clock.now_ms(), start_ms)
    except OSError as error:
        return found(False, "flash does not take a file: %s" % error, worst_ms, "ms")
    data = {"mean_ms": total_ms // _BLOCKS, "remove_ms": erase_ms}
    say = "1 kB is written in %d ms, at worst %d" % (total_ms // _BLOCKS, worst_ms)
    return found(worst_ms <= _WRITE_LIMIT_MS, say, worst_ms, "ms", _WRITE_LIMIT_MS, data)


def watchdog(session):
    """Stop feeding it: the board resets, and this never returns."""
    session.starve()
    clock.sleep_us(_NO_WATCHDOG_MS * 1000)
    session.park()
    return found(
        False, "the watchdog did not reset the board", None, "ms", session.board.WATCHDOG_MS
    )


def sleep(session):
    """How to measure the sleep current; the bench cannot."""
    return skipped(
        "measure by hand: a microammeter with a shorting switch in the pack's minus, outputs "
        "off; send the board to sleep (cellwarden sleep), open the switch after 10 s"
    )
