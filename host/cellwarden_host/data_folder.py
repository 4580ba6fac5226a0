"""Where the PC software keeps what it records: one folder a user, or the one it was told to use.

Nothing secret is ever kept there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_told: Path | None = None


def use(folder: Path) -> None:
    """Keep everything in ``folder`` from now on."""
    global _told
    _told = folder


def folder() -> Path:
    """The folder; it need not exist yet."""
    if _told is not None:
        return _told
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "cellwarden"
