"""Who may connect: the passkey, how often it was got wrong, and the keys of paired phones.

The stack hands its secrets over in an interrupt, as bytes that only it understands, each under a
type and a key (MicroPython's ``_IRQ_SET_SECRET``; NimBLE's are 80 bytes under the phone's
address, and its own identity key). They go into memory that was there before. What comes before
a phone has shown that it knows the passkey is on trial: it never takes the place of a phone that
did, and is gone with the connection.

Passkey entry of LE Secure Connections (Bluetooth Core Specification, volume 3, part H) is checked
bit by bit, with nonces and commitments in clear: whoever listens to a pairing knows its passkey
afterwards, and a wrong try tells all bits up to the wrong one. So a passkey is good for one phone
or two wrong tries, and wrong ones in a row lock, across restarts too.
"""

from cellwarden.access import lock_ms
from cellwarden.ticks import MASK, elapsed_ms

MOST = 4  # phones
_SLOTS = 2 * MOST + 3  # two secrets each, two on trial, our own identity
_KEY = 16
_VALUE = 112
_HEAD = 4  # state, type, length of key, length of value
_SLOT = _HEAD + _KEY + _VALUE
# States; hidden: kept, but not told, until who is on trial in its place has passed or is gone.
_FREE = 0
_HIDDEN = 1
_KEPT = 2
_TRIAL = 3
_OUR_IDENTITY = 10
_TAIL = 3
_VERSION = 1
_TRIES = 2  # wrong ones of a passkey


class Bonds:
    """``changed``: something must be stored; whoever stores it clears this."""

    def __init__(self, random_bytes):
        self._random = random_bytes
        self._data = bytearray(_SLOTS * _SLOT)
        self._view = memoryview(self._data)
        self._values = [None] * _SLOTS  # type: list  # what the stack is given
        self._age = bytearray(_SLOTS)  # higher is younger
        self._stale = False  # _values has to be made anew, outside the interrupt
        self._on_trial = False
        self.passkey = 0
        self.phones = 0  # that are paired
        self.failures = 0  # wrong pairings in a row
        self._tries = 0  # wrong ones since the passkey was made
        self.changed = False
        self._lock_ms = 0
        self._locked_ms = 0

    # --- asked by the stack, in its interrupt

    def get(self, kind, index, key):
        """A secret of this type: by its key, or the ``index``-th of them without one."""
        data = self._data
        for slot in range(_SLOTS):
            at = slot * _SLOT
            if data[at] >= _KEPT and data[at + 1] == kind:
                if key is not None:
                    if self._is(slot, key):
                        return self._values[slot]
                elif index == 0:
                    return self._values[slot]
                else:
                    index -= 1
        return None

    def put(self, kind, key, value):
        """Take a secret, or with None drop one; false when there is no room."""
        data = self._data
        ours = kind == _OUR_IDENTITY
        free = -1
        for slot in range(_SLOTS):
            at = slot * _SLOT
            if data[at] == _FREE:
                free = slot
            elif data[at + 1] == kind and self._is(slot, key) and data[at] != _HIDDEN:
                kept = data[at] == _KEPT and not ours
                data[at] = _HIDDEN if kept else _FREE
                self._stale = self._on_trial = True
                free = free if kept else slot
        if value is None:
            return True
        if free < 0 or len(key) > _KEY or len(value) > _VALUE:
            return False
        at = free * _SLOT
        self._values[free] = None
        data[at + 1] = kind
        data[at + 2] = len(key)
        data[at + 3] = len(value)
        for i in range(len(key)):
            data[at + _HEAD + i] = key[i]
        for i in range(len(value)):
            data[at + _HEAD + _KEY + i] = value[i]
        data[at] = _KEPT if ours else _TRIAL
        self._on_trial = self._on_trial or not ours
        self._age[free] = 255
        self.changed = self.changed or ours
        self._stale = True
        return True

    def _is(self, slot, key):
        data = self._data
        at = slot * _SLOT + 2
        if data[at] != len(key):
            return False
        at += 2
        for i in range(len(key)):
            if data[at + i] != key[i]:
                return False
        return True

    # --- asked by the firmware

    def settle(self, passed):
        """The phone on trial has shown that it knows the passkey, or it is gone."""
        if not self._on_trial:
            return
        self._on_trial = False  # first: the stack's own thread may put another one meanwhile
        data = self._data
        for at in range(0, len(data), _SLOT):
            if data[at] in (_TRIAL, _HIDDEN):
                keep = passed == (data[at] == _TRIAL)
                data[at] = _KEPT if keep else _FREE
        self._stale = True
        self.changed = self.changed or passed
        self.refresh()
        phones = self._phones()
        while len(phones) > MOST:
            self._drop(phones.pop(0))
        self.phones = len(phones)

    def refresh(self):
        """Make what ``get`` hands out, after secrets have come or gone."""
        if not self._stale:
            return
        self._stale = False
        data = self._data
        for slot in range(_SLOTS):
            at = slot * _SLOT
            if data[at] >= _KEPT:
                begin = at + _HEAD + _KEY
                self._values[slot] = self._view[begin : begin + data[at + 3]]
                if self._age[slot] == 255:
                    self._grow_older()
                    self._age[slot] = 254
            else:
                self._values[slot] = None

    def forget(self):
        """Drop every phone."""
        for at in range(0, len(self._data), _SLOT):
            if self._data[at + 1] != _OUR_IDENTITY:
                self._data[at] = _FREE
        self._stale = self.changed = True
        self.phones = 0

    def renew(self, passkey=0):
        """Another passkey; 0 lets chance choose."""
        while not passkey:
            chance = self._random(_TAIL)
            passkey = (chance[0] << 16 | chance[1] << 8 | chance[2]) % 1_000_000
        self.passkey = passkey
        self._tries = 0
        self.changed = True

    def failed(self, now_ms):
        """A pairing went wrong; true when the passkey is another one now."""
        if self.failures < 255:
            self.failures += 1
        self._lock(now_ms)
        self.changed = True
        self._tries += 1
        if self._tries < _TRIES:
            return False
        self.renew()
        return True

    def passed(self, passkey=0):
        """A pairing went right, or a person wants it: another passkey, and nobody locked out."""
        self.failures = self._lock_ms = 0
        self.renew(passkey)

    def locked_ms(self, now_ms):
        """How long nobody may pair yet."""
        left_ms = self._lock_ms - elapsed_ms(now_ms, self._locked_ms)
        if left_ms <= 0:
            self._lock_ms = left_ms = 0
        return left_ms

    # --- storage

    def dump(self, buf):
        """Write what must survive a restart into ``buf``; return the number of bytes."""
        buf[0] = _VERSION
        buf[1] = self.failures
        buf[2] = self._tries << 4 | self.passkey >> 16
        buf[3] = self.passkey >> 8 & 0xFF
        buf[4] = self.passkey & 0xFF
        n = 5
        data = self._data
        for slot in self._by_age():
            at = slot * _SLOT
            if _FREE < data[at] < _TRIAL:
                for begin, length in (
                    (at + 1, _HEAD - 1),
                    (at + _HEAD, data[at + 2]),
                    (at + _HEAD + _KEY, data[at + 3]),
                ):
                    buf[n : n + length] = self._view[begin : begin + length]
                    n += length
        return n

    def load(self, payload, now_ms):
        """Take back what ``dump`` wrote; false, and nothing known, when it is malformed.

        Who was locked out starts locked out anew.
        """
        n = len(payload)
        if n < 5 or payload[0] != _VERSION:
            return False
        at = 5
        while at < n:
            if at + 3 > n:
                return False
            kind, key, value = payload[at], payload[at + 1], payload[at + 2]
            at += 3
            if at + key + value > n or not self.put(
                kind, payload[at : at + key], payload[at + key : at + key + value]
            ):
                self.forget()
                return False
            self.refresh()
            at += key + value
        self.settle(True)
        self._tries = payload[2] >> 4
        self.passkey = (payload[2] & 15) << 16 | payload[3] << 8 | payload[4]
        self.failures = payload[1]
        self._lock(now_ms)
        self.changed = False
        return True

    # --- inside

    def _lock(self, now_ms):
        self._lock_ms = lock_ms(self.failures)
        self._locked_ms = now_ms & MASK

    def _grow_older(self):
        for slot in range(_SLOTS):
            if self._age[slot]:
                self._age[slot] -= 1

    def _by_age(self):
        """Slots, the oldest first."""
        return sorted(range(_SLOTS), key=lambda slot: self._age[slot])

    def _phones(self):
        """Keys of the phones, oldest first."""
        found = []
        data = self._data
        for slot in self._by_age():
            at = slot * _SLOT
            if _FREE < data[at] < _TRIAL and data[at + 1] != _OUR_IDENTITY:
                key = bytes(self._view[at + _HEAD : at + _HEAD + data[at + 2]])
                if key in found:
                    found.remove(key)
                found.append(key)
        return found

    def _drop(self, key):
        for slot in range(_SLOTS):
            at = slot * _SLOT
            if self._data[at + 1] != _OUR_IDENTITY and self._is(slot, key):
                self._data[at] = _FREE
