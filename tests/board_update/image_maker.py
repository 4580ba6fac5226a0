"""Makes small images, right and wrong ones, and signs them; runs on both runtimes.

The payload is packed with stored blocks, which every inflater reads; ``PACKED`` has really been
compressed, by zlib.
"""

import hashlib
import io
from struct import pack

from image_keys import OWNER, STRANGER

from board_update import image
from board_update.signature import Key, encoded

FILES = (
    ("board/__init__.mpy", b"M\x06\x00\x1f" + b"pins" * 9),
    ("cellwarden/ticks.mpy", b"M\x06\x00\x1f" + bytes(range(40))),
)
# What zlib makes of REPEATED, with a window of 4 kB, level 9.
REPEATED = (("firmware/start.mpy", b"M\x06\x00\x1f" + b"on and on and " * 400),)
PACKED = bytes.fromhex(
    "edc5310d00200c0030aed960862682847bf3ffa183a47d5ab1f6749ebe2949922449922449faac07"
)
# The packed bytes end before the 17 last unpacked ones have come out.
ZEROS = (("firmware/start.mpy", b"M\x06\x00\x1f" + bytes(1549)),)
PACKED_ZEROS = bytes.fromhex("f3656390671805a360148c8251300a00")


def key_of(numbers, development=False):
    return Key((numbers[0] * numbers[1]).to_bytes(256, "big"), development)


OWNERS = key_of(OWNER)
STRANGERS = key_of(STRANGER)
TERMS = image.Terms("pico_24s", 2, (OWNERS,), oldest=image.version_number("1.2.3"), mpy=0x1306)


def sign(numbers, data):
    """A signature as RFC 8017 makes it."""
    return signed_block(numbers, encoded(hashlib.sha256(data).digest()))


def signed_block(numbers, block):
    """Whatever stands in ``block``, signed."""
    p, q, exponent_p, exponent_q, inverse = numbers
    value = int.from_bytes(block, "big")
    by_p = pow(value % p, exponent_p, p)
    by_q = pow(value % q, exponent_q, q)
    return (by_q + q * (inverse * (by_p - by_q) % p)).to_bytes(256, "big")


def stored(data):
    """``data`` as one stored block of deflate, or more."""
    packed = b""
    for at in range(0, len(data), 60000):
        piece = data[at : at + 60000]
        last = at + 60000 >= len(data)
        packed += pack("<BHH", last, len(piece), len(piece) ^ 0xFFFF) + piece
    return packed or b"\x01\x00\x00\xff\xff"


def row(path, data):
    """One entry of a table."""
    name = path.encode()
    return bytes((len(name),)) + name + pack("<I", len(data)) + hashlib.sha256(data).digest()


def made(files=FILES, signer=OWNER, key=None, **changes):
    """An image. ``changes``: fields that differ, or ``table``, ``payload``, ``reserved``;
    ``key`` stands in the header, ``signer`` signs."""
    key = key or key_of(signer)
    contents = b"".join([data for _, data in files])
    field = {
        "magic": image.MAGIC,
        "format": image.FORMAT,
        "flags": 1 if key.development else 0,
        "key_id": key.id,
        "board": b"pico_24s",
        "hardware_min": 1,
        "hardware_max": 2,
        "version": image.version_number("1.2.3"),
        "schema": 7,
        "mpy": 0x1306,
        "file_count": len(files),
        "reserved_count": 0,
        "table_bytes": None,
        "content_bytes": len(contents),
        "payload_bytes": None,
        "table": b"".join([row(path, data) for path, data in files]),
        "payload": stored(contents),
        "reserved": b"",
    }
    field.update(changes)
    table, payload = field["table"], field["payload"]
    sizes = [
        len(data) if field[name] is None else field[name]
        for name, data in (("table_bytes", table), ("payload_bytes", payload))
    ]
    header = pack(
        image.HEADER,
        field["magic"],
        field["format"],
        field["flags"],
        field["key_id"],
        field["board"],
        field["hardware_min"],
        field["hardware_max"],
        field["version"],
        field["schema"],
        field["mpy"],
        field["file_count"],
        field["reserved_count"],
        sizes[0],
        field["content_bytes"],
        sizes[1],
        hashlib.sha256(table).digest(),
        hashlib.sha256(payload).digest(),
    )
    header += field["reserved"]
    header += bytes(image.HEADER_CHECK_AT - len(header))
    header += hashlib.sha256(header).digest()[:8]
    return header + sign(signer, header) + table + payload


def flipped(data, at):
    """``data`` with one bit of byte ``at`` turned over."""
    wrong = bytearray(data)
    wrong[at] ^= 1 << at % 8
    return bytes(wrong)


class Slot:
    """Files in memory, as a slot would hold them; remembers the order of writing."""

    def __init__(self, files=()):
        self.files = dict(files)
        self.order = []
        self.open_files = 0
        self.longest_write = 0

    def open_for_write(self, path):
        self.order.append(path)
        self.files[path] = b""
        self.open_files += 1
        return _Written(self, path)

    def open_for_read(self, path):
        if path not in self.files:
            raise OSError(2)
        return io.BytesIO(self.files[path])


class _Written:
    def __init__(self, slot, path):
        self._slot = slot
        self._path = path

    def write(self, data):
        data = bytes(data)
        self._slot.files[self._path] += data
        self._slot.longest_write = max(self._slot.longest_write, len(data))

    def close(self):
        self._slot.open_files -= 1
