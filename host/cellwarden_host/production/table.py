"""A table that only ever grows: a CSV file that survives a crash and a person's spreadsheet.

A line torn by a crash or a full disk is left out, a torn header is mended. Anything else that this
program has not written (other separators, columns or encodings, as a spreadsheet saves them) is
refused with the file kept as it is: a row that is overlooked would give a serial number twice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from .. import kept
from ..problems import Refused
from ..words import say

# A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t")
_QUOTE = "'"


def one_line(cell: str) -> str:
    """A line end in a cell must not end a record."""
    return " ".join(cell.splitlines())


def _safe(cell: str) -> str:
    cell = one_line(cell)
    return _QUOTE + cell if cell.lstrip(_QUOTE)[:1] in _FORMULA else cell


def _plain(cell: str) -> str:
    """What ``_safe`` was given, or a line of it."""
    return cell[1:] if cell[:1] == _QUOTE and cell.lstrip(_QUOTE)[:1] in _FORMULA else cell


def _csv_line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([_safe(str(cell)) for cell in cells])
    return text.getvalue()


def append(path: Path, columns: Sequence[str], cells: Sequence[object]) -> None:
    """One more row, on the disk when this returns."""
    kept.append_line(path, _csv_line(cells), header=_csv_line(columns))


def read(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The whole rows; ``Refused`` for a file that is not of this program's making."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        why = error.strerror or ""
        raise Refused(say("cannot read {path}: {why}", path=str(path), why=why)) from error
    if not raw:
        return []
    first, _, rest = raw.partition(b"\n")
    header = _csv_line(columns).encode()
    if first.rstrip(b"\r") != header:
        if not header.startswith(first):
            raise spoiled(path)
        kept.write_text(path, _csv_line(columns) + "\n", rest)
    rows = []
    for line in rest.split(b"\n"):
        cells = _cells(path, line)
        if len(cells) > len(columns):
            raise spoiled(path)
        if len(cells) == len(columns):
            rows.append(dict(zip(columns, cells, strict=True)))
    return rows


def _cells(path: Path, line: bytes) -> list[str]:
    """Line by line: a quote that a crash has left open must not swallow what follows."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        if error.end == len(line) and error.reason == "unexpected end of data":
            return []  # torn in the middle of a letter
        raise spoiled(path) from error
    return [_plain(cell) for cells in csv.reader([text.rstrip("\r")]) for cell in cells]


def spoiled(path: Path) -> Refused:
    return Refused(
        say(
            "{path} is not as this program writes it (has a spreadsheet saved it?). It is kept as "
            "it is, and no board is made: put a copy of before in its place, or save it as CSV "
            "with commas in UTF-8 without BOM, the columns unchanged",
            path=str(path),
        )
    )
