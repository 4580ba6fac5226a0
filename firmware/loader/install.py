"""Brings a received image into the slot that does not run, in pieces, so that a board at work
can do it between its ticks.

Everything about the image is checked before the first byte of a slot is touched, and what was
written is read back. Nothing is in force before ``commit``: a power cut until then leaves the
firmware that ran, and afterwards the new one is on trial.

A board at work has little memory to spare: the code of each stage (checking, unpacking, reading
back) is loaded when its turn has come, and what the stage before needed is forgotten first.
"""

import gc
import os
import sys

import loader
from board_update.image import MANIFEST, Bad, Terms, version_text
from loader import board, control
from loader.files import Parts, Writing

_KEY_BYTES = 272
_NO_ROOM = 28  # ENOSPC


class Installer:
    """``step()`` is True while there is more: one piece, at most one erase of flash. It raises
    Bad for an image that is refused; then, or to give up, the caller calls ``close()``.

    ``checked``: the image is right as a whole. ``version``: its version as text, once known.
    ``done`` of ``total`` bytes are read, written and read back. ``room``: memory in one piece
    that the caller has kept for unpacking, and is let go for it.
    """

    def __init__(self, path="/update.img", older=False):
        record = control.open()
        self.slot = record.target()
        if self.slot == loader.slot:
            raise Bad("running", "what runs has not been confirmed yet")
        self.checked = False
        self._good = False  # read back, to the last byte
        self.room = None
        self._room_bytes = 0
        self.version = ""
        self.done = 0
        self.total = os.stat(path)[6]
        start = control.root + self.slot
        self._contents, self._manifest = start + control.CONTENTS, start + control.MANIFEST
        asked = terms(older, record)
        record = None
        _drop("slots")
        self._image = open(path, "rb")
        self._other = None
        self._writing = None
        from board_update.checking import Check

        self._work = Check(self._image, asked)
        self._phase = self._check

    def step(self):
        phase = self._phase
        if phase is None:
            return False
        self._phase = None  # where an exception leaves it, for good
        try:
            self._phase = phase()
        except OSError as error:
            if error.errno == _NO_ROOM:
                raise Bad("too big", "no room on flash") from None
            raise
        return self._phase is not None

    def commit(self):
        """The next start tries what was installed; false when that could not be stored. The
        image is the caller's to remove: at a moment for writing flash of its own."""
        if not self._good:
            return False
        if not control.open().installed(self.slot, self._header.version):
            return False
        self.close()
        return True

    def close(self):
        """Let go of all files. A slot half written is marked as empty."""
        self._phase = None
        self._good = False
        if self._writing is not None:
            self._writing.end()
        for file in (self._image, self._other):
            if file is not None:
                file.close()

    # A phase does one piece of work and returns the next one.

    def _check(self):
        check = self._work
        if check.step():
            self.done = self._image.tell()
            if check.header is not None and not self.version:
                self.version = version_text(check.header.version)
                if self.room is not None:  # what a check leaves is made: the rest are numbers
                    self._room_bytes = len(self.room)
                    self.room = None
                    gc.collect()
            return self._check
        if not check.good:
            raise Bad("hash", "not checked")
        self._header = check.header
        self._work = check = None
        _drop("checking", "signature")
        self.checked = True
        self._from = self.total
        self.total += 2 * (self._header.content_bytes + self._header.manifest_bytes)
        return self._claim

    def _claim(self):
        stored = control.open().installing(self.slot)
        _drop("slots")
        if not stored:
            raise OSError(5)
        self.room = bytearray(self._room_bytes)
        return self._clear_manifest

    def _clear_manifest(self):
        _remove(self._manifest)
        return self._clear

    def _clear(self):
        _remove(self._contents)
        return self._load

    def _load(self):
        """Code first, then the first file: the window's place is given free last of all."""
        from board_update.unpacking import Unpack

        self._writing = Writing(self._contents, self._manifest, MANIFEST)
        self._unpacking = Unpack(self._image, self._header, self._writing.part)
        self._unpacking.step()
        self.room = None
        gc.collect()
        return self._unpack

    def _unpack(self):
        if self._unpacking.step():
            self.done = self._from + self._unpacking.written
            return self._unpack
        self._from += self._unpacking.total
        self._unpacking = None  # and its window
        _drop("unpacking", "inflate")
        return self._close_image

    def _close_image(self):
        from board_update.checking import SlotCheck

        self._image.close()
        self._image = open(self._manifest, "rb")
        self._other = open(self._contents, "rb")
        self._work = SlotCheck(self._image, None, Parts(self._other).part)
        return self._read_back

    def _read_back(self):
        if self._work.step():
            self.done = self._from + self._other.tell()
            return self._read_back
        self._good = self._work.good
        self.done = self.total
        return None


def terms(older=False, record=None):
    """What this board asks of an image; an older one than runs, or was to run, must be asked
    for."""
    record = record or control.open()
    runs = loader.slot or record.choose() or record.preferred
    oldest = 0 if older else record.version(runs)
    mpy = getattr(sys.implementation, "_mpy", None)
    return Terms(board.NAME, board.HARDWARE_REVISION, _keys(), oldest, mpy)


def _drop(*modules):
    """Forget these modules of board_update beside a firmware at work: nothing of theirs is used
    any more. Before its start the loader itself needs them, and there is room."""
    if loader.slot:
        for name in modules:
            loader.drop("board_update." + name)
        gc.collect()


def _keys():
    from board_update.signature import key

    keys = []
    try:
        with open(control.root + "loader/keys", "rb") as file:
            while True:
                record = file.read(_KEY_BYTES)
                if not record:
                    break
                try:
                    keys.append(key(record))
                except ValueError:
                    pass  # damaged: it is not trusted
    except OSError:
        pass
    return keys


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass
