"""A board's folder for tests: a shipped one, copied and changed."""

import shutil
from pathlib import Path

from cellwarden_host import board_check, board_folders

SHOWN = Path("boards/my")


class BoardFolder:
    """``change`` edits a file; ``said`` is what the checker prints, ``advice`` included."""

    def __init__(self, folder, like="pico_24s"):
        self.path = Path(folder) / "my"
        shutil.copytree(
            board_folders.root() / like, self.path, ignore=shutil.ignore_patterns("__pycache__")
        )

    def change(self, old, new, file="__init__.py"):
        """Put ``new`` in place of ``old``, which must be there once."""
        path = self.path / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new), encoding="utf-8")

    def line(self, text, file="__init__.py"):
        """Number of the one line that holds ``text``."""
        lines = (self.path / file).read_text(encoding="utf-8").splitlines()
        (number,) = [n for n, line in enumerate(lines, 1) if text in line]
        return number

    def found(self):
        return board_check.check(self.path, SHOWN)

    def said(self):
        return [str(finding) for finding in self.found()]

    def advice(self):
        return [finding.advice for finding in self.found()]
