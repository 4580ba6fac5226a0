"""The bootloader on CPython: its package under the name it has on a board, files in a folder.

On a board the package lies at the root and finds ``machine`` and its board's numbers there;
here they are put in place for one test at a time.
"""

import contextlib
import importlib
import runpy
import sys
from pathlib import Path
from types import ModuleType

from cellwarden_host.board_folders import definition_for_loader

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
_STUBS = ("machine", "vfs")


@contextlib.contextmanager
def loader_on(board, machine):
    """Meanwhile ``loader`` can be imported, on this board (None: its file is missing)."""
    _forget()
    sys.path.insert(0, str(FIRMWARE))
    sys.modules["machine"] = machine
    sys.modules["vfs"] = ModuleType("vfs")
    try:
        if board is not None:
            numbers = ModuleType("loader.board")
            vars(numbers).update(runpy.run_path(str(definition_for_loader(board))))
            package = importlib.import_module("loader")
            package.board = sys.modules["loader.board"] = numbers
        yield
    finally:
        sys.path.remove(str(FIRMWARE))
        _forget()


def _forget():
    for name in list(sys.modules):
        if name in _STUBS or name.partition(".")[0] == "loader":
            del sys.modules[name]
