"""Where things lie, and what both ends of the simulator's wire share.

Found through the packages themselves, so that it works from a checkout and installed. The
operation numbers are read from the MicroPython side's own file: there is one list.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from ..problems import Problem


class SimError(Problem):
    """The simulator cannot go on; the message says why, for a person."""


def package_dir(name: str) -> Path | None:
    """The folder of an importable package, or None."""
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _build_dir() -> Path:
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "pyproject.toml").exists():
        return checkout / "build" / "sim"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "cellwarden" / "sim"


def _simulated_dir() -> Path:
    board = package_dir("boards.sim")
    if board is None:
        raise SimError("the package boards.sim is missing: the simulator's own board")
    return board / "simulated"


def _load_ops() -> Any:
    spec = importlib.util.spec_from_file_location("simops", SIMULATED / "simops.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BUILD = _build_dir()
SIMULATED = _simulated_dir()
ops = _load_ops()
