"""The slot that runs, as folders of modules: a read-only view of the one file that holds it.

MicroPython's file system spends a sector on every file, so a slot is a single one, and a
manifest that says what stands in it. A module is read straight out of it: what is opened is the
slot's file, at the module's place. Only for importing compiled modules, which tell their own
length; it is not for reading anything else.
"""

import sys
from binascii import crc32
from struct import pack, unpack_from

import vfs

_AT = "/fw"
_TABLE_AT = 448  # in a manifest, see board_update.image
_COUNT_AT = 56
_DIGEST = 32
_FOLDER = (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
_FILE = (0x8000, 0, 0, 0, 0, 0, 0, 0, 0, 0)

_NOWHERE = -1  # where a folder is


class Packed:
    """What MicroPython mounts."""

    def __init__(self, contents, manifest):
        self._contents = contents
        self._manifest = manifest
        self._keys = bytearray()
        self._places = bytearray()  # where what has the key at the same place begins

    def mount(self, _readonly, _mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        return _FOLDER if self._place(path) == _NOWHERE else _FILE

    def open(self, path, _mode):
        place = self._place(path)
        if place == _NOWHERE:
            raise OSError(21)
        file = open(self._contents, "rb")
        file.seek(place)
        return file

    def _place(self, path):
        if not self._keys:
            self._read()
        key = _key(path.strip("/").encode())
        at = self._keys.find(key)
        while at > 0 and at % 4:
            at = self._keys.find(key, at + 1)
        if at < 0:
            raise OSError(2)
        return unpack_from("<i", self._places, at)[0]

    def _read(self):
        """Note all places. Numbers instead of paths: these would take 10 kB while a firmware
        starts."""
        self._add(b"", _NOWHERE)
        at = 0
        with open(self._manifest, "rb") as file:
            count = unpack_from("<H", file.read(_TABLE_AT), _COUNT_AT)[0]
            for _ in range(count):
                path = file.read(file.read(1)[0])
                self._add(path, at)
                end = path.rfind(b"/")
                while end > 0:
                    self._add(path[:end], _NOWHERE)
                    end = path.rfind(b"/", 0, end)
                at += unpack_from("<I", file.read(4 + _DIGEST))[0]

    def _add(self, path, place):
        key = _key(path)
        at = self._keys.find(key)
        if at < 0 or at % 4:
            self._keys += key
            self._places += pack("<i", place)


def _key(path):
    return pack("<I", crc32(path) & 0xFFFFFFFF)


def enter(contents, manifest):
    """Look for modules in this slot first."""
    vfs.mount(Packed(contents, manifest), _AT)
    sys.path.insert(0, _AT)


def leave():
    if _AT in sys.path:
        sys.path.remove(_AT)
        vfs.umount(_AT)
