"""Rewrites a module of this program for the MicroPython of the phone's page.

Three kinds of change, all mechanical: what annotates goes; what MicroPython does not know
(dataclasses, starred displays, a few methods) is spelled out; and functions that wait for the
board become coroutines (``waiting``). What cannot be rewritten raises ``CannotTranslate``: never
a module that means something else.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

# Modules that only annotate.
_TYPING = {"__future__", "typing", "collections.abc"}
# Their stand-ins lie in host/phone/compat.
_STAND_INS = {
    "contextlib": "page_tools",
    "dataclasses": "page_tools",
    "functools": "page_tools",
    "difflib": "page_tools",
    "types": "page_tools",
    "re": "page_re",
    "time": "page_time",
    "decimal": "page_decimal",
    "datetime": "page_datetime",
    "zlib": "page_tools",
    "io": "page_tools",
    "csv": "page_csv",
}
# Methods of texts and bytes that MicroPython lacks, found in page_tools.
_METHODS = {"removesuffix", "removeprefix", "ljust", "isdecimal", "zfill"}
_ALIASES = {"tuple", "dict", "list", "set", "Mapping", "Callable", "Iterable", "Sequence", "type"}


class CannotTranslate(ValueError):
    """A construct that the page's MicroPython cannot be made to understand."""


def translated(source: str, name: str) -> ast.Module:
    """The module's tree, rewritten; ``name`` is for messages."""
    tree = ast.parse(source)
    rewriter = _Rewriter(name)
    tree = rewriter.visit(tree)
    if name.startswith("cellwarden_host"):  # elsewhere nothing is imported for annotations only
        _drop_unused_imports(tree)
    if rewriter.tools:
        tree.body.insert(0, _import("page_tools", sorted(rewriter.tools)))
    return ast.fix_missing_locations(tree)


def _import(module: str, names: Iterable[str]) -> ast.ImportFrom:
    return ast.ImportFrom(module, [ast.alias(name) for name in names], 0)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, name: str) -> None:
        self._name = name
        self.tools: set[str] = set()

    def _tool(self, tool: str, *args: ast.expr) -> ast.Call:
        self.tools.add(tool)
        return ast.Call(ast.Name(tool, ast.Load()), list(args), [])

    # --- what only annotates or explains

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self.generic_visit(node)
        node.body = _without_docstring(node.body)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        arguments = node.args
        for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            one.annotation = None
        for star in (arguments.vararg, arguments.kwarg):
            if star is not None:
                star.annotation = None
        self.generic_visit(node)
        node.body = _without_docstring(node.body) or [ast.Pass()]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.visit(ast.Assign([node.target], node.value, lineno=node.lineno))

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """An alias of a type is kept as a name that others may import."""
        value = node.value
        if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name):
            if value.value.id in _ALIASES:
                node.value = ast.Constant(None)
        self.generic_visit(node)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        if node.module in _TYPING:
            return None
        if not node.level and node.module in _STAND_INS:
            node.module = _STAND_INS[node.module]
        return node

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            if alias.name in _STAND_INS:
                alias.asname = alias.asname or alias.name
                alias.name = _STAND_INS[alias.name]
        return node

    # --- classes

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases):
            return ast.Assign([ast.Name(node.name, ast.Store())], ast.Constant(None), lineno=0)
        is_data = any(_called(one) == "dataclass" for one in node.decorator_list)
        fields = [one for one in node.body if isinstance(one, ast.AnnAssign)]
        if is_data:
            node.decorator_list = []
            node.body = [one for one in node.body if one not in fields]
        self.generic_visit(node)
        node.body = _without_docstring(node.body)
        if is_data:
            node.body.insert(0, self.visit(_init(fields)))
        node.body = node.body or [ast.Pass()]
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """Nobody reads causes here, and MicroPython says so at each."""
        node.cause = None
        return self.generic_visit(node)

    # --- displays and calls

    def visit_List(self, node: ast.List) -> ast.AST:
        self.generic_visit(node)
        return self._joined(node, "joined_list")

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        self.generic_visit(node)
        return self._joined(node, "joined_tuple")

    def visit_Set(self, node: ast.Set) -> ast.AST:
        self.generic_visit(node)
        return self._joined(node, "joined_set")

    def _joined(self, node: ast.List | ast.Tuple | ast.Set, tool: str) -> ast.AST:
        starred = any(isinstance(one, ast.Starred) for one in node.elts)
        if not starred or not isinstance(getattr(node, "ctx", None), (ast.Load, type(None))):
            return node
        parts: list[ast.expr] = [
            one.value if isinstance(one, ast.Starred) else ast.Tuple([one], ast.Load())
            for one in node.elts
        ]
        return self._tool(tool, *parts)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        if all(key is not None for key in node.keys):
            return node
        parts: list[ast.expr] = [
            value if key is None else ast.Dict([key], [value])
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        return self._tool("merged", *parts)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        called = node.func
        if isinstance(called, ast.Name) and called.id == "zip":
            node.keywords = []
        if isinstance(called, ast.Attribute):
            if called.attr in _METHODS:
                return self._tool(called.attr, called.value, *node.args)
            if called.attr == "split":
                most = [one.value for one in node.keywords if one.arg == "maxsplit"]
                node.args, node.keywords = node.args + most, []
        return node

    def visit_Match(self, node: ast.AST) -> ast.AST:
        raise CannotTranslate(f"{self._name}: match")


def _init(fields: list[ast.AnnAssign]) -> ast.FunctionDef:
    """What ``dataclass`` makes of the fields: ``__init__``."""
    names = [one.target.id for one in fields if isinstance(one.target, ast.Name)]
    body: list[ast.stmt] = []
    defaults: list[ast.expr] = []
    for name, one in zip(names, fields, strict=True):
        value: ast.expr = ast.Name(name, ast.Load())
        default = one.value
        if isinstance(default, ast.Call) and _called(default) == "field":
            factory = default.keywords[0].value
            default = ast.Constant(None)
            value = ast.IfExp(
                ast.Compare(value, [ast.Is()], [ast.Constant(None)]),
                ast.Call(factory, [], []),
                value,
            )
        if default is not None:
            defaults.append(default)
        target = ast.Attribute(ast.Name("self", ast.Load()), name, ast.Store())
        body.append(ast.Assign([target], value, lineno=0))
    arguments = ast.arguments(
        posonlyargs=[],
        args=[ast.arg(name) for name in ("self", *names)],
        kwonlyargs=[],
        kw_defaults=[],
        defaults=defaults,
    )
    made = ast.FunctionDef("__init__", arguments, body, [], lineno=0)
    made.type_params = []  # type: ignore[attr-defined]  # of later versions
    return made


def _called(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.id if isinstance(node, ast.Name) else ""


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        return body[1:]
    return body


def _drop_unused_imports(tree: ast.Module) -> None:
    """Imports that served annotations only; with them goes what they would pull in."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == "__all__":
                    used |= {str(one.value) for one in getattr(node.value, "elts", ())}
    kept: list[ast.stmt] = []
    for node_ in tree.body:
        if isinstance(node_, (ast.Import, ast.ImportFrom)):
            node_.names = [
                alias
                for alias in node_.names
                if (alias.asname or alias.name.split(".")[0]) in used
            ]
            if not node_.names:
                continue
        kept.append(node_)
    tree.body = kept
