"""Whole numbers named at the top of modules, put in place of their names everywhere.

``NAME = 60 * 1000``, ``A, B, C = range(3)`` and ``from .ticks import MASK`` leave nothing on
the controller but numbers. A name that is given twice, holds anything else than a whole number,
is reached through an object nobody can tell, or stands somewhere as text, stays as it is.
"""

from __future__ import annotations

import ast
import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .edits import Edit, edited, strings_in

_NAME = re.compile(r"_?[A-Z][A-Z0-9_]*$")
_DATA = ("board",)  # boards are data: code is handed one and asks it by name
_OPERATORS: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}


class MissingName(ValueError):
    """A module imports what another does not have, or will not have."""


class Constants:
    """The constants of a whole program: path -> source, paths relative to the import root."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._trees = {_module(path): ast.parse(text) for path, text in texts.items()}
        self._modules = set(self._trees)
        self._packages = {module.rpartition(".")[0] for module in self._trees}
        self._imports = {
            module: [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
            for module, tree in self._trees.items()
        }
        self.values: dict[str, dict[str, int]] = {module: {} for module in self._trees}
        self._given = {
            module: Counter(
                node.id
                for node in ast.walk(tree)
                if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
            )
            for module, tree in self._trees.items()
        }
        while sum(self._find(module) for module in self._trees):
            pass  # a constant may be made of others
        texted = set().union(*(strings_in(tree) for tree in self._trees.values()))
        reached = {name for module in self._trees for name in self._reached(module)}
        for values in self.values.values():
            for name in [name for name in values if name in texted or name in reached]:
                del values[name]
        for module in self._trees:
            self._check_imports(module)
        self._trees, self._imports, self._given = {}, {}, {}  # nobody needs them any more

    def folded(self, path: str, text: str) -> str:
        """``text`` with numbers; ``path`` "" is a source that is not of the program."""
        tree = ast.parse(text)
        module = _module(path)
        own = self.values.get(module, {})
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        imported, modules = self._imported(module, imports)
        known = {**imported, **own}
        edits: list[Edit] = []
        still_used: set[str] = set()
        folded: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                value = self.values.get(modules.get(node.value.id, ""), {}).get(node.attr)
                if value is not None:
                    edits.append(Edit.whole(node, _number(value)))
                    folded.add(id(node.value))
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and id(node) not in folded:
                if isinstance(node.ctx, ast.Load) and node.id in known:
                    edits.append(Edit.whole(node, _number(known[node.id])))
                else:
                    still_used.add(node.id)
        for node in imports:
            gone = [
                alias
                for alias in node.names
                if _bound(alias) in imported
                or (_bound(alias) in modules and _bound(alias) not in still_used)
            ]
            edits += _import_without(node, gone)
        dropped = [
            statement
            for statement in tree.body
            if isinstance(statement, ast.Assign) and set(_targets(statement)) & own.keys()
        ]
        for statement in dropped:
            inside = {
                (node.lineno, node.col_offset)
                for node in ast.walk(statement.value)
                if isinstance(node, (ast.Name, ast.Attribute))
            }
            edits = [edit for edit in edits if (edit.row, edit.column) not in inside]
            edits.append(Edit.whole(statement, "pass"))
        return edited(text, edits)

    def _find(self, module: str) -> bool:
        """Add what can be known now of a module's constants; true when that was anything."""
        if module.split(".")[0] in _DATA:
            return False
        tree = self._trees[module]
        imported, modules = self._imported(module, self._imports[module])
        found = False
        for statement in tree.body:
            if not isinstance(statement, ast.Assign):
                continue
            names = _targets(statement)
            if not names or any(self._given[module][name] != 1 for name in names):
                continue
            if not all(_NAME.match(name) for name in names) or names[0] in self.values[module]:
                continue
            known = {**imported, **self.values[module]}
            values = self._evaluated(statement, len(names), known, modules)
            if values is not None:
                self.values[module].update(zip(names, values, strict=True))
                found = True
        return found

    def _evaluated(
        self, statement: ast.Assign, count: int, known: Mapping[str, int], modules: Any
    ) -> list[int] | None:
        if isinstance(statement.targets[0], ast.Name):
            value = self._value(statement.value, known, modules)
            return None if value is None else [value]
        call = statement.value
        if isinstance(call, ast.Call) and ast.unparse(call) == f"range({count})":
            return list(range(count))
        return None

    def _value(self, node: ast.expr, known: Mapping[str, int], modules: Any) -> int | None:
        if isinstance(node, ast.Constant):
            return node.value if type(node.value) is int else None
        if isinstance(node, ast.Name):
            return known.get(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return self.values.get(modules.get(node.value.id, ""), {}).get(node.attr)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value = self._value(node.operand, known, modules)
            return None if value is None else -value
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            left = self._value(node.left, known, modules)
            right = self._value(node.right, known, modules)
            if left is None or right is None:
                return None
            return _OPERATORS[type(node.op)](left, right)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "const":
            return self._value(node.args[0], known, modules)
        return None

    def _imported(
        self, module: str, imports: Iterable[ast.ImportFrom]
    ) -> tuple[dict[str, int], dict[str, str]]:
        """Constants that a module imports by name, and modules that names of it stand for."""
        constants: dict[str, int] = {}
        modules: dict[str, str] = {}
        for node in imports:
            source = _absolute(module, node, module in self._packages)
            for alias in node.names:
                name = _bound(alias)
                if f"{source}.{alias.name}" in self._modules:
                    modules[name] = f"{source}.{alias.name}"
                elif alias.name in self.values.get(source, {}):
                    constants[name] = self.values[source][alias.name]
        return constants, modules

    def _check_imports(self, module: str) -> None:
        """Every name imported from a module of ours must be given there."""
        for node in self._imports[module]:
            source = _absolute(module, node, module in self._packages)
            if source not in self._modules:
                continue
            bound = self._given[source].keys() | _defined(self._trees[source])
            for alias in node.names:
                is_module = f"{source}.{alias.name}" in self._modules
                if alias.name not in bound and not is_module:
                    raise MissingName(f"{source} has no {alias.name}, which {module} imports")

    def _reached(self, module: str) -> Iterator[str]:
        """Names of constants reached through something else than a module known by name."""
        _constants, modules = self._imported(module, self._imports[module])
        for node in ast.walk(self._trees[module]):
            if isinstance(node, ast.Attribute) and _NAME.match(node.attr):
                base = node.value
                known = isinstance(base, ast.Name) and base.id in modules
                if not known:
                    yield node.attr


def _module(path: str) -> str:
    name = path.removesuffix(".py").strip("/").replace("/", ".")
    return name.removesuffix(".__init__")


def _defined(tree: ast.Module) -> set[str]:
    """Functions and classes of a module, and what it imports but no build takes away."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {_bound(alias) for alias in node.names if not _NAME.match(alias.name)}
    return names


def _absolute(module: str, node: ast.ImportFrom, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    parts = parts[: len(parts) - node.level + (1 if is_package else 0)]
    return ".".join([*parts, node.module] if node.module else parts)


def _targets(statement: ast.Assign) -> list[str]:
    if len(statement.targets) != 1:
        return []
    target = statement.targets[0]
    parts = target.elts if isinstance(target, ast.Tuple) else [target]
    return [part.id for part in parts if isinstance(part, ast.Name)]


def _number(value: int) -> str:
    return str(value) if value >= 0 else f"({value})"


def _bound(alias: ast.alias) -> str:
    return alias.asname or alias.name


def _import_without(node: ast.ImportFrom, gone: list[ast.alias]) -> list[Edit]:
    if not gone:
        return []
    kept = ast.ImportFrom(
        node.module, [alias for alias in node.names if alias not in gone], node.level
    )
    return [Edit.whole(node, ast.unparse(kept) if kept.names else "pass")]
