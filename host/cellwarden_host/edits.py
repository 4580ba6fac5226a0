"""Changes to a source by position, so that lines and everything else stay as they are."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


class EditError(ValueError):
    """A change that cannot be made safely; the text says where."""


@dataclass(frozen=True)
class Edit:
    """Puts ``new`` in place of what stands between two positions (columns count bytes)."""

    row: int
    column: int
    end_row: int
    end_column: int
    new: str

    @classmethod
    def whole(cls, node: Any, new: str) -> Edit:
        """In place of all of ``node``, which keeps its number of lines."""
        lines = "\n" * (node.end_lineno - node.lineno)
        return cls(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, new + lines)

    @classmethod
    def name(cls, node: Any, old: str, new: str) -> Edit:
        """A name or parameter, without the annotation that may follow it."""
        end = node.col_offset + len(old.encode())
        return cls(node.lineno, node.col_offset, node.lineno, end, new)

    @classmethod
    def defined(cls, node: Any, new: str) -> Edit:
        """The name behind def, async def or class, one space apart."""
        words = {ast.AsyncFunctionDef: "async def ", ast.ClassDef: "class "}
        start = node.col_offset + len(words.get(type(node), "def "))
        return cls(node.lineno, start, node.lineno, start + len(node.name.encode()), new)

    @classmethod
    def attribute(cls, node: ast.Attribute, new: str) -> Edit:
        """The name behind the dot."""
        row, end = node.end_lineno or 0, node.end_col_offset or 0
        return cls(row, end - len(node.attr.encode()), row, end, new)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """``text`` with all ``edits`` made, which must not overlap."""
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    out = text.encode()
    before = len(out) + 1
    for edit in sorted(set(edits), key=lambda edit: (-edit.row, -edit.column)):
        start = starts[edit.row - 1] + edit.column
        end = starts[edit.end_row - 1] + edit.end_column
        if end > before:
            raise EditError(f"changes overlap in line {edit.row}")
        before = start
        out = out[:start] + edit.new.encode() + out[end:]
    return out.decode()


def names_in(tree: ast.AST) -> Iterator[str]:
    """Every name that is used or given, one for each time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.alias)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg


def strings_in(tree: ast.AST) -> set[str]:
    """Every text in the source: a name that stands there may be looked up by it."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
