"""Lets the tests in this folder import the tree, and each other's helpers, by name."""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parent.parent
for folder in (_HERE, _ROOT, _ROOT / "shared", _ROOT / "host"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
