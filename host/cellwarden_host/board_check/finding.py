"""One thing that is wrong with a board folder: where, what, and what to do about it.

Printed like an assembler's message, so that an editor can jump to the line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """``line`` 1 stands for the file as a whole; ``advice`` says what to do."""

    file: Path
    line: int
    severity: str
    text: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file.as_posix()}:{self.line}: {self.severity}: {self.text}"
