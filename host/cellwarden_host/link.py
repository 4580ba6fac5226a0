"""A serial port as the Modbus client's transport: 8N1, one owner, errors that say what to do.

``open_line`` takes a board over Bluetooth as well, which is a line of its own kind.

It works on a real RS485 adapter and on a pseudo terminal alike. It must never hand out bytes
of a line that has gone: losing the port raises ``NoConnection`` at once.
"""

from __future__ import annotations

import errno
import time
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

import serial  # type: ignore[import-untyped]
from serial.tools import list_ports  # type: ignore[import-untyped]

from cellwarden.access import PORT_PC

from .bluetooth.place import Access, is_bluetooth
from .problems import BadInput, NoConnection
from .words import Said, listed, say, terminal

try:
    import termios
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from .bluetooth.line import BleLine

AnyLine: TypeAlias = "Line | BleLine"

# Between frames: 3.5 characters of 11 bits, and at high rates at least 1.75 ms (MODBUS over
# Serial Line 2.5.1); a little more, for drivers that let go of the line by a millisecond timer.
_SILENT_BITS = 38.5
_LEAST_SILENCE_S = 0.003
# How a port that has gone shows; TypeError when its descriptor is closed under pyserial's read.
_LOST: tuple[type[Exception], ...] = (serial.SerialException, OSError, TypeError)
if termios is not None:
    _LOST += (termios.error,)
_NOT_OPEN: tuple[type[Exception], ...] = (*_LOST, ValueError)


def ports_here() -> list[str]:
    """Serial ports that belong to a device, e.g. a USB-RS485 cable."""
    return sorted(str(port.device) for port in list_ports.comports() if port.hwid != "n/a")


def open_line(port: str, baud: int, access: Access | None = None) -> AnyLine:
    """The line to a board: a serial port, or Bluetooth for ``ble:...``."""
    if not is_bluetooth(port):
        return Line(port, baud)
    # Only who wants Bluetooth pays for loading it.
    from .bluetooth.line import BleLine

    return BleLine(port, access or Access())


class Line:
    """An open serial port; ``write``, ``read`` and ``discard`` are the client's transport."""

    # The board's number for where this comes in; part of what proves a password.
    modbus_port = PORT_PC

    def __init__(self, port: str, baud: int) -> None:
        if is_bluetooth(port):
            raise BadInput(say("this works over a serial port only, not over Bluetooth"))
        self.port = port
        self.baud = baud
        self._silence_s = max(_LEAST_SILENCE_S, _SILENT_BITS / baud)
        self._heard_s = 0.0
        try:
            self._serial = serial.Serial(port, baud, timeout=0, exclusive=True)
        except _NOT_OPEN as error:
            raise NoConnection(_why_not(port, error)) from error

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        try:
            self._serial.close()
        except _LOST:
            pass  # the device has gone: nothing is left to close

    def write(self, data: bytes) -> None:
        """Send all of it, after the silence that the standard wants between frames."""
        early_s = self._heard_s + self._silence_s - time.monotonic()
        if early_s > 0:
            time.sleep(early_s)
        try:
            self._serial.write(data)
        except _LOST as error:
            raise self._lost() from error

    def read(self, max_bytes: int, timeout_ms: int) -> bytes:
        """Up to ``max_bytes``; fewer, or none, only once ``timeout_ms`` are over."""
        deadline = time.monotonic() + timeout_ms / 1000
        data = b""
        try:
            while len(data) < max_bytes:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._serial.timeout = left
                more = self._serial.read(max_bytes - len(data))
                if more:
                    self._heard_s = time.monotonic()
                    data += more
        except _LOST as error:
            raise self._lost() from error
        return data

    def put(self, data: bytes) -> None:
        """Send all of it at once, where no silence between frames is wanted."""
        try:
            self._serial.write(data)
        except _LOST as error:
            raise self._lost() from error

    def take(self, timeout_ms: int) -> bytes:
        """What has come in, after ``timeout_ms`` at the latest."""
        first = self.read(1, timeout_ms)
        if not first:
            return b""
        try:
            return first + bytes(self._serial.read(self._serial.in_waiting))
        except _LOST as error:
            raise self._lost() from error

    def set_baud(self, baud: int) -> None:
        """Another line rate from here on."""
        try:
            self._serial.baudrate = baud
        except _NOT_OPEN as error:
            raise self._lost() from error
        self.baud = baud
        self._silence_s = max(_LEAST_SILENCE_S, _SILENT_BITS / baud)

    def discard(self) -> None:
        try:
            self._serial.reset_input_buffer()
        except _LOST as error:
            raise self._lost() from error

    def _lost(self) -> NoConnection:
        return NoConnection(
            say("{port} has gone; plug the cable in again and repeat", port=self.port)
        )


def _why_not(port: str, error: Exception) -> Said:
    number = getattr(error, "errno", None)
    text = str(error).lower()
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        here = ports_here()
        found = (
            say("ports here: {ports}", ports=listed(here))
            if here
            else say("no serial port is plugged in")
        )
        return say("there is no port {port}; {found}", port=port, found=found)
    if number in (errno.EACCES, errno.EPERM):
        return say(
            "no permission for {port}; add yourself to its group ({command}), log in again and "
            "repeat",
            port=port,
            command="sudo usermod -aG dialout $USER",
        )
    if number in (errno.EBUSY, errno.EAGAIN) or "lock" in text:
        return say(
            "{port} is in use; close the other program{guess} and repeat",
            port=port,
            guess=terminal(" (a second monitor?)"),
        )
    # pyserial hides this number in its text.
    if number in (errno.ENOTTY, errno.EINVAL) or f"({errno.ENOTTY}," in text:
        return say("{port} is not a serial port", port=port)
    return say("cannot open {port}: {error}", port=port, error=str(error))
