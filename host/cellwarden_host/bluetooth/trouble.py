"""What goes wrong with Bluetooth, as a sentence that says what to do.

bleak's errors differ by system; the names here are those of its own documentation (bleak 3.1,
"Exceptions") and of BlueZ's D-Bus interface. bleak answers no passkey by itself: its ``pair``
only confirms on Windows, needs an agent of the system's on Linux, and does not exist on macOS;
so a person pairs once with the system's own means.
"""

from __future__ import annotations

import sys

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from ..problems import NoConnection
from ..words import Said, say

_REASON = BleakBluetoothNotAvailableReason
# ATT errors that mean "not paired, or not well enough".
_SECURITY_CODES = (0x05, 0x08, 0x0C, 0x0F)
_SECURITY_WORDS = (
    "insufficient authentication",
    "insufficient encryption",
    "authenticationfailed",
    "authenticationrejected",
    "authenticationcanceled",
    "not authorized",
    "notpermitted",
    "not paired",
    "encryption is insufficient",
    "authentication is insufficient",
)
_NO_BLUEZ = ("serviceunknown", "namehasnoowner", "spawn")


def wants_pairing(error: BaseException) -> bool:
    """The board keeps silent because the link is not encrypted and authenticated."""
    if isinstance(error, BleakGATTProtocolError):
        return int(error.code) in _SECURITY_CODES
    if not isinstance(error, (BleakError, OSError)):
        return False
    text = str(error).lower()
    return any(word in text for word in _SECURITY_WORDS)


def is_lasting(error: BleakError) -> bool:
    """Another try would end the same way."""
    return wants_pairing(error) or isinstance(
        error, (BleakBluetoothNotAvailableError, BleakDeviceNotFoundError)
    )


def problem(error: BaseException) -> NoConnection:
    """The error as a problem; one that is a problem already stays as it is."""
    if isinstance(error, NoConnection):
        return error
    return NoConnection(_said(error))


def _said(error: BaseException) -> Said:
    if isinstance(error, BleakBluetoothNotAvailableError):
        return _not_available(error.reason)
    if isinstance(error, (FileNotFoundError, ConnectionRefusedError)) or (
        isinstance(error, BleakDBusError)
        and any(word in error.dbus_error.lower() for word in _NO_BLUEZ)
    ):
        return no_service()
    if wants_pairing(error):
        return how_to_pair()
    if isinstance(error, (TimeoutError, BleakDeviceNotFoundError)):
        return say(
            "the board does not answer over Bluetooth any more; go nearer and repeat. It talks to "
            "one phone or computer at a time"
        )
    return say("Bluetooth: {error}", error=str(error) or type(error).__name__)


def _not_available(reason: BleakBluetoothNotAvailableReason) -> Said:
    if reason is _REASON.POWERED_OFF:
        return say("Bluetooth is switched off on this computer; switch it on and repeat")
    if reason in (_REASON.DENIED_BY_USER, _REASON.DENIED_BY_SYSTEM, _REASON.DENIED_BY_UNKNOWN):
        return say(
            "this program may not use Bluetooth; allow it in the system's privacy settings and "
            "repeat"
        )
    return say(
        "this computer has no Bluetooth adapter that can do it; a USB one for Bluetooth 4.2 or "
        "newer will, or use RS485"
    )


def no_service(system: str = sys.platform) -> Said:
    if system.startswith("linux"):
        return say(
            "this computer's Bluetooth service (BlueZ, over D-Bus) does not run. Install it "
            "({install}), start it ({start}), and repeat; or use RS485",
            install="sudo apt install bluez",
            start="sudo systemctl start bluetooth",
        )
    return say("this computer's Bluetooth does not answer; switch it off and on, and repeat")


def how_to_pair(system: str = sys.platform) -> Said:
    """Pairing is the system's business: how, on each of them."""
    if system.startswith("linux"):
        return say(
            "this computer is not paired with the board, or the passkey was wrong. Pair once, in "
            "the desktop's Bluetooth settings, or: {commands}, and type the board's passkey. "
            "Paired before and refused now: {remove} first. {where}",
            commands="bluetoothctl; agent on; default-agent; scan le; pair ADDRESS",
            remove="bluetoothctl remove ADDRESS",
            where=where_passkey(),
        )
    if system == "win32":
        return say(
            "this computer is not paired with the board, or the passkey was wrong. Pair once: "
            "Settings, Bluetooth & devices, Add device, choose the board and type its passkey. "
            "Paired before and refused now: remove the device there first. {where}",
            where=where_passkey(),
        )
    if system == "darwin":
        return say(
            "this computer is not paired with the board, or the passkey was wrong. Repeat and "
            "type the board's passkey into the window that macOS opens. Paired before and refused "
            "now: forget the device in System Settings, Bluetooth first. {where}",
            where=where_passkey(),
        )
    return say(
        "this computer is not paired with the board, or the passkey was wrong. {where}",
        where=where_passkey(),
    )


def where_passkey() -> Said:
    return say(
        "Each pairing needs a new passkey: the board's display shows it meanwhile; over RS485-2, "
        "or for who is paired: {command}",
        command="cellwarden bluetooth passkey",
    )


def wrong_passkey() -> NoConnection:
    """The simulated radio's answer; a real one is the system's."""
    return NoConnection(
        say(
            "the board does not take this passkey. After three wrong ones it refuses for a "
            "while. {where}",
            where=where_passkey(),
        )
    )


def needs_passkey() -> NoConnection:
    return NoConnection(
        say(
            "the simulated board asks for its passkey: give it with {option} or in {variable}. "
            "{where}",
            option="--passkey",
            variable="CELLWARDEN_PASSKEY",
            where=where_passkey(),
        )
    )


def lost(port: str) -> NoConnection:
    return NoConnection(
        say(
            "the Bluetooth connection of {port} is lost: out of reach, or the board restarted. "
            "Go nearer and repeat",
            port=port,
        )
    )
