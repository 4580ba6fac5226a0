"""An image file, read on a PC: what is in it, whether it is whole, and who may take it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from board_update import checking, image, unpacking
from board_update.signature import Key, verify

from ..problems import BadInput, Refused
from ..words import say
from . import reasons

_LARGEST = image.TABLE_AT + image.MAX_TABLE_BYTES + image.MAX_CONTENT_BYTES


@dataclass(frozen=True)
class Entry:
    """One file in an image."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Release:
    """An image that is whole; whose it is, is another question."""

    data: bytes
    header: image.Header
    entries: tuple[Entry, ...]

    @property
    def table(self) -> bytes:
        return self.data[image.TABLE_AT : self.header.manifest_bytes]

    @property
    def signature(self) -> bytes:
        return self.data[image.HEADER_BYTES : image.TABLE_AT]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def signed_by(self, key: Key) -> bool:
        return key.id == self.header.key_id and verify(key, self.signature, self.header.sha256)

    def for_board(self, terms: image.Terms) -> None:
        """Refused, unless a board with these terms takes the image: asked of its own code."""
        try:
            checking.check(io.BytesIO(self.data), terms)
        except image.Bad as bad:
            raise Refused(reasons.told(bad)) from bad


def opened(path: Path) -> Release:
    """The image in the file; Refused if it is damaged or none."""
    try:
        with path.open("rb") as file:
            return release_of(file.read(_LARGEST + 1))
    except OSError as error:
        raise BadInput(
            say("cannot read {path}: {why}", path=str(path), why=error.strerror or str(error))
        ) from None
    except Refused as refused:
        raise Refused(say("{path}: {why}", path=str(path), why=refused.said)) from refused


def release_of(data: bytes) -> Release:
    """The image in ``data``, every hash in it checked; Refused if one is wrong."""
    try:
        header = image.Header(data)
        if len(data) != header.image_bytes:
            raise image.Bad("truncated" if len(data) < header.image_bytes else "too big")
        table = data[image.TABLE_AT : header.manifest_bytes]
        if hashlib.sha256(table).digest() != header.table_sha256:
            raise image.Bad("hash", "table")
        if hashlib.sha256(data[header.manifest_bytes :]).digest() != header.payload_sha256:
            raise image.Bad("hash", "payload")
        entries = tuple(_entries(header, io.BytesIO(table)))
        contents(data, header)
        return Release(data, header, entries)
    except image.Bad as bad:
        raise Refused(reasons.told(bad)) from bad


def contents(data: bytes, header: image.Header) -> dict[str, bytes]:
    """The files of an image that is whole, and its manifest; Bad if they do not fit the table."""
    files: dict[str, _Kept] = {}

    def new(path: str) -> _Kept:
        files[path] = _Kept()
        return files[path]

    unpack = unpacking.Unpack(io.BytesIO(data), header, new)
    while unpack.step():
        pass
    return {path: file.getvalue() for path, file in files.items()}


class _Kept(io.BytesIO):
    """Can still be asked for its bytes when it has been closed."""

    def close(self) -> None:
        pass


def _entries(header: image.Header, table: io.BytesIO) -> Iterator[Entry]:
    rows = image.Table(header)
    while rows.files_left:
        path, size, sha256 = rows.next(table)
        yield Entry(path, size, sha256.hex())


def trusted_by(keys: Iterable[Key], release: Release) -> Key | None:
    """The one of these keys that signed the image."""
    return next((key for key in keys if release.signed_by(key)), None)
