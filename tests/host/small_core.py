"""The core with every sum and product checked: what leaves a small integer of an RP2040 raises.

``small_core.load("soc_filter")`` is cellwarden.soc_filter, compiled anew with each arithmetic
result passed through a check; what it imports from the core is checked as well. The modules in
ordinary use stay what they are.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import sys
from pathlib import Path
from types import ModuleType

import cellwarden

SMALLEST, LARGEST = -(1 << 30), (1 << 30) - 1
_PACKAGE = "small_cellwarden"
_FOLDER = Path(cellwarden.__file__).parent
# At start-up only, where 32 bits are put together.
_LARGE_BY_DESIGN = ("_get",)


class TooLarge(AssertionError):
    """A number that an RP2040 would have to allocate."""


def small(value: object, where: str) -> object:
    if isinstance(value, int) and not SMALLEST <= value <= LARGEST:
        raise TooLarge(f"{value} at {where}")
    return value


class _Checked(ast.NodeTransformer):
    """a + b becomes small(a + b), a += b becomes a = small(a + b), -a becomes small(-a)."""

    def __init__(self, name: str) -> None:
        self._name = name

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node if node.name in _LARGE_BY_DESIGN else self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return self._check(node, node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return self._check(node, node) if isinstance(node.op, ast.USub) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        before = ast.parse(ast.unparse(node.target), mode="eval").body
        whole = ast.BinOp(before, node.op, node.value)
        assign = ast.Assign([node.target], self._check(whole, node))
        return ast.copy_location(assign, node)

    def _check(self, value: ast.expr, at: ast.expr | ast.stmt) -> ast.expr:
        where = ast.Constant(f"{self._name}:{at.lineno} {ast.unparse(at)[:60]}")
        function = ast.Name("__small__", ast.Load())
        return ast.copy_location(ast.Call(function, [value, where], []), at)


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> object:  # never from a cache, never into one
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path), path)
        checked = ast.fix_missing_locations(_Checked(Path(path).name).visit(tree))
        return compile(checked, path, "exec")

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__small__"] = small
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        package, _, name = fullname.rpartition(".")
        if package != _PACKAGE:
            return None
        return importlib.machinery.ModuleSpec(
            fullname, _Loader(fullname, str(_FOLDER / f"{name}.py")), origin=name
        )


def load(name: str) -> ModuleType:
    """The checked twin of a module of the core."""
    if _PACKAGE not in sys.modules:
        package = ModuleType(_PACKAGE)
        package.__path__ = []
        sys.modules[_PACKAGE] = package
        sys.meta_path.append(_Finder())
    return importlib.import_module(f"{_PACKAGE}.{name}")
