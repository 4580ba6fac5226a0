"""What a system's Bluetooth may refuse, and the way out that a person is told."""

import asyncio

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from cellwarden_host.bluetooth import loop, radio, trouble
from cellwarden_host.bluetooth.place import Access
from cellwarden_host.problems import NoConnection

WHY = BleakBluetoothNotAvailableReason


@pytest.mark.parametrize(
    "error, advice",
    [
        (BleakBluetoothNotAvailableError("none", WHY.NO_BLUETOOTH), "USB"),
        (BleakBluetoothNotAvailableError("classic", WHY.NO_BLE_CENTRAL_ROLE), "USB"),
        (BleakBluetoothNotAvailableError("off", WHY.POWERED_OFF), "switch it on"),
        (BleakBluetoothNotAvailableError("no", WHY.DENIED_BY_USER), "privacy settings"),
        (BleakBluetoothNotAvailableError("no", WHY.DENIED_BY_SYSTEM), "privacy settings"),
        (FileNotFoundError(2, "/run/dbus/system_bus_socket"), "bluetooth"),
        (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["x"]), "bluetooth"),
        (BleakGATTProtocolError(0x05), "passkey"),
        (BleakDBusError("org.bluez.Error.AuthenticationFailed", ["x"]), "passkey"),
        (BleakError("Encryption is insufficient."), "passkey"),
        (TimeoutError(), "nearer"),
        (BleakDeviceNotFoundError("F0:F1"), "nearer"),
        (BleakError("something else"), "something else"),
    ],
)
def test_every_trouble_says_what_to_do(error, advice):
    problem = trouble.problem(error)
    assert isinstance(problem, NoConnection) and advice in str(problem)


def test_how_to_pair_is_told_for_the_system_at_hand():
    assert "bluetoothctl" in trouble.how_to_pair("linux")
    assert "Add device" in trouble.how_to_pair("win32")
    assert "macOS" in trouble.how_to_pair("darwin")
    assert "sudo" in trouble.no_service("linux") and "sudo" not in trouble.no_service("win32")
    for system in ("linux", "win32", "darwin", "plan9"):
        assert "cellwarden bluetooth passkey" in trouble.how_to_pair(system)


@pytest.mark.parametrize("error", [FileNotFoundError("x"), RuntimeError("x"), ValueError("x")])
def test_not_every_error_is_a_missing_pairing(error):
    assert not trouble.wants_pairing(error)


def test_a_radio_that_is_missing_matters_only_when_the_other_hears_nothing(monkeypatch):
    heard = [radio.Seen("b", "F0", -70, None, radio.Radio(1)), None]
    heard[1] = radio.Seen("a", "F1", -40, None, radio.Radio(1))

    async def scan(one, seconds, wanted, hit):
        if not one.simulated:
            raise NoConnection("no adapter")
        return list(heard)

    monkeypatch.setattr(radio, "radios", lambda _: [radio.Radio(1), radio.Radio()])
    monkeypatch.setattr(radio, "_scan_one", scan)
    found = loop.run(radio.scan(Access(), 0.1), 5)
    assert [seen.name for seen in found] == ["a", "b"], "the nearest first"
    heard.clear()
    assert loop.run(radio.scan(Access(), 0.1), 5) == []
    monkeypatch.setattr(radio, "radios", lambda _: [radio.Radio()])
    with pytest.raises(NoConnection, match="no adapter"):
        loop.run(radio.scan(Access(), 0.1), 5)


def test_whoever_stops_waiting_stops_the_work():
    ended = []

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    with pytest.raises(TimeoutError):
        loop.run(work(), 0.01)

    async def look():
        return list(ended)

    assert loop.run(look(), 5) == [True]
