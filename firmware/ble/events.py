"""What the Bluetooth stack reports: an interrupt handler that only queues small numbers.

It puts them into memory that was there before, and whoever steps takes them out. Nothing is
decided here but what the stack wants to know at once: the secrets of paired phones.

Event numbers and their fields are those of MicroPython's documentation (library/bluetooth); the
handler runs from the scheduler (rp2) or in the stack's own thread (esp32), so there is one
writer and one reader, each with an index of its own.
"""

from array import array

CONNECT = 1
DISCONNECT = 2
MTU = 21
ENCRYPTION = 28
PASSKEY = 31
_WRITE = 3
_LEFT = 8  # what BTstack calls the end of a link that it knows nothing more of
_GET_SECRET = 29
_SET_SECRET = 30

_KEY_BYTES = 16  # a shorter key is offered by who wants to guess it
_DEPTH = 32  # events; a link makes a few of them a second
_SPARE = 4  # places for its end and the next one's beginning, which nobody may miss


class Events:
    """``take`` is true while there was one: ``event``, ``connection`` and ``value`` tell it."""

    def __init__(self, bonds):
        self._bonds = bonds
        self._ring = array("H", bytes(6 * _DEPTH))
        self._put = 0
        self._got = 0
        self.written = False  # bytes wait in the request's value
        self.lost = False  # more came than there was room for, or came from somebody else
        self.missed = -1  # a link whose beginning was lost
        self.mine = -1  # the link that may write; told by who steps
        self.connects = 0  # links that ever began; the number of each is its event's value
        self.event = 0
        self.connection = 0
        self.value = 0  # MTU, passkey action, or 1 encrypted | 2 as it must be
        self.handler = self._handle  # bound once: binding allocates

    def take(self):
        """The oldest event; false when there is none."""
        at = self._got
        if at == self._put:
            return False
        ring = self._ring
        self.event = ring[3 * at]
        self.connection = ring[3 * at + 1]
        self.value = ring[3 * at + 2]
        self._got = (at + 1) % _DEPTH
        return True

    def _handle(self, event, data):
        if event == _WRITE:
            if data[0] == self.mine:
                self.written = True
            elif self.mine >= 0:  # two write into one value: nobody can tell them apart
                self.lost = True
        elif event == CONNECT:
            self.connects = self.connects + 1 & 0xFFFF
            if not self._queue(CONNECT, data[0], self.connects):
                self.missed = data[0]
        elif event == DISCONNECT or event == _LEFT:
            self._queue(DISCONNECT, data[0], 0)
        elif event == MTU or event == PASSKEY:
            self._queue(event, data[0], data[1])
        elif event == ENCRYPTION:
            secure = data[2] and data[4] == _KEY_BYTES
            self._queue(event, data[0], (1 if data[1] else 0) | (2 if secure else 0))
        elif event == _GET_SECRET:
            return self._bonds.get(data[0], data[1], data[2])
        elif event == _SET_SECRET:
            return self._bonds.put(data[0], data[1], data[2])
        return None

    def _queue(self, event, connection, value):
        at = self._put
        following = (at + 1) % _DEPTH
        room = (self._got - following) % _DEPTH
        if room < _SPARE and event > DISCONNECT or not room:
            self.lost = True
            return False
        ring = self._ring
        ring[3 * at] = event
        ring[3 * at + 1] = connection
        ring[3 * at + 2] = value
        self._put = following
        return True
