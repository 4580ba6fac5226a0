"""Opens a log as lines of text, whatever wrote it: UTF-8, UTF-16, Latin-1, gzip; not binaries.

What cannot be a text is refused here, with what it seems to be instead.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from ..problems import BadInput, Refused

_LOOK = 65536
_DAMAGED = (EOFError, OSError, zlib.error)  # what unpacking raises
_GZIP = b"\x1f\x8b"
# First bytes of files that people take for a CSV.
_OTHERS = {
    b"PK": "an Excel workbook or a zip archive: export it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: export it as CSV",
    b"PAR1": "a Parquet file: export it as CSV",
    b"\x89HDF": "an HDF5 or MATLAB file: export it as CSV",
    b"MATLAB": "a MATLAB file: export it as CSV",
    b"BZh": "compressed with bzip2: unpack it first",
    b"\xfd7zXZ": "compressed with xz: unpack it first",
    b"\x28\xb5\x2f\xfd": "compressed with zstd: unpack it first",
}


class Text:
    """Lines of an opened log, and how much of the file they took so far."""

    def __init__(self, raw: IO[bytes], lines: io.TextIOWrapper, size: int) -> None:
        self._raw = raw
        self._lines = lines
        self.size = size

    def lines(self) -> Iterator[str]:
        """Each line; ``Refused`` where the file is damaged."""
        try:
            yield from self._lines
        except _DAMAGED as error:
            raise Refused(f"the file is damaged or cut off: {error}") from error

    def done(self) -> int:
        """Bytes read so far."""
        return self._raw.tell()


@contextmanager
def opened(path: Path) -> Iterator[Text]:
    """``path`` as text; closed on leaving."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    with raw:
        try:
            packed = raw.read(2) == _GZIP
            size = path.stat().st_size
            raw.seek(0)
        except OSError as error:
            raise Refused(f"cannot read {path}: {error.strerror}") from error
        source = cast(IO[bytes], gzip.open(raw) if packed else raw)
        with source:
            encoding = _encoding(_head(source, path), path)
            source.seek(0)
            text = io.TextIOWrapper(source, encoding=encoding, errors="replace", newline="")
            yield Text(raw, text, size)


def _head(source: IO[bytes], path: Path) -> bytes:
    try:
        return source.read(_LOOK)
    except _DAMAGED as error:
        raise Refused(f"{path} is damaged: {error}") from error


def _encoding(head: bytes, path: Path) -> str:
    if not head.strip():
        raise Refused(f"{path} is empty")
    for start, what in _OTHERS.items():
        if head.startswith(start):
            raise Refused(f"{path} is {what}")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in head:
        raise Refused(f"{path} is not a text file")
    try:
        head[: len(head) - 4 if len(head) == _LOOK else None].decode("utf-8")
    except UnicodeDecodeError as error:
        # A cut in the last character is no fault; anything else is an older encoding.
        if error.end < len(head) - 4:
            return "latin-1"
    return "utf-8-sig"
