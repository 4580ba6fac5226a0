"""A central for the simulated radio: what a phone does, as plain calls for tests and tools.

Three ways to reach the air, by what the constructor is given:

- ``RadioCentral(port)``: the HCI port of a simulator anywhere on this machine (key ``radio`` of
  its ready file). It has a thread of its own; timeouts are real time.
- ``RadioCentral(board)`` with a stepped SimBoard: everything is in this process and the test owns
  time. A call lets the board run, a millisecond at a time, only for as long as the answer needs,
  so runs are repeatable; between calls nothing moves but by ``board.advance``. Timeouts are the
  board's time.
- ``RadioCentral(board)`` with a board that runs on its own thread: as the first, without a port.

    with RadioCentral(board) as phone:
        phone.connect("Cellwarden-1A2B")
        phone.pair(123456)
        phone.subscribe(REPLY)
        phone.write(REQUEST, frame)
        answer = phone.wait(REPLY)

Bonds live in ``phone.bonds``; hand them to the next central to be the same phone again. Two
centrals need different addresses, which they have unless they are given the same.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bumble import att, core, device, gatt_client, hci, host, keys, pairing
from bumble.transport import open_transport

from ..problems import Problem
from . import radio_sight
from .board import SimBoard
from .radio_pairing import Passkey
from .radio_sight import Seen

_T = TypeVar("_T")
TIMEOUT_S = 10.0
MTU = 247
_PATIENCE_S = 20.0  # of real time, with a board whose time stands still
_STEP_MS = 1


class CentralError(Problem):
    """What did not work; ``code`` is the error of ATT or pairing, or None."""

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.code = code


class _Keyboard(pairing.PairingDelegate):
    """A person who types ``passkey``; without one there is neither keyboard nor display."""

    def __init__(self, passkey: int | None) -> None:
        kinds = pairing.PairingDelegate.IoCapability
        super().__init__(
            kinds.NO_OUTPUT_NO_INPUT if passkey is None else kinds.KEYBOARD_INPUT_ONLY
        )
        self._passkey = passkey

    async def get_number(self) -> int | None:
        return None if self._passkey is None else Passkey(self._passkey)


class RadioCentral:
    """One phone. All calls block until they are done; see the module's text."""

    def __init__(
        self,
        reach: int | SimBoard,
        *,
        address: str | None = None,
        bonds: keys.KeyStore | None = None,
    ) -> None:
        self.address = address or _static_address()
        self.bonds = bonds or keys.MemoryKeyStore()
        self.disconnect_reason: int | None = None
        self._passkey: int | None = None
        self._secure_connections = True
        self._peer: device.Peer | None = None
        self._connection: device.Connection | None = None
        self._received: defaultdict[str, deque[bytes]] = defaultdict(deque)
        self._transport: Any = None
        self._thread: threading.Thread | None = None
        self._board = reach if isinstance(reach, SimBoard) else None
        self._loop = self._find_loop()
        try:
            self._device = self._run(self._switch_on(reach))
        except BaseException:
            self.close()
            raise

    # --- how a call gets done

    def _find_loop(self) -> asyncio.AbstractEventLoop:
        if self._board is not None:
            radio = self._board.radio
            if radio is None:
                raise CentralError("this board has no radio")
            loop: asyncio.AbstractEventLoop = self._board.call(lambda: radio.loop)
            return loop
        own = asyncio.new_event_loop()
        self._thread = threading.Thread(target=own.run_forever, name="central", daemon=True)
        self._thread.start()
        return own

    def _run(self, coroutine: Coroutine[Any, Any, _T], timeout_s: float = TIMEOUT_S) -> _T:
        limited = asyncio.wait_for(coroutine, timeout_s)
        try:
            if self._board is not None and not self._board.threaded:
                return self._step(limited)
            future = asyncio.run_coroutine_threadsafe(limited, self._loop)
            return future.result(timeout_s + _PATIENCE_S)
        except TimeoutError:
            raise CentralError(f"no answer within {timeout_s:g} s") from None
        except OSError as error:
            raise CentralError(f"no simulated radio there: {error}") from error
        except core.ProtocolError as error:
            raise CentralError(f"refused: {error.error_name}", error.error_code) from error
        except (core.BaseBumbleError, hci.HCI_Error, asyncio.CancelledError) as error:
            raise CentralError(f"the connection failed: {error!r}") from error

    def _step(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        board = self._board
        assert board is not None and board.radio is not None
        task = self._loop.create_task(coroutine)
        board.radio.pump()
        while not task.done():
            board.advance(_STEP_MS)
        return task.result()

    async def _switch_on(self, reach: int | SimBoard) -> device.Device:
        if isinstance(reach, SimBoard):
            from .radio_air import NO_ADDRESS, AirController

            assert reach.radio is not None
            self._station = AirController("central", reach.radio.air, NO_ADDRESS)
            ours = host.Host(self._station, self._station)
        else:
            self._transport = await open_transport(f"tcp-client:127.0.0.1:{reach}")
            ours = host.Host(self._transport.source, self._transport.sink)
        config = device.DeviceConfiguration(
            name="central", address=hci.Address(self.address), irk=secrets.token_bytes(16)
        )
        made = device.Device(config=config, host=ours)
        made.keystore = self.bonds
        made.pairing_config_factory = lambda _connection: pairing.PairingConfig(
            sc=self._secure_connections,
            mitm=self._passkey is not None,
            bonding=True,
            delegate=_Keyboard(self._passkey),
            identity_address_type=pairing.PairingConfig.AddressType.RANDOM,
        )
        await made.power_on()
        return made

    # --- looking around

    def scan(self, time_s: float = 1.0) -> list[Seen]:
        """Who advertises within ``time_s``."""
        return list(self._run(self._scan(time_s, None), time_s + TIMEOUT_S).values())

    async def _scan(self, time_s: float, wanted: str | None) -> dict[str, Seen]:
        found: dict[str, Seen] = {}
        hit = asyncio.Event()

        def heard(advertisement: device.Advertisement) -> None:
            seen = radio_sight.seen(advertisement)
            found[seen.address] = seen
            if wanted is not None and seen.fits(wanted):
                hit.set()

        self._device.on(device.Device.EVENT_ADVERTISEMENT, heard)
        try:
            await self._device.start_scanning(active=True)
            await asyncio.wait_for(hit.wait(), time_s)
        except TimeoutError:
            pass
        finally:
            self._device.remove_listener(device.Device.EVENT_ADVERTISEMENT, heard)
            await self._device.stop_scanning()
        return found

    # --- connections

    def connect(self, wanted: str, timeout_s: float = TIMEOUT_S, mtu: int = MTU) -> None:
        """Connect to a name or an address, agree on the MTU, find the services."""
        self._run(self._connect(wanted, timeout_s, mtu), 2 * timeout_s + 1)

    async def _connect(self, wanted: str, timeout_s: float, mtu: int) -> None:
        found = await self._scan(timeout_s, wanted)
        chosen = [seen for seen in found.values() if seen.fits(wanted)]
        if not chosen:
            raise CentralError(f"nobody called {wanted} is in sight")
        self._connection = connection = await self._device.connect(
            hci.Address(chosen[-1].address), timeout=timeout_s
        )
        self.disconnect_reason = None
        self._received.clear()
        connection.on(connection.EVENT_DISCONNECTION, self._disconnected)
        self._peer = device.Peer(connection)
        if mtu > att.ATT_DEFAULT_MTU:
            await self._peer.request_mtu(mtu)
        await self._peer.discover_all()

    def _disconnected(self, reason: int) -> None:
        self.disconnect_reason = int(reason)
        self._connection = None

    @property
    def connected(self) -> bool:
        return self._connection is not None

    @property
    def encrypted(self) -> bool:
        return self._connection is not None and bool(self._connection.is_encrypted)

    @property
    def mtu(self) -> int:
        return self._open.att_mtu

    @property
    def _open(self) -> device.Connection:
        if self._connection is None:
            raise CentralError("not connected")
        return self._connection

    def pair(
        self, passkey: int | None, *, secure: bool = True, timeout_s: float = TIMEOUT_S
    ) -> None:
        """Pair with what the board shows; None is a phone that cannot type (just works)."""
        self._passkey, self._secure_connections = passkey, secure
        self._run(self._open.pair(), timeout_s)

    def encrypt(self) -> None:
        """Encrypt with the keys of an earlier pairing."""
        self._run(self._open.encrypt())

    def disconnect(self) -> None:
        if self._connection is not None:
            self._run(self._connection.disconnect())

    # --- attributes

    def uuids(self) -> list[str]:
        """Characteristics that were found."""
        if self._peer is None:
            return []
        return [
            radio_sight.text(one.uuid)
            for service in self._peer.services
            for one in service.characteristics
        ]

    def services(self) -> dict[str, dict[str, int]]:
        """{service: {characteristic: its property bits}}, as found at the last connect."""
        services = [] if self._peer is None else self._peer.services
        return {
            radio_sight.text(service.uuid): {
                radio_sight.text(one.uuid): int(one.properties) for one in service.characteristics
            }
            for service in services
        }

    def _find(self, uuid: str) -> gatt_client.CharacteristicProxy[bytes]:
        self._open  # noqa: B018 - says so when nobody is connected
        assert self._peer is not None
        found = self._peer.get_characteristics_by_uuid(core.UUID(uuid))
        if not found:
            raise CentralError(f"no characteristic {uuid}")
        return found[0]

    def read(self, uuid: str) -> bytes:
        return self._run(self._find(uuid).read_value())

    def write(self, uuid: str, data: bytes, response: bool = True) -> None:
        self._run(self._find(uuid).write_value(data, with_response=response))

    def subscribe(self, uuid: str, heard: Callable[[bytes], None] | None = None) -> None:
        """Have notifications; they pile up until ``take`` or ``wait``, or go to ``heard``."""
        take = heard or self._received[radio_sight.text(core.UUID(uuid))].append
        self._run(self._find(uuid).subscribe(lambda value: take(bytes(value))))

    def take(self, uuid: str) -> list[bytes]:
        """Notifications since the last look."""
        pile = self._received[radio_sight.text(core.UUID(uuid))]
        return [pile.popleft() for _ in range(len(pile))]

    def wait(self, uuid: str, timeout_s: float = TIMEOUT_S) -> bytes:
        """The next notification."""
        pile = self._received[radio_sight.text(core.UUID(uuid))]

        async def come() -> bytes:
            while not pile:
                await asyncio.sleep(0.001)
            return pile.popleft()

        return self._run(come(), timeout_s)

    def send_raw(self, channel: int, data: bytes) -> None:
        """Bytes as they are to an L2CAP channel: 4 is ATT, 6 pairing."""

        async def send() -> None:
            self._open.send_l2cap_pdu(channel, data)

        self._run(send())

    # --- the end

    def vanish(self) -> None:
        """Out of range, or its battery is empty: gone without a word."""
        self._run(self._vanish())
        self._connection = None

    async def _vanish(self) -> None:
        if self._board is not None and self._board.radio is not None:
            self._board.radio.air.cut(self._station)
        elif self._transport is not None:
            await self._transport.close()
            self._transport = None
            if self._connection is not None:
                # Nobody is left to tell that the link has timed out; what waits for it ends.
                timed_out = hci.HCI_CONNECTION_TIMEOUT_ERROR
                self._connection.emit(self._connection.EVENT_DISCONNECTION, timed_out)

    def close(self) -> None:
        """Disconnect and free everything. Harmless when repeated."""
        if self._loop.is_closed():
            return
        self._run(self._vanish())
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def __enter__(self) -> RadioCentral:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _static_address() -> str:
    first, *rest = secrets.token_bytes(6)
    return ":".join("%02X" % byte for byte in (first | 0xC0, *rest))
