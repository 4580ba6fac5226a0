"""The radios there are: this computer's own, by bleak, and a running simulator's, by bumble.

``scan`` and ``find`` use both at once; a radio that is missing matters only when the other one
finds nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice

from ..problems import Problem
from ..ready_file import read_ready_file
from . import gatt, trouble
from .place import Access, port_for

CONNECT_S = 20.0


@dataclass(frozen=True)
class Seen:
    """A board in sight. ``address`` is the system's word for it: on macOS no address."""

    name: str
    address: str
    rssi_dbm: int
    device: BLEDevice
    radio: Radio

    @property
    def port(self) -> str:
        return port_for(self.address)

    def is_called(self, wanted: str) -> bool:
        """By name or address, whatever stands between the digits of an address."""
        return wanted.lower() in ("", self.name.lower()) or _bare(wanted) == _bare(self.address)


def _bare(address: str) -> str:
    return address.lower().replace(":", "").replace("-", "")


@dataclass(frozen=True)
class Radio:
    """``hci_port`` is a simulator's; None means this computer's Bluetooth."""

    hci_port: int | None = None

    @property
    def simulated(self) -> bool:
        return self.hci_port is not None

    def scanner(self) -> BleakScanner:
        return BleakScanner(service_uuids=[gatt.SERVICE], **self._extra("Scanner"))

    def client(self, device: BLEDevice, gone: Any) -> BleakClient:
        return BleakClient(device, gone, timeout=CONNECT_S, **self._extra("Client"))

    def _extra(self, kind: str) -> dict[str, Any]:
        if self.hci_port is None:
            return {}
        from . import bumble_backend

        return {"backend": getattr(bumble_backend, kind), "hci_port": self.hci_port}


def radios(access: Access) -> list[Radio]:
    """This computer's, and the running simulator's if it has one."""
    ports = read_ready_file(access.ready_file) if access.ready_file is not None else None
    simulated = [Radio(int(ports["radio"]))] if ports is not None and "radio" in ports else []
    return [*simulated, Radio()]


async def scan(access: Access, seconds: float, wanted: str | None = None) -> list[Seen]:
    """The boards in sight, the nearest first; ends at once when ``wanted`` is among them."""
    hit = asyncio.Event()
    results = await asyncio.gather(
        *(_scan_one(radio, seconds, wanted, hit) for radio in radios(access)),
        return_exceptions=True,
    )
    found = [seen for result in results if isinstance(result, list) for seen in result]
    troubles = [result for result in results if isinstance(result, BaseException)]
    if not found and len(troubles) == len(results):
        raise troubles[-1]
    return sorted(found, key=lambda seen: -seen.rssi_dbm)


async def _scan_one(
    radio: Radio, seconds: float, wanted: str | None, hit: asyncio.Event
) -> list[Seen]:
    def look() -> list[Seen]:
        return [
            Seen(told.local_name or device.name or "", device.address, told.rssi, device, radio)
            for device, told in scanner.discovered_devices_and_advertisement_data.values()
        ]

    async def listen() -> None:
        async for _ in scanner.advertisement_data():
            if wanted is not None and any(seen.is_called(wanted) for seen in look()):
                hit.set()

    try:
        scanner = radio.scanner()
        async with scanner:
            listening = asyncio.create_task(listen())
            try:
                await asyncio.wait_for(hit.wait(), seconds)
            except TimeoutError:
                pass
            finally:
                listening.cancel()
    except Problem:
        raise
    except Exception as error:
        raise trouble.problem(error) from error
    return look()
