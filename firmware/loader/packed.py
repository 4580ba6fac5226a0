"""The slot that runs, as folders of modules: a read-only view of the one file that holds it.

MicroPython's file system spends a sector on every file, so a slot is a single one, and a
manifest that says what stands in it. A module is read straight out of it: what is opened is the
slot's file, at the module's place. Only for importing compiled modules, which tell their own
length; it is not for reading anything else.
"""

import sys
from binascii import crc32
from struct import unpack_from

import vfs

_AT = "/fw"
_TABLE_AT = 448  # in a manifest, see board_update.image
_COUNT_AT = 56
_DIGEST = 32
_FOLDER = (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
_FILE = (0x8000, 0, 0, 0, 0, 0, 0, 0, 0, 0)

_NOWHERE = -1  # where a folder is
_places = None  # key of a path -> where it begins; made when it is needed


class Packed:
    """What MicroPython mounts."""

    def __init__(self, contents, manifest):
        self._contents = contents
        self._manifest = manifest

    def mount(self, _readonly, _mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        place = self._place(path)
        return _FOLDER if place == _NOWHERE else _FILE

    def open(self, path, _mode):
        place = self._place(path)
        if place == _NOWHERE:
            raise OSError(21)
        file = open(self._contents, "rb")
        file.seek(place)
        return file

    def _place(self, path):
        global _places
        if _places is None:
            _places = self._read()
        place = _places.get(_key(path.strip("/").encode()))
        if place is None:
            raise OSError(2)
        return place

    def _read(self):
        places = {_key(b""): _NOWHERE}
        at = 0
        with open(self._manifest, "rb") as file:
            count = unpack_from("<H", file.read(_TABLE_AT), _COUNT_AT)[0]
            for _ in range(count):
                path = file.read(file.read(1)[0])
                places[_key(path)] = at
                end = path.rfind(b"/")
                while end > 0:
                    places[_key(path[:end])] = _NOWHERE
                    end = path.rfind(b"/", 0, end)
                at += unpack_from("<I", file.read(4 + _DIGEST))[0]
        return places


def _key(path):
    """A number for a path: names would cost 10 kB while a firmware starts."""
    return crc32(path) & 0x3FFFFFFF


def enter(contents, manifest):
    """Look for modules in this slot first."""
    vfs.mount(Packed(contents, manifest), _AT)
    sys.path.insert(0, _AT)


def leave():
    forget()
    if _AT in sys.path:
        sys.path.remove(_AT)
        vfs.umount(_AT)


def forget():
    """Drop the places; they are read again for the next import."""
    global _places
    _places = None
