"""Keys: made, read from PEM files, and turned into the records that boards trust.

A private key lies in a file that only its owner may read, with a passphrase if he wants one. It
must never be printed, copied or left behind half-written; an existing file is never replaced.

The development key lies in this repository, so everybody has it: it is there to try things with.
What it signs says so, and boards that were flashed with keys of their own refuse it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from board_update.signature import DEVELOPMENT, KEY_BYTES, RECORD_MAGIC, Key, key

from ..problems import BadInput, Refused
from ..words import say

EXPONENT = 65537
PUBLIC_SUFFIX = ".pub"
_PRIVATE_MODE = 0o600
_DATA = ("data", "release")
_DEVELOPMENT_PRIVATE = "development-key.pem"
_DEVELOPMENT_RECORD = "development-key.rec"

Passphrase = Callable[[Path], str]


class Signer:
    """A private key at work."""

    def __init__(self, private: rsa.RSAPrivateKey, source: str) -> None:
        self._private = private
        self.key = _public(private.public_key(), source)

    def sign(self, data: bytes) -> bytes:
        """The signature, 256 bytes; the same for the same data."""
        return self._private.sign(data, padding.PKCS1v15(), hashes.SHA256())


@cache
def development() -> Signer:
    """The key that everybody has."""
    return _signer(_data(_DEVELOPMENT_PRIVATE), None, _DEVELOPMENT_PRIVATE)


@cache
def development_record() -> bytes:
    """What a board for development carries in its folder of keys."""
    return _data(_DEVELOPMENT_RECORD)


@cache
def development_key() -> Key:
    return key(development_record())


def private(path: Path, passphrase: Passphrase) -> Signer:
    """The private key in a PEM file; ``passphrase(path)`` is asked only if it has one."""
    pem = _read(path)
    try:
        return _signer(pem, None, str(path))
    except TypeError:  # how the library says that there is a passphrase
        return _signer(pem, passphrase(path).encode(), str(path))


def public(path: Path) -> Key:
    """The public key in a PEM file, also that of a private key without a passphrase."""
    pem = _read(path)
    try:
        if b"PRIVATE KEY" in pem:
            return _signer(pem, None, str(path)).key
        loaded = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise BadInput(say("{path} is not a public key in PEM format", path=str(path))) from None
    except TypeError:
        raise BadInput(
            say("{path} is a private key with a passphrase: give its .pub file", path=str(path))
        ) from None
    return _public(loaded, str(path))


def record(key: Key) -> bytes:
    """The 272 bytes by which a board knows a key (board_update.signature reads them)."""
    flags = DEVELOPMENT if key.development else 0
    plain = RECORD_MAGIC + bytes((flags, 0, 0, 0)) + key.modulus
    return plain + hashlib.sha256(plain).digest()[:8]


def check_new(path: Path) -> Path:
    """Refuse a place for a new key pair that is taken; the path of the public half."""
    public_path = path.with_suffix(PUBLIC_SUFFIX)
    if path == public_path:
        raise BadInput(say("{path}: .pub is for the public half", path=str(path)))
    for target in (path, public_path):
        if target.exists():
            raise Refused(say("{path} exists; a key is never replaced", path=str(target)))
    return public_path


def generate(path: Path, passphrase: str) -> tuple[Key, Path]:
    """Make a key pair: ``path`` holds the private half, ``path`` with .pub the public one."""
    public_path = check_new(path)
    made = rsa.generate_private_key(EXPONENT, KEY_BYTES * 8)
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        protection = serialization.BestAvailableEncryption(passphrase.encode())
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
    )
    told = made.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write_new(path, pem, _PRIVATE_MODE)
    _write_new(public_path, told, 0o644)
    return _public(made.public_key(), str(path)), public_path


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise Refused(say("{path} exists; a key is never replaced", path=str(path))) from None
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except OSError as error:
        path.unlink()
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> Refused:
    why = error.strerror or str(error)
    return Refused(say("cannot write {path}: {why}", path=str(path), why=why))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            say("cannot read {path}: {why}", path=str(path), why=error.strerror or str(error))
        ) from None


def _data(name: str) -> bytes:
    assert __package__ is not None
    return resources.files(__package__.rpartition(".")[0]).joinpath(*_DATA, name).read_bytes()


def _signer(pem: bytes, passphrase: bytes | None, source: str) -> Signer:
    """TypeError: a passphrase is needed."""
    try:
        loaded = serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, UnsupportedAlgorithm):
        if passphrase is not None:
            raise Refused(say("{path}: the passphrase is wrong", path=source)) from None
        raise BadInput(say("{path} is not a private key in PEM format", path=source)) from None
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise BadInput(say("{path}: only RSA keys of 2048 bits will do", path=source))
    return Signer(loaded, source)


def _public(loaded: object, source: str) -> Key:
    if not isinstance(loaded, rsa.RSAPublicKey):
        raise BadInput(say("{path}: only RSA keys of 2048 bits will do", path=source))
    numbers = loaded.public_numbers()
    if loaded.key_size != KEY_BYTES * 8 or numbers.e != EXPONENT:
        raise BadInput(
            say("{path}: only RSA keys of 2048 bits with exponent 65537 will do", path=source)
        )
    modulus = numbers.n.to_bytes(KEY_BYTES, "big")
    return Key(modulus, modulus == development_key().modulus)
