"""Writes numbers in place of their names before firmware is compiled for a controller.

A name costs a controller memory and time; a number costs neither. ``ids.NAME`` becomes the
schema's number, a private constant ``_NAME = 123`` is told to the compiler with ``const``.
Lines stay where they are, so tracebacks still fit the source. A name that is not in the schema
is an error here, not on the board.
"""

from __future__ import annotations

import io
import re
import tokenize

from cellwarden import ids

_CONSTANT = re.compile(
    r"^(_[A-Z][A-Z0-9_]*) = (-?(?:0x[0-9A-Fa-f_]+|\d[\d_]*))(?=\s*(?:#.*)?$)", re.MULTILINE
)
_IMPORT = re.compile(r"^from (?:\.|cellwarden) import ([a-z_ ,]+)$", re.M)


class InlineError(ValueError):
    """Source that cannot be inlined; the text says which name."""


def inlined(source: str) -> str:
    """``source`` with the schema's names and private constants as numbers."""
    text = _IMPORT.sub(_without_ids, source)
    if text != source:
        text = _numbers(text)
    return _CONSTANT.sub(r"\1 = const(\2)", text)


def _without_ids(match: re.Match[str]) -> str:
    names = [name.strip() for name in match.group(1).split(",")]
    kept = [name for name in names if name != "ids"]
    if kept == names:
        return match.group(0)
    start = match.group(0).split(" import ")[0]
    return "%s import %s" % (start, ", ".join(kept)) if kept else "# ids: inlined"


def _numbers(text: str) -> str:
    """Replace each ``ids.NAME``, from the end so that earlier positions stay right."""
    lines = text.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for first, dot, name in reversed(list(zip(tokens, tokens[1:], tokens[2:], strict=False))):
        if first.string != "ids" or first.type != tokenize.NAME or dot.string != ".":
            continue
        value = getattr(ids, name.string, None)
        if value is None:
            raise InlineError("ids.%s is not in the schema" % name.string)
        row, start = first.start
        line = lines[row - 1]
        lines[row - 1] = line[:start] + str(value) + line[name.end[1] :]
    return "".join(lines)
