"""Which of a board's two firmwares runs: the control record and the rules that go with it.

A slot is empty, on trial, good or bad. A new firmware gets TRIAL_STARTS starts; it is good once
it has confirmed itself, bad when it has failed or used up its starts, and then the other slot is
preferred again. A good slot is never installed into while it is the only one.

The record is kept in two copies, the older one is written, so losing power at any byte of a
write leaves the record from before it or the one from after it. ``load(i)`` gives the bytes of
copy 0 or 1, or None; ``store(i, data)`` replaces them and may raise OSError. What is not stored
is not in force: methods that change the record are false then, and nothing has changed.
"""

from binascii import crc32
from struct import pack_into, unpack_from

SLOTS = "ab"
EMPTY = 0
GOOD = 1
TRIAL = 2
BAD = 3
TRIAL_STARTS = 3
# Why a slot is bad; journal entries carry these numbers.
CRASH = 1  # an exception ended it
WATCHDOG = 2  # it hung
UNCONFIRMED = 3  # it ran, and did not confirm itself in time
HASH = 4  # its files are not what was installed
IMPORT = 5  # it cannot be loaded
FOR_EVER = 2  # how long the next start waits for an updater

_MAGIC = 0x31534243  # "CBS1"
_SIZE = 36
_CHECK_AT = 32
_SLOT_AT = (12, 20)  # each: state, starts left, why, 0, version (4)
_PREFERRED, _ASKED, _NEWS = 8, 9, 10
_SEQUENCE_MASK = 0x3FFFFFFF


class Control:
    """The record as it was found. Slots are called "a" and "b"."""

    def __init__(self, load, store):
        self._load = load
        self._store = store
        self._newest = 1  # so that the first copy is written first
        self._sequence = 0
        self.fresh = True  # no copy was right: the board has never been updated, or lost both
        self._record = bytearray(_SIZE)
        for i in range(2):
            found = _checked(load(i))
            if found is not None:
                sequence = unpack_from("<I", found, 4)[0]
                ahead = (sequence - self._sequence) & _SEQUENCE_MASK
                if self.fresh or 0 < ahead < 0x20000000:
                    self.fresh = False
                    self._record = bytearray(found)
                    self._newest = i
                    self._sequence = sequence

    # --- what it says

    def state(self, slot):
        return self._record[_at(slot)]

    def starts(self, slot):
        """How often a slot on trial may still be started."""
        return self._record[_at(slot) + 1]

    def why(self, slot):
        """Why a slot is bad; 0 when it is not."""
        return self._record[_at(slot) + 2]

    def version(self, slot):
        """The version in a slot, as a number; 0 when it is not known."""
        return unpack_from("<I", self._record, _at(slot) + 4)[0]

    @property
    def preferred(self):
        return SLOTS[self._record[_PREFERRED]]

    @property
    def asked(self):
        """Whether the next start is to wait for an updater: 0, 1, or FOR_EVER."""
        return self._record[_ASKED]

    @property
    def news(self):
        """The slot that failed, until that has been told; or ""."""
        return ("", "a", "b")[self._record[_NEWS]]

    def choose(self, without=""):
        """The slot to start, or None; ``without`` names those that were tried already.

        The preferred one, else the other. A slot whose files were damaged is the last resort:
        they are checked again before it runs, and there is nothing else to run.
        """
        order = (self.preferred, other(self.preferred))
        for slot in order:
            state = self.state(slot)
            if slot not in without:
                if state == GOOD or state == TRIAL and self.starts(slot):
                    return slot
        for slot in order:
            if slot not in without and self.state(slot) == BAD and self.why(slot) == HASH:
                return slot
        return None

    def spent(self):
        """A slot on trial that has used up its starts, or ""."""
        for slot in SLOTS:
            if self.state(slot) == TRIAL and not self.starts(slot):
                return slot
        return ""

    def target(self):
        """The slot to install into: the one worth least; of two alike the one not preferred."""
        for state in (EMPTY, BAD, TRIAL, GOOD):
            for slot in (other(self.preferred), self.preferred):
                if self.state(slot) == state:
                    return slot

    # --- what changes it; true when the change is stored

    def adopt(self, slot, version):
        """A slot that was found on a board without a record counts as good. Not stored: it is
        found again."""
        self._put(self._record, slot, GOOD, 0, 0, version)
        if self.state(self.preferred) != GOOD:
            self._record[_PREFERRED] = SLOTS.index(slot)

    def installing(self, slot):
        """From here on the slot holds nothing that may be run."""
        record = bytearray(self._record)
        self._put(record, slot, EMPTY, 0, 0, 0)
        if self.preferred == slot:
            record[_PREFERRED] = SLOTS.index(other(slot))
        return self._save(record)

    def installed(self, slot, version):
        """The slot holds this version, whole, and is to be tried at the next start."""
        record = bytearray(self._record)
        self._put(record, slot, TRIAL, TRIAL_STARTS, 0, version)
        record[_PREFERRED] = SLOTS.index(slot)
        return self._save(record)

    def started(self, slot):
        """A start of this slot begins; one on trial has one less left."""
        if self.state(slot) != TRIAL:
            return True
        record = bytearray(self._record)
        record[_at(slot) + 1] -= 1
        return self._save(record)

    def confirm(self, slot):
        """The firmware in this slot works."""
        if self.state(slot) == GOOD:
            return True
        record = bytearray(self._record)
        self._put(record, slot, GOOD, 0, 0, self.version(slot))
        return self._save(record)

    def fail(self, slot, why):
        """The firmware in this slot does not work: back to the other one."""
        record = bytearray(self._record)
        self._put(record, slot, BAD, 0, why, self.version(slot))
        record[_PREFERRED] = SLOTS.index(other(slot))
        record[_NEWS] = SLOTS.index(slot) + 1
        return record == self._record or self._save(record)

    def prefer(self, slot):
        """By choice, an older one even; false when the slot is not good."""
        if self.state(slot) != GOOD:
            return False
        record = bytearray(self._record)
        record[_PREFERRED] = SLOTS.index(slot)
        return self._save(record)

    def ask(self, wanted):
        """Whether the next start is to wait for an updater."""
        record = bytearray(self._record)
        record[_ASKED] = int(wanted)
        return self._save(record)

    def told(self):
        """The failure has been told to somebody who keeps it."""
        record = bytearray(self._record)
        record[_NEWS] = 0
        return self._save(record)

    def _put(self, record, slot, state, starts, why, version):
        pack_into("<BBBBI", record, _at(slot), state, starts, why, 0, version)

    def _save(self, record):
        sequence = (self._sequence + 1) & _SEQUENCE_MASK
        pack_into("<II", record, 0, _MAGIC, sequence)
        pack_into("<I", record, _CHECK_AT, _crc(record))
        copy = 1 - self._newest
        try:
            self._store(copy, record)
            if self._load(copy) != record:
                return False
        except OSError:
            return False
        self._record = record
        self._newest = copy
        self._sequence = sequence
        self.fresh = False
        return True


def other(slot):
    return "b" if slot == "a" else "a"


def _at(slot):
    return _SLOT_AT[SLOTS.index(slot)]


def _crc(record):
    return crc32(bytes(record[:_CHECK_AT])) & 0xFFFFFFFF


def _checked(data):
    """A copy, if it is right and says nothing impossible."""
    if data is None or len(data) != _SIZE:
        return None
    if unpack_from("<I", data, 0)[0] != _MAGIC or unpack_from("<I", data, _CHECK_AT)[0] != _crc(
        data
    ):
        return None
    if data[_PREFERRED] > 1 or data[_NEWS] > 2:
        return None
    return data
