"""A board at its raw REPL, by mpremote's own transport: one bench step at a time.

While an output is on, the board asks (ENQ) and this answers (ACK): a PC that has died or hangs
does not, and the board's dead-man opens everything. Closing interrupts whatever still runs.
"""

from __future__ import annotations

import json
import os
import time
from types import TracebackType
from typing import Any

import serial  # type: ignore[import-untyped]
from mpremote.transport import TransportError  # type: ignore[import-untyped]
from mpremote.transport_serial import SerialTransport  # type: ignore[import-untyped]
from serial.tools import list_ports  # type: ignore[import-untyped]

from ..problems import BadInput, NoConnection, Refused
from ..ready_file import read_ready_file

_ENQ = b"\x05"
_ACK = b"\x06"
_LEAVE = b"\r\x03\x03\x02"  # Ctrl-C for what runs, Ctrl-B out of the raw REPL
# A step that waits for a hot resistor says nothing for 75 s.
_SILENCE_S = 240
_RESET_S = 6
_OPEN_S = 10
_LOST = (serial.SerialException, OSError, TransportError)


def port_of(args: Any) -> str:
    """--port, or the running simulator's REPL, or the only USB serial device there is."""
    if args.port:
        return str(args.port)
    ports = read_ready_file(args.ready_file)
    if ports is not None:
        return str(ports["repl"])
    usb = sorted(port.device for port in list_ports.comports() if port.vid is not None)
    if len(usb) == 1:
        return str(usb[0])
    found = f"; USB ports here: {', '.join(usb)}" if usb else "; no board is plugged in"
    raise BadInput(f"which port? Give --port{found}. A simulated board: cellwarden sim")


class BoardRepl:
    """``step(name, ...)`` runs one step and returns its result."""

    def __init__(self, port: str) -> None:
        self.port = port
        self._transport = self._connect()
        try:
            self._transport.enter_raw_repl()
            self._run("import bench")
        except _LOST as error:
            self.close()
            raise NoConnection(f"no MicroPython prompt at {port}: {error}") from error
        except BaseException:
            self.close()
            raise

    def _connect(self) -> Any:
        try:
            return SerialTransport(self.port, wait=0)
        except _LOST as error:
            raise NoConnection(f"cannot open {self.port}: {error}") from error

    def __enter__(self) -> BoardRepl:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Interrupt what runs, leave the raw REPL, let go of the port."""
        try:
            self._transport.serial.write(_LEAVE)
            self._transport.close()
        except _LOST:
            pass  # it has gone: its dead-man does the rest

    def hold(self, wanted: bool) -> None:
        """Have outputs stay on only while this program answers."""
        self._run(f"bench.hold({wanted})")

    def step(self, name: str, *arguments: object) -> dict[str, Any]:
        """Run one step on the board."""
        call = ", ".join(repr(argument) for argument in (name, *arguments))
        return self._json(self._run(f"bench.step({call})"))

    def clear(self) -> None:
        """A person has looked at what latched: it may clear."""
        self._run("bench.clear()")

    def report(self) -> dict[str, Any]:
        """All results and the board's verdict."""
        return self._json(self._run("bench.report()"))

    def start(self) -> None:
        """Let the board begin its work: a reset."""
        try:
            self._transport.exec_raw_no_follow("import machine; machine.reset()")
        except _LOST as error:
            raise self._gone(error) from error

    def watchdog(self) -> bool:
        """Whether the watchdog resets a board whose tick has stopped."""
        try:
            self._transport.exec_raw_no_follow("bench.step('watchdog')")
            time.sleep(_RESET_S)
            self._transport.close()
        except _LOST:
            pass  # the port of a board with its own USB vanishes with it
        end_s = time.monotonic() + _OPEN_S
        while not os.path.exists(self.port) and time.monotonic() < end_s:
            time.sleep(0.2)
        self._transport = self._connect()
        try:
            self._transport.enter_raw_repl(soft_reset=False)
        except _LOST as error:
            raise self._gone(error) from error
        said = self._run("import machine\nprint(machine.reset_cause() == machine.WDT_RESET)")
        return said.strip().endswith("True")

    def _run(self, code: str) -> str:
        said = bytearray()
        transport = self._transport

        def consume(data: bytes) -> None:
            if data == _ENQ:
                transport.serial.write(_ACK)
            elif data != b"\x04":
                said.extend(data)

        try:
            _, wrong = transport.exec_raw(code, timeout=_SILENCE_S, data_consumer=consume)
        except _LOST as error:
            raise self._gone(error) from error
        if wrong:
            raise Refused(_on_board(wrong.decode(errors="replace")))
        return said.decode(errors="replace")

    def _json(self, text: str) -> dict[str, Any]:
        for line in reversed(text.splitlines()):
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                return found
        raise Refused(f"the board said no result, but: {text.strip()!r}")

    def _gone(self, error: BaseException) -> NoConnection:
        return NoConnection(
            f"the board at {self.port} does not answer any more ({error}); its outputs are off "
            "by its dead-man and its heartbeat"
        )


def _on_board(traceback: str) -> str:
    last = traceback.strip().splitlines()[-1] if traceback.strip() else "nothing"
    if "ImportError" in last and "bench" in last:
        return "this board has no bench commands; flash it first (docs/bringup.md)"
    return f"the board stopped with an error: {last}"
