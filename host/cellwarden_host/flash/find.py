"""Finds the board: by its USB numbers, as a UF2 drive, or as the running simulator.

Numbers tell an RP2040 by itself; an ESP32 hides behind a USB-UART chip, and so does an RS485
adapter, so of several such ports none is guessed. Nothing here writes to a port.
"""

from __future__ import annotations

import os
import string
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from serial.tools import list_ports  # type: ignore[import-untyped]

from ..problems import BadInput, NoConnection
from ..ready_file import read_ready_file

_T = TypeVar("_T")
INFO = "INFO_UF2.TXT"
# USB vendor and product. Raspberry Pi gives 2E8A:0005 to MicroPython; the others are the UART
# chips on ESP32 modules: CP210x, CH340, CH9102, FT232.
_USB = {
    (0x2E8A, 0x0005): "rp2040",
    (0x10C4, 0xEA60): "esp32",
    (0x1A86, 0x7523): "esp32",
    (0x1A86, 0x55D4): "esp32",
    (0x0403, 0x6001): "esp32",
    (0x0403, 0x6015): "esp32",
}
_LOOK_S = 0.2

_ADVICE = {
    "rp2040": (
        "plug the board in by USB (a cable with data lines); a new one with BOOTSEL held, "
        "which shows as the drive RPI-RP2, to be mounted"
    ),
    "esp32": "plug the board in by USB (a cable with data lines), or say where: --port",
}


@dataclass(frozen=True)
class Found:
    """``port`` is a serial port, or ``drive`` a UF2 drive; ``rs485`` the simulator's PC port."""

    port: str = ""
    drive: Path | None = None
    rs485: str = ""
    how: str = ""


def find(board: str, family: str, port: str | None, ready_file: Path) -> Found:
    """Where the board is; ``NoConnection`` says what to do when it is nowhere."""
    simulator = read_ready_file(ready_file)
    if port:
        if simulator is not None and port == simulator["repl"]:
            return _simulated(simulator)
        return Found(port=port, how="--port")
    if board == "sim":
        if simulator is None:
            raise NoConnection("no simulator is running; start one: cellwarden sim --board sim")
        return _simulated(simulator)
    ports = usb_ports(family)
    if len(ports) > 1:
        raise BadInput(f"which of these is the board? Give --port: {', '.join(ports)}")
    if ports:
        return Found(port=ports[0], how="its USB numbers")
    drives = uf2_drives() if family == "rp2040" else []
    if len(drives) > 1:
        raise BadInput(
            f"several boards wait to be flashed: {', '.join(map(str, drives))}; leave one"
        )
    if drives:
        return Found(drive=drives[0], how="a UF2 drive")
    if simulator is not None:
        return _simulated(simulator)
    raise NoConnection(f"no board was found: {_ADVICE.get(family, 'say where: --port')}")


def _simulated(ports: dict[str, object]) -> Found:
    return Found(port=str(ports["repl"]), rs485=str(ports["rs485_2"]), how="the running simulator")


def usb_ports(family: str) -> list[str]:
    """Serial ports that by their USB numbers can be a board of this family."""
    return sorted(
        str(port.device)
        for port in list_ports.comports()
        if _USB.get((port.vid, port.pid)) == family
    )


def uf2_drives(roots: Iterable[Path] | None = None) -> list[Path]:
    """Mounted drives that take UF2 files, known by the file that describes them."""
    return [root for root in (_drives() if roots is None else roots) if (root / INFO).is_file()]


def describes(drive: Path) -> str:
    """What the drive says it is, e.g. "RPI-RP2"."""
    for line in (drive / INFO).read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("Board-ID:"):
            return line.partition(":")[2].strip()
    return ""


def _drives() -> list[Path]:
    if sys.platform == "win32":
        return [Path(f"{letter}:\\") for letter in string.ascii_uppercase if letter > "B"]
    if sys.platform == "darwin":
        return sorted(Path("/Volumes").glob("*"))
    mounts = []
    with open("/proc/mounts", encoding="utf-8") as lines:
        for line in lines:
            place = Path(line.split()[1].replace("\\040", " "))
            if os.access(place, os.R_OK) and place != Path("/"):
                mounts.append(place)
    return mounts


def wait_for(what: Callable[[], list[_T]], patience_s: float, missing: str) -> _T:
    """The first that turns up; ``NoConnection`` with ``missing`` when none does in time."""
    end = time.monotonic() + patience_s
    while True:
        found = what()
        if found:
            return found[0]
        if time.monotonic() > end:
            raise NoConnection(missing)
        time.sleep(_LOOK_S)
