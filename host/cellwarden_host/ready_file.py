"""Finds the running simulator: the file in which it tells its ports, and whether it is alive.

A file left behind by a simulator that was killed names pseudo terminals which may belong to
somebody else by now, so nothing in it is used before its control port has answered.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from .problems import NoConnection
from .words import say

KEYS = ("repl", "rs485_1", "rs485_2", "control")


def default_ready_file() -> Path:
    """One a user: in the session's runtime folder, else in the user's cache."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    base = Path(runtime) if runtime else Path.home() / ".cache"
    return base / "cellwarden" / "sim.json"


def read_ready_file(path: Path) -> dict[str, Any] | None:
    """The ports of the simulator that wrote ``path``; None when it does not run."""
    try:
        ports = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(ports, dict) or any(key not in ports for key in KEYS):
        return None
    try:
        connect_control(ports["control"]).close()
    except (NoConnection, ValueError):
        return None
    return ports


def connect_control(where: Any, timeout_s: float = 5.0) -> socket.socket:
    """A connection to a control port: a number on this machine, or ``host:port``."""
    host, _, number = str(where).rpartition(":")
    try:
        return socket.create_connection((host or "127.0.0.1", int(number)), timeout=timeout_s)
    except (OSError, ValueError) as error:
        raise NoConnection(
            say(
                "no simulator answers at control port {where}; start one: cellwarden sim",
                where=where,
            )
        ) from error
