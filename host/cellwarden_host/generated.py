"""Documents made from tables: written, or only compared with what should stand in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def stale(outputs: Mapping[Path, str]) -> list[Path]:
    """Documents that are not what they should be."""
    return [
        path
        for path, text in outputs.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


def write(outputs: Mapping[Path, str], check: bool = False) -> int:
    """Write the documents, or with ``check`` only say which are stale; an exit code."""
    if check:
        wrong = stale(outputs)
        for path in wrong:
            print(f"{path.name} is not what its tables say: cellwarden docs")
        return 1 if wrong else 0
    for path, text in outputs.items():
        path.write_text(text, encoding="utf-8")
        print("wrote", path.name, len(text))
    return 0
