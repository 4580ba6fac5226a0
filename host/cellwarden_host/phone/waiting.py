"""Functions that wait for the board become coroutines: on a page nothing may block.

Beginning with what waits by itself (the port, the clock), every function that calls a waiting one
waits as well, through all modules, and each such call is awaited. Names decide, so methods count
only on the receivers that the program uses for a board, a client and a clock.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

# (receiver, method) that wait; every other waiting thing follows from them.
_METHODS = {
    ("port", "read"),
    ("port", "write"),
    ("pace", "wait"),
    ("line", "write"),
    ("turn", "take"),
}
_FUNCTIONS = {"sleep", "ask", "reopen", "wait_for"}
# A variable of these names is a board, a client, a clock, or the object itself.
_RECEIVERS = {"board", "client", "pace", "port", "line", "app", "station"}

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Waiting:
    """What waits in all of ``trees`` ({module name: tree}), and the rewriting of it."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        self._trees = list(trees)
        self._methods: set[tuple[str, str]] = set()  # (class, method)
        self._names: set[str] = set()  # of the methods
        self._functions = set(_FUNCTIONS)
        while self._found_more():
            pass

    def _found_more(self) -> bool:
        before = len(self._methods) + len(self._functions)
        for tree in self._trees:
            for function, owner, of in _functions(tree):
                if not self._waits(function, of):
                    continue
                if owner:
                    self._methods.add((owner, function.name))
                    self._names.add(function.name)
                else:
                    self._functions.add(function.name)
        return len(self._methods) + len(self._functions) > before

    def _waits(self, function: _Function, of: str) -> bool:
        calls = (one for one in _own(function) if isinstance(one, ast.Call))
        return any(self.is_waiting(one, of) for one in calls)

    def is_waiting(self, call: ast.Call, of: str) -> bool:
        """Whether this call, in a method of class ``of``, waits."""
        called = call.func
        if isinstance(called, ast.Name):
            return called.id in self._functions
        if not isinstance(called, ast.Attribute):
            return False
        receiver = _last_name(called.value)
        if (receiver, called.attr) in _METHODS:
            return True
        if receiver == "self":
            return (of, called.attr) in self._methods
        if receiver in _RECEIVERS:
            return called.attr in self._names
        # A function of another module.
        return isinstance(called.value, ast.Name) and called.attr in self._functions

    def rewrite(self, tree: ast.Module) -> None:
        """Make ``tree``'s waiting functions coroutines."""
        _Awaiter(self).visit(tree)
        ast.fix_missing_locations(tree)


class _Awaiter(ast.NodeTransformer):
    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
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
        if not self._waiting.is_waiting(node, self._of):
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
    """``board`` for ``board``, ``self._board`` and ``board()``."""
    if isinstance(node, ast.Attribute):
        return node.attr.lstrip("_")
    return node.id.lstrip("_") if isinstance(node, ast.Name) else ""
