"""Keeps one record in two files, so that losing power at any byte loses nothing.

A save writes the older copy, closes it (LittleFS keeps data only from then on), reads it back
and compares. The newest copy whose check is right is the record. A save that fails (disk full,
I/O error, power) leaves the other copy as it was. Never raises; never on the tick path.
``begin`` and ``finish`` are the two halves of ``save``: writing may erase a block of data, and
closing one of the file system's own; a board that carries current ticks between them.

A copy: 20 bytes of head (magic, version, sequence, length, spare) and CRC-32, then the data.
"""

import binascii
import os
import struct

_MAGIC = 0x31525743  # "CWR1"
_HEAD = "<IHHIII"  # magic, version, spare, sequence, length, CRC-32 of head and data
_HEAD_SIZE = 20
_SEQUENCE_MASK = 0x3FFFFFFF
_CHUNK = 256


def ensure_folder(path):
    """Create a folder unless it is there; False when it cannot be."""
    try:
        os.mkdir(path)
    except OSError:
        try:
            return bool(os.stat(path)[0] & 0x4000)
        except OSError:
            return False
    return True


class RecordStore:
    """A record of at most ``limit`` bytes in the files ``path_a`` and ``path_b``."""

    def __init__(self, path_a, path_b, version=1, limit=8192):
        self._paths = (path_a, path_b)
        self._version = version
        self._limit = limit
        self._newest = -1  # which copy holds the record; -1 not known or none
        self._sequence = 0
        self.version = 0  # of the record that was loaded
        self.torn = 0  # copies that existed but were not right, at the last load
        self._unbegun = 0  # of these, empty: created, and power went before anything was kept
        self._file = None  # a copy that is written and not closed
        self._target = 0
        self._head = bytearray(_HEAD_SIZE)
        self._data = None

    def load(self):
        """The newest record whose check is right, as bytes, or None."""
        self._newest = -1
        self.torn = self._unbegun = 0
        newest_data = None
        for i in range(2):
            data, version, sequence = self._read(self._paths[i])
            if data is None:
                continue
            ahead = (sequence - self._sequence) & _SEQUENCE_MASK
            if newest_data is None or ahead < 0x20000000:
                newest_data = data
                self._newest = i
                self._sequence = sequence
                self.version = version
        return newest_data

    def lost(self):
        """After a load that found nothing: True when something had been there to find.

        A first save that power cut short left one empty file, and lost nothing.
        """
        return self.torn > 1 or self.torn > self._unbegun

    def save(self, payload, n=None):
        """Store ``n`` bytes of ``payload``; True only once they were read back unchanged."""
        if n is None:
            n = len(payload)
        return self.begin(payload, n) and self.finish()

    def begin(self, payload, n):
        """Write ``n`` bytes of ``payload``, which must not change until ``finish``."""
        if n > self._limit or n > len(payload):
            return False
        if self._newest < 0:
            self.load()
        self._target = 0 if self._newest != 0 else 1
        sequence = (self._sequence + 1) & _SEQUENCE_MASK
        data = self._data = memoryview(payload)[:n]
        head = self._head
        struct.pack_into(_HEAD, head, 0, _MAGIC, self._version, 0, sequence, n, 0)
        check = binascii.crc32(data, binascii.crc32(memoryview(head)[: _HEAD_SIZE - 4]))
        struct.pack_into("<I", head, _HEAD_SIZE - 4, check)
        try:
            self._file = open(self._paths[self._target], "wb")
            if self._file.write(head) == _HEAD_SIZE and self._file.write(data) == n:
                return True
        except OSError:
            pass
        self._close()
        return False

    def finish(self):
        """Close what ``begin`` has written and read it back; True when it is the record now."""
        path = self._paths[self._target]
        try:
            if not self._close() or not self._same(path, self._head, self._data):
                return False
        except OSError:
            return False
        self._newest = self._target
        self._sequence = (self._sequence + 1) & _SEQUENCE_MASK
        return True

    def _close(self):
        file, self._file = self._file, None
        if file is None:
            return False
        try:
            file.close()
        except OSError:
            return False
        return True

    def _same(self, path, head, data):
        chunk = bytearray(_CHUNK)
        with open(path, "rb") as file:
            if file.read(_HEAD_SIZE) != head:
                return False
            at = 0
            while at < len(data):
                got = file.readinto(chunk)
                if not got or memoryview(chunk)[:got] != data[at : at + got]:
                    return False
                at += got
            return not file.read(1)

    def _read(self, path):
        """(data, version, sequence) of one copy, or (None, 0, 0) when it is not right."""
        try:
            with open(path, "rb") as file:
                head = file.read(_HEAD_SIZE)
                if len(head) == _HEAD_SIZE:
                    magic, version, _, sequence, length, check = struct.unpack(_HEAD, head)
                    if magic == _MAGIC and length <= self._limit:
                        data = file.read(length)
                        crc = binascii.crc32(data, binascii.crc32(head[: _HEAD_SIZE - 4]))
                        if len(data) == length and crc & 0xFFFFFFFF == check:
                            return data, version, sequence
        except OSError:
            return None, 0, 0  # not there, or not readable
        self._unbegun += not head
        self.torn += 1
        return None, 0, 0
