"""Where things lie, and what both ends of the simulator's wire share.

The operation numbers are read from the MicroPython side's own file, so that there is one list.
"""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SIMULATED = ROOT / "boards" / "sim" / "simulated"
BUILD = ROOT / "build" / "sim"


class SimError(Exception):
    """The simulator cannot go on; the message says why, for a person."""


def _load_ops():
    spec = importlib.util.spec_from_file_location("simops", SIMULATED / "simops.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ops = _load_ops()
