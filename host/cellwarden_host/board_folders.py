"""Where the boards' folders are, and a board's definition as a controller gets it.

A board is called like its folder, so that a copied folder is a new board; the name is added
here, on the way to the controller, and stands in no definition.
"""

from __future__ import annotations

import os
from pathlib import Path

from .sim.layout import BUILD, package_dir

DEFINITION = "__init__.py"


def root() -> Path:
    """The folder that holds the boards."""
    found = package_dir("boards")
    assert found is not None
    return found


def names() -> list[str]:
    """Every board there is, by name."""
    return sorted(path.parent.name for path in root().glob(f"*/{DEFINITION}"))


def definition_for_controller(folder: Path) -> Path:
    """The folder's definition with the board's name in it, in a file of its own."""
    text = (folder / DEFINITION).read_text(encoding="utf-8")
    target = BUILD / "boards" / folder.name / DEFINITION
    named = f'{text.rstrip()}\nNAME = "{folder.name}"\n'
    if not target.exists() or target.read_text(encoding="utf-8") != named:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(f".{os.getpid()}")
        draft.write_text(named, encoding="utf-8")
        draft.replace(target)
    return target
