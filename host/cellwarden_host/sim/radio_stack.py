"""The Bluetooth stack of a simulated board: a bumble device that behaves like MicroPython's.

Made when the firmware switches the radio on, gone when it switches it off or resets. Everything
here runs in the radio's loop (``radio_loop.py``), at one moment of the board's time. What
happened goes to ``tell(event, numbers, *pieces)``; ``ask`` is ``tell`` for what the firmware
answers. Numbers of events and the order of their fields: MicroPython's library/bluetooth.
"""

from __future__ import annotations

import logging
import secrets
import struct
from collections.abc import Awaitable, Callable
from typing import Any, cast

from bumble import att, core, device, gatt, hci, host, pairing

from .radio_air import Air, AirController
from .radio_pairing import Link, Security, Settings
from .radio_values import Definition, Value

_log = logging.getLogger(__name__)

CENTRAL_CONNECT, CENTRAL_DISCONNECT, GATTS_WRITE = 1, 2, 3
INDICATE_DONE, MTU_EXCHANGED, CONNECTION_UPDATE = 20, 21, 27

# errno, as ports without an operating system number them
EIO, ENOMEM, EBUSY, ENODEV, EINVAL, EALREADY, ENOTCONN = 5, 12, 16, 19, 22, 114, 128

CONNECTIONS_MAX = 4
# Packets that may wait for the air: NimBLE's pool has 12 buffers, some of them for requests.
NOTIFICATIONS_MAX = 10
_ADVERTISEMENT_MAX = 31
_INTERVAL_MIN_US, _INTERVAL_MAX_US = 20_000, 10_240_000


class RadioError(Exception):
    """What the firmware sees as an OSError."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Ear:
    """What the controller hears reaches the host; rubbish off the air ends here."""

    def __init__(self, listener: host.Host) -> None:
        self._listener = listener

    def on_packet(self, packet: bytes) -> None:
        try:
            self._listener.on_packet(packet)
        except (core.BaseBumbleError, struct.error, ValueError, IndexError) as error:
            _log.debug("dropped %s: %r", packet.hex(), error)


class Stack:
    """``tell`` and ``ask`` reach the firmware's event handler."""

    def __init__(
        self,
        air: Air,
        address: str,
        tell: Callable[..., None],
        ask: Callable[..., Awaitable[bytes | None]],
    ) -> None:
        self.settings = settings = Settings()
        self.address = bytes.fromhex(address.replace(":", ""))
        self.tell = tell
        self._air = air
        self.links: dict[int, Link] = {}
        self._values: dict[int, tuple[att.Attribute[bytes], Value]] = {}
        self._advertised = b""
        self._scan_response = b""
        self.station = AirController("board", air, address)
        config = device.DeviceConfiguration(
            name=settings.gap_name.decode(errors="replace"),
            address=hci.Address(address[:-1] + "F", hci.Address.RANDOM_DEVICE_ADDRESS),
            irk=secrets.token_bytes(16),
            identity_address_type=pairing.PairingConfig.AddressType.PUBLIC,
            gap_service_enabled=False,
            gatt_service_enabled=False,
        )
        self.device = device.Device(config=config, host=host.Host(self.station, self.station))
        self.station.set_packet_sink(_Ear(self.device.host))
        self.device.on(device.Device.EVENT_CONNECTION, self._connected)
        channels = self.device.l2cap_channel_manager
        channels.register_fixed_channel(att.ATT_CID, self._heard)
        self.security = Security(self.device, settings, self.links, tell, ask)
        self._default_services()

    # --- advertising

    async def advertise(
        self, interval_us: int, connectable: bool, data: bytes | None, response: bytes | None
    ) -> None:
        for piece in (data, response):
            if piece is not None and len(piece) > _ADVERTISEMENT_MAX:
                raise RadioError(EINVAL)
        if connectable and len(self.links) >= CONNECTIONS_MAX:
            raise RadioError(ENOMEM)
        if not _INTERVAL_MIN_US <= interval_us <= _INTERVAL_MAX_US:
            raise RadioError(EINVAL)
        if data is not None:
            self._advertised = data
        if response is not None:
            self._scan_response = response
        kinds = device.AdvertisingType
        kind = kinds.UNDIRECTED_CONNECTABLE_SCANNABLE if connectable else kinds.UNDIRECTED
        await self.device.start_advertising(
            advertising_type=kind,
            own_address_type=hci.OwnAddressType.PUBLIC,
            advertising_data=self._advertised,
            scan_response_data=self._scan_response,
            advertising_interval_min=interval_us / 1000,
            advertising_interval_max=interval_us / 1000,
        )

    async def stop_advertising(self) -> None:
        await self.device.stop_advertising()

    # --- attributes

    def _default_services(self) -> None:
        server = self.device.gatt_server
        server.max_mtu = self.settings.mtu
        name = att.AttributeValueV2(lambda _bearer: self.settings.gap_name)
        named: gatt.Characteristic[bytes] = gatt.Characteristic(
            gatt.GATT_DEVICE_NAME_CHARACTERISTIC,
            gatt.Characteristic.Properties.READ,
            att.Attribute.Permissions.READABLE,
            cast(Any, name),
        )
        server.add_service(gatt.Service(gatt.GATT_GENERIC_ACCESS_SERVICE, [named]))

    def register(self, packed: bytes, services: int) -> list[int]:
        if self.station.le_legacy_advertiser.enabled or self.links:
            raise RadioError(EBUSY)
        server = self.device.gatt_server
        server.attributes.clear()
        server.services.clear()
        server.attributes_by_handle.clear()
        self._default_services()
        definition = Definition(packed, services, self._link_of, self._written)
        server.add_services(definition.services)
        self._values = {pair[0].handle: pair for pair in definition.values}
        return [attribute.handle for attribute, _ in definition.values]

    def value(self, handle: int) -> Value:
        if handle not in self._values:
            raise RadioError(EINVAL)
        return self._values[handle][1]

    def write(self, handle: int, data: bytes, send_update: bool) -> None:
        value = self.value(handle)
        value.write_local(data)
        if not send_update:
            return
        for link in self.links.values():
            subscribed = self.device.gatt_server.subscribers.get(link.connection, {})
            wanted = subscribed.get(handle, b"\0\0")[0]
            if wanted:
                self.notify(link.number, handle, None, not wanted & 1)

    def notify(self, number: int, handle: int, data: bytes | None, indicate: bool) -> None:
        """Queue it for the air, or say ENOMEM, or EALREADY while an indication is out."""
        link = self.link(number)
        attribute = self._values[handle][0] if handle in self._values else None
        if attribute is None:
            raise RadioError(EINVAL)
        payload = bytes(self.value(handle).data) if data is None else data
        connection = link.connection
        waiting = self._air.waiting(connection.self_address, connection.peer_address)
        if waiting >= NOTIFICATIONS_MAX:
            raise RadioError(ENOMEM)
        if indicate and link.indicating:
            raise RadioError(EALREADY)
        payload = payload[: connection.att_mtu - 3]
        server = self.device.gatt_server
        if indicate:
            link.indicating = True
            connection.cancel_on_disconnection(self._indicate(link, attribute, payload))
        else:
            pdu = att.ATT_Handle_Value_Notification(
                attribute_handle=handle, attribute_value=payload
            )
            server.send_gatt_pdu(connection, bytes(pdu))

    async def _indicate(self, link: Link, attribute: att.Attribute[bytes], payload: bytes) -> None:
        status = 0
        try:
            await self.device.gatt_server.indicate_subscriber(
                link.connection, attribute, payload, force=True
            )
        except TimeoutError:
            status = 1
        link.indicating = False
        self.tell(INDICATE_DONE, (link.number, attribute.handle, status))

    def _heard(self, number: int, pdu: bytes) -> None:
        """What is longer than the MTU is dropped, as L2CAP does it on a board."""
        if len(pdu) <= self.link(number).connection.att_mtu:
            self.device.on_gatt_pdu(number, pdu)

    def _written(self, link: Link, attribute: att.Attribute[bytes]) -> None:
        self.tell(GATTS_WRITE, (link.number, attribute.handle))

    # --- connections

    def link(self, number: int) -> Link:
        if number not in self.links:
            raise RadioError(ENOTCONN)
        return self.links[number]

    def _link_of(self, bearer: Any) -> Link:
        return self.link(bearer.handle)

    def _connected(self, connection: device.Connection) -> None:
        link = Link(connection)
        self.links[connection.handle] = link
        self.tell(CENTRAL_CONNECT, *self._who(link))
        self.security.watch(link)
        kind = type(connection)
        connection.on(kind.EVENT_DISCONNECTION, lambda _reason: self._disconnected(link))
        connection.on(kind.EVENT_CONNECTION_ATT_MTU_UPDATE, lambda: self._mtu(link))
        connection.on(kind.EVENT_CONNECTION_PARAMETERS_UPDATE, lambda: self._updated(link))

    @staticmethod
    def _who(link: Link) -> tuple[tuple[int, int], bytes]:
        peer = link.connection.peer_address
        return (link.number, peer.address_type & 1), bytes(peer)[::-1]

    def _disconnected(self, link: Link) -> None:
        self.links.pop(link.number, None)
        self.tell(CENTRAL_DISCONNECT, *self._who(link))

    def _mtu(self, link: Link) -> None:
        self.tell(MTU_EXCHANGED, (link.number, link.connection.att_mtu))

    def _updated(self, link: Link) -> None:
        now = link.connection.parameters
        interval = round(now.connection_interval / 1.25)
        timeout = round(now.supervision_timeout / 10)
        numbers = (link.number, interval, now.peripheral_latency, timeout, 0)
        self.tell(CONNECTION_UPDATE, numbers)

    async def disconnect(self, number: int) -> None:
        await self.device.disconnect(
            self.link(number).connection,
            hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR,
        )
