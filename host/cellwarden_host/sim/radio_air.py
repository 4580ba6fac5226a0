"""The air: bumble's virtual controllers on one link, with the timing of real connections.

What bumble 0.0.236 lacks is added here, in subclasses: connection events (a packet leaves at the
next multiple of the interval, so many a direction), scan responses of their own, advertising at
its interval and only while somebody listens, one winner when two centrals answer the same
advertisement, cancelled connection attempts. Only legacy advertising; everything else is
bumble's.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque

from bumble import controller, hci, link, ll
from bumble.core import PhysicalTransport
from bumble.transport.common import StreamPacketSink, StreamPacketSource

PACKET_BYTES = 251
PACKETS_PER_EVENT = 6  # a direction; phones take 4 to 8
NO_ADDRESS = "00:00:00:00:00:00"  # a central has a random address only, its host's choice
_RSSI_DBM = -50
_GONE = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
_CANCELLED = hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR


class _Lane:
    """Packets on their way from one controller to another: those of one connection, one way."""

    def __init__(
        self,
        air: Air,
        sender: controller.Controller,
        connection: controller.Connection,
        target: AirController,
    ) -> None:
        self._air = air
        self._sender = sender
        self._connection = connection
        self.target = target
        self.waiting: deque[tuple[bytes, int]] = deque()
        self._timer: asyncio.Handle | None = None

    def send(self, data: bytes) -> None:
        self.waiting.append((data, max(1, -(-len(data) // PACKET_BYTES))))
        if self._timer is None:
            self._schedule()

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        interval_s = self._air.interval_s
        if interval_s:
            event = math.floor(loop.time() / interval_s + 1e-6) + 1
            self._timer = loop.call_at(event * interval_s, self._event)
        else:
            self._timer = loop.call_soon(self._event)

    def _event(self) -> None:
        self._timer = None
        source = self._connection.self_address
        left = PACKETS_PER_EVENT
        while self.waiting and left > 0:
            data, packets = self.waiting.popleft()
            left -= packets
            # Only now is it acknowledged: until then its sender counts it as under way.
            self._sender.send_hci_packet(
                hci.HCI_Number_Of_Completed_Packets_Event(
                    connection_handles=[self._connection.handle], num_completed_packets=[packets]
                )
            )
            if source in self.target.le_connections:
                self.target.on_link_acl_data(source, PhysicalTransport.LE, data)
        if self.waiting:
            self._schedule()


class Air(link.LocalLink):
    """All controllers hear each other. ``interval_s`` is every connection's; 0 has no timing."""

    def __init__(self, interval_s: float) -> None:
        super().__init__()
        self.interval_s = interval_s
        self._lanes: dict[tuple[hci.Address, hci.Address], _Lane] = {}
        self._stations: list[AirController] = []  # bumble's own set has no order

    def stations(self) -> list[AirController]:
        return list(self._stations)

    def add_controller(self, controller: controller.Controller) -> None:
        super().add_controller(controller)
        if isinstance(controller, AirController):
            self._stations.append(controller)

    # --- data

    def send_acl_data(
        self,
        sender_controller: controller.Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        connection = sender_controller.le_connections.get(destination_address)
        target = self.find_le_controller(destination_address)
        if connection is None or not isinstance(target, AirController):
            return
        key = (connection.self_address, destination_address)
        lane = self._lanes.get(key)
        if lane is None or lane.target is not target:
            lane = self._lanes[key] = _Lane(self, sender_controller, connection, target)
        lane.send(data)

    def waiting(self, source: hci.Address, target: hci.Address) -> int:
        """Packets that have not left ``source`` for ``target`` yet."""
        lane = self._lanes.get((source, target))
        return len(lane.waiting) if lane else 0

    def forget(self, connection: controller.Connection) -> None:
        """Nothing of an ended connection is delivered later."""
        lane = self._lanes.pop((connection.self_address, connection.peer_address), None)
        if lane is not None:
            lane.waiting.clear()

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        if self.find_le_controller(receiver_address) is not None:
            super().send_ll_control_pdu(sender_address, receiver_address, packet)

    # --- advertising

    def send_advertising_pdu(
        self, sender_controller: controller.Controller, packet: ll.AdvertisingPdu
    ) -> None:
        for station in self.stations():
            if station is not sender_controller:
                station.on_ll_advertising_pdu(packet)

    def advertiser(self, address: hci.Address) -> controller.LegacyAdvertiser | None:
        """Whoever advertises under ``address`` now."""
        for station in self.stations():
            advertiser = station.le_legacy_advertiser
            if advertiser.enabled and advertiser.address == address:
                return advertiser
        return None

    def heard(self, sender: controller.Controller) -> bool:
        """Whether anybody listens to advertisements of ``sender``."""
        return any(
            station.le_scan_enable or station.pending_le_connection is not None
            for station in self.stations()
            if station is not sender
        )

    def taken(self, address: hci.Address) -> bool:
        """Whether somebody is connected under ``address``: nobody else can be."""
        return any(
            connection.self_address == address
            for station in self._stations
            for connection in station.le_connections.values()
        )

    def listeners_changed(self) -> None:
        for station in self.stations():
            if isinstance(station.le_legacy_advertiser, _Advertiser):
                station.le_legacy_advertiser.schedule()

    def cut(self, station: AirController) -> None:
        """A controller has lost its power: nobody hears it any more."""
        station.le_legacy_advertiser.stop()
        for connection in list(station.le_connections.values()):
            peer = self.find_le_controller(connection.peer_address)
            if peer is not None:
                back = peer.le_connections.get(connection.self_address)
                if back is not None:
                    peer.on_le_disconnected(back, _GONE)
            if connection.peer_address in station.le_connections:
                station.on_le_disconnected(connection, _GONE)
        self.controllers.discard(station)
        if station in self._stations:
            self._stations.remove(station)


class _Advertiser(controller.LegacyAdvertiser):
    """Advertises at its interval; while nobody listens no time is spent on it."""

    origin_s = 0.0

    def start(self) -> None:
        self.stop()
        self.enabled = True
        self.origin_s = asyncio.get_running_loop().time()
        self.schedule()

    def schedule(self) -> None:
        air = self.controller.link
        if not self.enabled or self.timer_handle is not None or not isinstance(air, Air):
            return
        if air.heard(self.controller):
            loop = asyncio.get_running_loop()
            interval_s = max(0.02, self.advertising_interval_min * 0.000625)
            gone = math.floor((loop.time() - self.origin_s) / interval_s + 1e-6)
            self.timer_handle = loop.call_at(
                self.origin_s + (gone + 1) * interval_s, self._on_timer_fired
            )

    def _on_timer_fired(self) -> None:
        self.timer_handle = None
        self.send_advertising_data()
        self.schedule()


class AirController(controller.Controller):
    """A controller as a board or a phone has it: legacy advertising, 251-byte packets."""

    le_features = controller.Controller.le_features & ~(
        hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
    )
    le_acl_data_packet_length = PACKET_BYTES

    def __init__(
        self,
        name: str,
        air: Air,
        address: str,
        source: StreamPacketSource | None = None,
        sink: StreamPacketSink | None = None,
    ) -> None:
        super().__init__(
            name, host_source=source, host_sink=sink, link=air, public_address=address
        )
        self._air = air
        self.le_legacy_advertiser = _Advertiser(self)
        self._reported: set[tuple[bytes, int, bytes]] = set()

    # --- listening

    def on_hci_le_set_scan_enable_command(
        self, command: hci.HCI_LE_Set_Scan_Enable_Command
    ) -> hci.HCI_StatusReturnParameters:
        result = super().on_hci_le_set_scan_enable_command(command)
        self._reported.clear()
        self._air.listeners_changed()
        return result

    def on_hci_le_create_connection_command(
        self, command: hci.HCI_LE_Create_Connection_Command
    ) -> None:
        super().on_hci_le_create_connection_command(command)
        self._air.listeners_changed()

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        result = super().on_hci_le_create_connection_cancel_command(_command)
        pending, self.pending_le_connection = self.pending_le_connection, None
        if isinstance(pending, hci.HCI_LE_Create_Connection_Command):
            self.send_hci_packet(
                hci.HCI_LE_Connection_Complete_Event(
                    status=_CANCELLED,
                    connection_handle=0,
                    role=hci.Role.CENTRAL,
                    peer_address_type=pending.peer_address_type,
                    peer_address=pending.peer_address,
                    connection_interval=0,
                    peripheral_latency=0,
                    supervision_timeout=0,
                    central_clock_accuracy=0,
                )
            )
        return result

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        sender = pdu.advertiser_address
        advertiser = self._air.advertiser(sender)
        if self.le_scan_enable and advertiser is not None:
            kinds = hci.HCI_LE_Advertising_Report_Event.EventType
            self._report(kinds.ADV_IND, sender, pdu.data)
            if self.le_scan_type:
                self._report(kinds.SCAN_RSP, sender, advertiser.scan_response_data)
        pending = self.pending_le_connection
        if pending is None or pending.peer_address != sender or advertiser is None:
            return
        public = pending.own_address_type == hci.OwnAddressType.PUBLIC
        if not self._air.taken(self.public_address if public else self.random_address):
            self.create_le_connection(sender)

    def _report(self, kind: int, sender: hci.Address, data: bytes) -> None:
        known = (bytes(sender), kind, bytes(data))
        if self.filter_duplicates and known in self._reported:
            return
        self._reported.add(known)
        report = hci.HCI_LE_Advertising_Report_Event.Report(
            event_type=kind,
            address_type=sender.address_type,
            address=sender,
            data=data,
            rssi=_RSSI_DBM,
        )
        self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))

    # --- connections

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        connection = self.find_le_connection_by_handle(packet.connection_handle)
        if connection is not None:
            connection.assembler.feed_packet(packet)  # acknowledged when it has left

    def on_le_disconnected(self, connection: controller.Connection, reason: int) -> None:
        self._air.forget(connection)
        super().on_le_disconnected(connection, reason)


class HciPort(StreamPacketSource):
    """A central of another process: one TCP connection is one controller's HCI."""

    def __init__(self, air: Air, number: int) -> None:
        super().__init__()
        self._air = air
        self._number = number
        self._station: AirController | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._station = AirController(
            f"central {self._number}", self._air, NO_ADDRESS, self, StreamPacketSink(transport)
        )

    def connection_lost(self, exc: Exception | None) -> None:
        if self._station is not None:
            self._station.set_packet_sink(None)
            self._air.cut(self._station)
            self._station = None
