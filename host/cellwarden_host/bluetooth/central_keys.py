"""Who this computer is on the simulated air, and with which boards it has paired.

A real computer has one address and keeps its bonds; so does this one, in the user's cache, but
only one program at a time can be it: another one that runs meanwhile is a stranger with bonds of
its own, in memory.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import IO

from bumble import keys

from ..ready_file import default_ready_file

try:
    import fcntl
except ImportError:  # Windows has no simulator either
    fcntl = None  # type: ignore[assignment]

_NAMESPACE = "cellwarden"


def folder() -> Path:
    return default_ready_file().parent


class Identity:
    """A stranger until ``claim`` has taken the computer's own identity; ``release`` gives it
    back."""

    def __init__(self) -> None:
        self.address = _static_address(secrets.token_bytes(6))
        self.irk = secrets.token_bytes(16)
        self.bonds: keys.KeyStore = keys.MemoryKeyStore()
        self._lock: IO[str] | None = None

    def claim(self) -> None:
        """Be the one that boards know, unless another program is it just now."""
        where = folder()
        self._lock = _locked(where / "radio.lock")
        if self._lock is None:
            return
        raw = _kept(where / "radio_identity.json")
        self.address, self.irk = _static_address(raw[:6]), raw[6:]
        self.bonds = keys.JsonKeyStore(_NAMESPACE, str(_readable(where / "radio_bonds.json")))

    def release(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()


def _locked(path: Path) -> IO[str] | None:
    """The file, which is nobody else's until it is closed; None when it is somebody's."""
    lock = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = open(path, "a", encoding="utf-8")
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if lock is not None:
            lock.close()
        return None
    return lock


def _readable(path: Path) -> Path:
    """The same path; what lies there and is no store of keys is removed."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    except (OSError, ValueError):
        path.unlink(missing_ok=True)
    return path


def _kept(path: Path) -> bytes:
    """22 random bytes, the same every time."""
    try:
        raw = bytes.fromhex(json.loads(path.read_text(encoding="utf-8")))
        if len(raw) == 22:
            return raw
    except (OSError, ValueError, TypeError):
        pass
    raw = secrets.token_bytes(22)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        json.dump(raw.hex(), file)
    return raw


def _static_address(raw: bytes) -> str:
    """A static random address: its two highest bits are set (Core 5.4, vol 6 B 1.3.2.1)."""
    return ":".join(f"{byte:02X}" for byte in (raw[0] | 0xC0, *raw[1:]))
