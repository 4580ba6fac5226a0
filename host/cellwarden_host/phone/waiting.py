"""Functions that wait for the board become coroutines: on a page nothing may block.

Beginning with what waits by itself (the port, the clock), every function that calls a waiting one
waits as well, through all modules, and each such call is awaited. A function is known by its
module; a method by its name, on the receivers that the program uses for a board, a client and a
clock. So methods of one name must all wait or none: otherwise ``CannotTranslate``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from .translate import CannotTranslate

# (receiver, method) and functions that wait; every other waiting thing follows from them.
_METHODS = {
    ("port", "read"),
    ("port", "write"),
    ("pace", "wait"),
    ("turn", "take"),
}
_FUNCTIONS = {"sleep", "ask", "reopen", "wait_for"}
_SLEEP = ("page_time", "sleep")
# A variable of these names is a board, a client, a clock, or what owns one.
_RECEIVERS = {"board", "client", "pace", "port", "line", "app", "station", "live"}

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Name = tuple[str, str]  # module, or class, and what it has


class Waiting:
    """What waits in all of ``trees`` ({module: tree}), and the rewriting of it.

    ``imported`` tells for each module what a name in it stands for: (module, name there), the
    second empty for a module itself.
    """

    def __init__(
        self, trees: Mapping[str, ast.Module], imported: Mapping[str, Mapping[str, _Name]]
    ) -> None:
        self._trees = trees
        self._imported = imported
        self._methods: set[_Name] = set()
        self._names: set[str] = set()  # of the methods
        self._functions: set[_Name] = set()
        while self._found_more():
            pass
        self._check()

    def _found_more(self) -> bool:
        before = len(self._methods) + len(self._functions)
        for module, tree in self._trees.items():
            for function, owner, of in _functions(tree):
                if not self._waits(function, module, of):
                    continue
                if owner:
                    self._methods.add((owner, function.name))
                    self._names.add(function.name)
                else:
                    self._functions.add((module, function.name))
        return len(self._methods) + len(self._functions) > before

    def _check(self) -> None:
        for module, tree in self._trees.items():
            for function, owner, of in _functions(tree):
                name = function.name
                if owner and name in self._names and (owner, name) not in self._methods:
                    # The core's own objects are never called a board or a client.
                    if not name.startswith("_") and not module.startswith("cellwarden."):
                        raise CannotTranslate(f"{module}: {owner}.{name} waits elsewhere")
                if not owner and (module, name) in self._functions:
                    if not self._waits(function, module, of):
                        raise CannotTranslate(f"{module}: one of two {name} waits")

    def _waits(self, function: _Function, module: str, of: str) -> bool:
        calls = (one for one in _own(function) if isinstance(one, ast.Call))
        return any(self.is_waiting(one, module, of) for one in calls)

    def is_waiting(self, call: ast.Call, module: str, of: str) -> bool:
        """Whether this call, in ``module`` and there in class ``of``, waits."""
        called = call.func
        if isinstance(called, ast.Name):
            if called.id in _FUNCTIONS:
                return True
            where = self._imported[module].get(called.id, (module, called.id))
            return where in self._functions
        if not isinstance(called, ast.Attribute):
            return False
        receiver = _last_name(called.value)
        if (receiver, called.attr) in _METHODS:
            return True
        if receiver == "self":
            return (of, called.attr) in self._methods
        if isinstance(called.value, ast.Name) and called.value.id in self._imported[module]:
            package, name = self._imported[module][called.value.id]
            inside = f"{package}.{name}" if name else package
            found = (inside, called.attr)
            return found in self._functions or found == _SLEEP
        return receiver in _RECEIVERS and called.attr in self._names

    def rewrite(self, module: str) -> None:
        """Make the module's waiting functions coroutines."""
        tree = self._trees[module]
        _Awaiter(self, module).visit(tree)
        ast.fix_missing_locations(tree)


class _Awaiter(ast.NodeTransformer):
    def __init__(self, waiting: Waiting, module: str) -> None:
        self._waiting = waiting
        self._module = module
        self._waits = [False]
        self._of = ""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        before, self._of = self._of, node.name
        self.generic_visit(node)
        self._of = before
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        self._waits.append(False)
        self.generic_visit(node)
        if not self._waits.pop():
            return node
        if any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in _own(node)):
            return None  # a generator that waits: no page uses one
        made = {name: getattr(node, name) for name in node._fields}
        return ast.copy_location(ast.AsyncFunctionDef(**made), node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node  # gives what it called; whoever calls it awaits that

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not self._waiting.is_waiting(node, self._module, self._of):
            return node
        self._waits[-1] = True
        return ast.Await(node)


def _functions(tree: ast.Module) -> Iterable[tuple[_Function, str, str]]:
    """(function, class that it is a method of, class around it)."""

    def within(node: ast.AST, of: str) -> Iterable[tuple[_Function, str, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield child, node.name if isinstance(node, ast.ClassDef) else "", of
            inner = child.name if isinstance(child, ast.ClassDef) else of
            yield from within(child, inner)

    return within(tree, "")


def _own(function: _Function) -> Iterable[ast.AST]:
    """What runs in the function itself, not in one defined inside it."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            todo.extend(ast.iter_child_nodes(node))


def _last_name(node: ast.expr) -> str:
    """``board`` for ``board``, ``self._board`` and ``app.board``."""
    if isinstance(node, ast.Attribute):
        return node.attr.lstrip("_")
    return node.id.lstrip("_") if isinstance(node, ast.Name) else ""
