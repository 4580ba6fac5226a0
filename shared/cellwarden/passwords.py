"""Keys made of passwords, and the answer to a challenge. See docs/access.md for test vectors.

MicroPython brings SHA-256 but no HMAC, so HMAC (RFC 2104) stands here. Passwords are never
kept: only keys, one for each role. Allocates freely: nothing here runs in a tick or a read.
"""

from hashlib import sha256

PASSWORD_BYTES = 16
NONCE_BYTES = 16
KEY_BYTES = 32
MIN_LENGTH = 6

_BLOCK = 64
_INNER = int.from_bytes(b"\x36" * _BLOCK, "big")
_OUTER = int.from_bytes(b"\x5c" * _BLOCK, "big")
# What is hashed behind the password, so that one password gives each role a key of its own.
_TAGS = (b"", b"installer", b"factory", b"lessor")


def key_of(password, role):
    """The key of ``role`` for a password of at most 16 bytes."""
    padded = bytes(password) + bytes(PASSWORD_BYTES - len(password))
    return sha256(padded + _TAGS[role]).digest()


def is_good(padded):
    """True for 6 to 16 bytes without control characters, zero padded to 16."""
    length = PASSWORD_BYTES
    while length and not padded[length - 1]:
        length -= 1
    if length < MIN_LENGTH:
        return False
    for i in range(length):
        if padded[i] < 0x20 or padded[i] == 0x7F:
            return False
    return True


def hmac_sha256(key, message):
    """HMAC-SHA-256 for a key of at most 64 bytes."""
    padded = int.from_bytes(bytes(key) + bytes(_BLOCK - len(key)), "big")
    inner = (padded ^ _INNER).to_bytes(_BLOCK, "big")
    outer = (padded ^ _OUTER).to_bytes(_BLOCK, "big")
    return sha256(outer + sha256(inner + message).digest()).digest()


def response(key, nonce, port, role):
    """What a client answers to a challenge."""
    return hmac_sha256(key, bytes(nonce) + bytes((port, role)))


def equal(a, b):
    """Compare all bytes however early they differ, so that time tells nothing."""
    different = len(a) ^ len(b)
    for i in range(min(len(a), len(b))):
        different |= a[i] ^ b[i]
    return not different
