"""The journal on flash: an append-only ring of small files that power loss cannot spoil.

Entries of 64 bytes (56 of them the caller's) with a sequence number and a CRC-32 each, 64 to a
file, a bounded number of files; when there are too many, or the disk is full, the oldest goes.
An entry torn by power loss is skipped, and so is everything in its file that is not whole.
Never raises; never on the tick path, because erasing flash stops some processors.

Wear: a file is one 4096-byte flash block. LittleFS copies the block each time an entry is
appended, so one ``append`` costs one erase of data and about a fifth of one of metadata,
spread over all free blocks. With 200 free blocks of 100,000 cycles that is 16 million appends;
at one a minute, 30 years. ``append`` takes several entries at once for one erase.
"""

import binascii
import os
import struct

ENTRY_SIZE = 64
PAYLOAD_SIZE = 56
_PER_FILE = 64
_SEQUENCE_MASK = 0x3FFFFFFF


class JournalFiles:
    """At most ``files`` segments in ``folder``, which must exist."""

    def __init__(self, folder, files=8):
        self._folder = folder
        self._files = files if files > 2 else 2
        self._segments = []  # numbers of the files there are, oldest first
        self._in_last = 0  # entries in the newest file; it is full when it was torn
        self.next_sequence = 0
        self.skipped = 0  # entries that were not whole, found by ``open``
        self.dropped = 0  # entries that could not be stored
        self._file = None  # written and not closed
        self._begun = 0

    def open(self):
        """Look at what is there after a restart; the next entry goes behind the newest."""
        self._segments = []
        try:
            for name in os.listdir(self._folder):
                if len(name) == 9 and name[0] == "j" and name[1:].isdigit():
                    self._segments.append(int(name[1:]))
        except OSError:
            self._segments = []
        self._segments.sort()
        self.skipped = 0
        self._in_last = _PER_FILE
        for segment in reversed(self._segments):
            entries, whole = self._scan(segment)
            if segment == self._segments[-1] and whole:
                self._in_last = len(entries)
            if entries:
                self.next_sequence = (entries[-1][0] + 1) & _SEQUENCE_MASK
                break

    def room(self):
        """How many entries the newest file still takes; 0 when a new one is due."""
        return _PER_FILE - self._in_last if self._segments else 0

    def begin_file(self):
        """Drop the oldest of too many files, or create the next; False when it cannot be."""
        if len(self._segments) >= self._files:
            return self._drop_oldest()
        self._begin_file()
        try:
            open(self._path(self._segments[-1]), "ab").close()
        except OSError:
            return False
        return True

    def begin(self, payloads):
        """Write entries, no more than there is ``room`` for; they are kept by ``finish``."""
        data = self._pack(payloads)
        self._begun = len(payloads)
        try:
            self._file = open(self._path(self._segments[-1]), "ab")
            if self._file.write(data) == len(data):
                return True
        except OSError:
            pass
        self._begun = 0
        self.finish()
        self._in_last = _PER_FILE  # whatever reached the file may be torn
        return False

    def finish(self):
        """Close what ``begin`` has written; True when it is stored."""
        file, self._file = self._file, None
        if file is None:
            return False
        try:
            file.close()
        except OSError:
            self._in_last = _PER_FILE
            return False
        self._in_last += self._begun
        self.next_sequence = (self.next_sequence + self._begun) & _SEQUENCE_MASK
        return True

    def append(self, payloads):
        """Store entries (each at most 56 bytes) in order; False when one could not be."""
        stored = True
        at = 0
        while at < len(payloads):
            if not self._segments or self._in_last >= _PER_FILE:
                self._begin_file()
            room = _PER_FILE - self._in_last
            batch = payloads[at : at + room]
            at += len(batch)
            if not self._write(batch):
                stored = False
                self.dropped += len(batch)
        return stored

    def load_last(self, count):
        """The newest ``count`` whole entries, oldest first: a list of (sequence, bytes)."""
        found = []
        for segment in reversed(self._segments):
            entries, _ = self._scan(segment)
            if found:  # a batch whose write failed half way stands again in the next file
                entries = [entry for entry in entries if entry[0] < found[0][0]]
            found = entries + found
            if len(found) >= count:
                break
        return found[len(found) - count :] if len(found) > count else found

    def _begin_file(self):
        while len(self._segments) >= self._files:
            if not self._drop_oldest():
                break
        self._segments.append(self._segments[-1] + 1 if self._segments else 0)
        self._in_last = 0

    def _write(self, batch):
        """Append one batch to the newest file; make room and try again when it fails."""
        data = self._pack(batch)
        for _attempt in range(self._files):
            try:
                with open(self._path(self._segments[-1]), "ab") as file:
                    if file.write(data) != len(data):
                        raise OSError(28)
                    file.flush()
                self._in_last += len(batch)
                self.next_sequence = (self.next_sequence + len(batch)) & _SEQUENCE_MASK
                return True
            except OSError:
                # Whatever reached the file may be torn: go on in a new one.
                self._in_last = _PER_FILE
                if len(self._segments) < 2 or not self._drop_oldest():
                    return False
                self._begin_file()
        return False

    def _pack(self, batch):
        data = bytearray(ENTRY_SIZE * len(batch))
        at = 0
        sequence = self.next_sequence
        for payload in batch:
            struct.pack_into("<I", data, at, sequence)
            data[at + 4 : at + 4 + len(payload)] = payload
            check = binascii.crc32(memoryview(data)[at : at + ENTRY_SIZE - 4])
            struct.pack_into("<I", data, at + ENTRY_SIZE - 4, check)
            sequence = (sequence + 1) & _SEQUENCE_MASK
            at += ENTRY_SIZE
        return data

    def _scan(self, segment):
        """([(sequence, payload)], whole) of one file; not whole when anything was torn."""
        entries = []
        whole = True
        try:
            with open(self._path(segment), "rb") as file:
                while True:
                    entry = file.read(ENTRY_SIZE)
                    if not entry:
                        break
                    if len(entry) < ENTRY_SIZE or not self._right(entry):
                        whole = False
                        self.skipped += 1
                        continue
                    sequence = struct.unpack("<I", entry[:4])[0]
                    entries.append((sequence, entry[4 : 4 + PAYLOAD_SIZE]))
        except OSError:
            whole = False
        return entries, whole

    def _right(self, entry):
        check = struct.unpack("<I", entry[ENTRY_SIZE - 4 :])[0]
        return binascii.crc32(entry[: ENTRY_SIZE - 4]) & 0xFFFFFFFF == check

    def _drop_oldest(self):
        oldest = self._segments.pop(0)
        try:
            os.remove(self._path(oldest))
        except OSError:
            return False
        return True

    def _path(self, segment):
        return "%s/j%08d" % (self._folder, segment)
