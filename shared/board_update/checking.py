"""Whether an image may be installed, and whether a slot holds what was installed, in small steps.

Order matters: the header's form, then whether this board may take it, then the signature, then
the hashes that the header vouches for, and only then is the table read. Nothing is written
here. ``good`` must never become True in any other way than by the last step of all.

Files are anything with read, readinto and seek. A step reads at most ``PIECE`` bytes, or does one
multiplication of the signature (some 9 ms on an RP2040), so a board can check while it works.
"""

import hashlib

from .image import HEADER_BYTES, SIGNATURE_BYTES, TABLE_AT, Bad, Header, Table

PIECE = 512


def admitted(start, terms):
    """The header of an image whose first 448 bytes are ``start``; Bad if it can be refused by
    them, its signature included. The rest of the image is unknown still."""
    check = Check(None, terms)
    check.begin(start)
    while check.signing():
        pass
    return check.header


def check(file, terms):
    """The header of the image in ``file``, all of it checked at one go; Bad if it is refused."""
    checking = Check(file, terms)
    while checking.step():
        pass
    return checking.header


class Check:
    """Checks an image. ``step()`` is True while there is more to do; Bad ends it for good."""

    def __init__(self, file, terms):
        self.good = False
        self.header = None
        self._file = file
        self._terms = terms
        self._buf = bytearray(PIECE)
        self._view = memoryview(self._buf)
        self._phase = self._start
        self._verifier = None
        self._files = None
        self._sha = None
        self._left = 0

    def step(self):
        phase = self._phase
        if phase is None:
            return False
        self._phase = None  # where Bad leaves it
        self._phase = phase()
        self.good = self._phase is None
        return not self.good

    # A phase does one piece of work and returns the next one.

    def _start(self):
        self._file.seek(0)
        count = self._file.readinto(self._view[:TABLE_AT])
        self.begin(self._view[:count])
        return self._signature

    def begin(self, start):
        """Judge the header, and prepare to verify its signature."""
        header = Header(start)
        self._terms.judge(header)
        if len(start) < TABLE_AT:
            raise Bad("truncated", "signature")
        from .signature import Verifier  # a start does without it, and reading back

        signature = start[HEADER_BYTES : HEADER_BYTES + SIGNATURE_BYTES]
        self._verifier = Verifier(self._terms.key(header), signature, header.sha256)
        self.header = header

    def signing(self):
        """One step of the signature; True while there is more."""
        if self._verifier.step():
            return True
        if not self._verifier.good:
            raise Bad("signature", "forged")
        self._verifier = None
        return False

    def _signature(self):
        if self.signing():
            return self._signature
        return self._hashing(self.header.table_bytes, self._table)

    def _hashing(self, count, phase):
        self._sha = hashlib.sha256()
        self._left = count
        return phase

    def _hashed(self, file, sha256, what):
        """One piece of what is hashed; True when it is complete, and as it should be."""
        if self._left:
            view = self._view[: min(self._left, PIECE)]
            count = file.readinto(view)
            if count < len(view):
                raise Bad("truncated", what)
            self._sha.update(view)
            self._left -= count
            return False
        if self._sha.digest() != sha256:
            raise Bad("hash", what)
        return True

    def _table(self):
        if not self._hashed(self._file, self.header.table_sha256, "table"):
            return self._table
        return self._hashing(self.header.payload_bytes, self._payload)

    def _payload(self):
        if not self._hashed(self._file, self.header.payload_sha256, "payload"):
            return self._payload
        if self._file.read(1):
            raise Bad("too big", "more behind it")
        return self._entries()

    def _entries(self):
        """The table is authentic now: is it one?"""
        self._file.seek(TABLE_AT)
        self._files = Table(self.header)
        return self._entry()

    def _entry(self):
        if not self._files.files_left:
            return None
        self._files.next(self._file)
        return self._entry


class SlotCheck(Check):
    """Checks an installed slot: ``manifest`` against the terms, the files against it.

    ``open_for_read(path)`` opens a file of the slot (OSError when there is none). Files that the
    manifest does not know are not looked at. With ``terms`` None only sizes and hashes are
    checked: enough at a start, for a slot whose signature was verified when it was filled, or
    that came over the REPL and has none.
    """

    def __init__(self, manifest, terms, open_for_read):
        Check.__init__(self, manifest, terms)
        self._open = open_for_read
        self._part = None
        self._entry_told = ("", 0, b"")

    def _start(self):
        if self._terms is not None:
            return Check._start(self)
        self._file.seek(0)
        count = self._file.readinto(self._view[:TABLE_AT])
        self.header = Header(self._view[:count])
        if count < TABLE_AT:
            raise Bad("truncated", "signature")
        return self._hashing(self.header.table_bytes, self._table)

    def _table(self):
        if not self._hashed(self._file, self.header.table_sha256, "table"):
            return self._table
        if self._file.read(1):
            raise Bad("too big", "manifest")
        return self._entries()

    def _entry(self):
        if not self._files.files_left:
            return None
        self._entry_told = entry = self._files.next(self._file)
        try:
            self._part = self._open(entry[0])
        except OSError:
            raise Bad("missing", entry[0]) from None
        return self._hashing(entry[1], self._content)

    def _content(self):
        path, _, sha256 = self._entry_told
        try:
            if not self._hashed(self._part, sha256, path):
                return self._content
            if self._part.read(1):
                raise Bad("too big", path)
        except Bad:
            self._part.close()
            raise
        self._part.close()
        return self._entry()
