"""The format of a firmware image (``.cwfw``), and what a board asks of one.

    header 192 bytes | signature 256 | table | payload

The header holds the SHA-256 of the table and of the payload, and the signature covers the
header: so all that is verified with a key has one fixed size, an unfit image is refused after
its first 448 bytes, and nothing is interpreted before it is known to be authentic. The table
names every file with its size and SHA-256. The payload is the files one after the other, packed
with deflate (``inflate.py``). Header, signature and table as they came are a slot's manifest.

Loaders are never updated in the field, so this layout is for good: bytes and flags that are
reserved are written as 0; readers ignore them, except the upper eight flags, which a reader has
to know. Numbers have their lowest byte first. docs/releases.md has the table of the fields.
"""

import hashlib
from struct import unpack_from

MAGIC = b"CWFW\r\n\x1a\n"  # a transfer that tampers with line ends shows here
FORMAT = 1
HEADER_BYTES = 192
SIGNATURE_BYTES = 256
TABLE_AT = 448
HEADER = "<8sHH8s24sHHIHHHHIII32s32s"
HEADER_CHECK_AT = 184  # the first 8 bytes of the SHA-256 of what stands before
FLAG_DEVELOPMENT = 1
FLAGS_TO_KNOW = 0xFF00
# The most that an image may ask of a reader, whoever signed it.
MAX_FILES = 400
MAX_TABLE_BYTES = 32_768
MAX_CONTENT_BYTES = 1_048_576
MAX_PATH = 64
_MAX_PARTS = 4
_NAME = b"abcdefghijklmnopqrstuvwxyz0123456789_"
_SUFFIX = b".mpy"
MANIFEST = "manifest"  # the name it has in a slot; no file of a table can be called so
# What MicroPython says of the compiled files it takes (sys.implementation._mpy).
_MPY_VERSION = 0xFF
_MPY_MACHINE = 10


class Bad(Exception):
    """An image is refused. ``reason`` is one of few short words, the same for good:

    truncated, too big, format, hash, signature, development key, board, hardware, version,
    micropython, missing, running. ``detail`` is for a person.
    """

    def __init__(self, reason, detail=""):
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Terms:
    """What a board asks of an image: its own name and revision, and the keys that it trusts.

    ``oldest``: the lowest version it takes (``version_number``); 0 when a person has asked for
    an older one. ``mpy``: its ``sys.implementation._mpy``. ``room``: how many bytes of files.
    """

    def __init__(self, board, hardware, keys, oldest=0, mpy=None, room=MAX_CONTENT_BYTES):
        self.board = board
        self.hardware = hardware
        self.keys = keys
        self.oldest = oldest
        self.mpy = mpy
        self.room = room

    def key(self, header):
        """The trusted key that the header names; Bad if there is none."""
        for key in self.keys:
            if key.id == header.key_id:
                if key.development == header.development:
                    return key
                break
        if header.development:
            raise Bad("development key")
        raise Bad("signature")

    def judge(self, header):
        """Raise Bad unless an image with this header, if authentic, may run on the board."""
        if header.board != self.board:
            raise Bad("board", "for " + header.board)
        if not header.hardware_min <= self.hardware <= header.hardware_max:
            raise Bad("hardware", "%d to %d" % (header.hardware_min, header.hardware_max))
        if header.content_bytes > self.room:
            raise Bad("too big", "%d bytes of files" % header.content_bytes)
        if self.mpy is not None and not _runs(header.mpy, self.mpy):
            raise Bad("micropython")
        if header.version < self.oldest:
            raise Bad("version", header.version_text + " is older")


def _runs(compiled, mpy):
    """Whether this MicroPython takes such files: the same version, and the same processor
    where they hold machine code."""
    if compiled >> _MPY_MACHINE:
        return compiled == mpy & 0xFFFF
    return compiled & _MPY_VERSION == mpy & _MPY_VERSION


class Header:
    """The fields of a header, read from the first 192 bytes of ``data``; Bad if it is none."""

    def __init__(self, data):
        data = bytes(data[:HEADER_BYTES])
        if data[: len(MAGIC)] != MAGIC[: len(data)]:
            raise Bad("format")
        if len(data) < HEADER_BYTES:
            raise Bad("truncated", "header")
        self.sha256 = hashlib.sha256(data).digest()
        if hashlib.sha256(data[:HEADER_CHECK_AT]).digest()[:8] != data[HEADER_CHECK_AT:]:
            raise Bad("hash", "header")
        (
            _,
            form,
            flags,
            self.key_id,
            board,
            self.hardware_min,
            self.hardware_max,
            self.version,
            self.schema,
            self.mpy,
            self.file_count,
            _,
            self.table_bytes,
            self.content_bytes,
            self.payload_bytes,
            self.table_sha256,
            self.payload_sha256,
        ) = unpack_from(HEADER, data)
        if form != FORMAT or flags & FLAGS_TO_KNOW:
            raise Bad("format", "newer")
        self.development = bool(flags & FLAG_DEVELOPMENT)
        name = board.rstrip(b"\0")
        if not name or not _is_name(name):
            raise Bad("format", "board")
        self.board = str(name, "ascii")
        if self.version >> 30:
            raise Bad("format", "version")
        if (
            self.file_count > MAX_FILES
            or self.table_bytes > MAX_TABLE_BYTES
            or self.content_bytes > MAX_CONTENT_BYTES
            or self.payload_bytes > MAX_CONTENT_BYTES
        ):
            raise Bad("too big", "for any board")
        self.version_text = version_text(self.version)
        self.manifest_bytes = TABLE_AT + self.table_bytes
        self.image_bytes = self.manifest_bytes + self.payload_bytes


class Table:
    """Reads the entries of a table from ``file``, one a call, and holds them to the rules.

    An entry is: length of the path (1 byte), path, size (4), SHA-256 (32). Paths ascend.
    """

    def __init__(self, header):
        self.files_left = header.file_count
        self._bytes_left = header.table_bytes
        self._content_left = header.content_bytes
        self._last = b""

    def next(self, file):
        """(path, size, SHA-256) of the next entry, which begins where ``file`` stands."""
        path = self._read(file, self._read(file, 1)[0])
        if path <= self._last or not is_path(path):
            raise Bad("format", "path")
        self._last = path
        size = unpack_from("<I", self._read(file, 4))[0]
        sha256 = self._read(file, 32)
        self.files_left -= 1
        self._content_left -= size
        if not self.files_left and (self._bytes_left or self._content_left):
            raise Bad("format", "sizes")
        return str(path, "ascii"), size, sha256

    def _read(self, file, count):
        self._bytes_left -= count
        data = file.read(count) if self._bytes_left >= 0 else b""
        if len(data) != count:
            raise Bad("format", "table")
        return data


def is_path(path):
    """Whether a table may name this file (bytes): ``package/module.mpy``, nothing cleverer."""
    if not path.endswith(_SUFFIX) or len(path) > MAX_PATH:
        return False
    parts = path[: -len(_SUFFIX)].split(b"/")
    return 1 < len(parts) <= _MAX_PARTS and all(part and _is_name(part) for part in parts)


def _is_name(text):
    return all(letter in _NAME for letter in text)


def version_number(text):
    """``1.2.3`` as a number that grows with it, a small integer everywhere."""
    number = 0
    parts = text.split(".")
    if len(parts) != 3:
        raise ValueError("a version is three numbers")
    for part in parts:
        value = int(part)
        if not 0 <= value < 1024 or str(value) != part:
            raise ValueError("a version is three numbers from 0 to 1023")
        number = number << 10 | value
    return number


def version_text(number):
    return "%d.%d.%d" % (number >> 20, number >> 10 & 1023, number & 1023)
