"""Signatures of images: RSA with 2048 bits and SHA-256, PKCS #1 v1.5 (RFC 8017, section 8.2.2).

The exponent is always 65537, a key always has 2048 bits, and a signature always has 256 bytes;
nothing in a file chooses an algorithm or a length. The encoded message is made here and compared
as a whole. It must never be parsed: readers that skipped over padding or over algorithm
identifiers have accepted forged signatures.

A key lies on a board as a record of 272 bytes: "CWPK", flags (bit 0: development key), three
zero bytes, the modulus with its highest byte first, and the first 8 bytes of the SHA-256 of all
that, so that a torn file is no key.
"""

import hashlib

KEY_BYTES = 256
ID_BYTES = 8
RECORD_BYTES = 272
RECORD_MAGIC = b"CWPK"
DEVELOPMENT = 1
_MODULUS_AT = 8
_CHECK_AT = 264
_SQUARINGS = 16  # 65537 is 2**16 + 1
# DER of the DigestInfo that names SHA-256 (RFC 8017, section 9.2, note 1).
_SHA256 = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"


class Key:
    """A public key: the modulus (256 bytes), its short name, and whether everybody has it."""

    def __init__(self, modulus, development=False):
        if len(modulus) != KEY_BYTES or modulus[0] < 0x80 or not modulus[-1] & 1:
            raise ValueError("not a modulus of 2048 bits")
        self.modulus = bytes(modulus)
        self.development = development
        self.id = hashlib.sha256(self.modulus).digest()[:ID_BYTES]


def key(record):
    """The key of a record as it lies on a board; ValueError when it is damaged."""
    record = bytes(record)
    if len(record) != RECORD_BYTES or record[:4] != RECORD_MAGIC:
        raise ValueError("not a key")
    if hashlib.sha256(record[:_CHECK_AT]).digest()[:8] != record[_CHECK_AT:]:
        raise ValueError("a damaged key")
    return Key(record[_MODULUS_AT:_CHECK_AT], bool(record[4] & DEVELOPMENT))


def encoded(digest):
    """What a signature of this SHA-256 holds once the public exponent has been applied."""
    padding = KEY_BYTES - 3 - len(_SHA256) - len(digest)
    return b"\x00\x01" + b"\xff" * padding + b"\x00" + _SHA256 + digest


class Verifier:
    """Verifies one signature in 17 equal steps, so that a controller at work can afford it.

    ``step()`` is True while there is more to do; then ``good`` says how it stands.
    """

    def __init__(self, key, signature, digest):
        self.good = False
        self._modulus = int.from_bytes(key.modulus, "big")
        self._signature = int.from_bytes(bytes(signature), "big")
        self._power = self._signature
        self._wanted = int.from_bytes(encoded(bytes(digest)), "big")
        allowed = len(signature) == KEY_BYTES and len(digest) == 32
        allowed = allowed and 1 < self._signature < self._modulus
        self._left = _SQUARINGS + 1 if allowed else 0

    def step(self):
        left = self._left
        if left:
            self._left = left = left - 1
            factor = self._power if left else self._signature
            self._power = self._power * factor % self._modulus
            if not left:
                self.good = self._power == self._wanted
        return left > 0


def verify(key, signature, digest):
    """Whether ``signature`` is the key's, of something with this SHA-256; at one go."""
    verifier = Verifier(key, signature, digest)
    while verifier.step():
        pass
    return verifier.good
