"""Says what is wrong with a board's folder, like an assembler: file, line, what, what to do.

``check(path)`` reads the two files of the folder (contract.py says what has to stand in them)
and returns its findings in the order of the lines. It never runs the folder's code and never
asks hardware. A folder without errors may still be a bad board: what hardware does is judged
only by what its files declare.
"""

from __future__ import annotations

from pathlib import Path

from .. import board_folders
from ..problems import Refused
from . import cells, consumption, hardware, names, pins, sensors
from .finding import ERROR, Finding
from .folder import WIRING_FILE, Folder

README = "README.md"


def opened(path: Path, shown: Path | None = None) -> Folder:
    """The folder, read but not judged."""
    return Folder(path, shown)


def check(path: Path, shown: Path | None = None) -> list[Finding]:
    """Everything that is wrong with the board in folder ``path``; findings name ``shown``."""
    folder = Folder(path, shown)
    found = folder.definition.findings + folder.wiring.findings
    if any(f.severity == ERROR and f.line == 1 and "missing" in f.text for f in found):
        return _sorted(found)
    for part in (names, pins, cells, sensors, hardware, consumption):
        part.check(folder)
    found += folder.findings
    if not (path / README).exists():
        shown_readme = (shown or path) / WIRING_FILE
        found.append(
            Finding(
                shown_readme,
                1,
                "warning",
                "there is no README.md: nobody can wire this board",
                "copy one from a board that is like yours",
            )
        )
    return _sorted(found)


def _sorted(found: list[Finding]) -> list[Finding]:
    return sorted(found, key=lambda f: (f.file.name, f.line, f.severity, f.text))


def failed(found: list[Finding]) -> bool:
    return any(finding.severity == ERROR for finding in found)


def without_errors(name: str) -> Folder:
    """The folder of the board ``name``; ``Refused`` when it has errors."""
    path = board_folders.of(name)
    if failed(check(path, Path("boards") / name)):
        raise Refused(f"{name} has errors; nothing was done: cellwarden boards check {name}")
    return opened(path)
