"""Files to an image, and a header to its fields and back: the writing side of the format.

The same files, fields and key make the same bytes: no time, no name of a machine and no random
number goes in. (Which bytes deflate makes is zlib's choice; another zlib may choose others.)
A header is read back with the board's own code before it is handed out.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from board_update import image
from board_update.inflate import WINDOW_BITS
from board_update.signature import ID_BYTES, Key

from ..problems import Refused

# What makes a signature of a header: the private half of a key, wherever it is kept.
Sign = Callable[[bytes], bytes]
_BOARD_BYTES = 24


@dataclass(frozen=True)
class Fields:
    """What a release says of itself."""

    board: str
    hardware: tuple[int, int]
    version: str
    schema: int
    mpy: int


@dataclass(frozen=True)
class Contents:
    """The files of an image, packed, and what its header says of them."""

    file_count: int
    content_bytes: int
    table: bytes
    payload: bytes

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Contents:
        """``files``: path in the slot -> content."""
        table = bytearray()
        deflate = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS, 9)
        payload = bytearray()
        for path in sorted(files, key=str.encode):
            name, data = path.encode(), files[path]
            if not image.is_path(name):
                raise Refused(f"{path}: an image cannot hold a file of this name")
            table += bytes((len(name),)) + name + struct.pack("<I", len(data))
            table += hashlib.sha256(data).digest()
            payload += deflate.compress(data)
        payload += deflate.flush()
        size = sum(map(len, files.values()))
        return cls(len(files), size, bytes(table), bytes(payload))


def packed(files: Mapping[str, bytes], fields: Fields, key: Key, sign: Sign) -> bytes:
    """The image of these files, signed."""
    return _signed(fields, Contents.of(files), key, sign)


def signed_again(data: bytes, key: Key, sign: Sign) -> bytes:
    """The same image, signed with another key."""
    old = image.Header(data)
    contents = Contents(
        old.file_count,
        old.content_bytes,
        data[image.TABLE_AT : old.manifest_bytes],
        data[old.manifest_bytes :],
    )
    return _signed(fields_of(old), contents, key, sign)


def manifest(files: Mapping[str, bytes], fields: Fields) -> bytes:
    """The manifest of a slot that holds ``files`` but came over the REPL: not signed."""
    contents = Contents.of(files)
    header = _header(fields, contents, bytes(ID_BYTES), False)
    return header + bytes(image.SIGNATURE_BYTES) + contents.table


def _signed(fields: Fields, contents: Contents, key: Key, sign: Sign) -> bytes:
    header = _header(fields, contents, key.id, key.development)
    return header + sign(header) + contents.table + contents.payload


def fields_of(header: image.Header) -> Fields:
    return Fields(
        header.board,
        (header.hardware_min, header.hardware_max),
        image.version_text(header.version),
        header.schema,
        header.mpy,
    )


def _header(fields: Fields, contents: Contents, key_id: bytes, development: bool) -> bytes:
    board = fields.board.encode()
    if len(board) > _BOARD_BYTES:
        raise Refused(
            f"{fields.board}: in an image a board's name may have {_BOARD_BYTES} letters"
        )
    plain = struct.pack(
        image.HEADER,
        image.MAGIC,
        image.FORMAT,
        image.FLAG_DEVELOPMENT if development else 0,
        key_id,
        board,
        *fields.hardware,
        image.version_number(fields.version),
        fields.schema,
        fields.mpy,
        contents.file_count,
        0,
        len(contents.table),
        contents.content_bytes,
        len(contents.payload),
        hashlib.sha256(contents.table).digest(),
        hashlib.sha256(contents.payload).digest(),
    ).ljust(image.HEADER_CHECK_AT, b"\0")
    header = plain + hashlib.sha256(plain).digest()[:8]
    image.Header(header)  # the board's own limits
    return header
