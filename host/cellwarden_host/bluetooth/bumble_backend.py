"""bleak over Google's bumble: the simulated radio as one more system that bleak knows.

``Scanner`` and ``Client`` are custom backends in the sense of bleak 3's ``backend`` argument; each
connects to the HCI port of a simulator for as long as it lives. Only what a BleLine needs is
there: long writes, descriptors by hand and the like are absent. ``pair`` takes the passkey, which
a real system would ask the person for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from bleak.args import SizedBuffer
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError, BleakGATTProtocolError
from bumble import att, core, gatt_client, hci, host, pairing
from bumble.device import Advertisement, Connection, Device, DeviceConfiguration, Peer
from bumble.transport import open_transport

from . import central_keys

MTU = 247
_INSUFFICIENT_AUTHENTICATION = 0x05
_ENDS_S = 0.5
_FLAGS = {
    0x02: "read",
    0x04: "write-without-response",
    0x08: "write",
    0x10: "notify",
    0x20: "indicate",
}
# bumble warns of refused pairings; whoever asked is told by the exception.
logging.getLogger("bumble").addHandler(logging.NullHandler())


class Central:
    """A bumble device on a connection of its own to the simulator."""

    def __init__(self, hci_port: int, identity: central_keys.Identity) -> None:
        self._port = hci_port
        self.identity = identity
        self._transport: Any = None
        self.device: Device
        self.passkey: int | None = None

    async def open(self, gone: Callable[[], None] = lambda: None) -> None:
        try:
            self._transport = await open_transport(f"tcp-client:127.0.0.1:{self._port}")
        except OSError as error:
            raise BleakError("the simulator's radio has gone") from error
        self._transport.source.terminated.add_done_callback(lambda _: gone())
        ours = host.Host(self._transport.source, self._transport.sink)
        config = DeviceConfiguration(
            name="cellwarden",
            address=hci.Address(self.identity.address),
            irk=self.identity.irk,
        )
        self.device = Device(config=config, host=ours)
        self.device.keystore = self.identity.bonds
        self.device.pairing_config_factory = self._pairing
        await self.device.power_on()

    async def close(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()
        self.identity.release()

    def _pairing(self, _connection: Connection) -> pairing.PairingConfig:
        return pairing.PairingConfig(
            sc=True,
            mitm=True,
            bonding=True,
            delegate=_Keyboard(self.passkey),
            identity_address_type=pairing.PairingConfig.AddressType.RANDOM,
        )


class _Keyboard(pairing.PairingDelegate):
    """Types the passkey when it is asked for."""

    def __init__(self, passkey: int | None) -> None:
        super().__init__(pairing.PairingDelegate.IoCapability.KEYBOARD_INPUT_ONLY)
        self._passkey = passkey

    async def get_number(self) -> int | None:
        return self._passkey


class Scanner(BaseBleakScanner):
    """Hears who advertises on the simulated air."""

    def __init__(
        self,
        detection_callback: Any,
        service_uuids: list[str] | None,
        scanning_mode: str,
        *,
        hci_port: int,
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._central = Central(hci_port, central_keys.Identity())

    async def start(self) -> None:
        self.seen_devices = {}
        await self._central.open()
        self._central.device.on(Device.EVENT_ADVERTISEMENT, self._heard)
        await self._central.device.start_scanning(active=True)

    async def stop(self) -> None:
        await self._central.close()

    def _heard(self, heard: Advertisement) -> None:
        kinds = core.AdvertisingData.Type
        name = heard.data.get(kinds.COMPLETE_LOCAL_NAME)
        uuids = [
            _text(uuid)
            for kind in (
                kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
                kinds.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
            )
            for found in heard.data.get_all(kind)
            for uuid in found
        ]
        if not self.is_allowed_uuid(uuids):
            return
        address = heard.address
        told = AdvertisementData(
            local_name=str(name) if name else None,
            manufacturer_data={},
            service_data={},
            service_uuids=uuids,
            tx_power=None,
            rssi=heard.rssi,
            platform_data=(heard,),
        )
        shown = address.to_string(with_type_qualifier=False)
        device = self.create_or_update_device(shown, shown, told.local_name, address, told)
        self.call_detection_callbacks(device, told)


class Client(BaseBleakClient):
    """One connection to a simulated board."""

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        services: set[str] | None = None,
        *,
        hci_port: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(address_or_ble_device, **kwargs)
        if not isinstance(address_or_ble_device, BLEDevice):
            raise BleakError("the simulated radio connects to what a scan has found")
        self._address: hci.Address = address_or_ble_device.details
        self._name = address_or_ble_device.name or ""
        self._central = Central(hci_port, central_keys.Identity())
        self._connection: Connection | None = None
        self._gone = asyncio.Event()
        self._peer: Peer

    @property
    def name(self) -> str:
        return self._name

    @property
    def mtu_size(self) -> int:
        return self._connection.att_mtu if self._connection is not None else 23

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        self._central.identity.claim()
        try:
            await self._central.open(self._lost)
            await self._connect()
            if await self._central.identity.bonds.get(str(self._address)) is not None:
                await self._encrypt()
            await _told(self._peer.request_mtu(MTU))
            await _told(self._peer.discover_all())
        except BaseException:
            await self.disconnect()
            raise
        self.services = _collection(self._peer, lambda: self.mtu_size - 3)

    async def _connect(self) -> None:
        device = self._central.device
        connection = await _told(device.connect(self._address, timeout=self._timeout))
        self._connection = connection
        self._gone.clear()
        connection.on(Connection.EVENT_DISCONNECTION, lambda _: self._lost())
        self._peer = Peer(connection)
        if device.lookup_connection(connection.handle) is not connection:
            self._lost()  # it ended before anybody could listen
            raise BleakError("the board ended the connection")

    async def _encrypt(self) -> None:
        """By an earlier pairing; a board that has forgotten it is paired with anew."""
        try:
            await _told(_by_bond(self._open))
        except _NotPaired:
            await self._central.identity.bonds.delete(str(self._address))
            # A board ends a link that could not be encrypted: let it, or it ends the next one.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), _ENDS_S)
            await self._leave()
            await self._connect()

    async def pair(self, *_: Any, passkey: int | None = None, **__: Any) -> None:
        self._central.passkey = passkey
        try:
            await _told(_paired(self._open))
        except _NotPaired as error:
            raise BleakGATTProtocolError(_INSUFFICIENT_AUTHENTICATION) from error

    async def unpair(self) -> None:
        raise NotImplementedError

    async def disconnect(self) -> None:
        try:
            await self._leave()
        finally:
            await self._central.close()

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                await _told(connection.disconnect())
        except BleakError:
            pass  # it has gone by itself

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        self._open  # noqa: B018 - says so when nobody is connected
        return bytearray(await _told(characteristic.obj.read_value()))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        self._open  # noqa: B018
        await _told(characteristic.obj.write_value(bytes(data), with_response=response))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_: Any
    ) -> None:
        self._open  # noqa: B018
        await _told(characteristic.obj.subscribe(lambda value: callback(bytearray(value))))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        self._open  # noqa: B018
        await _told(characteristic.obj.unsubscribe(force=True))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        raise NotImplementedError

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        raise NotImplementedError

    @property
    def _open(self) -> Connection:
        if self._connection is None:
            raise BleakError("not connected")
        return self._connection

    def _lost(self) -> None:
        """The other side, the air or the simulator has ended it."""
        was, self._connection = self._connection, None
        self._gone.set()
        if was is not None and self._disconnected_callback is not None:
            self._disconnected_callback()


class _NotPaired(Exception):
    """The board did not take the passkey, does not pair now, or knows no earlier pairing."""


async def _by_bond(connection: Connection) -> None:
    try:
        await connection.encrypt()
    except hci.HCI_Error as error:
        if error.error_code == hci.HCI_PIN_OR_KEY_MISSING_ERROR:
            raise _NotPaired from error
        raise


async def _paired(connection: Connection) -> None:
    try:
        await connection.pair()
    except core.ProtocolError as error:
        raise _NotPaired from error


async def _told(work: Awaitable[Any]) -> Any:
    """What ``work`` returns; bumble's errors as bleak's."""
    try:
        return await work
    except att.ATT_Error as error:
        raise BleakGATTProtocolError(error.error_code) from error
    except core.TimeoutError as error:
        raise TimeoutError from error
    except (core.BaseBumbleError, hci.HCI_Error) as error:
        raise BleakError(str(error) or type(error).__name__) from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # bumble cancels what waits on a connection that ends.
        raise BleakError("the board ended the connection") from error


def _collection(peer: Peer, room: Callable[[], int]) -> BleakGATTServiceCollection:
    found = BleakGATTServiceCollection()
    for service in peer.services:
        ours = BleakGATTService(service, service.handle, _text(service.uuid))
        found.add_service(ours)
        for one in service.characteristics:
            found.add_characteristic(_characteristic(one, ours, room))
    return found


def _characteristic(
    one: gatt_client.CharacteristicProxy[Any], service: BleakGATTService, room: Callable[[], int]
) -> BleakGATTCharacteristic:
    names: Any = [name for flag, name in _FLAGS.items() if one.properties & flag]
    return BleakGATTCharacteristic(one, one.handle, _text(one.uuid), names, room, service)


def _text(uuid: core.UUID) -> str:
    text = str(uuid.to_hex_str("-")).lower()
    return f"0000{text}-0000-1000-8000-00805f9b34fb" if len(text) == 4 else text
