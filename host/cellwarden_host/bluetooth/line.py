"""A board over Bluetooth as the Modbus client's transport, in place of a serial port.

It has the interface of ``link.Line``. A link that is lost raises ``NoConnection`` at once, in the
middle of waiting as well, and is not built up again behind anybody's back: the board has ended
the session and dropped a half-made transaction with the link. ``reopen`` is for who expects a
restart.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any

from bleak import BleakClient
from bleak.exc import BleakError

from cellwarden.access import PORT_BLUETOOTH

from ..problems import BadInput, NoConnection, Problem, Refused
from ..words import listed, say
from . import gatt, loop, radio, trouble
from .place import Access, wanted

FIND_S = 10.0
# Long enough that whoever is in sight has called out.
LOOK_S = 4.0
# The system may ask a person for the passkey meanwhile.
_SECURE_S = 90.0
_WRITE_S = 5.0
_CLOSE_S = 5.0


class BleLine:
    """A connected, encrypted board; ``write``, ``read`` and ``discard`` are the transport."""

    modbus_port = PORT_BLUETOOTH
    # As long as a link may be silent before the radios give it up: a reply is late, never lost.
    reply_ms = 6000
    retries = 0
    baud = 0

    def __init__(self, port: str, access: Access) -> None:
        self.port = port
        self._access = access
        self._bytes = bytearray()
        self._news = threading.Condition()
        self._client: BleakClient | None = None
        self._ended = False  # by the other side; what we hold of it is still to be closed
        self._chunk = 20
        self._connect()

    def __enter__(self) -> BleLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def reopen(self) -> None:
        """Find and connect anew: the board has restarted. Sessions do not come back."""
        self.close()
        self._connect()

    def close(self) -> None:
        client, self._client = self._client, None
        self._ended = True
        if client is None:
            return
        try:
            loop.run(client.disconnect(), _CLOSE_S)
        except Exception:
            pass  # it has gone already

    def distrust(self) -> None:
        """A reply may still come that nobody waits for: end the link, and it with it."""
        self.close()

    def write(self, data: bytes) -> None:
        """Send all of it, in pieces that the link takes."""
        client = self._connected()
        try:
            loop.run(self._send(client, data), _WRITE_S)
        except Exception as error:
            raise self._lost(error) from error

    # Over the air there is no silence to keep between frames.
    put = write

    def read(self, max_bytes: int, timeout_ms: int) -> bytes:
        """Up to ``max_bytes``; fewer, or none, only once ``timeout_ms`` are over."""
        deadline = time.monotonic() + timeout_ms / 1000
        with self._news:
            while len(self._bytes) < max_bytes:
                left = deadline - time.monotonic()
                if self._ended:
                    raise trouble.lost(self.port)
                if left <= 0:
                    break
                self._news.wait(left)
            return self._taken(max_bytes)

    def take(self, timeout_ms: int) -> bytes:
        """What has come in, after ``timeout_ms`` at the latest."""
        first = self.read(1, timeout_ms)
        with self._news:
            return first + self._taken(len(self._bytes))

    def discard(self) -> None:
        self._connected()
        with self._news:
            self._bytes.clear()

    def set_baud(self, baud: int) -> None:
        raise Refused(say("Bluetooth has no line rate; what needs one works over RS485"))

    # --- inside

    def _connect(self) -> None:
        """A link that breaks while it is being made is made once more: radio is like that."""
        seen = _found(self.port, self._access)
        try:
            self._open(seen)
        except BleakError as error:
            if trouble.is_lasting(error):
                raise trouble.problem(error) from error
            try:
                self._open(seen)
            except BleakError as again:
                raise trouble.problem(again) from again

    def _open(self, seen: radio.Seen) -> None:
        with self._news:
            self._bytes.clear()
        client = seen.radio.client(seen.device, self._gone)
        self._client, self._ended = client, False
        try:
            loop.run(client.connect(), radio.CONNECT_S + 5)
            self._check(client)
            self._secure(client, seen.radio.simulated)
            loop.run(client.start_notify(gatt.REPLY, self._came), _WRITE_S)
            request = client.services.get_characteristic(gatt.REQUEST)
            assert request is not None  # checked above
            self._chunk = max(20, min(gatt.CHUNK, request.max_write_without_response_size))
        except BaseException as error:
            self.close()
            if isinstance(error, (Problem, BleakError)) or not isinstance(error, Exception):
                raise
            raise trouble.problem(error) from error

    def _check(self, client: BleakClient) -> None:
        if client.services.get_characteristic(gatt.REQUEST) is None:
            raise NoConnection(
                say(
                    "this board's radio cannot pair securely, so it tells its charge and nothing "
                    "else over Bluetooth; use RS485"
                )
            )

    def _secure(self, client: BleakClient, simulated: bool) -> None:
        """Reading what only a paired central may read makes a real system pair."""
        try:
            loop.run(client.read_gatt_char(gatt.SUMMARY), _SECURE_S)
            return
        except Exception as error:
            if not trouble.wants_pairing(error):
                raise
            if not simulated:
                raise NoConnection(trouble.how_to_pair()) from error
        passkey = self._access.passkey()
        if passkey is None:
            raise trouble.needs_passkey()
        try:
            loop.run(client.pair(passkey=passkey), _SECURE_S)
            loop.run(client.read_gatt_char(gatt.SUMMARY), _WRITE_S)
        except Exception as error:
            if trouble.wants_pairing(error):
                raise trouble.wrong_passkey() from error
            raise

    async def _send(self, client: BleakClient, data: bytes) -> None:
        for at in range(0, len(data), self._chunk):
            piece = data[at : at + self._chunk]
            await client.write_gatt_char(gatt.REQUEST, piece, response=False)

    def _connected(self) -> BleakClient:
        client = self._client
        if client is None or self._ended or not client.is_connected:
            raise trouble.lost(self.port)
        return client

    def _lost(self, error: Exception) -> NoConnection:
        client = self._client
        if isinstance(error, TimeoutError) or client is None or not client.is_connected:
            self.close()
            return trouble.lost(self.port)
        return trouble.problem(error)

    def _taken(self, most: int) -> bytes:
        data = bytes(self._bytes[:most])
        del self._bytes[:most]
        return data

    # --- on the loop's thread

    def _came(self, _characteristic: Any, data: bytearray) -> None:
        with self._news:
            self._bytes += data
            self._news.notify_all()

    def _gone(self, client: BleakClient) -> None:
        with self._news:
            if self._client is client:
                self._ended = True
            self._news.notify_all()


def boards_in_sight(access: Access, seconds: float) -> list[radio.Seen]:
    """All boards that call out within ``seconds``."""
    return _scanned(access, seconds, None)


def _scanned(access: Access, seconds: float, name: str | None) -> list[radio.Seen]:
    try:
        return loop.run(radio.scan(access, seconds, name), seconds + 10)
    except Exception as error:
        raise trouble.problem(error) from error


def _found(port: str, access: Access) -> radio.Seen:
    """The one board that ``port`` means."""
    name = wanted(port)
    if not name:
        return _only_one(boards_in_sight(access, LOOK_S))
    found = _scanned(access, FIND_S, name)
    for seen in found:
        if seen.is_called(name):
            return seen
    others = listed([_called(seen) for seen in found]) if found else say("no other one either")
    raise NoConnection(
        say(
            "no board {name} is in sight ({others}). Is it awake, within some metres, its "
            "Bluetooth on, and no other phone connected to it?",
            name=name,
            others=others,
        )
    )


def _only_one(found: list[radio.Seen]) -> radio.Seen:
    if not found:
        raise NoConnection(
            say(
                "no board is in sight. Is it awake, within some metres, its Bluetooth on, and no "
                "other phone connected to it?"
            )
        )
    if len(found) > 1:
        raise BadInput(
            say(
                "several boards are in sight: {boards}. Say which: {port}",
                boards=listed([_called(seen) for seen in found]),
                port=found[0].port,
            )
        )
    return found[0]


def _called(seen: radio.Seen) -> str:
    return f"{seen.name or '?'} ({seen.address})"
