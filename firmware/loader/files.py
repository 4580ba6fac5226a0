"""The one file of a slot's contents, taken for many: as whoever checks or unpacks wants it.

The files of a slot stand in it one after the other, in the order of the manifest, which is the
order in which they are asked for here.
"""


class Parts:
    """Reading: ``part`` is what opens a file. Each ends where the manifest says."""

    def __init__(self, contents):
        self.readinto = contents.readinto

    def part(self, _path):
        return self

    def read(self, _count):
        return b""

    def close(self):
        pass


class Writing:
    """Writing: ``part`` is what opens a file; the manifest is the last, and one of its own."""

    def __init__(self, contents, manifest, name):
        self._paths = (contents, manifest)
        self._name = name
        self._file = None
        self._is_manifest = False

    def part(self, path):
        if path == self._name:
            self.end()
            self._is_manifest = True
        if self._file is None:
            self._file = open(self._paths[self._is_manifest], "wb")
        return self

    def write(self, data):
        return self._file.write(data)

    def close(self):
        if self._is_manifest:
            self.end()

    def end(self):
        """Close what is open."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
