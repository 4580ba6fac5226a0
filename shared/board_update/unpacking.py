"""Writes the files of a checked image into a slot, a bounded piece a step.

It must only be given an image that ``checking`` has found good: it takes the header of that
check. What it reads is hashed on its way, for flash may rot after a check, and a file that is
still being replaced would not be the one that was checked. The manifest is written last, so a
slot with a whole manifest has been unpacked to the end.
"""

import hashlib

from .image import MANIFEST, TABLE_AT, Bad, Table
from .inflate import opened

PIECE = 512


class Unpack:
    """``open_for_write(path)`` opens a file of the slot, making its folders; what is there
    already is replaced. ``step()`` is True while there is more to do; each writes at most
    ``PIECE`` bytes. ``written`` of ``total`` bytes are in the slot. After an exception, or to
    give up, ``close()``.
    """

    def __init__(self, file, header, open_for_write):
        self.written = 0
        self.total = header.content_bytes + header.manifest_bytes
        self._file = file
        self._header = header
        self._open = open_for_write
        self._table = Table(header)
        self._table_at = TABLE_AT
        file.seek(header.manifest_bytes)
        self._inflate = opened(file)
        self._view = memoryview(bytearray(PIECE))
        self._target = None
        self._left = 0
        self._sha256 = b""
        self._sha = None
        self._phase = self._next_file

    def step(self):
        phase = self._phase
        if phase is None:
            return False
        self._phase = None  # where an exception leaves it
        self._phase = phase()
        return self._phase is not None

    def close(self):
        """Close what is open; the slot holds whatever it holds."""
        self._phase = None
        if self._target is not None:
            target, self._target = self._target, None
            target.close()

    def _next_file(self):
        if not self._table.files_left:
            return self._end()
        packed_at = self._file.tell()
        self._file.seek(self._table_at)
        path, self._left, self._sha256 = self._table.next(self._file)
        self._table_at = self._file.tell()
        self._file.seek(packed_at)
        self._sha = hashlib.sha256()
        self._target = self._open(path)
        return self._piece

    def _piece(self):
        if not self._left:
            if self._sha.digest() != self._sha256:
                raise Bad("hash", "unpacked")
            self._close_target()
            return self._next_file
        view = self._view[: min(self._left, PIECE)]
        if self._unpacked(view) < len(view):
            raise Bad("format", "payload")
        self._sha.update(view)
        self._put(view)
        return self._piece

    def _unpacked(self, view):
        try:
            return self._inflate.readinto(view)
        except (OSError, EOFError, ValueError):
            raise Bad("format", "payload") from None

    def _put(self, view):
        self._target.write(view)
        self._left -= len(view)
        self.written += len(view)

    def _close_target(self):
        target, self._target = self._target, None
        target.close()

    def _end(self):
        """All files are written: nothing may be left over, and the table must be the one that
        was checked."""
        if self._unpacked(self._view[:1]) or self._file.tell() != self._header.image_bytes:
            raise Bad("format", "payload")
        self._inflate = None  # and its window
        self._file.seek(TABLE_AT)
        self._left = self._header.table_bytes
        self._sha = hashlib.sha256()
        return self._same_table

    def _same_table(self):
        if self._left:
            view = self._view[: min(self._left, PIECE)]
            if self._file.readinto(view) < len(view):
                raise Bad("truncated", "table")
            self._sha.update(view)
            self._left -= len(view)
            return self._same_table
        if self._sha.digest() != self._header.table_sha256:
            raise Bad("hash", "table")
        self._file.seek(0)
        self._left = self._header.manifest_bytes
        self._target = self._open(MANIFEST)
        return self._manifest

    def _manifest(self):
        if not self._left:
            self._close_target()
            return None
        view = self._view[: min(self._left, PIECE)]
        if self._file.readinto(view) < len(view):
            raise Bad("truncated", "manifest")
        self._put(view)
        return self._manifest
