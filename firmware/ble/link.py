"""Modbus RTU over GATT: the bytes of requests in, of replies out, whatever the packets' size.

The very same server and register map as on RS485. One request at a time: what comes while a
reply goes out is dropped and counted. Each step does a bounded piece of work and never waits: 64
bytes are judged, or one notification is handed to the stack. Reading the request's value makes
new bytes, which is all that MicroPython's ``gatts_read`` offers; so that a flood cannot fill the
heap between two collections, no more is read than a budget allows, and the stack cuts off what
does not fit into its buffer meanwhile.

It must never be fed before the link is encrypted and authenticated.
"""

from cellwarden.access import PORT_BLUETOOTH
from cellwarden.ticks import elapsed_ms
from firmware.ports import BUSY_MS, REST_MS
from modbus_rtu.server import Server

# Pieces of a frame come a connection interval or more apart.
_GAP_MS = 1_000
_SETTLE_MS = 500
_PIECE = 64
_REPLY_MS = 2_000  # a reply that is not out by then is dropped, and so is the link
_MOST_DROPPED = 32_000
_BUDGET = 2_560


class Link:
    """``handles`` are those of the request and the reply."""

    def __init__(self, ble, register_map, request, reply):
        self.server = Server(register_map, 1, PORT_BLUETOOTH, _GAP_MS, _SETTLE_MS)
        self._tx = memoryview(self.server.tx)
        self._ble = ble
        self._request = request
        self._reply = reply
        self._came = b""  # what is being judged
        self._at = 0
        self._sent = 0
        self.sending = 0  # bytes of the reply that goes out
        self._since_ms = 0  # when the reply was ready
        self.asked_ms = 0  # when the newest request came
        self.dropped = 0  # bytes
        self._budget = _BUDGET

    def reset(self, now_ms):
        """Another link, or none: nothing of what came before counts."""
        self._drop(self._read())
        self._came = b""
        self._at = self._sent = self.sending = 0
        self.server.clear()
        self.asked_ms = now_ms

    def allow(self):
        """Time has passed: as much as the budget may be read again."""
        self._budget = _BUDGET

    def ignore(self, events):
        """Drop what came; nobody who may ask has written it, or not now."""
        if events.written and self._budget > 0:
            events.written = False
            self._drop(self._read())

    def step(self, now_ms, events, connection, size):
        """Do one piece of work; milliseconds until the next is wanted, -1 when it is stuck.

        ``size`` is the most that one notification carries.
        """
        if self.sending:
            self.ignore(events)
            return self._send(now_ms, connection, size)
        if self._at < len(self._came):
            piece = memoryview(self._came)[self._at : self._at + _PIECE]
            self._at += len(piece)
            length = self.server.feed(piece, len(piece), now_ms)
        elif events.written and self._budget > 0:
            events.written = False
            self._came = self._read()
            self._at = 0
            return BUSY_MS
        else:
            length = self.server.poll(now_ms)
        if length:
            self.sending = length
            self._sent = 0
            self._since_ms = self.asked_ms = now_ms
            self._drop(memoryview(self._came)[self._at :])
            self._came = b""
            self._at = 0
            return BUSY_MS
        return BUSY_MS if self._came else REST_MS

    def _send(self, now_ms, connection, size):
        begin = self._sent
        end = min(begin + size, self.sending)
        try:
            self._ble.gatts_notify(connection, self._reply, self._tx[begin:end])
        except OSError:  # its queue is full
            if elapsed_ms(now_ms, self._since_ms) < _REPLY_MS:
                return BUSY_MS
            self._drop(self._tx[begin : self.sending])
            self.sending = 0
            return -1
        self._sent = end
        if end == self.sending:
            self.sending = 0
        return BUSY_MS

    def _read(self):
        came = self._ble.gatts_read(self._request)
        self._budget -= len(came)
        return came

    def _drop(self, data):
        self.dropped = min(self.dropped + len(data), _MOST_DROPPED)
