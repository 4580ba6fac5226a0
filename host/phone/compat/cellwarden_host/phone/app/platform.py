"""What the page lends to the app: clocks, waiting, a turn at the line, and the line itself."""

import asyncio

from page_time import monotonic as now_s
from page_time import sleep

from cellwarden_host.phone.app.lost import LINK_LOST
from cellwarden_host.problems import NoConnection


async def wait_for(result):
    """What a handler comes to, now or later."""
    if hasattr(result, "send"):
        return await result
    return result


class Turn:
    """One at a time may talk with the board, in the order of asking."""

    def __init__(self):
        self._lock = asyncio.Lock()

    async def take(self):
        await self._lock.acquire()

    def give(self):
        self._lock.release()


__all__ = ["Line", "Turn", "now_s", "sleep", "wait_for"]


class Line:
    """The transport of the Modbus client over the page's ``bridge.write(hex)``, a promise."""

    modbus_port = 3
    reply_ms = 6000  # as long as a link may be silent before the radios give it up
    retries = 0
    baud = 0

    def __init__(self, name, bridge):
        self.port = name
        self._bridge = bridge
        self._come = bytearray()
        self._event = asyncio.Event()
        self._open = True
        self._heard = False

    def put(self, hex_text):
        """Bytes have come in."""
        self._heard = True
        self._come += bytes.fromhex(hex_text)
        self._event.set()

    def lost(self):
        self._open = False
        self._event.set()

    def distrust(self):
        """A reply may still come that nobody waits for: end the link, and it with it. Not of a
        board that has never answered: it has another device number."""
        if self._heard:
            self._open = False
            self._bridge.give_up()

    def discard(self):
        self._come = bytearray()

    async def write(self, data):
        self._check()
        try:
            await self._bridge.write(data.hex())
        except Exception:
            self._open = False
            self._check()

    async def read(self, most, timeout_ms):
        """Up to ``most`` bytes; fewer only when the time is over."""
        end_s = now_s() + timeout_ms / 1000
        while len(self._come) < most:
            self._check()
            left_s = end_s - now_s()
            if left_s <= 0:
                break
            self._event.clear()
            try:
                await asyncio.wait_for(self._event.wait(), left_s)
            except asyncio.TimeoutError:  # noqa: UP041 (MicroPython has no other)
                break
        self._check()
        data = bytes(self._come[:most])
        self._come = self._come[most:]
        return data

    def set_baud(self, baud):
        pass

    def _check(self):
        if not self._open:
            raise NoConnection(LINK_LOST)
