"""Reads a board's files as data: each name's value, and the line it stands in.

Nothing of the folder is imported. Only assignments of constant expressions are carried out, so
that a definition which does more than define is an error and not a surprise.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from .finding import ERROR, Finding

_ALLOWED = (
    ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Name, ast.Load, ast.UnaryOp,
    ast.BinOp, ast.operator, ast.unaryop, ast.Call, ast.Starred,
)  # fmt: skip
_CALLS = {"range": range, "tuple": tuple, "len": len, "min": min, "max": max, "dict": dict}


class Source:
    """``values[name]``, ``line(name)``, ``line(name, key)`` of one file; ``findings`` of it."""

    def __init__(self, file: Path, shown: Path) -> None:
        self.file = shown
        self.values: dict[str, Any] = {}
        self.findings: list[Finding] = []
        self._lines: dict[str, int] = {}
        self._written: dict[str, list[tuple[object, int]]] = {}  # doubles included
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.error(1, "this file is missing", "copy it from a board that is like yours")
            return
        except (SyntaxError, UnicodeDecodeError) as error:
            line = getattr(error, "lineno", None) or 1
            reason = getattr(error, "msg", None) or str(error)
            self.error(line, f"not Python: {reason}", "mend the line")
            return
        if ast.get_docstring(tree) is None:
            self.error(1, "there is no docstring", "begin the file with what this board is")
        for node in tree.body:
            self._statement(node)

    def error(self, line: int, text: str, advice: str, severity: str = ERROR) -> None:
        self.findings.append(Finding(self.file, line, severity, text, advice))

    def line(self, name: str, key: object = None) -> int:
        """Where ``name`` is defined; with ``key`` the line of that entry, if it has its own."""
        inner = dict(self._written.get(name, ()))
        return inner.get(key, self._lines.get(name, 1))

    def entries(self, name: str) -> list[tuple[object, int]]:
        """Every key of a dictionary as it is written, doubles included, with its line."""
        return self._written.get(name, [])

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # the docstring
        simple = isinstance(node, ast.Assign) and len(node.targets) == 1
        target = node.targets[0] if simple and isinstance(node, ast.Assign) else None
        if not isinstance(node, ast.Assign) or not isinstance(target, ast.Name):
            self.error(
                node.lineno,
                "a board is data: only NAME = constant stands here",
                "the controller loads this file and the PC reads it; move code into firmware/",
            )
            return
        for part in ast.walk(node.value):
            call = isinstance(part, ast.Call)
            known = not isinstance(part, ast.Call) or (
                isinstance(part.func, ast.Name) and part.func.id in _CALLS and not part.keywords
            )
            if not isinstance(part, _ALLOWED) or (call and not known):
                self.error(
                    part.lineno if hasattr(part, "lineno") else node.lineno,
                    f"{target.id} is not a constant expression",
                    "write the value itself",
                )
                return
        if target.id in self._lines:
            self.error(
                node.lineno,
                f"{target.id} is defined a second time (first in line {self._lines[target.id]})",
                "keep one of them",
            )
        self._lines[target.id] = node.lineno
        self._note(target.id, node.value)
        code = compile(ast.Expression(node.value), str(self.file), "eval")
        try:
            self.values[target.id] = eval(code, {"__builtins__": _CALLS, **self.values})
        except Exception as error:  # whatever a slip in an expression raises
            self.error(node.lineno, f"{target.id}: {error}", "mend the expression")

    def _note(self, name: str, value: ast.expr) -> None:
        """Lines of the entries of a dictionary or a tuple."""
        if isinstance(value, ast.Dict):
            keys = [key for key in value.keys if isinstance(key, ast.Constant)]
            self._written[name] = [(key.value, key.lineno) for key in keys]
        elif isinstance(value, ast.Tuple):
            self._written[name] = [(i, part.lineno) for i, part in enumerate(value.elts)]
