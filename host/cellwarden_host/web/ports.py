"""The ports that a board may hang on, with names that people know their cables by.

It only looks at what the system lists: nothing is opened.
"""

from __future__ import annotations

from pathlib import Path

from serial.tools import list_ports  # type: ignore[import-untyped]

from ..problems import NoConnection
from ..ready_file import default_ready_file, read_ready_file
from ..words import Said, say

# Stands for the PC port of whatever simulator runs when the port is opened.
SIMULATOR = "sim"

_ready_file = default_ready_file()


def look_in(ready_file: Path) -> None:
    """Where to look for a simulator."""
    global _ready_file
    _ready_file = ready_file


def found() -> dict[str, str]:
    """Port -> label, the likeliest first."""
    ports: dict[str, str] = {}
    if read_ready_file(_ready_file) is not None:
        ports[SIMULATOR] = say("simulated board")
    devices = [port for port in list_ports.comports() if port.hwid != "n/a"]
    for port in sorted(devices, key=lambda port: (not port.vid, str(port.device))):
        ports[str(port.device)] = _label(port)
    return ports


def _label(port: object) -> str:
    device = str(getattr(port, "device", ""))
    about = getattr(port, "description", None) or getattr(port, "product", None)
    if not about or about == "n/a":
        return device
    if getattr(port, "vid", None):
        return say("USB: {about} ({device})", about=str(about), device=device)
    return f"{about} ({device})"


def resolve(port: str) -> str:
    """The device to open; the simulator's changes whenever it is started anew."""
    if port != SIMULATOR:
        return port
    ports = read_ready_file(_ready_file)
    if ports is None:
        raise NoConnection(_NO_SIMULATOR)
    return str(ports["rs485_2"])


_NO_SIMULATOR: Said = say("no simulated board is running; start one: cellwarden sim")
