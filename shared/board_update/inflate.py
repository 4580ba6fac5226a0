"""Unpacks the payload of an image: deflate without a wrapper, with a window of 4 kB.

The window is the memory that unpacking costs on a controller; twice as much would make an
image 3 % smaller. MicroPython has a module for it (``deflate``, in its ports for the RP2040,
the ESP32 and unix); on a PC zlib does the same. The stream must never be trusted by itself: it
has no checksum, whoever reads it checks what comes out.
"""

WINDOW_BITS = 12
_CHUNK = 512

try:
    from deflate import RAW, DeflateIO

    def opened(file):
        """What ``readinto(buf)`` fills with unpacked bytes, fewer only at the end; OSError,
        EOFError or ValueError for what cannot be unpacked. At the end ``file`` stands behind
        the last packed byte; in between it stands where the reader needs it."""
        return DeflateIO(file, RAW, WINDOW_BITS)

except ImportError:
    import zlib  # type: ignore[import-not-found]

    class _Inflate:
        def __init__(self, file):
            self._file = file
            self._unpack = zlib.decompressobj(-WINDOW_BITS)
            self._packed = b""

        def readinto(self, buf):
            done = 0
            while done < len(buf) and not self._unpack.eof:
                try:
                    # also with nothing new: it may hold more than it was allowed to give
                    data = self._unpack.decompress(self._packed, len(buf) - done)
                except zlib.error as error:
                    raise ValueError("deflate") from error
                self._packed = self._unpack.unconsumed_tail
                buf[done : done + len(data)] = data
                done += len(data)
                if self._unpack.eof:
                    self._file.seek(self._file.tell() - len(self._unpack.unused_data))
                elif not data and not self._packed:
                    self._packed = self._file.read(_CHUNK)
                    if not self._packed:
                        raise EOFError
            return done

    def opened(file):
        return _Inflate(file)
