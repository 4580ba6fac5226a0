"""A board on the air for tests of the host: ``CliBoard`` with a bumble peripheral before its core.

The peripheral has the GATT of docs/bluetooth.md and the real core's Modbus server as port 3; its
virtual link is reached as a simulator's is, by an HCI port that a ready file names.
"""

import asyncio
import json
import socket
import threading

from bumble import hci, host, pairing
from bumble.core import UUID, AdvertisingData
from bumble.device import Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from cli_board import CliBoard

from cellwarden.access import PORT_BLUETOOTH
from cellwarden_host.bluetooth import gatt
from cellwarden_host.ready_file import KEYS
from cellwarden_host.sim import radio_air
from modbus_rtu.server import Server

NAME = "Cellwarden-1A2B"
ADDRESS = "F0:F1:F2:F3:F4:F5"
PASSKEY = 123456
_WRITE = (
    Characteristic.WRITEABLE
    | Characteristic.WRITE_REQUIRES_ENCRYPTION
    | Characteristic.WRITE_REQUIRES_AUTHENTICATION
)
_READ = (
    Characteristic.READABLE
    | Characteristic.READ_REQUIRES_ENCRYPTION
    | Characteristic.READ_REQUIRES_AUTHENTICATION
)


class Air:
    """The simulator's air on a thread of its own, and the HCI port by which centrals come in."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.air = radio_air.Air(0)
        self._ports = []
        self._server = self.run(self.loop.create_server(self._port, "127.0.0.1", 0))
        self.hci_port = self._server.sockets[0].getsockname()[1]

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def _port(self):
        self._ports.append(radio_air.HciPort(self.air, len(self._ports) + 1))
        return self._ports[-1]

    def hang_up(self):
        """As when the simulator ends: every central's HCI goes."""

        async def end():
            self._server.close()
            for station in self.air.stations():
                if hasattr(station.hci_sink, "close"):
                    station.hci_sink.close()

        self.run(end())

    def close(self):
        self.hang_up()

        async def end():
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.run(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)


class BleBoard(CliBoard):
    """A CliBoard with a radio; ``drop_after`` requests the link is cut in place of a reply."""

    def __init__(self, air, folder, name=NAME, address=ADDRESS, secure=True, **setup):
        super().__init__(**setup)
        self.air = air
        self.name = name
        self.passkey = PASSKEY
        self.secure = secure
        self.requests = 0
        self.chunks = []  # the newest writes
        self.drop_after = None
        self.drop_links = 0  # so many connections end as soon as they are there
        self.silent = False
        self.ble_server = Server(self.map, 1, PORT_BLUETOOTH, gap_ms=1000)
        self._control = socket.create_server(("127.0.0.1", 0))
        self.ready_file = folder / "sim.json"
        ports = dict.fromkeys(KEYS, self.port) | {
            "control": self._control.getsockname()[1],
            "radio": air.hci_port,
        }
        self.ready_file.write_text(json.dumps(ports))
        self._address = address
        self._connection = None
        air.run(self._switch_on())

    async def _switch_on(self):
        station = radio_air.AirController("board", self.air.air, radio_air.NO_ADDRESS)
        config = DeviceConfiguration(name=self.name, address=hci.Address(self._address))
        self.device = Device(config=config, host=host.Host(station, station))
        self.device.pairing_config_factory = lambda _: pairing.PairingConfig(
            sc=True, mitm=True, bonding=True, delegate=_Display(self)
        )
        self.device.add_services(self._services())
        self.device.on("connection", self._connected)
        await self.device.power_on()
        await self._advertise()

    async def _advertise(self):
        await self.device.start_advertising(
            advertising_data=bytes(
                AdvertisingData(
                    [
                        (AdvertisingData.FLAGS, b"\x06"),
                        (
                            AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
                            bytes(UUID(gatt.SERVICE)),
                        ),
                    ]
                )
            ),
            scan_response_data=bytes(
                AdvertisingData([(AdvertisingData.COMPLETE_LOCAL_NAME, self.name.encode())])
            ),
            advertising_interval_min=20,
            advertising_interval_max=20,
            auto_restart=True,
        )

    def _services(self):
        properties = Characteristic.Properties
        uuid = UUID.from_16_bits(0x2A19)
        level = Characteristic(uuid, properties.READ, Characteristic.READABLE, b"c")
        battery = Service(UUID.from_16_bits(0x180F), [level])
        if not self.secure:
            return [battery]
        request = Characteristic(
            gatt.REQUEST,
            properties.WRITE | properties.WRITE_WITHOUT_RESPONSE,
            _WRITE,
            CharacteristicValue(write=self._asked),
        )
        self._reply_to = Characteristic(gatt.REPLY, properties.NOTIFY, 0)
        summary = Characteristic(
            gatt.SUMMARY,
            properties.READ | properties.NOTIFY,
            _READ,
            bytes(20),
        )
        return [Service(gatt.SERVICE, [request, self._reply_to, summary]), battery]

    def _connected(self, connection):
        self._connection = connection
        connection.on("disconnection", lambda _: self._left())
        if self.drop_links:
            self.drop_links -= 1
            self.air.loop.create_task(connection.disconnect())

    def _left(self):
        """As the firmware: no session and no half-made transaction outlive the link."""
        self._connection = None
        with self.lock:
            self.desk.controller.access.logout(PORT_BLUETOOTH)
            self.ble_server = Server(self.map, 1, PORT_BLUETOOTH, gap_ms=1000)

    def _asked(self, connection, data):
        self.chunks = [*self.chunks[-20:], bytes(data)]
        with self.lock:
            # Under a new address the next request counts already, as in firmware/tasks.py.
            self.ble_server.address = self.setting("device_address")
            length = self.ble_server.feed(bytearray(data), len(data), self.desk.now_ms)
            reply = bytes(self.ble_server.tx[:length])
        if not reply:
            return
        self.requests += 1
        if self.drop_after is not None and self.requests > self.drop_after:
            self.drop_after = None
            self.air.loop.create_task(connection.disconnect())
        elif not self.silent:
            self.air.loop.create_task(self._tell(connection, reply))

    async def _tell(self, connection, reply):
        room = connection.att_mtu - 3
        for at in range(0, len(reply), room):
            await self.device.notify_subscriber(connection, self._reply_to, reply[at : at + room])

    def leave_air(self):
        """The connection ends and nobody sees the board any more."""

        async def go():
            await self.device.stop_advertising()
            if self._connection is not None:
                await self._connection.disconnect()

        self.air.run(go())

    def forget_bonds(self):
        async def forget():
            await self.device.keystore.delete_all()

        self.air.run(forget())

    def unplug(self):
        self._control.close()
        super().unplug()


class _Display(pairing.PairingDelegate):
    def __init__(self, board):
        super().__init__(pairing.PairingDelegate.IoCapability.DISPLAY_OUTPUT_ONLY)
        self._board = board

    async def generate_passkey(self):
        return self._board.passkey
