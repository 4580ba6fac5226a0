"""The ports that a board may hang on, with names that people know their cables by.

It only looks at what the system lists, and at boards that ``look_around`` has heard on Bluetooth
when a person asked: nothing is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from serial.tools import list_ports  # type: ignore[import-untyped]

from ..bluetooth.place import Access
from ..problems import NoConnection
from ..ready_file import default_ready_file, read_ready_file
from ..words import Said, say

if TYPE_CHECKING:
    from ..bluetooth.radio import Seen

# Stands for the PC port of whatever simulator runs when the port is opened.
SIMULATOR = "sim"
_LOOK_S = 4.0

_ready_file = default_ready_file()
_passkey: Callable[[], int | None] = Access().passkey
_in_sight: dict[str, str] = {}


def look_in(ready_file: Path, passkey: Callable[[], int | None] = _passkey) -> None:
    """Where to look for a simulator, and the passkey of its Bluetooth."""
    global _ready_file, _passkey
    _ready_file, _passkey = ready_file, passkey


def access() -> Access:
    """How to get at boards over Bluetooth."""
    return Access(_ready_file, _passkey)


def look_around(seconds: float = _LOOK_S) -> int:
    """Listen for boards on Bluetooth and list them from now on; how many there are."""
    from ..bluetooth.line import boards_in_sight

    seen = boards_in_sight(access(), seconds)
    _in_sight.clear()
    _in_sight.update({one.port: _called(one) for one in seen})
    return len(seen)


def found() -> dict[str, str]:
    """Port -> label, the likeliest first."""
    ports: dict[str, str] = {}
    if read_ready_file(_ready_file) is not None:
        ports[SIMULATOR] = say("simulated board")
    devices = [port for port in list_ports.comports() if port.hwid != "n/a"]
    for port in sorted(devices, key=lambda port: (not port.vid, str(port.device))):
        ports[str(port.device)] = _label(port)
    return ports | _in_sight


def _called(seen: Seen) -> str:
    return say("Bluetooth: {name}", name=seen.name or seen.address)


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
