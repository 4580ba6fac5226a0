"""A board's raw REPL, by mpremote's library or by ampy's; the rest does not see the difference.

``enter`` interrupts whatever runs and soft-resets into the raw REPL: boot.py has then turned
every output off and keeps the watchdog fed, main.py does not run. A port that goes away raises
``NoConnection`` at once; an exception on the board raises ``BoardError`` with its traceback.
"""

from __future__ import annotations

import contextlib
import io
import struct
import time
from collections.abc import Iterator
from typing import Any, Protocol

import serial  # type: ignore[import-untyped]

from ..link import Line
from ..problems import NoConnection, Refused

try:
    import termios
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]

BAUD = 115200
TOOLS = ("mpremote", "ampy")
# Hashing a large file, or erasing flash in the middle of it, prints nothing meanwhile.
PATIENCE_S = 30
_READ_S = 10
_RETRY_S = 0.3
_LOST: tuple[type[BaseException], ...] = (serial.SerialException, OSError, TypeError, struct.error)
if termios is not None:
    _LOST += (termios.error,)


class BoardError(Refused):
    """Code on the board raised; the text is its traceback."""


class NoAnswer(NoConnection):
    """The port is there, but no MicroPython answers on it."""


class Remote(Protocol):
    port: str

    def enter(self) -> None: ...
    def exec(self, code: str) -> str: ...
    def leave(self, code: str) -> None: ...
    def close(self) -> None: ...


class _Remote:
    """What both tools share: errors of theirs and of the port become ours."""

    def __init__(self, port: str) -> None:
        self.port = port
        # Says precisely why a port cannot be opened, which neither tool does.
        Line(port, BAUD).close()
        with self._guarded():
            self._tool = self._opened()

    def _opened(self) -> Any:
        raise NotImplementedError

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """The tools print what they do not understand: that is no output of ours."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                yield
        except _LOST as error:
            raise self._gone() from error

    def _gone(self) -> NoConnection:
        return NoConnection(
            f"{self.port} has gone; plug the cable in again and repeat the command: "
            "it goes on where it stopped"
        )

    def _silent(self) -> NoAnswer:
        return NoAnswer(
            f"no MicroPython answers on {self.port}; is it the board's port? "
            "A new board wants MicroPython first: see `cellwarden flash --help`"
        )

    def close(self) -> None:
        with contextlib.suppress(*_LOST):
            self._tool.close()


class MpremoteRemote(_Remote):
    """The normal way: mpremote's serial transport, with flow control in raw paste mode."""

    def _opened(self) -> Any:
        from mpremote.transport_serial import SerialTransport  # type: ignore[import-untyped]

        return SerialTransport(self.port, BAUD, timeout=_READ_S)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        from mpremote.transport import (  # type: ignore[import-untyped]
            TransportError,
            TransportExecError,
        )

        with super()._guarded():
            try:
                yield
            except TransportExecError as error:
                raise BoardError(error.error_output.strip()) from error
            except TransportError as error:
                raise self._silent() from error

    def enter(self) -> None:
        with self._guarded():
            self._tool.enter_raw_repl(soft_reset=True)

    def exec(self, code: str) -> str:
        from mpremote.transport import TransportExecError

        with self._guarded():
            said, error = self._tool.exec_raw(code, timeout=PATIENCE_S)
            if error:
                raise TransportExecError(said, error.decode(errors="replace"))
            return str(said.decode(errors="replace"))

    def leave(self, code: str) -> None:
        """Run code that the board does not come back from: a reset."""
        with self._guarded():
            self._tool.exec_raw_no_follow(code)


class AmpyRemote(_Remote):
    """By ampy's Pyboard. Its Files class is left aside: it soft-resets before each file and
    sends 32 bytes at a time, which takes minutes for a firmware."""

    def _opened(self) -> Any:
        from ampy.pyboard import Pyboard  # type: ignore[import-untyped]

        board = Pyboard(self.port, BAUD)
        board.serial.timeout = _READ_S
        return board

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        from ampy.pyboard import PyboardError

        with super()._guarded():
            try:
                yield
            except PyboardError as error:  # a BaseException
                if len(error.args) == 3:
                    text = error.args[2].decode(errors="replace")
                    raise BoardError(text.strip()) from error
                raise self._silent() from error

    def enter(self) -> None:
        with self._guarded():
            self._tool.enter_raw_repl()

    def exec(self, code: str) -> str:
        from ampy.pyboard import PyboardError

        with self._guarded():
            said, error = self._tool.exec_raw(code, timeout=PATIENCE_S)
            if error:
                raise PyboardError("exception", said, error)
            return str(said.decode(errors="replace"))

    def leave(self, code: str) -> None:
        """Run code that the board does not come back from: a reset."""
        with self._guarded():
            self._tool.exec_raw_no_follow(code)


@contextlib.contextmanager
def opened(port: str, tool: str = TOOLS[0], patience_s: float = 0) -> Iterator[Remote]:
    """A board at its raw REPL, outputs off; the port is closed again.

    ``patience_s``: so long it may take a board that has just been given MicroPython to answer.
    """
    remote = _entered(port, tool, time.monotonic() + patience_s)
    try:
        yield remote
    finally:
        remote.close()


def _entered(port: str, tool: str, end_s: float) -> Remote:
    while True:
        remote: Remote | None = None
        try:
            remote = AmpyRemote(port) if tool == "ampy" else MpremoteRemote(port)
            remote.enter()
            return remote
        except NoConnection:
            if remote is not None:
                remote.close()
            if time.monotonic() >= end_s:
                raise
        time.sleep(_RETRY_S)
