"""The slot that runs, as folders of modules: a read-only view of the one file that holds it.

MicroPython's file system spends a sector on every file, so a slot is a single one, and a
manifest that says what stands in it. A module is read straight out of it: what is opened is the
slot's file, at the module's place. Only for importing compiled modules, which tell their own
length; it is not for reading anything else.
"""

import sys
from struct import unpack_from

import vfs

_AT = "/fw"
_TABLE_AT = 448  # in a manifest, see board_update.image
_COUNT_AT = 56
_DIGEST = 32
_FOLDER = (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
_FILE = (0x8000, 0, 0, 0, 0, 0, 0, 0, 0, 0)

places = None  # path -> offset; folders have none. Made when it is needed


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
        return _FOLDER if place is None else _FILE

    def open(self, path, _mode):
        place = self._place(path)
        if place is None:
            raise OSError(21)
        file = open(self._contents, "rb")
        file.seek(place)
        return file

    def _place(self, path):
        global places
        if places is None:
            places = self._read()
        path = path.strip("/")
        if path in places:
            return places[path]
        raise OSError(2)

    def _read(self):
        places = {"": None}
        at = 0
        with open(self._manifest, "rb") as file:
            count = unpack_from("<H", file.read(_TABLE_AT), _COUNT_AT)[0]
            for _ in range(count):
                path = str(file.read(file.read(1)[0]), "ascii")
                places[path] = at
                folder = path.rpartition("/")[0]
                while folder and folder not in places:
                    places[folder] = None
                    folder = folder.rpartition("/")[0]
                at += unpack_from("<I", file.read(4 + _DIGEST))[0]
        return places


def enter(contents, manifest):
    """Look for modules in this slot first."""
    vfs.mount(Packed(contents, manifest), _AT)
    sys.path.insert(0, _AT)


def leave():
    global places
    places = None
    if _AT in sys.path:
        sys.path.remove(_AT)
        vfs.umount(_AT)
