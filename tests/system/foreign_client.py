"""Modbus programs that are not ours behind one face, and the published map that they go by.

Everything here is written from docs/access.md, docs/registers.json and docs/modbus-protocol.md,
as a stranger would: nothing of our own client or schema is used. Like any client on a bus,
each repeats a request that was not answered (a board that is just writing its flash hears only
as much as its receiver's FIFO holds).
"""

import hashlib
import hmac
import json
import shutil
import subprocess
from pathlib import Path

import minimalmodbus
import serial
from pymodbus.client import ModbusSerialClient

REGISTERS = json.loads(
    (Path(__file__).parents[2] / "docs" / "registers.json").read_text(encoding="utf-8")
)
MBPOLL = shutil.which("mbpoll")
WAIT_S = 1.0
REPEATS = 4  # generous: a busy machine must not fail a test
MOST = 120  # registers in one request
WORDS = {"u16": 1, "s16": 1, "u32": 2, "s32": 2}

LOGIN_ROLE = 0x2010
LOGIN_RESPONSE = 0x2011
LOGOUT = 0x2021
NONCE = 0x2040
SESSION_ROLE = 0x0054
INSTALLER = 1
PC_PORT = 2


class Declined(Exception):
    """An exception reply; ``code`` is the standard's number."""

    def __init__(self, code):
        super().__init__(f"exception {code}")
        self.code = code


def setting(name):
    return next(row for row in REGISTERS["settings"] if row["name"] == name)


def blocks():
    """(address, registers) of everything that is published as readable, in long runs."""
    spans = [(REGISTERS["rule_states"]["address"], REGISTERS["rule_states"]["count"])]
    for row in (*REGISTERS["readings"], *REGISTERS["settings"]):
        spans.append((row["address"], row["count"] * WORDS[row["type"]]))
    for row in REGISTERS["texts"]:
        if row["address"] == NONCE or row["secret"]:
            continue  # only for the port that has asked for one; only in a session
        spans.append((row["address"], row["registers"]))
    runs = []
    for address, count in sorted(spans):
        if runs and sum(runs[-1]) == address and runs[-1][1] + count <= MOST:
            runs[-1] = (runs[-1][0], runs[-1][1] + count)
        else:
            runs.append((address, count))
    return runs


def login_response(nonce, password=b"123456", port=PC_PORT, role=INSTALLER):
    """The 16 registers that prove a password, by the recipe in docs/access.md."""
    key = hashlib.sha256(password.ljust(16, b"\0") + b"installer").digest()
    message = b"".join(word.to_bytes(2, "big") for word in nonce) + bytes((port, role))
    digest = hmac.new(key, message, "sha256").digest()
    return [digest[i] << 8 | digest[i + 1] for i in range(0, 32, 2)]


def unlock(client):
    client.write(LOGIN_ROLE, [INSTALLER])
    client.write(LOGIN_RESPONSE, login_response(client.read(NONCE, 8)))


class MinimalModbus:
    def __init__(self, port, baud):
        self._instrument = minimalmodbus.Instrument(port, 1)
        line = self._instrument.serial
        # It waits this long for the bytes that an exception reply does not have.
        line.baudrate, line.timeout, line.parity = baud, WAIT_S, serial.PARITY_NONE
        self._instrument.clear_buffers_before_each_transaction = True

    def close(self):
        self._instrument.serial.close()

    def read(self, address, count=1):
        return self._asked(self._instrument.read_registers, address, count)

    def write(self, address, values):
        self._asked(self._instrument.write_registers, address, values)

    def coils(self, address, count):
        return self._asked(self._instrument.read_bits, address, count, 1)

    def inputs(self, address, count):
        return self._asked(self._instrument.read_bits, address, count, 2)

    def _asked(self, call, *arguments):
        for left in reversed(range(REPEATS + 1)):
            try:
                return call(*arguments)
            except minimalmodbus.NoResponseError:
                if not left:
                    raise
            except minimalmodbus.IllegalRequestError as error:
                raise Declined(_code_in(str(error))) from error


def _code_in(text):
    """The standard's number of the exception that is told in words; None when none is."""
    words = {"illegal function": 1, "illegal data address": 2, "illegal data value": 3}
    return next((code for said, code in words.items() if said in text.lower()), None)


class Pymodbus:
    def __init__(self, port, baud):
        self._client = ModbusSerialClient(
            port, baudrate=baud, timeout=WAIT_S, retries=REPEATS, parity="N"
        )
        assert self._client.connect()

    def close(self):
        self._client.close()

    def read(self, address, count=1):
        return _answer(self._client.read_holding_registers(address, count=count)).registers

    def write(self, address, values):
        _answer(self._client.write_registers(address, values))

    def coils(self, address, count):
        return _answer(self._client.read_coils(address, count=count)).bits[:count]

    def inputs(self, address, count):
        return _answer(self._client.read_discrete_inputs(address, count=count)).bits[:count]


def _answer(reply):
    if reply.isError():
        raise Declined(reply.exception_code)
    return reply


class Mbpoll:
    """The command-line program: each request is a process of its own."""

    def __init__(self, port, baud):
        self._command = [MBPOLL, "-m", "rtu", "-a", "1", "-b", str(baud), "-P", "none", "-0"]
        self._command += ["-o", str(WAIT_S)]
        self._port = port

    def close(self):
        pass

    def _run(self, table, address, *more):
        request = [*self._command, "-t", table, "-r", str(address), "-1", *more]
        for _ in range(REPEATS + 1):
            done = subprocess.run(request, capture_output=True, text=True, timeout=60)
            said = done.stdout + done.stderr
            if "timed out" not in said.lower():
                break
        code = _code_in(said)
        if code is not None:
            raise Declined(code)
        assert done.returncode == 0, said
        return [
            int(line.split(":")[1].split()[0], 0)
            for line in done.stdout.splitlines()
            if line.startswith("[")
        ]

    def read(self, address, count=1):
        return self._run("4:hex", address, "-c", str(count), self._port)

    def write(self, address, values):
        self._run("4", address, self._port, *map(str, values))

    def coils(self, address, count):
        return self._run("0", address, "-c", str(count), self._port)

    def inputs(self, address, count):
        return self._run("1", address, "-c", str(count), self._port)
